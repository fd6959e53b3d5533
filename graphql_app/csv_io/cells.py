"""One CSV record, taken apart and encoded cell by cell: the careful way, which says what is wrong with it. Pure."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graphql_app.errors import Code
from schema_gen.catalog import Column
from schema_gen.column_types import encode, type_of
from schema_gen.literals import NULL, quote_bytes, quote_text

CELL = rb'(?:"[^"]*+(?:""[^"]*+)*+"[^,\r\n]*+|[^",\r\n][^,\r\n]*+|)'
RECORD = rb"%b(?:,%b)*+" % (CELL, CELL)
NEW_LINE = rb"(?:\r\n|\n|\r)"

_CELLS = re.compile(rb"(%b)," % CELL)
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


def split(record: bytes) -> list[tuple[str, bool]]:
    """The cells of a record without its newline, each with whether it was quoted.

    Raises:
        BadCell: not UTF-8, or quotes where none may be.
    """
    try:
        record.decode()
    except UnicodeDecodeError:
        raise BadCell(None, Code.INVALID_VALUE, "The row is not UTF-8") from None
    found = _CELLS.findall(record + b",")
    if sum(map(len, found)) + len(found) != len(record) + 1:
        raise BadCell(None, Code.INVALID_VALUE, "A quoted cell is not closed")
    return [_cell(cell) for cell in found]


def _cell(raw: bytes) -> tuple[str, bool]:
    if raw[:1] != b'"':
        return raw.decode(), False
    inner = raw[1:-1]
    if raw[-1:] != b'"' or len(raw) < 2 or b'"' in inner.replace(b'""', b""):
        raise BadCell(None, Code.INVALID_VALUE, "A quoted cell goes on after its closing quote")
    return inner.decode().replace('""', '"'), True


def literals(columns: Sequence[Column | None], cells: Sequence[tuple[str, bool]]) -> list[bytes]:
    """The SQL literals of a row, without those of columns that are not written (None).

    Raises:
        BadCell: the wrong number of cells, or one that does not fit its column.
    """
    if len(cells) != len(columns):
        raise BadCell(None, Code.INVALID_VALUE, f"Expected {len(columns)} cells, found {len(cells)}")
    pairs = zip(columns, cells, strict=True)
    return [literal(column, text, quoted) for column, (text, quoted) in pairs if column is not None]


def literal(column: Column, text: str, quoted: bool) -> bytes:
    """The SQL literal of a cell: an empty one without quotes is NULL where the column allows it. Raises `BadCell`."""
    row = type_of(column)
    if not text and not quoted:
        if column.nullable or column.auto_increment:
            return NULL
        if row.scalar != "String" or column.type.base == "enum":
            raise BadCell(column.name, Code.NOT_NULL_VIOLATION, f"A value is required for column '{column.name}'")
    encoder = _ENCODERS.get(row.scalar)
    try:
        return encode(text, column) if encoder is None else encoder(text, column)
    except ValueError as error:
        raise BadCell(column.name, Code.INVALID_VALUE, f"Invalid value for column '{column.name}': {error}") from None


def _text(text: str, column: Column) -> bytes:
    """A text that the column holds; the server would say so, too, but only of one row at a time."""
    most = column.type.length
    if most is not None and column.type.base in ("char", "varchar") and len(text.rstrip(" ")) > most:
        raise BadCell(column.name, Code.VALUE_TOO_LONG, f"Value too long for column '{column.name}'")
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
