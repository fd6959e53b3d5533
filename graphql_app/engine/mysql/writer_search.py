"""One search for the writer among several servers: they are dialled one behind the other, the first fit one wins."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from graphql_app.engine.mysql.connection import Connection
from graphql_app.engine.mysql.hosts import Host, why_no_writer

STAGGER = 0.05
"""Seconds between the beginnings of the dials of one search."""
GRACE = 0.15
"""Seconds in which a server that comes first may answer, before a later one is taken instead."""
PATIENCE = 0.35
"""The same for the one that is the writer: to leave it gives up what is under way there."""
AGAIN = 0.1
"""Seconds after which a server that was of no use is asked again, as long as another has not answered."""


class WriterSearch:
    """`order` is that of the wish; `known` is the server that was the writer until now, if there is one."""

    def __init__(self, order: Sequence[Host], known: Host | None) -> None:
        self._order = order
        self._known = known
        self._found: dict[int, Connection] = {}
        self._failed: set[int] = set()
        self._late = False
        self._turns = [asyncio.Event() for _ in order]
        self._result: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self, limit: float, lock_wait: int) -> tuple[Host, Connection]:
        """The writer and a connection to it, within `limit` seconds. Raises what `why_no_writer` gives."""
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(STAGGER * rank, turn.set) for rank, turn in enumerate(self._turns)]
        timers.append(loop.call_later(GRACE if self._known is None else PATIENCE, self._run_late))
        tasks = [loop.create_task(self._seek(rank, limit, lock_wait)) for rank in range(len(self._order))]
        try:
            async with asyncio.timeout(limit):
                rank = await self._result
            self._note_silent(rank)
            return self._order[rank], self._found.pop(rank)
        except TimeoutError:
            self._note_silent(len(self._order))
            raise why_no_writer(self._order) from None
        finally:
            for timer in timers:
                timer.cancel()
            if not self._result.cancel() and not self._result.cancelled():
                self._result.exception()  # told already, or come too late to be told
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            for rest in self._found.values():
                rest.close()

    async def _seek(self, rank: int, limit: float, lock_wait: int) -> None:
        await self._turns[rank].wait()
        while True:
            connection = await self._order[rank].writer_connection(limit, lock_wait)
            if connection is not None:
                self._found[rank] = connection
                self._decide()
                return
            self._failed.add(rank)
            self._turns[min(rank + 1, len(self._turns) - 1)].set()
            self._decide()
            await asyncio.sleep(AGAIN)

    def _run_late(self) -> None:
        self._late = True
        self._decide()

    def _decide(self) -> None:
        if self._result.done():
            return
        for rank in sorted(self._found):
            if self._first(rank) and self._unrivalled(rank):
                self._result.set_result(rank)
                return
        if self._all_heard:
            self._result.set_exception(why_no_writer(self._order))

    @property
    def _all_heard(self) -> bool:
        return len(self._failed | self._found.keys()) == len(self._order)

    def _first(self, rank: int) -> bool:
        return self._late or not set(range(rank)) - self._failed

    def _unrivalled(self, rank: int) -> bool:
        """Whether nobody else claims to be the writer, as far as can be known by now."""
        host = self._order[rank]
        if host is self._known or host.group:
            return True
        return (self._late or self._all_heard) and not any(host.rivals(self._order[other]) for other in self._found)

    def _note_silent(self, before: int) -> None:
        for rank in range(before):
            if rank not in self._failed and rank not in self._found:
                self._order[rank].silent()
