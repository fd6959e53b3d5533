"""The common form of a cell, as a pattern, for each family of column types. Pure.

What a pattern takes is a value that the column holds, so that hardly a cell is refused by
the database alone; what it does not take is no worse for it, only slower (`csv_io.cells`).
A pattern reads a cell in one way alone: where a later cell of the row does not fit, every
choice in every cell before it would be tried, 2**columns in all. Choices are written
`(?:a|)`, never `(?:a)?`: what repeats saves all groups of the row, each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from schema_gen.catalog.model import Column, ColumnType
from schema_gen.types.column_types import type_of
from schema_gen.types.encoders import integer_range

TEXT_OR_EMPTY, TEXT_OR_NULL, PLAIN = b"\xfd", b"\xfe", b"\xff"
"""Marks around a cell: a text whose empty cell is the empty text, or NULL; and what needs no quotes."""

Form = tuple[bytes | None, bytes]
"""The pattern (None: there is none), and the mark that goes around the cell."""

_MOST_MEMBERS = 100
_MOST_REPEATED = 65_000
_FEW_COLUMNS = 64
"""With more of them a pattern repeats single characters only."""
_MOST_DOUBLED = 1000


@dataclass(frozen=True, slots=True)
class _PatternRow:
    """What the rows have in common: the delimiter, escaped, and whether the columns are few."""

    delimiter: bytes
    few: bool


# --- numbers ----------------------------------------------------------------


_ZERO_BEHIND = rb"(?:\.0|)"  # as pandas writes whole numbers of a column with NULLs


def _integer(type_: ColumnType) -> bytes:
    """Digits within the column's range; those that need a closer look are left out."""
    low, high = integer_range(type_)
    digits = str(high)
    forms = [rb"[0-9]{1,%d}" % max(len(digits) - 1, 1)] if high > 8 else [rb"[0-%d]" % high]
    if high > 8 and digits[0] > "1":
        forms.append(rb"[1-%d][0-9]{%d}" % (int(digits[0]) - 1, len(digits) - 1))
    elif high > 8 and len(digits) > 9:
        forms.append(rb"1[0-%d][0-9]{%d}" % (max(int(digits[1]) - 1, 0), len(digits) - 2))
    sign, behind = (b"-?" if low else b""), (b"" if type_.base == "bit" else _ZERO_BEHIND)
    return sign + (forms[0] if len(forms) == 1 else b"(?:" + b"|".join(forms) + b")") + behind


def _decimal(type_: ColumnType) -> bytes:
    scale = type_.scale or 0
    before = b"%b[0-9]{1,%d}" % (b"" if type_.unsigned else b"-?", max((type_.precision or 10) - scale, 1))
    # Without digits in front of the point only a zero may stand there.
    before = before if (type_.precision or 10) > scale else before.replace(b"[0-9]{1,1}", b"0")
    return before + (rb"(?:\.[0-9]{1,%d}|)" % scale if scale else b"")


_NUMBER = rb"-?[0-9]{1,15}(?:\.[0-9]{1,17}|)(?:[eE][+-]?[0-9]|)"
_YEAR = rb"(?:19[1-9][0-9]|20[0-9]{2})"

# --- dates and times --------------------------------------------------------

_DAY = (
    rb"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"  # not Feb 29
)
_DATE = rb"[1-9][0-9]{3}-" + _DAY
_STAMP_DATE = rb"(?:197[1-9]|19[89][0-9]|20[0-2][0-9]|203[0-7])-" + _DAY


def _clock(type_: ColumnType) -> bytes:
    digits = type_.precision or 0
    return rb":[0-5][0-9]:[0-5][0-9]" + (rb"(?:\.[0-9]{1,%d}|)" % digits if digits else b"")


def _moment(date: bytes, type_: ColumnType) -> bytes:
    return date + b"[ T](?:[01][0-9]|2[0-3])" + _clock(type_)


# --- texts ------------------------------------------------------------------


def _text(type_: ColumnType, row: _PatternRow) -> bytes | None:
    if type_.base in ("enum", "set"):
        return _members(type_, row)
    if not type_.length or type_.length >= _MOST_REPEATED:
        plain, doubled = rb'[^"%b\r\n]++' % row.delimiter, rb'"[^"]*+(?:""[^"]*+){0,%d}+"(?!")' % _MOST_DOUBLED
        return doubled + b"|" + plain if row.few else rb'"[^"]*+"(?!")|' + plain
    # What is short in bytes is short in characters, too.
    most = b"%d" % type_.length
    plain, quoted = rb'[^"%b\r\n]{1,%b}+' % (row.delimiter, most), rb'"[^"]{0,%b}+"(?!")' % most
    # Not also what has no quotes in it: that would be a second way to read the same.
    doubled = rb'|"(?=[^"]*+"")(?:[^"]|""){0,%b}+"(?!")' % most
    return quoted + (doubled if row.few else b"") + b"|" + plain


def _members(type_: ColumnType, row: _PatternRow) -> bytes | None:
    # A "?" may stand for a letter that the server did not tell.
    none_of = set('",\r\n\\\0?') | {row.delimiter.decode()[-1]}
    if len(type_.members) > _MOST_MEMBERS or any(not each or none_of & set(each) for each in type_.members):
        return None
    member = b"(?:" + b"|".join(re.escape(each.encode()) for each in type_.members) + b")"
    several = b"(?:,%b){0,%d}" % (member, len(type_.members)) if type_.base == "set" and row.few else b""
    return b'"%b%b"|%b' % (member, several, member)


_FORMS: Mapping[str, Callable[[ColumnType], Form]] = {
    "Int": lambda type_: (_integer(type_), PLAIN),
    "bigint": lambda type_: (_integer(type_), PLAIN),
    "Boolean": lambda type_: (b"[0-9]{1,2}" + _ZERO_BEHIND if type_.base == "tinyint" else b"[01]", PLAIN),
    "decimal": lambda type_: (_decimal(type_), PLAIN),
    "year": lambda _: (_YEAR, PLAIN),
    "Float": lambda type_: (_NUMBER[2:] if type_.unsigned else _NUMBER, TEXT_OR_NULL),
    "date": lambda _: (_DATE, TEXT_OR_NULL),
    "datetime": lambda type_: (_moment(_DATE, type_), TEXT_OR_NULL),
    "timestamp": lambda type_: (_moment(_STAMP_DATE, type_), TEXT_OR_NULL),
    "time": lambda type_: (b"-?[0-7]?[0-9]{2}" + _clock(type_), TEXT_OR_NULL),
}
_QUOTABLE = frozenset({"Int", "bigint", "decimal", "Float", "date", "datetime", "timestamp", "time"})


def pieces(columns: Sequence[Column | None], delimiter: str) -> list[tuple[bytes, bytes]]:
    """For each column of a file the pattern of its cells, in a group, and their place in the row's format.

    A column that is not written (None) has no place, and cells that are not looked at.
    """
    row = _PatternRow(re.escape(delimiter.encode()), len(columns) <= _FEW_COLUMNS)
    return [_passed_over(row) if column is None else _piece(column, row) for column in columns]


def _passed_over(row: _PatternRow) -> tuple[bytes, bytes]:
    return rb'(?:"[^"]*+"(?!")|[^"%b\r\n]*+)' % row.delimiter, b""


def _piece(column: Column, row: _PatternRow) -> tuple[bytes, bytes]:
    scalar = type_of(column).scalar
    known = _FORMS.get(scalar)
    form, mark = known(column.type) if known else (None, PLAIN)
    if scalar == "String":
        form, mark = _text(column.type, row), TEXT_OR_NULL
    # A BIT would take the characters of a text for its bits.
    if form is not None and scalar in _QUOTABLE and column.type.base != "bit":
        form = b'"(?:%b)"|%b' % (form, form)
    empty = column.nullable or column.auto_increment
    if scalar == "String" and not empty and column.type.base != "enum":
        empty, mark = True, TEXT_OR_EMPTY
    alternatives = [each for each in (form, b"" if empty else None) if each is not None]
    return b"(" + b"|".join(alternatives or [b"(?!)"]) + b")", mark + b"%b" + mark
