"""The five REST endpoints over HTTP on every engine: the seed's commands, their answers, the rows they leave."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), email VARCHAR(100) UNIQUE, age INT);
CREATE TABLE `order by` (`from` VARCHAR(20) PRIMARY KEY, `group` INT NOT NULL DEFAULT 7);
CREATE TABLE exact (id BIGINT UNSIGNED PRIMARY KEY, amount DECIMAL(30,10), doc JSON, born DATE, ok TINYINT(1));
CREATE TABLE no_key (n INT);
CREATE VIEW adults AS SELECT id, name FROM users WHERE age >= 18
"""
USERS = """
INSERT INTO users (id, name, email, age) VALUES
 (1,'Ann','ann@x',30),(2,'Bob','bob@x',30),(3,'Cem','cem@x',41),(4,'Dee',NULL,NULL)
"""


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on a database of the module's own."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as found:
        yield found


@pytest.fixture
def fresh(engine: Engine, module_database: str) -> None:
    """No users, and the next id is 1. A second or so on the embedded engine."""
    engine.execute("TRUNCATE TABLE users", module_database)


@pytest.fixture
def empty(engine: Engine, module_database: str) -> None:
    """No users."""
    engine.execute("DELETE FROM users", module_database)


@pytest.fixture
def users(engine: Engine, module_database: str, empty: None) -> None:
    """Four users."""
    engine.execute(USERS, module_database)


def done(response: httpx.Response, message: str) -> Any:
    """The data of a success, its envelope checked."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    assert list(found) == ["timestamp", "message", "data", "retry_count"]
    assert TIMESTAMP.fullmatch(found["timestamp"])
    assert (found["message"], found["retry_count"]) == (message, 0)
    return found["data"]


def rows_of(response: httpx.Response) -> Any:
    """The rows of a read."""
    return done(response, "Records retrieved successfully")


async def delete(client: httpx.AsyncClient, path: str, body: object) -> httpx.Response:
    """A DELETE with a body."""
    return await client.request("DELETE", path, json=body)


# --- the seed's commands, in their order --------------------------------------------


@pytest.mark.usefixtures("fresh")
async def test_the_commands_of_the_seed(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    john = {"name": "John Doe", "email": "john@example.com", "age": 30}
    inserted = await client.post("/api/users", json={"input": john})
    assert done(inserted, "Record inserted successfully") == {"rows_affected": 1, "id": 1}
    assert rows_of(await client.get("/api/users/query")) == [{"id": 1, **john}]
    assert rows_of(await client.post("/api/users/query", json={"input": {"age": 30}})) == [{"id": 1, **john}]

    body = {"input": {"age": 31, "email": "newemail@example.com"}, "where": {"id": 1}}
    updated = await client.put("/api/users", json=body)
    assert done(updated, "Records updated successfully") == {"rows_affected": 1}
    assert engine.execute("SELECT * FROM users", module_database) == ((1, "John Doe", "newemail@example.com", 31),)

    deleted = await delete(client, "/api/users", {"input": {"id": 1}})
    assert done(deleted, "Records deleted successfully") == {"rows_affected": 1}
    assert engine.execute("SELECT COUNT(*) FROM users", module_database) == ((0,),)
    assert rows_of(await client.get("/api/users/query")) == []


# --- reads ------------------------------------------------------------------------


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(
    ("conditions", "ids"),
    [
        ({}, [1, 2, 3, 4]),
        ({"age": 30}, [1, 2]),
        ({"age": 30, "name": "Bob"}, [2]),
        ({"age": None}, [4]),
        ({"age": [30, 41]}, [1, 2, 3]),
        ({"age": [41, None]}, [3, 4]),
        ({"age": [None]}, [4]),
        ({"age": []}, []),
        ({"age": 99}, []),
        ({"name": "x' OR '1'='1"}, []),
    ],
)
async def test_query_is_equality_of_all(client: httpx.AsyncClient, conditions: object, ids: list[int]) -> None:
    rows = rows_of(await client.post("/api/users/query?order=id", json={"input": conditions}))
    assert [row["id"] for row in rows] == ids


@pytest.mark.usefixtures("users")
async def test_rows_have_every_column_in_table_order(client: httpx.AsyncClient) -> None:
    rows = rows_of(await client.post("/api/users/query", json={"input": {"id": 4}}))
    assert rows == [{"id": 4, "name": "Dee", "email": None, "age": None}]
    assert list(rows[0]) == ["id", "name", "email", "age"]


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("age=gte.30&order=id", "SELECT * FROM users WHERE age >= 30 ORDER BY id"),
        ("age=gt.30&age=lt.50&order=id", "SELECT * FROM users WHERE age > 30 AND age < 50 ORDER BY id"),
        ("select=name,years:age&order=id", "SELECT name, age AS years FROM users ORDER BY id"),
        ("order=age.desc.nullslast,id.desc", "SELECT * FROM users ORDER BY age IS NULL, age DESC, id DESC"),
        ("order=id&limit=2&offset=1", "SELECT * FROM users ORDER BY id LIMIT 2 OFFSET 1"),
        ("limit=0", "SELECT * FROM users LIMIT 0"),
        ("id=in.(1,3,9)&order=id", "SELECT * FROM users WHERE id IN (1,3,9) ORDER BY id"),
        ("id=not.in.(1,3)&order=id", "SELECT * FROM users WHERE id NOT IN (1,3) ORDER BY id"),
        ("id=in.()", "SELECT * FROM users WHERE FALSE"),
        ("email=is.null", "SELECT * FROM users WHERE email IS NULL"),
        ("email=not.is.null&order=id", "SELECT * FROM users WHERE email IS NOT NULL ORDER BY id"),
        ("id=between.(2,3)&order=id", "SELECT * FROM users WHERE id BETWEEN 2 AND 3 ORDER BY id"),
        ("name=like.*e*&order=id", "SELECT * FROM users WHERE name LIKE '%e%' ORDER BY id"),
        ("name=ilike.a*", "SELECT * FROM users WHERE name = 'Ann'"),
        ("name=starts_with.C", "SELECT * FROM users WHERE name = 'Cem'"),
        ("name=ends_with.b", "SELECT * FROM users WHERE name = 'Bob'"),
        ("name=contains.e&order=id", "SELECT * FROM users WHERE name LIKE '%e%' ORDER BY id"),
        ("name=contains.%25", "SELECT * FROM users WHERE FALSE"),
        ("name=match.%5E%5BAB%5D&order=id", "SELECT * FROM users WHERE name IN ('Ann','Bob') ORDER BY id"),
        ("name=imatch.%5Ea", "SELECT * FROM users WHERE name = 'Ann'"),
        ("name=neq.Ann&order=id", "SELECT * FROM users WHERE name <> 'Ann' ORDER BY id"),
        ("age=not.gt.30&order=id", "SELECT * FROM users WHERE NOT age > 30 ORDER BY id"),
        ("or=(id.eq.1,and(age.eq.30,name.eq.Bob))&order=id", "SELECT * FROM users WHERE id IN (1,2) ORDER BY id"),
        ("not.or=(id.eq.1,id.eq.2)&order=id", "SELECT * FROM users WHERE id IN (3,4) ORDER BY id"),
    ],
)
async def test_query_strings_against_sql_written_by_hand(
    client: httpx.AsyncClient, engine: Engine, module_database: str, text: str, sql: str
) -> None:
    expected = engine.select(sql, module_database)
    rows = [dict(zip(expected.columns, row, strict=True)) for row in expected.rows]
    assert rows_of(await client.get(f"/api/users/query?{text}")) == rows


@pytest.mark.usefixtures("users")
async def test_a_body_and_a_query_string_narrow_together(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/users/query?select=id&order=id.desc", json={"input": {"age": 30}})
    assert rows_of(response) == [{"id": 2}, {"id": 1}]


@pytest.mark.usefixtures("users")
async def test_views_are_read(client: httpx.AsyncClient) -> None:
    assert rows_of(await client.get("/api/adults/query?order=id&limit=1")) == [{"id": 1, "name": "Ann"}]


async def test_head_is_a_read(client: httpx.AsyncClient) -> None:
    response = await client.head("/api/users/query")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")


# --- writes -----------------------------------------------------------------------


@pytest.mark.usefixtures("empty")
async def test_many_rows_are_one_insert(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    rows = [{"name": "a", "age": 1}, {"email": "b@x"}, {"age": None, "name": "c"}]
    response = await client.post("/api/users", json={"input": rows})
    ((first,),) = engine.execute("SELECT MIN(id) FROM users", module_database)
    assert done(response, "Records inserted successfully") == {"rows_affected": 3, "id": first}
    assert engine.execute("SELECT name, email, age FROM users ORDER BY id", module_database) == (
        ("a", None, 1),
        (None, "b@x", None),
        ("c", None, None),
    )


@pytest.mark.usefixtures("users")
async def test_many_rows_are_one_transaction(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    response = await client.post("/api/users", json={"input": [{"name": "new"}, {"email": "ann@x"}]})
    assert response.status_code == 409
    assert response.json()["details"]["code"] == "DUPLICATE_ENTRY"
    assert engine.execute("SELECT COUNT(*) FROM users", module_database) == ((4,),)


@pytest.mark.usefixtures("empty")
async def test_no_rows_are_no_insert(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    data = done(await client.post("/api/users", json={"input": []}), "Records inserted successfully")
    assert data["rows_affected"] == 0
    assert engine.execute("SELECT COUNT(*) FROM users", module_database) == ((0,),)


@pytest.mark.usefixtures("empty")
async def test_a_row_of_defaults(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    data = done(await client.post("/api/users", json={"input": {}}), "Record inserted successfully")
    ((id_, *rest),) = engine.execute("SELECT * FROM users", module_database)
    assert data == {"rows_affected": 1, "id": id_}
    assert rest == [None, None, None]


@pytest.mark.usefixtures("empty")
async def test_an_id_of_ones_own_is_kept(client: httpx.AsyncClient) -> None:
    data = done(await client.post("/api/users", json={"input": {"id": 7_000_000}}), "Record inserted successfully")
    assert data == {"rows_affected": 1, "id": 7_000_000}


async def test_no_id_where_the_database_does_not_count(client: httpx.AsyncClient) -> None:
    data = done(await client.post("/api/no_key", json={"input": {"n": 1}}), "Record inserted successfully")
    assert data == {"rows_affected": 1}


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(
    ("where", "count", "left"),
    [
        ({"age": 30}, 2, (0, 0, 41, None)),
        ({"age": None}, 1, (30, 30, 41, 0)),
        ({"id": [1, 3]}, 2, (0, 30, 0, None)),
        ({"id": []}, 0, (30, 30, 41, None)),
        ({"id": 1, "name": "Bob"}, 0, (30, 30, 41, None)),
    ],
)
async def test_updates_touch_what_they_name(
    client: httpx.AsyncClient,
    engine: Engine,
    module_database: str,
    where: object,
    count: int,
    left: tuple[int | None, ...],
) -> None:
    response = await client.put("/api/users", json={"input": {"age": 0}, "where": where})
    assert done(response, "Records updated successfully") == {"rows_affected": count}
    found = engine.execute("SELECT age FROM users ORDER BY id", module_database)
    assert tuple(age for (age,) in found) == left


@pytest.mark.usefixtures("users")
async def test_an_update_to_the_same_value_counts_its_row(client: httpx.AsyncClient) -> None:
    response = await client.put("/api/users", json={"input": {"age": 30}, "where": {"id": 1}})
    assert done(response, "Records updated successfully") == {"rows_affected": 1}


@pytest.mark.usefixtures("users")
async def test_an_update_of_nothing_touches_nothing(client: httpx.AsyncClient) -> None:
    response = await client.put("/api/users", json={"input": {}, "where": {"id": 1}})
    assert done(response, "Records updated successfully") == {"rows_affected": 0}


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(
    ("conditions", "left"),
    [({"age": 30}, (3, 4)), ({"age": None}, (1, 2, 3)), ({"id": [1, 4, 9]}, (2, 3)), ({"id": []}, (1, 2, 3, 4))],
)
async def test_deletes_take_what_they_name(
    client: httpx.AsyncClient, engine: Engine, module_database: str, conditions: object, left: tuple[int, ...]
) -> None:
    response = await delete(client, "/api/users", {"input": conditions})
    assert done(response, "Records deleted successfully") == {"rows_affected": 4 - len(left)}
    found = engine.execute("SELECT id FROM users ORDER BY id", module_database)
    assert tuple(id_ for (id_,) in found) == left


# --- names and values ---------------------------------------------------------------


async def test_names_that_sql_reserves(client: httpx.AsyncClient) -> None:
    path = "/api/order%20by"
    assert done(await client.post(path, json={"input": {"from": "x"}}), "Record inserted successfully") == {
        "rows_affected": 1
    }
    assert rows_of(await client.get(f"{path}/query")) == [{"from": "x", "group": 7}]
    assert done(
        await client.put(path, json={"input": {"group": 8}, "where": {"from": "x"}}), "Records updated successfully"
    ) == {"rows_affected": 1}
    assert rows_of(await client.get(f"{path}/query?group=eq.8&select=g:group")) == [{"g": 8}]
    assert done(await delete(client, path, {"input": {"group": 8}}), "Records deleted successfully") == {
        "rows_affected": 1
    }


@pytest.mark.parametrize("text", ["", "'\"`;--\\", "\u00fc \U0001f600 \u4e2d", "\x00\n\r\t\x1a", "%_*", "null", "{}"])
@pytest.mark.usefixtures("empty")
async def test_any_text_comes_back(client: httpx.AsyncClient, engine: Engine, module_database: str, text: str) -> None:
    done(await client.post("/api/users", json={"input": {"name": text}}), "Record inserted successfully")
    assert engine.execute("SELECT name FROM users", module_database) == ((text,),)
    for found in (
        await client.post("/api/users/query?select=name", json={"input": {"name": text}}),
        await client.get("/api/users/query", params={"name": f"eq.{text}", "select": "name"}),
    ):
        assert rows_of(found) == [{"name": text}]


async def test_numbers_keep_their_digits(client: httpx.AsyncClient) -> None:
    body = (
        '{"input": {"id": 18446744073709551615, "amount": 12345678901234567890.0123456789,'
        ' "doc": {"b": [1.5, null], "a": "\u00e9"}, "born": "2024-02-29", "ok": true}}'
    )
    headers = {"content-type": "application/json"}
    response = await client.post("/api/exact", content=body.encode(), headers=headers)
    assert done(response, "Record inserted successfully") == {"rows_affected": 1}
    by_id = b'{"input": {"id": 18446744073709551615}}'
    (row,) = rows_of(await client.post("/api/exact/query", content=by_id, headers=headers))
    assert row == {
        "id": "18446744073709551615",
        "amount": "12345678901234567890.0123456789",
        "doc": {"b": [1.5, None], "a": "\u00e9"},
        "born": "2024-02-29",
        "ok": True,
    }
    exact = "/api/exact/query?amount=eq.12345678901234567890.0123456789&select=id"
    assert rows_of(await client.get(exact)) == [{"id": "18446744073709551615"}]
