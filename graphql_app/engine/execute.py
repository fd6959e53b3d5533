"""One unit of work against the database: repeated whole or not at all. Nothing below this repeats anything."""

from __future__ import annotations

import asyncio

from graphql_app.engine.attempt import Attempt, AttemptFailed, Job, T, Unit
from graphql_app.engine.mysql_errors import Phase, to_app_error
from graphql_app.engine.pool import Lane, Pool
from graphql_app.engine.retry import FailureClass, GiveUp, Kind, Schedule, decide
from graphql_app.engine.session import Session
from graphql_app.engine.stop import Stopper
from graphql_app.engine.stream import STREAM_SETUP, RowStream
from graphql_app.errors import AppError, Outcome
from graphql_app.events import AttemptFailed as AttemptFailedEvent
from graphql_app.events import GaveUp, Observer, Retrying, ignore

_PROBE = Schedule((0.8,), ())

BULK = Schedule((30.0, 60.0, 60.0), (0.4, 0.8))
"""For import and export: a sort of a whole table, or a megabyte of rows, takes its time."""
ONCE = Schedule((3600.0,), ())
"""For what cannot be repeated."""


class Executor:
    """Runs units of work on a pool, by a schedule. The clock is the running loop's.

    Which error ends a unit of work: one that repeating cannot help (a duplicate key) is
    raised at once; else the cause of the last attempt decides. Out of time, waiting for
    a lock included, is 504. A database that cannot be reached, was lost, is full or may not
    write is 503, and so are deadlocks that did not end: try later.
    """

    def __init__(self, pool: Pool, schedule: Schedule | None = None, observer: Observer = ignore) -> None:
        self._pool = pool
        self._schedule = schedule or Schedule()
        self._observer = observer
        self._stopper = Stopper(pool, observer)

    async def run(
        self,
        kind: Kind,
        job: Job[T],
        *,
        bulk: bool = False,
        transactional: bool = True,
        schedule: Schedule | None = None,
    ) -> tuple[T, int]:
        """The value of `job` and the number of attempts that failed before it succeeded.

        `job` may run several times, each time with a session of its own, and must do all its
        work through it. A write is one transaction; `transactional=False` says that a table in it
        cannot roll back. Reads and control work may be repeated at will. `bulk` takes the
        slots for import and export; `schedule` replaces the executor's own.

        Raises `AppError` with `retry_count` and, for writes, `outcome` set; what else `job` raises
        passes through after a rollback. A caller that is cancelled has its statement stopped.
        """
        times = schedule or self._schedule
        unit = Unit(kind, job, _lane(kind, bulk), transactional)
        loop = asyncio.get_running_loop()
        for attempt, limit in enumerate(times.timeouts):
            started = loop.time()
            try:
                return await Attempt(self._pool, self._stopper, unit, limit).run(), attempt
            except AttemptFailed as failed:
                seconds = loop.time() - started
                delay = self._after(unit, times, attempt, failed, seconds)
            except AppError as error:
                error.retry_count = attempt
                if kind is Kind.WRITE and error.outcome is None:
                    error.outcome = _outcome(FailureClass.D, unit, Phase.TRANSACTION)
                raise
            # An attempt that overran its limit by cleaning up takes that from the pause.
            await asyncio.sleep(delay - max(seconds - limit, 0.0))
        raise AssertionError("the last attempt returns or raises")

    def _after(self, unit: Unit[T], times: Schedule, attempt: int, failed: AttemptFailed, seconds: float) -> float:
        """The pause before the next attempt. Raises if there is none."""
        kind, failure, error = unit.kind, failed.failure, failed.error
        code = 0 if isinstance(error, TimeoutError) else error.code
        self._observer(AttemptFailedEvent(kind, attempt, failure, code, seconds))
        if failure is FailureClass.B_PRIME:
            self._pool.renew()
        decision = decide(times, failure, attempt, kind)
        if not isinstance(decision, GiveUp):
            self._observer(Retrying(kind, attempt + 1, decision.delay))
            return decision.delay
        outcome = _outcome(failure, unit, failed.phase) if kind is Kind.WRITE else None
        final = to_app_error(error, failed.phase, outcome=outcome)
        # A refusal is an answer, not a failed attempt.
        refused = failure is FailureClass.D and not final.retry_after
        final.retry_count = attempt if refused else attempt + 1
        if not refused:
            self._observer(GaveUp(kind, final.retry_count, final.code))
        raise final from error

    async def stream(self, sql: bytes) -> RowStream:
        """Starts a read of many rows in a bulk slot, repeated until its first rows are there and never after.

        Raises `AppError`. Close the stream.
        """

        async def start(session: Session) -> RowStream:
            opened = await session.open_stream(sql, STREAM_SETUP)
            return RowStream(self._pool, self._stopper, *opened)

        found, retries = await self.run(Kind.READ, start, bulk=True, schedule=BULK)
        found.retry_count = retries
        return found

    async def probe(self) -> None:
        """Asks the database for a sign of life, once. Raises `AppError` (503 or 504) if there is none."""
        await self.run(Kind.CONTROL, _sign_of_life, schedule=_PROBE)

    async def close(self) -> None:
        """Waits for what is being stopped in the background. Close the pool afterwards."""
        await self._stopper.close()


async def _sign_of_life(session: Session) -> None:
    await session.query(b"SELECT 1", last=True)


def _lane(kind: Kind, bulk: bool) -> Lane:
    if kind is Kind.CONTROL:
        return Lane.CONTROL
    return Lane.BULK if bulk else Lane.INTERACTIVE


def _outcome(failure: FailureClass, unit: Unit[T], phase: Phase) -> Outcome:
    """What is known of a write that failed for good. A table that cannot roll back may keep a part of it."""
    kept = failure is FailureClass.D and phase is not Phase.CONNECT and not unit.transactional
    return Outcome.UNKNOWN if kept or failure is FailureClass.C else Outcome.NOT_APPLIED
