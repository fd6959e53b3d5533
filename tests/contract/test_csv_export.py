"""CSV export and streamed reads over HTTP: forms, file names, and streams that are cut, left or broken."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

ROWS = 5200
BROKEN = 50
"""Exports broken at random points, on each of two engines."""
SCHEMA = """
CREATE TABLE notes (id INT PRIMARY KEY, body VARCHAR(80), n INT);
CREATE TABLE `odd "na;me"` (id INT PRIMARY KEY);
CREATE TABLE long_texts (id INT PRIMARY KEY, body TEXT NOT NULL);
"""
PLAIN = {"Accept-Encoding": "identity"}
"""Compressed, eight thousand equal letters would be a few bytes."""
NOTES = [(1, 'a "b", c\r\n', 1), (2, None, None), (3, "", -5), (4, "=1+1", 0), (5, "\té", 7)]


@pytest.fixture(scope="module")
def database(engine: Engine) -> Iterator[str]:
    """A few notes, and a table of 41 MB: more than all buffers on the way hold."""
    with engine.database(SCHEMA) as name:
        with engine.connect(name) as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO notes VALUES (%s,%s,%s)", NOTES)
            texts = [(number, "x" * 8000) for number in range(ROWS)]
            for start in range(0, ROWS, 500):
                cursor.executemany("INSERT INTO long_texts VALUES (%s,%s)", texts[start : start + 500])
        yield name


@pytest.fixture(scope="module")
def served(engine: Engine, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The program as a process."""
    app = RunningApp(engine.environment(database), ("serve",), tmp_path_factory.mktemp("export"))
    try:
        app.wait_ready()
        yield app
    finally:
        end([(app, True)])


def test_the_whole_table(served: RunningApp) -> None:
    expected = b'id,body,n\r\n1,"a ""b"", c\r\n",1\r\n2,,\r\n3,"",-5\r\n4,"=1+1",0\r\n5,"\t\xc3\xa9",7\r\n'
    for address in ("/api/notes/export?order=id", "/api/batch/notes/export?order=id"):
        response = served.client.get(address)
        assert response.content == expected
        assert response.headers["content-type"].startswith("text/csv")
        assert (
            response.headers["content-disposition"] == "attachment; filename=\"notes.csv\"; filename*=UTF-8''notes.csv"
        )


def test_a_part_of_it(served: RunningApp) -> None:
    response = served.client.get("/api/notes/export?select=n,id&order=id.desc&n=gte.0&limit=2")
    assert response.content == b"n,id\r\n7,5\r\n0,4\r\n"
    assert served.client.get("/api/notes/export?id=lt.0").content == b"id,body,n\r\n"


def test_cells_that_a_spreadsheet_would_run(served: RunningApp) -> None:
    response = served.client.get("/api/notes/export?format=spreadsheet&id=gte.3&order=id")
    assert response.content == b'\xef\xbb\xbfid,body,n\r\n3,"",-5\r\n4,"\'=1+1",0\r\n5,"\'\t\xc3\xa9",7\r\n'


@pytest.mark.parametrize(
    "mark", [*"=+-@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n", "\v", "\ufeff", " =", "  \uff1d"]
)
def test_whatever_a_spreadsheet_would_run_is_guarded(served: RunningApp, mark: str) -> None:
    """In a cell, and in a name that the address gives to a column."""
    body = mark + "1+1"
    assert served.client.post("/api/notes", json={"input": {"id": 99, "body": body}}).status_code == 200
    address = "/api/notes/export?format=spreadsheet&id=eq.99"
    try:
        cell = served.client.get(f"{address}&select=body").content
        assert cell == f'\ufeffbody\r\n"\'{body}"\r\n'.encode()
        header = served.client.get(address, params={"format": "spreadsheet", "id": "lt.0", "select": f"{mark}x:id"})
        assert header.status_code == 400 or header.content.decode().lstrip('\ufeff"').startswith("'")
    finally:
        served.client.request("DELETE", "/api/notes", json={"input": {"id": 99}})


@pytest.mark.parametrize(
    ("address", "status"), [("nobody/export", 404), ("notes/export?format=x", 400), ("notes/export?x=eq.1", 400)]
)
def test_what_cannot_be_exported(served: RunningApp, address: str, status: int) -> None:
    assert served.client.get(f"/api/{address}").status_code == status


def test_a_name_that_is_no_file_name(served: RunningApp) -> None:
    response = served.client.get("/api/odd%20%22na%3Bme%22/export")
    assert 'filename="odd _na_me_.csv"' in response.headers["content-disposition"]


def test_a_query_in_other_forms(served: RunningApp) -> None:
    csv = served.client.get("/api/notes/query?order=id&limit=2&offset=1&select=id", headers={"accept": "text/csv"})
    assert csv.content == b"id\r\n2\r\n3\r\n"
    headers = {"accept": "application/x-ndjson", "prefer": "count=exact"}
    lines = served.client.get("/api/notes/query?order=id&limit=2&offset=1&select=id", headers=headers)
    assert [json.loads(line) for line in lines.text.splitlines()] == [{"id": 2}, {"id": 3}]
    assert lines.headers["content-range"] == "1-2/5"
    assert served.client.get("/api/notes/query", headers={"accept": "image/png"}).status_code == 406
    plain = served.client.get("/api/notes/query", headers={"prefer": "count=exact"})
    assert plain.headers["content-range"] == "0-4/5"
    # A cache must not give one form where another is asked for.
    for response in (csv, lines, plain):
        assert {"accept", "prefer"} <= {name.strip() for name in response.headers["vary"].lower().split(",")}


def test_all_rows_of_a_long_table(served: RunningApp) -> None:
    """More rows than are answered at once, in the same envelope."""
    document = served.client.get("/api/long_texts/query?order=id&select=id").json()
    assert list(document) == ["timestamp", "message", "data", "retry_count"]
    assert [row["id"] for row in document["data"]] == list(range(ROWS))
    text = served.client.get("/api/long_texts/export").text
    assert text.count("\r\n") == ROWS + 1


def running(engine: Engine, database: str) -> list[int]:
    """The connections that run an export."""
    rows = engine.execute("SHOW FULL PROCESSLIST", database)
    return [row[0] for row in rows if row[3] == database and "long_texts" in str(row[7]) and "CONCAT" in str(row[7])]


@pytest.mark.engines("mariadb", "mysql")
def test_no_broken_export_looks_complete(served: RunningApp, engine: Engine, database: str) -> None:
    """The database's connection is killed at random points: the transfer always ends with an error."""
    draw, broken = random.Random(1), 0
    for _ in range(BROKEN):
        with served.client.stream("GET", "/api/long_texts/export", headers=PLAIN) as response:
            assert response.status_code == 200
            chunks, wanted, size = response.iter_raw(65536), draw.randint(1, 2_000_000), 0
            while size < wanted:
                size += len(next(chunks))
            for number in running(engine, database):
                engine.execute(f"KILL {number}", database)
            with pytest.raises(httpx.RemoteProtocolError):
                size += sum(len(chunk) for chunk in chunks)
            broken += 1
    assert broken == BROKEN
    assert served.client.get("/api/long_texts/export").text.count("\r\n") == ROWS + 1


@pytest.mark.engines("mariadb", "mysql")
def test_a_client_that_leaves_frees_the_database(served: RunningApp, engine: Engine, database: str) -> None:
    with served.client.stream("GET", "/api/long_texts/export", headers=PLAIN) as response:
        chunks = response.iter_raw(1024)
        next(chunks)
        assert running(engine, database)
    until = time.monotonic() + 5
    while running(engine, database):
        assert time.monotonic() < until
