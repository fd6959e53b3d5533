"""Clients that leave before they have their answer: their work is cancelled, here and in the database."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.types import Message, Receive

from graphql_app.http.request_body import ClientDisconnect
from graphql_app.observability.events import ClientDisconnected, Observer
from graphql_app.observability.request_context import CURRENT
from graphql_app.runtime.deadlines import deadline_queue

PATIENCE = 0.02
"""Seconds in which work may end whose client has left: most is done by then, and no statement has to be stopped."""


class CancelOnDisconnect:
    """`with CancelOnDisconnect(…):` cancels what is awaited in it when the client leaves: `ClientDisconnect`.

    For requests whose body is read: what `receive` gives after that is the client's leaving. Our own server tells
    of it by the request's connection; under another one a task waits for it, from a little later on.
    """

    __slots__ = ("_api", "_connection", "_deadlines", "_gone", "_observer", "_receive", "_started", "_task", "_watcher")

    def __init__(self, receive: Receive, observer: Observer, api: str) -> None:
        self._receive = receive
        self._observer = observer
        self._api = api
        self._gone = False
        self._watcher: asyncio.Task[None] | asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        """Begins to look out."""
        context = CURRENT.get()
        self._connection = None if context is None else context.connection
        self._deadlines = deadline_queue(PATIENCE)
        self._task = self._deadlines.task()
        self._look_out()

    def _look_out(self) -> None:
        self._started = self._deadlines.now()
        if self._connection is None:
            self._deadlines.set(self)
        else:
            self._connection.watch(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Looks out no more."""
        if self._connection is None:
            self._deadlines.off(self)
        else:
            self._connection.unwatch(self)
        if self._watcher is None:
            return
        self._watcher.cancel()
        if self._gone and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            self._observer(ClientDisconnected(self._api, self._deadlines.now() - self._started))
            raise ClientDisconnect from error

    def on_leave(self) -> None:
        """The client has left: work that is nearly done may end."""
        self._watcher = asyncio.get_running_loop().call_later(PATIENCE, self._cancel)

    def on_timeout(self) -> None:
        """Begins to wait for the client's leaving, where nobody tells of it."""
        self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._cancel()

    def _cancel(self) -> None:
        self._gone = True
        self._task.cancel()


class CancelOnUploadDisconnect(CancelOnDisconnect):
    """The same for a request whose body is read within it, by `receive`: from the body's end on.

    Before that, the reader of the body learns that the client has left.
    """

    __slots__ = ("_arrived",)

    def _look_out(self) -> None:
        """Looks out for nothing yet."""
        self._arrived = False

    async def receive(self) -> Message:
        """The next part of the body."""
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False) and not self._arrived:
            self._arrived = True
            super()._look_out()
        return message
