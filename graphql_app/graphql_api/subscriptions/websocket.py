"""GraphQL over WebSocket: queries, mutations and subscriptions over one connection.

By the protocol of `graphql-ws` (subprotocol `graphql-transport-ws`), and by Apollo's older one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

import orjson
from starlette.types import Receive, Scope, Send

from graphql_app.auth.authenticator import MissingCredentials
from graphql_app.auth.identity import NOBODY, Identity
from graphql_app.engine.live.queries import COMPLETE
from graphql_app.errors import AppError, Code, ServiceUnavailableException
from graphql_app.graphql_api.errors import execution_error
from graphql_app.graphql_api.service import GraphQLRequest, GraphQLResponse, GraphQLService
from graphql_app.graphql_api.subscriptions.callers import Callers
from graphql_app.graphql_api.subscriptions.lifetime import Connected, Lifetime
from graphql_app.graphql_api.subscriptions.registry import Places, Subscriptions
from graphql_app.graphql_api.subscriptions.send_queue import SendQueue
from graphql_app.graphql_api.subscriptions.subscriber import Subscriber
from graphql_app.graphql_api.subscriptions.ws_protocols import (
    PROTOCOLS,
    Close,
    Message,
    Protocol,
    ProtocolViolation,
    about,
    answering,
    headers_of,
    parse_message,
    parse_operation,
    plain,
    too_many,
)
from graphql_app.http.gzipped import Joined
from graphql_app.http.request_body import LONG_BYTES
from graphql_app.observability.events import Observer, SocketClosed, SocketOpened
from graphql_app.runtime.budget import client_of
from graphql_app.runtime.fragments import fragments, takes_fragments
from graphql_app.runtime.worker_thread import run_in_thread

BUSY = 503
LAST = ""
"""In place of a message: all before it is sent."""
LAST_SECONDS = 5.0
"""How long a connection stays for what was begun before its caller stopped counting."""
LONG_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """`operations` of a connection at a time; characters and levels of a message; seconds until the first one.

    `running` are queries and mutations of all connections together.
    """

    operations: int = 100
    message: int = 10_485_760
    depth: int = 128
    init_seconds: float = 3.0
    running: int = 1_000


@dataclass(slots=True, eq=False)
class SocketEndpoint:
    """The GraphQL address for WebSockets. `callers` tells who connects, by handshake and first message."""

    service: GraphQLService
    subscriptions: Subscriptions
    observer: Observer
    limits: SocketLimits = field(default_factory=SocketLimits)
    callers: Callers = field(default_factory=Callers)
    running: Places = field(init=False)
    reading: asyncio.Semaphore = field(init=False)
    """Turns at reading a long message, which takes several times its size meanwhile."""

    def __post_init__(self) -> None:
        self.running = Places(self.limits.running)
        self.reading = asyncio.Semaphore(LONG_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from handshake to close."""
        await receive()
        places = self.subscriptions.places
        if not places.take():
            await _refuse(scope, send)
        else:
            try:
                await self._accept(scope, receive, send)
            finally:
                places.free()

    async def _accept(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = next((PROTOCOLS[name] for name in scope["subprotocols"] if name in PROTOCOLS), None)
        await send({"type": "websocket.accept", "subprotocol": protocol.name if protocol else None})
        if protocol is None:
            await send(_close(Close.UNACCEPTABLE, "Subprotocol not acceptable"))
            return
        started = perf_counter()
        self.observer(SocketOpened(protocol.name))
        socket = Socket(self, protocol, receive, send, scope)
        try:
            await socket.run()
        finally:
            self.observer(SocketClosed(socket.code, perf_counter() - started))


async def _refuse(scope: Scope, send: Send) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"retry-after", b"2")]
    await send({"type": "websocket.http.response.start", "status": BUSY, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})


def _close(code: int, reason: str) -> dict[str, object]:
    # The reason is at most 123 bytes long.
    return {"type": "websocket.close", "code": int(code), "reason": reason.encode()[:120].decode(errors="ignore")}


def _closing(error: AppError) -> Close:
    """How a connection is closed whose client may not ask, or cannot be known now."""
    if isinstance(error, MissingCredentials):
        return Close.UNAUTHORIZED
    return Close.TRY_AGAIN if error.code is Code.AUTH_UNAVAILABLE else Close.FORBIDDEN


class Socket:
    """One accepted connection. `code` is what it was closed with."""

    def __init__(
        self, endpoint: SocketEndpoint, protocol: Protocol, receive: Receive, send: Send, scope: Scope
    ) -> None:
        self.code = 1006
        self._endpoint = endpoint
        self._protocol = protocol
        self._receive = receive
        self._send = send
        self._client = client = client_of(scope)
        self._fragments = takes_fragments(scope)
        self._send_queue: SendQueue[str | Joined] = SendQueue(endpoint.subscriptions.unsent, client)
        self._scope = scope
        self._identity: Identity = NOBODY
        self._lifetime: Lifetime | None = None
        self._ended: asyncio.Future[AppError] = asyncio.get_running_loop().create_future()
        self._said_all = asyncio.Event()
        self._ready = False
        self._operations: dict[str, Subscriber[str | Joined] | asyncio.Task[None]] = {}
        self._handlers: dict[str, Callable[[Message], Awaitable[None]]] = {
            "connection_init": self._init,
            "ping": self._ping,
            "pong": self._pong,
            protocol.start: self._start,
            protocol.stop: self._stop,
        }

    async def run(self) -> None:
        """Until either side closes."""
        writer = asyncio.create_task(self._write())
        refused: ProtocolViolation | None = None
        try:
            await self._listen_within_bounds()
        except ProtocolViolation as error:
            refused, self.code = error, error.code
        finally:
            if self._lifetime is not None:
                self._lifetime.close()
            await self._end(writer)
            self._send_queue.close()
        if refused is not None:
            with suppress(OSError):  # the client is gone meanwhile
                await self._send(_close(refused.code, refused.reason))

    async def _end(self, writer: asyncio.Task[None]) -> None:
        """Nothing of this connection goes on."""
        tasks = [writer]
        for operation in list(self._operations.values()):
            if isinstance(operation, Subscriber):
                operation.close()
            else:
                tasks.append(operation)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self) -> None:
        with suppress(OSError):  # the client is gone, which the listener is told too
            while True:
                await self._write_one()

    async def _write_one(self) -> None:
        """Sends the next message. Nothing holds it any longer than that: not while the one after it is waited for."""
        message = await self._send_queue.next()
        if message == LAST:
            self._said_all.set()
        elif isinstance(message, Joined) and self._fragments:
            for each in fragments(message.pieces()):
                await self._send(each)
                await asyncio.sleep(0)
        else:
            text = message if isinstance(message, str) else message.whole().decode()
            await self._send({"type": "websocket.send", "text": text})

    # --- what the client says --------------------------------------------------

    async def _listen_within_bounds(self) -> None:
        """Until the client leaves, leaves so much unread that there is no room for more, or is nobody any more."""
        listening = asyncio.ensure_future(self._listen())
        full = asyncio.ensure_future(self._send_queue.overflown.wait())
        try:
            await asyncio.wait((listening, full, self._ended), return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                await listening
            elif full.done():
                raise ProtocolViolation(Close.TRY_AGAIN, "Too much is unread")
            else:
                listening.cancel()
                await self._expire(self._ended.result())
        finally:
            for task in (listening, full):
                task.cancel()
            await asyncio.wait((listening, full))

    async def _listen(self) -> None:
        limit = self._endpoint.limits
        try:
            async with asyncio.timeout(limit.init_seconds) as timer:
                while True:
                    event = await self._receive()
                    if event["type"] == "websocket.disconnect":
                        self.code = event.get("code", 1005)
                        return
                    await self._heard(event.get("text"))
                    if self._ready:
                        timer.reschedule(None)
        except TimeoutError:
            if not timer.expired():
                raise
            raise ProtocolViolation(Close.INIT_TIMEOUT, "Connection initialisation timeout") from None

    async def _heard(self, text: str | None) -> None:
        if text is None:
            raise ProtocolViolation(Close.BAD_MESSAGE, "Invalid message received: it is not text")
        if len(text) > self._endpoint.limits.message:
            raise ProtocolViolation(Close.TOO_BIG, "The message is too large")
        depth = self._endpoint.limits.depth
        if len(text) < LONG_BYTES:
            message = parse_message(text, depth)
        else:
            async with self._endpoint.reading:
                message = await run_in_thread(parse_message, text, depth)
        if self._protocol.leave is not None and message.type == self._protocol.leave:
            raise ProtocolViolation(Close.NORMAL, "")
        handle = self._handlers.get(message.type)
        if handle is None:
            raise ProtocolViolation(Close.BAD_MESSAGE, "Invalid message received: unknown type")
        await handle(message)
        await self._send_queue.room()

    async def _init(self, message: Message) -> None:
        if self._ready:
            raise ProtocolViolation(Close.INIT_TWICE, "Too many initialisation requests")
        callers, said = self._endpoint.callers, headers_of(message)
        try:
            self._identity = await callers.admit(self._scope, said)
        except AppError as error:
            if self._protocol.init_error is not None:
                await self._send(
                    {"type": "websocket.send", "text": plain(self._protocol.init_error, {"message": error.message})}
                )
            raise ProtocolViolation(_closing(error), error.message) from None
        self._lifetime = callers.lifetime(Connected(self._identity, self._scope, said), self._end_soon)
        self._ready = True
        self._send_queue.put(plain("connection_ack"))
        if self._protocol.greeting is not None:
            self._send_queue.put(plain(self._protocol.greeting))

    async def _ping(self, message: Message) -> None:
        self._send_queue.put(plain("pong", message.payload))

    async def _pong(self, _message: Message) -> None:
        """An answer to nothing: pings of ours are WebSocket's own."""

    async def _stop(self, message: Message) -> None:
        operation = self._operations.pop(message.id, None)
        if isinstance(operation, Subscriber):
            operation.close()
        elif operation is not None:
            operation.cancel()

    async def _start(self, message: Message) -> None:
        asked = parse_operation(message, self._identity)
        if not self._ready:
            raise ProtocolViolation(Close.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise ProtocolViolation(Close.DUPLICATE_ID, f"Subscriber for {message.id} already exists")
        most = self._endpoint.limits.operations
        if self._lifetime is not None and not await self._lifetime.holds():
            return  # the client asks again over its next connection
        if len(self._operations) >= most:
            self._failed(message.id, [execution_error(too_many(most), None)])
        elif (refused := self._endpoint.callers.spend(self._scope, self._identity)) is not None:
            self._failed(message.id, [execution_error(refused, None)])
        elif await self._endpoint.service.subscribes(asked):
            await self._subscribe(message.id, asked, message.size)
        elif not self._endpoint.subscriptions.texts.take(self._client, message.size):
            large = ServiceUnavailableException("Too many large requests are being answered; try again")
            self._failed(message.id, [execution_error(large, None)])
        elif not self._endpoint.running.take():
            self._endpoint.subscriptions.texts.free(self._client, message.size)
            busy = ServiceUnavailableException("Too many requests are being answered; try again")
            self._failed(message.id, [execution_error(busy, None)])
        else:
            task = asyncio.create_task(self._answer(message.id, asked))
            task.add_done_callback(lambda _: self._answered(message.size))
            self._operations[message.id] = task

    def _end_soon(self, error: AppError) -> None:
        if not self._ended.done():
            self._ended.set_result(error)

    async def _expire(self, error: AppError) -> None:
        """Ends every subscription; what was begun before is answered.

        Subscriptions are told nothing: an `error` would end them for the client, too. When the connection is closed
        with 4403, `graphql-ws` connects again with new `connectionParams` and asks for them again; on 4401 it gives up.
        """
        for identity, operation in list(self._operations.items()):
            if isinstance(operation, Subscriber):
                operation.close()
                del self._operations[identity]
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                tasks = [each for each in self._operations.values() if isinstance(each, asyncio.Task)]
                if tasks:
                    await asyncio.wait(tasks)
                self._send_queue.put(LAST)
                await self._said_all.wait()
        # Never 4401, for there may be better credentials by now.
        code = Close.TRY_AGAIN if error.code is Code.AUTH_UNAVAILABLE else Close.FORBIDDEN
        raise ProtocolViolation(code, error.message)

    def _answered(self, size: int) -> None:
        self._endpoint.running.free()
        self._endpoint.subscriptions.texts.free(self._client, size)

    # --- operations --------------------------------------------------------------

    async def _subscribe(self, identity: str, asked: GraphQLRequest, size: int) -> None:
        protocol = self._protocol

        def ended(answer: bytes | None) -> None:
            del self._operations[identity]
            if answer == COMPLETE:
                self._send_queue.put(about("complete", identity))
            elif answer is not None:
                self._failed(identity, orjson.loads(answer)["errors"])

        subscriber = Subscriber(
            self._endpoint.observer,
            "websocket",
            asked.operation_name or "",
            self._send_queue,
            lambda answer: about(protocol.next, identity, answer),
            ended,
        )
        try:
            await subscriber.open(self._endpoint.subscriptions, asked, size, self._client)
        except Exception as error:
            self._failed(identity, orjson.loads(self._endpoint.service.failed(error).body)["errors"])
        else:
            self._operations[identity] = subscriber

    async def _answer(self, identity: str, asked: GraphQLRequest) -> None:
        answer: GraphQLResponse = await self._endpoint.service.answer(asked)
        if self._operations.get(identity) is not asyncio.current_task():
            return
        del self._operations[identity]
        if answer.request_error:
            self._failed(identity, orjson.loads(answer.body)["errors"])
            return
        self._send_queue.put(answering(self._protocol.next, identity, answer.text))
        self._send_queue.put(about("complete", identity))

    def _failed(self, identity: str, errors: object) -> None:
        self._send_queue.put(about("error", identity, orjson.dumps(errors)))
