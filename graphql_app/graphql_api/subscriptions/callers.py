"""Who is on the other side of a connection that stays open, and until when that holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from graphql_app.auth.identity import NOBODY, Identity
from graphql_app.errors import AppError, Code, RequestError

Pairs = Iterable[tuple[bytes, bytes]]
Clock = Callable[[], float]
"""Gives Unix time in seconds."""
LONGEST_WAIT: Final = 3600.0
"""Seconds after which the clock is looked at again, for it may have been set."""
SHORTEST_WAIT: Final = 0.01


async def _nobody(_scope: Scope, _headers: Pairs) -> Identity:
    return NOBODY


def _uncounted(_scope: Scope, _identity: Identity) -> AppError | None:
    return None


@dataclass(frozen=True, slots=True)
class Callers:
    """Tells who connects. `admit` is given a WebSocket's handshake and the headers of the client's first message.

    It raises `AppError` where nobody does that may ask, of class `MissingCredentials` where nothing says who it is.
    `spend` counts an operation, and gives an error where it is one too many.
    `waiting` says what has to be there before anybody can be told, None where everything is.
    """

    admit: Callable[[Scope, Pairs], Awaitable[Identity]] = _nobody
    clock: Clock = time.time
    spend: Callable[[Scope, Identity], AppError | None] = _uncounted
    waiting: Callable[[], str | None] = lambda: None


def expired(identity: Identity) -> RequestError:
    """The error for what is asked by an identity that has ended."""
    if identity.issuer:
        return RequestError(Code.INVALID_JWT, "Could not verify JWT: JWTExpired")
    return RequestError(Code.ACCESS_DENIED, "What showed who is asking has expired")


class Expiry:
    """Calls `ended` once, when an identity ends; never for one that does not."""

    def __init__(self, identity: Identity, clock: Clock, ended: Callable[[], None]) -> None:
        self._expires = identity.expires
        self._clock = clock
        self._ended = ended
        self._timer: asyncio.TimerHandle | None = None
        if self._expires is not None:
            self._look(self._expires)

    @property
    def passed(self) -> bool:
        """Whether the identity has ended."""
        return self._expires is not None and self._clock() >= self._expires

    def close(self) -> None:
        """It does not matter any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, expires: float) -> None:
        left = expires - self._clock()
        if left <= 0:
            self._ended()
            return
        pause = min(max(left, SHORTEST_WAIT), LONGEST_WAIT)
        self._timer = asyncio.get_running_loop().call_later(pause, self._look, expires)
