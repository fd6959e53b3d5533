"""Imports under an `Idempotency-Key`: the same file sent again continues where it was interrupted, no row twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE log (number INT NOT NULL, note VARCHAR(100) NOT NULL, CONSTRAINT log_number CHECK (number <> 777));
CREATE TABLE plain (number INT NOT NULL) ENGINE=MyISAM
"""
COUNT = 30_000
"""Rows of a file of three batches; the table has no key that could keep one from coming in twice."""
BAD = (COUNT // 2, COUNT - 5)
BOUNDARY = "a-boundary"


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on a table without a key."""
    for statement in SCHEMA.split(";\n"):
        if engine.name != "embedded" or "MyISAM" not in statement:
            engine.execute(statement, module_database)
    async with open_app(engine.environment(module_database)) as found:
        yield found


@pytest.fixture(autouse=True)
def empty(engine: Engine, module_database: str) -> None:
    """No rows."""
    engine.execute("DELETE FROM log", module_database)


def text(note: str = "n") -> bytes:
    """The file: a row that a cell refuses and one that the database refuses among the others."""
    rows = [f"{number},{note * 90}" for number in range(1, COUNT + 1)]
    rows[776] = f"776,{note * 90}"
    rows[BAD[0] - 1] = f"x,{note}"
    rows[BAD[1] - 1] = f"777,{note}"
    return ("number,note\n" + "\n".join(rows) + "\n").encode()


def body(file: bytes, name: str = "log.csv") -> bytes:
    """The file in a multipart body."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()


async def send(
    client: httpx.AsyncClient, data: bytes, key: str | None, query: str = "", piece: int = 65_536
) -> httpx.Response:
    """Sends a body in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), piece):
            yield data[start : start + piece]

    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"} | (
        {} if key is None else {"idempotency-key": key}
    )
    return await client.post(f"/api/batch/import{query}", content=pieces(), headers=headers)


def counts(engine: Engine, database: str) -> tuple[int, ...]:
    """Rows, and different ones."""
    found: tuple[int, ...] = engine.execute("SELECT COUNT(*), COUNT(DISTINCT number) FROM log", database)[0]
    return found


def data_of(response: httpx.Response) -> Any:
    """What became of the file."""
    assert response.status_code == 207, response.text
    data = response.json()["data"]
    assert [(error["line"], error["code"]) for error in data["errors"]] == [
        (BAD[0] + 1, "INVALID_VALUE"),
        (BAD[1] + 1, "CHECK_VIOLATION"),
    ]
    assert (data["rows_total"], data["rows_imported"], data["rows_failed"]) == (COUNT, COUNT - 2, 2)
    return data


async def test_the_same_file_again_changes_nothing(
    client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    first = await send(client, body(text()), "again")
    second = await send(client, body(text()), "again", piece=1_003)
    assert data_of(first) == data_of(second)
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert counts(engine, module_database) == (COUNT - 2, COUNT - 3)
    await send(client, body(text()), None)
    assert counts(engine, module_database) == (2 * (COUNT - 2), COUNT - 3)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
async def test_an_interrupted_import_goes_on(
    client: httpx.AsyncClient, engine: Engine, module_database: str, share: float
) -> None:
    whole = body(text())
    torn = await send(client, whole[: int(len(whole) * share)], f"torn-{share}", piece=20_000)
    assert (torn.status_code, torn.json()["details"]["code"]) == (422, "INVALID_BODY")
    assert counts(engine, module_database)[0] < COUNT - 2
    response = await send(client, whole, f"torn-{share}")
    data_of(response)
    assert "idempotent-replayed" not in response.headers
    assert counts(engine, module_database) == (COUNT - 2, COUNT - 3)


async def test_another_file_under_the_same_key_is_refused(
    client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    data_of(await send(client, body(text()), "one"))
    for query, file in (("", text("m")), ("?mode=ignore", text())):
        response = await send(client, body(file), "one", query)
        assert (response.status_code, response.json()["details"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert counts(engine, module_database) == (COUNT - 2, COUNT - 3)


async def test_a_dry_run_leaves_the_key_free(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    data_of(await send(client, body(text()), "dry", "?dry_run=true"))
    assert counts(engine, module_database) == (0, 0)
    data_of(await send(client, body(text()), "dry"))
    assert counts(engine, module_database) == (COUNT - 2, COUNT - 3)


@pytest.mark.parametrize("key", ["", "k" * 256, "\u00e9"])
async def test_what_is_no_key_is_refused(client: httpx.AsyncClient, key: str) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    response = await client.post("/api/batch/import", files={"file": ("log.csv", b"number\n1\n")}, headers=headers)
    assert (response.status_code, response.json()["details"]["code"]) == (400, "INVALID_PARAMETER")


@pytest.mark.engines("mariadb", "mysql")
async def test_a_table_without_transactions_cannot_keep_the_promise(
    client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    response = await send(client, body(b"number\n1\n2\n", "plain.csv"), "plain")
    assert (response.status_code, response.json()["details"]["code"]) == (501, "IDEMPOTENCY_KEY_UNSUPPORTED")
    assert engine.execute("SELECT COUNT(*) FROM plain", module_database) == ((0,),)
