"""Subscriptions over plain HTTP: server-sent events, and the parts of a multipart body that Apollo's clients take.

Server-sent events follow GraphQL over SSE (distinct connections): queries and mutations are answered that way too,
for clients that take nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from starlette.types import Receive, Scope, Send

from graphql_app.engine.live.queries import COMPLETE
from graphql_app.errors import AppError, ServiceUnavailableException
from graphql_app.graphql_api.errors import execution_error
from graphql_app.graphql_api.service import GraphQLRequest, GraphQLService, failure
from graphql_app.graphql_api.subscriptions.callers import Callers
from graphql_app.graphql_api.subscriptions.lifetime import Connected
from graphql_app.graphql_api.subscriptions.registry import Subscriptions
from graphql_app.graphql_api.subscriptions.send_queue import SendQueue
from graphql_app.graphql_api.subscriptions.subscriber import Subscriber
from graphql_app.http.gzipped import Text
from graphql_app.http.negotiation import REMEMBERED_BYTES, taken, takes_multipart_subscription
from graphql_app.observability.events import Observer
from graphql_app.observability.request_context import current_client

BEAT_SECONDS = 12.0
"""Silence after which a sign of life is sent: proxies close what is silent for long, and a client that left shows."""
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
"""Line ends in JSON text stand between values only; an event's data is one line."""
_CUT = b""
"""In place of a message: the stream stops without its proper end, for the client to come again."""


@dataclass(frozen=True, slots=True)
class StreamForm:
    """How a stream is written: each answer, its proper end, and a sign of life.

    `before` and `after` stand around an answer; `one_line`: it must not have line ends.
    """

    transport: str
    media_type: bytes
    before: bytes
    after: bytes
    end: bytes
    beat: bytes
    head: bytes = b""
    one_line: bool = False

    def answer(self, text: bytes) -> bytes:
        """An answer."""
        return self.before + (text.translate(_ONE_LINE) if self.one_line else text) + self.after

    def pieces(self, text: Text) -> Iterator[bytes]:
        """The same of one that may be long, in pieces of bounded size."""
        yield self.before
        for piece in (text,) if isinstance(text, bytes) else text.pieces():
            yield piece.translate(_ONE_LINE) if self.one_line else piece
        yield self.after


_PART, _END_OF_PART = b"\r\nContent-Type: application/json\r\n\r\n", b"\r\n--graphql"
SSE = StreamForm(
    "sse",
    b"text/event-stream; charset=utf-8",
    b"event: next\ndata: ",
    b"\n\n",
    b"event: complete\ndata:\n\n",
    b":\n\n",
    one_line=True,
)
MULTIPART = StreamForm(
    "multipart",
    b'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
    _PART + b'{"payload":',
    b"}" + _END_OF_PART,
    b"--\r\n",
    _PART + b"{}" + _END_OF_PART,
    b"\r\n--graphql",
)


def form_for(accept: bytes) -> StreamForm | None:
    """The form of stream that an `Accept` header takes, if any."""
    return _known_form(accept) if len(accept) <= REMEMBERED_BYTES else _form(accept)


@lru_cache(maxsize=200)
def _known_form(accept: bytes) -> StreamForm | None:
    return _form(accept)


def _form(accept: bytes) -> StreamForm | None:
    found = taken(accept)
    if found.weight_of("text/event-stream"):
        return SSE
    return MULTIPART if takes_multipart_subscription(found) else None


@dataclass(frozen=True, slots=True)
class EventStreams:
    """Answers requests as streams, each as long as its caller counts."""

    service: GraphQLService
    subscriptions: Subscriptions
    observer: Observer
    beat: float = BEAT_SECONDS
    callers: Callers = field(default_factory=Callers)

    async def run(
        self, scope: Scope, receive: Receive, send: Send, form: StreamForm, asked: GraphQLRequest, size: int = 0
    ) -> None:
        """Answers one request of `size` bytes until it has ended or its client is gone.

        Raises `ServiceUnavailableException`, before anything is sent, if too many clients are connected.
        """
        places = self.subscriptions.places
        if not places.take():
            raise ServiceUnavailableException("Too many clients are connected")
        gone = asyncio.ensure_future(_disconnected(receive))
        sending = asyncio.ensure_future(self._send(scope, send, form, asked, size))
        try:
            await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
        finally:
            places.free()
            for task in (gone, sending):
                task.cancel()
            await asyncio.wait((gone, sending))

    async def _send(self, scope: Scope, send: Send, form: StreamForm, asked: GraphQLRequest, size: int) -> None:
        headers = [(b"content-type", form.media_type), (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": form.head or form.beat, "more_body": True})
        if await self.service.subscribes(asked):
            await self._subscribe(scope, send, form, asked, size)
        else:
            text = (await self.service.answer(asked)).text
            if isinstance(text, bytes):
                await send({"type": "http.response.body", "body": form.answer(text) + form.end})
                return
            for piece in form.pieces(text):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": form.end})

    async def _subscribe(self, scope: Scope, send: Send, form: StreamForm, asked: GraphQLRequest, size: int) -> None:
        send_queue: SendQueue[bytes] = SendQueue(self.subscriptions.unsent, current_client())

        def ended(answer: bytes | None) -> None:
            last = b"" if answer == COMPLETE else form.answer(answer or b"")
            send_queue.put(_CUT if answer is None else last + form.end)
            send_queue.put(_CUT)

        name = asked.operation_name or ""
        subscriber = Subscriber(self.observer, form.transport, name, send_queue, form.answer, ended)

        def nobody(error: AppError) -> None:
            subscriber.end(failure([execution_error(error, None)], error.code).body)

        lifetime = self.callers.lifetime(Connected(asked.identity, scope), nobody)
        try:
            try:
                await subscriber.open(self.subscriptions, asked, size, current_client())
            except Exception as error:
                ended(self.service.failed(error).body)
            while await self._send_next(send, form, send_queue):
                pass
            await send({"type": "http.response.body", "body": b""})
        finally:
            lifetime.close()
            subscriber.close()
            send_queue.close()

    async def _send_next(self, send: Send, form: StreamForm, send_queue: SendQueue[bytes]) -> bool:
        """Sends the next message, which nothing holds any longer than that; whether there may be another."""
        message = await self._next(send_queue, form)
        if message == _CUT or send_queue.overflown.is_set():
            return False
        await send({"type": "http.response.body", "body": message, "more_body": True})
        return True

    async def _next(self, send_queue: SendQueue[bytes], form: StreamForm) -> bytes:
        try:
            async with asyncio.timeout(self.beat):
                return await send_queue.next()
        except TimeoutError:
            return form.beat


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
