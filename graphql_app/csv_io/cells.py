"""One CSV record, taken apart and encoded cell by cell: the careful way, which says what is wrong with it. Pure."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from graphql_app.csv_io.dialect import CsvDialect, cell_pattern, record_pattern
from graphql_app.csv_io.values import plain
from graphql_app.errors import Code
from schema_gen.catalog.model import Column
from schema_gen.sql_literals import NULL, quote_bytes, quote_text
from schema_gen.types.column_types import encode, type_of

SHOWN = 40
"""Letters of a refused value that a message shows."""
_OWN = CsvDialect()
_NO_TEXT = "The row is not UTF-8; a file in another encoding needs its name, such as encoding=cp1252"
_INTEGER = re.compile(r"[+-]?[0-9]{1,65}", re.ASCII)
_TRUTH: Mapping[str, bytes] = {"true": b"1", "false": b"0"}


@dataclass(frozen=True, slots=True)
class BadRow:
    """Why a row was refused."""

    line: int
    column: str | None
    code: Code
    message: str


class BadCell(Exception):
    """A cell, or the row as a whole, does not fit."""

    def __init__(self, column: str | None, code: Code, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.code = code
        self.message = message


def split(record: bytes, delimiter: str = ",") -> list[tuple[str, bool]]:
    """The cells of a record without its newline, each with whether it was quoted.

    Raises:
        BadCell: not UTF-8, or quotes where none may be.
    """
    try:
        record.decode()
    except UnicodeDecodeError:
        raise BadCell(None, Code.INVALID_VALUE, _NO_TEXT) from None
    whole, cells = _patterns(delimiter)
    # Only of a whole record: in what is none each place would be tried as the beginning of a cell.
    if not whole.fullmatch(record):
        raise BadCell(None, Code.INVALID_VALUE, "A quoted cell is not closed")
    return [_cell(cell) for cell in cells.findall(record + delimiter.encode())]


@cache
def _patterns(delimiter: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    cell = rb"(%b)%b" % (cell_pattern(delimiter), re.escape(delimiter.encode()))
    return re.compile(record_pattern(delimiter)), re.compile(cell)


def _cell(raw: bytes) -> tuple[str, bool]:
    if raw[:1] != b'"':
        return raw.decode(), False
    inner = raw[1:-1]
    if raw[-1:] != b'"' or len(raw) < 2 or b'"' in inner.replace(b'""', b""):
        raise BadCell(None, Code.INVALID_VALUE, "A quoted cell goes on after its closing quote")
    return inner.decode().replace('""', '"'), True


def literals(
    columns: Sequence[Column | None], cells: Sequence[tuple[str, bool]], dialect: CsvDialect = _OWN
) -> list[bytes]:
    """The SQL literals of a row, without those of columns that are not written (None).

    Raises:
        BadCell: the wrong number of cells, or one that does not fit its column.
    """
    if len(cells) != len(columns):
        raise BadCell(None, Code.INVALID_VALUE, f"Expected {len(columns)} cells, found {len(cells)}")
    pairs = zip(columns, cells, strict=True)
    return [literal(column, text, quoted, dialect) for column, (text, quoted) in pairs if column is not None]


def literal(column: Column, text: str, quoted: bool, dialect: CsvDialect = _OWN) -> bytes:
    """The SQL literal of a cell: an empty one without quotes is NULL where the column allows it. Raises `BadCell`."""
    scalar = type_of(column).scalar
    is_text = scalar == "String" and column.type.base != "enum"
    if not quoted and (text == dialect.null or not (text or is_text)):
        if column.nullable or column.auto_increment:
            return NULL
        if text or not is_text:
            raise BadCell(column.name, Code.NOT_NULL_VIOLATION, f"A value is required for column '{column.name}'")
    encoder = _ENCODERS.get(scalar)
    try:
        plain_text = plain(text, column, dialect)
        return encode(plain_text, column) if encoder is None else encoder(plain_text, column)
    except ValueError as error:
        message = f"Invalid value {shown(text)} for column '{column.name}': {error}"
        raise BadCell(column.name, Code.INVALID_VALUE, message) from None


def shown(text: str) -> str:
    """A refused value in a message: the beginning of a long one, without what would break a line."""
    short = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return "'" + "".join([letter if letter.isprintable() else "?" for letter in short]) + "'"


def _text(text: str, column: Column) -> bytes:
    """A text that the column holds; the server would say so, too, but only of one row at a time."""
    most = column.type.length
    if most is not None and column.type.base in ("char", "varchar") and len(text.rstrip(" ")) > most:
        message = f"Value {shown(text)} too long for column '{column.name}': {most} characters at most"
        raise BadCell(column.name, Code.VALUE_TOO_LONG, message)
    return encode(text, column)


def _boolean(text: str, column: Column) -> bytes:
    """Any number that the column holds, as the export writes them, or a word."""
    if text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    if column.type.base == "tinyint" and _INTEGER.fullmatch(text) and -128 <= int(text) <= 255:
        return b"%d" % int(text)
    return encode(text, column)


def _json(text: str, _column: Column) -> bytes:
    """The document as it stands, not one letter changed."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError("expected a JSON value") from None
    return quote_text(text)


def _no_constant(text: str) -> None:
    raise ValueError(text)


def _document(text: str, column: Column) -> bytes:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("expected a JSON value") from None
    return encode(value, column)


def _vector(text: str, column: Column) -> bytes:
    if text[:1] == "[":
        return _document(text, column)
    try:
        packed = bytes.fromhex(text)
        struct.unpack(f"<{len(packed) // 4}f", packed)
    except (ValueError, struct.error):
        raise ValueError("expected a list of numbers") from None
    return quote_bytes(packed)


_ENCODERS: Mapping[str, Callable[[str, Column], bytes]] = {
    "String": _text,
    "Boolean": _boolean,
    "json": _json,
    "geometry": _document,
    "vector": _vector,
}
