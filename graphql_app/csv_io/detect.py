"""The first part of a CSV file -> how it is written. Pure.

The table decides: the delimiter is the one that makes column names of the first line, and
numbers, dates and NULL are looked at in the columns that hold them. What leaves a doubt is
left as the program itself writes it, so that its rows are refused rather than misread.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graphql_app.csv_io.cells import BadCell, split
from graphql_app.csv_io.dialect import (
    DATES as ORDERS,
    DELIMITERS,
    ENCODINGS,
    NEW_LINE,
    CsvDialect,
    as_utf8,
    decoder_of,
    encoding_of,
    record_pattern,
)
from graphql_app.csv_io.values import DATES, NUMBERS, OTHER_DATE, WITH_COMMA
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Table
from schema_gen.types.column_types import type_of

HEAD: Final = 64 * 1024
"""Bytes that are looked at."""
_SAMPLE: Final = 16 * 1024
"""Bytes whose values are looked at."""

_CANDIDATES: Final = ",;\t|"
_SEP: Final = re.compile(rb"sep=([^\"\r\n])(?:\r\n|\n|\r)", re.IGNORECASE)
_LETTER: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""A letter beyond ASCII in UTF-8."""
_NOT_CP1252: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x81\x8d\x8f\x90\x9d\xfe\xff]")
_NULLS: Final = frozenset(
    ("NULL", "null", "Null", "\\N", "nan", "NaN", "NAN", "None", "NA", "N/A", "#N/A", "<NA>", "NaT", "nil")
)
_POINT: Final = re.compile(r"[+-]?[0-9]{0,65}\.(?:[0-9]{1,2}|[0-9]{4,65})", re.ASCII)
_NO_CSV: Final = (
    (b"PK\x03\x04", "an Excel workbook (or another ZIP archive)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"%PDF", "a PDF document"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """What the client says of the file; None where it is to be found out."""

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    dates: str | None = None
    null: str | None = None


_DECIMALS: Final = {".": ".", ",": ",", "point": ".", "comma": ","}
_LONGEST_NULL: Final = 40
FORM: Final = ("delimiter", "encoding", "decimal", "dates", "null")
"""The names of what a client may say."""


def given_form(said: Mapping[str, str]) -> Given:
    """What a client says, by the names of `FORM`. Raises `RequestError` for what nothing can be read by."""
    delimiter = _one_of("delimiter", said, DELIMITERS.get, ", ".join(each for each in DELIMITERS if each.isprintable()))
    encoding = _one_of("encoding", said, encoding_of, ", ".join(ENCODINGS))
    decimal = _one_of("decimal", said, _DECIMALS.get, ", ".join(_DECIMALS))
    dates = _one_of("dates", said, {each: each for each in ORDERS}.get, ", ".join(ORDERS))
    null = said.get("null")
    if null is not None and (len(null) > _LONGEST_NULL or set(null) & set('"\r\n')):
        raise RequestError(Code.INVALID_PARAMETER, f"'null' takes a word of {_LONGEST_NULL} characters at most")
    return Given(delimiter, encoding, decimal, dates, null)


def _one_of(name: str, said: Mapping[str, str], known: Callable[[str], str | None], words: str) -> str | None:
    if name not in said:
        return None
    found = known(said[name])
    if found is None:
        raise RequestError(Code.INVALID_PARAMETER, f"'{name}' must be one of {words}")
    return found


def detect(head: bytes, table: Table, given: Given) -> CsvDialect:
    """How the file with this head is written. Raises `RequestError` for a file that is no CSV."""
    for mark, what in _NO_CSV:
        if head.startswith(mark):
            raise RequestError(
                Code.INVALID_VALUE, f"The file is no CSV but {what}; save it as 'CSV UTF-8' and send that"
            )
    encoding = given.encoding or _encoding(head)
    text = head if encoding == "utf-8" else as_utf8(decoder_of(encoding).decode(head))
    text = text.removeprefix(codecs.BOM_UTF8)
    announced = _SEP.match(text)
    if announced is not None:
        text = text[announced.end() :]
    said = announced[1].decode() if announced is not None and announced[1].isascii() else None
    delimiter = given.delimiter or (said if said and not said.isalnum() else None) or _delimiter(text, table)
    values = _values(text, delimiter, table)
    return CsvDialect(
        delimiter,
        encoding,
        given.decimal or _decimal(cell for cell, _ in values.of(NUMBERS)),
        given.dates or _dates(cell for cell, _ in values.of(DATES)),
        _null(values) if given.null is None else given.null,
        announced is not None,
    )


# --- bytes ------------------------------------------------------------------


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for place, wide in ((1, "utf-16-le"), (0, "utf-16-be")):
        # Texts of the West have a zero in every second place.
        if len(head) > 3 and head[place::2].count(0) * 10 > len(head) * 4:
            return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        # A file with right letters among broken ones is UTF-8, with rows to be refused.
        if not _LETTER.search(head) and not _NOT_CP1252.search(head):
            return "cp1252"
    return "utf-8"


# --- cells ------------------------------------------------------------------


def _delimiter(text: bytes, table: Table) -> str:
    best, most, columns = ",", -1, table.known
    for candidate in _CANDIDATES:
        names = _names(text, candidate)
        known = sum(name in columns for name in names)
        if names and known == len(names):
            return candidate
        if known > most:
            best, most = candidate, known
    return best


def _names(text: bytes, delimiter: str) -> list[str]:
    found = re.compile(record_pattern(delimiter)).match(text)
    try:
        return [name.strip() for name, _ in split(found[0] if found else b"", delimiter)]
    except BadCell:
        return []


Cell = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class _Values:
    """Rows of the file's first part, and what the columns hold; None for one that the table does not have."""

    rows: Sequence[Sequence[Cell]]
    scalars: Sequence[str | None]
    nullable: Sequence[bool]

    def of(self, scalars: frozenset[str]) -> Iterator[Cell]:
        """The cells of columns of these kinds."""
        places = [place for place, scalar in enumerate(self.scalars) if scalar in scalars]
        for row in self.rows:
            yield from (row[place] for place in places)


def _values(text: bytes, delimiter: str, table: Table) -> _Values:
    names = _names(text, delimiter)
    known = table.known
    columns = [known.get(name) for name in names]
    rows = []
    for record in _records(text[:_SAMPLE], delimiter):
        try:
            row = split(record, delimiter)
        except BadCell:
            continue
        if len(row) == len(names):
            rows.append(row)
    scalars = [None if column is None else type_of(column).scalar for column in columns]
    return _Values(rows, scalars, [column is not None and column.nullable for column in columns])


def _records(text: bytes, delimiter: str) -> Iterator[bytes]:
    """The whole records behind the first one."""
    pattern = re.compile(record_pattern(delimiter) + NEW_LINE)
    found = pattern.match(text)
    while found is not None and (found := pattern.match(text, found.end())):
        yield found[0].rstrip(b"\r\n")


def _decimal(cells: Iterable[str]) -> str:
    comma = False
    for cell in cells:
        if _POINT.fullmatch(cell):
            return "."
        # 1,234 may be a number of thousands.
        before, has_comma, behind = cell.partition(",")
        comma = comma or bool(has_comma and WITH_COMMA.fullmatch(cell) and (len(behind) != len("234") or "." in before))
    return "," if comma else "."


def _dates(cells: Iterable[str]) -> str:
    found = [each for each in map(OTHER_DATE.fullmatch, cells) if each is not None]
    others = [each for each in found if len(each[1]) <= 2]
    if not others:
        return "ymd" if any(each[2] != "-" for each in found) else "iso"
    if len(others) < len(found):
        return "iso"
    first, second = max(int(each[1]) for each in others), max(int(each[3]) for each in others)
    points = all(each[2] == "." for each in others)
    if second <= 12 and (first > 12 or points):
        return "dmy"
    return "mdy" if first <= 12 < second and not points else "iso"


def _null(values: _Values) -> str:
    words: Counter[str] = Counter()
    for row in values.rows:
        for (text, quoted), scalar, nullable in zip(row, values.scalars, values.nullable, strict=True):
            plain = scalar in NUMBERS or scalar in DATES or scalar == "time"
            if not quoted and nullable and text in _NULLS and (plain or text == "\\N"):
                words[text] += 1
    return words.most_common(1)[0][0] if words else ""
