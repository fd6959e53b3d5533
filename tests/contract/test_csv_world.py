"""CSV as other programs write it, over HTTP on every engine: what is recognised goes in as what it means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), price DECIMAL(10,2), born DATE, age INT,
 truth TINYINT(1));
"""
ROWS = [("Zoë", Decimal("12.50"), date(1999, 12, 31), 3), ("B;b", None, None, None)]


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on a database of the module's own."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as found:
        yield found


@pytest.fixture(autouse=True)
def empty(engine: Engine, module_database: str) -> None:
    """No rows."""
    engine.execute("DELETE FROM people", module_database)


async def send(client: httpx.AsyncClient, data: bytes, name: str = "people.csv", query: str = "") -> httpx.Response:
    """Uploads a file."""
    return await client.post(f"/api/batch/import{query}", files={"file": (name, data, "text/csv")})


def people(engine: Engine, database: str) -> list[tuple[Any, ...]]:
    """What is in the table."""
    return list(engine.execute("SELECT name, price, born, age FROM people ORDER BY id", database))


EXCEL = 'name;price;born;age\r\nZoë;12,50;31.12.1999;3\r\n"B;b";;;\r\n'


@pytest.mark.parametrize(
    ("data", "detected"),
    [
        (EXCEL.encode("cp1252"), {"delimiter": ";", "encoding": "cp1252", "decimal": ",", "dates": "dmy"}),
        (EXCEL.encode("utf-8-sig"), {"delimiter": ";", "decimal": ",", "dates": "dmy"}),
        (f"sep=;\r\n{EXCEL}".encode("utf-16"),
         {"delimiter": ";", "encoding": "utf-16", "decimal": ",", "dates": "dmy"}),
        ("name\tprice\tborn\tage\nZoë\t12.50\t12/31/1999\t3.0\nB;b\t\\N\t\\N\t\\N\n".encode(),
         {"delimiter": "\t", "dates": "mdy", "null": "\\N"}),
        (",".join(("name", " price", "born ", "age\nZoë", "12.5", "1999-12-31", "3.0\nB;b,nan,,\n")).encode(),
         {"null": "nan"}),
    ],
)  # fmt: skip
async def test_what_is_recognised_means_the_same(
    client: httpx.AsyncClient, engine: Engine, module_database: str, data: bytes, detected: dict[str, str]
) -> None:
    response = await send(client, data)
    assert response.status_code == 200, response.text
    assert response.json()["data"]["detected"] == detected
    assert people(engine, module_database) == ROWS


async def test_what_is_in_doubt_is_refused_and_shown(client: httpx.AsyncClient) -> None:
    response = await send(client, b"name;price;born\nA;1,5;01/02/1999\nB;2,5;" + b"x" * 200 + b"\n")
    data = response.json()["data"]
    assert data["detected"] == {"delimiter": ";", "decimal": ","}
    first, second = (error["message"] for error in data["errors"])
    assert "'01/02/1999'" in first
    assert f"'{'x' * 40}...'" in second


async def test_lines_are_those_of_the_file(client: httpx.AsyncClient) -> None:
    """Also behind a line `sep=`."""
    response = await send(client, b"sep=;\nname;age\nA;1\nB;b\n")
    assert [error["line"] for error in response.json()["data"]["errors"]] == [4]


@pytest.mark.parametrize(
    ("name", "query", "data"),
    [
        ("people (1).csv", "", "name,price,born,age\nZoë,12.5,1999-12-31,3\nB;b,,,\n"),
        ("people.tsv", "", "name\tprice\tborn\tage\nZoë\t12.5\t1999-12-31\t3\nB;b\t\t\t\n"),
        ("x.txt", "?table=people", "name,price,born,age\nZoë,12.5,1999-12-31,3\nB;b,,,\n"),
        ("people.csv", "?delimiter=%7C&decimal=comma&dates=mdy&null=-&dry_run=false",
         "name|price|born|age\nZoë|12,5|12/31/1999|3\nB;b|-|-|-\n"),
        ("people.csv", "?encoding=utf-8&delimiter=comma", "name,price,born,age\nZoë,12.5,1999-12-31,3\nB;b,,,\n"),
    ],
)  # fmt: skip
async def test_what_is_said_stands(
    client: httpx.AsyncClient, engine: Engine, module_database: str, name: str, query: str, data: str
) -> None:
    response = await send(client, data.encode(), name, query)
    assert response.status_code == 200, response.text
    assert people(engine, module_database) == ROWS


@pytest.mark.parametrize("query", ["delimiter=a", "encoding=idna", "decimal=x", "dates=ydm", "null=%22"])
async def test_what_nothing_can_be_read_by_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await send(client, b"name\nA\n", query=f"?{query}")
    assert (response.status_code, response.json()["details"]["code"]) == (400, "INVALID_PARAMETER")


async def test_a_dry_run_of_a_large_file_reads_all_of_it_first(client: httpx.AsyncClient) -> None:
    data = b"name,age\n" + b"A,1\n" * 400_000 + b"B,b\n"
    found = (await send(client, data, query="?dry_run=true")).json()["data"]
    assert (found["rows_total"], found["rows_failed"]) == (400_001, 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04zip", "Excel workbook"),
        (b",name\n0,A\n", "Column 1 of the file has no name"),
        (b"name,\nA,\n", "Column 2 of the file has no name"),
        (b"nam,age\nA,1\n", "did you mean 'name'?"),
    ],
)
async def test_what_cannot_be_is_told_in_words(client: httpx.AsyncClient, data: bytes, words: str) -> None:
    response = await send(client, data)
    assert response.status_code == 400
    assert words in response.json()["message"]


async def test_quotes_in_a_cell_without_quotes_cost_no_other_row(
    client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    """As many as to hide the end of a record: once the row behind was refused."""
    response = await send(client, b'name,age\na"b,1\n"c\nd"",",2\n' + b'e"f,3\n"g\nh",4\n' * 2000)
    data = response.json()["data"]
    assert (data["rows_total"], data["rows_failed"]) == (4002, 0)
    found = engine.execute("SELECT DISTINCT name FROM people ORDER BY name", module_database)
    assert found == (('a"b',), ('c\nd",',), ('e"f',), ("g\nh",))
