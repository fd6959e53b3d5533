"""Keyset connections and groups on every engine: walked page by page, they give the whole ordered list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE kinds (id INT PRIMARY KEY, label VARCHAR(10));
CREATE TABLE things (code VARCHAR(10) NOT NULL, n INT NOT NULL, score DECIMAL(6,2), born DATETIME(3), weight DOUBLE,
  kind_id INT, PRIMARY KEY (code, n), CONSTRAINT fk_kind FOREIGN KEY (kind_id) REFERENCES kinds (id));
INSERT INTO kinds VALUES (1,'b'),(2,'a'),(3,NULL);
INSERT INTO things VALUES ('x',1,1.50,'2024-01-01 00:00:00.5',0.1,1),('x',2,NULL,NULL,NULL,NULL),
 ('y',1,1.50,'2023-01-01',1e-9,2),('y',2,-3,'2024-01-01 00:00:00.5',2.5,3),('z''"',1,NULL,'2020-02-29',0.1,1),
 ('z''"',2,7.25,NULL,-1,2),('é',1,0,'2021-01-01',1e300,NULL);
CREATE TABLE no_key (v INT)
"""


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on the things."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


ORDERS = [
    "{n: asc}",
    "{score: asc}",
    "{score: desc}",
    "{score: asc_nulls_last}",
    "{score: desc_nulls_first}",
    "[{born: desc}, {score: asc}]",
    "{weight: asc}",
    "[{kind: {label: asc}}, {n: desc}]",
    "[{kind: {label: desc_nulls_first}}, {code: desc}]",
    "{code: desc}",
]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("order", ORDERS)
async def test_pages_make_up_the_whole(client: GraphQLClient, order: str, size: int) -> None:
    """Forwards and backwards, each row once, in the order asked for."""
    whole = (await client.data(f"{{ things_connection(order_by: {order}) {{ nodes {{ code n }} }} }}"))[
        "things_connection"
    ]["nodes"]
    assert len(whole) == 7
    forwards = await _walk(client, order, "first", "after", size)
    assert [row for page in forwards for row in page] == whole
    backwards = await _walk(client, order, "last", "before", size)
    assert [row for page in reversed(backwards) for row in page] == whole


async def _walk(client: GraphQLClient, order: str, size_name: str, cursor_name: str, size: int) -> list[Any]:
    query = f"""query($size: Int, $cursor: String) {{
      things_connection({size_name}: $size, {cursor_name}: $cursor, order_by: {order}) {{
        edges {{ cursor node {{ code n }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
    pages: list[Any] = []
    cursor = None
    for _ in range(20):
        found = (await client.data(query, {"size": size, "cursor": cursor}))["things_connection"]
        info, edges = found["pageInfo"], found["edges"]
        assert info["startCursor"] == (edges[0]["cursor"] if edges else None)
        assert info["endCursor"] == (edges[-1]["cursor"] if edges else None)
        pages.append([edge["node"] for edge in edges])
        ahead, behind = (
            ("hasNextPage", "hasPreviousPage") if size_name == "first" else ("hasPreviousPage", "hasNextPage")
        )
        assert info[behind] == (cursor is not None)
        if not info[ahead]:
            return pages
        cursor = info["endCursor" if size_name == "first" else "startCursor"]
    raise AssertionError("the pages do not end")


async def test_both_ends_and_the_total_count(client: GraphQLClient) -> None:
    query = """{ a: things_connection(first: 5, order_by: {n: asc}) { edges { cursor } }
      c: things_connection(first: 0, where: {n: {_eq: 1}}) { totalCount edges { cursor } pageInfo { hasNextPage } } }"""
    data = await client.data(query)
    cursors = [edge["cursor"] for edge in data["a"]["edges"]]
    assert data["c"] == {"totalCount": 4, "edges": [], "pageInfo": {"hasNextPage": True}}
    query = """query($after: String, $before: String) { things_connection(after: $after, before: $before,
      order_by: {n: asc}) { edges { cursor } } }"""
    found = await client.data(query, {"after": cursors[0], "before": cursors[4]})
    assert [edge["cursor"] for edge in found["things_connection"]["edges"]] == cursors[1:4]


@pytest.mark.parametrize(
    "arguments",
    [
        'after: "nonsense"',
        'after: ""',
        "first: 1, last: 1",
        "first: -1",
        'after: "AAAAAAAA", first: 1',
    ],
)
async def test_what_makes_no_sense_is_refused(client: GraphQLClient, arguments: str) -> None:
    error = await client.error(f"{{ things_connection({arguments}) {{ nodes {{ n }} }} }}")
    assert error["extensions"]["reason"] == "INVALID_PARAMETER"


async def test_a_cursor_is_good_for_its_order_only(client: GraphQLClient) -> None:
    found = await client.data("{ things_connection(first: 1, order_by: {n: asc}) { pageInfo { endCursor } } }")
    cursor = found["things_connection"]["pageInfo"]["endCursor"]
    query = "query($c: String) { things_connection(after: $c, order_by: {n: desc}) { nodes { n } } }"
    assert (await client.error(query, {"c": cursor}))["extensions"]["reason"] == "INVALID_PARAMETER"


async def test_groups(client: GraphQLClient) -> None:
    query = """{ things_group(by: [kind_id], order_by: [{count: desc}, {key: {kind_id: asc}}]) {
        key { kind_id } aggregate { count n: count(columns: [score]) max { born } sum { score } } __typename }
      some: things_group(by: [n, kind_id], where: {kind_id: {_is_null: false}}, having: {count: {_gte: 2}}) {
        key { k: kind_id n } }
      none: things_group(by: [n], having: {sum: {score: {_gt: 100}}, max: {code: {_eq: "x"}}}) { key { n } } }"""
    data = await client.data(query)
    assert data["things_group"] == [
        {
            "key": {"kind_id": None},
            "aggregate": {"count": 2, "n": 1, "max": {"born": "2021-01-01T00:00:00.000"}, "sum": {"score": "0.00"}},
            "__typename": "things_group",
        },
        {
            "key": {"kind_id": 1},
            "aggregate": {"count": 2, "n": 1, "max": {"born": "2024-01-01T00:00:00.500"}, "sum": {"score": "1.50"}},
            "__typename": "things_group",
        },
        {
            "key": {"kind_id": 2},
            "aggregate": {"count": 2, "n": 2, "max": {"born": "2023-01-01T00:00:00.000"}, "sum": {"score": "8.75"}},
            "__typename": "things_group",
        },
        {
            "key": {"kind_id": 3},
            "aggregate": {"count": 1, "n": 1, "max": {"born": "2024-01-01T00:00:00.500"}, "sum": {"score": "-3.00"}},
            "__typename": "things_group",
        },
    ]
    assert data["some"] == [{"key": {"k": 1, "n": 1}}]
    assert data["none"] == []


async def test_a_key_that_is_not_grouped_by_is_refused(client: GraphQLClient) -> None:
    error = await client.error("{ things_group(by: [n]) { key { code } } }")
    assert error["extensions"]["reason"] == "INVALID_PARAMETER"
    assert error["extensions"]["column"] == "code"
