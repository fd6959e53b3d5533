"""A transaction that code from outside of the engine runs compiled calls in, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from graphql_app.engine.assemble.json import Value
from graphql_app.engine.compile.call import PreparedCall
from graphql_app.engine.execute.calls import CallWork
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_errors import Phase, row_of, to_app_error
from graphql_app.errors import AppError, Outcome


class Transaction:
    """One attempt at a transaction."""

    def __init__(
        self,
        session: Session,
        written: set[str],
        tell: Callable[[AppError, Iterable[str]], None],
        *,
        transactional: bool,
    ) -> None:
        """The tables of its writes are added to `written`; `tell` takes out of an error what is not for the caller."""
        self._tell = tell
        self._session = session
        self._written = written
        self._outcome = Outcome.NOT_APPLIED if transactional else Outcome.UNKNOWN
        self._turn = asyncio.Lock()

    async def values(self, prepared: PreparedCall, slots: Sequence[object] = ()) -> tuple[Value, ...]:
        """What each root of a compiled call gives.

        Raises `AppError` for what the database refuses, after which other calls may follow. What ends the whole
        attempt, such as a lost connection, is raised as it is: the executor deals with it.
        """
        if prepared.estimate is not None:
            prepared.estimate.check(slots)
        async with self._turn:
            self._written.update(prepared.written)
            try:
                return tuple(await CallWork(prepared, slots).perform(self._session))
            except ServerError as error:
                if row_of(error).failure is not FailureClass.PERMANENT:
                    raise
                told = to_app_error(error, Phase.TRANSACTION, outcome=self._outcome)
                self._tell(told, prepared.written)
                raise told from error
            except AppError as error:
                error.outcome = self._outcome
                self._tell(error, prepared.written)
                raise
