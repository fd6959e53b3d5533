"""Where callers have to say who they are, whose cookies count, and what a reload changes, at every address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from graphql_app import Settings, create_app
from graphql_app.dependencies import current_database
from graphql_app.graphql_api.database import QueryFailed
from tests.contract.test_auth_identity import QUERY, SCHEMA, settings
from tests.harness.app_process import PATIENT
from tests.harness.engine import Engine
from tests.harness.tokens import SECRET, bearer, hasura, token

pytestmark = pytest.mark.engines("mariadb")

GOOD = "https://good.example"
CONFIG = """
auth:
  jwt:
    - {issuer: us, audience: shop, algorithms: [HS256], secret_file: secret, header: {type: Cookie, name: session}}
    - {issuer: them, audience: shop, algorithms: [HS256], secret_file: secret}
roles:
  user: {tables: {notes: {select: {columns: "*", filter: {owner: {_eq: X-Hasura-User-Id}}}}}}
"""
VISITOR = """
roles:
  visitor: {tables: {notes: {select: {columns: [id], filter: {}}}}}
"""
ADMIN = {"x-hasura-admin-secret": "top"}


class Site:
    """The program in this process, with its configuration file."""

    def __init__(self, engine: Engine, database: str, folder: Path, **more: Any) -> None:
        given = PATIENT | engine.environment(database) | settings(folder, CONFIG) | {"CORS_ORIGINS": GOOD}
        options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
        self.folder = folder
        self.app = create_app(Settings(**options | more.pop("settings", {})), **more)

    def client(self, app: Any = None, base: str = "http://program", local: bool = True) -> httpx.AsyncClient:
        """A client; `local` comes from this machine."""
        address = ("127.0.0.1" if local else "192.0.2.7", 123)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app or self.app, client=address), base_url=base)

    def configure(self, text: str) -> None:
        """Changes the file."""
        (self.folder / "config.yaml").write_text(text)


@pytest.fixture
async def site(engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[Site]:
    engine.execute(SCHEMA, database)
    made = Site(engine, database, tmp_path)
    async with made.app.router.lifespan_context(made.app):
        yield made


def of(issuer: str) -> str:
    """A token of Ann's."""
    return token({"iss": issuer, "aud": "shop", "sub": "ann"} | hasura("user", user_id="ann"))


OPEN = ["/", "/data", "/docs", "/graphiql", "/healthz", "/readyz", "/favicon.ico", "/static/none.js", "/metrics"]
CLOSED = [
    "/graphql?query={notes{id}}", "/v1/graphql?query={__typename}", "/api/notes", "/api/notes/query",
    "/api/notes/export", "/api/batch/notes/export", "/api/batch/import",
    "/openapi.json", "/structure.json", "/api/", "/api/nothing/at/all",
]  # fmt: skip


@pytest.mark.parametrize("path", CLOSED)
async def test_addresses_of_data_know_their_callers(site: Site, path: str) -> None:
    """Each method but a preflight; without credentials, with bad ones, and with those of nobody."""
    async with site.client() as client:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            for headers in ({}, bearer("a.b.c"), {"x-hasura-role": "user", "x-hasura-user-id": "ann"}):
                answer = await client.request(method, path, headers=headers)
                assert answer.status_code == 401, (method, headers)
                assert answer.headers["www-authenticate"].startswith("Bearer")
                if method != "HEAD":
                    assert "notes" not in answer.text
        preflight = {"origin": GOOD, "access-control-request-method": "POST"}
        assert (await client.request("OPTIONS", path, headers=preflight)).status_code == 200


async def test_refusals_have_the_form_of_their_address(site: Site) -> None:
    async with site.client() as client:
        graphql = await client.post("/v1/graphql", json=QUERY, headers={"origin": GOOD})
        assert graphql.json()["errors"][0]["extensions"]["code"] == "invalid-headers"
        assert graphql.headers["access-control-allow-origin"] == GOOD, "the page may read why"
        rest = await client.post("/api/notes", json={"input": {"id": 9, "owner": "x"}})
        assert rest.json()["details"] == {"code": "INVALID_HEADERS", "outcome": "not_applied"}
        metrics = (await client.get("/metrics")).text
        assert 'graphql_app_authentication_failures_total{code="INVALID_HEADERS"} 2.0' in metrics


@pytest.mark.parametrize("path", OPEN)
async def test_pages_probes_and_figures_ask_nobody(site: Site, path: str) -> None:
    async with site.client() as client:
        for headers in ({}, bearer("a.b.c")):
            assert (await client.get(path, headers=headers)).status_code in (200, 404)


@pytest.mark.parametrize(
    "path", ["/x//graphql", "/graphql/", "/GRAPHQL", "/api", "/%61pi/notes/query", "/./api/notes/query"]
)
async def test_other_spellings_of_an_address(site: Site, path: str) -> None:
    """Nothing comes through that the address itself refuses."""
    async with site.client() as client:
        answer = await client.get(path, params={"query": "{notes{id}}"})
        assert answer.status_code in (307, 401, 404, 405)


async def test_operators_show_the_secret_and_not_a_token(site: Site) -> None:
    async with site.client(local=False) as client:
        for method, path in (("GET", "/metrics"), ("POST", "/admin/reload")):
            assert (await client.request(method, path)).status_code == 401
            assert (await client.request(method, path, headers=bearer(of("them")))).status_code == 401
            for secret in ("top", "older", "oldest"):
                assert (await client.request(method, path, headers=bearer(secret))).status_code == 200


@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "http://program"}, True),
        ({"origin": GOOD, "sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
    ],
)
async def test_whose_cookies_count(site: Site, headers: dict[str, str], counts: bool) -> None:
    """A browser sends them along with what any page asks for."""
    async with site.client() as client:
        cookie = {"cookie": f"session={of('us')}"}
        answer = await client.get("/api/notes/query", headers=headers | cookie)
        assert answer.status_code == (200 if counts else 401)
        shown = await client.get("/api/notes/query", headers=headers | bearer(of("them")))
        assert shown.status_code == 200, "what a page must add itself, no other page can"
        if headers.get("origin") == GOOD:
            assert answer.headers["access-control-allow-credentials"] == "true"


async def test_with_every_origin_no_page_of_another_one_brings_cookies(
    engine: Engine, database: str, tmp_path: Path
) -> None:
    engine.execute(SCHEMA, database)
    site = Site(engine, database, tmp_path, settings={"cors_origins": "*"})
    async with site.app.router.lifespan_context(site.app), site.client() as client:
        headers = {"cookie": f"session={of('us')}", "origin": "https://evil.example"}
        answer = await client.get("/api/notes/query", headers=headers)
        assert answer.status_code == 401
        assert "access-control-allow-credentials" not in answer.headers


async def test_what_a_reload_changes(site: Site) -> None:
    """Keys and rules at once, for tokens that were verified a moment ago too; a mistake changes nothing."""
    async with site.client() as client:

        async def status(**headers: str) -> int:
            answer = await client.get("/api/notes/query", headers=headers or bearer(of("them")))
            return answer.status_code

        async def reload() -> httpx.Response:
            return await client.post("/admin/reload", headers=ADMIN)

        assert await status() == 200
        (site.folder / "secret").write_bytes(SECRET + b"+")
        assert await status() == 200
        assert (await reload()).status_code == 200
        assert await status() == 401
        (site.folder / "secret").write_bytes(b"short")
        refused = await reload()
        assert (refused.status_code, "the secret has 5 bytes" in refused.text) == (409, True)
        assert (await client.get("/readyz")).json()["schema_failure"]["code"] == "CONFLICT"
        for text in ("relations: []", "auth: [", "auth: {anonymous: admin}", "roles: {user: {tables: 5}}"):
            site.configure(text)
            assert (await reload()).status_code == 409
            assert await status(accept="*/*") == 401
        site.configure(CONFIG + "  visitor: {tables: {}}\n")
        (site.folder / "secret").write_bytes(SECRET)
        assert (await reload()).status_code == 200
        assert await status() == 200
        site.configure("auth: {anonymous: visitor}" + VISITOR)
        assert (await reload()).status_code == 200
        assert await status(accept="*/*") == 200


async def test_a_program_without_roles_that_gets_them(engine: Engine, database: str, tmp_path: Path) -> None:
    engine.execute(SCHEMA, database)
    site = Site(engine, database, tmp_path)
    site.configure("")
    async with site.app.router.lifespan_context(site.app), site.client() as client:
        assert (await client.get("/api/notes/query")).status_code == 200
        site.configure(CONFIG)
        assert (await client.post("/admin/reload", headers=ADMIN)).status_code == 200
        assert (await client.get("/api/notes/query")).status_code == 401
        assert (await client.get("/api/notes/query", headers=bearer(of("them")))).status_code == 200


async def test_a_developers_own_addresses(engine: Engine, database: str, tmp_path: Path) -> None:
    """A login is reached without credentials; and the database there is the caller's, too."""
    engine.execute(SCHEMA, database)

    async def login(_request: Any) -> PlainTextResponse:
        return PlainTextResponse("welcome")

    site = Site(engine, database, tmp_path, routes=[Route("/login", login, methods=["POST"])])

    @site.app.get("/mine")
    async def mine(request: Request) -> Any:
        try:
            return await current_database(request).query("{ notes { id } }")
        except QueryFailed as error:
            return {"failed": error.errors[0]["extensions"]["code"]}

    async with site.app.router.lifespan_context(site.app), site.client() as client:
        assert (await client.post("/login")).text == "welcome"
        assert (await client.post("/login", headers=bearer("a.b.c"))).status_code == 401
        assert (await client.get("/mine", headers=bearer(of("them")))).json()["notes"] == [{"id": 1}]
        assert (await client.get("/mine", headers=ADMIN)).json()["notes"] == [{"id": 1}, {"id": 2}]
        assert (await client.get("/mine")).json() == {"failed": "validation-failed"}


async def test_mounted_in_another_app(site: Site) -> None:
    outer = FastAPI(routes=[Mount("/shop", app=site.app)])
    async with site.client(outer) as client:
        for path in ("/shop/api/notes/query", "/shop/structure.json", "/shop/graphql?query={__typename}"):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers=bearer(of("them")))).status_code == 200
        assert (await client.get("/shop/healthz", headers=bearer("a.b.c"))).status_code == 200


async def test_guesses_are_counted(engine: Engine, database: str, tmp_path: Path) -> None:
    """After too many, the right secret does not get in either."""
    engine.execute(SCHEMA, database)
    site = Site(engine, database, tmp_path, settings={"rate_limit": "5/minute"})
    async with site.app.router.lifespan_context(site.app), site.client() as client:
        wrong = {"authorization": "Bearer a.b.c"}
        found = [(await client.get("/api/notes/query", headers=wrong)).status_code for _ in range(8)]
        assert found == [401] * 5 + [429] * 3
        assert (await client.get("/api/notes/query", headers=ADMIN)).status_code == 429
