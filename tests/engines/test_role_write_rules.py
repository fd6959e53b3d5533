"""Rules of writes beside what the database does of itself: triggers, defaults, no keys, a changed structure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from graphql_app.auth.permissions import InsertPermission, SelectPermission, TablePermissions, UpdatePermission
from graphql_app.engine.request.calls import AffectedRows, Compare, Insert, Operator, Returning, SelectColumn, Update
from graphql_app.errors import AppError, CheckFailed, Code
from tests.harness.engine import Engine
from tests.role_rig import RoleRig, role_rig

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL DEFAULT 2, title VARCHAR(20), day DATE,
  kind ENUM('a','b'), number DECIMAL(4,1));
CREATE TABLE keyless (user_id INT, title VARCHAR(20));
INSERT INTO notes (user_id, title) VALUES (1, 'one'), (2, 'two');
INSERT INTO keyless VALUES (1, 'one'), (2, 'two')
"""
OWN = {"user_id": {"_eq": "X-Hasura-User-Id"}}
PRESET = {"user_id": "X-Hasura-User-Id"}
READ = SelectPermission(None, {})
COUNT = AffectedRows("affected_rows")
ROWS = Returning("returning", (SelectColumn("user_id", "user_id"),))


@pytest.fixture
async def roles(engine: Engine, database: str) -> AsyncIterator[RoleRig]:
    engine.execute(SCHEMA, database)
    async with role_rig(engine, database) as made:
        yield made


def _new(table: str = "notes", **given: object) -> Insert:
    return Insert(table, ((("title", "x"), *given.items()),), (COUNT,))


def _count(engine: Engine, database: str, table: str = "notes") -> int:
    ((found,),) = engine.execute(f"SELECT COUNT(*) FROM {table}", database)
    return int(found)


@pytest.mark.engines("mariadb", "mysql")
async def test_a_trigger_that_sets_the_owner(roles: RoleRig, engine: Engine, database: str) -> None:
    """A preset that a trigger overrides implies nothing: what counts is the row as it became."""
    engine.execute("CREATE TRIGGER owned BEFORE INSERT ON notes FOR EACH ROW SET NEW.user_id = 2", database)
    await roles.permit({"notes": TablePermissions(READ, InsertPermission(frozenset({"title"}), OWN, PRESET))})
    for answer in ((COUNT,), (COUNT, ROWS)):
        write = Insert("notes", ((("title", "x"),),), answer)
        with pytest.raises(CheckFailed):
            await roles.write(write, user_id="1")
        assert (await roles.write(write, user_id="2"))["affected_rows"] == 1
    assert _count(engine, database) == 4
    engine.execute("CREATE TRIGGER given BEFORE UPDATE ON notes FOR EACH ROW SET NEW.user_id = 3", database)
    await roles.permit({"notes": TablePermissions(READ, None, UpdatePermission(frozenset({"title"}), OWN, OWN))})
    with pytest.raises(CheckFailed):
        await roles.write(Update("notes", None, (("title", "y"),), (COUNT,)), user_id="1")


async def test_a_default_that_says_whose_it_is(roles: RoleRig, engine: Engine, database: str) -> None:
    await roles.permit({"notes": TablePermissions(READ, InsertPermission(frozenset({"title"}), OWN))})
    with pytest.raises(CheckFailed):
        await roles.write(_new(), user_id="1")
    assert await roles.write(_new(), user_id="2") == {"affected_rows": 1}


async def test_a_table_without_a_key(roles: RoleRig, engine: Engine, database: str) -> None:
    """What nobody could look at afterwards may not be written; what presets imply needs no look."""
    checked = TablePermissions(READ, InsertPermission(None, OWN), UpdatePermission(None, OWN, OWN))
    await roles.permit({"keyless": checked})
    assert sorted((rule.action, rule.table) for rule in roles.broken()) == [
        ("insert", "keyless"),
        ("update", "keyless"),
    ]
    assert all("no primary key" in rule.reason for rule in roles.broken())
    for write in (_new("keyless", user_id=1), Update("keyless", None, (("title", "y"),), (COUNT,))):
        with pytest.raises(AppError) as refused:
            await roles.write(write, user_id="1")
        assert refused.value.code is Code.PERMISSION_DENIED
    implied = InsertPermission(frozenset({"title"}), OWN, PRESET)
    update = UpdatePermission(frozenset({"title"}), OWN, OWN)
    await roles.permit({"keyless": TablePermissions(READ, implied, update)})
    assert roles.broken() == []
    assert await roles.write(_new("keyless"), user_id="1") == {"affected_rows": 1}
    change = Update("keyless", None, (("title", "y"),), (COUNT,))
    assert await roles.write(change, user_id="1") == {"affected_rows": 2}


@pytest.mark.engines("mariadb", "mysql")
async def test_a_table_that_cannot_roll_back(roles: RoleRig, engine: Engine, database: str) -> None:
    engine.execute("CREATE TABLE old (id INT PRIMARY KEY, title VARCHAR(9), user_id INT) ENGINE=MyISAM", database)
    await roles.permit({"old": TablePermissions(READ, InsertPermission(None, OWN), UpdatePermission(None, OWN))})
    assert [(rule.action, "roll back" in rule.reason) for rule in roles.broken()] == [("insert", True)]
    with pytest.raises(AppError) as refused:
        await roles.write(_new("old", id=1, user_id=1), user_id="1")
    assert refused.value.code is Code.PERMISSION_DENIED
    assert _count(engine, database, "old") == 0


@pytest.mark.parametrize("preset", [{"id": 1}, {"nothing": 1}, {"day": "no day"}, {"user_id": None}])
async def test_presets_that_cannot_be(roles: RoleRig, preset: dict[str, Any]) -> None:
    await roles.permit({"notes": TablePermissions(READ, InsertPermission(None, {}, preset))})
    assert [rule.action for rule in roles.broken()] == ["insert"]
    with pytest.raises(AppError) as refused:
        await roles.write(_new(), user_id="1")
    assert refused.value.code is Code.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("user_id", "1abc"),
        ("user_id", ""),
        ("day", "0"),
        ("kind", "1"),
        ("kind", ""),
        ("number", "1e"),
        ("title", "x" * 30),
    ],
)
async def test_a_variable_that_does_not_fit(
    roles: RoleRig, engine: Engine, database: str, column: str, value: str
) -> None:
    """Nothing is made of it: neither a number of its first letters, nor the place of a word."""
    insert = InsertPermission(frozenset({"title"} - {column}), {}, {column: "X-Hasura-It"})
    await roles.permit({"notes": TablePermissions(SelectPermission(frozenset({"id"}), {}), insert)})
    given = () if column == "title" else (("title", "x"),)
    with pytest.raises(AppError) as refused:
        await roles.write(Insert("notes", (given,), (COUNT,)), it=value)
    assert refused.value.column is None
    assert column not in refused.value.message
    assert _count(engine, database) == 2


async def test_a_column_of_a_check_that_is_gone(roles: RoleRig, engine: Engine, database: str) -> None:
    """The write is denied then, and not done without that part of its check."""
    check = {**OWN, "kind": {"_eq": "a"}}
    await roles.permit({"notes": TablePermissions(READ, InsertPermission(None, check), UpdatePermission(None, OWN))})
    assert await roles.write(_new(user_id=1, kind="a"), user_id="1") == {"affected_rows": 1}
    engine.execute("ALTER TABLE notes DROP COLUMN kind", database)
    with pytest.raises(AppError):
        await roles.write(_new(user_id=1), user_id="1")
    await roles.live.reload()
    assert [rule.action for rule in roles.broken()] == ["insert"]
    with pytest.raises(AppError) as refused:
        await roles.write(_new(user_id=1), user_id="1")
    assert refused.value.code is Code.PERMISSION_DENIED
    change = Update("notes", Compare("id", Operator.EQ, 1), (("title", "y"),), (COUNT,))
    assert await roles.write(change, user_id="1") == {"affected_rows": 1}
    assert _count(engine, database) == 3
