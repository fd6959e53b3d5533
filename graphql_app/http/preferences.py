"""The `Prefer` header (RFC 7240), in PostgREST's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from graphql_app.engine.request.calls import Counting
from graphql_app.errors import Code, RequestError, shown_name


class Preference(StrEnum):
    """The preferences that are known."""

    COUNT = "count"
    HANDLING = "handling"
    MAX_AFFECTED = "max-affected"
    MISSING = "missing"
    RESOLUTION = "resolution"
    RETURN = "return"
    TX = "tx"


class Return(StrEnum):
    """What a write answers with: nothing of its rows, where the new row is, or the rows."""

    MINIMAL = "minimal"
    HEADERS_ONLY = "headers-only"
    REPRESENTATION = "representation"


class Resolution(StrEnum):
    """What becomes of a new row that is there already: its columns are taken over, or it is left out."""

    MERGE = "merge-duplicates"
    IGNORE = "ignore-duplicates"


_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    Preference.COUNT: tuple(Counting),
    Preference.HANDLING: ("strict", "lenient"),
    Preference.MISSING: ("default", "null"),
    Preference.RESOLUTION: tuple(Resolution),
    Preference.RETURN: tuple(Return),
    Preference.TX: ("commit", "rollback"),
}
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_MOST: Final = 50
"""Preferences that are read; what stands behind them is ignored, as RFC 7240 lets a server do."""

_ALWAYS: Final = frozenset({Preference.COUNT, Preference.HANDLING})
READS: Final = _ALWAYS
INSERTS: Final = _ALWAYS | {Preference.RETURN, Preference.RESOLUTION, Preference.MISSING, Preference.TX}
CHANGES: Final = _ALWAYS | {Preference.RETURN, Preference.TX, Preference.MAX_AFFECTED}
UPSERTS: Final = _ALWAYS | {Preference.RETURN, Preference.TX, Preference.MISSING}
"""What each kind of request honours."""

Honoured = frozenset[Preference]
Applied = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a `Prefer` header says: those `given` that are known, in order, and the `unknown` ones as they stand."""

    given: Mapping[str, str]
    unknown: tuple[str, ...] = ()

    @property
    def returned(self) -> Return | None:
        """What a write is to answer with; None where the client does not say."""
        found = self.given.get(Preference.RETURN)
        return None if found is None else Return(found)

    @property
    def resolution(self) -> Resolution | None:
        """What becomes of rows that are there already; None where they are an error."""
        found = self.given.get(Preference.RESOLUTION)
        return None if found is None else Resolution(found)

    @property
    def count(self) -> Counting | None:
        """How all rows are counted; None where they are not."""
        found = self.given.get(Preference.COUNT)
        return None if found is None else Counting(found)

    @property
    def missing_default(self) -> bool:
        """Whether a column of `columns` that a row leaves out has its default."""
        return self.given.get(Preference.MISSING) == "default"

    @property
    def rollback(self) -> bool:
        """Whether nothing of a write is to stay."""
        return self.given.get(Preference.TX) == "rollback"

    @property
    def max_affected(self) -> int | None:
        """The number of rows that a write may touch at most."""
        found = self.given.get(Preference.MAX_AFFECTED)
        return None if found is None else int(found)

    def check(self, honoured: Honoured) -> None:
        """Raises `RequestError` (INVALID_PARAMETER) where `handling=strict` is given, and another that is not honoured.

        `honoured` are those that mean something to this request.
        """
        if self.given.get(Preference.HANDLING) != "strict":
            return
        wrong = [*self.unknown, *(name for name in self.given if name not in honoured)]
        if wrong:
            names = ", ".join(f"'{shown_name(name)}'" for name in wrong[:5])
            raise RequestError(Code.INVALID_PARAMETER, f"With handling=strict this request does not take {names}")

    def applied(self, honoured: Iterable[str], counting: Counting | None = None) -> Applied:
        """The header `Preference-Applied`, where any given is `honoured`; `counting`: how rows were counted."""
        told = {name: value for name, value in self.given.items() if name in honoured}
        if counting is not None:
            told[Preference.COUNT] = counting
        found = ", ".join(f"{name}={value}" for name, value in told.items())
        return ((b"preference-applied", found.encode()),) if found else ()


NO_PREFERENCES: Final = Preferences({})


def preferences(headers: Iterable[tuple[bytes, bytes]]) -> Preferences:
    """What the `Prefer` headers of a request say. Of one that is given twice the first counts."""
    values = [value for name, value in headers if name == b"prefer"]
    return _read(b",".join(values).decode("latin-1")) if values else NO_PREFERENCES


def _read(text: str) -> Preferences:
    given: dict[str, str] = {}
    unknown: list[str] = []
    for part in text.split(",", _MOST)[:_MOST]:
        name, _, value = (each.strip() for each in part.partition(";")[0].partition("="))
        name, value = name.lower(), value.strip('"').lower()
        if not name or name in given:
            continue
        number = name == Preference.MAX_AFFECTED and _NUMBER.fullmatch(value)
        if number or value in _VALUES.get(name, ()):
            given[name] = value
        else:
            unknown.append(f"{name}={value}" if value else name)
    return Preferences(given, tuple(unknown))
