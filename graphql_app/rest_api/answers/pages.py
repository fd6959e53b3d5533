"""Which rows of all an answer holds: `Range` in requests, `Content-Range` in answers, and the status that follows.

Ranges are of rows (`0-24`, as PostgREST has them); those in other units, such as bytes, are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql_app.engine.request.calls import Read
from graphql_app.errors import Code, RequestError
from graphql_app.rest_api.envelope import Headers
from graphql_app.rest_api.query_language.pairs import Pairs

_RANGE: Final = re.compile(rb"\s*(?:items\s*=\s*)?([0-9]{1,18})-([0-9]{1,18})?\s*")
_PAGE: Final = frozenset({"limit", "offset"})


def asked_range(pairs: Pairs, headers: Mapping[bytes, bytes]) -> tuple[Pairs, bool]:
    """The parameters with what `Range` asks for, and whether it asks; a page in the query string goes before it."""
    found = _RANGE.fullmatch(headers.get(b"range", b""))
    if found is None or headers.get(b"range-unit", b"items") != b"items" or any(name in _PAGE for name, _ in pairs):
        return pairs, False
    first = int(found[1])
    page: tuple[tuple[str, str], ...] = (("offset", str(first)),) if first else ()
    if found[2] is not None:
        last = int(found[2])
        if last < first:
            raise RequestError(Code.RANGE_NOT_SATISFIABLE, "A range ends before it begins")
        page += (("limit", str(last - first + 1)),)
    return (*pairs, *page), True


@dataclass(frozen=True, slots=True)
class RowRange:
    """What is known of an answer's rows: the first one's place among all, and how many there are in all.

    `always`: an answer says so even where nobody asked; `ranged`: a `Range` asked.
    """

    start: int = 0
    total: int | None = None
    limit: int | None = None
    always: bool = False
    ranged: bool = False

    @classmethod
    def of(cls, read: Read, total: int | None, *, always: bool, ranged: bool) -> RowRange:
        """The page of a read. Raises `RequestError` (RANGE_NOT_SATISFIABLE) where it begins behind the last row."""
        start = read.offset if isinstance(read.offset, int) else 0
        if (ranged or always) and total is not None and start > total:
            raise RequestError(Code.RANGE_NOT_SATISFIABLE, f"Rows from {start} on are asked for, and there are {total}")
        return cls(start, total, read.limit if isinstance(read.limit, int) else None, always, ranged)

    @property
    def said(self) -> bool:
        """Whether an answer says which rows it holds."""
        return self.always or self.ranged or self.total is not None

    def headers(self, count: int | None) -> Headers:
        """`Content-Range`; `count` is the number of rows, None where that follows from `total` alone."""
        if not self.said or (count is None and self.total is None):
            return ()
        count = self._expected() if count is None else count
        place = f"{self.start}-{self.start + count - 1}" if count else "*"
        return ((b"content-range", f"{place}/{'*' if self.total is None else self.total}".encode()),)

    def status(self, count: int | None) -> int:
        """206 where an answer that says which rows it holds does not hold all, else 200."""
        if self.total is None or not (self.always or self.ranged):
            return 200
        return 206 if (self._expected() if count is None else count) < self.total else 200

    def _expected(self) -> int:
        assert self.total is not None
        left = max(self.total - self.start, 0)
        return left if self.limit is None else min(left, self.limit)
