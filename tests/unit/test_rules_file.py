"""`roles:` of `graphql_app.yaml`: what it may say, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphql_app.auth.configuration import read_configuration
from graphql_app.auth.permissions import RoleLimits, RolePermissions, Tenant
from graphql_app.config.overrides_file import CustomizationFileError
from graphql_app.config.settings import Settings
from graphql_app.runtime.rate_limit import Rate

MINE = {"user_id": {"_eq": "x-hasura-user-id"}}

TEXT = """
auth:
  tenant: {column: tenant_id, variable: X-Hasura-Tenant-Id}
roles:
  visitor:
    tables:
      products: {select: {columns: [id, name], filter: {published: {_eq: true}}, limit: 100}}
      orders: {select: {columns: [id], filter: {}}}
  user:
    inherits: [visitor]
    returning: visible
    limits: {max_depth: 5, max_limit: 50, max_cost: 1000, rate: 600/minute}
    tables:
      orders:
        select: {columns: "*", owner: user_id, allow_aggregations: true, query_root_fields: [select]}
        insert: {columns: [amount], owner: user_id, check: {amount: {_gt: 0}}}
        update: {columns: [amount], owner: user_id, filter: {status: {_eq: open}}}
        delete: {owner: user_id, backend_only: true}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "graphql_app.yaml"


def roles(file: Path, text: str) -> dict[str, RolePermissions] | None:
    file.write_text(text)
    found = read_configuration(Settings(config_file=file)).roles
    return None if found is None else dict(found)


def test_a_file_of_roles(file: Path) -> None:
    found = roles(file, TEXT)
    assert found is not None
    visitor, user = found["visitor"], found["user"]
    assert visitor.tenant == Tenant("tenant_id", "x-hasura-tenant-id")
    assert visitor.tables["products"].select is not None
    assert visitor.tables["products"].select.columns == frozenset({"id", "name"})
    assert visitor.tables["products"].select.limit == 100
    assert (user.returning_visible, visitor.returning_visible) == (True, False)
    assert user.limits == RoleLimits(5, 50, 1000, Rate(600, 60))


def test_what_is_not_said_is_inherited_by_table_and_action(file: Path) -> None:
    found = roles(file, TEXT)
    assert found is not None
    assert found["user"].tables["products"] == found["visitor"].tables["products"]
    orders = found["user"].tables["orders"]
    assert orders.select is not None
    assert orders.select.columns is None, "its own, not what it inherits"
    assert orders.select.query_root_fields == frozenset({"select"})


def test_owner_is_the_usual_filter_check_and_preset(file: Path) -> None:
    found = roles(file, TEXT)
    assert found is not None
    orders = found["user"].tables["orders"]
    assert orders.select is not None
    assert orders.insert is not None
    assert orders.update is not None
    assert orders.delete is not None
    assert orders.select.filter == MINE
    assert (orders.insert.check, orders.insert.set) == ({"amount": {"_gt": 0}}, {"user_id": "x-hasura-user-id"})
    assert orders.update.filter == {"_and": [MINE, {"status": {"_eq": "open"}}]}
    assert orders.update.check == MINE
    assert (orders.delete.filter, orders.delete.backend_only) == (MINE, True)


@pytest.mark.parametrize(
    ("text", "there"),
    [("", False), ("relations: []", False), ("roles:", True), ("auth:", True), ("roles: {}", True)],
)
def test_roles_are_there_as_soon_as_they_are_named(file: Path, text: str, there: bool) -> None:
    assert roles(file, text) == ({} if there else None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("roles: []", "roles: Input should be a valid dictionary"),
        (
            "roles: {user: {tables: {orders: {select: {columns: id, filter: {}}}}}}",
            'roles.user.tables.orders.select.columns: takes a list of columns, or "*"',
        ),
        (
            "roles: {user: {tables: {orders: {select: {columns: [id]}}}}}",
            "roles.user.tables.orders.select: needs 'filter' ({} for every row) or 'owner'",
        ),
        (
            "roles: {user: {tables: {orders: {insert: {columns: [id]}}}}}",
            "roles.user.tables.orders.insert: needs 'check' ({} for every row) or 'owner'",
        ),
        ("roles: {user: {tables: {orders: {delete: {}}}}}", "roles.user.tables.orders.delete: needs 'filter'"),
        (
            "roles: {user: {tables: {orders: {select: {columns: [id], filter: null}}}}}",
            "roles.user.tables.orders.select.filter: Input should be a valid dictionary",
        ),
        (
            "roles: {user: {tables: {orders: {select: {columns: [id], filter: {}, validate: 1}}}}}",
            "roles.user.tables.orders.select.validate: Extra inputs are not permitted",
        ),
        (
            "roles: {user: {tables: {orders: {select: {columns: [id], filter: {}, query_root_fields: [all]}}}}}",
            "roles.user.tables.orders.select.query_root_fields.0: Input should be 'select', 'select_by_pk'",
        ),
        ("roles: {user: {inherits: [visitor]}}", "roles.user.inherits.0: there is no role 'visitor'"),
        ("roles: {a: {inherits: [b]}, b: {inherits: [a]}}", "roles.b.inherits.0: 'a' inherits from 'b' itself"),
        ("roles: {a: {inherits: [a]}}", "roles.a.inherits.0: 'a' inherits from 'a' itself"),
        ("roles: {admin: {}}", "roles.admin: no rules can be written for the role admin"),
        ("roles: {user: {limits: {rate: 10}}}", "roles.user.limits.rate: takes a number of requests and a time"),
        ("roles: {user: {returning: all}}", "roles.user.returning: Input should be 'written' or 'visible'"),
        ("roles: {user: {}, user: {}}", "'user' is there twice (line 1)"),
        (
            "auth: {tenant: {column: tenant_id, variable: tenant}}",
            "auth.tenant.variable: 'tenant' is no session variable: their names begin with x-hasura-",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(file: Path, text: str, complaint: str) -> None:
    with pytest.raises(CustomizationFileError) as caught:
        roles(file, text)
    assert str(caught.value).startswith(f"graphql_app.yaml: {complaint}")
    assert "\n" not in str(caught.value)


def test_merged_entries_are_not_there_twice(file: Path) -> None:
    text = """
    roles:
      user: &user {tables: {orders: &orders {delete: {owner: user_id}}}}
      clerk: {tables: {orders: {<<: *orders, delete: {filter: {}}}}}
    """
    found = roles(file, text)
    assert found is not None
    assert found["clerk"].tables["orders"].delete is not None
    assert found["clerk"].tables["orders"].delete.filter == {}


def test_roles_stand_in_one_place(file: Path) -> None:
    metadata = Path(__file__).parent.parent / "contract" / "hasura_metadata"
    file.write_text("roles: {}")
    with pytest.raises(CustomizationFileError, match=r"^graphql_app.yaml: roles: HASURA_METADATA has roles, too"):
        read_configuration(Settings(config_file=file, hasura_metadata=metadata))
    file.write_text("tables: {orders: {name: buys}}")
    with pytest.raises(CustomizationFileError, match=r"tables.orders: HASURA_METADATA names it, too"):
        read_configuration(Settings(config_file=file, hasura_metadata=metadata))
    file.write_text("auth: {anonymous: visitor, tenant: {column: org, variable: x-hasura-org}}")
    found = read_configuration(Settings(config_file=file, hasura_metadata=metadata))
    assert found.auth is not None
    assert found.auth.anonymous == "visitor"
    assert found.roles is not None
    assert found.roles["user"].tenant == Tenant("org", "x-hasura-org")
