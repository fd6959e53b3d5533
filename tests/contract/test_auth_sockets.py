"""Who is asking over WebSocket, event stream and multipart, and the end of connections whose token ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from graphql_app import Settings, create_app
from tests.contract.test_auth_identity import SCHEMA, settings
from tests.harness.app_process import PATIENT
from tests.harness.asgi_socket import AsgiSocket, asgi_socket
from tests.harness.asgi_stream import ENDS, asgi_stream
from tests.harness.engine import Engine
from tests.harness.ports import free_port
from tests.harness.tokens import bearer, hasura, token

pytestmark = pytest.mark.engines("mariadb")

CONFIG = """
auth:
  jwt:
    - {issuer: {any: true}, audience: {any: true}, algorithms: [HS256], secret_file: secret}
  api_keys:
    - name: robot
      sha256: dbb46bb8334dc5e13b8f11f985f2655e7ecc9d56253980ca03bc71504ff430e7
      role: editor
roles:
  user: {tables: {notes: {select: {columns: "*", filter: {owner: {_eq: X-Hasura-User-Id}}}}}}
  editor: {tables: {notes: {select: {columns: "*", filter: {}}}}}
"""
NOW = 1_900_000_000.0
LIVE = "subscription { notes(order_by: {id: asc}) { id } }"


@dataclass
class Moment:
    """A clock that stands until it is set."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Site:
    """The program, and its clock."""

    app: FastAPI
    clock: Moment


@pytest.fixture
async def site(engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[Site]:
    engine.execute(SCHEMA, database)
    given = PATIENT | engine.environment(database) | settings(tmp_path, CONFIG)
    options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
    clock = Moment()
    app = create_app(Settings(**options), clock=clock)
    async with app.router.lifespan_context(app):
        yield Site(app, clock)


def of(user: str, *roles: str, lasts: float = 300, **more: object) -> str:
    """A user's token that expires `lasts` seconds after the clock's first moment."""
    return token(hasura("user", *roles, user_id=user) | {"exp": NOW + lasts, "iss": "us"} | more)


@asynccontextmanager
async def ready(
    site: Site, payload: object, headers: dict[str, str] | None = None, protocol: str = "graphql-transport-ws"
) -> AsyncIterator[AsgiSocket]:
    """A connection that was acknowledged."""
    async with asgi_socket(site.app, (headers or {}).items(), protocol) as socket:
        await socket.say(type="connection_init", payload=payload)
        assert await socket.hear() == {"type": "connection_ack"}
        yield socket


async def ids(socket: AsgiSocket) -> list[int]:
    """What the next message of a subscription to the notes shows."""
    message = await socket.hear()
    assert message["type"] == "next", message
    return [row["id"] for row in message["payload"]["data"]["notes"]]


def payloads() -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """Ways to say who one is: the first message's payload, the handshake's headers."""
    ann = f"Bearer {of('ann')}"
    yield "headers of the payload", {"headers": {"Authorization": ann}}, {}
    yield "the payload itself", {"Authorization": ann}, {}
    yield "the handshake", {}, {"authorization": ann}
    yield "the payload wins", {"authorization": ann}, {"authorization": f"Bearer {of('bob')}"}
    yield "the admin as somebody", {"headers": {
        "x-hasura-admin-secret": "top", "x-hasura-role": "user", "x-hasura-user-id": "ann"}}, {}  # fmt: skip


@pytest.mark.parametrize("way", [name for name, _, _ in payloads()])
async def test_ways_to_say_who_one_is(site: Site, way: str) -> None:
    _, payload, headers = next(each for each in payloads() if each[0] == way)
    async with ready(site, payload, headers) as socket:
        await socket.start("1", LIVE)
        assert await ids(socket) == [1]


async def test_a_role_and_a_key(site: Site) -> None:
    """A role among the allowed ones, and a program's key, beside headers that do not count."""
    for payload in (
        {"authorization": f"Bearer {of('ann', 'editor')}", "x-hasura-role": "editor"},
        {"headers": {"x-api-key": "robot's key", "x-hasura-user-id": "ann"}},
    ):
        async with ready(site, payload) as socket:
            await socket.start("1", LIVE)
            assert await ids(socket) == [1, 2]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, 4401),
        (None, 4401),
        ({"headers": {"Authorization": "Bearer a.b.c"}}, 4403),
        ({"headers": {"Authorization": f"Bearer {of('ann', lasts=-1)}"}}, 4403),
        ({"headers": {"x-hasura-admin-secret": "wrong"}}, 4403),
        ({"headers": {"x-hasura-role": "editor", "x-hasura-user-id": "ann"}}, 4401),
        ({"headers": {"Authorization": f"Bearer {of('ann')}", "x-hasura-role": "editor"}}, 4403),
        ({"headers": {"Authorization": f"Bearer {of('ann')}"}, "authorization": "Bearer other"}, 4403),
    ],
)
async def test_those_who_may_not_ask(site: Site, payload: Any, code: int) -> None:
    async with asgi_socket(site.app) as socket:
        await socket.say(type="connection_init", payload=payload)
        assert await socket.hear() == {"closed": code}
        assert socket.reason


async def test_an_older_client_is_told_why(site: Site) -> None:
    async with asgi_socket(site.app, protocol="graphql-ws") as socket:
        await socket.say(type="connection_init", payload={"authorization": "Bearer a.b.c"})
        told = await socket.hear()
        assert told["type"] == "connection_error"
        assert told["payload"]["message"].startswith("Could not verify JWT")
        assert await socket.hear() == {"closed": 4403}


@pytest.mark.parametrize("protocol", ["graphql-transport-ws", "graphql-ws"])
async def test_a_connection_ends_when_its_token_does(site: Site, protocol: str) -> None:
    """Also where nothing happens. By 4403 clients know that they may come again with a new token."""
    site.clock.now = NOW + 299.9
    start = {"graphql-ws": "start"}.get(protocol, "subscribe")
    async with ready(site, {"authorization": f"Bearer {of('ann')}"}, protocol=protocol) as socket:
        if protocol == "graphql-ws":
            assert await socket.hear() == {"type": "ka"}
        for identity in ("1", "2"):
            await socket.say(id=identity, type=start, payload={"query": LIVE})
            assert (await socket.hear())["id"] == identity
        site.clock.now = NOW + 300
        assert await socket.hear() == {"closed": 4403}
        assert socket.reason == "Could not verify JWT: JWTExpired"
    async with ready(site, {"authorization": f"Bearer {of('ann', lasts=600)}"}) as socket:
        await socket.start("1", LIVE)
        assert await ids(socket) == [1]


async def test_nothing_begins_after_the_end(site: Site) -> None:
    """An operation that comes between the end and its being noticed."""
    async with ready(site, {"authorization": f"Bearer {of('ann')}"}) as socket:
        site.clock.now = NOW + 300
        await socket.start("1", "{ notes { id } }")
        assert await socket.hear() == {"closed": 4403}


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0, application/json"])
async def test_a_stream_ends_when_its_token_does(site: Site, accept: str) -> None:
    site.clock.now = NOW + 299.9
    async with asgi_stream(site.app, LIVE, accept, bearer(of("ann"))) as stream:
        await stream.hear(b'"id":1')
        site.clock.now = NOW + 300
        text = await stream.hear_all()
    assert b"Could not verify JWT: JWTExpired" in text
    assert text.endswith(ENDS)


async def test_callers_are_known_before_the_database_is(tmp_path: Path) -> None:
    """A connection that comes while the database is away is that of its caller, and not nobody's."""
    given = {"db_host": "127.0.0.1", "db_port": free_port(), "db_name": "none"} | {
        name.lower(): value for name, value in settings(tmp_path, CONFIG).items()
    }
    options: dict[str, Any] = {"_env_file": None} | given
    app = create_app(Settings(**options), clock=Moment())
    async with app.router.lifespan_context(app):
        async with asgi_socket(app) as socket:
            await socket.say(type="connection_init", payload={"authorization": "Bearer a.b.c"})
            assert await socket.hear() == {"closed": 4403}
        async with asgi_socket(app) as socket:
            await socket.say(type="connection_init", payload={"authorization": f"Bearer {of('ann')}"})
            assert await socket.hear() == {"type": "connection_ack"}
