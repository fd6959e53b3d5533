"""Inherited roles: what several roles may do together, and where they cannot be put together."""

from __future__ import annotations

from typing import Any

import pytest

from graphql_app.auth.permissions import RolePermissions, SelectPermission
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


def test_different_columns_are_refused_unless_the_role_says_what_it_reads() -> None:
    wider = {"select": {"columns": ["id", "state", "secret"], "filter": OPEN}}
    with pytest.raises(RulesFileError) as caught:
        inherited(select(MINE), wider)
    told = "roles.both.role_set: 'one' and 'other' read different columns of 'orders'"
    assert str(caught.value).startswith(told)
    assert read_by(inherited(select(MINE), wider, **select(OPEN))).filter == OPEN


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
