"""What a database refuses for a reason without a name here is counted, and one line of the log, wherever it happens."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.engines("mariadb")

SCHEMA = """
CREATE TABLE t (id INT PRIMARY KEY, v INT);
CREATE TABLE big (id INT PRIMARY KEY);
INSERT INTO big SELECT seq FROM seq_1_to_100000;
CREATE TRIGGER t_v BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.v = 7 THEN CALL missing(); END IF; END;
CREATE FUNCTION late(n INT) RETURNS INT DETERMINISTIC BEGIN
  IF n = 99000 THEN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1105, MESSAGE_TEXT = 'odd'; END IF; RETURN n; END;
CREATE VIEW shown AS SELECT id, late(id) AS v FROM big;
"""


async def counted(client: httpx.AsyncClient) -> int:
    """The defects that the program counts at the database."""
    found = re.search(
        r'graphql_app_unexpected_errors_total\{where="database"\} (\d+)', (await client.get("/metrics")).text
    )
    return int(found[1]) if found else 0


async def test_single_rows_and_the_middle_of_a_stream(engine: Engine, database: str, open_app: OpenApp) -> None:
    for statement in SCHEMA.strip().split(";\n"):
        engine.execute(statement.removesuffix(";"), database)
    async with open_app(engine.environment(database)) as client:
        file = "id,v\n" + "".join(f"{number},{number % 10}\n" for number in range(40))
        for more in ({}, {"dry_run": "true"}):
            before = await counted(client)
            answer = await client.post("/api/batch/import", files={"file": ("t.csv", file)}, params=more)
            errors = answer.json()["data"]["errors"]
            assert {each["code"] for each in errors} >= {"DATABASE_REFUSED"}
            assert await counted(client) == before + 1
        before = await counted(client)
        with pytest.raises(AssertionError):  # httpx's, for an answer that does not end
            await client.get("/api/shown/export")
        assert await counted(client) == before + 1
