"""Hasura's metadata as configuration: a directory for the sample shop, served as it is; what is not honoured."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from graphql_app.auth.hasura.metadata import read_metadata
from graphql_app.auth.hasura.source import MetadataError
from graphql_app.auth.permissions import ADDRESS, NO_LIMITS, WHOLE_ROLE, RoleLimits
from graphql_app.cli.check import run_check
from graphql_app.config.settings import Settings
from graphql_app.runtime.rate_limit import Rate
from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.roles_shop import SECRET, RolesApp, roles_app

pytestmark = pytest.mark.anyio

DIRECTORY = Path(__file__).parent / "hasura_metadata"
MINE = 7
"""A customer of the sample with orders."""


@pytest.fixture
async def app(engine: Engine, shop_database: str, open_app: OpenApp) -> AsyncIterator[RolesApp]:
    """The program with the directory as it is."""
    settings = {"HASURA_METADATA": str(DIRECTORY), "ADMIN_SECRET": SECRET}
    async with roles_app(open_app, engine.environment(shop_database) | settings) as found:
        yield found


def export(folder: Path) -> Path:
    """The same metadata as Hasura's API exports it."""

    def read(path: Path) -> Any:
        return resolved(yaml.safe_load(path.read_text()), path.parent)

    def resolved(value: Any, place: Path) -> Any:
        if isinstance(value, dict):
            return {key: resolved(each, place) for key, each in value.items()}
        if isinstance(value, list):
            return [resolved(each, place) for each in value]
        if isinstance(value, str) and value.startswith("!include "):
            return read(place / value.removeprefix("!include "))
        return value

    parts = {path.stem: read(path) for path in DIRECTORY.glob("*.yaml") if path.stem != "version"}
    found = {"version": 3, "sources": read(DIRECTORY / "databases" / "databases.yaml"), **parts}
    file = folder / "metadata.json"
    file.write_text(json.dumps({"resource_version": 12, "metadata": found}))
    return file


async def test_the_directory_is_served(app: RolesApp, engine: Engine, shop_database: str) -> None:
    """Names, relations, rows and columns are those that the metadata says."""
    query = """{
      people {
        id birthday homes { id }
        purchases(order_by: {id: asc}) { id bill_to { street } lines { quantity product { name } } }
      }
    }"""
    (person,) = (await app.data("user", query, MINE))["people"]
    orders = engine.execute(f"SELECT id FROM orders WHERE customer_id = {MINE} ORDER BY id", shop_database)
    homes = engine.execute(f"SELECT COUNT(*) FROM addresses WHERE customer_id = {MINE}", shop_database)
    assert person["id"] == MINE
    assert [int(each["id"]) for each in person["purchases"]] == [row[0] for row in orders]
    assert len(person["homes"]) == homes[0][0]
    assert all(line["product"] is not None for each in person["purchases"] for line in each["lines"])
    categories = (await app.data("visitor", "{ categories { id above { name } below { name } } }"))["categories"]
    assert any(each["above"] for each in categories)
    assert any(each["below"] for each in categories)


async def test_what_a_role_may_not_is_not_there(app: RolesApp) -> None:
    for role, query in (
        ("visitor", "{ people { id } }"),
        ("visitor", "{ products { stock } }"),
        ("visitor", "{ products_aggregate { aggregate { count } } }"),
        ("user", "{ customers { id } }"),
        ("user", "{ people { phone } }"),
        ("user", "mutation { delete_people(where: {}) { affected_rows } }"),
        ("service", "mutation { delete_orders(where: {}) { affected_rows } }"),
    ):
        errors = (await app.answer(role, query, MINE))["errors"]
        assert errors[0]["extensions"]["code"] == "validation-failed", (role, query)
    assert len((await app.data("visitor", "{ products { id weight } }"))["products"]) == 20
    assert (await app.data("user", "{ products_aggregate { aggregate { count } } }", MINE))["products_aggregate"]


async def test_an_inherited_role_reads_what_either_parent_reads(
    app: RolesApp, engine: Engine, shop_database: str
) -> None:
    found = (await app.data("regular", "{ people(order_by: {id: asc}) { id } }", MINE))["people"]
    wanted = engine.execute(f"SELECT id FROM customers WHERE newsletter OR id = {MINE} ORDER BY id", shop_database)
    assert [each["id"] for each in found] == [row[0] for row in wanted]
    update = "mutation { update_people(where: {}, _set: {newsletter: true}) { affected_rows } }"
    assert "errors" in await app.answer("regular", update, MINE), "only one of them may"


async def test_the_depth_of_a_role_is_bounded(app: RolesApp) -> None:
    deep = "{ categories { above { above { name } } } }"
    told = (await app.answer("visitor", deep))["errors"][0]["message"]
    assert told == "The document holds more than 3 levels."
    assert "errors" not in await app.answer("user", deep, MINE)


async def test_what_is_for_a_backend_needs_its_header(app: RolesApp) -> None:
    query = "{ __schema { mutationType { fields { name } } } }"
    assert (await app.data("service", query))["__schema"]["mutationType"] is None
    headers = app.headers("service") | {"x-hasura-use-backend-only-permissions": "true"}
    answer = (await app.http.post("/graphql", json={"query": query}, headers=headers)).json()
    assert {"name": "insert_orders"} in answer["data"]["__schema"]["mutationType"]["fields"]


def test_an_export_says_the_same(tmp_path: Path) -> None:
    directory, file = read_metadata(DIRECTORY), read_metadata(export(tmp_path))
    assert file.customization == directory.customization
    assert {name: role.tables for name, role in file.roles.items()} == {
        name: role.tables for name, role in directory.roles.items()
    }


def test_check_reads_it(engine: Engine, shop_database: str) -> None:
    given = {name.lower(): value for name, value in engine.environment(shop_database).items()}
    lines: list[str] = []
    assert run_check(Settings.model_validate(given | {"hasura_metadata": DIRECTORY}), lines.append), lines
    assert any(line.startswith("roles      5: ") for line in lines)


def test_limits_of_all_roles_and_of_one(tmp_path: Path) -> None:
    """A role's own go before those of all; rates are those of a role together, of an address, or of variables."""
    copied = Path(shutil.copytree(DIRECTORY, tmp_path / "metadata"))
    unique: list[str] = ["X-Hasura-User-Id", "x-hasura-org"]
    limits = {
        "depth_limit": {"global": 9, "per_role": {"visitor": 3}},
        "rate_limit": {
            "global": {"max_reqs_per_min": 600, "unique_params": None},
            "per_role": {
                "visitor": {"max_reqs_per_min": 10, "unique_params": "IP"},
                "user": {"max_reqs_per_min": 60, "unique_params": unique},
            },
        },
    }
    (copied / "api_limits.yaml").write_text(json.dumps(limits))
    found = {name: role.limits for name, role in read_metadata(copied).roles.items()}
    assert found["visitor"] == RoleLimits(3, rate=Rate(10, 60), rate_by=ADDRESS)
    assert found["user"] == RoleLimits(9, rate=Rate(60, 60), rate_by=("x-hasura-org", "x-hasura-user-id"))
    others = {limits for name, limits in found.items() if name not in ("visitor", "user")}
    assert others == {RoleLimits(9, rate=Rate(600, 60), rate_by=WHOLE_ROLE)}
    (copied / "api_limits.yaml").write_text(json.dumps(limits | {"disabled": True}))
    assert {role.limits for role in read_metadata(copied).roles.values()} == {NO_LIMITS}


async def test_a_role_that_is_not_told_the_structure(app: RolesApp) -> None:
    """By no door, and no name is suggested to it; what it may read it reads."""
    asked = "{ __schema { queryType { name } } }"
    assert (await app.data("visitor", asked))["__schema"]["queryType"] == {"name": "query_root"}
    assert "errors" in await app.answer("regular", asked, MINE)
    for path in ("/openapi.json", "/structure.json"):
        assert (await app.http.get(path, headers=app.headers("visitor"))).status_code == 200
        assert (await app.http.get(path, headers=app.headers("regular", MINE))).status_code == 403
    (error,) = (await app.answer("regular", "{ peopl { id } }", MINE))["errors"]
    assert error["message"] == "Cannot query field 'peopl' on type 'query_root'."
    assert "errors" not in await app.answer("regular", "{ people(limit: 1) { __typename } }", MINE)


# --- what is refused ----------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the directory, to be spoiled."""
    return Path(shutil.copytree(DIRECTORY, tmp_path / "metadata"))


ORDERS = "databases/shop/tables/orders.yaml"


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("version.yaml", {"version": 2}, "version: it takes metadata of version 3"),
        ("actions.yaml", {"actions": [{"name": "a"}]}, "actions.yaml: actions: is not honoured here"),
        ("remote_schemas.yaml", [{"name": "a"}], "remote_schemas.yaml: is not honoured here"),
        ("allow_list.yaml", [{"collection": "a"}], "allow_list.yaml: is not honoured here"),
        ("rest_endpoints.yaml", [{"name": "a"}], "rest_endpoints.yaml: is not honoured here"),
        ("cron_triggers.yaml", [{"name": "a"}], "cron_triggers.yaml: is not honoured here"),
        ("something_new.yaml", {"a": 1}, "something_new.yaml: is not honoured here"),
        (
            "graphql_schema_introspection.yaml",
            {"disabled_for_roles": ["admin"]},
            "graphql_schema_introspection.yaml: disabled_for_roles: the admin is told everything",
        ),
        ("api_limits.yaml", {"node_limit": {"global": 5}}, "api_limits.yaml: node_limit: is not honoured here"),
        ("api_limits.yaml", {"time_limit": {"global": 5}}, "api_limits.yaml: time_limit: is not honoured here"),
        ("api_limits.yaml", {"depth_limit": {"global": 0}}, "api_limits.yaml: depth_limit.global: takes a whole"),
        ("api_limits.yaml", {"depth_limit": {"others": 5}}, "api_limits.yaml: depth_limit.others: is not honoured"),
        (
            "api_limits.yaml",
            {"rate_limit": {"global": {"unique_params": "IP"}}},
            "api_limits.yaml: rate_limit.global: 'max_reqs_per_min' is missing",
        ),
        (
            "api_limits.yaml",
            {"rate_limit": {"per_role": {"user": {"max_reqs_per_min": 1, "unique_params": ["user-id"]}}}},
            'api_limits.yaml: rate_limit.per_role.user.unique_params: takes "IP", or a list of session variables',
        ),
        (
            "api_limits.yaml",
            {"depth_limit": {"per_role": {"user": "5"}}},
            "api_limits.yaml: depth_limit.per_role.user: ",
        ),
        (
            "databases/databases.yaml",
            [{"name": "a", "kind": "postgres", "tables": []}],
            "databases/databases.yaml: 0.kind: 'postgres' is no database of this program",
        ),
        ("databases/databases.yaml", [], "databases/databases.yaml: it takes one database, and there are 0"),
        (
            "databases/databases.yaml",
            [{"name": "a", "kind": "mysql", "tables": [], "functions": ["f"]}],
            "databases/databases.yaml: 0.functions: is not honoured here",
        ),
        (
            "databases/databases.yaml",
            [{"name": "a", "kind": "mysql", "tables": [], "customization": {"root_fields": {"prefix": "a"}}}],
            "databases/databases.yaml: 0.customization: is not honoured here",
        ),
        (
            "databases/databases.yaml",
            [{"name": "a", "kind": "mysql", "tables": ["!include ../../../etc/passwd"]}],
            "databases/databases.yaml: 0.tables.0: there is no file",
        ),
        (
            "inherited_roles.yaml",
            [{"role_name": "a", "role_set": ["a"]}],
            "inherited_roles.yaml: 0: the role inherits from itself",
        ),
        (ORDERS, {"event_triggers": [{"name": "a"}]}, f"{ORDERS}: event_triggers: is not honoured here"),
        (ORDERS, {"computed_fields": [{"name": "a"}]}, f"{ORDERS}: computed_fields: is not honoured here"),
        (ORDERS, {"is_enum": True}, f"{ORDERS}: is_enum: is not honoured here"),
        (
            ORDERS,
            {"configuration": {"custom_root_fields": {"select": "all_orders"}}},
            f"{ORDERS}: configuration.custom_root_fields: is not honoured here",
        ),
        (
            ORDERS,
            {
                "select_permissions": [
                    {"role": "a", "permission": {"columns": [], "filter": {}, "computed_fields": ["f"]}}
                ]
            },
            f"{ORDERS}: select_permissions.0.permission.computed_fields: is not honoured here",
        ),
        (
            ORDERS,
            {"insert_permissions": [{"role": "a", "permission": {"check": {}, "validate_input": {"type": "http"}}}]},
            f"{ORDERS}: insert_permissions.0.permission.validate_input: is not honoured here",
        ),
        (
            ORDERS,
            {"select_permissions": [{"role": "a", "permission": {"columns": ["id"]}}]},
            f"{ORDERS}: select_permissions.0.permission: needs 'filter'",
        ),
        (
            ORDERS,
            {"select_permissions": [{"role": "a", "permission": {"columns": "id", "filter": {}}}]},
            f"{ORDERS}: select_permissions.0.permission: columns: takes a list of columns",
        ),
        (
            ORDERS,
            {"delete_permissions": [{"role": "a", "permission": {"owner": "customer_id"}}]},
            f"{ORDERS}: delete_permissions.0.permission.owner: is not honoured here",
        ),
        (
            ORDERS,
            {"delete_permissions": [{"role": "a", "permission": {"filter": {}}}] * 2},
            f"{ORDERS}: delete_permissions.1: the role 'a' is there twice",
        ),
        (
            ORDERS,
            {"delete_permissions": [{"role": "admin", "permission": {"filter": {}}}]},
            "no rules can be written for the role admin",
        ),
        (
            ORDERS,
            {"object_relationships": [{"name": "a", "using": {"manual_configuration": {"source": "b", "x": 1}}}]},
            f"{ORDERS}: object_relationships.0.using.manual_configuration.",
        ),
    ],
)
def test_what_is_not_honoured_is_refused_by_file_and_key(copy: Path, file: str, change: Any, told: str) -> None:
    path = copy / file
    before = yaml.safe_load(path.read_text()) if path.exists() else {}
    path.write_text(yaml.safe_dump({**before, **change} if isinstance(change, dict) else change))
    with pytest.raises(MetadataError) as caught:
        read_metadata(copy)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("relation", "told"),
    [
        (
            {"foreign_key_constraint_on": {"table": "order_items", "column": "order_id"}},
            "the relation 'a' leads to a list of rows",
        ),
        ({"foreign_key_constraint_on": "state"}, "there is no foreign key for the relation 'a' over state"),
        (
            {"manual_configuration": {"remote_table": "nowhere", "column_mapping": {"id": "id"}}},
            "the relation of 'orders': there is no table 'nowhere'",
        ),
    ],
)
def test_relations_that_the_database_does_not_have_are_refused(
    engine: Engine, shop_database: str, copy: Path, relation: dict[str, Any], told: str
) -> None:
    path = copy / ORDERS
    before = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**before, "object_relationships": [{"name": "a", "using": relation}]}))
    given = {name.lower(): value for name, value in engine.environment(shop_database).items()}
    with pytest.raises(Exception, match=told):
        run_check(Settings.model_validate(given | {"hasura_metadata": copy}), lambda _line: None)
