"""Rows that triggers change, on every engine: the true rows come back, or nothing is written."""

from __future__ import annotations

import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, line VARCHAR(20)) AUTO_INCREMENT=7000;
CREATE TABLE noted (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), seen INT);
CREATE TRIGGER noted_before BEFORE INSERT ON noted FOR EACH ROW SET NEW.name = UPPER(NEW.name);
CREATE TRIGGER noted_after AFTER INSERT ON noted FOR EACH ROW INSERT INTO audit (line) VALUES (NEW.name);
CREATE TRIGGER noted_update BEFORE UPDATE ON noted FOR EACH ROW SET NEW.seen = IFNULL(OLD.seen, 0) + 1;
CREATE TABLE moved (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), UNIQUE KEY uq_name (name));
CREATE TABLE parts (id INT AUTO_INCREMENT PRIMARY KEY, moved_id INT NOT NULL, name VARCHAR(20),
  CONSTRAINT fk_moved FOREIGN KEY (moved_id) REFERENCES moved (id));
CREATE TRIGGER moved_insert BEFORE INSERT ON moved FOR EACH ROW SET NEW . `ID` = 1000 + CHAR_LENGTH(NEW.name);
CREATE TABLE renamed (code VARCHAR(9) PRIMARY KEY, n INT);
CREATE TRIGGER renamed_update BEFORE UPDATE ON renamed FOR EACH ROW SET NEW.code = CONCAT(OLD.code, '+');
"""
ROWS = """
DELETE FROM parts; DELETE FROM moved; DELETE FROM noted; DELETE FROM audit; DELETE FROM renamed;
INSERT INTO renamed VALUES ('a', 1), ('b', 2)
"""


async def test_rows_come_back_as_triggers_left_them(client: GraphQLClient) -> None:
    """Rows that a trigger inserts elsewhere have ids of their own, and do not get in the way."""
    query = """mutation { insert_noted(objects: [{name: "a"}, {name: "b"}, {id: 50, name: "c"}, {name: "d"}]) {
        affected_rows returning { id name } }
      insert_noted_one(object: {name: "e"}) { id name seen } }"""
    made = await client.data(query)
    rows = made["insert_noted"]["returning"]
    assert [row["name"] for row in rows] == ["A", "B", "C", "D"]
    assert rows[2]["id"] == 50
    one = made["insert_noted_one"]
    assert (one["name"], one["seen"]) == ("E", None)
    ids = [row["id"] for row in (*rows, one)]
    assert len(set(ids)) == 5
    assert all(id_ < 7000 for id_ in ids)
    changed = await client.data(
        f'mutation {{ update_noted_by_pk(pk_columns: {{id: {one["id"]}}}, _set: {{name: "f"}}) {{ name seen }} }}'
    )
    assert changed["update_noted_by_pk"] == {"name": "f", "seen": 1}


@pytest.mark.parametrize(
    "mutation",
    [
        'insert_moved_one(object: {name: "four"}) { id name }',
        'insert_moved_one(object: {id: 5, name: "four"}) { id name }',
        'insert_moved(objects: [{name: "four"}, {id: 5, name: "seven.."}]) { returning { id name } }',
        'insert_moved(objects: [{name: "four"}], on_conflict: {constraint: uq_name}) { returning { id name } }',
        """insert_moved(objects: [{name: "four", parts: {data: [{name: "p"}]}}]) { affected_rows
          returning { id name parts { name } } }""",
        """insert_parts(objects: [{name: "p", moved: {data: {name: "four"}}}]) { affected_rows
          returning { name moved { id name } } }""",
    ],
)
async def test_a_key_that_a_trigger_sets_is_told_or_refused(
    client: GraphQLClient, engine: Engine, module_database: str, mutation: str
) -> None:
    """MariaDB tells what it has stored. The others do not, and nothing is written."""
    query = f'mutation {{ insert_audit(objects: [{{line: "kept?"}}]) {{ affected_rows }} it: {mutation} }}'
    if engine.name is not EngineName.MARIADB:
        error = await client.error(query)
        assert error["extensions"]["reason"] == "NO_KEY"
        assert error["extensions"]["column"] == "id"
        assert "moved_insert" in error["message"]
        assert engine.execute("SELECT COUNT(*) FROM audit", module_database) == ((0,),)
        return
    made = (await client.data(query))["it"]
    first = made["returning"][0] if "returning" in made else made
    true = {"id": 1004, "name": "four"}
    assert first.get("moved", {key: first[key] for key in true if key in first}) == true
    assert first.get("parts", [{"name": "p"}]) == [{"name": "p"}]


async def test_rows_that_nobody_asks_back_are_written(
    client: GraphQLClient, engine: Engine, module_database: str
) -> None:
    query = """mutation { insert_moved(objects: [{name: "four"}, {name: "seven.."}]) { affected_rows }
      update_renamed(where: {}, _inc: {n: 1}) { affected_rows } }"""
    assert await client.data(query) == {"insert_moved": {"affected_rows": 2}, "update_renamed": {"affected_rows": 2}}
    assert engine.execute("SELECT id FROM moved ORDER BY id", module_database) == ((1004,), (1007,))
    assert engine.execute("SELECT code, n FROM renamed ORDER BY n", module_database) == (("a+", 2), ("b+", 3))


@pytest.mark.parametrize(
    "mutation",
    [
        "update_renamed(where: {}, _set: {n: 5}) { returning { code } }",
        'update_renamed_by_pk(pk_columns: {code: "a"}, _set: {n: 5}) { code n }',
        'update_renamed_by_pk(pk_columns: {code: "a"}, _set: {code: "b"}) { code n }',
        "update_renamed_many(updates: [{where: {}, _set: {n: 5}}]) { returning { code } }",
        """insert_renamed_one(object: {code: "a", n: 3}, on_conflict: {constraint: PRIMARY, update_columns: [n]}) {
          n }""",
    ],
)
async def test_an_update_whose_rows_a_trigger_may_move_is_refused(
    client: GraphQLClient, engine: Engine, module_database: str, mutation: str
) -> None:
    error = await client.error(f"mutation {{ {mutation} }}")
    assert (error["extensions"]["reason"], error["extensions"]["column"]) == ("NO_KEY", "code")
    assert engine.execute("SELECT code, n FROM renamed ORDER BY code", module_database) == (("a", 1), ("b", 2))


async def test_a_delete_needs_no_key_afterwards(client: GraphQLClient) -> None:
    query = "mutation { delete_renamed(where: {n: {_eq: 2}}) { affected_rows returning { code n } } }"
    assert (await client.data(query))["delete_renamed"] == {"affected_rows": 1, "returning": [{"code": "b", "n": 2}]}
