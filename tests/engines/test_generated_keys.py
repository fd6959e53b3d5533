"""Keys that the database makes: the rows that come back are the ones that were inserted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fix_app import OpenApp
from tests.fix_private import PrivateServers
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

ROWS = """mutation($rows: [things_insert_input!]!) { insert_things(objects: $rows) {
  affected_rows returning { id name parts { name } } } }"""
TABLES = """
CREATE TABLE things (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE);
CREATE TABLE parts (id BIGINT AUTO_INCREMENT PRIMARY KEY, thing_id INT NOT NULL, name VARCHAR(20),
  FOREIGN KEY (thing_id) REFERENCES things (id))
"""


@pytest.mark.parametrize("name", EngineName)
@pytest.mark.parametrize("increment", [7])
async def test_steps_between_ids_are_the_servers(
    name: EngineName, increment: int, private_server: PrivateServers, open_app: OpenApp
) -> None:
    """As on a node of a cluster, whose ids must not meet those of the others."""
    engine = private_server(name, durable=False).engine
    engine.execute(f"SET GLOBAL auto_increment_increment = {increment}, GLOBAL auto_increment_offset = 3")
    with engine.database(TABLES) as database:
        async with open_app(engine.environment(database) | {"DB_POOL_SIZE": "6"}) as http:
            client = GraphQLClient(http)
            await asyncio.gather(*(_insert_and_compare(engine, database, client, batch) for batch in range(6)))
        ids = engine.execute("SELECT id FROM things ORDER BY id", database)
        assert {int(str(row[0])) % increment for row in ids} == {3}


async def _insert_and_compare(engine: Engine, database: str, client: GraphQLClient, batch: int) -> None:
    """Several rows, with rows nested in them, from several connections at once."""
    rows = [{"name": f"{batch}-{place}", "parts": {"data": [{"name": f"p{place}"}]}} for place in range(5)]
    made = (await client.data(ROWS, {"rows": rows}))["insert_things"]
    assert made["affected_rows"] == 10
    assert [(row["name"], row["parts"]) for row in made["returning"]] == [
        (row["name"], [{"name": f"p{place}"}]) for place, row in enumerate(rows)
    ]
    for row in made["returning"]:
        stored = engine.execute(f"SELECT name FROM things WHERE id = {row['id']}", database)
        assert stored == ((row["name"],),)


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on a table whose key has a default."""
    script = (
        "CREATE TABLE tickets (bulkhead VARCHAR(9) NOT NULL DEFAULT 'main', n INT NOT NULL, PRIMARY KEY (bulkhead, n))"
    )
    engine.execute(script, module_database)
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


async def test_a_key_made_by_a_default_is_told(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    """MariaDB tells it; the others are asked for it before the insert."""
    engine.execute("DELETE FROM tickets", module_database)
    query = """mutation { one: insert_tickets_one(object: {n: 1}) { bulkhead n }
      insert_tickets(objects: [{bulkhead: "side", n: 1}, {n: 2}]) { returning { bulkhead n } } }"""
    assert await client.data(query) == {
        "one": {"bulkhead": "main", "n": 1},
        "insert_tickets": {"returning": [{"bulkhead": "side", "n": 1}, {"bulkhead": "main", "n": 2}]},
    }
    conflict = "on_conflict: {constraint: PRIMARY, update_columns: []}"
    rows = "[{n: 2}, {n: 3}]"
    query = f"mutation {{ insert_tickets(objects: {rows}, {conflict}) {{ affected_rows returning {{ n }} }} }}"
    assert await client.data(query) == {"insert_tickets": {"affected_rows": 1, "returning": [{"n": 3}]}}


FUNCTIONS = {
    "CHAR(36)": "(UUID())",
    "BINARY(16)": "(UNHEX(REPLACE(UUID(),'-','')))",
    "BIGINT UNSIGNED": "(UUID_SHORT())",
    "DATETIME(6)": "CURRENT_TIMESTAMP(6)",
    "VARCHAR(60)": "(CONCAT('it''s ',UUID()))",
}


@pytest.mark.parametrize("type_", FUNCTIONS)
async def test_a_key_made_by_a_function(open_app: OpenApp, engine: Engine, database: str, type_: str) -> None:
    """Each row that comes back is the one that is there, and rows nested in it refer to it."""
    engine.execute(
        f"CREATE TABLE t (k {type_} PRIMARY KEY DEFAULT {FUNCTIONS[type_]}, n INT);"
        f"CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, t_id {type_}, FOREIGN KEY (t_id) REFERENCES t (k))",
        database,
    )
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        made = (await client.data("mutation { insert_t_one(object: {n: 1}) { k n } }"))["insert_t_one"]
        assert await client.data("{ t { k n } }") == {"t": [made]}
        engine.execute("DELETE FROM t", database)
        nested = "mutation { insert_t_one(object: {n: 2, u: {data: [{}]}}) { k n u { id } } }"
        if type_ == "DATETIME(6)" or engine.name is EngineName.MARIADB:
            nested = nested.replace("[{}]", "[{id: 1}]")
        made = (await client.data(nested))["insert_t_one"]
        assert [row["id"] for row in made["u"]] == [1]
        assert made["n"] == 2


async def test_keys_made_of_the_time(open_app: OpenApp, engine: Engine, database: str) -> None:
    """With all the digits of the column: rows of one second are several."""
    engine.execute("CREATE TABLE t (k DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) PRIMARY KEY, n INT)", database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        made = [
            (await client.data(f"mutation {{ insert_t_one(object: {{n: {number}}}) {{ k n }} }}"))["insert_t_one"]
            for number in range(3)
        ]
        assert (await client.data("{ t(order_by: {n: asc}) { k n } }"))["t"] == made
        assert not all(row["k"].endswith(".000000") for row in made)


@pytest.mark.engines("mysql")
async def test_several_keys_made_by_a_function(open_app: OpenApp, engine: Engine, database: str) -> None:
    """Its own for each row, in the order of the rows."""
    engine.execute("CREATE TABLE t (k BINARY(16) PRIMARY KEY DEFAULT (UUID_TO_BIN(UUID())), n INT)", database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        query = "mutation { insert_t(objects: [{n: 1}, {n: 2}, {n: 3}]) { returning { n k } } }"
        made = (await client.data(query))["insert_t"]["returning"]
        assert [row["n"] for row in made] == [1, 2, 3]
        assert (await client.data("{ t(order_by: {n: asc}) { n k } }"))["t"] == made
        assert len({row["k"] for row in made}) == 3


@pytest.mark.engines("mariadb", "mysql")
async def test_keys_made_of_other_columns(open_app: OpenApp, engine: Engine, database: str) -> None:
    """Of values that are given. MySQL is asked beforehand, where it makes the same of them as of the columns."""
    key = "DEFAULT (CONCAT(`a'b`, '-`x`', n))"
    engine.execute(
        f"CREATE TABLE o (n INT, `a'b` VARCHAR(9), k VARCHAR(40) {key} PRIMARY KEY);"
        "CREATE TABLE p (d DECIMAL(5,2), k VARCHAR(40) DEFAULT (CONCAT(d)) PRIMARY KEY);"
        "CREATE TABLE q (o_id VARCHAR(40) PRIMARY KEY, FOREIGN KEY (o_id) REFERENCES o (k))",
        database,
    )
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        shape = (await client.data('{ __type(name: "o") { fields { name } } }'))["__type"]["fields"]
        odd = next(each["name"] for each in shape if each["name"] not in ("n", "k", "q"))
        rows = f'[{{n: 1, {odd}: "ü"}}, {{n: -2, {odd}: "x"}}, {{k: "given", n: 3, {odd}: "y"}}]'
        found = await client.data(f"mutation {{ insert_o(objects: {rows}) {{ returning {{ k n }} }} }}")
        made = [{"k": "ü-`x`1", "n": 1}, {"k": "x-`x`-2", "n": -2}, {"k": "given", "n": 3}]
        assert found["insert_o"]["returning"] == made
        assert (await client.data("{ o(order_by: {n: asc}) { k n } }"))["o"] == [made[1], made[0], made[2]]
        nested = f'mutation {{ insert_q_one(object: {{o: {{data: {{n: 9, {odd}: "z"}}}}}}) {{ o_id }} }}'
        assert (await client.data(nested))["insert_q_one"] == {"o_id": "z-`x`9"}
        unsure = "mutation { insert_p_one(object: {d: 1.5}) { k } }"
        if engine.name is EngineName.MARIADB:
            assert (await client.data(unsure))["insert_p_one"] == {"k": "1.50"}
        else:
            assert (await client.error(unsure))["extensions"]["reason"] == "NO_KEY"
            assert engine.execute("SELECT * FROM p", database) == ()


@pytest.mark.engines("embedded")
async def test_a_default_that_looks_like_a_function(open_app: OpenApp, engine: Engine, database: str) -> None:
    """The embedded engine lists both alike: the text is stored as it stands."""
    engine.execute(
        "CREATE TABLE t (k CHAR(36) DEFAULT 'UUID()', n INT, PRIMARY KEY (k, n));"
        "CREATE TABLE u (k VARCHAR(40) DEFAULT (CONCAT('ü',UUID())), c INT COMMENT 'c DEFAULT (1)', PRIMARY KEY (k))",
        database,
    )
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        error = await client.error("mutation { insert_t_one(object: {n: 1}) { k n } }")
        assert error["extensions"]["reason"] == "NO_KEY"
        made = (await client.data("mutation { insert_u(objects: [{}, {c: 1}]) { returning { k } } }"))["insert_u"]
        stored = engine.execute("SELECT k FROM u", database)
        assert sorted(row["k"] for row in made["returning"]) == sorted(str(row[0]) for row in stored)
        assert all(row["k"].startswith("ü") for row in made["returning"])


@pytest.mark.engines("mariadb", "mysql")
async def test_ids_that_are_numbered_within_a_group(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MyISAM numbers the second part of a key by the first: the ids of one statement are not in a row."""
    engine.execute("CREATE TABLE t (g INT, id INT AUTO_INCREMENT, v INT, PRIMARY KEY (g, id)) ENGINE=MyISAM", database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        for start in (1, 11):
            rows = ", ".join(f"{{g: {group}, v: {start + place}}}" for place, group in enumerate((1, 2, 1, 2, 3)))
            made = await client.data(f"mutation {{ insert_t(objects: [{rows}]) {{ returning {{ g id v }} }} }}")
            returned = made["insert_t"]["returning"]
            assert [row["v"] for row in returned] == [start + place for place in range(5)]
            stored = await client.data(f"{{ t(where: {{v: {{_gte: {start}}}}}, order_by: {{v: asc}}) {{ g id v }} }}")
            assert stored["t"] == returned


NUMBERED = """CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL DEFAULT 0, v VARCHAR(9));
CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(9));
CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, t_id INT, FOREIGN KEY (t_id) REFERENCES t (id))"""
TRIGGER = "CREATE TRIGGER told AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (0, NEW.v)"


async def test_a_key_of_0_stays_0(open_app: OpenApp, engine: Engine, database: str) -> None:
    """As it is given; null, and no key at all, still make one, alone and among others, and so do triggers of old."""
    engine.execute(NUMBERED, database)
    engine.execute(TRIGGER, database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        data = await client.data(
            """mutation {
              zero: insert_t_one(object: {id: 0, v: "0"}) { id v }
              null: insert_t_one(object: {id: null, v: "n"}) { id v }
              none: insert_t_one(object: {}) { id v }
              more: insert_t(objects: [{id: 10, v: "m"}, {id: null}, {v: "x"}, {id: -1}]) { returning { id v } }
              under: insert_u_one(object: {t: {data: {id: null, u: {data: [{id: 0}, {}]}}}}) { id t { id u { id } } }
              met: insert_t(objects: [{id: 0, v: "1"}, {v: "y"}],
                on_conflict: {constraint: PRIMARY, update_columns: [v]}) { affected_rows returning { id v } } }"""
        )
        assert data["zero"] == {"id": 0, "v": "0"}
        assert data["null"] == {"id": 1, "v": "n"}
        assert data["none"] == {"id": 2, "v": None}
        ids = [row["id"] for row in data["more"]["returning"]]
        assert (ids[0], ids[3]) == (10, -1)
        assert 2 < ids[1] < ids[2], ids
        assert sorted(row["id"] for row in data["under"]["t"]["u"])[0] == 0
        assert data["met"]["affected_rows"] == 2
        assert data["met"]["returning"][0] == {"id": 0, "v": "1"}
        assert data["met"]["returning"][1]["id"] > 10
        one = (await http.post("/api/u", json={"input": {"id": 7}})).json()["data"]
        again = await http.post("/api/u", json={"input": {"id": 0}})
        assert (one["id"], again.status_code) == (7, 409)
        await client.data("mutation { delete_u_by_pk(id: 0) { id } }")
        assert (await http.post("/api/u", json={"input": {"id": 0}})).json()["data"]["id"] == 0
        many = await http.post("/api/u", json={"input": [{"t_id": 0}, {"t_id": None}]})
        assert many.json()["data"]["id"] > 7
        assert engine.execute("SELECT MIN(id) > 0 FROM log", database) == ((1,),)


async def test_a_row_of_key_0_goes_out_and_in(open_app: OpenApp, engine: Engine, database: str) -> None:
    """A file that is exported makes the same rows, in every way in; a cell without a value makes a new key."""
    rows = "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; INSERT INTO t (id, v) VALUES (0, 'zero'), (1, 'one'), (-5, 'less')"
    engine.execute(f"{NUMBERED}; {rows}", database)
    stored = "SELECT * FROM t ORDER BY id"
    before = engine.execute(stored, database)
    async with open_app(engine.environment(database)) as http:
        exported = (await http.get("/api/t/export")).content
        for mode in ("insert", "upsert", "ignore", "update"):
            if mode != "update":
                engine.execute("DELETE FROM t", database)
            for _ in range(1 if mode == "insert" else 2):
                answer = await http.post(f"/api/batch/import?mode={mode}", files={"file": ("t.csv", exported)})
                assert answer.status_code == 200, (mode, answer.text)
                assert engine.execute(stored, database) == before, mode
        for name, text in (("t.csv", b"id,v\n,new\n0,not\n"), ("t.ndjson", b'{"id":90,"v":"a"}\n{"v":"b"}\n')):
            await http.post("/api/batch/import", files={"file": (name, text)})
        found = dict(engine.execute("SELECT v, id FROM t", database))
        assert "not" not in found
        assert (found["zero"], found["a"]) == (0, 90)
        assert min(found["new"], found["b"]) > 1


@pytest.mark.engines("mariadb", "mysql")
async def test_a_view_of_numbered_rows(open_app: OpenApp, engine: Engine, database: str) -> None:
    """A view does not tell which of its columns the database numbers, and which have a default of 0."""
    engine.execute(f"{NUMBERED}; CREATE VIEW w AS SELECT * FROM t; CREATE VIEW k AS SELECT id FROM t", database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        rows = '[{id: 5, n: 3, v: "a"}, {v: "b"}, {n: 4, v: "c"}, {id: 0, v: "zero"}, {}]'
        one = "insert_w(objects: [{}]) { affected_rows } insert_k(objects: [{}]) { affected_rows }"
        await client.data(f"mutation {{ insert_w(objects: {rows}) {{ affected_rows }} }}")
        await client.data(f"mutation {{ {one} }}")
        lines = b'{"id":20,"v":"d"}\n{"v":"e"}\n'
        answer = await http.post("/api/batch/import", files={"file": ("w.ndjson", lines)})
        assert answer.json()["data"]["rows_imported"] == 2, answer.text
        found = engine.execute("SELECT id, n, v FROM t ORDER BY id", database)
        assert found[0] == (0, 0, "zero")
        assert {(n, v) for _, n, v in found} == {
            *((3, "a"), (0, "b"), (4, "c"), (0, "zero"), (0, None), (0, "d"), (0, "e")),
        }
        assert len(found) == 9
