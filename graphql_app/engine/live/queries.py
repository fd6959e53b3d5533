"""Live queries: one poll for each distinct query, shared by all who watch it; an answer is sent on when it changed.

A poll runs every `interval`, and at once after a write of ours to a table that it reads. It
goes through the executor like every read. While the database is away nobody is told anything:
the polls rest until one sign of life, asked for by one task, and then go on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Sized
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from graphql_app.engine.live.packets import PollGroups, PollOutcome
from graphql_app.engine.live.sources import (
    AGAIN as AGAIN,
    COMPLETE as COMPLETE,
    AnswerListener as AnswerListener,
    Ended as Ended,
    PolledSource as PolledSource,
)
from graphql_app.engine.live.turns import Turns
from graphql_app.engine.mysql.server_errors import StaleSchema
from graphql_app.errors import AppError, Code, GatewayTimeoutException, RequestError, ServiceUnavailableException
from graphql_app.observability.events import LiveQueryPolled, Observer, UnexpectedError

WAKE_GAP = 0.05
"""Seconds between the starts of two polls of one query, however much is written; less where `interval` is."""
HEAL_PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds between the signs of life that are asked for while the database is away; the last one stays."""
STALE_PATIENCE = 5
"""Polls in a row that may meet a changed structure before their watchers are told: it is about to be read again."""
FAREWELL = 0.5
"""Seconds that a poll at the database has to end by itself when nobody watches it any more."""
KEPT_BYTES = 65_536
"""An answer of this size is kept while its query is polled."""
_JITTER = (0.9, 1.1)


@dataclass(frozen=True, slots=True)
class LiveQuerySettings:
    """`interval` in seconds; `most` distinct queries, of which `at_once` may be at the database together."""

    interval: float = 1.0
    most: int = 1_000
    at_once: int = 4


class Subscription:
    """A watcher's place at a poll."""

    __slots__ = ("_poll", "told", "watcher")

    def __init__(self, poll: PolledQuery, watcher: AnswerListener) -> None:
        self._poll = poll
        self.watcher = watcher
        self.told = False

    def taken(self) -> None:
        """The last answer offered has left."""
        self._poll.taken()

    def close(self) -> None:
        """Ends the watching; the last one to leave ends the poll."""
        self._poll.leave(self)


class LiveQueryHub:
    """All polls. `probe` asks the database for a sign of life and raises `AppError` if there is none."""

    def __init__(self, probe: Callable[[], Awaitable[None]], settings: LiveQuerySettings, observer: Observer) -> None:
        self.settings = settings
        self.observer = observer
        self.slots = Turns(settings.at_once)
        self.reachable = asyncio.Event()
        self.reachable.set()
        self._probe = probe
        self._polls: dict[Hashable, PolledQuery] = {}
        self._readers: dict[str, dict[PolledQuery, None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._others: dict[AnswerListener, None] = {}
        self._closed = False
        self.on_interest: Callable[[bool], None] = _nobody_asks
        """Told when the first query is watched, and when none is any more."""
        self.groups = PollGroups(self.slots.turn, self.start, _asked_together)

    def watch(
        self, key: Hashable, make: Callable[[], PolledSource], watcher: AnswerListener, client: str = ""
    ) -> Subscription:
        """Watches the query that `key` stands for; `make` gives its source if nobody watches it yet.

        The polls of each `client` take turns with those of the others.

        Raises `RequestError` (LIMIT_EXCEEDED) if there are too many, and what `make` raises.
        """
        poll = self._polls.get(key)
        if poll is None:
            if self._closed:
                raise ServiceUnavailableException("The program is shutting down")
            self._check_number(self._polls)
            poll = PolledQuery(self, key, make(), client)
            if not self._polls:
                self.on_interest(True)
            self._polls[key] = poll
        return poll.join(watcher)

    def attach(self, listener: AnswerListener) -> None:
        """`listener` is told of the program's end, though it watches no query. Raises as `watch`."""
        if self._closed:
            raise ServiceUnavailableException("The program is shutting down")
        self._check_number(self._others)
        self._others[listener] = None

    def _check_number(self, known: Sized) -> None:
        if len(known) >= self.settings.most:
            raise RequestError(Code.LIMIT_EXCEEDED, f"More than {self.settings.most} distinct subscriptions")

    def detach(self, listener: AnswerListener) -> None:
        """It is not told any more."""
        self._others.pop(listener, None)

    def wrote(self, tables: Iterable[str]) -> None:
        """Rows of `tables` were written by this process or a peer: queries that read them are polled at once."""
        for table in tables:
            for poll in self._readers.get(table, ()):
                poll.wake()

    def away(self) -> None:
        """The database does not answer: no poll until it does."""
        if self.reachable.is_set() and not self._closed:
            self.reachable.clear()
            self.start(self._heal())

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """A task that `close` ends. It belongs to no request, whoever's was the first to need it."""
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _heal(self) -> None:
        pauses = iter(HEAL_PAUSES)
        while not self.reachable.is_set():
            await asyncio.sleep(next(pauses, HEAL_PAUSES[-1]) * random.uniform(*_JITTER))
            with suppress(AppError):
                await self._probe()
                self.reachable.set()

    def reads(self, poll: PolledQuery, before: frozenset[str], now: frozenset[str]) -> None:
        """A poll reads other tables than before."""
        for table in before - now:
            readers = self._readers[table]
            del readers[poll]
            if not readers:
                del self._readers[table]
        for table in now - before:
            self._readers.setdefault(table, {})[poll] = None

    def forget(self, key: Hashable, poll: PolledQuery) -> None:
        """A poll ended. Its key may be another's by now."""
        if self._polls.get(key) is poll:
            del self._polls[key]
            if not self._polls:
                self.on_interest(False)

    @property
    def distinct(self) -> int:
        """How many queries are polled."""
        return len(self._polls)

    def stop(self) -> None:
        """Tells every watcher that the program ends; nothing is polled from now on."""
        self._closed = True
        for poll in list(self._polls.values()):
            poll.end(None)
        while self._others:
            self._others.popitem()[0].end(None)

    async def close(self) -> None:
        """Ends everything, and waits until no task is left."""
        self.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _nobody_asks(_live: bool) -> None:
    """Where there is no other process to tell."""


async def _asked_together(polls: list[Any]) -> list[PollOutcome]:
    sources = [poll.source for poll in polls]
    found: list[PollOutcome] = await sources[0].together(sources)
    return found


class PolledQuery:
    """The polling of one query: lives as long as somebody watches it."""

    def __init__(self, all_polls: LiveQueryHub, key: Hashable, source: PolledSource, client: str) -> None:
        self.source = source
        self._all = all_polls
        self._key = key
        self._client = client
        self._watches: dict[Subscription, None] = {}
        self._last: bytes | None = None
        self._print: bytes | None = None
        self._asking = False
        self._failures = 0
        self._backoff = 0
        self._tables: frozenset[str] = frozenset()
        self._woken = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()
        self._started = 0.0
        self._grouped: Hashable = None
        self._read(source.tables)
        self.task = all_polls.start(self._run())

    # --- watchers --------------------------------------------------------------

    def join(self, watcher: AnswerListener) -> Subscription:
        """Another watcher: told the last answer, unless it is known to be old."""
        watch = Subscription(self, watcher)
        self._watches[watch] = None
        if self._last and not self._woken.is_set() and not self._failures:
            self._tell(watch, self._last)
        else:
            self.wake()
        return watch

    def leave(self, watch: Subscription) -> None:
        """A watcher goes. With the last one the poll ends: at once, or if it is at the database, a moment later.

        So most end by themselves, which spares the server a kill; a statement that takes long is stopped.
        """
        self._watches.pop(watch, None)
        if self._asking:
            asyncio.get_running_loop().call_later(FAREWELL, self._give_up)
        else:
            self._give_up()

    def _give_up(self) -> None:
        if not self._watches:
            self._finish()
            self.task.cancel()

    def taken(self) -> None:
        """The last answer has left: a stream may read on."""
        if self.source.in_order:
            self._free.set()
            self.wake()

    def wake(self) -> None:
        """The answer may have changed."""
        self._woken.set()

    def end(self, answer: bytes | None) -> None:
        """Tells all watchers that nothing more will come."""
        self._finish()
        while self._watches:
            self._watches.popitem()[0].watcher.end(answer)
        if not self._asking:
            self.task.cancel()

    def _finish(self) -> None:
        # From now on the key is free: the next subscriber starts a new poll.
        self._all.forget(self._key, self)
        self._read(frozenset())
        self._belong(None)

    def _belong(self, group: Hashable) -> None:
        if self._grouped is not None and self._grouped != group:
            self._all.groups.leave(self, self._grouped)
        self._grouped = group

    @property
    def due_soon(self) -> bool:
        """Whether it rests, and has for half of its time."""
        now = asyncio.get_running_loop().time()
        return not (self._asking or self._backoff) and now - self._started > self._all.settings.interval / 2

    def _read(self, tables: frozenset[str]) -> None:
        if tables is not self._tables:
            self._all.reads(self, self._tables, tables)
            self._tables = tables

    # --- polling ---------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._free.wait()
            await self._all.reachable.wait()
            self._belong(self.source.group)
            if self._grouped is None:
                async with self._all.slots.turn(self._client):
                    await self._poll(self.source.answer())
            else:
                group = self._all.groups.join(self, self._grouped)
                await self._poll(group.answer(self, self._client))
            if not self._watches:
                return self._finish()
            if self._all.reachable.is_set():
                await self._pause(self._started)

    async def _poll(self, asking: Coroutine[None, None, bytes | None]) -> None:
        self._started = asyncio.get_running_loop().time()
        self._woken.clear()
        self._asking = True
        try:
            await self._ask(asking, self._started)
        finally:
            self._asking = False

    async def _ask(self, asking: Coroutine[None, None, bytes | None], started: float) -> None:
        try:
            answer = await asking
        except Ended as ended:
            self.end(ended.answer)
        except AppError as error:
            self._failed(error)
        except Exception as error:
            self._all.observer(UnexpectedError("subscriptions", error))
            self._failures += 1
            self._backoff += 1
        else:
            self._failures = self._backoff = 0
            self._read(self.source.tables)
            self._spread(answer, started)

    def _failed(self, error: AppError) -> None:
        """An outage and a slow database are waited out; a structure that changed is about to be read again.

        What is wrong with the request itself stays wrong.
        """
        self._failures += 1
        if isinstance(error, ServiceUnavailableException):
            self._all.away()
        elif isinstance(error, RequestError):
            self.end(self.source.explain(error))
        elif isinstance(error, StaleSchema) and self._failures <= STALE_PATIENCE:
            pass
        else:
            self._backoff += 1
            if not isinstance(error, GatewayTimeoutException):
                self._spread(self.source.explain(error), asyncio.get_running_loop().time())

    def _spread(self, answer: bytes | None, started: float) -> None:
        """Tells those who do not have this answer."""
        changed = answer is not None and (self.source.in_order or not self._is_last(answer))
        if answer is not None:
            self._keep(None if self.source.in_order else answer)
            for watch in list(self._watches):
                if changed or not watch.told:
                    self._tell(watch, answer)
        seconds = asyncio.get_running_loop().time() - started
        self._all.observer(LiveQueryPolled(seconds, changed, len(self._watches)))

    def _is_last(self, answer: bytes) -> bool:
        if len(answer) <= KEPT_BYTES:
            return answer == self._last
        return self._print == _fingerprint(answer)

    def _keep(self, answer: bytes | None) -> None:
        """Keeps an answer for later subscribers, and to compare; of a large one only what tells it from another."""
        short = answer is None or len(answer) <= KEPT_BYTES
        self._last = answer if short else b""
        self._print = _fingerprint(answer) if answer is not None and not short else None

    def _tell(self, watch: Subscription, answer: bytes) -> None:
        watch.told = True
        if self.source.in_order:
            self._free.clear()
        watch.watcher.offer(answer)

    async def _pause(self, started: float) -> None:
        """Until the next poll is due, or sooner if there was a write, but never at once after the last."""
        loop = asyncio.get_running_loop()
        took = loop.time() - started
        # A slow query gets as much rest as it takes, one that fails ever more.
        wished = self._all.settings.interval
        interval = wished * random.uniform(*_JITTER) * 2 ** min(self._backoff, 4)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(interval - took, took, 0.0)):
                await self._woken.wait()
        await asyncio.sleep(max(started + min(WAKE_GAP, wished) - loop.time(), 0.0))


def _fingerprint(answer: bytes) -> bytes:
    return blake2b(answer, digest_size=16).digest()
