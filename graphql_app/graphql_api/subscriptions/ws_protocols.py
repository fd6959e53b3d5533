"""The two GraphQL protocols over WebSocket, as tables of words: `graphql-transport-ws`, and `graphql-ws` before it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

import orjson

from graphql_app.auth.identity import NOBODY, Identity
from graphql_app.errors import Code, RequestError
from graphql_app.graphql_api.http_protocol import asked_of
from graphql_app.graphql_api.service import GraphQLRequest
from graphql_app.http.gzipped import Joined, Text
from graphql_app.http.request_body import LONG_BYTES, parse_json


class Close(IntEnum):
    """Codes that a WebSocket is closed with (RFC 6455, and the protocol's own)."""

    NORMAL = 1000
    TOO_BIG = 1009
    TRY_AGAIN = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    UNACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    DUPLICATE_ID = 4409
    INIT_TWICE = 4429


class ProtocolViolation(Exception):
    """The client broke the protocol: the connection ends."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Protocol:
    """The words of one protocol.

    `greeting` is sent after the acknowledgement; `leave` ends the connection; `init_error` says why there is none.
    """

    name: str
    start: str
    stop: str
    next: str
    greeting: str | None = None
    leave: str | None = None
    init_error: str | None = None


PROTOCOLS = {
    each.name: each
    for each in (
        Protocol("graphql-transport-ws", start="subscribe", stop="complete", next="next"),
        # Apollo's subscriptions-transport-ws, which older clients of Hasura speak.
        Protocol(
            "graphql-ws",
            start="start",
            stop="stop",
            next="data",
            greeting="ka",
            leave="connection_terminate",
            init_error="connection_error",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Message:
    """What a client says, in so many characters. `id` and `payload` are empty where the message has none."""

    type: str
    id: str
    payload: dict[str, object]
    size: int = 0


def parse_message(text: str, depth: int) -> Message:
    """A client's message, whose payload has at most `depth` levels. Raises `ProtocolViolation`."""
    try:
        value = parse_json(text.encode(), depth + 1)
    except (RequestError, UnicodeEncodeError):
        raise _bad("Invalid message received: it is not JSON, or nested too deeply") from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise _bad("Invalid message received: it has no type")
    identity, payload = value.get("id", ""), value.get("payload")
    if not isinstance(identity, str) or not isinstance(payload, dict | None):
        raise _bad("Invalid message received: 'id' must be a text and 'payload' an object")
    return Message(str(value["type"]), identity, payload or {}, len(text))


def headers_of(message: Message) -> list[tuple[bytes, bytes]]:
    """The headers that a client sends in its first message, as browsers cannot with the handshake.

    They stand in `headers`, as Hasura has them, or in the payload itself, as Apollo's examples do.
    """
    given = message.payload.get("headers")
    found = dict(given) if isinstance(given, dict) else {}
    flat = {name: value for name, value in message.payload.items() if name not in found and isinstance(value, str)}
    return [(name.lower().encode(), str(value).encode()) for name, value in (found | flat).items()]


def parse_operation(message: Message, identity: Identity = NOBODY) -> GraphQLRequest:
    """The operation that a message of the caller `identity` starts. Raises `ProtocolViolation`."""
    if not message.id:
        raise _bad("Invalid message received: it has no id")
    try:
        return asked_of(message.payload, identity, long=message.size >= LONG_BYTES)
    except RequestError as error:
        raise _bad(f"Invalid message received: {error.message}") from None


def _bad(reason: str) -> ProtocolViolation:
    return ProtocolViolation(Close.BAD_MESSAGE, reason)


def plain(type_: str, payload: dict[str, object] | None = None) -> str:
    """A message about the connection."""
    message: dict[str, object] = {"type": type_}
    if payload:
        message["payload"] = _exact(payload)
    return orjson.dumps(message).decode()


def _exact(value: object) -> object:
    """`value` with its numbers as the client wrote them: orjson knows neither decimals nor integers beyond 64 bits."""
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    wide = type(value) is int and not -(2**63) <= value < 2**64
    return orjson.Fragment(str(value)) if wide or isinstance(value, Decimal) else value


def about(type_: str, identity: str, payload: bytes | None = None) -> str:
    """A message about an operation; `payload` is JSON text."""
    head = _head(type_, identity)
    return (head + (b'"}' if payload is None else b'","payload":' + payload + b"}")).decode()


def answering(type_: str, identity: str, payload: Text) -> str | Joined:
    """A message with an operation's answer, which may be long: then it is not held as a whole."""
    message = Joined.of(_head(type_, identity) + b'","payload":', b"", (payload,), b"}")
    return message.decode() if isinstance(message, bytes) else message


def _head(type_: str, identity: str) -> bytes:
    return b'{"id":' + orjson.dumps(identity) + b',"type":"' + type_.encode()


def too_many(most: int) -> RequestError:
    """The error for one operation too many on a connection."""
    return RequestError(Code.LIMIT_EXCEEDED, f"A connection holds at most {most} operations at a time")
