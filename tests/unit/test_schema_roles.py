"""Schemas of roles: the golden text of one, and of random ones that they are legal and parts of the whole schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema as parsed,
    execute_sync,
    get_introspection_query,
    get_named_type,
    is_introspection_type,
    parse,
    validate_schema,
)

from graphql_app.auth.permissions import (
    DeletePermission,
    InsertPermission,
    RolePermissions,
    SelectPermission,
    TablePermissions,
    UpdatePermission,
)
from graphql_app.engine.access.access import Access, access_of
from schema_gen.catalog.model import Catalog, Table
from schema_gen.graphql.schema import BuiltSchema, sdl
from schema_gen.introspection.chunks import introspection_parts
from tests.harness import golden
from tests.unit.schema_shop import SHOP, built

CASES = Path(__file__).parents[1] / "cases" / "schema"
WHOLE = built(SHOP)
ORDERS_OF_USER = {"customer_id": {"_eq": "X-Hasura-User-Id"}}
USER = RolePermissions(
    "user",
    {
        "customers": TablePermissions(
            SelectPermission(frozenset({"email", "mood", "settings"}), {"id": {"_eq": "X-Hasura-User-Id"}}),
            update=UpdatePermission(frozenset({"settings", "status"}), {"id": {"_eq": "X-Hasura-User-Id"}}),
        ),
        "orders": TablePermissions(
            SelectPermission(None, ORDERS_OF_USER, allow_aggregations=True),
            InsertPermission(frozenset({"placed", "pickup"}), {}, {"customer_id": "X-Hasura-User-Id"}),
            delete=DeletePermission(ORDERS_OF_USER),
        ),
        "order_items": TablePermissions(
            SelectPermission(frozenset({"order_id", "amount"}), {}, query_root_fields=frozenset({"select"})),
            InsertPermission(None, {}),
        ),
        "log": TablePermissions(insert=InsertPermission(None, {})),
    },
)


def view(role: RolePermissions, catalog: Catalog = SHOP) -> Access:
    """What a role sees of the shop."""
    return access_of(catalog, role, backend=False)


def test_a_roles_schema_as_text(request: pytest.FixtureRequest) -> None:
    """Columns that cannot be read are in no type but in inputs, keys that cannot be read find nothing."""
    schema = WHOLE.of_view(view(USER).catalog).schema
    golden.check(CASES / "shop_user.graphql", sdl(schema) + "\n", update=request.config.getoption("--update-golden"))


def random_role(random: Random, catalog: Catalog) -> RolePermissions:
    """Some permissions on some tables."""
    tables = {table.name: _random_table(random, table) for table in catalog if random.random() < 0.7}
    return RolePermissions("user", tables)


def _random_table(random: Random, table: Table) -> TablePermissions:
    def columns() -> frozenset[str] | None:
        some = random.choice((0.0, 0.3, 0.7, 1.0))
        return None if random.random() < 0.2 else frozenset(name for name in table.columns if random.random() < some)

    def roots(*words: str) -> frozenset[str] | None:
        return None if random.random() < 0.6 else frozenset(word for word in words if random.random() < 0.5)

    reads = "select", "select_by_pk", "select_aggregate"
    first = next(iter(table.columns))
    rule: Mapping[str, object] = {} if random.random() < 0.5 else {first: {"_is_null": False}}
    aggregates = random.random() < 0.5
    select = SelectPermission(columns(), rule, None, aggregates, roots(*reads), roots(*reads, "select_stream"))
    insert, update = InsertPermission(columns(), {}), UpdatePermission(columns(), rule)
    made = TablePermissions(select, insert, update, DeletePermission(rule))
    dropped = [name for name in ("select", "insert", "update", "delete") if random.random() < 0.4]
    return replace(made, **dict.fromkeys(dropped))


def parts_of(schema: GraphQLSchema) -> dict[str, dict[str, str]]:
    """Each type's fields or values, with their named types; fields with arguments say these too."""
    found: dict[str, dict[str, str]] = {}
    for name, type_ in schema.type_map.items():
        if is_introspection_type(type_):
            continue
        members: dict[str, str] = {}
        if isinstance(type_, GraphQLObjectType):
            for key, field in type_.fields.items():
                members[key] = get_named_type(field.type).name
                members |= {f"{key}({each})": str(argument.type) for each, argument in field.args.items()}
        elif isinstance(type_, GraphQLInputObjectType):
            members = {key: str(field.type) for key, field in type_.fields.items()}
        elif isinstance(type_, GraphQLEnumType):
            members = dict.fromkeys(type_.values, "")
        found[name] = members
    return found


@cache
def whole_parts() -> dict[str, dict[str, str]]:
    """The whole schema's."""
    return parts_of(parsed(sdl(WHOLE.schema)))


@pytest.mark.parametrize("seed", range(25))
def test_random_schemas_of_roles(seed: int) -> None:
    """Each is legal, and what it has the whole schema has by the same name and type."""
    random = Random(seed)
    role = random_role(random, SHOP)
    made = WHOLE.of_view(view(role).catalog)
    schema = parsed(sdl(made.schema))
    assert validate_schema(schema) == []
    whole = whole_parts()
    for name, members in parts_of(schema).items():
        extra = {key: type_ for key, type_ in members.items() if whole[name].get(key) != type_}
        extra.pop("_PLACEHOLDER", None)
        extra.pop("no_queries_available", None)
        assert not extra, (name, extra)
    check_reach(made, role, schema)
    check_introspection(made)


def check_reach(made: BuiltSchema, role: RolePermissions, schema: GraphQLSchema) -> None:
    """Columns are in the types of rows if they can be read, in inputs if they can be given; roots are those allowed."""
    shown = parts_of(schema)
    names = made.schema.growth.registry.names
    for table in SHOP:
        own, permissions = names.table(table.name), role.tables.get(table.name, TablePermissions())
        select, insert, update = permissions.select, permissions.insert, permissions.update
        every = frozenset(table.columns)
        readable, given, changed = (
            frozenset[str]() if each is None else every if each.columns is None else each.columns
            for each in (select, insert, update)
        )
        for type_, allowed in (
            (own.type, readable), (own.types.bool_exp, readable), (own.types.order_by, readable),
            (own.types.select_column, readable), (own.types.max_fields, readable), (own.types.group_key, readable),
            (own.types.insert_input, given), (own.types.set_input, changed), (own.types.update_column, changed),
        ):  # fmt: skip
            in_type = {column for column in every if own.columns[column] in shown.get(type_, {})}
            assert in_type <= allowed, (type_, in_type - allowed)
        reads, writes = shown["query_root"].keys(), shown.get("mutation_root", {}).keys()
        listed = select is not None and (select.query_root_fields is None or "select" in select.query_root_fields)
        assert (own.roots.list in reads) == (listed and bool(readable))
        assert own.roots.aggregate not in reads or (select is not None and select.allow_aggregations)
        assert own.roots.insert not in writes or insert is not None
        assert own.roots.update not in writes or update is not None
        assert (own.roots.delete in writes) == (permissions.delete is not None and table.writable)
        assert "returning" not in shown.get(own.types.mutation_response, {}) or readable


def check_introspection(made: BuiltSchema) -> None:
    """Introspection in pieces says what graphql-core says, whatever the order of types.

    Conditions on a table that nothing takes may be there too.
    """
    document = parse(get_introspection_query())
    told = orjson.loads(b"".join(introspection_parts(lambda: made.again().schema, document)))
    expected = execute_sync(made.schema.graphql, document).data
    assert expected is not None

    found, known = ({each["name"]: each for each in data["__schema"]["types"]} for data in (told, expected))
    assert all(name.endswith("_bool_exp") for name in found.keys() - known.keys())
    for name, type_ in known.items():
        assert orjson.dumps(found[name]) == orjson.dumps(type_), name
