"""Event streams from within: signs of life in silence, what a left client leaves, and one client too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from graphql_app.app import Services, running
from graphql_app.config.settings import Settings
from graphql_app.errors import ServiceUnavailableException
from graphql_app.graphql_api.service import GraphQLRequest
from graphql_app.graphql_api.subscriptions.event_stream import MULTIPART, SSE, EventStreams, form_for
from graphql_app.observability.events import Event, SubscriptionClosed
from graphql_app.runtime.shutdown import Draining
from tests.harness.engine import Engine
from tests.live_client import PATIENCE

pytestmark = pytest.mark.engines("mariadb")

LIVE = GraphQLRequest("subscription Live { t { id } }", "Live")


@asynccontextmanager
async def services(engine: Engine, database: str, events: list[Event], **settings: object) -> AsyncIterator[Services]:
    """The program's parts on a database with one row."""
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)", database)
    given = {name.lower(): value for name, value in engine.environment(database).items()} | settings
    options: dict[str, Any] = {"_env_file": None, "subscription_poll_ms": 20} | given
    async with running(Settings(**options), events.append, Draining()) as found:
        async with asyncio.timeout(PATIENCE):
            await found.live.reload()
        yield found


class Client:
    """What a client is sent, and its leaving."""

    def __init__(self) -> None:
        self.body = b""
        self.headers: dict[bytes, bytes] = {}
        self.gone = asyncio.Event()
        self._more = asyncio.Event()

    async def receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.headers |= dict(message.get("headers", ()))
        self.body += message.get("body", b"")
        self._more.set()

    async def until(self, part: bytes, times: int = 1) -> None:
        """Waits until `part` was sent so many times."""
        async with asyncio.timeout(PATIENCE):
            while self.body.count(part) < times:
                self._more.clear()
                await self._more.wait()


@pytest.mark.parametrize("form", [SSE, MULTIPART], ids=lambda form: form.transport)
async def test_a_silent_stream_shows_that_it_lives_until_its_client_leaves(
    engine: Engine, database: str, form: Any
) -> None:
    """The answer once, then signs of life; nothing is left when the client has gone."""
    events: list[Event] = []
    async with services(engine, database, events) as found:
        streams = EventStreams(found.service, found.subscriptions, events.append, beat=0.02)
        client = Client()
        serving = asyncio.create_task(streams.run({}, client.receive, client.send, form, LIVE))
        await client.until(b'{"data":{"t":[{"id":1}]}}')
        await client.until(form.beat, 3)
        assert client.body.count(b'"data"') == 1
        assert client.headers[b"cache-control"] == b"no-cache"
        assert found.subscriptions.places.taken == found.live_queries.distinct == 1
        client.gone.set()
        await serving
        (closed,) = (event for event in events if isinstance(event, SubscriptionClosed))
        assert (closed.transport, closed.name, closed.sent) == (form.transport, "Live", 1)
        assert found.subscriptions.places.taken == 0
        async with asyncio.timeout(PATIENCE):
            while found.live_queries.distinct:  # noqa: ASYNC110 - a poll that is at the database ends by itself
                await asyncio.sleep(0.01)


async def test_one_client_too_many_is_told_to_come_again(engine: Engine, database: str) -> None:
    """Before anything is sent, so that it is an answer with a status of its own."""
    async with services(engine, database, [], max_sockets=1) as found:
        streams = EventStreams(found.service, found.subscriptions, lambda _event: None)
        first, second = Client(), Client()
        serving = asyncio.create_task(streams.run({}, first.receive, first.send, SSE, LIVE))
        await first.until(b'"data"')
        with pytest.raises(ServiceUnavailableException):
            await streams.run({}, second.receive, second.send, SSE, LIVE)
        assert second.headers == {}
        first.gone.set()
        await serving
        second.gone.set()
        await streams.run({}, second.receive, second.send, SSE, LIVE)


ACCEPTED = {
    "text/event-stream": SSE,
    "application/json, Text/Event-Stream;q=0.5": SSE,
    'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json': MULTIPART,
    "multipart/mixed": None,
    "application/json": None,
    "*/*": None,
    "": None,
}


@pytest.mark.parametrize("accept", ACCEPTED)
async def test_which_clients_take_a_stream(accept: str) -> None:
    """Those that say so; a bare multipart is for incremental delivery."""
    assert form_for(accept.encode()) is ACCEPTED[accept]
