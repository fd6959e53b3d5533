"""CSV records -> rows of SQL literals, many at once: one pattern checks and one format writes what is in common form.

A quoted CSV cell is, its backslashes doubled, a literal of MySQL's in double quotes as it
stands; numbers need nothing. Bytes that UTF-8 never holds mark the ends of cells until
all rows are written, so that a few replacements over the whole text tell NULL from empty
text. What the pattern does not take goes the careful way (`csv_io.cells`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from graphql_app.csv_io.cell_patterns import PLAIN, TEXT_OR_EMPTY, TEXT_OR_NULL, pieces
from graphql_app.csv_io.dialect import NEW_LINE, CsvDialect, record_pattern
from schema_gen.catalog.model import Column

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
_NEWLINE_OF_REST = itemgetter(-1)
Careful = Callable[[bytes, int], bytes | None]
"""Encodes one record, newline included, of a line; None leaves it out."""


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """Rows as SQL with `ROW_END` between them, the line of each, and newlines in all.

    `left` bytes at the end are the beginning of a record whose quotes are not closed: nothing was done with them.
    """

    text: bytes
    lines: list[int]
    count: int
    left: int = 0


class FastPathRows:
    """Rows of a file whose columns are these; a column that is not written is None.

    With `common` false every record goes the careful way.
    """

    def __init__(
        self, columns: Sequence[Column | None], careful: Careful, newline: bytes, dialect: CsvDialect, *, common: bool
    ) -> None:
        made = pieces(columns, dialect.delimiter)
        pattern = re.escape(dialect.delimiter.encode()).join(form for form, _ in made) + NEW_LINE
        # What is in no common form is one record, told by its newline in a group of its own; or all that is left, where
        # quotes are open. No group of a cell is open here: each repetition would save those of the whole row.
        rest = rb"(?!\Z)(?:%b|[\s\S]*(?=[\r\n]\Z))(%b)" % (record_pattern(dialect.delimiter), NEW_LINE)
        self._common = re.compile(b"(%b|%b)" % (pattern, rest))
        self._any = re.compile(b"(%b)" % rest)
        self._whole = re.compile(record_pattern(dialect.delimiter) + NEW_LINE)
        # The whole and the group of what is left are not shown.
        self._format = b"%.0b(" + b",".join(place for _, place in made if place) + b")%.0b"
        self._careful = careful
        self._quick = common
        self._newline = newline

    def rows(self, text: bytes, line: int) -> ParsedRows:
        """The rows of whole records, whose first line is `line`."""
        quick = self._quick and b"\0" not in text and _is_utf8(text)
        doubled = quick and b"\\" in text
        if doubled:
            text = text.replace(b"\\", b"\\\\")
        pattern = self._common if quick else self._any
        found = pattern.findall(text)
        left = b""
        if found and found[-1][-1] and not self._whole.fullmatch(found[-1][0]):
            left = found.pop()[0]
            text = text[: -len(left)]
        count = text.count(self._newline)
        # Without newlines inside of cells each record is a line.
        simple = count == len(found) and not self._other_newlines(text)
        lines = list(range(line, line + count)) if simple else self._lines(found, line)
        made = _finished(*self._made(found, lines, doubled=doubled))
        return ParsedRows(made, lines, count, len(left.replace(b"\\\\", b"\\") if doubled else left))

    def _made(self, found: list[tuple[bytes, ...]], lines: list[int], *, doubled: bool) -> tuple[list[bytes], bool]:
        """The rows, and whether any still has marks. Lines of records that give none are taken out of `lines`."""
        form = self._format
        if not any(map(_NEWLINE_OF_REST, found)):
            return [form % record for record in found], True
        odd = [place for place, record in enumerate(found) if record[-1]]
        rows = [b""] * len(found) if len(odd) == len(found) else [form % record for record in found]
        # From the end, so that places before stay what they are.
        for place in odd[::-1]:
            record = found[place][0]
            made = self._careful(record.replace(b"\\\\", b"\\") if doubled else record, lines[place])
            if made is None:
                del rows[place], lines[place]
            else:
                rows[place] = made
        return rows, len(odd) < len(found)

    def _other_newlines(self, text: bytes) -> int:
        """Ends of records that are not counted as lines: as many of them as newlines in cells would hide both."""
        return text.count(b"\n") if self._newline == b"\r" else text.count(b"\r") - text.count(b"\r\n")

    def _lines(self, found: list[tuple[bytes, ...]], line: int) -> list[int]:
        lines = []
        for record in found:
            lines.append(line)
            line += record[0].count(self._newline)
        return lines


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _finished(rows: Sequence[bytes], marked: bool) -> bytes:
    """The rows as SQL."""
    text = ROW_END.join(rows)
    for mark, replacement in _REPLACEMENTS if marked else ():
        if mark in text:
            text = text.replace(mark, replacement)
    return text
