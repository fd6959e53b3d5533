"""A compiled call at work in a session: all of its reads, or its writes one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from graphql_app.engine.assemble.json import NodeRows, Value, whole
from graphql_app.engine.compile.call import CompiledGuard, PreparedCall
from graphql_app.engine.compile.writes import CompiledWrite
from graphql_app.engine.execute.reads import ReadOfMany, can_join, fetch, perform_reads, perform_together
from graphql_app.engine.execute.session import Session
from graphql_app.engine.execute.writes import perform_write, reread
from graphql_app.errors import Code, DatabaseError, RequestError
from graphql_app.runtime.digests import digest


@dataclass(slots=True)
class CallWork:
    """A compiled call at work. `place` is the root whose write is being done; None while that is none.

    `rows` are those touched by writes, or received by reads, in the last attempt. Of a `dry_run` nothing is to stay.
    """

    prepared: PreparedCall
    slots: Sequence[object]
    dry_run: bool = False
    place: int | None = None
    rows: int = 0

    def __post_init__(self) -> None:
        """Raises `RequestError` where a dry run could not be undone."""
        if self.dry_run and not self.prepared.transactional:
            raise RequestError(Code.DRY_RUN_UNSUPPORTED, "A table among those written knows no transactions")

    def perform(self, session: Session) -> Awaitable[Sequence[Value]]:
        """What each root gives."""
        self.rows = 0
        if self.prepared.writes is None:
            return perform_reads(session, self.prepared.reads, self.slots, self.received)
        return self._writes(session, self.prepared.writes)

    async def _writes(self, session: Session, writes: Sequence[CompiledWrite | bytes]) -> list[bytes]:
        if self.prepared.guard is not None:
            await check_guard(session, self.prepared.guard, self.slots)
        values: list[bytes] = []
        for place, write in enumerate(writes):
            self.place = place
            values.append(write if isinstance(write, bytes) else await self._write(session, write))
        self.place = None
        return values

    @property
    def again(self) -> Callable[[Session], Awaitable[Sequence[Value]]] | None:
        """What finds the answer of the one insert again; None where there is no such insert, or nothing of it stays."""
        return None if self.prepared.alone is None or self.dry_run else self.reread

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

    def received(self, rows: int) -> None:
        """So many rows came."""
        self.rows += rows


async def check_guard(session: Session, guard: CompiledGuard, slots: Sequence[object]) -> None:
    """Raises `DatabaseError` (PRECONDITION_FAILED) where the row that is locked is not as it must be."""
    batch = NodeRows(guard.node)
    await fetch(session, [batch], slots, last=False)
    row = whole(batch)
    there = row != guard.node.missing
    if guard.absent == there or (there and guard.tags and digest(row) not in guard.tags):
        why = "is there already" if guard.absent else "has changed" if there else "is not there"
        error = DatabaseError(Code.PRECONDITION_FAILED, f"The row {why}: nothing was written")
        session.undo(error)
        raise error


def joins(prepared: PreparedCall) -> bool:
    """Whether a call is a read that can be asked along with those of other callers: see `perform_calls`."""
    one = prepared.writes is None and len(prepared.reads) == 1 and prepared.estimate is None
    return one and can_join(prepared.reads[0])


async def perform_calls(works: Sequence[CallWork], session: Session) -> list[Value]:
    """What each call's one root gives, each level of all of them in one packet: all see one snapshot."""
    for work in works:
        work.rows = 0
    reads = [ReadOfMany(work.prepared.reads[0], work.slots, work.received) for work in works]
    return await perform_together(session, reads)
