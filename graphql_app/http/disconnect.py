"""Clients that leave before they have their answer: their work is cancelled, here and in the database."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.types import Message, Receive

from graphql_app.http.request_body import ClientGone
from graphql_app.observability.events import ClientLeft, Observer
from graphql_app.runtime.deadlines import alarms

PATIENCE = 0.02
"""Seconds of work before anybody looks whether the client is still there: most answers are out by then."""


class WhileClientStays:
    """`with WhileClientStays(…):` cancels what is awaited in it when the client leaves, and then raises `ClientGone`.

    For requests whose body is read: what `receive` gives after that is the client's leaving.
    """

    __slots__ = ("_alarms", "_face", "_gone", "_observer", "_receive", "_started", "_task", "_watcher")

    def __init__(self, receive: Receive, observer: Observer, face: str) -> None:
        self._receive = receive
        self._observer = observer
        self._face = face
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        """Begins to look out, a little later."""
        self._alarms = alarms(PATIENCE)
        self._task = self._alarms.task()
        self._alarms.set(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Looks out no more."""
        self._alarms.off(self)
        if self._watcher is None:
            return
        self._watcher.cancel()
        if self._gone and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            seconds = PATIENCE + asyncio.get_running_loop().time() - self._started
            self._observer(ClientLeft(self._face, seconds))
            raise ClientGone from error

    def ring(self) -> None:
        """Begins to look out."""
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        self._watcher = loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._task.cancel()


class WhileUploaderStays(WhileClientStays):
    """The same for a request whose body is read within it, by `receive`: from the body's end on.

    Before that, who reads is told of the client's leaving.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Looks out for nothing yet."""
        self._alarms = alarms(PATIENCE)
        self._task = self._alarms.task()

    async def receive(self) -> Message:
        """The next part of the body."""
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False) and self._watcher is None:
            self.ring()
        return message
