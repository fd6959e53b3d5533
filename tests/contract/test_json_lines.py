"""Import of JSON lines (NDJSON) on every engine: as CSV is imported; the rows of a query go back in as they were."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL, price DECIMAL(20,2), age INT,
 note VARCHAR(9) DEFAULT 'none', doc JSON, tags SET('x','y'), truth TINYINT(1), made INT AS (age));
CREATE TABLE `Odd` (id INT PRIMARY KEY);
"""


@pytest.fixture(autouse=True)
def empty(engine: Engine, module_database: str) -> None:
    """No rows."""
    engine.execute("DELETE FROM people; DELETE FROM `Odd`", module_database)


async def send(
    module_client: httpx.AsyncClient,
    data: str,
    query: str = "",
    name: str = "people.ndjson",
    media: str = "text/plain",
    **headers: str,
) -> httpx.Response:
    """Uploads a file."""
    files = {"file": (name, data.encode(), media)}
    return await module_client.post(f"/api/batch/import{query}", files=files, headers=headers)


def people(engine: Engine, database: str, columns: str = "id, name, age, note") -> list[tuple[Any, ...]]:
    """What is in the table."""
    return list(engine.execute(f"SELECT {columns} FROM people ORDER BY id", database))


async def test_rows_go_in_and_bad_ones_are_told_by_line(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    lines = [
        '{"id": 1, "name": "Zo\\u00eb \\"\\n\\\\", "age": 3}',
        "",
        '{"age": null, "name": "", "id": 2, "note": null}\r',
        '{"id": 3, "name": null}',
        '{"id": 4}',
        '{"id": 5, "name": "A", "age": 3.0}',
        '{"id": 6, "name": "A", "age": "x"}',
        '{"id": 7, "name": "A",',
        '["id", 8]',
        '{"id": 9, "name": "A", "name": "B"}',
        '{"id": 5, "name": "again"}',
        '{"id": 10, "name": {"a": 1}}',
        '{"id": 11, "name": "A", "age": 99999999999}',
        '{"id": 12, "name": "last", "age": 1e999}',
    ]
    response = await send(module_client, "\ufeff" + "\n".join(lines))
    data = response.json()["data"]
    assert response.status_code == 207, response.text
    assert (data["rows_total"], data["rows_imported"], data["rows_failed"]) == (13, 3, 10)
    told = [(error["line"], error["column"], error["code"]) for error in data["errors"]]
    assert told == [
        (4, "name", "NOT_NULL_VIOLATION"),
        (5, "name", "NOT_NULL_VIOLATION"),
        (7, "age", "INVALID_VALUE"),
        (8, None, "INVALID_VALUE"),
        (9, None, "INVALID_VALUE"),
        (10, None, "INVALID_VALUE"),
        (11, None, "DUPLICATE_ENTRY"),
        (12, "name", "INVALID_VALUE"),
        (13, "age", "INVALID_VALUE"),
        (14, "age", "INVALID_VALUE"),
    ]
    found = people(engine, module_database)
    assert found == [(1, 'Zoë "\n\\', 3, "none"), (2, "", None, None), (5, "A", 3, "none")]


async def test_the_rows_of_a_query_go_back_in(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    """In every mode, without a change."""
    engine.execute(
        """INSERT INTO people (id, name, price, age, note, doc, tags, truth) VALUES
        (1, 'Zoë', 123456789012345678.90, -3, '', '{"a": [1, 2.5, "x,y", null]}', 'x,y', 1),
        (2, 'null', NULL, NULL, NULL, NULL, NULL, NULL), (3, '', 0, 0, '"', '"text"', '', 0)""",
        module_database,
    )
    before = engine.execute("SELECT * FROM people ORDER BY id", module_database)
    lines = (await module_client.get("/api/people/query?order=id", headers={"Accept": "application/x-ndjson"})).text
    assert len(lines.splitlines()) == 3
    for mode, count in (("upsert", 3), ("update", 3), ("ignore", 0)):
        response = await send(module_client, lines, f"?mode={mode}")
        assert response.status_code == 200, response.text
        assert response.json()["data"]["rows_imported"] == count
        assert engine.execute("SELECT * FROM people ORDER BY id", module_database) == before
    engine.execute("DELETE FROM people", module_database)
    assert (await send(module_client, lines)).status_code == 200
    assert engine.execute("SELECT * FROM people ORDER BY id", module_database) == before


async def test_modes_that_change_rows_take_whole_objects(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    engine.execute("INSERT INTO people (id, name, age) VALUES (1, 'a', 1), (2, 'b', 2)", module_database)
    lines = '{"id": 1, "name": "A", "age": 7}\n{"id": 2, "name": "B"}\n{"id": 3, "name": "C", "age": 9}\n'
    data = (await send(module_client, lines, "?mode=update")).json()["data"]
    told = [(error["line"], error["column"], error["code"]) for error in data["errors"]]
    assert told == [(2, "age", "INVALID_VALUE"), (3, None, "NOT_FOUND")]
    assert people(engine, module_database, "id, name, age") == [(1, "A", 7), (2, "b", 2)]
    assert (await send(module_client, lines, "?mode=upsert")).json()["data"]["rows_imported"] == 2


async def test_dry_run_and_key(module_client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    lines = "".join(json.dumps({"id": number, "name": "x" * 20}) + "\n" for number in range(1, 2001))
    dry = await send(module_client, lines, "?dry_run=true")
    assert dry.json()["data"]["rows_imported"] == 2000
    assert people(engine, module_database) == []
    for replayed in (None, "true"):
        response = await send(module_client, lines, **{"Idempotency-Key": f"lines-{module_database}"})
        assert response.json()["data"]["rows_imported"] == 2000
        assert response.headers.get("Idempotent-Replayed") == replayed
    assert len(people(engine, module_database)) == 2000


@pytest.mark.parametrize(
    ("name", "media", "query"),
    [
        ("people.jsonl", "application/octet-stream", ""),
        ("PEOPLE.NDJSON", "text/csv", ""),
        ("people.txt", "application/x-ndjson", ""),
        ("x", "application/x-ndjson; charset=utf-8", "?table=people"),
    ],
)
async def test_the_name_or_the_type_tells(module_client: httpx.AsyncClient, name: str, media: str, query: str) -> None:
    response = await send(module_client, '{"name": "A"}', query, name, media)
    assert response.json()["data"]["rows_imported"] == 1, response.text


@pytest.mark.parametrize(
    ("data", "query", "words"),
    [
        ("", "", "The file is empty"),
        ("name\nA\n", "", "Line 1: The line is no JSON"),
        ('{"name": "A"}\n{"nam": "A"}\n', "", "did you mean 'name'?"),
        ('{"age": 1}\n', "", "misses column 'name'"),
        ('{"name": "A"}\n', "?delimiter=comma", "are of CSV"),
    ],
)
async def test_what_is_no_such_file_is_told_in_words(
    module_client: httpx.AsyncClient, data: str, query: str, words: str
) -> None:
    response = await send(module_client, data, query)
    assert response.status_code == 400
    assert words in response.json()["message"]


@pytest.mark.parametrize("name", ["odd.csv", "ODD.CSV", "Odd.txt"])
async def test_a_file_finds_its_table_in_any_case(module_client: httpx.AsyncClient, name: str) -> None:
    data = (await send(module_client, "id\n1\n", name=name)).json()["data"]
    assert (data["table"].lower(), data["rows_imported"]) == ("odd", 1)  # the embedded engine has lower case alone
