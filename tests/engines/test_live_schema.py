"""A structure that changes while the program runs: noticed, served, told, by every way there is."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp, StartApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO t VALUES (1, 'one')"
NEVER = {"SCHEMA_POLL_SECONDS": "0"}


async def graphql(client: httpx.AsyncClient, query: str) -> Any:
    return (await client.post("/graphql", json={"query": query})).json()


async def test_a_statement_that_names_what_is_gone(open_app: OpenApp, engine: Engine, database: str) -> None:
    """The client did not name the column, so it never hears that it is gone."""
    engine.execute(TABLE, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        assert (await client.get("/api/t/query")).json()["data"] == [{"id": 1, "name": "one"}]
        engine.execute("ALTER TABLE t RENAME COLUMN name TO title", database)
        assert (await client.get("/api/t/query")).json()["data"] == [{"id": 1, "title": "one"}]
        assert (await client.get("/readyz")).json()["generation"] == 2


async def test_a_column_that_is_new(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(TABLE, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        engine.execute("ALTER TABLE t ADD COLUMN age INT DEFAULT 7", database)
        assert await graphql(client, "{ t { id age } }") == {"data": {"t": [{"id": 1, "age": 7}]}}
    engine.execute("ALTER TABLE t DROP COLUMN age", database)
    async with open_app(engine.environment(database) | NEVER) as client:
        engine.execute("ALTER TABLE t ADD COLUMN age INT DEFAULT 7", database)
        assert (await client.get("/api/t/query?select=age")).json()["data"] == [{"age": 7}]


async def test_a_write_to_what_is_gone_is_not_applied(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(TABLE, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        query = 'mutation { insert_t_one(object: {id: 2, name: "two"}) { id } }'
        assert "errors" not in await graphql(client, query)
        engine.execute("ALTER TABLE t RENAME COLUMN name TO title", database)
        answer = await graphql(client, query.replace("id: 2", "id: 3"))
        assert answer["errors"][0]["extensions"]["code"] == "validation-failed"
        assert engine.execute("SELECT id FROM t ORDER BY id", database) == ((1,), (2,))


async def test_reload(open_app: OpenApp, engine: Engine, database: str) -> None:
    """What changed, what of it breaks clients, and what is served afterwards."""
    engine.execute(TABLE, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        answer = (await client.post("/admin/reload")).json()
        assert (answer["message"], answer["data"]["changed"]) == ("Schema is up to date", False)
        engine.execute("ALTER TABLE t DROP COLUMN name, ADD COLUMN age INT; CREATE TABLE u (id INT)", database)
        response = await client.post("/admin/reload")
        data = response.json()["data"]
        assert response.status_code == 200
        assert (data["changed"], data["generation"], data["tables"], data["breaking"]) == (True, 2, 2, 1)
        assert data["changes"] == [
            {"what": "column removed", "name": "t.name", "breaking": True},
            {"what": "table added", "name": "u", "breaking": False},
            {"what": "column added", "name": "t.age", "breaking": False},
        ]
        assert (await client.get("/admin/reload")).status_code == 405


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic s3cret"}, 401),
        ({"authorization": "Bearer s3cret"}, 200),
        ({"x-hasura-admin-secret": "s3cret"}, 200),
    ],
)
async def test_who_may_reload(
    open_app: OpenApp, engine: Engine, database: str, headers: dict[str, str], status: int
) -> None:
    async with open_app(engine.environment(database) | NEVER | {"ADMIN_SECRET": "s3cret"}) as client:
        response = await client.post("/admin/reload", headers=headers)
    assert response.status_code == status
    assert ("details" in response.json()) == (status == 401)


def soon(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_by_itself_and_by_signal(start_app: StartApp, engine: Engine, database: str) -> None:
    """The poll, and SIGHUP for who does not want to wait for it; what changed is in the log."""
    engine.execute(TABLE, database)
    app = start_app(engine.environment(database), settings={"SCHEMA_POLL_SECONDS": "0.2"})
    engine.execute("ALTER TABLE t DROP COLUMN name", database)
    soon(lambda: app.client.get("/readyz").json()["generation"] == 2)
    assert "schema_changed" in app.log
    assert "column removed t.name (breaking)" in app.log
    patient = start_app(engine.environment(database), settings=NEVER)
    engine.execute("ALTER TABLE t ADD COLUMN age INT", database)
    patient.process.send_signal(signal.SIGHUP)
    soon(lambda: patient.client.get("/readyz").json()["generation"] == 2)
    assert patient.client.post("/graphql", json={"query": "{ t { age } }"}).json() == {"data": {"t": [{"age": None}]}}


async def test_relations_and_names_by_hand(open_app: OpenApp, engine: Engine, database: str, tmp_path: Path) -> None:
    """From `graphql_app.yaml`, also in the other API; a file that does not fit leaves the last good schema."""
    engine.execute(
        "CREATE TABLE people (id INT PRIMARY KEY, nm VARCHAR(9)); INSERT INTO people VALUES (1, 'Ada');"
        "CREATE TABLE letters (id INT PRIMARY KEY, person_id INT); INSERT INTO letters VALUES (1,1),(2,NULL),(3,9)",
        database,
    )
    file = tmp_path / "names.yaml"
    relation = "{table: letters, columns: [person_id], to_table: people, to_columns: [id]}"
    file.write_text(f"relations: [{relation}]\ntables: {{people: {{name: persons, columns: {{nm: name}}}}}}\n")
    async with open_app(engine.environment(database) | NEVER | {"CONFIG_FILE": str(file)}) as client:
        answer = await graphql(
            client, "{ letters(order_by: {id: asc}) { person { name } } persons { letters { id } } }"
        )
        assert answer["data"] == {
            "letters": [{"person": {"name": "Ada"}}, {"person": None}, {"person": None}],
            "persons": [{"letters": [{"id": 1}]}],
        }
        rest = await client.get("/api/letters/query?select=id,person(nm)&id=eq.1")
        assert rest.json()["data"] == [{"id": 1, "person": {"nm": "Ada"}}]
        file.write_text("tables: {nobody: {}}\n")
        refused = await client.post("/admin/reload")
        assert refused.status_code == 409
        assert refused.json()["message"] == "names.yaml: tables.nobody: there is no such table"
        ready = (await client.get("/readyz")).json()
        assert (ready["status"], ready["schema_failure"]["code"]) == ("ok", "CONFLICT")
        assert "errors" not in await graphql(client, "{ persons { name } }")
        file.write_text("")
        assert (await client.post("/admin/reload")).json()["data"]["breaking"] >= 3
        assert "schema_failure" not in (await client.get("/readyz")).json()
