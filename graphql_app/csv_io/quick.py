"""CSV records -> rows of SQL literals, many at once: one pattern checks and one format writes what is in common form.

A quoted CSV cell is, its backslashes doubled, a literal of MySQL's in double quotes as it
stands; numbers need nothing. Bytes that UTF-8 never holds mark the ends of cells until
all rows are written, so that a few replacements over the whole text tell NULL from empty
text. What the pattern does not take goes the careful way (`csv_io.cells`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter

from graphql_app.csv_io.cells import NEW_LINE, RECORD
from graphql_app.csv_io.forms import PLAIN, TEXT_OR_EMPTY, TEXT_OR_NULL, piece
from schema_gen.catalog import Column

ROW_END = b"\xfc"
"""Between rows."""
_REPLACEMENTS = (
    (PLAIN * 2, b"NULL"),
    (PLAIN, b""),
    (TEXT_OR_NULL * 2, b"NULL"),
    (TEXT_OR_EMPTY * 2, b'""'),
    (TEXT_OR_NULL + b'"', b'"'),
    (b'"' + TEXT_OR_NULL, b'"'),
    (TEXT_OR_NULL, b'"'),
    (TEXT_OR_EMPTY + b'"', b'"'),
    (b'"' + TEXT_OR_EMPTY, b'"'),
    (TEXT_OR_EMPTY, b'"'),
)
Careful = Callable[[bytes, int], bytes | None]
"""Encodes one record, newline included, of a line; None leaves it out."""


class QuickRows:
    """Rows of a file whose columns are these; a column that is not written is None.

    With `common` false every record goes the careful way.
    """

    def __init__(self, columns: Sequence[Column | None], careful: Careful, newline: bytes, *, common: bool) -> None:
        pieces = [piece(column) for column in columns]
        pattern = b",".join(form for form, _ in pieces) + NEW_LINE
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
        simple = count == len(found) and not self._other_newlines(text)
        lines = list(range(line, line + count)) if simple else self._lines(self._common, text, line)
        if not any(map(itemgetter(width), found)):
            return _finished([form % cells for cells in found]), lines, count
        rows = [form % cells for cells in found]
        # From the end, so that places before stay what they are.
        for place in [place for place, cells in enumerate(found) if cells[width]][::-1]:
            rest = found[place][width]
            made = self._careful(rest.replace(b"\\\\", b"\\") if doubled else rest, lines[place])
            if made is None:
                del rows[place], lines[place]
            else:
                rows[place] = made
        return _finished(rows), lines, count

    def _other_newlines(self, text: bytes) -> int:
        """Ends of records that are not counted as lines: as many of them as newlines in cells would hide both."""
        return text.count(b"\n") if self._newline == b"\r" else text.count(b"\r") - text.count(b"\r\n")

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
