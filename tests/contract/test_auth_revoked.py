"""Connections that are open when other credentials are configured: each lasts as long as it would be let in anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from graphql_app import Settings, create_app
from tests.contract.test_auth_identity import SCHEMA
from tests.harness.app_process import PATIENT
from tests.harness.asgi_socket import AsgiSocket, asgi_socket
from tests.harness.asgi_stream import ENDS, AsgiStream, asgi_stream
from tests.harness.engine import Engine
from tests.harness.jwks_server import jwks_server
from tests.harness.tokens import SECRET, bearer, hasura, jwk, token

pytestmark = pytest.mark.engines("mariadb")

LIVE = "subscription { notes(order_by: {id: asc}) { id text } }"
STREAMS = ("text/event-stream", "multipart/mixed;subscriptionSpec=1.0, application/json")
SOCKETS = ("graphql-transport-ws", "graphql-ws")
ROBOT, OTHER = "r" * 40, "o" * 40


def key(name: str, text: str, more: str = "") -> str:
    """An entry for an API key."""
    return f"- {{name: {name}, sha256: {sha256(text.encode()).hexdigest()}, role: user{more}}}"


ROBOT_KEY = key("robot", ROBOT, ", variables: {x-hasura-user-id: ann}")
OTHER_KEY = key("other", OTHER, ", variables: {x-hasura-user-id: bob}")
CONFIG = f"""
auth:
  anonymous: visitor
  jwt:
    - {{issuer: us, audience: {{any: true}}, algorithms: [HS256], secret_file: secret}}
  api_keys:
    {ROBOT_KEY}
    {OTHER_KEY}
roles:
  visitor: {{tables: {{notes: {{select: {{columns: "*", filter: {{id: {{_eq: 1}}}}}}}}}}}}
  user: {{tables: {{notes: {{select: {{columns: "*", filter: {{owner: {{_eq: X-Hasura-User-Id}}}}}}}}}}}}
  editor: {{tables: {{notes: {{select: {{columns: "*", filter: {{}}}}}}}}}}
"""
# Made when the module is loaded, and used half an hour later where many tests come before.
ANN = token(hasura("user", user_id="ann") | {"iss": "us", "exp": int(time.time()) + 86_400})
ACTING = {"x-hasura-role": "user", "x-hasura-user-id": "ann"}
CALLERS: dict[str, dict[str, str]] = {
    "a key": {"x-api-key": ROBOT},
    "another key": {"x-api-key": OTHER},
    "a token": bearer(ANN),
    "nobody": {},
    "the admin": {"x-hasura-admin-secret": "first"},
    "a further admin": {"x-hasura-admin-secret": "second"},
    "the admin as a user": {"x-hasura-admin-secret": "second"} | ACTING,
}


@dataclass
class Site:
    """The program, and the folder of its configuration."""

    app: FastAPI
    folder: Path

    async def reload(self, text: str = CONFIG, **secrets: str) -> None:
        """Has it read other files."""
        (self.folder / "config.yaml").write_text(text)
        for name, value in secrets.items():
            (self.folder / name).write_text(value)
        await self.app.state.started.health.live.reload()

    @property
    def polls(self) -> int:
        """How many distinct queries are polled."""
        distinct: int = self.app.state.started.endpoints["graphql-ws"].subscriptions.live.distinct
        return distinct

    @property
    def connections(self) -> int:
        """How many connections are watched for what they are known by."""
        return len(self.app.connections._open)  # type: ignore[attr-defined]


@pytest.fixture
async def site(engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The program with roles, its secrets in files."""
    engine.execute(SCHEMA, database)
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "admin").write_text("first\n")
    (tmp_path / "admins").write_text("second\nthird\n")
    given = PATIENT | engine.environment(database)
    files = {"CONFIG_FILE": "config.yaml", "ADMIN_SECRET_FILE": "admin", "ADMIN_SECRETS_FILE": "admins"}
    given |= {name: str(tmp_path / file) for name, file in files.items()}
    options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
    app = create_app(Settings(**options))
    async with app.router.lifespan_context(app):
        yield Site(app, tmp_path)


class Everyone:
    """Each caller over each kind of connection, with a subscription that has answered."""

    def __init__(self, site: Site, stack: AsyncExitStack) -> None:
        self.site = site
        self.stack = stack
        self.sockets: dict[tuple[str, str], AsgiSocket] = {}
        self.streams: dict[tuple[str, str], AsgiStream] = {}

    async def come(self, name: str, headers: dict[str, str]) -> None:
        """One caller."""
        for protocol in SOCKETS:
            socket = await self.stack.enter_async_context(asgi_socket(self.site.app, (), protocol))
            await socket.say(type="connection_init", payload={"headers": headers})
            await socket.say(id="1", type="start" if protocol == "graphql-ws" else "subscribe", payload={"query": LIVE})
            while (await socket.hear())["type"] not in ("next", "data"):
                pass
            self.sockets[name, protocol] = socket
        for accept in STREAMS:
            stream = await self.stack.enter_async_context(asgi_stream(self.site.app, LIVE, accept, headers))
            await stream.hear(b'"id":')
            self.streams[name, accept] = stream

    async def gone(self, name: str) -> None:
        """Has all connections of one end as they should."""
        for protocol in SOCKETS:
            assert await self.sockets[name, protocol].hear() == {"closed": 4403}, (name, protocol)
            assert self.sockets[name, protocol].reason
        for accept in STREAMS:
            text = await self.streams[name, accept].hear_all()
            assert text.endswith(ENDS), (name, accept, text)
            assert b'"errors"' in text

    async def there(self, name: str) -> None:
        """Has one's connections tell of a row that was written."""
        for protocol in SOCKETS:
            answer = await self.sockets[name, protocol].hear()
            assert answer["type"] in ("next", "data"), (name, answer)
        for accept in STREAMS:
            await self.streams[name, accept].hear(b'"written anew"')


CHANGES: dict[str, tuple[dict[str, str], dict[str, str], set[str]]] = {
    "nothing": ({}, {}, set()),
    "a key is removed": ({ROBOT_KEY: ""}, {}, {"a key"}),
    "a key has another hash": ({ROBOT_KEY: key("robot", "new", ", variables: {x-hasura-user-id: ann}")}, {}, {"a key"}),
    "a key has another role": ({ROBOT_KEY: ROBOT_KEY.replace("role: user", "role: editor")}, {}, {"a key"}),
    "a key has other variables": ({ROBOT_KEY: ROBOT_KEY.replace("ann", "bob")}, {}, {"a key"}),
    "a key has another name": ({ROBOT_KEY: ROBOT_KEY.replace("robot", "machine")}, {}, {"a key"}),
    "a key has expired": ({ROBOT_KEY: ROBOT_KEY.replace("role:", "expires: 2020-01-01, role:")}, {}, {"a key"}),
    "a key will expire": ({ROBOT_KEY: ROBOT_KEY.replace("role:", "expires: 2099-01-01, role:")}, {}, set()),
    "no keys at all": (
        {f"  api_keys:\n    {ROBOT_KEY}\n    {OTHER_KEY}": ""},
        {},
        {"a key", "another key"},
    ),
    "the first admin secret": ({}, {"admin": "new"}, {"the admin"}),
    "a further admin secret": ({}, {"admins": "third"}, {"a further admin", "the admin as a user"}),
    "the secrets change places": ({}, {"admin": "second", "admins": "first"}, set()),
    "the secret of tokens": ({}, {"secret": "n" * 40}, {"a token"}),
    "the issuer of tokens": ({"issuer: us": "issuer: them"}, {}, {"a token"}),
    "the role of nobody": ({"anonymous: visitor": "anonymous: editor"}, {}, {"nobody"}),
    "nobody may come": ({"  anonymous: visitor\n": ""}, {}, {"nobody"}),
    "a role is gone": ({"  user: {": "  users: {"}, {}, {"a key", "another key", "a token", "the admin as a user"}),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_who_is_known_by_what_has_changed_is_gone(site: Site, engine: Engine, database: str, change: str) -> None:
    """And nobody else is."""
    edits, secrets, gone = CHANGES[change]
    text = CONFIG
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    async with AsyncExitStack() as stack:
        everyone = Everyone(site, stack)
        for name, headers in CALLERS.items():
            await everyone.come(name, headers)
        assert site.connections == len(CALLERS) * (len(SOCKETS) + len(STREAMS))
        await site.reload(text, **secrets)
        for name in gone:
            await everyone.gone(name)
        staying = CALLERS.keys() - gone
        assert site.connections == len(staying) * (len(SOCKETS) + len(STREAMS))
        engine.execute("UPDATE notes SET text = 'written anew'", database)
        for name in staying:
            await everyone.there(name)
    assert site.connections == site.polls == 0


async def test_a_file_that_is_wrong_ends_nothing(site: Site) -> None:
    """What held stays, admin secrets too."""
    async with AsyncExitStack() as stack:
        everyone = Everyone(site, stack)
        await everyone.come("the admin", CALLERS["the admin"])
        before = site.polls
        with pytest.raises(Exception, match="sha256"):
            await site.reload(CONFIG.replace(ROBOT_KEY, "- {name: robot}"), admin="new")
        (site.folder / "admin").unlink()
        with pytest.raises(Exception, match="ADMIN_SECRET_FILE takes"):
            await site.reload()
        assert (site.polls, site.connections) == (before, 4)
        await everyone.come("again", CALLERS["the admin"])


async def test_operators_come_with_the_secret_of_now(site: Site) -> None:
    transport = httpx.ASGITransport(site.app, client=("10.0.0.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://program") as client:

        async def status(secret: str) -> int:
            return (await client.get("/metrics", headers=bearer(secret))).status_code

        assert [await status(each) for each in ("first", "second", "new")] == [200, 200, 401]
        await site.reload(admin="new")
        assert [await status(each) for each in ("first", "second", "new")] == [401, 200, 200]


async def test_what_is_begun_after_the_change_is_asked_by_somebody_known(site: Site) -> None:
    """An operation over a connection whose caller has not been looked at since."""
    async with asgi_socket(site.app) as socket:
        await socket.say(type="connection_init", payload={"x-api-key": ROBOT})
        assert await socket.hear() == {"type": "connection_ack"}
        await site.reload(CONFIG.replace(ROBOT_KEY, ""))
        await socket.start("1", "{ notes { id } }")
        assert await socket.hear() == {"closed": 4403}
        assert socket.reason == "invalid 'x-api-key'"


@pytest.mark.parametrize("same", [True, False])
async def test_keys_that_an_issuer_publishes(site: Site, engine: Engine, database: str, *, same: bool) -> None:
    """Until the keys at a new address are fetched nobody can tell whether a token is good, and nobody is gone."""
    issuer = "{issuer: us, audience: {any: true}, algorithms: [HS256], secret_file: secret}"
    signed = token(hasura("user", user_id="ann") | {"iss": "us"}, "RS256", kid="a")
    with jwks_server() as first, jwks_server() as second:
        first.publish(jwk("RS256", kid="a"))
        text = CONFIG.replace(
            issuer, f"{{issuer: us, audience: {{any: true}}, algorithms: [RS256], jwks: '{first.url}'}}"
        )
        await site.reload(text)
        async with asyncio.timeout(30):
            while site.app.state.started.health.waiting():  # noqa: ASYNC110 - fetched beside everything else
                await asyncio.sleep(0.01)
        second.fail(500)
        async with AsyncExitStack() as stack:
            everyone = Everyone(site, stack)
            await everyone.come("a token", bearer(signed))
            await site.reload(text.replace(first.url, second.url))
            async with asyncio.timeout(30):
                while not second.asked:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert site.connections == 4
            second.publish(jwk("RS256", 0 if same else 1, kid="a" if same else "b"))
            if not same:
                await everyone.gone("a token")
                return
            engine.execute("UPDATE notes SET text = 'written anew'", database)
            await everyone.there("a token")
