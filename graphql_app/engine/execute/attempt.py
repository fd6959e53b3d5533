"""One attempt at a unit of work: its limit over everything in it, and nothing left behind when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from graphql_app.engine.execute.cancellation import GRACE, StatementCanceller, rolled_back
from graphql_app.engine.execute.ledger import CommitState, Ledger, LedgerGone
from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import ClaimRefused, Remains, Session, TransactionLost
from graphql_app.engine.mysql.dial import Connection, ConnectionLost, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.pool import Bulkhead, Pool
from graphql_app.engine.mysql.server_errors import DUPLICATES, Failure, Phase, classify
from graphql_app.runtime.deadlines import Deadline
from graphql_app.runtime.hot_record import hot_record

T = TypeVar("T")
Job = Callable[[Session], Awaitable[T]]


@hot_record
class UnitOfWork(Generic[T]):
    """A unit of work and what is known of it in advance."""

    kind: Kind
    job: Job[T]
    bulkhead: Bulkhead
    transactional: bool
    settlement: CommitState[T] | None = None
    keep: Callable[[T], bytes] | None = None
    """Gives the statement that stores the work's value, to be run together with its COMMIT."""
    reread: Job[T] | None = None
    """Finds the work's value again where it counts and its answer was lost; it may then be sent with its COMMIT."""
    discard: bool = False
    """Nothing of it is to stay: it is rolled back when it is done."""
    mark: bytes = b""
    """The comment that its statements end with, so that the server's logs lead back to the request."""

    @property
    def settled(self) -> bool:
        """Whether the ledger says, before the work is done again, whether it counts."""
        return self.settlement is not None and not self.settlement.partial


class AttemptError(Exception):
    """The work is not done. `failure` says what is known of it; `phase` how far it had come, `node` on which server."""

    def __init__(self, failure: FailureClass, error: Failure, phase: Phase, connection: Connection | None) -> None:
        super().__init__(failure)
        self.failure = failure
        self.error = error
        self.phase = phase
        self.connection = connection
        self.node = None if connection is None else connection.node


class AlreadyDone(Exception):
    """The ledger has the write's entry: it was done before, by an attempt of ours or by another request.

    `failed` attempts of ours were made before that showed.
    """

    failed = 0


BeginOvertime: TypeAlias = "Callable[[Attempt[Any]], asyncio.Task[None] | None]"
"""Lets an attempt whose time is over go on, and gives the task that ends it (`Attempt.stop`); None lets it end."""


class Attempt(Deadline, Generic[T]):
    """One attempt, and the deadline of its work. `run` gives the work's value, or raises `AttemptError` or its error.

    Of a write with a `CommitState` it raises `AlreadyDone` too, and `LedgerGone`.

    It may outlast its time, if `overtime` finds that it does. Then it is the later attempts of the schedule too:
    `number` is that of the one whose time runs or ended last, which began at `began`; `pause_ends` is the end of the
    pause that follows it, None before that. `successor` runs the rest of the schedule beside one whose server is
    silent; the first of both that has a value gives it.
    """

    __slots__ = (
        "_connection",
        "_context",
        "_failed_before",
        "_known",
        "_ledger",
        "_overtime",
        "_pool",
        "_session",
        "_stopper",
        "_timed_out",
        "_timekeeper",
        "_value",
        "began",
        "number",
        "pause_ends",
        "successor",
        "times",
        "unit",
    )

    def __init__(
        self,
        pool: Pool,
        stopper: StatementCanceller,
        ledger: Ledger,
        unit: UnitOfWork[T],
        times: Schedule,
        number: int,
        overtime: BeginOvertime | None = None,
    ) -> None:
        """The `number`-th attempt (from 0) of a schedule, to be run at once. `overtime` may let it go on."""
        super().__init__(times.timeouts[number], pool.loop)
        self._pool = pool
        self._stopper = stopper
        self._ledger = ledger
        self._failed_before = number
        self.unit = unit
        self.times = times
        self.number = number
        self.began = pool.loop.time()
        self.pause_ends: float | None = None
        self.successor: asyncio.Task[tuple[T, int]] | None = None
        self._overtime = overtime
        self._context = copy_context() if overtime is not None else None
        self._timekeeper: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._timed_out = self._known = False
        self._value: T

    async def run(self) -> T:
        """Does the work within the limit."""
        unit, number = self.unit, self.number
        try:
            with self:
                settlement, claim, note = unit.settlement, None, None
                if settlement is not None:
                    if not self._ledger.usable:
                        await self._ledger.open()
                    claim, note = settlement.claim(number), self._note(settlement)
                connection = self._pool.take(unit.bulkhead) or await self._pool.wait(
                    unit.bulkhead, self.times.timeouts[number], again=number > 0
                )
                self._connection = connection
                limit = self.times.statement_limits[number]
                session = self._session = Session(connection, unit.kind, limit, claim, number, unit.mark, note)
                self._value = value = await unit.job(session)
                self._known = True
                if unit.discard:
                    await session.discard()
                else:
                    await session.finish(None if unit.keep is None else unit.keep(value))
        except BaseException as error:
            self._end_overtime()
            self._timed_out = self.expired and isinstance(error, TimeoutError)
            await self._failed(error)
        else:
            self._end_overtime()
            if not session.kept:
                self._pool.release(connection)
        return self._value

    def on_timeout(self) -> None:
        """The time is over. An attempt that has no connection yet, or is the last, ends."""
        if self._overtime is not None and self._session is not None and self.number < len(self.times.delays):
            self._timekeeper = self._overtime(self)
        if self._timekeeper is None:
            self.stop()

    def stop(self) -> None:
        """Ends the work as one that is out of time."""
        super().on_timeout()

    def _end_overtime(self) -> None:
        keeper, self._timekeeper = self._timekeeper, None
        if keeper is not None:
            keeper.cancel()

    @property
    def failed(self) -> int:
        """How many attempts of the schedule are over without a value."""
        if self.successor is not None and self.pause_ends is not None:
            next_one = self.number + 1
            return next_one + self.times.over(next_one, self._pool.loop.time() - self.pause_ends)
        return self.number + (self.pause_ends is not None)

    @property
    def session(self) -> Session:
        """The session of an attempt that goes on."""
        assert self._session is not None
        return self._session

    @property
    def connection(self) -> Connection:
        """The connection of an attempt that goes on."""
        assert self._connection is not None
        return self._connection

    @property
    def context(self) -> Context | None:
        """In which context an attempt that may go on was begun."""
        return self._context

    def _note(self, settlement: CommitState[T]) -> bytes | None:
        """The claim of a write that may be sent with its COMMIT: the first attempt, for there is nothing to settle."""
        return settlement.note if self._failed_before == 0 and self.unit.reread is not None else None

    async def _failed(self, error: BaseException) -> None:
        """Cleans up and raises; returns only if the work turns out to be done."""
        connection, session, timed_out = self._connection, self._session, self._timed_out
        if connection is None or session is None:
            self._fail(self._not_connected() if timed_out else error, Phase.CONNECT)
        phase = session.phase
        if timed_out and phase is Phase.COMMIT:
            await self._await_commit(connection, session)
        elif timed_out or isinstance(error, asyncio.CancelledError) or connection.busy:
            # In the background: the pause before the next attempt is time enough.
            self._stopper.take(connection, session)
            self._fail(error, phase)
        else:
            await self._tidy(connection, session)
            self._fail(error, phase)

    def _fail(self, error: BaseException, phase: Phase) -> NoReturn:
        if isinstance(error, ClaimRefused):
            self._claim_refused(error.error, phase)
        if not isinstance(error, ServerError | ConnectionLost) and not (
            isinstance(error, TimeoutError) and self._timed_out
        ):
            raise error  # the work's own
        failure = classify(error, phase, transactional=self.unit.transactional)
        settlement, session = self.unit.settlement, self._session
        if settlement is not None and session is not None:
            if isinstance(error, TransactionLost):
                settlement.lost, settlement.partial = error.remains is Remains.UNKNOWN, True
            if session.claimed and failure is FailureClass.UNKNOWN:
                self._leave_open(settlement)
        raise AttemptError(failure, error, phase, self._connection) from error

    def _leave_open(self, settlement: CommitState[T]) -> None:
        """Notes that nobody knows whether this attempt counts. A later claim that goes through does not tell either.

        It would where every attempt comes to the same server. Over several, the COMMIT of this one may still be
        on its way while another server lets the claim through: only a claim that is committed, or met, tells.
        """
        settlement.open = True
        settlement.unanswered.add(self._failed_before)
        if self._known:
            settlement.values[self._failed_before] = self._value

    def _claim_refused(self, error: ServerError, phase: Phase) -> NoReturn:
        if error.code in DUPLICATES:
            raise AlreadyDone from error
        failure = classify(error, phase)
        if failure is FailureClass.PERMANENT:
            self._ledger.refused(error)
            raise LedgerGone from error
        raise AttemptError(failure, error, phase, self._connection) from error

    def _not_connected(self) -> ConnectionLost:
        return ConnectionLost(self._pool.why_waiting(self.unit.bulkhead), sent=False, reason="no connection in time")

    async def _tidy(self, connection: Connection, session: Session) -> None:
        try:
            if not connection.usable or not await rolled_back(session):
                connection.close()
        finally:
            self._pool.release(connection)

    async def _await_commit(self, connection: Connection, session: Session) -> None:
        """Gives a COMMIT that was sent in time a last chance to answer: else nobody knows whether it counts."""
        try:
            async with asyncio.timeout(GRACE):
                await connection.settle()
            session.open = False
            if not self._known:
                self._fail(TimeoutError(), Phase.COMMIT)  # it counts, but its answer has gone
        except (ServerError, ConnectionLost, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                self._stopper.kill_connection(connection)
            self._fail(error, Phase.COMMIT)
        finally:
            await self._tidy(connection, session)
