"""Cells as other programs write them -> as this one does: decimal commas, orders of dates, `3.0` for 3. Pure."""

from __future__ import annotations

import re
from typing import Final

from graphql_app.csv_io.dialect import CsvDialect
from schema_gen.catalog.model import Column
from schema_gen.types.column_types import type_of

NUMBERS: Final = frozenset({"Int", "bigint", "decimal", "Float", "Boolean", "year"})
DATES: Final = frozenset({"date", "datetime", "timestamp"})
_WHOLE: Final = frozenset({"Int", "bigint", "Boolean", "year"})

WITH_COMMA = re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3}){1,30}|[0-9]{1,65})(?:,[0-9]{0,65})?", re.ASCII)
"""A number with a decimal comma, its thousands apart by points or not."""
_ZERO_BEHIND = re.compile(r"([+-]?[0-9]{1,65})\.0{1,65}", re.ASCII)
OTHER_DATE = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})(?:[T ](.{1,30}))?", re.ASCII)
"""A date in any order, and what stands behind it."""
_CLOCK = re.compile(r"([0-9]{1,2}):(.{1,28})", re.ASCII)
_PLACES: Final = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}
"""Where year, month and day stand."""


def plain(text: str, column: Column, dialect: CsvDialect) -> str:
    """The cell as the column's encoder takes it. Raises `ValueError` with the end of a sentence where it cannot be."""
    scalar = type_of(column).scalar
    if scalar in NUMBERS and column.type.base != "bit":
        if dialect.decimal == ",":
            text = _with_point(text)
        found = _ZERO_BEHIND.fullmatch(text) if scalar in _WHOLE else None
        return found[1] if found else text
    if scalar in DATES and dialect.dates != "iso":
        return _iso(text, dialect.dates)
    return text


def _with_point(text: str) -> str:
    if "," not in text and "." not in text:
        return text
    if not WITH_COMMA.fullmatch(text):
        raise ValueError("expected a number with a decimal comma")
    return text.replace(".", "").replace(",", ".").removesuffix(".")


def _iso(text: str, order: str) -> str:
    found = OTHER_DATE.fullmatch(text)
    if found is None:
        return text
    year, month, day = ((found[1], found[3], found[4])[place] for place in _PLACES[order])
    if len(year) != 4 and len(found[1]) == 4:
        return text  # 2024-02-29 in the midst of others
    if len(year) != 4 or len(month) > 2 or len(day) > 2:
        raise ValueError(f"expected a date in the order {order} with a year of four digits")
    clock = _CLOCK.fullmatch(found[5]) if found[5] else None
    behind = "" if not found[5] else f" {clock[1]:>02}:{clock[2]}" if clock else f" {found[5]}"
    return f"{year}-{month:>02}-{day:>02}{behind}"
