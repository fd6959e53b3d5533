"""Who is asking, at every address: admin secret, token, anonymous role, nobody; and what is answered to each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.harness.tokens import SECRET, bearer, hasura, token

pytestmark = pytest.mark.engines("mariadb")

SCHEMA = """
CREATE TABLE notes (id INT PRIMARY KEY, owner VARCHAR(20) NOT NULL, text VARCHAR(50));
INSERT INTO notes VALUES (1, 'ann', 'of ann'), (2, 'bob', 'of bob');
CREATE TABLE hidden (id INT PRIMARY KEY)
"""
CONFIG = """
auth:
  jwt:
    - issuer: https://id.example.com/
      audience: shop
      algorithms: [HS256]
      secret_file: secret
  anonymous: visitor
roles:
  visitor: {tables: {notes: {select: {columns: [id], filter: {}}}}}
  user: {tables: {notes: {select: {columns: "*", filter: {owner: {_eq: X-Hasura-User-Id}}}}}}
  editor: {tables: {notes: {select: {columns: "*", filter: {}}}}}
"""
ADMIN = {"x-hasura-admin-secret": "top"}
QUERY = {"query": "{ notes(order_by: {id: asc}) { id text } }"}


def of(role: str, *others: str, **variables: str) -> dict[str, str]:
    """The headers of a user."""
    claims = {"iss": "https://id.example.com/", "aud": "shop", "sub": variables.get("user_id", "")}
    return bearer(token(claims | hasura(role, *others, **variables)))


def settings(folder: Path, config: str = CONFIG) -> dict[str, str]:
    """Settings with this configuration."""
    (folder / "secret").write_bytes(SECRET)
    path = folder / "config.yaml"
    path.write_text(config)
    return {"CONFIG_FILE": str(path), "ADMIN_SECRET": "top", "ADMIN_SECRETS": "older, oldest"}


@pytest.fixture
async def client(open_app: OpenApp, engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | settings(tmp_path)) as made:
        yield made


async def texts(client: httpx.AsyncClient, headers: dict[str, str]) -> list[str]:
    """The texts of the notes that a caller sees."""
    answer = (await client.post("/graphql", json=QUERY, headers=headers)).json()
    return [row["text"] for row in answer["data"]["notes"]]


async def test_each_caller_sees_what_its_role_may(client: httpx.AsyncClient) -> None:
    assert await texts(client, ADMIN) == ["of ann", "of bob"]
    assert await texts(client, {"x-hasura-admin-secret": "older"}) == ["of ann", "of bob"]
    assert await texts(client, of("user", user_id="ann")) == ["of ann"]
    assert await texts(client, of("user", user_id="bob")) == ["of bob"]
    anonymous = await client.post("/graphql", json={"query": "{ notes { id } }"})
    assert anonymous.json() == {"data": {"notes": [{"id": 1}, {"id": 2}]}}
    refused = (await client.post("/graphql", json=QUERY)).json()["errors"][0]
    assert refused["extensions"]["code"] == "validation-failed"


async def test_a_role_that_is_asked_for(client: httpx.AsyncClient) -> None:
    two = of("user", "editor", user_id="ann")
    assert await texts(client, two) == ["of ann"]
    assert await texts(client, two | {"X-Hasura-Role": "editor"}) == ["of ann", "of bob"]
    answer = await client.post("/graphql", json=QUERY, headers=two | {"x-hasura-role": "admin"})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "access-denied"
    assert answer.json()["errors"][0]["message"] == "Your requested role is not in allowed roles"


async def test_the_admin_acts_as_somebody(client: httpx.AsyncClient) -> None:
    assert await texts(client, ADMIN | {"x-hasura-role": "user", "x-hasura-user-id": "bob"}) == ["of bob"]
    missing = await client.post("/graphql", json=QUERY, headers=ADMIN | {"x-hasura-role": "user"})
    assert missing.json()["errors"][0]["extensions"]["reason"] == "MISSING_SESSION_VARIABLE"


@pytest.mark.parametrize("path", ["/graphql", "/v1/graphql", "/api/notes/query", "/openapi.json", "/structure.json"])
async def test_a_bad_token_is_never_taken_for_none(client: httpx.AsyncClient, path: str) -> None:
    for headers in (bearer("a.b.c"), {"authorization": "Basic YTpi"}, {"authorization": "Bearer"}):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    wrong = await client.get(path, headers={"x-hasura-admin-secret": "wrong"})
    assert wrong.status_code == 401


async def test_variables_of_unknown_callers_do_not_count(client: httpx.AsyncClient) -> None:
    more = {"x-hasura-user-id": "bob", "x_hasura_user_id": "bob"}
    assert await texts(client, of("user", user_id="ann") | more) == ["of ann"]
    anonymous = await client.post("/graphql", json=QUERY, headers={"x-hasura-role": "editor"} | more)
    assert "errors" in anonymous.json()
    twice = [*of("user", user_id="ann").items(), ("X-Hasura-Role", "user"), ("x-hasura-role", "user")]
    answer = await client.post("/graphql", json=QUERY, headers=twice)
    assert answer.json()["errors"][0]["extensions"]["code"] == "invalid-headers"


async def test_pages_and_probes_ask_nobody(client: httpx.AsyncClient) -> None:
    for path in ("/", "/data", "/docs", "/graphiql", "/healthz", "/readyz", "/favicon.ico"):
        assert (await client.get(path, headers=bearer("a.b.c"))).status_code == 200, path
    page = await client.get("/graphql", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
