"""Callers that another server knows: what it is told, what its answers mean, how long they are kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from graphql_app.auth.admin_secrets import AdminSecrets
from graphql_app.auth.auth_file import WebhookConfig
from graphql_app.auth.authenticator import Authenticator
from graphql_app.auth.identity import Identity
from graphql_app.auth.webhook import WebhookCallers
from graphql_app.errors import AppError, Code
from tests.harness.jwks_server import JwksServer, jwks_server

USER = {"X-Hasura-Role": "user", "X-Hasura-User-Id": "5", "other": "x"}


class Rig:
    """An authenticator with a webhook, and its clock."""

    def __init__(self, server: JwksServer, **config: Any) -> None:
        self.server = server
        self.now = 1000.0
        webhook = WebhookCallers(WebhookConfig(url=server.url, **config))
        self.made = Authenticator(AdminSecrets([b"top"]), lambda: self.now, webhook=webhook)

    async def ask(self, **headers: str) -> Identity:
        """Who sends these headers."""
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return await self.made.identify(pairs)

    async def why(self, **headers: str) -> tuple[Code, str]:
        """Why nobody does."""
        with pytest.raises(AppError) as refused:
            await self.ask(**headers)
        return refused.value.code, refused.value.message


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with jwks_server() as made:
        yield made


def say(server: JwksServer, content: object, **headers: str) -> None:
    """From now on this is the answer."""
    server.body, server.status = json.dumps(content).encode(), 200
    server.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize("mode", ["GET", "POST"])
async def test_the_webhook_is_told_the_headers(server: JwksServer, mode: str) -> None:
    rig = Rig(server, mode=mode)
    say(server, USER)
    found = await rig.ask(authorization="Token abc", x_mine="ü", host="h", content_length="5", user_agent="a")
    assert (found.role, dict(found.variables)) == ("user", {"x-hasura-role": "user", "x-hasura-user-id": "5"})
    assert found.expires is None
    told = json.loads(server.bodies[0])["headers"] if mode == "POST" else server.seen[0]
    assert told["authorization"] == "Token abc"
    assert told["x-mine"] in ("ü", "ü".encode().decode("latin-1"))
    assert told.get("user-agent") in (None, "graphql-app")
    assert told.get("content-length") in (None, "0")


async def test_only_the_headers_that_are_named(server: JwksServer) -> None:
    rig = Rig(server, headers=["X-Mine"])
    say(server, USER)
    await rig.ask(authorization="secret", x_mine="1", x_hasura_role="admin")
    assert server.seen[0]["x-mine"] == "1"
    assert not {"authorization", "x-hasura-role"} & server.seen[0].keys()


async def test_the_admin_needs_no_webhook(server: JwksServer) -> None:
    rig = Rig(server)
    assert (await rig.ask(x_hasura_admin_secret="top")).admin
    assert (await rig.why(x_hasura_admin_secret="wrong"))[0] is Code.ACCESS_DENIED
    assert server.asked == 0


async def test_who_may_not_ask(server: JwksServer) -> None:
    rig = Rig(server)
    server.fail(401)
    assert await rig.why() == (Code.ACCESS_DENIED, "Authentication hook unauthorized this request")


ANSWERS: dict[str, tuple[int, bytes]] = {
    "an error": (500, b"{}"),
    "a redirect": (302, b"{}"),
    "forbidden": (403, b"{}"),
    "no JSON": (200, b"<html>"),
    "no object": (200, b"[]"),
    "no role": (200, b'{"X-Hasura-User-Id": "5"}'),
    "an empty role": (200, b'{"X-Hasura-Role": ""}'),
    "a role that is no text": (200, b'{"X-Hasura-Role": 5}'),
    "a variable that is no text": (200, b'{"X-Hasura-Role": "user", "X-Hasura-User-Id": 5}'),
    "two of one name": (200, b'{"X-Hasura-Role": "user", "x-hasura-role": "admin"}'),
    "half a character": (200, b'{"X-Hasura-Role": "\\ud800"}'),
    "too long": (200, b'{"X-Hasura-Role": "user"}' + b" " * 100_000),
    "deep": (200, b"[" * 50_000),
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_answers_that_make_no_sense(server: JwksServer, answer: str) -> None:
    rig = Rig(server)
    server.status, server.body = ANSWERS[answer]
    code, message = await rig.why(cookie="a=b")
    assert code is Code.AUTH_UNAVAILABLE
    assert message.startswith("Invalid response from authorization hook")


async def test_a_webhook_that_does_not_answer(server: JwksServer) -> None:
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    server.before = lambda: asyncio.run_coroutine_threadsafe(gone.wait(), loop).result()  # type: ignore[assignment]
    rig = Rig(server, timeout_seconds=0.2)
    assert (await rig.why())[0] is Code.AUTH_UNAVAILABLE
    gone.set()


async def test_answers_are_kept_as_they_say(server: JwksServer) -> None:
    """For the very same headers, within five minutes; and what is kept lasts no longer than it may."""
    rig = Rig(server)
    say(server, USER, cache_control="max-age=100")
    first = await rig.ask(authorization="a")
    assert first.expires == 1100.0
    assert await rig.ask(authorization="a", user_agent="another") is first
    assert server.asked == 1
    say(server, {"X-Hasura-Role": "editor"}, cache_control="max-age=1000")
    assert (await rig.ask(authorization="b")).role == "editor"
    assert (await rig.ask(authorization="a", cookie="x")).role == "editor"
    assert (await rig.ask(authorization="a")).role == "user"
    assert server.asked == 3
    rig.now += 100
    assert (await rig.ask(authorization="a")).role == "editor"
    rig.now += 299
    say(server, USER)
    assert (await rig.ask(authorization="a")).role == "editor"
    rig.now += 1
    assert (await rig.ask(authorization="a")).role == "user"
    assert server.asked == 5
    await rig.ask(authorization="a")
    assert server.asked == 6, "an answer that says nothing is not kept"
    rig.made.forget()
    await rig.ask(authorization="b")
    assert server.asked == 7
