"""Odd CSV files made at random, and what must hold for any: read as Python's csv reads them, however the bytes come."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Iterator
from functools import cache

from graphql_app.csv_io.cells import BadCell, literals, split
from graphql_app.csv_io.dialect import CsvDialect
from graphql_app.csv_io.fast_path import FastPathRows
from graphql_app.csv_io.record_chunks import Slicer
from schema_gen.catalog.model import Column, ColumnType

COLUMNS: list[Column | None] = [
    Column("t", ColumnType("varchar", length=4), True, 1),
    Column("n", ColumnType("int"), True, 2),
]
_END = "the end of the file\n"
"""Stands behind a text whose quotes may be open: then it is no record of its own."""

Read = tuple[bytes | None, list[tuple[bytes, bool]], bytes]
"""The header; records and lines, the latter with True because their quotes never close; what a newline is."""


# --- as the program reads ---------------------------------------------------


def read(pieces: Iterable[bytes], dialect: CsvDialect) -> Read:
    """A file's parts."""
    slicer, header = Slicer(dialect), None
    found: list[tuple[bytes, bool]] = []
    for piece in pieces:
        slicer.feed(piece)
        if header is None:
            header = slicer.header()
        if header is not None:
            found += _records(slicer, dialect, end=False)
    if header is None:
        header = slicer.header(end=True)
    found += _records(slicer, dialect, end=True)
    return header, found, slicer.newline


def _records(slicer: Slicer, dialect: CsvDialect, *, end: bool) -> Iterator[tuple[bytes, bool]]:
    for text, broken in slicer.slices(end=end):
        if broken:
            yield text, True
            continue
        kept: list[bytes] = []

        def keep(record: bytes, _line: int, kept: list[bytes] = kept) -> None:
            kept.append(record)

        left = FastPathRows(COLUMNS, keep, slicer.newline, dialect, common=False).rows(text, 2).left
        if left:
            slicer.put_back(left)
        assert b"".join(reversed(kept)) == text[: len(text) - left]
        both_ways_agree(text, slicer.newline, dialect)
        yield from ((record, False) for record in reversed(kept))


def both_ways_agree(text: bytes, newline: bytes, dialect: CsvDialect) -> None:
    """The quick way takes the rows, at the lines, that the careful one takes."""
    quick, careful = (_rows(text, newline, dialect, common=common) for common in (True, False))
    assert quick == careful


def _rows(text: bytes, newline: bytes, dialect: CsvDialect, *, common: bool) -> tuple[list[int], int, int]:
    @cache  # long files are of few rows, over and over
    def row(record: bytes) -> bytes | None:
        try:
            cells = split(record.rstrip(b"\r\n"), dialect.delimiter)
            return b"(" + b",".join(literals(COLUMNS, cells, dialect)) + b")"
        except BadCell:
            return None

    found = FastPathRows(COLUMNS, lambda record, _line: row(record), newline, dialect, common=common).rows(text, 2)
    return found.lines, found.count, found.left


# --- as Python's csv does ---------------------------------------------------


def _as_python_reads(text: str, delimiter: str) -> tuple[list[list[str]], int]:
    """The records whose quotes close, and where they end."""
    lines = io.StringIO(text + _END, newline="")
    # Its own default is 128 KiB for a cell.
    csv.field_size_limit(1 << 30)
    records, ends = [], [0]
    for record in csv.reader(lines, delimiter=delimiter):
        records.append(record or [""])
        ends.append(lines.tell())
    # The last one is the mark, alone or behind a quote that is open.
    return records[:-1], ends[-2]


def _expected(text: str, newline: str, delimiter: str) -> Iterator[list[str] | None]:
    """Every record; None for a line whose quotes never close."""
    if text and not text.endswith(("\n", "\r")):
        text += "\n"
    while text:
        records, end = _as_python_reads(text, delimiter)
        yield from records
        text = text[end:]
        if text:
            yield None
            text = text[text.index(newline) + 1 :] if newline in text else ""


def _found(records: Iterable[tuple[bytes, bool]], delimiter: str) -> Iterator[list[str] | BadCell | None]:
    for record, broken in records:
        try:
            yield None if broken else [text for text, _ in split(_without_newline(record), delimiter)]
        except BadCell as error:
            yield error


def _without_newline(record: bytes) -> bytes:
    return record[:-2] if record.endswith(b"\r\n") else record[:-1]


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_csv_file(file: bytes, size: int, dialect: CsvDialect | None = None) -> None:
    """What must hold of any bytes, that come `size` at a time."""
    dialect = dialect or CsvDialect()
    whole = header, records, newline = read([file], dialect)
    assert read((file[at : at + size] for at in range(0, len(file), size)), dialect) == whole
    if dialect.encoding != "utf-8" or not _is_text(file) or header is None:
        return
    text = file.decode().removeprefix("\ufeff")
    first, _ = _as_python_reads(text if text.endswith(("\n", "\r")) else text + "\n", dialect.delimiter)
    if not first:  # Quotes that open in the header never close.
        assert (header, records) == (text.encode(), [])
        return
    body = text[_end_of_first(text, dialect.delimiter) :]
    expected = list(_expected(body, newline.decode(), dialect.delimiter))
    found = list(_found(records, dialect.delimiter))
    assert len(found) == len(expected)
    for ours, python in zip(found, expected, strict=True):
        # Text behind a closing quote makes a row that is refused; Python takes it.
        assert ours == python or (isinstance(ours, BadCell) and python is not None), (ours, python)


def _end_of_first(text: str, delimiter: str) -> int:
    lines = io.StringIO(text, newline="")
    next(csv.reader(lines, delimiter=delimiter), None)
    return lines.tell()


# --- made at random ---------------------------------------------------------

_PIECES = (
    '"',
    '""',
    ",",
    ";",
    "\n",
    "\r\n",
    "\r",
    "a",
    "b c",
    "1",
    "-2.0",
    "é",
    "\\",
    "\0",
    " ",
    '"x"',
    '"x\ny"',
    "2*",
)


def odd_file(draw: random.Random) -> bytes:
    """A file of odd cells; one of ten is longer than what is read at once."""
    newline = draw.choice(("\n", "\n", "\r\n", "\r"))
    cells = []
    for _ in range(draw.randint(0, 12)):
        kind = draw.random()
        if kind < 0.3:
            cells.append(draw.choice(("a", "", "12", "x y", "7")))
        elif kind < 0.5:
            cells.append('"' + "".join(draw.choices(_PIECES, k=draw.randint(0, 4))).replace('"', '""') + '"')
        else:
            cells.append("".join(draw.choices(_PIECES, k=draw.randint(0, 5))))
        cells.append(draw.choice((",", newline)))
    body = "".join(cells)
    if draw.random() < 0.1:
        body = body + _many(draw, newline) + body
    return f"t,n{newline}{body}".encode()


def _many(draw: random.Random, newline: str) -> str:
    rows = draw.choices(("a,1", '"a",2', '"b\nc",3', 'a"b,4', '"x""y",5'), k=draw.randint(1, 3))
    return "".join(row + newline for row in rows) * draw.choice((300, 1000, 3000))
