"""Who is on the other side of a connection that stays open."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.types import Scope

from graphql_app.auth.identity import NOBODY, Identity
from graphql_app.errors import AppError
from graphql_app.graphql_api.subscriptions.lifetime import Clock, Connected, Connections, Lifetime, Pairs


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
    `open` are the connections of all of them.
    """

    admit: Callable[[Scope, Pairs], Awaitable[Identity]] = _nobody
    clock: Clock = time.time
    spend: Callable[[Scope, Identity], AppError | None] = _uncounted
    waiting: Callable[[], str | None] = lambda: None
    open: Connections = field(default_factory=Connections)

    def lifetime(self, connected: Connected, ended: Callable[[AppError], None]) -> Lifetime:
        """How long a connection lasts: `ended` is called once, when its caller does not count any more."""
        return Lifetime(self.open, self.clock, connected, ended)
