"""The protocol of `graphql-transport-ws` to the letter: close codes, limits, and which pages may connect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.live_client import PATIENCE, LiveClient, live_client

pytestmark = pytest.mark.engines("mariadb")

GOOD = "https://good.example"
LIMITS = {
    "CORS_ORIGINS": GOOD,
    "MAX_BODY_BYTES": "2000",
    "MAX_SOCKETS": "4",
    "MAX_SOCKET_OPERATIONS": "2",
    "MAX_LIVE_QUERIES": "3",
    "MAX_IN_FLIGHT": "1",
}


@pytest.fixture(scope="module")
def site(engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the program with small limits."""
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)", module_database)
    engine.execute("CREATE VIEW slow AS SELECT id, SLEEP(0.5) AS s FROM t", module_database)
    app = RunningApp(engine.environment(module_database) | LIMITS, ("serve",), tmp_path_factory.mktemp("ws"))
    try:
        app.wait_ready()
        yield app.url
    finally:
        end([(app, True)])


def live(number: int) -> str:
    """One of several distinct subscriptions."""
    return f"subscription {{ t(where: {{id: {{_lt: {number}}}}}) {{ id }} }}"


@asynccontextmanager
async def refused(client: LiveClient, code: int) -> AsyncIterator[None]:
    """What is done inside makes the program close the connection with `code`."""
    yield
    async with asyncio.timeout(PATIENCE):
        await client.socket.wait_closed()
    assert client.socket.close_code == code, client.socket.close_reason
    assert client.socket.close_reason


BROKEN = {
    "no JSON": "{",
    "no object": "[]",
    "no type": '{"id": "1"}',
    "a type that is none": '{"type": "nothing"}',
    "a payload that is no object": '{"type": "ping", "payload": 1}',
    "an id that is no text": '{"id": 1, "type": "subscribe", "payload": {"query": "{ t { id } }"}}',
    "no id": '{"type": "subscribe", "payload": {"query": "{ t { id } }"}}',
    "no query": '{"id": "1", "type": "subscribe", "payload": {}}',
    "no payload": '{"id": "1", "type": "subscribe"}',
    "variables that are no object": '{"id": "1", "type": "subscribe", "payload": {"query": "{a}", "variables": 1}}',
    "a message of the older protocol": '{"id": "1", "type": "start", "payload": {"query": "{a}"}}',
    "half a surrogate": '{"type": "ping", "payload": {"a": "\\ud800"}}',
    "a key twice": '{"type": "ping", "type": "pong"}',
}


@pytest.mark.parametrize("message", BROKEN)
async def test_a_message_that_is_none_ends_the_connection(site: str, message: str) -> None:
    async with live_client(site) as client, refused(client, 4400):
        await client.socket.send(BROKEN[message])


async def test_bytes_are_no_message(site: str) -> None:
    async with live_client(site) as client, refused(client, 4400):
        await client.socket.send(b'{"type": "ping"}')


async def test_an_operation_before_the_acknowledgement(site: str) -> None:
    async with live_client(site, init=False) as client, refused(client, 4401):
        await client.start("1", live(1))


async def test_a_second_initialisation(site: str) -> None:
    async with live_client(site) as client, refused(client, 4429):
        await client.say(type="connection_init")


async def test_no_initialisation(site: str) -> None:
    """The time runs from the connection's start; pings do not stop it."""
    async with live_client(site, init=False) as client, refused(client, 4408):
        await client.say(type="ping")


async def test_an_id_in_use(site: str) -> None:
    async with live_client(site) as client, refused(client, 4409):
        await client.start("1", live(1))
        await client.start("1", live(1))


async def test_a_message_too_large(site: str) -> None:
    async with live_client(site) as client, refused(client, 1009):
        await client.say(type="ping", payload={"a": "x" * 3000})


async def test_no_subprotocol_of_ours(site: str) -> None:
    async with live_client(site, init=False, protocol="soap") as client, refused(client, 4406):
        pass


async def test_ping_pong_and_an_unknown_id(site: str) -> None:
    """A pong of the client, and the end of what there is not, are no faults."""
    async with live_client(site) as client:
        await client.say(type="pong")
        await client.say(id="nothing", type="complete")
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**300, 2**64 - 1])
async def test_a_ping_with_an_integer_of_any_size_is_answered(site: str, number: int) -> None:
    async with live_client(site) as client:
        await client.say(type="ping", payload={"a": number, "b": ["é", None]})
        assert await client.hear() == {"type": "pong", "payload": {"a": number, "b": ["é", None]}}


async def test_operations_of_one_connection_are_bounded(site: str) -> None:
    """One too many fails alone, and there is room again when one is completed."""
    async with live_client(site) as client:
        for identity in ("1", "2"):
            await client.start(identity, live(1))
            assert await client.data(identity) == {"t": []}
        await client.start("3", live(1))
        message = await client.hear()
        assert (message["id"], message["type"]) == ("3", "error")
        assert message["payload"][0]["extensions"]["reason"] == "LIMIT_EXCEEDED"
        await client.say(id="1", type="complete")
        await client.start("3", live(1))
        assert await client.data("3") == {"t": []}


async def test_queries_of_all_connections_are_bounded(site: str) -> None:
    """As over HTTP: one too many is told to try again, and nothing else is held up."""
    async with live_client(site) as one, live_client(site) as two:
        await one.start("1", "{ slow { s } }")
        await two.start("live", live(1))
        assert await two.data("live") == {"t": []}
        await two.start("2", "{ t { id } }")
        message = await two.hear()
        assert (message["id"], message["type"]) == ("2", "error")
        assert message["payload"][0]["extensions"]["reason"] == "SERVICE_UNAVAILABLE"
        assert await one.data("1") == {"slow": [{"s": 0}]}
        assert (await one.hear())["type"] == "complete"
        await two.start("2", "{ t { id } }")
        assert await two.data("2") == {"t": [{"id": 1}]}


async def test_distinct_subscriptions_are_bounded(site: str) -> None:
    """Equal ones count once."""
    async with live_client(site) as one, live_client(site) as two:
        for client, identity, number in ((one, "1", 1), (one, "2", 0), (two, "1", 0)):
            await client.start(identity, live(number))
            assert await client.data(identity) == {"t": []}
        async with live_client(site) as three:
            await three.start("1", live(-1))
            assert await three.data("1") == {"t": []}
            await three.start("2", live(-2))
            message = await three.hear()
            assert (message["type"], message["payload"][0]["extensions"]["reason"]) == ("error", "LIMIT_EXCEEDED")


async def test_connections_are_bounded(site: str) -> None:
    """One too many is told to come again; it is let in when another has left."""
    async with live_client(site), live_client(site), live_client(site):
        async with live_client(site):
            with pytest.raises(InvalidStatus) as refused:
                async with live_client(site):
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["Retry-After"] == "2"
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with live_client(site):
                        break
                except InvalidStatus:
                    await asyncio.sleep(0.01)


async def test_pages_of_other_origins_are_refused(site: str) -> None:
    """A browser asks nobody before it opens a WebSocket; a page may if it may call over HTTP, or is our own."""
    for origin in (GOOD, site):
        async with live_client(site, origin=origin):
            pass
    for origin in ("https://evil.example", "null", site.replace("http", "https") + ".evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            async with live_client(site, origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_a_reader_that_floods_us_is_not_listened_to(site: str) -> None:
    """Ten thousand pings of a client that reads nothing: it gets every answer once it reads, and others are served."""
    address = site.replace("http", "ws") + "/graphql"
    async with connect(address, subprotocols=["graphql-transport-ws"], max_queue=1) as socket:  # type: ignore[list-item]
        await socket.send('{"type": "connection_init"}')
        sending = asyncio.create_task(_flood(socket.send))
        async with live_client(site) as other:
            await other.say(type="ping")
            assert await other.hear() == {"type": "pong"}
        async with asyncio.timeout(PATIENCE):
            heard = [json.loads(await socket.recv())["type"] for _ in range(10_001)]
        await sending
    assert heard == ["connection_ack"] + ["pong"] * 10_000


async def _flood(send: object) -> None:
    for _ in range(10_000):
        await send('{"type": "ping"}')  # type: ignore[operator]
