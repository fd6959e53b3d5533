"""ENUM's error value, which lax sessions leave where a value was none of the members: the empty text, place 0."""

from __future__ import annotations

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb", "mysql")]

TABLE = (
    "SET sql_mode = ''; CREATE TABLE t (id INT PRIMARY KEY, e ENUM('new','old') NOT NULL);"
    "INSERT IGNORE INTO t VALUES (1, 'old'), (2, 'gone'), (3, 'new')"
)


async def test_it_is_read_paged_and_mended(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(TABLE, database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        rows = (await client.data("{ t(order_by: {e: asc}) { id e } }"))["t"]
        assert rows == [{"id": 2, "e": ""}, {"id": 3, "e": "new"}, {"id": 1, "e": "old"}]
        ids: list[int] = []
        after = None
        for _ in rows:
            query = """query ($after: String) { t_connection(first: 1, after: $after, order_by: {e: asc}) {
              edges { node { id } } pageInfo { endCursor } } }"""
            page = (await client.data(query, {"after": after}))["t_connection"]
            ids += [edge["node"]["id"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
        assert ids == [2, 3, 1]
        groups = await client.data(
            "{ t_group(by: [e], order_by: [{key: {e: asc}}]) { key { e } aggregate { count } } }"
        )
        assert [each["key"]["e"] for each in groups["t_group"]] == ["", "new", "old"]
        assert (await client.data("{ t(where: {e: {_neq: new}}, order_by: {id: asc}) { id } }"))["t"] == [
            {"id": 1},
            {"id": 2},
        ]
        exported = (await http.get("/api/t/export?order=id")).content
        assert exported.splitlines()[2] == b'2,""'
        answer = await http.post("/api/batch/import?mode=upsert", files={"file": ("t.csv", exported)})
        report = answer.json()["data"]
        assert (report["rows_imported"], [error["line"] for error in report["errors"]]) == (2, [3]), answer.text
        await client.data("mutation { update_t_by_pk(pk_columns: {id: 2}, _set: {e: old}) { e } }")
        assert engine.execute("SELECT e FROM t WHERE id = 2", database) == (("old",),)
