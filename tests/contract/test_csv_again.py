"""An import of a table's own export changes nothing, in every mode and on every engine, also where triggers stand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE noted (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), n INT, email VARCHAR(20) UNIQUE,
  doubled INT AS (n * 2), changed TIMESTAMP NOT NULL DEFAULT '2001-02-03 04:05:06' ON UPDATE CURRENT_TIMESTAMP);
INSERT INTO noted (id, name, n, email) VALUES (3, 'small', 1, 'a'), (5, NULL, NULL, NULL), (6, '', -1, 'A b');
CREATE TRIGGER noted_insert BEFORE INSERT ON noted FOR EACH ROW SET NEW.name = UPPER(NEW.name), NEW.email = 'x';
CREATE TABLE plain (code VARCHAR(9), part INT, PRIMARY KEY (code, part));
INSERT INTO plain VALUES ('a', 1), ('A ', 2), ('', 0);
"""


@pytest.fixture
async def client(engine: Engine, database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on a database of the test's own."""
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as found:
        yield found


async def send(client: httpx.AsyncClient, table: str, data: bytes, mode: str) -> dict[str, int]:
    """Imports a file; the numbers of rows that are in, and refused."""
    response = await client.post(f"/api/batch/import?mode={mode}", files={"file": (f"{table}.csv", data)})
    found = response.json()["data"]
    return {"in": found["rows_imported"], "refused": found["rows_failed"]}


@pytest.mark.parametrize("table", ["noted", "plain"])
async def test_an_export_changes_nothing(client: httpx.AsyncClient, engine: Engine, database: str, table: str) -> None:
    before = engine.execute(f"SELECT * FROM {table} ORDER BY 1, 2", database)
    exported = (await client.get(f"/api/{table}/export")).content
    count = len(before)
    expected = {
        "insert": {"in": 0, "refused": count},
        "ignore": {"in": 0, "refused": 0},
        "upsert": {"in": count, "refused": 0},
        "update": {"in": count, "refused": 0},
    }
    for mode, report in expected.items():
        if (table, mode) == ("plain", "update"):
            continue  # it has no column to be updated
        assert await send(client, table, exported, mode) == report, mode
        assert engine.execute(f"SELECT * FROM {table} ORDER BY 1, 2", database) == before, mode


async def test_a_new_row_has_what_the_trigger_makes_and_an_old_one_what_the_file_says(
    client: httpx.AsyncClient, engine: Engine, database: str
) -> None:
    engine.execute("DELETE FROM noted WHERE id = 5", database)
    file = b'id,name,n\n3,it\'s "\\,2\n4,new,3\nx,y,4\n6,"b ""\nc",\n'
    assert await send(client, "noted", file, "upsert") == {"in": 3, "refused": 1}
    found = engine.execute("SELECT id, name, n FROM noted ORDER BY id", database)
    assert found == ((3, "it's \"\\", 2), (4, "NEW", 3), (6, 'b "\nc', None))
