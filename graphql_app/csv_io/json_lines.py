"""Lines of JSON (NDJSON), an object each -> rows of SQL literals. Pure.

A value is read as a cell of a CSV file would be, so that both forms take the same: texts, numbers letter for letter,
documents as documents, a list for the members of a SET.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graphql_app.csv_io.cells import BadCell, literal, shown
from graphql_app.csv_io.fast_path import ROW_END, Careful, ParsedRows
from graphql_app.csv_io.record_chunks import MAX_RECORD, SLICE
from graphql_app.errors import Code
from schema_gen.catalog.model import Column
from schema_gen.sql_literals import NULL
from schema_gen.types.column_types import type_of, unset

_DOCUMENTS: Final = frozenset({"json", "geometry", "vector"})


class LineSlicer:
    """Takes a file's bytes as they come, and gives slices of whole lines; one that is too long is `broken`."""

    newline: Final = b"\n"
    broken: Final = "The line is too long"

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seen = 0
        self._started = False

    def feed(self, data: bytes) -> None:
        """More bytes. A byte order mark at the beginning is left out."""
        self._buffer += data
        if not self._started and len(self._buffer) >= len(codecs.BOM_UTF8):
            self._started = True
            if self._buffer.startswith(codecs.BOM_UTF8):
                del self._buffer[: len(codecs.BOM_UTF8)]

    def slices(self, *, end: bool = False) -> Iterator[tuple[bytes, bool]]:
        """The slices that are complete, each with whether it is a part of a broken line. At the `end` all."""
        if end and self._buffer and not self._buffer.endswith(b"\n"):
            self._buffer += b"\n"
        # Cut in the same way however the bytes come.
        while self._buffer and (end or len(self._buffer) > SLICE):
            cut = self._cut()
            if cut and cut <= MAX_RECORD:
                yield self._taken(cut), False
            elif cut or len(self._buffer) > MAX_RECORD:
                yield self._taken(min(cut or MAX_RECORD, MAX_RECORD)), True
            else:
                return

    def put_back(self, size: int) -> None:
        """Never needed: a slice is of whole lines."""
        raise AssertionError(size)

    def _cut(self) -> int:
        if not self._seen and (place := self._buffer.rfind(b"\n", 0, SLICE)) >= 0:
            return place + 1
        place = self._buffer.find(b"\n", max(self._seen, SLICE))
        self._seen = len(self._buffer)
        return place + 1

    def _taken(self, size: int) -> bytes:
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._seen = 0
        return found


class _Number(float):
    """A number with the text that it was written as."""

    text: str

    @classmethod
    def read(cls, text: str) -> _Number:
        """The number of a JSON text."""
        made = cls(text)
        made.text = text
        return made


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _constant(text: str) -> object:
    raise ValueError(f"{text} is no JSON value")


_decoder: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_Number.read, parse_constant=_constant)


def parsed(line: bytes) -> dict[str, object]:
    """The object of a line. Raises `BadCell` for what is none."""
    try:
        found: object = _decoder.decode(line.decode())
    except UnicodeDecodeError:
        raise BadCell(None, Code.INVALID_VALUE, "The line is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadCell(
            None, Code.INVALID_VALUE, f"The line is no JSON: {error.msg} at character {error.colno}"
        ) from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise BadCell(None, Code.INVALID_VALUE, f"The line is no JSON: {reason}") from None
    if not isinstance(found, dict):
        raise BadCell(None, Code.INVALID_VALUE, "The line is no JSON object")
    return found


def names_of(head: bytes) -> list[str]:
    """All names of the objects in a file's first part, in order. Raises `BadCell` where the first line is none."""
    lines = [line for line in head.removeprefix(codecs.BOM_UTF8).split(b"\n") if line.strip()]
    names = dict.fromkeys(parsed(lines[0])) if lines else {}
    for line in lines[1:]:
        try:
            names.update(dict.fromkeys(parsed(line)))
        except BadCell:
            continue  # refused as a row, or cut off where the first part ends
    return list(names)


@dataclass(frozen=True, slots=True)
class JsonCells:
    """The literals of a line's object, for `columns` by name (None: passed over).

    `whole`: every object must have every name; else an absent one stands for the column's default.
    """

    columns: Mapping[str, Column | None]
    whole: bool

    def literals(self, line: bytes) -> list[bytes]:
        """In the order of the columns. Raises `BadCell`."""
        found = parsed(line)
        if not found.keys() <= self.columns.keys():
            name = next(name for name in found if name not in self.columns)
            message = f"Name {shown(name)} stands in no object of the file's first part: name it in the first line"
            raise BadCell(None, Code.INVALID_VALUE, message)
        return [self._literal(found, name, column) for name, column in self.columns.items() if column is not None]

    def _literal(self, found: Mapping[str, object], name: str, column: Column) -> bytes:
        if name in found:
            return value_literal(found[name], column)
        if self.whole:
            raise BadCell(name, Code.INVALID_VALUE, f"The object misses column '{name}', which others have")
        if column.nullable or column.has_default or column.auto_increment:
            return unset(column)
        raise BadCell(name, Code.NOT_NULL_VIOLATION, f"A value is required for column '{name}'")


def value_literal(value: object, column: Column) -> bytes:
    """The literal of a JSON value for a column. Raises `BadCell`."""
    row = type_of(column)
    if value is None:
        if column.nullable or column.auto_increment:
            return NULL
        raise BadCell(column.name, Code.NOT_NULL_VIOLATION, f"A value is required for column '{column.name}'")
    if row.scalar in _DOCUMENTS and not (row.scalar == "vector" and isinstance(value, str)):
        return literal(column, _document(value, column), True)
    if row.is_list and isinstance(value, list) and all(isinstance(item, str) and "," not in item for item in value):
        return literal(column, ",".join(value), True)
    if isinstance(value, dict | list):
        raise BadCell(column.name, Code.INVALID_VALUE, f"Column '{column.name}' takes no list and no object")
    return literal(column, _text(value), True)


def _document(value: object, column: Column) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        message = f"Invalid value for column '{column.name}': a number of it is too large, or it is nested too deep"
        raise BadCell(column.name, Code.INVALID_VALUE, message) from None


def _text(value: object) -> str:
    if isinstance(value, _Number):
        return value.text
    return str(value).lower() if isinstance(value, bool) else str(value)


class JsonRows:
    """Rows of a file of JSON lines, each of which `careful` encodes."""

    def __init__(self, careful: Careful) -> None:
        self._careful = careful

    def rows(self, text: bytes, line: int) -> ParsedRows:
        """The rows of whole lines, the first of which is `line`."""
        records = text.split(b"\n")[:-1]
        made, lines = [], []
        for number, record in enumerate(records, line):
            row = self._careful(record, number) if record.strip() else None
            if row is not None:
                made.append(row)
                lines.append(number)
        return ParsedRows(ROW_END.join(made), lines, len(records))
