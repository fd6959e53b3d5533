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


DEFAULTS = (
    "SET sql_mode = ''; CREATE TABLE t (id INT PRIMARY KEY, d DATE NOT NULL DEFAULT '0000-00-00',"
    " m DATETIME(3) NOT NULL DEFAULT '0000-00-00 00:00:00', s TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00',"
    " plain DATE NOT NULL, v INT);"
    "INSERT INTO t (id, plain) VALUES (1, '0000-00-00'), (2, '2024-00-00'), (3, '2024-02-29');"
    "INSERT INTO t VALUES (4, '2024-02-00', '2024-00-00 10:00:00', '2024-02-29 10:00:00', '0000-00-00', 1)"
)


@pytest.mark.engines("mariadb", "mysql", "embedded")
async def test_a_table_whose_default_is_a_date_of_zeros(open_app: OpenApp, engine: Engine, database: str) -> None:
    """Rows are made by its defaults; all its dates may be null; pages go past them; an export goes back in."""
    engine.execute(DEFAULTS, database)
    stored = "SELECT * FROM t ORDER BY id"
    before = engine.execute(stored, database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        fields = (await client.data('{ __type(name: "t") { fields { name type { kind } } } }'))["__type"]["fields"]
        kinds = {each["name"]: each["type"]["kind"] for each in fields}
        assert [kinds[name] for name in ("id", "d", "m", "s", "plain")] == ["NON_NULL", *["SCALAR"] * 4]
        described = (await http.get("/openapi.json")).text
        assert '"plain":{"type":["string","null"]' in described.replace(" ", "")

        made = await client.data(
            'mutation { insert_t_one(object: {id: 9, plain: "0000-00-00"}) { id d m s plain }'
            ' update_t(where: {d: {_eq: "0000-00-00"}}, _set: {v: 2}) { affected_rows } }'
        )
        assert made["insert_t_one"] == {"id": 9, "d": None, "m": None, "s": None, "plain": None}
        assert made["update_t"]["affected_rows"] == 4
        engine.execute("DELETE FROM t WHERE id = 9; UPDATE t SET v = NULL WHERE v = 2", database)

        for column in ("d", "m", "s", "plain"):
            for direction in ("asc", "desc"):
                assert await _walked(client, column, direction) == [1, 2, 3, 4], (column, direction)

        exported = (await http.get("/api/t/export")).content
        engine.execute("DELETE FROM t", database)
        for mode in ("insert", "upsert"):
            files = {"file": ("t.csv", exported)}
            answer = await http.post(f"/api/batch/import?mode={mode}", files=files)
            assert answer.json()["data"]["rows_imported"] == 4, answer.text
            assert engine.execute(stored, database) == before


async def _walked(client: GraphQLClient, column: str, direction: str) -> list[int]:
    """The ids of all rows, page by page."""
    ids: list[int] = []
    after = None
    for _ in range(9):
        query = f"""query ($after: String) {{
          t_connection(first: 1, after: $after, order_by: {{{column}: {direction}}}) {{
            edges {{ node {{ id }} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        page = (await client.data(query, {"after": after}))["t_connection"]
        ids += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    return sorted(ids)
