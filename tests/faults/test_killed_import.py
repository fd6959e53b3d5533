"""The program killed in the midst of an import, again and again: its file, sent until it is through, is in once."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.faults

TABLE = "CREATE TABLE log (number INT NOT NULL, note VARCHAR(100) NOT NULL)"
"""Without a key that could keep a row from coming in twice."""
COUNT = 60_000
KILLS = (1, 15_000, 30_000, 45_000)
"""So many rows are in when the program is killed, and some more that are on their way."""
BOUNDARY = "a-boundary"
HEADERS = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "idempotency-key": "one-file"}
PIECE = 65_536


def upload() -> bytes:
    """The file in a multipart body."""
    rows = "".join(f"{number},{'n' * 90}\n" for number in range(COUNT))
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="log.csv"\r\n\r\n'
    return f"{head}number,note\n{rows}\r\n--{BOUNDARY}--\r\n".encode()


def rows(engine: Engine, database: str) -> tuple[int, ...]:
    """Rows, and different ones."""
    found: tuple[int, ...] = engine.execute("SELECT COUNT(*), COUNT(DISTINCT number) FROM log", database)[0]
    return found


def pieces(body: bytes, app: RunningApp, engine: Engine, database: str, kill_at: int) -> Iterator[bytes]:
    """The body, all but its end; the program is killed as soon as `kill_at` rows are in."""
    for start in range(0, len(body) - PIECE, PIECE):
        yield body[start : start + PIECE]
        if engine.execute("SELECT COUNT(*) FROM log", database)[0][0] >= kill_at:
            app.kill()
    raise AssertionError("the program was not killed")


def test_killed_imports_go_on_and_double_nothing(start_app: StartApp, mariadb: Engine) -> None:
    """Four times killed (SIGKILL), each time further on; the fifth time the file comes to its end."""
    body = upload()
    with mariadb.database(TABLE) as database:
        for kill_at in KILLS:
            app = start_app(mariadb.environment(database))
            with pytest.raises(httpx.TransportError):
                app.client.post(
                    "/api/batch/import", content=pieces(body, app, mariadb, database, kill_at), headers=HEADERS
                )
            found, different = rows(mariadb, database)
            assert kill_at <= found == different < COUNT
        app = start_app(mariadb.environment(database))
        answer = app.client.post("/api/batch/import", content=body, headers=HEADERS)
        data = answer.json()["data"]
        assert (answer.status_code, data["rows_total"], data["rows_imported"]) == (200, COUNT, COUNT)
        assert rows(mariadb, database) == (COUNT, COUNT)
        again = app.client.post("/api/batch/import", content=body, headers=HEADERS)
        assert again.headers["idempotent-replayed"] == "true"
        assert rows(mariadb, database) == (COUNT, COUNT)
