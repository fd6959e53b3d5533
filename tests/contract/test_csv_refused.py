"""Rows that only the database can refuse: an import says of each what it says when rows are written one by one."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pymysql
import pytest

from graphql_app.engine.mysql.server_codes import ALL_ROWS
from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

COLUMNS = """(
  id INT PRIMARY KEY, code VARCHAR(20) UNIQUE, owner INT, amount INT NOT NULL, due TIMESTAMP NULL,
  CONSTRAINT %(name)s_amount CHECK (amount < 1000), CONSTRAINT %(name)s_owner FOREIGN KEY (owner) REFERENCES owners (id)
)"""
SCHEMA = f"""
CREATE TABLE owners (id INT PRIMARY KEY);
INSERT INTO owners VALUES (1),(2),(3);
CREATE TABLE bills {COLUMNS % {"name": "bills"}};
CREATE TABLE one_by_one {COLUMNS % {"name": "one_by_one"}};
CREATE TABLE kept (id INT PRIMARY KEY, note VARCHAR(5));
CREATE TABLE log (id INT PRIMARY KEY);
"""
TRIGGER = "CREATE TRIGGER kept_log AFTER INSERT ON kept FOR EACH ROW INSERT INTO log VALUES (NEW.id DIV 2)"
COUNT = 1500


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on a table with every kind of constraint, and its twin."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as found:
        yield found


def rows(share: float, seed: int) -> list[tuple[str, ...]]:
    """Rows, so many of which break a constraint; which one, and whether by an earlier row, is left to chance."""
    draw = random.Random(seed)
    made = []
    for number in range(1, COUNT + 1):
        row = [str(number), f"c{number}", str(draw.randint(1, 3)), str(draw.randint(0, 999)), "2024-01-31 10:00:00"]
        if draw.random() < share:
            kind = draw.randrange(6)
            if kind < 2:
                row[kind] = f"{'c' * kind}{draw.randint(1, number)}"
            elif kind < 5:
                row[kind] = ("9", "1000", "2038-03-01 00:00:00")[kind - 2]
            else:
                row = [row[0], row[1].upper(), "7", "5000", row[4]]
        made.append(tuple(row))
    return made


def written_one_by_one(engine: Engine, database: str, lines: list[tuple[str, ...]]) -> list[tuple[int, str]]:
    """Line and code of each row that the database refuses."""
    refused = []
    with engine.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET autocommit = 0")
        for number, row in enumerate(lines, 2):
            try:
                cursor.execute("INSERT INTO one_by_one VALUES (%s,%s,%s,%s,%s)", row)
            except pymysql.MySQLError as error:
                refused.append((number, str(ALL_ROWS[error.args[0]].code)))
        connection.commit()
    return refused


async def send(client: httpx.AsyncClient, name: str, text: str, query: str = "") -> dict[str, Any]:
    """Uploads a file; the answer's data."""
    response = await client.post(f"/api/batch/import{query}", files={"file": (name, text.encode())})
    assert response.status_code in (200, 207, 400), response.text
    data: dict[str, Any] = response.json()["data"]
    return data


@pytest.mark.parametrize(("share", "mode"), [(0.002, "insert"), (0.05, "insert"), (0.6, "insert"), (0.05, "ignore")])
async def test_every_refused_row_is_told_as_if_written_alone(
    client: httpx.AsyncClient, engine: Engine, module_database: str, share: float, mode: str
) -> None:
    engine.execute("DELETE FROM bills; DELETE FROM one_by_one", module_database)
    lines = rows(share, seed=int(share * 1000))
    expected = written_one_by_one(engine, module_database, lines)
    assert expected
    text = "id,code,owner,amount,due\n" + "".join(",".join(row) + "\n" for row in lines)
    data = await send(client, "bills.csv", text, f"?mode={mode}")
    duplicates = sum(code == "DUPLICATE_ENTRY" for _, code in expected)
    if mode == "ignore":
        expected = [each for each in expected if each[1] != "DUPLICATE_ENTRY"]
    assert [(error["line"], error["code"]) for error in data["errors"]] == expected[:1000]
    counts = (data["rows_total"], data["rows_failed"], data["rows_imported"])
    ignored = duplicates if mode == "ignore" else 0
    assert counts == (COUNT, len(expected), COUNT - len(expected) - ignored)
    assert engine.execute("SELECT * FROM bills ORDER BY id", module_database) == engine.execute(
        "SELECT * FROM one_by_one ORDER BY id", module_database
    )


async def test_a_whole_file_again(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    """All rows are there already, more than are looked up after one statement."""
    engine.execute("DELETE FROM bills", module_database)
    text = "id,amount\n" + "".join(f"{number},1\n" for number in range(4000))
    assert (await send(client, "bills.csv", text))["rows_imported"] == 4000
    data = await send(client, "bills.csv", text)
    assert (data["rows_imported"], data["rows_failed"]) == (0, 4000)
    assert [error["line"] for error in data["errors"]] == list(range(2, 1002))
    assert {error["code"] for error in data["errors"]} == {"DUPLICATE_ENTRY"}
    assert engine.execute("SELECT COUNT(*) FROM bills", module_database) == ((4000,),)


@pytest.mark.engines("mariadb", "mysql")
async def test_a_trigger_that_fails_refuses_its_row(
    client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    """IGNORE would keep the row and lose what the trigger writes."""
    engine.execute("DROP TRIGGER IF EXISTS kept_log", module_database)
    engine.execute(TRIGGER, module_database)
    text = "id,note\n" + "".join(f"{number},n{number}\n" for number in (0, 2, 4, 5, 6, 2, 8, 9))
    data = await send(client, "kept.csv", text)
    assert [error["line"] for error in data["errors"]] == [5, 7, 9]
    assert engine.execute("SELECT id FROM kept ORDER BY id", module_database) == ((0,), (2,), (4,), (6,), (8,))
    assert engine.execute("SELECT id FROM log ORDER BY id", module_database) == ((0,), (1,), (2,), (3,), (4,))
