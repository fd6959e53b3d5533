"""One attempt at a unit of work: its limit over everything in it, and nothing left behind when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from graphql_app.engine.driver import Connection, ConnectionLost, ServerError
from graphql_app.engine.mysql_errors import Failure, Phase, classify
from graphql_app.engine.pool import Lane, Pool
from graphql_app.engine.retry import FailureClass, Kind
from graphql_app.engine.session import Session
from graphql_app.engine.stop import GRACE, Stopper, rolled_back

T = TypeVar("T")
Job = Callable[[Session], Awaitable[T]]

_MARGIN = 0.02  # the server ends a statement this much before our limit, so that its answer still arrives


@dataclass(frozen=True, slots=True)
class Unit(Generic[T]):
    """A unit of work and what is known of it in advance."""

    kind: Kind
    job: Job[T]
    lane: Lane
    transactional: bool


class AttemptFailed(Exception):
    """The work is not done. `failure` says what is known of it; `phase` how far it had come."""

    def __init__(self, failure: FailureClass, error: Failure, phase: Phase) -> None:
        super().__init__(failure)
        self.failure = failure
        self.error = error
        self.phase = phase


class Attempt(Generic[T]):
    """One attempt. `run` gives the work's value, or raises `AttemptFailed` or what the work raised."""

    __slots__ = ("_connection", "_limit", "_pool", "_session", "_stopper", "_timed_out", "_unit", "_value")

    def __init__(self, pool: Pool, stopper: Stopper, unit: Unit[T], limit: float) -> None:
        self._pool = pool
        self._stopper = stopper
        self._unit = unit
        self._limit = limit
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._timed_out = False
        self._value: T

    async def run(self) -> T:
        """Does the work within the limit."""
        unit, limit = self._unit, self._limit
        try:
            async with asyncio.timeout(limit) as timer:
                connection = self._connection = await self._pool.acquire(unit.lane)
                session = self._session = Session(connection, unit.kind, max(limit - _MARGIN, limit / 2))
                self._value = await unit.job(session)
                await session.finish()
        except BaseException as error:
            self._timed_out = timer.expired() and isinstance(error, TimeoutError)
            await self._failed(error)
        else:
            if not session.kept:
                self._pool.release(connection)
        return self._value

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
        if not isinstance(error, ServerError | ConnectionLost) and not (
            isinstance(error, TimeoutError) and self._timed_out
        ):
            raise error  # the work's own
        raise AttemptFailed(classify(error, phase, transactional=self._unit.transactional), error, phase) from error

    def _not_connected(self) -> ConnectionLost:
        return ConnectionLost(self._pool.why_waiting(self._unit.lane), sent=False, reason="no connection in time")

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
        except (ServerError, ConnectionLost, TimeoutError) as error:
            self._fail(error, Phase.COMMIT)
        finally:
            await self._tidy(connection, session)
