"""One unit of work against the database: repeated whole or not at all. Nothing below this repeats anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from random import random
from typing import Any

from graphql_app.engine.execute import ledger
from graphql_app.engine.execute.attempt import AlreadyDone, Attempt, AttemptError, Job, T, UnitOfWork
from graphql_app.engine.execute.cancellation import StatementCanceller
from graphql_app.engine.execute.ledger import CommitState, IdempotentResult, Ledger, LedgerEntry, LedgerGone
from graphql_app.engine.execute.overtime import Overtime, pause_left
from graphql_app.engine.execute.retry import GiveUp, Kind, RetryBudget, Schedule, decide
from graphql_app.engine.execute.session import Session
from graphql_app.engine.execute.sign_of_life import sign_of_life
from graphql_app.engine.execute.stream import STREAM_SETUP, RowStream
from graphql_app.engine.mysql.dial import ConnectionLost, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.pool import Bulkhead, Pool
from graphql_app.engine.mysql.server_codes import cause_of
from graphql_app.engine.mysql.server_errors import Phase, error_code, is_unexpected, node_is_unfit, to_app_error
from graphql_app.errors import AppError, Code, Outcome, RequestError, ServiceUnavailableException
from graphql_app.observability.events import (
    AnswerReplayed,
    AttemptFailed as AttemptFailedEvent,
    Observer,
    OutcomeSettled,
    RetriesExhausted,
    RetryBudgetExhausted,
    Retrying,
    UnexpectedError,
    ignore,
)

_PROBE = Schedule((0.8,), ())
_LAST_LOOK = Schedule((0.2,), ())
"""The time in which the ledger says what became of a write whose last attempt was not answered."""
_LEDGER_WORK = Schedule((20.0,), ())
"""Making the ledger's table, and deleting old rows."""

BULK = Schedule((30.0, 60.0, 60.0), (0.4, 0.8))
"""For import and export: a sort of a whole table, or a megabyte of rows, takes long."""
ONCE = Schedule((3600.0,), ())
"""For what cannot be repeated."""
_ENTRIES = 3
"""How many entries that stand for nothing a write under a client's key passes by."""

Mark = Callable[[], bytes]


class Executor:
    """Runs units of work on a pool, by a schedule. The clock is the running loop's.

    Which error ends a unit of work: one that repeating cannot help (a duplicate key) is
    raised at once; else the cause of the last attempt decides. Out of time, waiting for
    a lock included, is 504. A database that cannot be reached, was lost, is full or may not
    write is 503, and so are deadlocks that did not end: try later.

    `mark` gives the comment that a unit's statements end with, made when it begins; `chance` a number from 0 to 1,
    by which a pause is a little shorter.
    """

    def __init__(
        self,
        pool: Pool,
        schedule: Schedule | None = None,
        observer: Observer = ignore,
        *,
        use_ledger: bool = False,
        mark: Mark | None = None,
        chance: Callable[[], float] = random,
    ) -> None:
        self._chance = chance
        self._pool = pool
        self._schedule = schedule or Schedule()
        self._observer = observer
        self._mark = mark or bytes  # no bytes
        self._stopper = StatementCanceller(pool, observer)
        self._overtime = Overtime(pool, self._stopper, observer, self._chance, self._follow)
        self._budget = RetryBudget()
        self.ledger = Ledger(self._ledger_work, observer, enabled=use_ledger)

    def run(
        self,
        kind: Kind,
        job: Job[T],
        *,
        bulk: bool = False,
        transactional: bool = True,
        schedule: Schedule | None = None,
        repeatable: bool = True,
        reread: Job[T] | None = None,
        discard: bool = False,
    ) -> Coroutine[Any, Any, tuple[T, int]]:
        """The value of `job` and the number of attempts that failed before it succeeded.

        `job` may run several times, each time with a session of its own, and must do all its
        work through it. A write is one transaction; `transactional=False` says that a table in it
        cannot roll back. Reads and control work may be repeated at will. `bulk` takes the
        slots for import and export; `schedule` replaces the executor's own. `repeatable=False` says
        that `job` may be begun once only. `reread` allows a write to use `Session.query_whole`: it reads the value of
        one that counts and was not answered, with `LAST_INSERT_ID()` as it was. `discard`: it is rolled back.

        Raises `AppError` with `retry_count` and, for writes, `outcome` set; what else `job` raises
        passes through after a rollback. A caller that is cancelled has its statement stopped.
        """
        times = schedule or self._schedule
        noted = kind is Kind.WRITE and transactional and repeatable and not discard
        settlement: CommitState[T] | None = self.ledger.settlement(None) if noted else None
        bulkhead, mark = _bulkhead(kind, bulk), self._mark()
        unit = UnitOfWork(kind, job, bulkhead, transactional, settlement, None, reread, discard, mark)
        return self._run(unit, times)

    async def run_once(
        self, job: Job[bytes], entry: LedgerEntry, *, bulk: bool = False, transactional: bool = True
    ) -> IdempotentResult:
        """The answer of a write under a client's key: that of `job`, or the one it gave when it was done before.

        The answer is stored in the transaction of the work, so it is there if and only if the
        work counts. What fails is not stored: nothing was done, and the key is free.

        Raises as `run`, and `RequestError`: IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_USE, or
        IDEMPOTENCY_KEY_UNSUPPORTED where there is no ledger or a table cannot roll back.
        """
        settlement: CommitState[bytes] | None = self.ledger.settlement(entry) if transactional else None
        if settlement is None:
            raise ledger.key_unsupported()
        if entry.id in self.ledger.busy:
            raise ledger.key_in_use()
        self.ledger.busy.add(entry.id)
        try:
            bulkhead, mark = _bulkhead(Kind.WRITE, bulk), self._mark()
            unit = UnitOfWork(Kind.WRITE, job, bulkhead, transactional, settlement, settlement.keep, mark=mark)
            return await self._once(unit, settlement, BULK if bulk else self._schedule)
        except LedgerGone:
            raise ledger.key_unsupported() from None
        finally:
            self.ledger.busy.discard(entry.id)

    async def _once(self, unit: UnitOfWork[bytes], settlement: CommitState[bytes], times: Schedule) -> IdempotentResult:
        """The answer of the work or of its entry. An entry that stood for nothing is freed, and the work goes on."""
        number = 0
        for _ in range(_ENTRIES):
            try:
                answer, failed = await self._run(unit, times, number)
                return IdempotentResult(answer, failed, replayed=False)
            except AlreadyDone as done:
                number = done.failed
            found = await self._replay(settlement, number)
            if found is not None:
                return found
            if number == len(times.timeouts):
                break
        raise ledger.key_in_use()

    async def _replay(self, settlement: CommitState[bytes], failed_before: int) -> IdempotentResult | None:
        """The answer that stands in the entry: of another request, or of an attempt of ours that was not answered.

        None where no answer stands there, and the key is free: a look into the ledger did not get to its end after
        an earlier request had failed (`ledger.counts`), or the entry's last hour came in this very moment.
        """
        entry = settlement.entry
        try:
            found, failed = await self.run(Kind.READ, lambda session: ledger.stored(session, entry))
            if found is None:
                return None
            if found[0] is None:
                await self.run(Kind.CONTROL, lambda session: ledger.free(session, entry))
                return None
        except AppError as error:
            # Something under this key counts; whether it is this very request stands in the ledger.
            error.outcome = Outcome.UNKNOWN
            raise
        if found[1] is None:
            # Its transaction ended by itself (`TransactionLost`): nobody knows what became of it.
            raise ledger.key_in_use()
        if found[0] != entry.payload:
            raise RequestError(Code.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key was used for another request")
        if found[1] in settlement.values.values():
            self._observer(OutcomeSettled(applied=True))
            return IdempotentResult(found[1], failed_before, replayed=False)
        self._observer(AnswerReplayed())
        return IdempotentResult(found[1], failed, replayed=True)

    async def _run(self, unit: UnitOfWork[T], times: Schedule, number: int = 0) -> tuple[T, int]:
        """As `run`, from the `number`-th attempt of the schedule on."""
        self._budget.requests += number == 0
        while True:
            overtime = self._overtime.begin if times.continues else None
            attempt = Attempt(self._pool, self._stopper, self.ledger, unit, times, number, overtime)
            try:
                return await attempt.run(), attempt.failed
            except AttemptError as failed:
                if attempt.successor is not None:
                    return await attempt.successor
                delay = self._after(attempt, failed)
                if delay is None:
                    return await self._give_up(attempt, failed), attempt.number + 1
            except AlreadyDone as done:
                return await self._met(unit, attempt.failed, done), attempt.failed
            except LedgerGone:
                unit, number = self._without_ledger(unit), attempt.failed
                continue
            except AppError as error:
                if await self._counts_after_all(unit):
                    return await self._met(unit, attempt.failed, AlreadyDone()), attempt.failed
                error.retry_count = attempt.failed
                if unit.kind is Kind.WRITE and error.outcome is None:
                    error.outcome = _outcome(FailureClass.PERMANENT, unit, Phase.TRANSACTION)
                raise
            finally:
                if attempt.successor is not None:
                    attempt.successor.cancel()
                    await asyncio.wait({attempt.successor})
            await asyncio.sleep(delay)
            number = attempt.number + 1

    def _follow(self, attempt: Attempt[T]) -> asyncio.Task[tuple[T, int]] | None:
        """Runs the rest of the schedule beside an attempt that goes on; None where too many attempts are made."""
        kind, number = attempt.unit.kind, attempt.number + 1
        if not self._budget.draw(self._pool.loop.time()):
            self._observer(RetryBudgetExhausted(kind))
            return None
        self._observer(Retrying(kind, number, 0.0))
        following = asyncio.create_task(self._run(attempt.unit, attempt.times, number))
        # Where the older one answers first nobody asks what became of it.
        following.add_done_callback(lambda done: done.cancelled() or done.exception())
        return following

    async def _met(self, unit: UnitOfWork[T], attempt: int, done: AlreadyDone) -> T:
        """The value of a write that counts, for its entry is there. Raises `done` for a client's: it may be another's.

        Raises `AppError` with the outcome where the value cannot be found again.
        """
        settlement = unit.settlement
        if settlement is None or settlement.entry.payload is not None:
            done.failed = attempt
            raise done
        self._observer(OutcomeSettled(applied=True))
        try:
            number = await self._counting(settlement)
            return settlement.values[number] if number in settlement.values else await self._reread(unit, settlement)
        except AppError as error:
            error.outcome = Outcome.APPLIED
            raise

    async def _counting(self, settlement: CommitState[T]) -> int:
        """The number of the attempt that counts, or of one that would have given the same answer."""
        candidates = list(settlement.unanswered)
        if candidates and all(settlement.alike(candidates[0], other) for other in candidates[1:]):
            return candidates[0]
        return (await self.run(Kind.READ, lambda session: ledger.counting_attempt(session, settlement.entry)))[0]

    async def _reread(self, unit: UnitOfWork[T], settlement: CommitState[T]) -> T:
        reread = unit.reread
        if reread is None:
            raise ServiceUnavailableException("The write is done; its answer was lost")

        async def look(session: Session) -> T:
            await ledger.remind(session, settlement.entry)
            return await reread(session)

        return (await self.run(Kind.READ, look))[0]

    def _without_ledger(self, unit: UnitOfWork[T]) -> UnitOfWork[T]:
        """The same work, to be done without the ledger, which cannot be used."""
        settlement = unit.settlement
        if settlement is None or settlement.entry.payload is not None:
            raise LedgerGone
        if settlement.open or settlement.lost:
            raise ServiceUnavailableException(outcome=Outcome.UNKNOWN)
        return replace(unit, settlement=None)

    def _after(self, attempt: Attempt[T], failed: AttemptError) -> float | None:
        """The pause before the next attempt; None if there is none."""
        unit, times, number = attempt.unit, attempt.times, attempt.number
        kind, failure, error = unit.kind, failed.failure, failed.error
        now = self._pool.loop.time()
        seconds = now - attempt.began
        if attempt.pause_ends is None:
            self._observer(AttemptFailedEvent(kind, number, failure, error_code(error), seconds))
        if failed.node is not None and node_is_unfit(error):
            self._pool.leave(failed.node)
        elif failed.connection is not None and isinstance(error, TimeoutError):
            self._pool.suspect(failed.connection)
        decision = decide(times, failure, number, kind, settled=unit.settled, chance=self._chance())
        if isinstance(decision, GiveUp):
            return None
        if failed.phase is Phase.CONNECT and self._pool.drains_within(unit.bulkhead, 0.8 * times.timeouts[number + 1]):
            # Many wait, and soon it is our turn: a pause would help nobody.
            self._observer(Retrying(kind, number + 1, 0.0))
            return 0.0
        # Who got no connection was no burden to the database.
        if failed.phase is not Phase.CONNECT and not self._budget.draw(now):
            self._observer(RetryBudgetExhausted(kind))
            return None
        if attempt.pause_ends is not None:
            self._observer(Retrying(kind, number + 1, left := pause_left(attempt, now)))
            return left
        self._observer(Retrying(kind, number + 1, decision.delay))
        # An attempt that overran its limit by cleaning up takes that from the pause.
        return decision.delay - max(seconds - times.timeouts[number], 0.0)

    async def _give_up(self, attempt: Attempt[T], failed: AttemptError) -> T:
        """Raises what the caller is told; gives the work's value where the ledger says that it is done after all."""
        unit, failure, error = attempt.unit, failed.failure, failed.error
        kind, made = unit.kind, attempt.number + 1
        if await self._counts_after_all(unit):
            return await self._met(unit, made, AlreadyDone())
        outcome = _outcome(failure, unit, failed.phase) if kind is Kind.WRITE else None
        final = to_app_error(error, failed.phase, outcome=outcome)
        if is_unexpected(error):
            self._observer(UnexpectedError("database", error))
        # A refusal is an answer, not a failed attempt.
        refused = failure is FailureClass.PERMANENT and not final.retry_after
        final.retry_count = attempt.failed if refused else made
        if not refused:
            self._observer(RetriesExhausted(kind, final.retry_count, final.code))
        raise final from error

    async def _counts_after_all(self, unit: UnitOfWork[T]) -> bool:
        """Whether an attempt counts whose COMMIT was not answered. Stays open if the ledger cannot say."""
        settlement = unit.settlement
        if settlement is None or not settlement.open or settlement.lost:
            return False
        look = UnitOfWork(
            Kind.CONTROL, lambda session: ledger.counts(session, settlement.entry), Bulkhead.CONTROL, True
        )
        try:
            applied = await Attempt(self._pool, self._stopper, self.ledger, look, _LAST_LOOK, 0).run()
        except (AttemptError, AppError):
            return False
        if applied and settlement.partial:
            return False
        settlement.open = False
        if not applied:
            self._observer(OutcomeSettled(applied=False))
        return applied

    async def _ledger_work(self, job: Job[None]) -> None:
        await self.run(Kind.CONTROL, job, schedule=_LEDGER_WORK)

    async def stream(self, sql: bytes) -> RowStream:
        """Starts a read of many rows in a bulk slot, repeated until its first rows are there and never after.

        Raises `AppError`. Close the stream.
        """

        async def start(session: Session) -> RowStream:
            opened = await session.open_stream(sql, STREAM_SETUP)
            return RowStream(self._pool, self._stopper, self._observer, *opened)

        found, retries = await self.run(Kind.READ, start, bulk=True, schedule=BULK)
        found.retry_count = retries
        return found

    @property
    def away(self) -> str | None:
        """Why the database is known to be away, in words for the operator; None if it is not."""
        code = self._pool.availability.code
        return None if code is None else cause_of(code)

    async def probe(self, table: str | None = None, *, writes: bool = False) -> None:
        """Asks the database for a sign of life, once. Raises `AppError` (503 or 504) if there is none, with the cause.

        The ledger is looked at where there is one, else `table`. `writes` as in `sign_of_life`.
        """
        if self._pool.availability.code is not None:
            raise ServiceUnavailableException(cause_of(self._pool.availability.code))
        look = sign_of_life(ledger.TABLE if self.ledger.usable else table, writes=writes)
        try:
            await self.run(Kind.CONTROL, look, schedule=_PROBE)
        except ServiceUnavailableException as error:
            cause = error.__cause__
            if isinstance(cause, ServerError | ConnectionLost):
                raise ServiceUnavailableException(cause_of(cause.code)) from cause
            raise

    async def close(self) -> None:
        """Waits for what is being stopped in the background. Close the pool afterwards."""
        await self.ledger.close()
        await self._stopper.close()


def _bulkhead(kind: Kind, bulk: bool) -> Bulkhead:
    if kind is Kind.CONTROL:
        return Bulkhead.CONTROL
    return Bulkhead.BULK if bulk else Bulkhead.INTERACTIVE


def _outcome(failure: FailureClass, unit: UnitOfWork[T], phase: Phase) -> Outcome:
    """What is known of a write that failed for good. A table that cannot roll back may keep a part of it."""
    if unit.settlement is not None:
        return Outcome.UNKNOWN if unit.settlement.open else Outcome.NOT_APPLIED
    kept = failure is FailureClass.PERMANENT and phase is not Phase.CONNECT and not unit.transactional
    return Outcome.UNKNOWN if kept or failure is FailureClass.UNKNOWN else Outcome.NOT_APPLIED
