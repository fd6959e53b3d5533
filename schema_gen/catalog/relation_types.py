"""How the columns at the two ends of a relation are compared, and which of them cannot be. Pure.

The database compares columns of different kinds by rules of its own (a text beside a number as numbers), which are
not those by which rows are matched by the texts of their keys. So only columns of one family make a relation.
"""

from __future__ import annotations

from typing import Final

from schema_gen.catalog.model import Column, ColumnType

_FAMILIES: Final = {
    "number": "tinyint smallint mediumint int bigint bit decimal year",
    "text": "char varchar tinytext text mediumtext longtext enum set",
    "bytes": "binary varbinary tinyblob blob mediumblob longblob",
    "moment": "datetime timestamp",
}
_FAMILY: Final = {base: family for family, bases in _FAMILIES.items() for base in bases.split()}
_ALONE: Final = frozenset({"float", "double", "date", "time", "uuid", "inet4", "inet6"})

PLAIN: Final = ("{c}", "{c}")
_EXACT: Final = "CONVERT({c} USING utf8mb4) COLLATE utf8mb4_bin"


def comparable(one: ColumnType, other: ColumnType) -> bool:
    """Whether equal values of two columns are equal by the texts of their keys too, at both ends."""
    if one.base == other.base:
        return one.base in _FAMILY or one.base in _ALONE
    return _FAMILY.get(one.base, one.base) == _FAMILY.get(other.base, other.base)


def compared(referring: Column, referred: Column) -> tuple[str, str]:
    """The templates of the two columns in the equality that joins them.

    Two collations cannot be compared (error 1267): that of the column referred to counts, whose index can then be
    used. Where its character set may lack letters of the other, characters are compared exactly.
    """
    near, far = referring.type, referred.type
    if near.collation == far.collation or _FAMILY.get(near.base) != "text" or _FAMILY.get(far.base) != "text":
        return PLAIN
    if far.charset == "utf8mb4":
        return f"CONVERT({{c}} USING utf8mb4) COLLATE {far.collation}", "{c}"
    return _EXACT, _EXACT
