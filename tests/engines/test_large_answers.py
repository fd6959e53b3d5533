"""Answers at the bounds of what a database sends as one text: whole, or refused with a clear error, never cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

SCHEMA = """
CREATE TABLE texts (id INT PRIMARY KEY, a LONGTEXT NOT NULL, b LONGTEXT);
CREATE TABLE parts (id INT PRIMARY KEY, text_id INT NOT NULL, body LONGTEXT,
  CONSTRAINT fk_text FOREIGN KEY (text_id) REFERENCES texts (id));
CREATE TABLE many (id INT PRIMARY KEY AUTO_INCREMENT, word VARCHAR(80) NOT NULL);
INSERT INTO many (word) VALUES ('the quick brown fox jumps over the lazy dog, and then over it once more')
"""
DOUBLINGS = 17
ROWS = 2**DOUBLINGS


@pytest.fixture(scope="module")
def most(engine: Engine) -> int:
    """The longest text that the server sends, in bytes."""
    return int(engine.execute("SELECT @@max_allowed_packet")[0][0])


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp, most: int) -> AsyncIterator[GraphQLClient]:
    """The program on rows of which some are too large; long attempts, for they take their time."""
    engine.execute(SCHEMA, module_database)
    rows = ("(1,'a','b')", "(2,REPEAT('x',{0}),'b')", "(3,REPEAT('y',{0}),REPEAT('z',{0}))", "(4,'a',REPEAT('\"',{0}))")
    for row in rows:
        engine.execute(f"INSERT INTO texts VALUES {row.format(most * 55 // 100)}", module_database)
    engine.execute("INSERT INTO parts VALUES (1,1,'p'),(2,2,NULL)", module_database)
    engine.execute(f"INSERT INTO parts VALUES (3,3,REPEAT('\\\\',{most * 55 // 100}))", module_database)
    for _ in range(DOUBLINGS):
        engine.execute("INSERT INTO many (word) SELECT word FROM many", module_database)
    patient = {"RETRY_TIMEOUTS_MS": "60000,60000,60000,60000"}
    async with open_app(engine.environment(module_database) | patient) as http:
        yield GraphQLClient(http)


async def test_a_row_below_the_bound_comes_whole(client: GraphQLClient, most: int) -> None:
    data = await client.data("{ texts(where: {id: {_in: [1, 2]}}, order_by: {id: asc}) { id a b } }")
    assert data["texts"] == [{"id": 1, "a": "a", "b": "b"}, {"id": 2, "a": "x" * (most * 55 // 100), "b": "b"}]
    both = await client.data("{ one: texts_by_pk(id: 3) { a } two: texts_by_pk(id: 3) { b } }")
    assert {row[key][0] * len(row[key]) == row[key] for row, key in ((both["one"], "a"), (both["two"], "b"))} == {True}


@pytest.mark.parametrize(
    "query",
    [
        "{ texts_by_pk(id: 3) { id a b } }",
        "{ texts(order_by: {id: asc}) { id a b } }",
        # Only the JSON text, each quote with a backslash before it, is too long; the column may be NULL.
        "{ texts_by_pk(id: 4) { id b } }",
        "{ texts(where: {id: {_lte: 3}}) { id parts { body } } }",
        "{ texts { id parts { body } } }",
        "{ parts { id text { a b } } }",
        "{ texts_connection(first: 10) { edges { node { a b } } } }",
        "{ texts_aggregate { aggregate { max { a b } } } }",
        "{ fine: texts_by_pk(id: 1) { id } texts_by_pk(id: 4) { b } }",
    ],
)
async def test_a_row_beyond_the_bound_is_refused(client: GraphQLClient, engine: Engine, most: int, query: str) -> None:
    answer = await client.answer(query)
    if engine.name is EngineName.EMBEDDED and "errors" not in answer:
        # seekdb makes longer texts than it says; then none is shorter than it is stored.
        assert set(lengths(answer["data"])) <= {1, most * 55 // 100}
        assert max(lengths(answer["data"])) == most * 55 // 100
        return
    assert [error["extensions"]["reason"] for error in answer["errors"]] == ["RESULT_TOO_LARGE"], answer["errors"]
    assert "large" in answer["errors"][0]["message"]


async def test_a_refused_row_among_trees_holds_no_lock(
    client: GraphQLClient, engine: Engine, module_database: str
) -> None:
    """What the server warned of is asked for once more, after the COMMIT; without autocommit that begins another."""
    small = "{ texts(where: {id: {_in: [1]}}) { id parts { id } } }"
    large = "{ texts(where: {id: {_in: [1, 3]}}) { id parts { body } } }"
    for query in (small, small, small, large, small):
        await client.answer(query)
    engine.execute("SET SESSION lock_wait_timeout = 1; ALTER TABLE parts COMMENT 'x'", module_database)
    await client.answer(large)
    engine.execute("SET SESSION lock_wait_timeout = 1; ALTER TABLE parts COMMENT 'y'", module_database)


def lengths(value: Any) -> Iterator[int]:
    """The length of every text in an answer."""
    if isinstance(value, str):
        yield len(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from lengths(item)


async def test_rest_refuses_it_too(client: GraphQLClient, engine: Engine, most: int) -> None:
    for address in ("/api/texts/query?id=eq.4", "/api/texts/query?id=eq.3", "/api/texts/query?id=eq.3&limit=5"):
        answer = (await client.http.get(address)).json()
        if engine.name is EngineName.EMBEDDED and "data" in answer:
            assert max(lengths(answer["data"])) == most * 55 // 100
        else:
            assert answer["details"]["code"] == "RESULT_TOO_LARGE", answer


async def test_lists_of_any_length(client: GraphQLClient) -> None:
    data: Any = await client.data(
        "{ many(order_by: {id: asc}) { id word } all: many_aggregate { aggregate { count } } }"
    )
    rows = data["many"]
    assert len(rows) == data["all"]["aggregate"]["count"] == ROWS
    assert len({row["id"] for row in rows}) == ROWS
    assert {row["word"] for row in rows} == {rows[0]["word"]}
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids)
