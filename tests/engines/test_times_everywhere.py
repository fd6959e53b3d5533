"""Dates and times in forms of ISO 8601 mean the same over GraphQL, REST and CSV, on every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """CREATE TABLE log (id INT PRIMARY KEY, day DATE, at DATETIME(6), stamp TIMESTAMP(3) NULL, clock TIME(6))"""
MOMENTS = {
    "2017-08-19 14:22:11.802755+02": datetime(2017, 8, 19, 12, 22, 11, 802755),
    "2017-08-19T14:22:11.802755Z": datetime(2017, 8, 19, 14, 22, 11, 802755),
    "2017-08-19T14:22:11,802-0130": datetime(2017, 8, 19, 15, 52, 11, 802000),
    "20170819T142211": datetime(2017, 8, 19, 14, 22, 11),
    "20170819T14Z": datetime(2017, 8, 19, 14),
    "2017-W33-6T14:22+02": datetime(2017, 8, 19, 12, 22),
    "2017W336T1422": datetime(2017, 8, 19, 14, 22),
    "2017-231 14:22:11": datetime(2017, 8, 19, 14, 22, 11),
    "2017-08-19": datetime(2017, 8, 19),
    "2017-08-18T24:00": datetime(2017, 8, 19),
}
DAYS = ("2017-08-19", "20170819", "2017-W33-6", "2017W336", "2017-231", "2017231")
CLOCKS = ("14:22:11.5", "T142211,5", "142211.5", "16:22:11.5+02:00", "14:22:11.5Z")
WRONG = ("2017-08-19T25:00", "2017-02-29", "2017-W60-1", "2017-08", "32.13.2017", "2017-08-19T12:00+2")
"""Not of ISO 8601; a file may have dates of other forms, and the last but one is wrong in each of them."""


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on the table."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


@pytest.mark.parametrize("way", ["graphql", "rest", "csv"])
async def test_written(client: GraphQLClient, engine: Engine, module_database: str, way: str) -> None:
    engine.execute("DELETE FROM log", module_database)
    rows = [{"id": id_, "at": text, "stamp": text} for id_, text in enumerate(MOMENTS)]
    rows += [{"id": 100 + id_, "day": text} for id_, text in enumerate(DAYS)]
    rows += [{"id": 200 + id_, "clock": text} for id_, text in enumerate(CLOCKS)]
    if way == "graphql":
        query = "mutation($rows: [log_insert_input!]!) { insert_log(objects: $rows) { affected_rows } }"
        assert (await client.data(query, {"rows": rows}))["insert_log"] == {"affected_rows": len(rows)}
    elif way == "rest":
        answer = await client.http.post("/api/log", json={"input": rows})
        assert answer.status_code == 200, answer.text
    else:
        names = ("id", "day", "at", "stamp", "clock")
        lines = [
            ",".join(names),
            *(",".join(f'"{row[name]}"' if name in row else "" for name in names) for row in rows),
        ]
        answer = await client.http.post("/api/batch/import", files={"file": ("log.csv", "\n".join(lines).encode())})
        assert answer.json()["data"]["errors"] == []
    with engine.connect(module_database) as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute("SELECT at, stamp FROM log WHERE id < 100 ORDER BY id")
        stored = cursor.fetchall()
    for (at, stamp), (text, moment) in zip(stored, MOMENTS.items(), strict=True):
        assert at == moment, text
        assert abs(stamp - moment) < timedelta(milliseconds=1), text
    days = engine.execute("SELECT DISTINCT day FROM log WHERE day IS NOT NULL", module_database)
    assert days == ((date(2017, 8, 19),),)
    clocks = engine.execute("SELECT DISTINCT clock FROM log WHERE clock IS NOT NULL", module_database)
    assert clocks == ((timedelta(hours=14, minutes=22, seconds=11, milliseconds=500),),)


async def test_compared(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    engine.execute("DELETE FROM log", module_database)
    for id_, (text, moment) in enumerate(MOMENTS.items()):
        engine.execute(
            f"INSERT INTO log (id, at, day, clock) VALUES ({id_}, '{moment}', '2017-08-19', '14:22:11.5')",
            module_database,
        )
        query = "query($t: datetime!, $id: Int!) { log(where: {at: {_eq: $t}, id: {_eq: $id}}) { id } }"
        assert (await client.data(query, {"t": text, "id": id_}))["log"] == [{"id": id_}], text
        answer = await client.http.get("/api/log/query", params={"at": f"eq.{text}", "id": f"eq.{id_}"})
        assert [row["id"] for row in answer.json()["data"]] == [id_], answer.text
        answer = await client.http.post("/api/log/query", json={"input": {"at": text, "id": id_}})
        assert [row["id"] for row in answer.json()["data"]] == [id_], answer.text
    for column, texts in (("day", DAYS), ("clock", CLOCKS)):
        for text in texts:
            query = "query($w: log_bool_exp) { log_aggregate(where: $w) { aggregate { count } } }"
            assert (await client.data(query, {"w": {column: {"_eq": text}}}))["log_aggregate"]["aggregate"] == {
                "count": len(MOMENTS)
            }, text


@pytest.mark.parametrize("text", WRONG)
async def test_refused(client: GraphQLClient, text: str) -> None:
    query = "query($t: datetime!) { log(where: {at: {_eq: $t}}) { id } }"
    assert (await client.error(query, {"t": text}))["extensions"]["reason"] == "INVALID_VALUE"
    answer = await client.http.post("/api/log", json={"input": {"id": 1000, "at": text}})
    assert answer.json()["details"]["code"] == "INVALID_VALUE"
    answer = await client.http.post(
        "/api/batch/import", files={"file": ("log.csv", f'id,at\n1000,"{text}"\n'.encode())}
    )
    assert [error["code"] for error in answer.json()["data"]["errors"]] == ["INVALID_VALUE"]
