"""Changes of JSON documents in place, on every engine: what Hasura's `jsonb` operators make of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = "CREATE TABLE notes (id INT PRIMARY KEY, doc JSON, other JSON, word VARCHAR(9))"
QUERY = "mutation($v: {type}) {{ update_notes_by_pk(pk_columns: {{id: 1}}, {operator}: {{doc: $v}}) {{ doc }} }}"
TYPES = {"_append": "json", "_prepend": "json", "_delete_key": "String", "_delete_elem": "Int"}
ODD = 'a "b\\c\nd.e[0]* é\U0001f600'
NULL = object()
"""SQL's NULL as a document."""


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on one table."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


def store(engine: Engine, database: str, document: object) -> None:
    """The one row."""
    text = None if document is NULL else json.dumps(document)
    with engine.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("REPLACE INTO notes VALUES (1, %s, '[]', 'w'), (2, '{}', NULL, 'w')", (text,))


@pytest.mark.parametrize(
    ("operator", "document", "operand", "after"),
    [
        ("_append", {"a": 1, "b": {"x": 1}}, {"b": {"y": None}, "c": [1]}, {"a": 1, "b": {"y": None}, "c": [1]}),
        ("_append", {"a": 1}, {}, {"a": 1}),
        ("_append", {"a": 1}, {ODD: ODD, "": True}, {"a": 1, ODD: ODD, "": True}),
        ("_append", {"a": 1}, [2], [{"a": 1}, 2]),
        ("_append", {"a": 1}, 2, [{"a": 1}, 2]),
        ("_append", [1, [2]], [3, [4]], [1, [2], 3, [4]]),
        ("_append", [1], {"a": [1]}, [1, {"a": [1]}]),
        ("_append", [], False, [False]),
        ("_append", "it's", ODD, ["it's", ODD]),
        ("_append", None, 1.5, [None, 1.5]),
        ("_append", NULL, {"a": 1}, None),
        ("_prepend", {"a": 1, "b": {"x": 1}}, {"b": 2, "c": {"z": [1]}}, {"a": 1, "b": {"x": 1}, "c": {"z": [1]}}),
        ("_prepend", [1], [2, 3], [2, 3, 1]),
        ("_prepend", [1], {"a": 1}, [{"a": 1}, 1]),
        ("_prepend", {"a": 1}, "x", ["x", {"a": 1}]),
        ("_prepend", NULL, [1], None),
        ("_delete_key", {"a": 1, "b": 2}, "a", {"b": 2}),
        ("_delete_key", {"a": {"b": 1}}, "b", {"a": {"b": 1}}),
        ("_delete_key", {"-1": 1, "-": 2, "a": 3}, "-1", {"-": 2, "a": 3}),
        ("_delete_key", {"a": 3}, "-x", {"a": 3}),
        ("_append", {"a": 1}, {"-1": 2}, {"a": 1, "-1": 2}),
        ("_delete_key", {ODD: 1, "b": 2}, ODD, {"b": 2}),
        (
            "_delete_key",
            ["a", 1, None, "a", ["a"], {"a": 1}, "a ", "A", 1.5],
            "a",
            [1, None, ["a"], {"a": 1}, "a ", "A", 1.5],
        ),
        ("_delete_key", [ODD, True], ODD, [True]),
        ("_delete_key", ["a"], "a", []),
        ("_delete_key", "a", "a", "a"),
        ("_delete_key", NULL, "a", None),
        ("_delete_elem", [1, 2, 3], 0, [2, 3]),
        ("_delete_elem", [1, 2, 3], -1, [1, 2]),
        ("_delete_elem", [1, 2, 3], -3, [2, 3]),
        ("_delete_elem", [1, 2, 3], 3, [1, 2, 3]),
        ("_delete_elem", [1, 2, 3], -4, [1, 2, 3]),
        ("_delete_elem", {"0": 1}, 0, {"0": 1}),
        ("_delete_at_path", {"a": {"b": [1, {"c": 2, "d": 3}]}}, ["a", "b", "1", "c"], {"a": {"b": [1, {"d": 3}]}}),
        ("_delete_at_path", {"a": {"b": [1, 2, 3]}}, ["a", "b", "-2"], {"a": {"b": [1, 3]}}),
        ("_delete_at_path", [[1, 2], [3, 4]], ["-1", "-2"], [[1, 2], [4]]),
        ("_delete_at_path", [[1, 2], [3, 4]], ["-3", "0"], [[1, 2], [3, 4]]),
        ("_delete_at_path", {"a": {"0": 1, "1": 2}}, ["a", "0"], {"a": {"1": 2}}),
        ("_delete_at_path", {"0": [{"1": [5]}, 7]}, ["0", "0", "1", "0"], {"0": [{"1": []}, 7]}),
        ("_delete_at_path", {"a": 1}, ["a", "0"], {"a": 1}),
        ("_delete_at_path", {"a": [1]}, ["a", "x"], {"a": [1]}),
        ("_delete_at_path", {"a": {ODD: 1}}, ["a", ODD], {"a": {}}),
        ("_delete_at_path", {"a": 1}, [], {"a": 1}),
        ("_delete_at_path", {"a": 1}, ["b", "c"], {"a": 1}),
        ("_delete_at_path", NULL, ["a"], None),
    ],
)
async def test_a_document_is_changed(
    client: GraphQLClient,
    engine: Engine,
    module_database: str,
    operator: str,
    document: object,
    operand: object,
    after: Any,
) -> None:
    store(engine, module_database, document)
    query = QUERY.format(type=TYPES.get(operator, "[String!]"), operator=operator)
    assert (await client.data(query, {"v": operand}))["update_notes_by_pk"] == {"doc": after}
    ((stored,),) = engine.execute("SELECT doc FROM notes WHERE id = 1", module_database)
    assert (None if stored is None else json.loads(stored)) == after


async def test_several_operators_in_several_updates(
    client: GraphQLClient, engine: Engine, module_database: str
) -> None:
    store(engine, module_database, {"a": [1]})
    query = """mutation($x: String!) {
      update_notes_many(updates: [
        {where: {id: {_eq: 1}}, _append: {doc: {b: 1}}, _prepend: {other: [0]}, _set: {word: "new"}},
        {where: {id: {_lte: 2}}, _delete_at_path: {doc: ["a", $x]}}]) {
      affected_rows returning { id doc other word } } }"""
    first, second = (await client.data(query, {"x": "0"}))["update_notes_many"]
    assert first["returning"] == [{"id": 1, "doc": {"a": [1], "b": 1}, "other": [0], "word": "new"}]
    assert [row["doc"] for row in sorted(second["returning"], key=lambda row: int(row["id"]))] == [
        {"a": [], "b": 1},
        {},
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("_append: {doc: null}", "INVALID_VALUE"),
        ("_delete_key: {doc: null}", "INVALID_VALUE"),
        ("_append: {doc: [1]}, _set: {doc: []}", "INVALID_BODY"),
        ("_append: {doc: [1]}, _prepend: {doc: [1]}", "INVALID_BODY"),
        ('_delete_at_path: {doc: ["1", "2", "3", "4", "5", "6"]}', "LIMIT_EXCEEDED"),
        ("_delete_elem: {word: 1}", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_no_operator_takes_is_refused(client: GraphQLClient, change: str, reason: str) -> None:
    error = await client.error(f"mutation {{ update_notes(where: {{}}, {change}) {{ affected_rows }} }}")
    assert error["extensions"]["reason"] == reason
