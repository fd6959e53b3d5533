"""Names that are Hasura's mean what they mean there, or are refused in words: the address, the secret, the role."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Subprotocol

from tests.fix_app import OpenApp, end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.live_client import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb")]

QUERY = {"query": "{ t { id } }"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def site(engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The program, with a secret, as a process of its own."""
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)", module_database)
    environment = engine.environment(module_database) | {"ADMIN_SECRET": "s3cret"}
    app = RunningApp(environment, ("serve",), tmp_path_factory.mktemp("names"))
    try:
        app.wait_ready()
        yield app
    finally:
        end([(app, True)])


def test_the_alias_is_the_address(site: RunningApp) -> None:
    for path in ("/graphql", "/v1/graphql"):
        assert site.client.post(path, json=QUERY).json() == {"data": {"t": [{"id": 1}]}}
        assert site.client.get(path, params=QUERY).json() == {"data": {"t": [{"id": 1}]}}
        refused = site.client.get(path, params={"query": "mutation { delete_t(where: {}) { affected_rows } }"})
        assert refused.status_code == 405
        page = site.client.get(path, headers=BROWSER, follow_redirects=True)
        assert 'id="graphiql"' in page.text
        assert site.client.get(httpx.URL(page.url).join("static/graphiql.js")).status_code == 200


def test_the_way_to_graphiql_names_no_host(site: RunningApp) -> None:
    answer = site.client.get("/v1/graphql?variables=%7B%7D", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (307, "../graphql?variables=%7B%7D")


@pytest.mark.parametrize(
    ("headers", "status", "code", "reason"),
    [
        ({"X-Hasura-Role": "user"}, 400, "not-supported", "ROLES_NOT_SUPPORTED"),
        ({"X-Hasura-Admin-Secret": "s3cret", "X-Hasura-Role": "user"}, 400, "not-supported", "ROLES_NOT_SUPPORTED"),
        ({"X-Hasura-Admin-Secret": "wrong"}, 401, "access-denied", "ACCESS_DENIED"),
    ],
)
def test_headers_that_cannot_be_honoured(
    site: RunningApp, headers: dict[str, str], status: int, code: str, reason: str
) -> None:
    for path in ("/graphql", "/v1/graphql"):
        answer = site.client.post(path, json=QUERY, headers=headers)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"]) == (status, code)
        assert error["extensions"]["reason"] == reason
        assert "x-hasura" in error["message"]
    for method, path in (("GET", "/api/t/query"), ("POST", "/api/t"), ("GET", "/api/t/export"), ("GET", "/")):
        answer = site.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["details"]["code"]) == (status, reason)
        assert ("www-authenticate" in answer.headers) == (status == 401)
    right = site.client.post("/graphql", json=QUERY, headers={"X-Hasura-Admin-Secret": "s3cret"})
    assert right.json() == {"data": {"t": [{"id": 1}]}}


async def closed(site: RunningApp, path: str, protocol: str, payload: object) -> tuple[list[dict[str, object]], int]:
    """What a connection hears after its first message, and the code that it is closed with (0: it is not)."""
    address = site.url.replace("http", "ws", 1) + path
    heard: list[dict[str, object]] = []
    async with connect(address, subprotocols=[Subprotocol(protocol)]) as socket, asyncio.timeout(PATIENCE):
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        with suppress(ConnectionClosedError):
            while True:
                heard.append(json.loads(await socket.recv()))
                if heard[-1]["type"] == "connection_ack":
                    return heard, 0
    return heard, socket.close_code or 0


@pytest.mark.parametrize("path", ["/graphql", "/v1/graphql"])
@pytest.mark.parametrize(
    "headers", [{"X-Hasura-Role": "user"}, {"x-hasura-role": None}, {"x-hasura-admin-secret": "wrong"}], ids=str
)
async def test_headers_in_a_first_message(site: RunningApp, path: str, headers: dict[str, object]) -> None:
    heard, code = await closed(site, path, "graphql-transport-ws", {"headers": headers})
    assert (heard, code) == ([], 4403)
    heard, code = await closed(site, path, "graphql-ws", {"headers": headers})
    assert (heard[0]["type"], code) == ("connection_error", 4403)
    assert "x-hasura" in json.dumps(heard[0]["payload"])


@pytest.mark.parametrize(
    "payload", [None, {}, {"headers": None}, {"headers": []}, {"headers": {"x-hasura-admin-secret": "s3cret"}}], ids=str
)
async def test_first_messages_that_are_well(site: RunningApp, payload: object) -> None:
    assert (await closed(site, "/v1/graphql", "graphql-transport-ws", payload))[1] == 0


@pytest.mark.parametrize("headers", [{"x-hasura-role": "user"}, {"x-hasura-admin-secret": "wrong"}], ids=str)
async def test_headers_of_a_handshake(site: RunningApp, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(site.url.replace("http", "ws", 1) + "/graphql", additional_headers=headers):
            pass
    assert refused.value.response.status_code in (400, 401)
    assert b"x-hasura" in (refused.value.response.body or b"")


async def test_a_name_that_is_not_ours_is_refused_over_loopback(site: RunningApp) -> None:
    """What a page reaches by giving its own name the address of this machine."""
    for name in ("evil.example", f"evil.example:{site.port}"):
        answer = site.client.get("/api/t/query", headers={"Host": name})
        assert (answer.status_code, answer.json()["details"]["code"]) == (403, "HOST_NOT_ALLOWED")
        with pytest.raises(InvalidStatus) as refused:
            async with connect(
                f"ws://{name.partition(':')[0]}:{site.port}/graphql",
                host="127.0.0.1",
                port=site.port,
                origin=f"http://{name}",  # type: ignore[arg-type]
                proxy=None,
            ):
                pass
        assert refused.value.response.status_code == 403
    for name in ("localhost", f"127.0.0.1:{site.port}", f"[::1]:{site.port}"):
        assert site.client.get("/api/t/query", headers={"Host": name}).status_code == 200


def test_the_figures_of_a_program_with_a_secret(site: RunningApp) -> None:
    assert site.client.get("/metrics").status_code == 200
    behind = {"X-Forwarded-For": "203.0.113.7"}
    refused = site.client.get("/metrics", headers=behind)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert site.client.get("/metrics", headers=behind | {"Authorization": "Bearer s3cret"}).status_code == 200
    assert site.client.post("/admin/reload").status_code == 401


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/graphql/", "../graphql"),
        ("/graphql/?query=%7Ba%7D", "../graphql?query=%7Ba%7D"),
        ("/api/t/", "../t"),
        ("/api/gr%C3%B6%C3%9Fe/", "../gr%C3%B6%C3%9Fe"),
        ("/graphql//", "../../graphql"),
        ("/api/a:b/", "../a%3Ab"),
        ("/docs/", "../docs"),
    ],
)
async def test_a_slash_too_many_leads_to_the_address_on_the_same_host(
    open_app: OpenApp, engine: Engine, database: str, path: str, location: str
) -> None:
    async with open_app(engine.environment(database)) as client:
        answer = await client.get(path, headers={"Host": "evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (307, location)
        assert "evil" not in repr(answer.headers) + answer.text
        told = httpx.URL(f"http://program{path}").join(location)
        assert told.path == httpx.URL(f"http://program{path}").path.rstrip("/")


@pytest.mark.parametrize("path", "//evil.example/ //evil.example/graphql/ /nothing/ // /%2F%2Fevil.example/".split())
async def test_what_leads_nowhere_is_not_found(open_app: OpenApp, engine: Engine, database: str, path: str) -> None:
    async with open_app(engine.environment(database)) as client:
        answer = await client.get(httpx.URL("http://program").copy_with(raw_path=path.encode()))
        assert answer.status_code == 404
