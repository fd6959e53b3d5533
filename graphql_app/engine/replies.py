"""What the engine answers a call with, and what is to be kept of it under a client's key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphql_app.engine.assemble.json import Value, text_of
from graphql_app.engine.execute.ledger import LedgerEntry
from graphql_app.runtime.hot_record import hot_record


@hot_record
class Reply:
    """What each root gives, in order; `retry_count` counts failed attempts before it came."""

    values: tuple[Value, ...]
    retry_count: int = 0

    @property
    def texts(self) -> list[bytes]:
        """The JSON text of each root."""
        return [text_of(value) for value in self.values]


@dataclass(frozen=True, slots=True)
class Once:
    """A write under a client's key: its place in the ledger, and what the ledger keeps as its answer."""

    entry: LedgerEntry
    render: Callable[[Reply], bytes]
