"""A row of INFORMATION_SCHEMA.COLUMNS -> ColumnType. Pure."""

from __future__ import annotations

import re
from typing import Final

from schema_gen.catalog.introspect import ColumnRow
from schema_gen.catalog.model import ColumnType

_ALIASES: Final = {"integer": "int", "numeric": "decimal", "real": "double"}
_NUMBERS: Final = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"})
_FRACTIONS: Final = frozenset({"decimal", "float", "double"})
_TIMES: Final = frozenset({"time", "datetime", "timestamp"})
_WORDS: Final = frozenset({"enum", "set"})
# Their width is a part of the type, and stands in COLUMN_TYPE only.
_WIDE: Final = frozenset({"tinyint", "bit", "vector"})

_WIDTH = re.compile(r"\((\d+)\)")
_MEMBER = re.compile(r"'((?:[^'\\]|''|\\.)*)'(?:,|$)", re.DOTALL)
_ESCAPE = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "Z": "\x1a", "b": "\b"}


def column_type(row: ColumnRow, *, raw_members: bool = False, json: bool = False) -> ColumnType:
    """The type of a column, taken apart.

    `raw_members`: ENUM and SET members stand in COLUMN_TYPE without any escapes (OceanBase).
    `json`: the column has MariaDB's JSON_VALID check.
    """
    base = row.data_type.lower().partition("(")[0].strip()
    base = "json" if json and base == "longtext" else _ALIASES.get(base, base)
    number = base in _NUMBERS
    fraction = base in _FRACTIONS and row.scale is not None
    return ColumnType(
        base=base,
        unsigned=number and " unsigned" in row.declared,
        length=_width(row.declared) if base in _WIDE else None if base in _WORDS or base == "json" else row.length,
        precision=row.precision if fraction else row.time_precision if base in _TIMES else None,
        scale=row.scale if fraction else None,
        members=_members(row.declared, raw_members) if base in _WORDS else (),
        charset=row.charset,
        collation=row.collation,
        declared=row.declared,
        zerofill=number and " zerofill" in row.declared,
        srid=row.srid,
    )


def _width(declared: str) -> int | None:
    found = _WIDTH.search(declared)
    return int(found[1]) if found else None


def _members(declared: str, raw: bool) -> tuple[str, ...]:
    body = declared[declared.index("(") + 1 : declared.rindex(")")]
    if raw:
        # A member that holds `','` cannot be told from two members here.
        return tuple(body[1:-1].split("','"))
    return tuple(unquoted(found[1]) for found in _MEMBER.finditer(body))


def unquoted(text: str) -> str:
    """The characters that stand between the quotes of an SQL string literal."""
    return _ESCAPE.sub(lambda found: "'" if found[1] is None else _ESCAPED.get(found[1], found[1]), text)
