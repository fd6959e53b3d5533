"""Imports a file of CSV or JSON lines while it arrives: batch by batch, and no row stops the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from graphql_app.csv_io.batches import KeyOf, RowBatch, Write, Written, by_itself, in_rehearsal, under_a_key
from graphql_app.csv_io.cells import BadCell, BadRow, literals, split
from graphql_app.csv_io.detect import FORM, HEAD, Given, detect
from graphql_app.csv_io.fast_path import Careful, FastPathRows
from graphql_app.csv_io.header import header_columns, named_columns
from graphql_app.csv_io.json_lines import JsonCells, JsonRows, LineSlicer, names_of
from graphql_app.csv_io.record_chunks import MAX_RECORD, Slicer
from graphql_app.engine.compile.bulk import BulkTarget
from graphql_app.engine.engine import Engine
from graphql_app.engine.request.bulk import BulkMode, BulkWrite
from graphql_app.errors import AppError, Code, RequestError
from schema_gen.catalog.model import Column, Table

BATCH = 512 * 1024
"""Bytes of SQL after which a batch is written, each in a transaction of its own."""

_BAD_ROW = 200
"""Bytes that a refused row takes in memory, about."""

MAX_HEADER = 512 * 1024
"""Bytes of the first line."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is imported. A dry run writes everything, and then undoes it. `json_lines`: it is NDJSON, not CSV."""

    mode: BulkMode = BulkMode.INSERT
    dry_run: bool = False
    given: Given = field(default_factory=Given)
    json_lines: bool = False


@dataclass(slots=True)
class Report:
    """What became of a file. `ignored` rows were there already; `again` counts batches that were.

    `detected`: what of the file's form is unlike the program's own files.
    """

    table: str
    detected: Mapping[str, str] = field(default_factory=dict)
    total: int = 0
    failed: int = 0
    ignored: int = 0
    retries: int = 0
    batches: int = 0
    again: int = 0

    def take(self, written: Written) -> None:
        """A batch more."""
        self.ignored += written.refused.ignored
        self.retries += written.retries
        self.batches += 1
        self.again += written.again

    @property
    def imported(self) -> int:
        """Rows that are in now (after a dry run: would be)."""
        return self.total - self.failed - self.ignored


OnBadRow = Callable[[BadRow], None]


async def import_csv(
    engine: Engine,
    table: Table,
    options: Options,
    file: AsyncIterator[bytes],
    on_bad_row: OnBadRow,
    key_of: KeyOf | None = None,
) -> Report:
    """Imports the file's rows into `table`; `on_bad_row` is told of every refused one, by line within a batch.

    With `key_of` each batch is written once for a client's key, and the same file sent again goes
    on where it was interrupted. Raises `AppError`: `RequestError` before anything is written,
    others where the database fails for good; batches written before stay then.
    """
    opened = await (_open_json if options.json_lines else _open_csv)(file, table, options)
    report = Report(table.name, opened.told)
    names = tuple(column.name for column in opened.columns if column is not None)
    run = engine.bulk(BulkWrite(table.name, names, options.mode))
    work = _Import(opened, file, run.target, report, on_bad_row)
    if options.dry_run:
        await run.rehearse(lambda write_rows: work.run(in_rehearsal(write_rows)))
    else:
        await work.run(by_itself(run) if key_of is None else under_a_key(run, key_of))
    return report


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file of which the beginning is read: its columns, the line of the first row, and how rows are read.

    `cells` gives the literals of one record; `reader` reads many, the odd ones by the function that it is given.
    `told`: what of the form is unlike the program's own.
    """

    slicer: Slicer | LineSlicer
    columns: tuple[Column | None, ...]
    line: int
    cells: Callable[[bytes], list[bytes]]
    reader: Callable[[Careful, bool], FastPathRows | JsonRows]
    told: Mapping[str, str] = field(default_factory=dict)


async def _open_csv(file: AsyncIterator[bytes], table: Table, options: Options) -> _Opened:
    head = await _head(file)
    dialect = detect(head[:HEAD], table, options.given)
    slicer = Slicer(dialect)
    slicer.feed(head)
    announced = await _record(slicer, file) if dialect.announced else None
    record = await _record(slicer, file)
    columns = header_columns(table, record, options.mode, dialect.delimiter)
    newline = slicer.newline

    def reader(careful: Careful, common: bool) -> FastPathRows:
        return FastPathRows(columns, careful, newline, dialect, common=common and dialect.common)

    def cells(record: bytes) -> list[bytes]:
        return literals(columns, split(record, dialect.delimiter), dialect)

    line = 2 + record.count(newline) + (announced is not None)
    return _Opened(slicer, columns, line, cells, reader, dialect.told())


async def _open_json(file: AsyncIterator[bytes], table: Table, options: Options) -> _Opened:
    if options.given != Given():
        raise RequestError(Code.INVALID_PARAMETER, f"{', '.join(FORM)} are of CSV; this file is of JSON lines")
    head = await _head(file, whole_line=True)
    try:
        names = names_of(head)
    except BadCell as error:
        raise RequestError(Code.INVALID_VALUE, f"Line 1: {error.message}") from None
    if not names:
        raise RequestError(Code.INVALID_VALUE, "The file is empty: it must have a JSON object on each line")
    columns = named_columns(table, names, options.mode)
    slicer = LineSlicer()
    slicer.feed(head)
    whole = options.mode in (BulkMode.UPSERT, BulkMode.UPDATE)
    cells = JsonCells(dict(zip(names, columns, strict=True)), whole)
    return _Opened(slicer, columns, 1, cells.literals, lambda careful, _: JsonRows(careful))


async def _head(file: AsyncIterator[bytes], *, whole_line: bool = False) -> bytes:
    """The file's beginning, of which so much is looked at however its bytes come."""
    head = bytearray()
    async for data in file:
        head += data
        if len(head) >= HEAD and (not whole_line or len(head) > MAX_RECORD or b"\n" in data):
            break
    return bytes(head)


async def _record(slicer: Slicer, file: AsyncIterator[bytes]) -> bytes:
    """The next record, of which the first is the header."""
    while (record := slicer.header()) is None:
        if slicer.waiting > MAX_HEADER:
            raise RequestError(Code.INVALID_VALUE, "The first line is no header")
        data = await anext(file, None)
        if data is None:
            return slicer.header(end=True) or b""
        slicer.feed(data)
    return record


class _Import:
    """One import: reads ahead by a batch while the one before is written."""

    def __init__(
        self, opened: _Opened, file: AsyncIterator[bytes], target: BulkTarget, report: Report, on_bad_row: OnBadRow
    ) -> None:
        self._cells = opened.cells
        self._slicer = opened.slicer
        self._file = file
        self._one_cell = len(opened.columns) == 1
        self._report = report
        self._on_bad_row = on_bad_row
        self._line = opened.line
        self._batch = RowBatch(0)
        self._pieces = target.pieces
        self._reader = opened.reader(self._careful, target.pieces is None)

    async def run(self, write: Write) -> None:
        """Reads to the end and writes everything."""
        writing: asyncio.Task[None] | None = None
        try:
            async for batch in self._batches():
                if writing is not None:
                    await writing
                writing = asyncio.ensure_future(self._written(batch, write))
            if writing is not None:
                await writing
        finally:
            if writing is not None and not writing.done():
                writing.cancel()
                await asyncio.wait((writing,))

    async def _batches(self) -> AsyncIterator[RowBatch]:
        async for data in self._file:
            self._slicer.feed(data)
            async for batch in self._full(end=False):
                yield batch
        async for batch in self._full(end=True):
            yield batch
        yield self._batch

    async def _full(self, *, end: bool) -> AsyncIterator[RowBatch]:
        for text, broken in self._slicer.slices(end=end):
            if broken:
                self._refuse_line(text)
            else:
                self._take(text)
            # Others have their turn.
            await asyncio.sleep(0)
            if self._batch.size >= BATCH:
                full, self._batch = self._batch, RowBatch(self._batch.number + 1)
                yield full

    def _take(self, text: bytes) -> None:
        rows = self._reader.rows(text, self._line)
        if rows.left:
            self._slicer.put_back(rows.left)
        self._line += rows.count
        if rows.lines:
            batch = self._batch
            batch.texts.append(rows.text)
            batch.lines += rows.lines
            batch.size += len(rows.text)

    def _careful(self, record: bytes, line: int) -> bytes | None:
        record = record.rstrip(b"\r\n")
        if not record and not self._one_cell:
            return None
        try:
            cells = self._cells(record)
        except BadCell as error:
            self._refuse(BadRow(line, error.column, error.code, error.message), record)
            return None
        if self._pieces is None:
            return b"(" + b",".join(cells) + b")"
        head, pieces, end = self._pieces
        return head + b"".join([before + cells[place] for before, place in pieces]) + end

    def _refuse(self, row: BadRow, record: bytes) -> None:
        self._batch.bad.append(row)
        # A file of nothing else must not be held as a whole.
        self._batch.size += len(record) + _BAD_ROW

    def _refuse_line(self, text: bytes) -> None:
        self._refuse(BadRow(self._line, None, Code.INVALID_VALUE, self._slicer.broken), text)
        self._line += text.count(self._slicer.newline)

    async def _written(self, batch: RowBatch, write: Write) -> None:
        report, bad = self._report, batch.bad
        report.total += len(batch.lines) + len(bad)
        if batch.lines:
            written = await write(batch)
            report.take(written)
            bad += [_bad_row(batch.lines[place], error) for place, error in written.refused.rows]
        report.failed += len(bad)
        bad.sort(key=lambda row: row.line)
        for row in bad:
            self._on_bad_row(row)


def _bad_row(line: int, error: AppError) -> BadRow:
    return BadRow(line, error.column, error.code, error.message)
