"""CSV import over HTTP on every engine: what goes in, what is refused and where, modes, names of files, headers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(10), email VARCHAR(100) UNIQUE, age INT);
CREATE TABLE strict (id INT PRIMARY KEY, name VARCHAR(10) NOT NULL, age INT NOT NULL, twice INT AS (age*2));
CREATE TABLE big (id INT PRIMARY KEY, code INT NOT NULL UNIQUE, note VARCHAR(40));
CREATE VIEW seen AS SELECT COUNT(*) AS n FROM users
"""


@pytest.fixture(autouse=True)
def empty(engine: Engine, module_database: str) -> None:
    """No rows anywhere."""
    engine.execute("DELETE FROM users; DELETE FROM strict; DELETE FROM big", module_database)


async def send(
    module_client: httpx.AsyncClient, text: str | bytes, name: str = "users.csv", query: str = ""
) -> httpx.Response:
    """Uploads a file."""
    data = text.encode() if isinstance(text, str) else text
    return await module_client.post(f"/api/batch/import{query}", files={"file": (name, data, "text/csv")})


async def imported(
    module_client: httpx.AsyncClient, text: str | bytes, status: int = 200, name: str = "users.csv", query: str = ""
) -> dict[str, Any]:
    """Uploads a file; the answer's data."""
    response = await send(module_client, text, name, query)
    assert response.status_code == status, response.text
    document = response.json()
    assert list(document) == ["timestamp", "message", "data", "retry_count"]
    data: dict[str, Any] = document["data"]
    assert [name for name in data if name != "detected"] == [
        "table", "rows_total", "rows_imported", "rows_failed", "errors"]  # fmt: skip
    return data


def users(engine: Engine, database: str) -> list[tuple[Any, ...]]:
    """What is in the table."""
    return list(engine.execute("SELECT name, email, age FROM users ORDER BY id", database))


def places(data: dict[str, Any]) -> list[tuple[int, str | None, str]]:
    """Line, column and code of each refused row."""
    return [(error["line"], error["column"], error["code"]) for error in data["errors"]]


async def test_the_file_of_the_seed(module_client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    data = await imported(module_client, "name,email,age\nJohn Doe,john@example.com,30\nAnn,ann@example.com,41\n")
    assert data == {"table": "users", "rows_total": 2, "rows_imported": 2, "rows_failed": 0, "errors": []}
    assert users(engine, module_database) == [("John Doe", "john@example.com", 30), ("Ann", "ann@example.com", 41)]


async def test_one_bad_row_never_stops_the_others(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    """Refused by the program or by the database: each is told by line, column and code, and every other row is in."""
    lines = ["name,email,age", "A,a@x,1", "loooooooong,l@x,2", "B,b@x,three", "C,a@x,3", "D,d@x", '"E\nF",e@x,4',
             "G,g@x,99999999999", '"H"x,h@x,5', "I,i@x,6"]  # fmt: skip
    data = await imported(module_client, "\r\n".join(lines), 207)
    assert places(data) == [
        (3, "name", "VALUE_TOO_LONG"),
        (4, "age", "INVALID_VALUE"),
        (5, None, "DUPLICATE_ENTRY"),
        (6, None, "INVALID_VALUE"),
        (9, "age", "INVALID_VALUE"),
        (10, None, "INVALID_VALUE"),
    ]
    assert (data["rows_total"], data["rows_imported"], data["rows_failed"]) == (9, 3, 6)
    assert all(error["message"] for error in data["errors"])
    assert users(engine, module_database) == [("A", "a@x", 1), ("E\nF", "e@x", 4), ("I", "i@x", 6)]


async def test_many_rows_with_bad_ones_among_them(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    """Each bad row is found in its batch, however many there are; the first 1,000 are shown, a file tells all."""
    count = 9_000
    bad = set(range(7, count, 8))
    rows = [f"{number},{number - 1 if number in bad else number},note {number}" for number in range(1, count + 1)]
    text = "id,code,note\n" + "\n".join(rows)
    data = await imported(module_client, text, 207, "big.csv")
    assert (data["rows_total"], data["rows_failed"]) == (count, len(bad))
    assert places(data) == [(number + 1, None, "DUPLICATE_ENTRY") for number in sorted(bad)[:1000]]
    found = engine.execute("SELECT COUNT(*), COUNT(DISTINCT code), SUM(id) FROM big", module_database)
    assert found == ((count - len(bad), count - len(bad), sum(set(range(1, count + 1)) - bad)),)
    engine.execute("DELETE FROM big", module_database)
    response = await send(module_client, text, "big.csv", "?errors=csv")
    assert response.status_code == 207
    assert response.headers["content-type"].startswith("text/csv")
    lines = response.text.splitlines()[1:]
    assert [int(line.split(",")[0]) for line in lines] == [number + 1 for number in sorted(bad)]


async def test_null_and_empty_text(module_client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    await imported(module_client, 'name,email,age\n,e1,\n"",e2,1\n')
    assert users(engine, module_database) == [(None, "e1", None), ("", "e2", 1)]
    data = await imported(module_client, 'id,name,age\n1,,1\n2,"",2\n3,x,\n', 207, "strict.csv")
    assert places(data) == [(4, "age", "NOT_NULL_VIOLATION")]
    assert engine.execute("SELECT id, name FROM strict ORDER BY id", module_database) == ((1, ""), (2, ""))


@pytest.mark.parametrize(
    "data",
    [
        b'name,email\r\n"a ""b""",e1\r\n\\c\'d,e2\r\n',
        b'name,email\n"a ""b""",e1\n\\c\'d,e2',
        b'name,email\r"a ""b""",e1\r\\c\'d,e2\r',
        b'\xef\xbb\xbf"name","email"\n"a ""b""","e1"\n\n"\\c\'d","e2"\n\n',
        'name,email\r\n"a ""b""",e1\r\n\\c\'d,e2\r\n'.encode("utf-16"),
    ],
)
async def test_any_common_form_of_text(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str, data: bytes
) -> None:
    await imported(module_client, data)
    assert users(engine, module_database) == [('a "b"', "e1", None), ("\\c'd", "e2", None)]


async def test_an_open_quote_costs_its_own_line(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    data = await imported(module_client, b'name,email\nA,e1\n"B,e2\nC,e3\nD\xff,e4\nE,e5', 207)
    assert places(data) == [(3, None, "INVALID_VALUE"), (5, None, "INVALID_VALUE")]
    assert [row[0] for row in users(engine, module_database)] == ["A", "C", "E"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("id,name,nope", "UNKNOWN_COLUMN"),
        ("id,name,name,age", "INVALID_VALUE"),
        ("id,name", "INVALID_VALUE"),
        ("id,Name,age", "UNKNOWN_COLUMN"),
        ("twice", "INVALID_VALUE"),
        ("", "INVALID_VALUE"),
    ],
)
async def test_a_wrong_header_is_told_before_anything_is_written(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str, header: str, code: str
) -> None:
    response = await send(module_client, f"{header}\n1,x,2,3\n", "strict.csv")
    assert (response.status_code, response.json()["details"]["code"]) == (400, code)
    assert engine.execute("SELECT COUNT(*) FROM strict", module_database) == ((0,),)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        *((name, 400) for name in ("../users.csv", "a/users.csv", "C:\\u.csv", "u.json", "users", ".csv", " u.csv")),
        *((name, 404) for name in ("nobody.csv", "users`.csv", "user_.csv", "users.csv.csv", "%75sers.csv")),
        ("seen.csv", 403),
    ],
)  # fmt: skip
async def test_the_name_of_the_file_is_a_table_or_nothing(
    module_client: httpx.AsyncClient, name: str, status: int
) -> None:
    assert (await send(module_client, "name\nx\n", name)).status_code == status


@pytest.mark.parametrize(
    ("query", "text", "status", "counts", "after"),
    [
        ("", "email,age\na@x,2\nb@x,3\n", 207, (2, 1, 1), [("A", "a@x", 1), (None, "b@x", 3)]),
        ("?mode=upsert", "email,age\na@x,2\nb@x,3\n", 200, (2, 2, 0), [("A", "a@x", 2), (None, "b@x", 3)]),
        ("?mode=ignore", "email,age\na@x,2\nb@x,3\n", 200, (2, 1, 0), [("A", "a@x", 1), (None, "b@x", 3)]),
        ("?mode=update", "id,age\n1,9\n2,9\n", 207, (2, 1, 1), [("A", "a@x", 9)]),
        ("?dry_run=true", "email,age\na@x,2\nb@x,3\nb@x,4\n", 207, (3, 1, 2), [("A", "a@x", 1)]),
    ],
)
async def test_modes(
    module_client: httpx.AsyncClient,
    engine: Engine,
    module_database: str,
    query: str,
    text: str,
    status: int,
    counts: tuple[int, int, int],
    after: list[object],
) -> None:
    engine.execute("INSERT INTO users VALUES (1,'A','a@x',1)", module_database)
    data = await imported(module_client, text, status, query=query)
    assert (data["rows_total"], data["rows_imported"], data["rows_failed"]) == counts
    assert users(engine, module_database) == after


@pytest.mark.parametrize("query", ["?mode=replace", "?dry_run=maybe", "?errors=xml", "?modes=insert"])
async def test_unknown_options(module_client: httpx.AsyncClient, query: str) -> None:
    assert (await send(module_client, "name\nx\n", query=query)).status_code == 400


async def test_bodies_that_hold_no_file(module_client: httpx.AsyncClient) -> None:
    address = "/api/batch/import"
    assert (await module_client.post(address, content=b"name\nx\n")).status_code == 415
    assert (await module_client.post(address, files={"other": ("users.csv", b"name\nx\n")})).status_code == 422
    torn = b'--x\r\nContent-Disposition: form-data; name="file"; filename="users.csv"\r\n\r\nname\nx\ny'
    response = await module_client.post(
        address, content=torn, headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert response.status_code == 422
    assert (await module_client.get(address)).status_code == 405
