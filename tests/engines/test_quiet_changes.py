"""Columns that became texts with nobody noticing: wherever one is shown, the answer is JSON, and says what is there."""

from __future__ import annotations

import csv
import json
from contextlib import AsyncExitStack
from typing import cast

import httpx
import pymysql
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE t (id INT PRIMARY KEY, age INT DEFAULT 7, total BIGINT NOT NULL DEFAULT 8,
  b9 BIT(9) DEFAULT b'101', b1 BIT(1) NOT NULL DEFAULT b'1',
  day DATE NOT NULL DEFAULT '2024-02-29', at DATETIME NOT NULL DEFAULT '2024-02-29 01:02:03', doc JSON, n INT);
CREATE TABLE c (id INT PRIMARY KEY, t_id INT NOT NULL, v INT DEFAULT 1,
  CONSTRAINT fk_t FOREIGN KEY (t_id) REFERENCES t (id));
INSERT INTO t (id) VALUES (1);
INSERT INTO c (id, t_id) VALUES (1, 1);
"""
TEXT = 'se"ven'
CHANGE = "MODIFY {} VARCHAR(20) NOT NULL DEFAULT 'se\"ven'"
COLUMNS = {"t": ("age", "total", "day", "at", "b9", "b1"), "c": ("v",)}
NEVER = {"SCHEMA_POLL_SECONDS": "0"}

CASES: list[tuple[str, object]] = [
    ("{ t { id age } }", [{"id": 1, "age": TEXT}]),
    ("{ t_by_pk(id: 1) { age } }", {"age": TEXT}),
    ("{ t { total } }", [{"total": TEXT}]),
    ("{ t { day } }", [{"day": TEXT}]),
    ("{ t { at } }", [{"at": TEXT}]),
    ("{ t { b9 } }", [{"b9": TEXT}]),
    ("{ t { b1 age } }", [{"b1": TEXT, "age": TEXT}]),
    ("{ t_group(by: [b1]) { key { b1 } } }", [{"key": {"b1": TEXT}}]),
    ("{ c { t { b9 } } }", [{"t": {"b9": TEXT}}]),
    ("/api/t/query?select=b9,b1", [{"b9": TEXT, "b1": TEXT}]),
    ("text/csv /api/t/export?select=b9", ["b9", '"se""ven"']),
    ("{ t_aggregate { aggregate { max { age } } } }", {"aggregate": {"max": {"age": TEXT}}}),
    ("{ t_aggregate { nodes { age } } }", {"nodes": [{"age": TEXT}]}),
    ("{ t_group(by: [age]) { key { age } } }", [{"key": {"age": TEXT}}]),
    ("{ t_connection { edges { node { age } } } }", {"edges": [{"node": {"age": TEXT}}]}),
    ("{ c { t { age } } }", [{"t": {"age": TEXT}}]),
    ("{ t { c { v } } }", [{"c": [{"v": TEXT}]}]),
    ("{ t { c(limit: 1) { v } } }", [{"c": [{"v": TEXT}]}]),
    ("{ t { c(distinct_on: [id], order_by: {id: asc}, offset: 0) { v } } }", [{"c": [{"v": TEXT}]}]),
    ("{ t { c_aggregate { aggregate { min { v } } } } }", [{"c_aggregate": {"aggregate": {"min": {"v": TEXT}}}}]),
    ("/api/t/query?select=id,age", [{"id": 1, "age": TEXT}]),
    ("text/csv /api/t/export?select=id,age", ["id,age", '1,"se""ven"']),
    ("text/csv /api/t/query?select=id,age", ["id,age", '1,"se""ven"']),
    ("application/x-ndjson /api/t/query?select=id,age", ['{"id":1,"age":"se\\"ven"}']),
    (
        "mutation { update_t(where: {}, _set: {n: 1}) { returning { age n } } }",
        {"returning": [{"age": TEXT, "n": 1}]},
    ),
    ("mutation { delete_c(where: {}) { returning { v } } }", {"returning": [{"v": TEXT}]}),
    ("mutation { insert_t_one(object: {id: 2}) { id age } }", {"id": 2, "age": TEXT}),
    ("mutation { insert_t(objects: [{id: 3}]) { returning { age } } }", {"returning": [{"age": TEXT}]}),
]
"""What is asked, of a program that was asked nothing before, and what is answered; the writes last."""


@pytest.mark.timeout(300)
async def test_numbers_and_moments_that_became_texts(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(SCHEMA, database)
    async with AsyncExitStack() as programs:
        clients = [await programs.enter_async_context(open_app(engine.environment(database) | NEVER)) for _ in CASES]
        for table, columns in COLUMNS.items():
            engine.execute(f"ALTER TABLE {table} {', '.join(map(CHANGE.format, columns))}", database)
            engine.execute(f"UPDATE {table} SET {', '.join(f'{column} = DEFAULT' for column in columns)}", database)
        for client, (asked, answer) in zip(clients, CASES, strict=True):
            assert await data(client, asked) == answer, asked
            assert (await client.get("/readyz")).json()["generation"] == 2, asked
    assert engine.execute("SELECT id FROM t ORDER BY id", database) == ((1,), (2,), (3,))
    assert engine.execute("SELECT id FROM c", database) == ()


async def data(client: httpx.AsyncClient, asked: str) -> object:
    """What a query gives, a REST address, or one in another form, by lines."""
    form, _, address = asked.rpartition(" ")
    if asked.startswith("/"):
        return (await client.get(asked)).json()["data"]
    if address.startswith("/"):
        return (await client.get(address, headers={"accept": form})).text.splitlines()
    answer = (await client.post("/graphql", json={"query": asked})).json()
    assert list(answer) == ["data"], answer
    (found,) = answer["data"].values()
    return found


@pytest.mark.parametrize("change", ["c MODIFY t_id VARCHAR(20)", "t MODIFY id VARCHAR(20)"])
def test_columns_of_a_foreign_key_keep_their_type(engine: Engine, database: str, change: str) -> None:
    """What the rows need not tell: no engine allows it, whatever the session says."""
    engine.execute(SCHEMA, database)
    with pytest.raises(pymysql.err.MySQLError):
        engine.execute(f"SET foreign_key_checks = 0; ALTER TABLE {change}", database)


@pytest.mark.engines("embedded", "mysql")
async def test_json_that_became_a_text(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MariaDB's JSON is a text with a check: without the check nothing tells that it is none."""
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        engine.execute("ALTER TABLE t DROP COLUMN doc; ALTER TABLE t ADD COLUMN doc TEXT", database)
        engine.execute("UPDATE t SET doc = %s", database, (TEXT,))
        assert await data(client, "{ t { doc } }") == [{"doc": TEXT}]


async def test_a_view_of_numbers_that_look_like_texts(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MySQL says of INSTR and its kin in a view that they are texts."""
    view = "CREATE VIEW w AS SELECT INSTR('abc', 'b') AS place, FIELD('b', 'a', 'b') AS field FROM t"
    engine.execute(SCHEMA + view, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        (row,) = cast(list[dict[str, object]], await data(client, "{ w { place field } }"))
    assert [str(value) for value in row.values()] == ["2", "2"]


POISON = '1,"admin":true'
"""A text that would become a part of the answer, if it were taken for JSON."""
ASKED_OF_DOCUMENTS = (
    "{ t { doc } }",
    "{ t_by_pk(id: 1) { doc } }",
    "{ t_aggregate { nodes { doc } } }",
    "{ t_group(by: [doc]) { key { doc } } }",
    "{ t_connection { edges { node { doc } } } }",
    "{ c { t { doc } } }",
    "/api/t/query?select=doc",
    "mutation { update_t(where: {}, _set: {n: 1}) { returning { doc } } }",
)


def found(answer: object, name: str) -> object:
    """The one value of this name in an answer, however deep it stands."""
    if isinstance(answer, list):
        (answer,) = answer
    assert isinstance(answer, dict)
    if name in answer:
        assert list(answer) == [name], answer
        return answer[name]
    (inner,) = answer.values()
    return found(inner, name)


@pytest.mark.engines("mariadb")
@pytest.mark.parametrize("text", [POISON, "1.", '"\\x"', "-", "{'a':1}", "\x02\x1f\x1e", '"', "[1,2", "", "nul"])
async def test_a_document_that_is_none_is_a_text(open_app: OpenApp, engine: Engine, database: str, text: str) -> None:
    """MariaDB's JSON is a text; its check may be gone, and lets through `1.` and `"\\x"` while it is there."""
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        assert found(await data(client, "{ t { doc } }"), "doc") is None
        engine.execute("ALTER TABLE t MODIFY doc LONGTEXT", database)
        engine.execute("UPDATE t SET doc = %s", database, (text,))
        for asked in ASKED_OF_DOCUMENTS:
            assert found(await data(client, asked), "doc") == text, asked
        lines = await data(client, "application/x-ndjson /api/t/query?select=doc")
        assert [json.loads(line) for line in cast(list[str], lines)] == [{"doc": text}]
        engine.execute("UPDATE t SET doc = %s", database, ('{"a": [1.50, "é"]}',))
        assert found(await data(client, "{ t { doc } }"), "doc") == {"a": [1.5, "é"]}


@pytest.mark.engines("mariadb")
async def test_documents_that_only_mariadb_takes_are_texts(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        for text in ("1.", '"\\x"', "[1., 2]"):
            engine.execute("UPDATE t SET doc = %s", database, (text,))
            assert found(await data(client, "{ t { doc } }"), "doc") == text


ASKED_OF_VIEWS = (
    "{ w { v } }",
    "{ w_aggregate { nodes { v } } }",
    "{ w_aggregate { aggregate { max { v } } } }",
    "{ w_group(by: [v]) { key { v } } }",
    "/api/w/query?select=v",
)


@pytest.mark.parametrize("column", ["age", "total", "day", "at"])
async def test_a_view_whose_column_became_a_text(open_app: OpenApp, engine: Engine, database: str, column: str) -> None:
    engine.execute(f"{SCHEMA}CREATE VIEW w AS SELECT {column} AS v FROM t", database)
    async with open_app(engine.environment(database) | NEVER) as client:
        before = [found(await data(client, asked), "v") for asked in ASKED_OF_VIEWS]
        assert len({str(value) for value in before}) == 1
        for text in (POISON, '"', '","x":"', "\x02\x1f\n1", "007", "se ven"):
            engine.execute(f"DROP VIEW w; CREATE VIEW w AS SELECT {engine_text(text)} AS v FROM t", database)
            for asked in ASKED_OF_VIEWS:
                assert found(await data(client, asked), "v") == text, asked
            lines = cast(list[str], await data(client, "text/csv /api/w/export"))
            assert next(csv.reader(["\n".join(lines[1:])])) == [text] or "\x1f" in text


@pytest.mark.parametrize("column", ["b9", "b1"])
async def test_a_view_whose_bits_became_a_text(open_app: OpenApp, engine: Engine, database: str, column: str) -> None:
    bits, word = (f"CREATE OR REPLACE VIEW w AS SELECT {each} AS v FROM t" for each in (column, "'seven'"))
    engine.execute(SCHEMA + bits, database)
    shown: tuple[object, object] = (5, "5") if column == "b9" else (True, "1")
    async with open_app(engine.environment(database) | NEVER) as client:
        for view, (value, cell) in ((bits, shown), (word, ("seven", '"seven"')), (bits, shown)):
            engine.execute(view, database)
            for asked in ("{ w { v } }", "{ w_group(by: [v]) { key { v } } }", "/api/w/query?select=v"):
                assert found(await data(client, asked), "v") == value, asked
            assert cast(list[str], await data(client, "text/csv /api/w/export"))[1] == cell


def engine_text(text: str) -> str:
    return f"CAST(X'{text.encode().hex()}' AS CHAR CHARACTER SET utf8mb4)"


async def test_a_key_that_became_a_text_after_its_constraint_was_dropped(
    open_app: OpenApp, engine: Engine, database: str
) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        assert await data(client, "{ c { t_id } }") == [{"t_id": 1}]
        engine.execute("ALTER TABLE c DROP FOREIGN KEY fk_t", database)
        engine.execute("ALTER TABLE c ADD COLUMN t2 VARCHAR(40) NOT NULL DEFAULT ''", database)
        engine.execute("UPDATE c SET t2 = %s", database, (POISON,))
        if engine.name is not EngineName.EMBEDDED:  # which makes no index for the constraint
            engine.execute("ALTER TABLE c DROP INDEX fk_t", database)
        engine.execute("ALTER TABLE c DROP COLUMN t_id", database)
        engine.execute("ALTER TABLE c CHANGE t2 t_id VARCHAR(40) NOT NULL DEFAULT ''", database)
        assert await data(client, "{ c { t_id } }") == [{"t_id": POISON}]


@pytest.mark.engines("mariadb")
@pytest.mark.parametrize("base", ["UUID", "INET6"])
async def test_an_address_that_became_a_text(open_app: OpenApp, engine: Engine, database: str, base: str) -> None:
    engine.execute(f"CREATE TABLE u (id INT PRIMARY KEY, v {base}); INSERT INTO u VALUES (1, NULL)", database)
    async with open_app(engine.environment(database) | NEVER) as client:
        assert await data(client, "{ u { v } }") == [{"v": None}]
        engine.execute("ALTER TABLE u MODIFY v VARCHAR(60)", database)
        engine.execute("UPDATE u SET v = %s", database, ('","admin":"yes',))
        assert await data(client, "{ u { v } }") == [{"v": '","admin":"yes'}]
