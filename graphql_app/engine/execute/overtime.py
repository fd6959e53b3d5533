"""What becomes of an attempt that is out of time: it goes on beside the schedule as long as its connection is sound.

Stopping a slow statement and sending it again makes it slower. So the schedule runs on without it: its attempts are
timed out one after the other and each is told as failed, its pauses pass. In each pause another connection asks the
server whether the statement still runs. Where the server is at nothing, or is silent, the next attempt of the schedule
is a new one. The old one is stopped before; but a read whose server is silent is still listened to, and the first
answer counts. At the end of the last attempt everything is stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from graphql_app.engine.execute.attempt import Attempt
from graphql_app.engine.execute.cancellation import GRACE, Sign, StatementCanceller
from graphql_app.engine.execute.retry import Kind, Wait, decide
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.pool import Pool
from graphql_app.engine.mysql.server_errors import classify
from graphql_app.observability.events import AttemptFailed, Observer

_STREAMING: Final = 64 * 1024
"""Bytes of an answer that have to arrive in a pause, if the server is at nothing any more, for it to be waited for."""
_SPARE: Final = 5
"""While others wait, one of so many connections of the pool is not held by attempts that are out of time."""


T = TypeVar("T")


class Successor(Protocol):
    """Starts the attempts that follow on one that goes on; None where there may be none."""

    def __call__(self, attempt: Attempt[T]) -> asyncio.Task[tuple[T, int]] | None: ...


class Overtime:
    """The attempts of one executor that are out of time and go on."""

    def __init__(
        self,
        pool: Pool,
        stopper: StatementCanceller,
        observer: Observer,
        chance: Callable[[], float],
        successor: Successor,
    ) -> None:
        """`chance` as in `Executor`."""
        self._successor = successor
        self._chance = chance
        self._pool = pool
        self._stopper = stopper
        self._observer = observer
        self._going: set[asyncio.Task[None]] = set()

    def begin(self, attempt: Attempt[Any]) -> asyncio.Task[None] | None:
        """Keeps the time of an attempt that goes on from now, and ends it; None if it may not go on."""
        size = self._pool.settings.size
        if self._pool.crowded(attempt.unit.bulkhead) and len(self._going) >= size - max(size // _SPARE, 1):
            return None
        task = self._pool.loop.create_task(self._keep_time(attempt), context=attempt.context)
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return task

    async def _keep_time(self, attempt: Attempt[Any]) -> None:
        times = attempt.times
        try:
            while attempt.number < len(times.delays):
                self._tell(attempt)
                sign = await self._sign(attempt)
                if sign is Sign.OVER or (sign is Sign.SILENT and attempt.unit.kind is not Kind.READ):
                    break
                await asyncio.sleep(pause_left(attempt, self._pool.loop.time()))
                if sign is Sign.SILENT and (successor := self._followed(attempt)) is not None:
                    await asyncio.wait({successor})
                    break
                attempt.number += 1
                attempt.began, attempt.pause_ends = self._pool.loop.time(), None
                await asyncio.sleep(times.timeouts[attempt.number])
        except asyncio.CancelledError:
            raise  # the attempt has ended by itself
        except BaseException:
            attempt.stop()
            raise
        attempt.stop()

    def _tell(self, attempt: Attempt[Any]) -> None:
        now, number = self._pool.loop.time(), attempt.number
        attempt.pause_ends = now + attempt.times.pause(number, self._chance())
        attempt.session.failed = attempt.failed
        kind, seconds = attempt.unit.kind, now - attempt.began
        self._observer(AttemptFailed(kind, number, FailureClass.UNKNOWN, 0, seconds, continues=True))
        self._pool.suspect(attempt.connection)

    def _followed(self, attempt: Attempt[T]) -> asyncio.Task[tuple[T, int]] | None:
        """Another attempt beside this one, in its place in the pool; None if there may be none."""
        attempt.successor = self._successor(attempt)
        if attempt.successor is not None:
            self._pool.set_aside(attempt.connection)
        return attempt.successor

    async def _sign(self, attempt: Attempt[Any]) -> Sign:
        """What is known of the statement before the end of the pause. It counts as running where nothing can help."""
        connection = attempt.connection
        awaited = connection.awaited
        if awaited is None:
            # The work is at something else. What it sends next will tell.
            return Sign.RUNS
        size = awaited.size
        sign = await self._stopper.look(connection, max(pause_left(attempt, self._pool.loop.time()) - GRACE, GRACE))
        if sign is Sign.OVER:
            # Its answer may be on the way.
            await asyncio.sleep(GRACE)
        still = connection.awaited is awaited and awaited.size - size < _STREAMING
        return sign if still and _may_repeat(attempt) else Sign.RUNS


def pause_left(attempt: Attempt[Any], now: float) -> float:
    """The seconds that are left of the pause after an attempt that went on."""
    return max((attempt.pause_ends or now) - now, 0.0)


def _may_repeat(attempt: Attempt[Any]) -> bool:
    unit = attempt.unit
    failure = classify(TimeoutError(), attempt.session.phase, transactional=unit.transactional)
    decision = decide(attempt.times, failure, attempt.number, unit.kind, settled=unit.settled)
    return isinstance(decision, Wait)
