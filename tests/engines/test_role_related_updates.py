"""Changes of related rows by roles, on every engine: each step has the permission of its own table and action."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from graphql_app.auth.permissions import SelectPermission, TablePermissions, UpdatePermission
from graphql_app.engine.request.calls import (
    AffectedRows,
    And,
    Compare,
    NestedInsert,
    Operator,
    RelatedChange,
    Update,
)
from graphql_app.errors import AppError, Code
from tests.harness.engine import Engine
from tests.harness.roles import Program, opened_with_roles
from tests.role_rig import RoleRig, role_rig

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE folders (id INT PRIMARY KEY, owner INT NOT NULL, name VARCHAR(20));
CREATE TABLE files (id INT AUTO_INCREMENT PRIMARY KEY, owner INT, folder_id INT, name VARCHAR(20), secret VARCHAR(20),
  CONSTRAINT fk_folder FOREIGN KEY (folder_id) REFERENCES folders (id));
INSERT INTO folders VALUES (1, 1, 'mine'), (2, 2, 'theirs'), (3, 1, 'more');
INSERT INTO files (id, owner, folder_id, name)
  VALUES (1, 1, 1, 'a'), (2, 2, 1, 'b'), (3, 1, NULL, 'c'), (4, 2, NULL, 'd')
"""
OWN = {"owner": {"_eq": "X-Hasura-User-Id"}}
FOLDERS = {
    "select": {"columns": ["id", "name"], "filter": OWN},
    "update": {"columns": ["name"], "filter": OWN},
}
ROLES: dict[str, Any] = {
    "user": {
        "folders": FOLDERS,
        "files": {
            "select": {"columns": ["id", "name", "folder_id"], "filter": {}},
            "insert": {
                "columns": ["id", "name"],
                "check": {"name": {"_neq": "bad"}},
                "set": {"owner": "X-Hasura-User-Id"},
            },
            "update": {
                "columns": ["name", "folder_id"],
                "filter": OWN,
                "check": {"name": {"_neq": "bad"}},
                "set": {"secret": "changed"},
            },
            "delete": {"filter": OWN},
        },
    },
    "reader": {"folders": FOLDERS, "files": {"select": {"columns": ["id", "name"], "filter": {}}}},
    "mover": {
        "folders": {"select": {"columns": ["id"], "filter": OWN}},
        "files": {
            "select": {"columns": ["id", "folder_id"], "filter": {}},
            "update": {"columns": ["folder_id"], "filter": {}, "check": {}},
        },
    },
}


@pytest.fixture
async def program(engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[Program]:
    engine.execute(SCHEMA, database)
    async with opened_with_roles(engine.environment(database), tmp_path, ROLES) as found:
        yield found


def files(engine: Engine, database: str) -> list[Any]:
    """All files."""
    return list(engine.execute("SELECT id, owner, folder_id, name, secret FROM files ORDER BY id", database))


def change(files: str, key: int = 1) -> str:
    """An update of a folder that changes its files."""
    query = f"mutation {{ update_folders_by_pk(pk_columns: {{id: {key}}}, _set: {{files: {files}}})"
    return query + " { files(order_by: {id: asc}) { id name } } }"


async def test_every_step_touches_rows_of_its_own_permission(program: Program, engine: Engine, database: str) -> None:
    ann = program.graphql("user", user_id="1")
    await ann.data(change('{disconnect: {}, update: [{where: {}, _set: {name: "z"}}]}'))
    assert files(engine, database) == [
        (1, 1, None, "a", "changed"),
        (2, 2, 1, "b", None),
        (3, 1, None, "c", None),
        (4, 2, None, "d", None),
    ]
    await ann.data(change("{connect: [{id: 1}, {id: 3}]}"))
    await ann.data(change('{update: [{where: {}, _set: {name: "z"}}], delete: {id: {_eq: 1}}, insert: [{name: "n"}]}'))
    assert [row[1:] for row in files(engine, database)] == [
        (2, 1, "b", None),
        (1, 1, "z", "changed"),
        (2, None, "d", None),
        (1, 1, "n", None),
    ]


async def test_rows_of_others_are_not_deleted(program: Program, engine: Engine, database: str) -> None:
    await program.graphql("user", user_id="1").data(change("{delete: {}}"))
    assert [row[0] for row in files(engine, database)] == [2, 3, 4]


async def test_connected_rows_are_given_the_presets(program: Program, engine: Engine, database: str) -> None:
    await program.graphql("user", user_id="1").data(change("{connect: [{id: 3}]}"))
    assert files(engine, database)[2] == (3, 1, 1, "c", "changed")


@pytest.mark.parametrize("files_", ["{connect: [{id: 4}]}", "{connect: [{id: 3}, {id: 4}]}", "{connect: [{id: 99}]}"])
async def test_rows_of_others_are_as_missing_ones(program: Program, engine: Engine, database: str, files_: str) -> None:
    before = files(engine, database)
    error = await program.graphql("user", user_id="1").error(change(files_))
    assert error["extensions"]["reason"] == "NOT_FOUND"
    assert error["message"] == "A row that is to be related by 'files' is not there"
    assert files(engine, database) == before


@pytest.mark.parametrize(
    "files_", ['{upsert: [{id: 4, name: "x"}]}', "{set: [{id: 4}]}", '{set: [{id: 2, name: "x"}]}']
)
async def test_upserts_meet_no_rows_of_others(program: Program, engine: Engine, database: str, files_: str) -> None:
    before = files(engine, database)
    error = await program.graphql("user", user_id="1").error(change(files_))
    assert error["extensions"]["reason"] == "NOT_FOUND"
    assert files(engine, database) == before


@pytest.mark.parametrize(
    "files_",
    [
        '{insert: [{name: "bad"}]}',
        '{upsert: [{name: "bad"}]}',
        '{upsert: [{id: 1, name: "bad"}]}',
        '{set: [{id: 1, name: "bad"}]}',
        '{update: [{where: {id: {_eq: 1}}, _set: {name: "bad"}}]}',
    ],
)
async def test_checks_hold_for_every_step(program: Program, engine: Engine, database: str, files_: str) -> None:
    before = files(engine, database)
    error = await program.graphql("user", user_id="1").error(change(files_))
    assert (error["extensions"]["code"], error["extensions"]["path"]) == ("permission-error", "$")
    assert files(engine, database) == before


async def test_connected_rows_satisfy_the_check(program: Program, engine: Engine, database: str) -> None:
    engine.execute("UPDATE files SET name = 'bad' WHERE id = 3", database)
    error = await program.graphql("user", user_id="1").error(change("{connect: [{id: 3}]}"))
    assert error["extensions"]["code"] == "permission-error"
    assert files(engine, database)[2][2] is None


async def test_set_takes_away_only_what_the_role_may(program: Program, engine: Engine, database: str) -> None:
    ann = program.graphql("user", user_id="1")
    assert await ann.data(change("{set: [{id: 3}]}")) == {
        "update_folders_by_pk": {"files": [{"id": 2, "name": "b"}, {"id": 3, "name": "c"}]}
    }
    assert [row[2] for row in files(engine, database)] == [None, 1, 1, None]


async def test_folders_of_others_are_not_there(program: Program, engine: Engine, database: str) -> None:
    before = files(engine, database)
    ann = program.graphql("user", user_id="1")
    assert await ann.data(change('{delete: {}, insert: [{name: "x"}]}', 2)) == {"update_folders_by_pk": None}
    assert files(engine, database) == before


async def test_what_a_role_may_not_do_is_unknown_to_it(program: Program) -> None:
    reader = program.graphql("reader", user_id="1")
    for step in ("{delete: {}}", '{insert: [{name: "x"}]}', "{connect: [{id: 1}]}"):
        error = await reader.error(change(step))
        assert error["extensions"]["code"] == "validation-failed"
        assert "unknown field 'files'" in error["message"], error


async def test_a_row_that_may_not_be_seen_is_not_connected(program: Program, engine: Engine, database: str) -> None:
    query = """mutation($id: Int!) {
      update_files_by_pk(pk_columns: {id: 1}, _set: {folder: {connect: {id: $id}}}) { folder_id } }"""
    mover = program.graphql("mover", user_id="1")
    assert (await mover.data(query, {"id": 3}))["update_files_by_pk"] == {"folder_id": 3}
    messages = [await mover.error(query, {"id": folder}) for folder in (2, 99)]
    assert messages[0] == messages[1]
    assert files(engine, database)[0][2] == 3


@pytest.fixture
async def rig(engine: Engine, database: str) -> AsyncIterator[RoleRig]:
    engine.execute(SCHEMA, database)
    async with role_rig(engine, database) as made:
        yield made


STEPS = {
    "disconnect": RelatedChange("files", disconnect=And(())),
    "delete": RelatedChange("files", delete=And(())),
    "update": RelatedChange("files", update=(Update("files", None, (("name", "z"),), ()),)),
    "insert": RelatedChange("files", insert=NestedInsert("files", ((("name", "z"),),))),
    "connect": RelatedChange("files", connect=((("id", 3),),)),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
async def test_every_step_needs_its_permission(
    rig: RoleRig, engine: Engine, database: str, step: RelatedChange
) -> None:
    """Whoever asks the engine without GraphQL, whose schema has no such fields then."""
    before = files(engine, database)
    shown = TablePermissions(SelectPermission(frozenset({"id"}), {}), update=UpdatePermission(frozenset({"name"}), {}))
    await rig.permit({"folders": shown, "files": TablePermissions(SelectPermission(frozenset({"id"}), {}))})
    with pytest.raises(AppError) as raised:
        await rig.write(Update("folders", None, (), (AffectedRows("n"),), related=(step,)))
    assert raised.value.code is Code.PERMISSION_DENIED
    assert files(engine, database) == before


async def test_the_column_that_refers_has_to_be_given(rig: RoleRig, engine: Engine, database: str) -> None:
    before = files(engine, database)
    shown = TablePermissions(SelectPermission(frozenset({"id"}), {}), update=UpdatePermission(frozenset({"name"}), {}))
    await rig.permit({"folders": shown, "files": shown})
    for step in (STEPS["disconnect"], STEPS["connect"]):
        with pytest.raises(AppError) as raised:
            await rig.write(Update("folders", Compare("id", Operator.EQ, 1), (), (AffectedRows("n"),), related=(step,)))
        assert raised.value.code is Code.UNKNOWN_COLUMN
    assert files(engine, database) == before
