"""CSV records -> rows of SQL literals, many at once: one pattern checks and one format writes what is in common form.

A quoted CSV cell is, its backslashes doubled, a literal of MySQL's in double quotes as it
stands; numbers need nothing. Bytes that UTF-8 never holds mark the ends of cells until
all rows are written, so that a few replacements over the whole text tell NULL from empty
text. What the pattern does not take goes the careful way (`csv_io.cells`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from graphql_app.csv_io.cells import CELL, NEW_LINE, RECORD
from schema_gen.catalog import Column, ColumnType
from schema_gen.column_types import type_of

ROW_END = b"\xfc"
"""Between rows."""
_TEXT_OR_EMPTY, _TEXT_OR_NULL, _PLAIN = b"\xfd", b"\xfe", b"\xff"
_REPLACEMENTS = (
    (_PLAIN * 2, b"NULL"),
    (_PLAIN, b""),
    (_TEXT_OR_NULL * 2, b"NULL"),
    (_TEXT_OR_EMPTY * 2, b'""'),
    (_TEXT_OR_NULL + b'"', b'"'),
    (b'"' + _TEXT_OR_NULL, b'"'),
    (_TEXT_OR_NULL, b'"'),
    (_TEXT_OR_EMPTY + b'"', b'"'),
    (b'"' + _TEXT_OR_EMPTY, b'"'),
    (_TEXT_OR_EMPTY, b'"'),
)
_PLAIN_MEMBER = re.compile(r"[^\",\r\n\\\0?]+")
_MOST_MEMBERS = 100


def _digits(most: int) -> bytes:
    return b"-?[0-9]{1,%d}" % most


def _decimal(type_: ColumnType) -> bytes:
    scale = type_.scale or 0
    before = _digits(max((type_.precision or 10) - scale, 1))
    return before + (rb"(?:\.[0-9]{1,%d})?" % scale if scale else b"")


def _clock(type_: ColumnType) -> bytes:
    digits = type_.precision or 0
    return rb":[0-9]{2}:[0-9]{2}" + (rb"(?:\.[0-9]{1,%d})?" % digits if digits else b"")


def _moment(type_: ColumnType) -> bytes:
    return _DATE + b"[ T][0-9]{2}" + _clock(type_)


def _member(type_: ColumnType) -> bytes | None:
    # A "?" may stand for a letter that the server did not tell.
    if len(type_.members) > _MOST_MEMBERS or not all(_PLAIN_MEMBER.fullmatch(each) for each in type_.members):
        return None
    return b"(?:" + b"|".join(re.escape(each.encode()) for each in type_.members) + b")"


_DATE = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_NUMBER = rb"-?[0-9]{1,15}(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,2})?"

Form = tuple[bytes | None, bytes]
"""The pattern of a cell in common form (None: there is none), and the mark that goes around it."""

# The server says whether a number or a date is one that the column holds; the pattern says that it is one at all.
_FORMS: Mapping[str, Callable[[ColumnType], Form]] = {
    "Int": lambda type_: (_digits(10), _PLAIN),
    "bigint": lambda type_: (_digits(20), _PLAIN),
    "Boolean": lambda type_: (b"[0-9]{1,3}" if type_.base == "tinyint" else b"[01]", _PLAIN),
    "decimal": lambda type_: (_decimal(type_), _PLAIN),
    "year": lambda type_: (b"[12][0-9]{3}", _PLAIN),
    "Float": lambda type_: (_NUMBER, _TEXT_OR_NULL),
    "date": lambda type_: (_DATE, _TEXT_OR_NULL),
    "datetime": lambda type_: (_moment(type_), _TEXT_OR_NULL),
    "timestamp": lambda type_: (_moment(type_), _TEXT_OR_NULL),
    "time": lambda type_: (b"-?[0-9]{2,3}" + _clock(type_), _TEXT_OR_NULL),
    "String": lambda type_: (_text_form(type_), _TEXT_OR_NULL),
}
_QUOTABLE = frozenset({"Int", "bigint", "decimal", "Float", "date", "datetime", "timestamp", "time"})
_QUOTED_TEXT = rb'"[^"]*+(?:""[^"]*+)*+"'
_MOST_REPEATED = 65_000


def _text_form(type_: ColumnType) -> bytes | None:
    if type_.base not in ("enum", "set"):
        # What is short in bytes is short in characters, too.
        most = b"{1,%d}+" % type_.length if type_.length and type_.length < _MOST_REPEATED else b"++"
        return _QUOTED_TEXT + rb'|[^",\r\n]' + most
    member = _member(type_)
    if member is None or type_.base == "enum":
        return None if member is None else b'"%b"|%b' % (member, member)
    return b'"%b(?:,%b)*"|%b' % (member, member, member)


def _piece(column: Column | None) -> tuple[bytes, bytes]:
    """The pattern of a column's cell and its place in the row's format."""
    if column is None:
        return CELL, b""
    scalar = type_of(column).scalar
    known = _FORMS.get(scalar)
    form, mark = known(column.type) if known else (None, _PLAIN)
    # A BIT would take the characters of a text for its bits.
    if form is not None and scalar in _QUOTABLE and column.type.base != "bit":
        form = b'"%b"|%b' % (form, form)
    empty = column.nullable or column.auto_increment
    if scalar == "String" and not empty and column.type.base != "enum":
        empty, mark = True, _TEXT_OR_EMPTY
    alternatives = [each for each in (form, b"" if empty else None) if each is not None]
    return b"(" + b"|".join(alternatives or [b"(?!)"]) + b")", mark + b"%b" + mark


Careful = Callable[[bytes, int], bytes | None]
"""Encodes one record, newline included, of a line; None leaves it out."""


class QuickRows:
    """Rows of a file whose columns are these; a column that is not written is None.

    With `common` false every record goes the careful way.
    """

    def __init__(self, columns: Sequence[Column | None], careful: Careful, newline: bytes, *, common: bool) -> None:
        pieces = [_piece(column) for column in columns]
        pattern = b",".join(piece for piece, _ in pieces) + NEW_LINE
        # What is left over, one record or else one line at a time, is caught by the last group.
        rest = rb"((?!\Z)(?:%b%b|[^\n]*+(?:\n|\Z)))" % (RECORD, NEW_LINE)
        self._common = re.compile(b"%b|%b" % (pattern, rest))
        self._any = re.compile(rest)
        # The last group is not shown.
        self._format = b"(" + b",".join(place for _, place in pieces if place) + b")%.0b"
        self._width = sum(bool(place) for _, place in pieces)
        self._careful = careful
        self._quick = common
        self._newline = newline

    def rows(self, text: bytes, line: int) -> tuple[bytes, list[int], int]:
        """The rows of whole records, `ROW_END` between them; the line of each, `line` being the first; lines in all."""
        if not self._quick or b"\0" in text or not _is_utf8(text):
            return self._one_by_one(text, line)
        doubled = b"\\" in text
        if doubled:
            text = text.replace(b"\\", b"\\\\")
        found = self._common.findall(text)
        count = text.count(self._newline)
        form, width = self._format, self._width
        # Without newlines inside of cells each record is a line.
        lines = list(range(line, line + count)) if count == len(found) else self._lines(self._common, text, line)
        if not any(map(itemgetter(width), found)):
            return _finished([form % cells for cells in found]), lines, count
        rows, kept = [], []
        for cells, at in zip(found, lines, strict=True):
            rest = cells[width]
            if rest:
                made = self._careful(rest.replace(b"\\\\", b"\\") if doubled else rest, at)
                if made is None:
                    continue
                rows.append(made)
            else:
                rows.append(form % cells)
            kept.append(at)
        return _finished(rows), kept, count

    def _one_by_one(self, text: bytes, line: int) -> tuple[bytes, list[int], int]:
        lines = self._lines(self._any, text, line)
        made = [
            (row, at)
            for record, at in zip(self._any.findall(text), lines, strict=True)
            if (row := self._careful(record, at)) is not None
        ]
        return ROW_END.join(row for row, _ in made), [at for _, at in made], text.count(self._newline)

    def _lines(self, pattern: re.Pattern[bytes], text: bytes, line: int) -> list[int]:
        lines, last = [], 0
        for found in pattern.finditer(text):
            line += text.count(self._newline, last, found.start())
            last = found.start()
            lines.append(line)
        return lines


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _finished(rows: Sequence[bytes]) -> bytes:
    """The rows as SQL."""
    text = ROW_END.join(rows)
    for mark, replacement in _REPLACEMENTS:
        if mark in text:
            text = text.replace(mark, replacement)
    return text
