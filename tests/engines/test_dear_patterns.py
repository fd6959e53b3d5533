"""A regular expression that the server gives up over a row is told: that row never counts as one without a match."""

from __future__ import annotations

import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = "CREATE TABLE notes (id INT PRIMARY KEY, v TEXT, n INT NOT NULL DEFAULT 0)"
ROWS = """
DELETE FROM notes;
INSERT INTO notes (id, v) VALUES (1, CONCAT(REPEAT('a', 60), 'b')), (2, 'b'), (3, 'aa')
"""
DEAR = "^(a+)+$"
"""Tries each way to cut the letters of the first row into pieces, and there are 2^59."""


def notes(engine: Engine, database: str) -> object:
    """The rows of the table."""
    return engine.execute("SELECT id, n FROM notes ORDER BY id", database)


WHERE = "where: {v: {_nregex: $p}}"
WRITES = [
    f"delete_notes({WHERE}) {{ affected_rows }}",
    f"delete_notes({WHERE}) {{ affected_rows returning {{ id }} }}",
    "delete_notes(where: {_not: {v: {_iregex: $p}}}) { affected_rows }",
    f"update_notes({WHERE} _set: {{n: 1}}) {{ affected_rows }}",
    f"update_notes({WHERE} _set: {{n: 1}}) {{ affected_rows returning {{ id }} }}",
    f"update_notes_many(updates: [{{{WHERE} _set: {{n: 1}}}}]) {{ affected_rows }}",
    "insert_notes(objects: [{id: 1, n: 1}] on_conflict: {constraint: PRIMARY update_columns: [n] "
    f"{WHERE}}}) {{ affected_rows }}",
    "insert_notes(objects: [{id: 1, n: 1}, {id: 4, n: 1}] on_conflict: {constraint: PRIMARY update_columns: [n] "
    f"{WHERE}}}) {{ affected_rows returning {{ id }} }}",
]
READS = [
    f"notes({WHERE}) {{ id }}",
    "notes(where: {v: {_regex: $p}}) { id }",
    f"notes_aggregate({WHERE}) {{ aggregate {{ count }} }}",
    f"notes_connection({WHERE}) {{ edges {{ node {{ id }} }} }}",
]


@pytest.mark.parametrize("body", WRITES)
async def test_no_write_is_widened(client: GraphQLClient, engine: Engine, module_database: str, body: str) -> None:
    before = notes(engine, module_database)
    error = await client.error(f"mutation($p: String!) {{ {body} }}", {"p": DEAR})
    assert error["extensions"]["reason"] == "LIMIT_EXCEEDED", error
    assert notes(engine, module_database) == before


@pytest.mark.parametrize("body", READS)
async def test_no_read_is_wrong(client: GraphQLClient, body: str) -> None:
    error = await client.error(f"query($p: String!) {{ {body} }}", {"p": DEAR})
    assert error["extensions"]["reason"] == "LIMIT_EXCEEDED", error


async def test_an_export_breaks_off(client: GraphQLClient) -> None:
    """Its rows may be on their way when the server gives up: then the connection is cut, and the file has no end."""
    try:
        response = await client.http.get("/api/notes/export", params={"v": f"not.match.{DEAR}"})
    except Exception:
        return
    assert response.json()["details"]["code"] == "LIMIT_EXCEEDED", response.text


async def test_what_the_server_can_tell_is_answered(client: GraphQLClient) -> None:
    data = await client.data('{ notes(where: {v: {_nregex: "^a+$"}} order_by: {id: asc}) { id } }')
    assert data == {"notes": [{"id": 1}, {"id": 2}]}


async def test_what_is_no_pattern_is_told_as_before(client: GraphQLClient) -> None:
    error = await client.error('{ notes(where: {v: {_regex: "(a"}}) { id } }')
    assert error["extensions"]["reason"] == "INVALID_VALUE"
