"""Imports a CSV file while it arrives: rows are read, encoded and written batch by batch, and none stops the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from graphql_app.csv_io.cells import BadCell, BadRow, literals, split
from graphql_app.csv_io.header import header_columns
from graphql_app.csv_io.quick import ROW_END, QuickRows
from graphql_app.csv_io.slices import Slicer
from graphql_app.engine.engine import Engine
from graphql_app.engine.perform_bulk import BulkMode, BulkWriter, Refused, bulk_target, update_pieces
from graphql_app.engine.session import Session
from graphql_app.errors import AppError, Code, RequestError
from schema_gen.catalog import Column, Table

BATCH = 1024 * 1024
"""Bytes of SQL after which a batch is written, each in a transaction of its own."""


MAX_HEADER = 512 * 1024
"""Bytes of the first line."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is imported. A dry run writes everything, and then undoes it."""

    mode: BulkMode = BulkMode.INSERT
    dry_run: bool = False


@dataclass(slots=True)
class Report:
    """What became of a file. `ignored` rows were there already."""

    table: str
    total: int = 0
    failed: int = 0
    ignored: int = 0
    retries: int = 0

    @property
    def imported(self) -> int:
        """Rows that are in now (after a dry run: would be)."""
        return self.total - self.failed - self.ignored


OnBadRow = Callable[[BadRow], None]
Write = Callable[[bytes], Awaitable[Refused]]


class _Undo(Exception):
    """Ends a dry run: whoever raises it out of a transaction has it undone."""


@dataclass(slots=True)
class _Batch:
    texts: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    size: int = 0


async def import_csv(
    engine: Engine, table: Table, options: Options, file: AsyncIterator[bytes], on_bad_row: OnBadRow
) -> Report:
    """Imports the file's rows into `table`; `on_bad_row` is told of every refused one, by line within a batch.

    Raises `AppError`: `RequestError` before anything is written, others where the database fails for
    good; batches written before stay then.
    """
    slicer = Slicer()
    record = await _header(slicer, file)
    columns = header_columns(table, record, options.mode)
    report = Report(table.name)
    target = bulk_target(table, [column for column in columns if column is not None], options.mode)
    work = _Import(slicer, file, columns, target.table, options, report, on_bad_row, 2 + record.count(slicer.newline))
    writer = BulkWriter(target)
    if options.dry_run:

        async def all_in_one(session: Session) -> None:
            await work.run(lambda text: writer.write(session, text, ROW_END))
            raise _Undo

        try:
            await engine.write_long(all_in_one)
        except _Undo:
            return report

    async def write(text: bytes) -> Refused:
        refused, retries = await engine.write_bulk(
            lambda session: writer.write(session, text, ROW_END), transactional=table.transactional
        )
        report.retries += retries
        engine.wrote((table.name,))
        return refused

    await work.run(write)
    return report


async def _header(slicer: Slicer, file: AsyncIterator[bytes]) -> bytes:
    async for data in file:
        slicer.feed(data)
        record = slicer.header()
        if record is not None:
            return record
        if slicer.waiting > MAX_HEADER:
            raise RequestError(Code.INVALID_VALUE, "The first line is no header")
    return slicer.header(end=True) or b""


class _Import:
    """One import: reads ahead by a batch while the one before is written."""

    def __init__(
        self,
        slicer: Slicer,
        file: AsyncIterator[bytes],
        columns: tuple[Column | None, ...],
        table: Table,
        options: Options,
        report: Report,
        on_bad_row: OnBadRow,
        line: int,
    ) -> None:
        self._slicer = slicer
        self._file = file
        self._columns = columns
        self._report = report
        self._on_bad_row = on_bad_row
        self._line = line
        self._batch = _Batch()
        self._update = None
        written = [column for column in columns if column is not None]
        if options.mode is BulkMode.UPDATE:
            self._update = update_pieces(table, written)
        self._quick = QuickRows(columns, self._careful, slicer.newline, common=self._update is None)

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

    async def _batches(self) -> AsyncIterator[_Batch]:
        async for data in self._file:
            self._slicer.feed(data)
            async for batch in self._full(end=False):
                yield batch
        async for batch in self._full(end=True):
            yield batch
        yield self._batch

    async def _full(self, *, end: bool) -> AsyncIterator[_Batch]:
        for text, broken in self._slicer.slices(end=end):
            if broken:
                self._refuse_line(text)
            else:
                self._take(text)
            # Others have their turn.
            await asyncio.sleep(0)
            if self._batch.size >= BATCH:
                full, self._batch = self._batch, _Batch()
                yield full

    def _take(self, text: bytes) -> None:
        rows, lines, count = self._quick.rows(text, self._line)
        self._line += count
        if lines:
            batch = self._batch
            batch.texts.append(rows)
            batch.lines += lines
            batch.size += len(rows)

    def _careful(self, record: bytes, line: int) -> bytes | None:
        record = record.rstrip(b"\r\n")
        if not record and len(self._columns) > 1:
            return None
        try:
            cells = literals(self._columns, split(record))
        except BadCell as error:
            self._batch.bad.append(BadRow(line, error.column, error.code, error.message))
            return None
        if self._update is None:
            return b"(" + b",".join(cells) + b")"
        pieces, head = self._update
        return head + b"".join([before + cells[place] for before, place in pieces])

    def _refuse_line(self, text: bytes) -> None:
        self._batch.bad.append(BadRow(self._line, None, Code.INVALID_VALUE, "A quoted cell is not closed"))
        self._line += text.count(self._slicer.newline)

    async def _written(self, batch: _Batch, write: Write) -> None:
        report, bad = self._report, batch.bad
        report.total += len(batch.lines) + len(bad)
        if batch.lines:
            refused = await write(ROW_END.join(batch.texts))
            report.ignored += refused.ignored
            bad += [_bad_row(batch.lines[place], error) for place, error in refused.rows]
        report.failed += len(bad)
        bad.sort(key=lambda row: row.line)
        for row in bad:
            self._on_bad_row(row)


def _bad_row(line: int, error: AppError) -> BadRow:
    return BadRow(line, error.column, error.code, error.message)
