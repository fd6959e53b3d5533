"""A compiled call at work in a session: all of its reads, or its writes one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from graphql_app.engine.assemble.json import Value
from graphql_app.engine.compile.call import PreparedCall
from graphql_app.engine.compile.writes import CompiledWrite
from graphql_app.engine.execute.reads import perform_reads
from graphql_app.engine.execute.session import Session
from graphql_app.engine.execute.writes import perform_write, reread
from graphql_app.errors import RequestError


@dataclass(slots=True)
class CallWork:
    """A compiled call at work. `place` is the root whose write is being done; None while that is none.

    `rows` are those touched by writes, or received by reads, in the last attempt.
    """

    prepared: PreparedCall
    slots: Sequence[object]
    place: int | None = None
    rows: int = 0

    def perform(self, session: Session) -> Awaitable[Sequence[Value]]:
        """What each root gives."""
        self.rows = 0
        if self.prepared.writes is None:
            return perform_reads(session, self.prepared.reads, self.slots, self._received)
        return self._writes(session, self.prepared.writes)

    async def _writes(self, session: Session, writes: Sequence[CompiledWrite | bytes]) -> list[bytes]:
        values: list[bytes] = []
        for place, write in enumerate(writes):
            self.place = place
            values.append(write if isinstance(write, bytes) else await self._write(session, write))
        self.place = None
        return values

    async def reread(self, session: Session) -> Sequence[Value]:
        """As `perform`, for the one insert that was done and not answered. Raises `DatabaseError`."""
        assert self.prepared.alone is not None
        return [await reread(session, self.prepared.alone, self.slots)]

    async def _write(self, session: Session, write: CompiledWrite) -> bytes:
        try:
            text, affected = await perform_write(session, write, self.slots)
        except RequestError as error:
            error.root = self.place
            raise
        self.rows += affected
        return text

    def _received(self, rows: int) -> None:
        self.rows += rows
