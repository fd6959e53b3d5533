"""The GraphQL schema of a catalog: the text of it, the meaning of every name, and what it does not hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema as schema_of_text,
    is_introspection_type,
    print_schema,
    validate_schema,
)
from graphql.utilities import lexicographic_sort_schema

from schema_gen.catalog.model import EMPTY_CATALOG, Catalog, Column, ColumnType
from schema_gen.graphql.roots import MUTATIONS, QUERIES, STREAMS
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.schema import build_schema, sdl
from schema_gen.names.naming import Style, build_names
from schema_gen.strawberry_core.roles import (
    Action,
    AggregateFunction,
    Argument,
    ColumnField,
    Comparison,
    Connective,
    CountPart,
    RelationAggregateField,
    RelationField,
    ResultField,
    RootField,
)
from schema_gen.types.column_types import type_of
from schema_gen.types.type_rows import ROWS
from tests.harness import golden
from tests.unit.schema_shop import CART, PRIMARY, SHOP, built, catalog, column, nobody, table

CASES = Path(__file__).parents[1] / "cases" / "schema"


def members(schema: GraphQLSchema, name: str) -> dict[str, str]:
    """Fields of an object or input type and their types, as text."""
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType | GraphQLInputObjectType)
    return {each: str(field.type) for each, field in type_.fields.items()}


# --- the whole text ---------------------------------------------------------


@pytest.mark.parametrize(("name", "shop", "style"), [("shop", SHOP, "snake"), ("cart_camel", CART, "camel")])
def test_the_schema_is_this_text(name: str, shop: Catalog, style: Style, request: pytest.FixtureRequest) -> None:
    """The golden text; a change of the vocabulary shows in the diff."""
    text = sdl(built(shop, style).schema)
    golden.check(CASES / f"{name}.graphql", text + "\n", update=request.config.getoption("--update-golden"))


def test_strawberrys_text_is_graphql_cores() -> None:
    """Strawberry's printer reads its definitions, graphql-core's the types made of them: both tell the same."""
    schema = built(SHOP).schema
    again = schema_of_text(sdl(schema))
    assert print_schema(lexicographic_sort_schema(again)) == print_schema(lexicographic_sort_schema(schema.graphql))


def test_the_schema_is_valid() -> None:
    """graphql-core finds nothing wrong, with nothing remembered from the build."""
    made = GraphQLSchema(**built(SHOP).schema.graphql.to_kwargs())
    assert validate_schema(made) == []


# --- meanings ---------------------------------------------------------------


@pytest.mark.parametrize("style", ["snake", "camel"])
def test_every_generated_name_has_a_meaning(style: Style) -> None:
    """Every field of every object and input, every argument, and no more than those."""
    made = built(SHOP, style)
    types = [each for each in made.schema.graphql.type_map.values() if not is_introspection_type(each)]
    composite = [each for each in types if isinstance(each, GraphQLObjectType | GraphQLInputObjectType)]
    assert set(made.field_roles) == {(type_.name, name) for type_ in composite for name in type_.fields}
    assert len(made.field_roles) == len(set(made.field_roles))
    taking = {
        (type_.name, name): set(field.args)
        for type_ in composite
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if field.args
    }
    assert {key: set(field_roles) for key, field_roles in made.arguments.items()} == taking


def test_meanings_are_these() -> None:
    """One of each kind, in camelCase, where no name can be taken for a database's."""
    made = built(SHOP, "camel")
    orders = SHOP.tables["customers"].relations["orders"]
    customer = SHOP.tables["orders"].relations["customer"]
    assert made.field_roles["Orders", "fromAddress"] == ColumnField("from_address")
    assert made.field_roles["Orders", "customer"] == RelationField(customer)
    assert made.field_roles["Customers", "orders"] == RelationField(orders)
    assert made.field_roles["Customers", "ordersAggregate"] == RelationAggregateField(orders)
    assert made.field_roles["CustomersBoolExp", "_or"] is Connective.OR
    assert made.field_roles["CustomersBoolExp", "ordersAggregate"] == RelationAggregateField(orders)
    assert made.field_roles["OrdersAggregateBoolExp", "count"] == AggregateFunction("count")
    assert made.field_roles["OrdersAggregateBoolExpCount", "predicate"] is CountPart.PREDICATE
    assert made.field_roles["IntComparisonExp", "_isNull"] == Comparison("_is_null")
    assert made.field_roles["CustomersOrderBy", "ordersAggregate"] == RelationAggregateField(orders)
    assert made.field_roles["OrdersAggregateFields", "stddevPop"] == AggregateFunction("stddev_pop")
    assert made.field_roles["OrdersAggregate", "nodes"] is ResultField.NODES
    assert made.field_roles["OrdersMutationResponse", "affectedRows"] is ResultField.AFFECTED_ROWS
    assert made.field_roles["OrdersSetInput", "customerId"] == ColumnField("customer_id")
    assert made.roots["query_root", "orderItemsByPk"] == RootField("order_items", Action.BY_PK)
    assert made.roots["mutation_root", "insertOrdersOne"] == RootField("orders", Action.INSERT_ONE)
    assert made.arguments["query_root", "orders"]["distinctOn"] is Argument.DISTINCT_ON
    assert made.arguments["query_root", "orderItemsByPk"]["productId"] == ColumnField("product_id")
    assert made.arguments["Customers", "orders"]["orderBy"] is Argument.ORDER_BY
    assert made.arguments["OrdersAggregateFields", "count"]["columns"] is Argument.COLUMNS
    assert made.arguments["mutation_root", "updateOrdersByPk"]["pkColumns"] is Argument.PK_COLUMNS


def test_roots_are_all_root_fields() -> None:
    """`roots` is what the root types mean; subscriptions have the fields of queries, the very same, and streams."""
    made = built(SHOP)
    core = made.schema.graphql
    types = (core.query_type, core.mutation_type, core.subscription_type)
    assert set(made.roots) == {(type_.name, name) for type_ in types if type_ for name in type_.fields}
    by_table: dict[str, set[Action]] = {}
    for root in made.roots.values():
        by_table.setdefault(root.table, set()).add(root.action)
    by_key = {Action.BY_PK, Action.UPDATE_BY_PK, Action.DELETE_BY_PK}
    assert by_table["orders"] == set(QUERIES) | set(MUTATIONS) | set(STREAMS)
    assert by_table["log"].isdisjoint({*by_key, Action.STREAM})
    assert by_table["sales"] < set(QUERIES)


def test_subscriptions_share_the_fields_of_queries() -> None:
    """The same objects, not equal ones: a schema of a thousand tables has thousands of them."""
    made = built(SHOP)
    core = made.schema.graphql
    assert core.query_type
    assert core.subscription_type
    live = core.subscription_type.fields
    for name, field in core.query_type.fields.items():
        assert live[name] is field
        assert made.arguments.get(("subscription_root", name)) is made.arguments.get(("query_root", name))
        assert made.field_roles["subscription_root", name] is made.field_roles["query_root", name]
    streams = {name for name, root in made.roots.items() if root.action is Action.STREAM}
    assert {name for _, name in streams} == set(live) - set(core.query_type.fields)


def test_a_relation_that_takes_no_arguments_is_in_no_table_of_arguments() -> None:
    """To-one relations and columns."""
    made = built(SHOP)
    assert ("orders", "customer") not in made.arguments
    assert ("orders", "id") not in made.arguments
    with pytest.raises(KeyError):
        made.field_roles["orders", "nothing"]


# --- enums are plain texts --------------------------------------------------


def test_enum_values_are_handed_over_as_plain_texts() -> None:
    """Columns under their database names, directions in snake case, members as they are."""
    types = built(SHOP, "camel").schema.graphql.type_map
    columns, directions, members_ = types["OrdersSelectColumn"], types["OrderBy"], types["CustomersStatusEnum"]
    assert isinstance(columns, GraphQLEnumType)
    assert isinstance(directions, GraphQLEnumType)
    assert isinstance(members_, GraphQLEnumType)
    assert columns.coerce_input_value("fromAddress") == "from_address"
    assert type(columns.coerce_input_value("fromAddress")) is str
    assert directions.coerce_input_value("ASC_NULLS_FIRST") == "asc_nulls_first"
    assert members_.coerce_input_value("gone") == "gone"
    assert members_.coerce_output_value("gone") == "gone"


def test_an_odd_column_name_comes_back_from_its_enum_value() -> None:
    """The public name is legal, the value is the database's."""
    shop = catalog([table("t", [column("größe", "int"), column("2fa", "int")])])
    type_ = built(shop).schema.graphql.type_map["t_select_column"]
    assert isinstance(type_, GraphQLEnumType)
    assert {name: value.value for name, value in type_.values.items()} == {"grosse": "größe", "_2fa": "2fa"}


# --- what is left out -------------------------------------------------------


def test_views_have_no_mutations_and_keyless_tables_no_by_pk() -> None:
    """Nothing is offered that cannot be done."""
    roots = {root for _, root in built(SHOP).roots}
    assert not [name for name in roots if "sales" in name and name.startswith(("insert", "update", "delete"))]
    assert {"log", "log_aggregate", "insert_log", "update_log", "delete_log"} <= roots
    assert roots.isdisjoint({"log_by_pk", "update_log_by_pk", "delete_log_by_pk", "sales_by_pk"})


def test_generated_columns_are_read_only() -> None:
    """They are in no input of values, but in conditions and orders."""
    schema = built(SHOP).schema.graphql
    assert "initial" in members(schema, "customers")
    assert "initial" in members(schema, "customers_bool_exp")
    assert "initial" in members(schema, "customers_order_by")
    assert "initial" not in members(schema, "customers_insert_input")
    assert "initial" not in members(schema, "customers_set_input")


def test_functions_have_only_columns_they_apply_to() -> None:
    """No sum of texts, no maximum of JSON, and no type without fields."""
    schema = built(SHOP).schema.graphql
    assert members(schema, "customers_sum_fields") == {"id": "bigint"}
    assert members(schema, "products_sum_fields") == {
        "id": "bigint",
        "category_id": "bigint",
        "price": "decimal",
        "weight": "Float",
    }
    assert members(schema, "products_avg_fields")["price"] == "Float"
    assert "settings" not in members(schema, "customers_max_fields")
    assert members(schema, "products_max_fields")["price"] == "decimal"
    assert "log_sum_fields" not in schema.type_map
    assert "sum" not in members(schema, "log_aggregate_fields")
    assert "log_inc_input" not in schema.type_map


def test_types_that_nothing_leads_to_are_not_made() -> None:
    """Orders by an aggregate exist for tables that are the far end of a list."""
    types = built(SHOP).schema.graphql.type_map
    assert "orders_aggregate_order_by" in types
    assert "customers_aggregate_order_by" not in types
    assert "customers_aggregate_bool_exp" not in types


def test_nullability_follows_the_catalog() -> None:
    """Keys and NOT NULL columns are non-null, and to-one relations where every row has one."""
    customers = members(built(SHOP).schema.graphql, "customers")
    assert customers["id"] == "Int!"
    assert customers["status"] == "customers_status_enum!"
    assert customers["mood"] == "String"
    assert customers["interests"] == "[String!]"
    assert customers["profiles"] == "profiles"  # its foreign key is unique
    assert members(built(SHOP).schema.graphql, "orders")["customer"] == "customers!"
    assert members(built(SHOP).schema.graphql, "products")["category"] == "categories"


def test_a_key_column_is_never_null() -> None:
    """Whatever the catalog says of its column."""
    shop = catalog([table("t", [column("id", "int", nullable=True)], PRIMARY)])
    assert members(built(shop).schema.graphql, "t")["id"] == "Int!"


def test_comments_are_descriptions() -> None:
    """Of tables, and of columns where they are read and written."""
    types = built(SHOP).schema.graphql.type_map
    customers, new = types["customers"], types["customers_insert_input"]
    assert isinstance(customers, GraphQLObjectType)
    assert isinstance(new, GraphQLInputObjectType)
    assert customers.description == "Who buys"
    assert customers.fields["email"].description == "Where invoices go"
    assert new.fields["email"].description == "Where invoices go"


def test_a_table_of_shapes_cannot_be_ordered() -> None:
    """Where no column can be compared there is no order, and what would lead to it is missing."""
    shop = catalog([table("shapes", [column("shape", "polygon")])])
    schema = built(shop).schema.graphql
    assert "shapes_order_by" not in schema.type_map
    assert members(schema, "shapes_bool_exp")["shape"] == "geometry_comparison_exp"
    assert members(schema, "geometry_comparison_exp") == {"_is_null": "Boolean"}
    assert schema.query_type is not None
    assert set(schema.query_type.fields["shapes"].args) == {"distinct_on", "limit", "offset", "where"}


def test_a_table_of_generated_columns_takes_no_values() -> None:
    """Rows can be deleted, nothing else."""
    shop = catalog([table("t", [column("sum", "int", generated=True)])])
    assert {name for type_, name in built(shop).roots if type_ == "mutation_root"} == {"delete_t"}


def test_an_empty_database_has_a_schema() -> None:
    """With one field that says so, and without mutations."""
    made = built(EMPTY_CATALOG)
    assert made.schema.graphql.query_type is not None
    assert list(made.schema.graphql.query_type.fields) == ["no_tables"]
    assert made.field_roles["query_root", "no_tables"] is ResultField.NO_TABLES
    assert made.schema.graphql.mutation_type is None
    assert made.roots == {}
    assert made.schema.execute_sync("{ no_tables }").data == {"no_tables": None}


# --- conditions per type of column ------------------------------------------


@pytest.mark.parametrize("row", sorted(ROWS))
def test_every_type_of_column_can_be_shown(row: str) -> None:
    """Every row of `column_types` has a scalar, and a type of conditions with the operators of its groups."""
    type_ = ROWS[row]
    assert type_.scalar in SCALAR_TYPES
    base, _, word = row.partition(" ")
    parts = {"unsigned": word == "unsigned", "scale": 2 if word == "scaled" else None}
    length = {"boolean": 1, "bit": 8, "bit long": 64}.get(row)
    kind = ColumnType("tinyint" if row == "boolean" else base, length=length, **parts)  # type: ignore[arg-type]
    shown = Column("c", kind, True, 1)
    assert type_of(shown).scalar == type_.scalar
    schema = built(catalog([table("t", [shown])])).schema.graphql
    conditions = members(schema, members(schema, "t_bool_exp")["c"])
    assert ("_eq" in conditions, "_gt" in conditions, "_like" in conditions, "_is_null" in conditions) == (
        "equality" in type_.operators,
        "order" in type_.operators,
        "text" in type_.operators,
        True,
    )


def test_columns_of_one_scalar_share_their_conditions() -> None:
    """One type per scalar needs one set of operators per scalar."""
    groups: dict[tuple[str, bool], frozenset[str]] = {}
    for name, row in ROWS.items():
        assert groups.setdefault((row.scalar, row.is_list), row.operators) == row.operators, name


def test_counts_are_compared_as_integers() -> None:
    """`Int_comparison_exp` is one type, whoever mentions it first."""
    schema = built(SHOP).schema.graphql
    assert members(schema, "orders_aggregate_bool_exp_count") == {
        "arguments": "[orders_select_column!]",
        "distinct": "Boolean",
        "filter": "orders_bool_exp",
        "predicate": "Int_comparison_exp!",
    }
    assert members(schema, "Int_comparison_exp")["_between"] == "[Int!]"
    assert members(schema, "String_array_comparison_exp")["_in"] == "[[String!]!]"
    assert members(schema, "customers_status_enum_comparison_exp")["_in"] == "[customers_status_enum!]"


def test_wrappers_of_the_root_list() -> None:
    """A list of rows is never null, nor is a row in it."""
    query = built(SHOP).schema.graphql.query_type
    assert query is not None
    type_ = query.fields["orders"].type
    assert isinstance(type_, GraphQLNonNull)
    assert isinstance(type_.of_type, GraphQLList)
    assert str(type_) == "[orders!]!"
    assert isinstance(built(SHOP).schema.graphql.type_map["bigint"], GraphQLScalarType)


def test_names_that_differ_in_style_only_are_no_trouble() -> None:
    """The names decide; the schema takes what they give."""
    shop = catalog([table("a_b", [column("c_d", "int")]), table("aB", [column("cD", "int")])])
    made = build_schema(shop, build_names(shop, "camel"), resolver=nobody)
    assert {root.table for root in made.roots.values()} == {"a_b", "aB"}
