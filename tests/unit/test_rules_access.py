"""What a role may see and do of a catalog; rules that cannot be honoured deny what they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graphql_app.auth.permissions import Tenant
from graphql_app.auth.rules_file import read_roles
from graphql_app.engine.access.access import Access, access_of, broken_rules
from tests.unit.small_catalog import CATALOG

MINE = {"id": "x-hasura-user-id"}


def access(tables: dict[str, Any], *, backend: bool = False, tenant: Tenant | None = None) -> Access:
    return access_of(CATALOG, read_roles({"user": {"tables": tables}}, tenant)["user"], backend=backend)


def test_what_is_not_allowed_is_not_there() -> None:
    found = access({"users": {"select": {"columns": ["id", "name"], "filter": MINE, "limit": 5}}})
    assert list(found.catalog.tables) == ["users"]
    users = found.catalog.tables["users"]
    assert list(users.columns) == ["id", "name"]
    assert not users.relations
    assert (users.may_select, users.may_insert, users.may_update, users.may_delete) == (True, False, False, False)
    assert found.rules["users"].limit == 5
    assert found.rules["users"].select.variables == {"x-hasura-user-id"}
    assert found.variables == ("x-hasura-user-id",)
    assert found.broken == ()


@pytest.mark.parametrize(("rule", "required"), [({}, True), (MINE, False)])
def test_a_row_that_a_rule_may_hide_is_not_required(rule: dict[str, Any], required: bool) -> None:
    """Else a typed client meets null where its type has none."""
    orders = CATALOG.tables["orders"]
    user = replace(orders.relations["user"], required=True)
    catalog = replace(CATALOG, tables={**CATALOG.tables, "orders": replace(orders, relations={"user": user})})
    everything = {"select": {"columns": "*", "filter": {}}}
    given = {"orders": everything, "users": {"select": {"columns": "*", "filter": rule}}}
    found = access_of(catalog, read_roles({"user": {"tables": given}}, None)["user"], backend=False)
    assert found.catalog.tables["orders"].relations["user"].required is required


def test_a_guess_at_the_number_of_rows_is_nobodys_but_the_admins() -> None:
    """It counts those that are hidden."""
    users = replace(CATALOG.tables["users"], estimated_rows=1_000)
    catalog = replace(CATALOG, tables={"users": users})
    given = read_roles({"user": {"tables": {"users": {"select": {"columns": "*", "filter": MINE}}}}}, None)["user"]
    assert access_of(catalog, given, backend=False).catalog.tables["users"].estimated_rows is None


def test_columns_that_are_set_or_generated_are_not_given() -> None:
    found = access({"users": {"insert": {"columns": "*", "owner": "age", "set": {"name": "Ann"}}}})
    users = found.catalog.tables["users"]
    assert list(users.insertable) == ["id", "email"]
    assert not users.columns, "what may be written need not be readable"
    assert {each.column.name for each in found.rules["users"].insert_presets} == {"age", "name"}


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        (
            {"user": {"delete": {"filter": {}}}},
            "roles.user.tables.user: there is no table 'user'; did you mean 'users'?",
        ),
        (
            {"users": {"select": {"columns": ["nmae"], "filter": {}}}},
            "roles.user.tables.users.select: 'users' has no column 'nmae'; did you mean 'name'?",
        ),
        (
            {"users": {"delete": {"filter": {"nmae": 1}}}},
            "roles.user.tables.users.delete: 'users' has no column or relation 'nmae'; did you mean 'name'?",
        ),
        (
            {"users": {"delete": {"filter": {"id": "five"}}}},
            "roles.user.tables.users.delete: Invalid value for column 'id': expected an integer",
        ),
        (
            {"users": {"delete": {"filter": {"name": {"_eq": None}}}}},
            "roles.user.tables.users.delete: Column 'name' cannot be compared with null; use _is_null",
        ),
        (
            {"users": {"insert": {"check": {}, "set": {"initial": "A"}}}},
            "roles.user.tables.users.insert: column 'initial' is made by the database and cannot be set",
        ),
        (
            {"pairs": {"insert": {"check": {}, "set": {"v": {"of": "x-hasura-user-id"}}}}},
            "roles.user.tables.pairs.insert: column 'v' is set to a session variable inside of a value",
        ),
        (
            {"users": {"update": {"columns": ["age"], "filter": {}, "set": {"name": None}}}},
            "roles.user.tables.users.update: Column 'name' cannot be null",
        ),
    ],
)
def test_a_broken_rule_denies_what_it_is_about(tables: dict[str, Any], told: str) -> None:
    found = access(tables)
    assert [str(each) for each in found.broken] == [told]
    assert not found.catalog.tables


def test_the_other_actions_of_the_table_hold() -> None:
    found = access({"users": {"select": {"columns": ["id"], "filter": {}}, "delete": {"filter": {"nmae": 1}}}})
    users = found.catalog.tables["users"]
    assert (users.may_select, users.may_delete) == (True, False)


def test_a_table_by_two_names_is_denied() -> None:
    shown = replace(CATALOG, tables={**CATALOG.tables, "users": replace(CATALOG.tables["users"], shown_as="people")})
    rule: dict[str, Any] = {"delete": {"filter": {}}}
    roles = read_roles({"user": {"tables": {"users": rule, "people": rule}}})
    assert [each.reason for each in broken_rules(shown, roles)] == ["the table is there twice, as users and people"]
    assert not access_of(shown, roles["user"], backend=False).catalog.tables
    (only,) = access_of(shown, read_roles({"user": {"tables": {"people": rule}}})["user"], backend=False).catalog
    assert only.name == "users"


def test_what_is_for_a_backend_only() -> None:
    rule = {"users": {"delete": {"filter": {}, "backend_only": True}}}
    assert not access(rule).catalog.tables
    assert access(rule, backend=True).catalog.tables["users"].may_delete


def test_the_tenant_is_in_every_rule_of_the_tables_that_have_its_column() -> None:
    tables = {
        "orders": {
            "select": {"columns": "*", "filter": {"total": {"_gt": 1}}},
            "insert": {"check": {}},
            "update": {"columns": "*", "filter": {}},
            "delete": {"filter": {}},
        },
        "logs": {"select": {"columns": "*", "filter": {}}},
    }
    found = access(tables, tenant=Tenant("user_id", "x-hasura-org"))
    rules, wanted = found.rules["orders"], {"x-hasura-org"}
    assert rules.insert_check.condition is None, "its preset makes it true"
    for rule in (rules.select, rules.update, rules.update_check, rules.delete):
        assert rule.condition is not None
        assert rule.variables == wanted
    assert [each.column.name for each in rules.insert_presets] == ["user_id"]
    assert "user_id" not in found.catalog.tables["orders"].insertable
    assert found.rules["logs"].select.condition is None


def test_a_check_by_another_name_or_spelling_is_not_taken_for_implied() -> None:
    shown = dict(CATALOG.tables["users"].columns)
    shown["age"] = replace(shown["age"], shown_as="years")
    catalog = replace(CATALOG, tables={**CATALOG.tables, "users": replace(CATALOG.tables["users"], columns=shown)})
    for rule in (
        {
            "columns": ["email"],
            "filter": {"id": {"$ceq": "age"}},
            "check": {"id": {"$ceq": "age"}},
            "set": {"years": 1},
        },
        {"columns": ["email"], "filter": {"age": 1}, "check": {"age": 1}, "set": {"years": "x-hasura-years"}},
    ):
        role = read_roles({"user": {"tables": {"users": {"update": rule}}}})["user"]
        found = access_of(catalog, role, backend=False)
        assert not found.broken
        assert found.rules["users"].update_check.condition is not None
