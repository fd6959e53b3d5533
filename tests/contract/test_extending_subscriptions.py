"""Subscriptions that a developer adds: over server-sent events and over WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import strawberry
from fastapi import FastAPI

from graphql_app import create_app
from graphql_app.graphql_api.additions import Additions
from graphql_app.graphql_api.schema_builder import schema_of
from schema_gen.graphql.added_fields import AddedFields
from tests.contract.test_extending import environment, served, settings_of
from tests.unit.schema_shop import SHOP

__all__ = ["environment"]

pytestmark = [pytest.mark.anyio]

LEFT: list[str] = []
"""Resolvers that ended before their last value."""


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def countdown(self, info: strawberry.Info, start: int) -> AsyncGenerator[int, None]:
        try:
            for number in range(start, 0, -1):
                rows = await info.context.db.read("accounts", ["owner"], where={"id": {"_eq": 1}})
                assert rows == [{"owner": "Ada Lovelace"}]
                yield number
        except (GeneratorExit, asyncio.CancelledError):
            LEFT.append("countdown")
            raise

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("what nobody should read")


async def events(app: FastAPI, query: str) -> list[tuple[str, Any]]:
    """The server-sent events that answer a subscription: name and data."""
    async with served(app) as client:
        body = {"query": query}
        answer = await client.post("/graphql", json=body, headers={"Accept": "text/event-stream"})
        assert answer.status_code == 200
        blocks = [block.split("\n") for block in answer.text.split("\n\n") if block.startswith("event:")]
        return [(lines[0].removeprefix("event: "), _data(lines[1:])) for lines in blocks]


def _data(lines: list[str]) -> Any:
    text = "".join(line.removeprefix("data: ").removeprefix("data:") for line in lines)
    return json.loads(text) if text else None


async def test_it_is_told_as_events_to_its_end(environment: dict[str, str]) -> None:
    """Each value once, in order, although nobody waits between them; then the end."""
    app = create_app(settings_of(environment), subscription=Subscription)
    found = await events(app, "subscription { countdown(start: 3) }")
    assert found == [("next", {"data": {"countdown": number}}) for number in (3, 2, 1)] + [("complete", None)]


async def test_what_a_resolver_raises_stays_inside(environment: dict[str, str]) -> None:
    """The client is told that something failed, after what it was told before."""
    app = create_app(settings_of(environment), subscription=Subscription)
    found = await events(app, "subscription { broken }")
    assert found[0] == ("next", {"data": {"broken": 1}})
    assert "nobody should read" not in str(found)
    assert found[1][1]["errors"][0]["message"] == "Internal error"
    assert found[-1] == ("complete", None)


class Socket:
    """A client of the app's WebSocket, without a network between them."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.outbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.inbox.put_nowait({"type": "websocket.connect"})

    def say(self, message: dict[str, object]) -> None:
        """Sends a message of the protocol."""
        self.inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def hear(self) -> Any:
        """The next message of the protocol."""
        async with asyncio.timeout(20):
            while (event := await self.outbox.get())["type"] != "websocket.send":
                pass
        return json.loads(event["text"])


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[Socket]:
    """A connection that the program has accepted and greeted."""
    socket = Socket()
    scope = {
        "type": "websocket", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost")], "subprotocols": ["graphql-transport-ws"], "scheme": "ws",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"}, "state": {},
    }  # fmt: skip
    async with served(app):
        task = asyncio.ensure_future(app(scope, socket.inbox.get, socket.outbox.put))
        try:
            socket.say({"type": "connection_init"})
            assert await socket.hear() == {"type": "connection_ack"}
            yield socket
        finally:
            socket.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
            async with asyncio.timeout(20):
                await task


def subscribed(identity: str, query: str) -> dict[str, object]:
    """The message that begins a subscription."""
    return {"id": identity, "type": "subscribe", "payload": {"query": query}}


async def test_it_is_told_over_a_socket_beside_others(environment: dict[str, str]) -> None:
    """One of its own and one of the generated fields on one connection; the end of the first is told."""
    app = create_app(settings_of(environment), subscription=Subscription)
    async with connected(app) as socket:
        socket.say(subscribed("own", "subscription { countdown(start: 2) }"))
        heard = [await socket.hear() for _ in range(3)]
        assert [each["type"] for each in heard] == ["next", "next", "complete"]
        assert [each["payload"] for each in heard[:2]] == [{"data": {"countdown": 2}}, {"data": {"countdown": 1}}]
        socket.say(subscribed("live", "subscription { accounts(order_by: {id: asc}, limit: 1) { id } }"))
        assert (await socket.hear())["payload"] == {"data": {"accounts": [{"id": 1}]}}


async def test_their_number_is_bounded(environment: dict[str, str]) -> None:
    """As that of live queries is, by the same setting; one that ended makes room."""
    app = create_app(settings_of(environment | {"MAX_LIVE_QUERIES": "1"}), subscription=Subscription)
    async with connected(app) as socket:
        socket.say(subscribed("first", "subscription { countdown(start: 1000000) }"))
        assert (await socket.hear())["type"] == "next"
        socket.say(subscribed("second", "subscription { countdown(start: 1) }"))
        while (heard := await socket.hear())["id"] != "second":
            pass
        assert heard["type"] == "error"
        assert heard["payload"][0]["extensions"]["reason"] == "LIMIT_EXCEEDED"
        socket.say({"id": "first", "type": "complete"})
        socket.say(subscribed("third", "subscription { countdown(start: 1) }"))
        while (heard := await socket.hear())["id"] != "third":
            pass
        assert heard["payload"] == {"data": {"countdown": 1}}


async def test_a_resolver_ends_when_its_client_leaves(environment: dict[str, str]) -> None:
    """By the protocol's own word, in the middle of its values."""
    LEFT.clear()
    app = create_app(settings_of(environment), subscription=Subscription)
    async with connected(app) as socket:
        socket.say(subscribed("own", "subscription { countdown(start: 1000000) }"))
        assert (await socket.hear())["payload"] == {"data": {"countdown": 1000000}}
        socket.say({"id": "own", "type": "complete"})
        async with asyncio.timeout(20):
            while not LEFT:  # noqa: ASYNC110 - it is the resolver that tells
                await asyncio.sleep(0.01)
    assert LEFT == ["countdown"]


def test_a_name_that_is_generated_is_refused() -> None:
    """As for queries and mutations: the names of tables stay theirs."""

    @strawberry.type
    class Clash:
        @strawberry.subscription
        async def customers(self) -> AsyncGenerator[int, None]:
            yield 1

    with pytest.raises(ValueError, match="'customers' of Clash is called like a generated one"):
        schema_of(SHOP, "snake", Additions(AddedFields(subscription=Clash)))
