"""Whether the database answers: since when not, for which reason, and when it is dialled with care."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable

from graphql_app.engine.mysql.dial import ConnectionLost, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_errors import row_of
from graphql_app.observability.events import DatabaseDown, DatabaseRecovered, Observer

TELL_AGAIN, TELL_OTHER = 60.0, 1.0
"""Seconds after which it is told once more that the database is away: for the same reason, and for another one."""

_GENTLE = 1.0
"""Seconds after its return in which the database is dialled with care."""


class Availability:
    """What is known of one database, by the dials to it. All moments are the loop's time.

    `since` is the moment of the first dial that failed, `code` the number of the last failure; both are None
    while the database answers. `gentle_until` is the end of the time in which it is dialled with care.
    """

    def __init__(
        self, describe: Callable[[ConnectionLost | ServerError], str], loop: AbstractEventLoop, observer: Observer
    ) -> None:
        """`describe` says in words why there is no connection."""
        self.since: float | None = None
        self.code: int | None = None
        self.gentle_until = 0.0
        self._describe = describe
        self._loop = loop
        self._observer = observer
        self._refused = False
        self._reason, self._told = "", 0.0

    @property
    def away(self) -> bool:
        """Whether the database is known not to answer. One that answers and refuses the login is not away."""
        return self.since is not None and not self._refused

    def failed(self, error: ConnectionLost | ServerError) -> bool:
        """Takes note of a dial that failed; whether callers that wait are to be refused rather than go on waiting.

        The first failure refuses those that wait. Later callers know that the database is away, and wait for it;
        where it refuses the login, waiting cannot help.
        """
        known = self.away
        self._refused = row_of(error).failure is FailureClass.PERMANENT
        self.code = error.code
        self._tell(error)
        return not known or self._refused

    def succeeded(self) -> bool:
        """Takes note of a dial that succeeded; whether the database was away until now."""
        if self.since is None:
            return False
        now = self._loop.time()
        self._observer(DatabaseRecovered(now - self.since))
        self.since = self.code = None
        self.gentle_until = now + _GENTLE
        return True

    def _tell(self, error: ConnectionLost | ServerError) -> None:
        now, reason = self._loop.time(), self._describe(error)
        if self.since is None:
            self.since = now
        elif now < self._told + (TELL_AGAIN if reason == self._reason else TELL_OTHER):
            return
        self._reason, self._told = reason, now
        self._observer(DatabaseDown(error.code, reason, now - self.since))
