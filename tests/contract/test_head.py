"""HEAD of a table's rows: the head of what GET answers, with the number of all rows where it is asked for."""

from __future__ import annotations

import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio


async def test_head_counts_and_reads_no_rows(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)", database)
    counting = {"Prefer": "count=exact"}
    async with open_app(engine.environment(database)) as client:
        for accept in ("application/json", "text/csv", "application/x-ndjson"):
            for query in ("", "?limit=2", "?id=gte.2&order=id.desc", "?id=gt.9"):
                given = counting | {"Accept": accept}
                head = await client.head(f"/api/t/query{query}", headers=given)
                full = await client.get(f"/api/t/query{query}", headers=given)
                assert (head.status_code, head.content) == (200, b"")
                kept = ("content-type", "content-range", "preference-applied", "vary")
                assert [head.headers.get(name) for name in kept] == [full.headers.get(name) for name in kept]
                assert "content-length" not in head.headers
        assert (await client.head("/api/t/query", headers=counting)).headers["content-range"] == "0-2/3"
        assert "content-range" not in (await client.head("/api/t/query")).headers
        assert (await client.head("/api/t/export")).headers["content-type"].startswith("text/csv")
        for path, status in (("/api/t/query?nope=eq.1", 400), ("/api/nope/query", 404)):
            assert (await client.head(path, headers=counting)).status_code == status
        refused = await client.head("/api/t/query", headers={"Accept": "image/png"})
        assert refused.status_code == 406


async def test_pages_of_other_origins_may_read_the_headers(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY)", database)
    async with open_app(engine.environment(database)) as client:
        answer = await client.get("/api/t/query", headers={"Origin": "https://a.example", "Prefer": "count=exact"})
    exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {"content-range", "preference-applied", "retry-after", "idempotent-replayed"} <= exposed


async def test_a_graphql_write_before_the_first_schema_was_not_applied(open_app: OpenApp, tmp_path: object) -> None:
    environment = {"DB_SOCKET": f"{tmp_path}/nobody.sock", "DB_NAME": "x", "RETRY_TIMEOUTS_MS": "100,100,100,100"}
    async with open_app(environment, ready=False) as client:
        for query, outcome in (("mutation { a }", "not_applied"), ("{ a }", None)):
            (error,) = (await client.post("/graphql", json={"query": query})).json()["errors"]
            assert error["extensions"]["reason"] == "SERVICE_UNAVAILABLE"
            assert error["extensions"].get("outcome") == outcome
