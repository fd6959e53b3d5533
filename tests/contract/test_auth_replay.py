"""An `Idempotency-Key` belongs to who is asking: a renewed token finds its answer, nobody else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.contract.test_auth_identity import ADMIN, CONFIG, SCHEMA, settings
from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.harness.tokens import bearer, hasura, token

pytestmark = pytest.mark.engines("mariadb")

ROLES = """
roles:
  visitor: {tables: {notes: {insert: {columns: "*", check: {}}, select: {columns: "*", filter: {}}}}}
  user: {tables: {notes: {insert: {columns: "*", check: {}}, select: {columns: "*", filter: {}}}}}
  editor: {tables: {notes: {insert: {columns: "*", check: {}}, select: {columns: "*", filter: {}}}}}
"""


@pytest.fixture
async def client(open_app: OpenApp, engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    engine.execute(SCHEMA.replace("id INT PRIMARY KEY, owner", "id INT AUTO_INCREMENT PRIMARY KEY, owner"), database)
    config = CONFIG.partition("roles:")[0] + ROLES.lstrip()
    async with open_app(engine.environment(database) | settings(tmp_path, config)) as made:
        yield made


def of(subject: str, *roles: str, lasts: int = 300, **variables: str) -> dict[str, str]:
    """The headers of a user with a token of its own."""
    claims = {"iss": "https://id.example.com/", "aud": "shop", "sub": subject, "exp": 1_900_000_000 + lasts}
    return bearer(token(claims | hasura(*(roles or ("user",)), **variables)))


async def insert(client: httpx.AsyncClient, face: str, headers: dict[str, str]) -> tuple[int, bool]:
    """The id of the row that the answer tells of, and whether it was given before."""
    more = headers | {"idempotency-key": f"one key {face}"}
    if face == "rest":
        answer = await client.post("/api/notes", json={"input": {"owner": "x"}}, headers=more)
        found = answer.json()["data"]["id"]
    else:
        query = 'mutation { insert_notes_one(object: {owner: "x"}) { id } }'
        answer = await client.post("/graphql", json={"query": query}, headers=more)
        found = answer.json()["data"]["insert_notes_one"]["id"]
    return found, answer.headers.get("idempotent-replayed") == "true"


@pytest.mark.parametrize("face", ["rest", "graphql"])
async def test_whose_a_key_is(client: httpx.AsyncClient, face: str) -> None:
    first, replayed = await insert(client, face, of("ann"))
    assert not replayed
    assert await insert(client, face, of("ann", lasts=900)) == (first, True), "a renewed token"
    seen = {first}
    for headers in (
        of("bob"),
        of("ann", "editor"),
        of("ann", tenant_id="7"),
        of("ann", "editor", "user") | {"x-hasura-role": "user"} | {"authorization": of("carl")["authorization"]},
        ADMIN,
        {"x-hasura-admin-secret": "older"},
        ADMIN | {"x-hasura-role": "user"},
        ADMIN | {"x-hasura-role": "user", "x-hasura-user-id": "ann"},
        {},
    ):
        found, replayed = await insert(client, face, headers)
        assert (found in seen, replayed) == (False, False), headers
        assert await insert(client, face, headers) == (found, True)
        seen.add(found)
