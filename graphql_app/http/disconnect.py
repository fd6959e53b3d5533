"""Clients that leave before they have their answer: their work is cancelled, here and in the database."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.types import Message, Receive

from graphql_app.http.request_body import ClientDisconnect
from graphql_app.observability.events import ClientDisconnected, Observer
from graphql_app.runtime.deadlines import deadline_queue

PATIENCE = 0.02
"""Seconds of work before anybody looks whether the client is still there: most answers are out by then."""


class CancelOnDisconnect:
    """`with CancelOnDisconnect(…):` cancels what is awaited in it when the client leaves: `ClientDisconnect`.

    For requests whose body is read: what `receive` gives after that is the client's leaving.
    """

    __slots__ = ("_api", "_deadlines", "_gone", "_observer", "_receive", "_started", "_task", "_watcher")

    def __init__(self, receive: Receive, observer: Observer, api: str) -> None:
        self._receive = receive
        self._observer = observer
        self._api = api
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        """Begins to look out, a little later."""
        self._deadlines = deadline_queue(PATIENCE)
        self._task = self._deadlines.task()
        self._deadlines.set(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Looks out no more."""
        self._deadlines.off(self)
        if self._watcher is None:
            return
        self._watcher.cancel()
        if self._gone and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            seconds = PATIENCE + asyncio.get_running_loop().time() - self._started
            self._observer(ClientDisconnected(self._api, seconds))
            raise ClientDisconnect from error

    def on_timeout(self) -> None:
        """Begins to look out."""
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        self._watcher = loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._task.cancel()


class CancelOnUploadDisconnect(CancelOnDisconnect):
    """The same for a request whose body is read within it, by `receive`: from the body's end on.

    Before that, the reader of the body learns that the client has left.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Looks out for nothing yet."""
        self._deadlines = deadline_queue(PATIENCE)
        self._task = self._deadlines.task()

    async def receive(self) -> Message:
        """The next part of the body."""
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False) and self._watcher is None:
            self.on_timeout()
        return message
