"""The request that the running code answers: its id, and how long its stages took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar

from graphql_app.observability.events import Event, StageTimed
from graphql_app.runtime.client_connection import ClientConnection
from graphql_app.runtime.hot_record import hot_record


@hot_record
class RequestContext:
    """One request. `stages` are (stage, seconds) in the order they ended; None if nobody asks for them.

    `client` and `path` are the address it came from and the one it asks for, as the ASGI scope has them,
    as are its `headers`.
    """

    id: str
    stages: list[tuple[str, float]] | None = None
    client: tuple[str, int] | None = None
    path: str = ""
    hold: Callable[[int], bool] | None = None
    """Takes bytes for the request's body until it is answered; whether there were so many."""
    headers: Sequence[tuple[bytes, bytes]] = ()
    connection: ClientConnection | None = None
    """Where the server is our own."""

    def header(self, name: str) -> str | None:
        """The value of the first header of this name, whatever its case; None where there is none."""
        wanted = name.lower().encode("latin-1")
        return next((value.decode("latin-1") for each, value in self.headers if each == wanted), None)


CURRENT: ContextVar[RequestContext | None] = ContextVar("graphql_app_request", default=None)


def current_client() -> str:
    """The address that the current request came from; empty where there is none."""
    context = CURRENT.get()
    return context.client[0] if context is not None and context.client else ""


def note_stage(event: Event) -> None:
    """An observer that notes the stages of the current request."""
    if isinstance(event, StageTimed):
        context = CURRENT.get()
        if context is not None and context.stages is not None:
            context.stages.append((event.stage, event.seconds))
