"""What becomes of an attempt that is out of time: it goes on beside the schedule as long as its connection is sound.

Stopping a slow statement and sending it again makes it slower. So the schedule runs on without it: its attempts are
timed out one after the other and each is told as failed, its pauses pass. In each pause another connection asks the
server whether the statement still runs. Where the server is at nothing, or is silent, the attempt is stopped,
and the next one of the schedule is a new one. At the end of the last one it is stopped in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from graphql_app.engine.execute.attempt import Attempt
from graphql_app.engine.execute.cancellation import GRACE, Sign, StatementCanceller
from graphql_app.engine.execute.retry import Wait, decide
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.pool import Pool
from graphql_app.engine.mysql.server_errors import classify
from graphql_app.observability.events import AttemptFailed, Observer

_STREAMING: Final = 64 * 1024
"""Bytes of an answer that have to arrive in a pause, if the server is at nothing any more, for it to be waited for."""
_SPARE: Final = 5
"""While others wait, one of so many connections of the pool is not held by attempts that are out of time."""


class Overtime:
    """The attempts of one executor that are out of time and go on."""

    def __init__(
        self, pool: Pool, stopper: StatementCanceller, observer: Observer, chance: Callable[[], float]
    ) -> None:
        """`chance` as in `Executor`."""
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
                if await self._lost(attempt):
                    break
                await asyncio.sleep(pause_left(attempt, self._pool.loop.time()))
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

    async def _lost(self, attempt: Attempt[Any]) -> bool:
        """Whether another attempt is needed, and can help. Says so before the end of the pause."""
        connection = attempt.connection
        awaited = connection.awaited
        if awaited is None:
            # The work is at something else. What it sends next will tell.
            return False
        size = awaited.size
        sign = await self._stopper.look(connection, max(pause_left(attempt, self._pool.loop.time()) - GRACE, GRACE))
        if sign is Sign.OVER:
            # Its answer may be on the way.
            await asyncio.sleep(GRACE)
        still = connection.awaited is awaited and awaited.size - size < _STREAMING
        return sign is not Sign.RUNS and still and _may_repeat(attempt)


def pause_left(attempt: Attempt[Any], now: float) -> float:
    """The seconds that are left of the pause after an attempt that went on."""
    return max((attempt.pause_ends or now) - now, 0.0)


def _may_repeat(attempt: Attempt[Any]) -> bool:
    unit = attempt.unit
    failure = classify(TimeoutError(), attempt.session.phase, transactional=unit.transactional)
    decision = decide(attempt.times, failure, attempt.number, unit.kind, settled=unit.settled)
    return isinstance(decision, Wait)
