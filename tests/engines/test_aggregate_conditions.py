"""Conditions on aggregates of related rows: exactly one of `count`, `bool_and` and `bool_or`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE lists (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE tasks (id INT PRIMARY KEY, list_id INT, done TINYINT(1), urgent BIT(1), hours INT,
  CONSTRAINT fk_list FOREIGN KEY (list_id) REFERENCES lists (id));
INSERT INTO lists VALUES (1, 'all done'), (2, 'some done'), (3, 'none done'), (4, 'unknown'), (5, 'empty');
INSERT INTO tasks VALUES (1, 1, 1, b'0', 1), (2, 1, 5, b'1', 2), (3, 1, NULL, NULL, 3), (4, 2, 0, b'1', 1),
  (5, 2, 1, b'1', 2), (6, 3, 0, b'0', 1), (7, 4, NULL, NULL, 1)
"""


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on the tables."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


async def found(client: GraphQLClient, condition: str) -> list[Any]:
    """The ids of the lists where it holds."""
    query = f"{{ lists(where: {{tasks_aggregate: {condition}}}, order_by: {{id: asc}}) {{ id }} }}"
    return [row["id"] for row in (await client.data(query))["lists"]]


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("{bool_and: {arguments: done, predicate: {_eq: true}}}", [1]),
        ("{bool_and: {arguments: done, predicate: {_eq: false}}}", [2, 3]),
        ("{bool_or: {arguments: done, predicate: {_eq: true}}}", [1, 2]),
        ("{bool_or: {arguments: done, predicate: {_neq: true}}}", [3]),
        ("{bool_or: {arguments: done, predicate: {_is_null: true}}}", [4, 5]),
        ("{bool_and: {arguments: done, predicate: {_is_null: false}}}", [1, 2, 3]),
        ("{bool_and: {arguments: done, predicate: {_in: [true, false]}}}", [1, 2, 3]),
        ("{bool_and: {arguments: done, predicate: {_in: []}}}", []),
        ("{bool_and: {arguments: done, predicate: {}}}", [1, 2, 3, 4, 5]),
        ("{bool_and: {arguments: done, filter: {hours: {_gt: 1}}, predicate: {_eq: true}}}", [1, 2]),
        ("{bool_and: {arguments: done, distinct: true, predicate: {_eq: true}}}", [1]),
        ("{bool_and: {arguments: urgent, predicate: {_eq: true}}}", [2]),
        ("{bool_or: {arguments: urgent, predicate: {_eq: true}}}", [1, 2]),
        ("{bool_or: {arguments: urgent, predicate: {_gt: false}}}", [1, 2]),
        ("{count: {predicate: {_gt: 1}}}", [1, 2]),
        ("{count: {predicate: {}}}", [1, 2, 3, 4, 5]),
    ],
)
async def test_conditions_on_truths(client: GraphQLClient, condition: str, ids: list[int]) -> None:
    assert await found(client, condition) == ids


async def test_in_variables_and_beside_other_conditions(client: GraphQLClient) -> None:
    query = """query($w: lists_bool_exp, $b: Boolean,
      $c: tasks_select_column_tasks_aggregate_bool_exp_bool_or_arguments_columns!) {
      a: lists(where: $w, order_by: {id: asc}) { id }
      b: lists(where: {_or: [{id: {_eq: 5}}, {tasks_aggregate: {bool_or: {arguments: $c, predicate: {_eq: $b}}}}]},
        order_by: {id: asc}) { id }
      c: lists(where: {_not: {tasks_aggregate: {bool_and: {arguments: done, predicate: {_eq: $b}}}}},
        order_by: {id: asc}) { id } }"""
    where = {"tasks_aggregate": {"bool_and": {"arguments": "done", "predicate": {"_eq": False}}}}
    for truth, b, c in ((True, [1, 2, 5], [2, 3]), (False, [3, 5], [1])):
        data = await client.data(query, {"w": where, "b": truth, "c": "done"})
        assert {key: [row["id"] for row in rows] for key, rows in data.items()} == {"a": [2, 3], "b": b, "c": c}


async def test_a_write_by_a_truth(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = """mutation($b: Boolean) { update_lists(
      where: {tasks_aggregate: {bool_and: {arguments: done, predicate: {_eq: $b}}}}, _set: {name: "x"}) {
      returning { id } } }"""
    assert (await client.error(query))["extensions"]["reason"] == "NULL_COMPARISON"
    assert (await client.data(query, {"b": True}))["update_lists"]["returning"] == [{"id": 1}]
    assert engine.execute("SELECT COUNT(*) FROM lists WHERE name = 'x'", module_database) == ((1,),)


@pytest.mark.parametrize(
    "condition",
    [
        "{}",
        "{count: {predicate: {_gt: 1}}, bool_or: {arguments: done, predicate: {_eq: true}}}",
        "{bool_and: {arguments: done, predicate: {_eq: true}}, bool_or: {arguments: done, predicate: {_eq: true}}}",
    ],
)
async def test_exactly_one_is_taken(client: GraphQLClient, condition: str) -> None:
    error = await client.error(f"{{ lists(where: {{tasks_aggregate: {condition}}}) {{ id }} }}")
    assert error["message"] == "'tasks_aggregate' takes exactly one of 'count', 'bool_and', 'bool_or'"
    assert error["extensions"]["code"] == "validation-failed"
    error = await client.error("query($w: lists_bool_exp) { lists(where: $w) { id } }", {"w": {"tasks_aggregate": {}}})
    assert error["extensions"]["reason"] == "INVALID_PARAMETER"


@pytest.mark.parametrize(
    "condition",
    [
        "{bool_and: {arguments: hours, predicate: {_eq: true}}}",
        "{bool_and: {predicate: {_eq: true}}}",
        "{bool_and: {arguments: [done, urgent], predicate: {_eq: true}}}",
        "{bool_and: {arguments: done}}",
        "{bool_and: null}",
        "{bool_and: {arguments: done, predicate: {_eq: null}}}",
    ],
)
async def test_what_is_wrong_is_refused(client: GraphQLClient, condition: str) -> None:
    error = await client.error(f"{{ lists(where: {{tasks_aggregate: {condition}}}) {{ id }} }}")
    assert error["extensions"]["code"] == "validation-failed"


async def test_tables_without_truths_have_no_such_conditions(client: GraphQLClient) -> None:
    query = '{ __type(name: "lists_aggregate_bool_exp") { inputFields { name } } }'
    assert await client.data(query) == {"__type": None}
    query = '{ __type(name: "tasks_aggregate_bool_exp") { inputFields { name type { name } } } }'
    fields = (await client.data(query))["__type"]["inputFields"]
    assert {field["name"]: field["type"]["name"] for field in fields} == {
        name: f"tasks_aggregate_bool_exp_{name}" for name in ("count", "bool_and", "bool_or")
    }
