"""Zero dates, which databases of old hold and the standards of today do not know, are shown as null."""

from __future__ import annotations

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb", "mysql")]

TABLE = (
    "SET sql_mode = ''; CREATE TABLE t (id INT PRIMARY KEY, d DATE, e DATE NOT NULL DEFAULT '0000-00-00',"
    " m DATETIME(3), s TIMESTAMP NULL, v INT);"
    "INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', 1),"
    " (2, '2024-00-00', '2024-02-00', '2024-00-01 10:00:00', NULL, 1),"
    " (3, '2024-02-29', '2024-02-29', '2024-02-29 10:00:00', '2024-02-29 10:00:00', 1)"
)
WHOLE = {
    "d": "2024-02-29",
    "e": "2024-02-29",
    "m": "2024-02-29T10:00:00.000",
    "s": "2024-02-29T10:00:00+00:00",
}


async def test_zero_dates_are_null(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(TABLE, database)
    async with open_app(engine.environment(database)) as http:
        nothing = dict.fromkeys(WHOLE)
        rows = (await http.get("/api/t/query?select=d,e,m,s&order=id")).json()["data"]
        assert rows == [nothing, nothing, WHOLE]
        client = GraphQLClient(http)
        query = "{ t(order_by: {id: asc}) { d e m s } t_aggregate { aggregate { min { d e m s } max { d e m s } } } }"
        data = await client.data(query)
        assert data["t"] == [nothing, nothing, WHOLE]
        assert data["t_aggregate"]["aggregate"]["max"] == WHOLE
        assert data["t_aggregate"]["aggregate"]["min"] == nothing | {"s": None}
        changed = await client.data(
            "mutation { update_t(where: {id: {_eq: 1}}, _set: {v: 2}) { returning { d e m s v } } }"
        )
        assert changed["update_t"]["returning"] == [nothing | {"v": 2}]
        exported = (await http.get("/api/t/export")).text.splitlines()
        assert exported[1] == "1,0000-00-00,0000-00-00,0000-00-00 00:00:00.000,0000-00-00 00:00:00,2"


async def test_a_column_of_zero_dates_may_be_null(open_app: OpenApp, engine: Engine, database: str) -> None:
    """Declared NOT NULL with a zero date for nothing: what clients are promised has to hold."""
    engine.execute(TABLE, database)
    async with open_app(engine.environment(database)) as http:
        query = '{ __type(name: "t") { fields { name type { kind } } } }'
        fields = (await GraphQLClient(http).data(query))["__type"]["fields"]
        assert {each["name"]: each["type"]["kind"] for each in fields}["e"] == "SCALAR"
