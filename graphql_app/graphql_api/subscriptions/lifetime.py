"""How long the caller of an open connection counts: until its identity ends, or its credentials are no longer good."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Final

from starlette.types import Scope

from graphql_app.auth.identity import VERSION_KEY, Identity
from graphql_app.errors import AppError, Code, RequestError

Pairs = Iterable[tuple[bytes, bytes]]
Clock = Callable[[], float]
"""Gives Unix time in seconds."""
LONGEST_WAIT: Final = 3600.0
"""Seconds after which the clock is looked at again, for it may have been set."""
SHORTEST_WAIT: Final = 0.01
AT_ONCE: Final = 20
"""How many connections are asked for at a time: a webhook may stand behind them."""
PAUSE: Final = 5.0
"""Seconds until those are asked for again of whom nobody could tell."""
TRIES: Final = 12
"""How often nobody can tell before a connection ends."""
OTHER: Final = "Who is asking is another by now: connect again"
ROLE_GONE: Final = "There are no rules for this role any more"


@dataclass(frozen=True, slots=True)
class Connected:
    """Who has connected: the identity, and the handshake or request and headers of the first message that said so."""

    identity: Identity
    scope: Scope
    said: Pairs = ()


async def _same(connected: Connected) -> Identity:
    return connected.identity


def _no_rules(_role: str) -> bool:
    return False


class Connections:
    """All connections that stay open.

    `again` tells who one would be that came now, and raises `AppError` where it would not be let in. `ruled` tells
    whether there are rules for a role.
    """

    def __init__(
        self,
        again: Callable[[Connected], Awaitable[Identity]] = _same,
        ruled: Callable[[str], bool] = _no_rules,
    ) -> None:
        self.again = again
        self.ruled = ruled
        self.version = 0
        self._open: dict[Lifetime, None] = {}
        self._task: asyncio.Task[None] | None = None

    def review(self) -> None:
        """Other credentials count from now on: connections whose own do not end, those of others stay."""
        self.version += 1
        self.begin()

    def begin(self) -> None:
        """Asks for those that are in doubt, beside everything else."""
        if self._open and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._review(), context=Context())

    def join(self, lifetime: Lifetime) -> None:
        """Another one."""
        self._open[lifetime] = None

    def leave(self, lifetime: Lifetime) -> None:
        """One that is closed."""
        self._open.pop(lifetime, None)
        if not self._open and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _review(self) -> None:
        while doubtful := [each for each in self._open if each.doubtful]:
            left = iter(doubtful)
            await asyncio.gather(*(_looked_at(left) for _ in range(AT_ONCE)))
            if any(each.unknown for each in self._open):
                await asyncio.sleep(PAUSE)
        self._task = None


async def _looked_at(left: Iterator[Lifetime]) -> None:
    for each in left:
        await each.look()
        await asyncio.sleep(0)


def expired(identity: Identity) -> RequestError:
    """The error for what is asked by an identity that has ended."""
    if identity.issuer:
        return RequestError(Code.INVALID_JWT, "Could not verify JWT: JWTExpired")
    return RequestError(Code.ACCESS_DENIED, "What showed who is asking has expired")


class Lifetime:
    """That of one connection. `ended` is called once, when its caller does not count any more; `error` says why.

    `unknown` is how often nobody could tell since the last change.
    """

    def __init__(
        self, all_: Connections, clock: Clock, connected: Connected, ended: Callable[[AppError], None]
    ) -> None:
        self.error: AppError | None = None
        self.unknown = 0
        self._all = all_
        self._version = connected.scope.get(VERSION_KEY, all_.version)
        self._ruled = all_.ruled(connected.identity.role)
        self._clock = clock
        self._connected = connected
        self._ended = ended
        self._timer: asyncio.TimerHandle | None = None
        all_.join(self)
        self._wait()
        if self.doubtful:
            all_.begin()

    @property
    def doubtful(self) -> bool:
        """Whether other credentials count than when it was last known to be good."""
        return self._version != self._all.version and self.error is None

    async def holds(self) -> bool:
        """Whether it counts at this moment."""
        if self.doubtful and not self.unknown:
            await self.look()
        identity = self._connected.identity
        if identity.expires is not None and self._clock() >= identity.expires:
            self._end(expired(identity))
        return self.error is None

    async def look(self) -> None:
        """Finds out whether it still counts."""
        version = self._all.version
        connected = self._connected
        try:
            now = await self._all.again(connected)
            self._compare(connected.identity, now)
        except AppError as error:
            self.unknown += 1
            if error.code is not Code.AUTH_UNAVAILABLE or self.unknown >= TRIES:
                self._end(error)
            return
        self._version, self.unknown = version, 0
        if now.expires != connected.identity.expires:
            self._connected = replace(connected, identity=now)
            self._wait()

    def _compare(self, before: Identity, now: Identity) -> None:
        if replace(now, expires=before.expires) != before:
            raise RequestError(Code.ACCESS_DENIED, OTHER)
        if self._ruled and not self._all.ruled(now.role):
            raise RequestError(Code.ROLE_NOT_ALLOWED, ROLE_GONE)

    def close(self) -> None:
        """It does not matter any more."""
        self._all.leave(self)
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, error: AppError) -> None:
        if self.error is None:
            self.error = error
            self.close()
            self._ended(error)

    def _wait(self) -> None:
        """Until the identity ends."""
        if self._timer is not None:
            self._timer.cancel()
        identity = self._connected.identity
        if identity.expires is None or self.error is not None:
            return
        left = identity.expires - self._clock()
        if left <= 0:
            self._end(expired(identity))
            return
        pause = min(max(left, SHORTEST_WAIT), LONGEST_WAIT)
        self._timer = asyncio.get_running_loop().call_later(pause, self._wait)
