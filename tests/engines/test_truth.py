"""TINYINT(1) that holds other numbers than 0 and 1: shown, compared, ordered and grouped as one and the same thing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

VALUES = {1: 0, 2: 1, 3: 2, 4: -1, 5: None, 6: 127, 7: -128, 8: 0}
TRUE, FALSE = [2, 3, 4, 6, 7], [1, 8]
ROWS = ", ".join(f"({key}, {'NULL' if value is None else value})" for key, value in VALUES.items())
TABLES = f"""CREATE TABLE t (id INT PRIMARY KEY, f TINYINT(1), KEY (f)); INSERT INTO t VALUES {ROWS};
CREATE TABLE small (id TINYINT(1) PRIMARY KEY, v INT); INSERT INTO small VALUES (1, 1), (2, 2), (-3, 3);
CREATE TABLE refers (id INT PRIMARY KEY, small_id TINYINT(1), FOREIGN KEY (small_id) REFERENCES small (id));
INSERT INTO refers VALUES (1, 2), (2, -3)"""


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program over the tables."""
    engine.execute(TABLES, module_database)
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("{f: {_eq: true}}", TRUE),
        ("{f: {_eq: false}}", FALSE),
        ("{f: {_neq: true}}", FALSE),
        ("{f: {_neq: false}}", TRUE),
        ("{f: {_in: [true]}}", TRUE),
        ("{f: {_in: [true, false]}}", [*FALSE, *TRUE]),
        ("{f: {_in: []}}", []),
        ("{f: {_nin: [true]}}", FALSE),
        ("{f: {_nin: [true, false]}}", []),
        ("{f: {_nin: []}}", list(VALUES)),
        ("{_not: {f: {_in: [true, false]}}}", []),
        ("{_not: {f: {_nin: [true, false]}}}", [*FALSE, *TRUE]),
        ("{f: {_gt: false}}", TRUE),
        ("{f: {_lt: true}}", FALSE),
        ("{f: {_gte: true}}", TRUE),
        ("{f: {_between: [true, true]}}", TRUE),
        ("{f: {_is_null: true}}", [5]),
    ],
)
async def test_compared_as_shown(client: GraphQLClient, condition: str, ids: list[int]) -> None:
    data = await client.data(f"{{ t(where: {condition}, order_by: {{id: asc}}) {{ id f }} }}")
    assert [row["id"] for row in data["t"]] == sorted(ids)
    assert all(row["f"] == (None if row["id"] == 5 else row["id"] in TRUE) for row in data["t"])


async def test_ordered_grouped_and_counted_as_shown(client: GraphQLClient) -> None:
    data = await client.data(
        """{ up: t(order_by: [{f: asc}, {id: asc}]) { id } down: t(order_by: [{f: desc}, {id: asc}]) { id }
        t_group(by: [f], order_by: [{key: {f: asc}}]) { key { f } aggregate { count } }
        distinct: t(distinct_on: [f], order_by: [{f: asc}, {id: asc}]) { id }
        t_aggregate { aggregate { count(columns: [f], distinct: true) } } }"""
    )
    assert [row["id"] for row in data["up"]] == [5, *FALSE, *TRUE]
    assert [row["id"] for row in data["down"]] == [*TRUE, *FALSE, 5]
    assert data["t_group"] == [
        {"key": {"f": value}, "aggregate": {"count": count}} for value, count in ((None, 1), (False, 2), (True, 5))
    ]
    assert [row["id"] for row in data["distinct"]] == [5, 1, 2]
    assert data["t_aggregate"]["aggregate"]["count"] == 2


@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_pages_go_on_as_shown(client: GraphQLClient, direction: str) -> None:
    ids: list[int] = []
    after = None
    for _ in range(20):
        query = f"""query ($after: String) {{ t_connection(first: 2, after: $after, order_by: {{f: {direction}}}) {{
          edges {{ node {{ id }} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        page = (await client.data(query, {"after": after}))["t_connection"]
        ids += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert ids == ([5, *FALSE, *TRUE] if direction == "asc" else [*reversed(TRUE), *reversed(FALSE), 5])


async def test_rest_and_csv(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    """A condition in a query string; the numbers themselves stand in CSV, and go back in."""
    answer = await client.http.get("/api/t/query?f=eq.true&select=id&order=id")
    assert [row["id"] for row in answer.json()["data"]] == TRUE
    before = engine.execute("SELECT * FROM t ORDER BY id", module_database)
    exported = (await client.http.get("/api/t/export")).content
    engine.execute("UPDATE t SET f = NULL", module_database)
    answer = await client.http.post("/api/batch/import?mode=upsert", files={"file": ("t.csv", exported)})
    assert answer.json()["data"]["rows_failed"] == 0, answer.text
    assert engine.execute("SELECT * FROM t ORDER BY id", module_database) == before


async def test_in_a_key_it_is_a_number(client: GraphQLClient) -> None:
    """Two numbers that are both true are two rows."""
    data = await client.data(
        """{ small(order_by: {id: asc}) { id v } small_by_pk(id: 2) { v }
        refers(order_by: {id: asc}) { small_id small { id v } } }"""
    )
    assert data == {
        "small": [{"id": -3, "v": 3}, {"id": 1, "v": 1}, {"id": 2, "v": 2}],
        "small_by_pk": {"v": 2},
        "refers": [{"small_id": 2, "small": {"id": 2, "v": 2}}, {"small_id": -3, "small": {"id": -3, "v": 3}}],
    }
