"""What a role is told of refused writes on every engine: no name of a column, key or constraint that is hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from graphql_app.auth.permissions import (
    DeletePermission,
    InsertPermission,
    SelectPermission,
    TablePermissions,
    UpdatePermission,
)
from graphql_app.engine.request.calls import (
    AffectedRows,
    Compare,
    Delete,
    Insert,
    Operator,
    Returning,
    SelectColumn,
    Update,
    Write,
)
from graphql_app.errors import AppError, Code
from tests.harness.engine import Engine
from tests.harness.engines import EngineName
from tests.role_rig import RoleRig, role_rig

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE tenants (id INT PRIMARY KEY);
CREATE TABLE items (id INT PRIMARY KEY, code VARCHAR(9), hidden VARCHAR(9), tenant INT, needed INT NOT NULL DEFAULT 1,
  UNIQUE KEY uq_code (code), UNIQUE KEY uq_hidden (hidden), UNIQUE KEY uq_both (code, tenant),
  CONSTRAINT fk_tenant FOREIGN KEY (tenant) REFERENCES tenants (id), CONSTRAINT small CHECK (needed < 100));
CREATE TABLE strict_items (id INT PRIMARY KEY, name VARCHAR(9), needed INT NOT NULL);
CREATE TABLE children (id INT PRIMARY KEY, item INT, CONSTRAINT fk_item FOREIGN KEY (item) REFERENCES items (id));
INSERT INTO tenants VALUES (1); INSERT INTO items (id, code, hidden, tenant) VALUES (1, 'a', 'h', 1);
INSERT INTO children VALUES (1, 1)
"""
COUNT = (AffectedRows("affected_rows"),)


@pytest.fixture
async def roles(engine: Engine, database: str) -> AsyncIterator[RoleRig]:
    engine.execute(SCHEMA, database)
    async with role_rig(engine, database) as made:
        yield made


async def _refused(roles: RoleRig, write: Write) -> AppError:
    with pytest.raises(AppError) as refused:
        await roles.write(write)
    return refused.value


def _new(**given: object) -> Insert:
    return Insert("items", (tuple(given.items()),), COUNT)


async def test_a_duplicate_names_a_key_that_may_be_read_and_given(roles: RoleRig) -> None:
    read, insert = SelectPermission(frozenset({"id", "code"}), {}), InsertPermission(frozenset({"id", "code"}), {})
    await roles.permit({"items": TablePermissions(read, insert)})
    known = await _refused(roles, _new(id=2, code="a"))
    assert (known.code, known.constraint) == (Code.DUPLICATE_ENTRY, "uq_code")
    assert (await _refused(roles, _new(id=1, code="b"))).constraint == "PRIMARY"


@pytest.mark.parametrize(
    ("given", "preset"),
    [
        ({"id": 2}, {"hidden": "h"}),
        ({"id": 2}, {"code": "a"}),
        ({"id": 2}, {"tenant": 7}),
        ({"id": 2}, {"needed": 100}),
        ({"id": 2}, {"hidden": "much too long"}),
    ],
)
async def test_nothing_hidden_is_named(roles: RoleRig, given: dict[str, object], preset: dict[str, object]) -> None:
    insert = InsertPermission(frozenset({"id"}), {}, preset)
    await roles.permit({"items": TablePermissions(SelectPermission(frozenset({"id"}), {}), insert)})
    error = await _refused(roles, _new(**given))
    assert (error.column, error.constraint) == (None, None)
    for name in ("hidden", "code", "tenant", "needed", "uq", "fk", "small"):
        assert name not in error.message
    assert error.code in (
        Code.DUPLICATE_ENTRY,
        Code.FOREIGN_KEY_VIOLATION,
        Code.CHECK_VIOLATION,
        Code.VALUE_TOO_LONG,
    )


async def test_a_hidden_column_that_is_needed(roles: RoleRig) -> None:
    insert = InsertPermission(frozenset({"id", "name"}), {})
    await roles.permit({"strict_items": TablePermissions(SelectPermission(frozenset({"id", "name"}), {}), insert)})
    answer = Returning("returning", (SelectColumn("name", "name"),))
    for write in (
        Insert("strict_items", ((("id", 1),),), COUNT),
        Insert("strict_items", ((("id", 1),), (("id", 2),)), (answer,)),
    ):
        error = await _refused(roles, write)
        assert (error.code, error.message, error.column) == (Code.NOT_NULL_VIOLATION, "A value is required", None)


async def test_a_hidden_key_that_is_needed(roles: RoleRig) -> None:
    insert = InsertPermission(frozenset({"name", "needed"}), {})
    await roles.permit({"strict_items": TablePermissions(SelectPermission(frozenset({"name"}), {}), insert)})
    row = (("name", "x"), ("needed", 1))
    error = await _refused(roles, Insert("strict_items", (row,), (Returning("r", (SelectColumn("name", "name"),)),)))
    assert (error.code, error.message, error.column) == (Code.NOT_NULL_VIOLATION, "A value is required", None)


async def test_rows_of_a_hidden_table_are_told_without_its_name(roles: RoleRig, engine: Engine) -> None:
    read = SelectPermission(frozenset({"id"}), {})
    await roles.permit({"items": TablePermissions(read, None, None, DeletePermission({}))})
    error = await _refused(roles, Delete("items", Compare("id", Operator.EQ, 1), COUNT))
    assert (error.code, error.constraint) == (Code.FOREIGN_KEY_VIOLATION, None)
    assert "fk_item" not in error.message
    await roles.permit(
        {
            "items": TablePermissions(read, None, None, DeletePermission({})),
            "children": TablePermissions(SelectPermission(frozenset({"id", "item"}), {})),
        }
    )
    error = await _refused(roles, Delete("items", Compare("id", Operator.EQ, 1), COUNT))
    # The embedded engine does not say which key it is.
    assert error.constraint == (None if engine.name is EngineName.EMBEDDED else "fk_item")


async def test_an_update_names_no_key_that_may_not_be_given(roles: RoleRig, engine: Engine, database: str) -> None:
    engine.execute("INSERT INTO items (id, code, hidden) VALUES (2, 'b', 'i')", database)
    read = SelectPermission(frozenset({"id", "code"}), {})
    await roles.permit({"items": TablePermissions(read, None, UpdatePermission(frozenset(), {}, None, {"code": "a"}))})
    error = await _refused(roles, Update("items", Compare("id", Operator.EQ, 2), (), COUNT))
    assert (error.code, error.message, error.constraint) == (Code.DUPLICATE_ENTRY, "Duplicate entry", None)


async def test_most_affected_counts_no_hidden_rows(roles: RoleRig, engine: Engine, database: str) -> None:
    engine.execute("INSERT INTO items (id, code) VALUES (2, 'b'), (3, 'c')", database)
    read, mine = SelectPermission(None, {"code": {"_eq": "b"}}), {"code": {"_eq": "b"}}
    update = UpdatePermission(frozenset({"needed"}), mine)
    await roles.permit({"items": TablePermissions(read, None, update, DeletePermission(mine))})
    change = Update("items", None, (("needed", 3),), COUNT, max_affected=1)
    assert await roles.write(change) == {"affected_rows": 1}
    assert await roles.write(Delete("items", None, COUNT, max_affected=1)) == {"affected_rows": 1}
