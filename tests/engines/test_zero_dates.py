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


LAX = (
    "CREATE TABLE t (id INT PRIMARY KEY, d DATE NOT NULL, m DATETIME(3) NOT NULL, s TIMESTAMP NOT NULL, v INT);"
    "INSERT INTO t VALUES (1, '2024-02-29', '2024-02-29', '2024-02-29', 1);"
    "CREATE TABLE u (id INT PRIMARY KEY, t_id INT, FOREIGN KEY (t_id) REFERENCES t (id));"
    "CREATE TABLE k (d DATE PRIMARY KEY, v INT); INSERT INTO k VALUES ('2024-02-29', 1);"
    "SET sql_mode = ''; INSERT INTO t VALUES (2, '0000-00-00', '0000-00-00', '0000-00-00', 1),"
    " (3, '2024-00-00', '2024-00-00', '2024-02-29', 1);"
    "INSERT INTO u VALUES (1, 1), (2, 2); INSERT INTO k VALUES ('0000-00-00', 2)"
)


@pytest.mark.engines("mariadb", "mysql", "embedded")
async def test_a_date_of_zeros_that_a_lax_session_wrote(open_app: OpenApp, engine: Engine, database: str) -> None:
    """Nothing in the table's definition tells of it: no null stands where the schema promises none, nor an error.

    The date is shown as it is stored, everywhere but among aggregates, which may be null; what is shown finds the row.
    """
    engine.execute(LAX, database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        data = await client.data(
            """{ t(order_by: {id: asc}) { id d m s } t_by_pk(id: 2) { id d } u(order_by: {id: asc}) { id t { id d } }
              t_aggregate(order_by: {id: asc}) { nodes { id s } aggregate { count min { d } max { d } } }
              k(order_by: {v: desc}) { d v } k_by_pk(d: "0000-00-00") { d v } }"""
        )
        first, zero = "2024-02-29", "0000-00-00"
        lax = {"id": 2, "d": zero}
        assert data["t"] == [
            {"id": 1, "d": first, "m": f"{first}T00:00:00.000", "s": f"{first}T00:00:00+00:00"},
            lax | {"m": f"{zero}T00:00:00.000", "s": f"{zero}T00:00:00+00:00"},
            {"id": 3, "d": "2024-00-00", "m": "2024-00-00T00:00:00.000", "s": f"{first}T00:00:00+00:00"},
        ]
        for row in data["t"]:
            for column in ("d", "m", "s"):
                query = f'{{ t(where: {{id: {{_eq: {row["id"]}}}, {column}: {{_eq: "{row[column]}"}}}}) {{ id }} }}'
                assert (await client.data(query))["t"] == [{"id": row["id"]}], query
        groups = await client.data("{ t_group(by: [d], order_by: {key: {d: asc}}) { key { d } } }")
        assert [each["key"]["d"] for each in groups["t_group"]] == [zero, "2024-00-00", first]
        assert data["t_by_pk"] == lax
        assert data["u"] == [{"id": 1, "t": {"id": 1, "d": first}}, {"id": 2, "t": lax}]
        assert [node["s"][:10] for node in data["t_aggregate"]["nodes"]] == [first, zero, first]
        assert data["t_aggregate"]["aggregate"] == {"count": 3, "min": {"d": None}, "max": {"d": first}}
        assert data["k"] == [{"d": zero, "v": 2}, {"d": first, "v": 1}]
        assert data["k_by_pk"] == {"d": zero, "v": 2}
        for column in ("d", "m", "s"):
            assert await _walked(client, column, "asc") == [1, 2, 3], column
        changed = await client.data(
            "mutation { update_t(where: {id: {_eq: 2}}, _set: {v: 3}) { returning { id d } }"
            " update_t_by_pk(pk_columns: {id: 2}, _set: {v: 4}) { id d } }"
        )
        assert changed == {"update_t": {"returning": [lax]}, "update_t_by_pk": lax}
        rest = (await http.get("/api/t/query?order=id&select=id,d")).json()["data"]
        assert rest == [{"id": 1, "d": first}, lax, {"id": 3, "d": "2024-00-00"}]
        assert "2,0000-00-00,0000-00-00 00:00:00.000,0000-00-00 00:00:00,4" in (await http.get("/api/t/export")).text
        # The hint in the documents: a condition finds the rows, and a write mends them.
        mended = await client.data(
            'mutation { update_t(where: {d: {_lt: "0001-01-01"}}, _set: {d: "2024-03-01"}) { returning { id d } } }'
        )
        assert mended["update_t"]["returning"] == [{"id": 2, "d": "2024-03-01"}]
