"""Polls that differ in their callers' values only: those that are due together are asked together, in one packet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final, Protocol

MOST: Final = 50
"""Polls in one packet."""
GATHER: Final = 0.002
"""Seconds in which those that the same write has woken come along."""

Answer = bytes | None
PollOutcome = Answer | Exception
"""An answer, or what its poll raises in its place."""


class GroupedPoll(Protocol):
    """A poll of the group."""

    @property
    def due_soon(self) -> bool:
        """Whether it rests, and has for so long that it may as well be asked now."""

    def wake(self) -> None:
        """It is to be asked."""


Turn = Callable[[str], AbstractAsyncContextManager[None]]
Start = Callable[[Coroutine[None, None, None]], object]
Together = Callable[[list[GroupedPoll]], Coroutine[None, None, list[PollOutcome]]]
"""Asks the sources of polls in one packet. Raises `AppError` for all of them."""


class PollGroup:
    """The polls of one group. `turn` is a place at the database, for a client; `start` makes a task.

    A packet that fails as a whole makes the next ones smaller.
    """

    def __init__(self, turn: Turn, start: Start, together: Together) -> None:
        self.members: dict[GroupedPoll, None] = {}
        self._turn = turn
        self._start = start
        self._together = together
        self._most = MOST
        self._open: dict[GroupedPoll, asyncio.Future[Answer]] | None = None

    async def answer(self, poll: GroupedPoll, client: str) -> Answer:
        """The answer to a poll, asked along with others. Raises what the poll's source raises."""
        packet = self._open
        if packet is None or len(packet) >= self._most:
            packet = self._open = {}
            self._start(self._ask(packet, client))
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        packet[poll] = future
        return await future

    async def _ask(self, packet: dict[GroupedPoll, asyncio.Future[Answer]], client: str) -> None:
        try:
            async with self._turn(client):
                await self._gather(packet)
                polls = [poll for poll, future in packet.items() if not future.done()]
                outcomes = await self._outcomes(polls) if polls else []
            for poll, outcome in zip(polls, outcomes, strict=True):
                _give(packet[poll], outcome)
        finally:
            # The program ends, or something unexpected happened.
            for future in packet.values():
                future.cancel()

    async def _outcomes(self, polls: list[GroupedPoll]) -> list[PollOutcome]:
        try:
            outcomes = await self._together(polls)
        except Exception as error:
            # Together they may be too much where one by one they are not.
            self._most = max(1, len(polls) // 2)
            return [error] * len(polls)
        self._most = min(MOST, self._most * 2)
        return outcomes

    async def _gather(self, packet: dict[GroupedPoll, asyncio.Future[Answer]]) -> None:
        """Lets others come along: those that are due soon, and those that the same write wakes."""
        if self._open is packet:
            for poll in tuple(self.members):
                if poll not in packet and poll.due_soon:
                    poll.wake()
        if len(self.members) > len(packet):
            await asyncio.sleep(GATHER)
        if self._open is packet:
            self._open = None


def _give(future: asyncio.Future[Answer], outcome: PollOutcome) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


class PollGroups:
    """All groups, by what their polls have in common."""

    def __init__(self, turn: Turn, start: Start, together: Together) -> None:
        self._make = partial(PollGroup, turn, start, together)
        self._groups: dict[Hashable, PollGroup] = {}

    def __len__(self) -> int:
        """How many groups there are."""
        return len(self._groups)

    def join(self, poll: GroupedPoll, key: Hashable) -> PollGroup:
        """The group that a poll is asked with from now on."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = self._make()
        group.members[poll] = None
        return group

    def leave(self, poll: GroupedPoll, key: Hashable) -> None:
        """The poll is asked no more, or by itself."""
        group = self._groups.get(key)
        if group is not None:
            group.members.pop(poll, None)
            if not group.members:
                del self._groups[key]
