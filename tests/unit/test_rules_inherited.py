"""Inherited roles: what several roles may do together, and where they cannot be put together."""

from __future__ import annotations

from typing import Any

import pytest

from graphql_app.auth.permissions import CellPermission, RolePermissions, SelectPermission
from graphql_app.auth.rules_file import RulesFileError, read_roles

MINE, OPEN = {"user_id": "x-hasura-user-id"}, {"state": "open"}


def inherited(one: dict[str, Any], other: dict[str, Any], **own: Any) -> RolePermissions:
    """The role that may do what roles with these rules for `orders` may together."""
    roles = {"one": one, "other": other}
    given: dict[str, Any] = {name: {"tables": {"orders": rules} if rules else {}} for name, rules in roles.items()}
    both = {"role_set": ["one", "other"], "tables": {"orders": own} if own else {}}
    return read_roles(given | {"both": both})["both"]


def select(filter_: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"select": {"columns": ["id", "state"], "filter": filter_, **more}}


def read_by(role: RolePermissions) -> SelectPermission:
    found = role.tables["orders"].select
    assert found is not None
    return found


def test_rows_that_either_reads_with_the_wider_bounds() -> None:
    found = read_by(inherited(select(MINE, limit=5), select(OPEN, limit=9, allow_aggregations=True)))
    assert found.filter == {"_or": [MINE, OPEN]}
    assert (found.limit, found.allow_aggregations, found.query_root_fields) == (9, True, None)
    assert read_by(inherited(select(MINE, limit=5), select(OPEN))).limit is None
    assert read_by(inherited(select(MINE), select({}))).filter == {}
    assert read_by(inherited(select(MINE), select(MINE))).filter == MINE
    roots = read_by(
        inherited(select(MINE, query_root_fields=["select"]), select(OPEN, query_root_fields=["select_by_pk"]))
    )
    assert roots.query_root_fields == frozenset({"select", "select_by_pk"})


def test_a_table_of_one_of_them_alone() -> None:
    assert read_by(inherited(select(MINE), {})).filter == MINE


@pytest.mark.parametrize("action", ["insert", "update", "delete"])
def test_writes_only_where_all_agree(action: str) -> None:
    rule: dict[str, Any] = {
        "insert": {"check": MINE},
        "update": {"columns": ["state"], "filter": MINE},
        "delete": {"filter": MINE},
    }
    same = {action: rule[action]}
    other = {action: {**rule[action], "check" if action == "insert" else "filter": OPEN}}
    assert getattr(inherited(same, same).tables["orders"], action) is not None
    assert getattr(inherited(same, other).tables["orders"], action) is None
    assert getattr(inherited(same, {}).tables["orders"], action) is None


def cell(columns: list[str] | None, filter_: dict[str, Any]) -> CellPermission:
    return CellPermission(None if columns is None else frozenset(columns), filter_)


def test_columns_of_different_roles_are_read_in_the_rows_of_each() -> None:
    wider = {"select": {"columns": ["id", "state", "secret"], "filter": OPEN}}
    found = read_by(inherited(select(MINE), wider))
    assert found.columns == frozenset({"id", "state", "secret"})
    assert found.filter == {"_or": [MINE, OPEN]}
    assert found.cells == (cell(["id", "state"], MINE), cell(["id", "state", "secret"], OPEN))
    every = read_by(inherited(select(MINE), {"select": {"columns": "*", "filter": {}}}))
    assert (every.columns, every.filter) == (None, {})
    assert every.cells == (cell(["id", "state"], MINE), cell(None, {}))
    own = read_by(inherited(select(MINE), wider, **select(OPEN)))
    assert (own.filter, own.cells) == (OPEN, ())
    assert read_by(inherited(select(MINE), select(OPEN))).cells == ()


def test_cells_of_sets_of_sets_are_those_of_the_roles_they_begin_with() -> None:
    wider = {"select": {"columns": ["id", "secret"], "filter": OPEN}}
    tables = {"a": select(MINE), "b": wider, "c": select({"state": "new"})}
    roles: dict[str, Any] = {name: {"tables": {"orders": rule}} for name, rule in tables.items()}
    found = read_by(read_roles(roles | {"ab": {"role_set": ["a", "b"]}, "abc": {"role_set": ["ab", "c"]}})["abc"])
    assert [each.filter for each in found.cells] == [MINE, OPEN, {"state": "new"}]
    assert found.filter == {"_or": [{"_or": [MINE, OPEN]}, {"state": "new"}]}


def test_sets_of_sets_and_circles() -> None:
    tables = {"orders": select(MINE)}
    roles = read_roles(
        {"a": {"tables": tables}, "b": {"role_set": ["a"]}, "c": {"role_set": ["b"]}, "d": {"inherits": ["c"]}}
    )
    assert roles["d"].tables == roles["a"].tables
    with pytest.raises(RulesFileError, match="inherits from"):
        read_roles({"a": {"role_set": ["b"]}, "b": {"inherits": ["a"]}})
    with pytest.raises(RulesFileError, match=r"roles.a.role_set.0: there is no role 'z'"):
        read_roles({"a": {"role_set": ["z"]}})
