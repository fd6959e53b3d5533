"""The generated types are Strawberry's own: definitions, execution, permissions, hand-written fields beside them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    is_introspection_type,
    is_specified_scalar_type,
)
from strawberry.extensions import SchemaExtension
from strawberry.permission import BasePermission
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition, get_object_definition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

from schema_gen.graphql.added_fields import AddedFields
from schema_gen.graphql.schema import BuiltSchema, build_schema
from schema_gen.names.naming import Style, build_names
from schema_gen.strawberry_core.roles import ROOT_FIELD, Action, RootField
from tests.unit.schema_shop import SHOP, built

BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF
DEFINITIONS = {
    GraphQLObjectType: StrawberryObjectDefinition,
    GraphQLInputObjectType: StrawberryObjectDefinition,
    GraphQLScalarType: ScalarDefinition,
    GraphQLEnumType: StrawberryEnumDefinition,
}


def generated_types() -> list[Any]:
    """The graphql-core types of the shop that GraphQL does not have of itself."""
    types = built(SHOP).schema.graphql.type_map.values()
    return [each for each in types if not is_introspection_type(each) and not is_specified_scalar_type(each)]


# --- definitions ------------------------------------------------------------


def test_every_type_has_its_strawberry_definition() -> None:
    """graphql-core's types lead back to Strawberry's, as Strawberry's own schemas have it."""
    schema = built(SHOP).schema
    for type_ in generated_types():
        kind = next(definition for core, definition in DEFINITIONS.items() if isinstance(type_, core))
        definition = type_.extensions[BACKREF]
        assert isinstance(definition, kind), type_.name
        assert definition.name == type_.name
        known = schema.get_type_by_name(type_.name)
        assert known is not None
        assert getattr(known, "name", None) == type_.name


def test_every_field_and_argument_has_its_strawberry_definition() -> None:
    """In the order of the definition, under the same names."""
    for type_ in generated_types():
        if isinstance(type_, GraphQLObjectType | GraphQLInputObjectType):
            assert [field.name for field in type_.extensions[BACKREF].fields] == list(type_.fields)
            for name, field in type_.fields.items():
                definition = field.extensions[BACKREF]
                assert isinstance(definition, StrawberryField)
                assert (definition.python_name, definition.graphql_name) == (name, name)
                arguments = field.args if isinstance(field, GraphQLField) else {}
                assert [each.python_name for each in definition.arguments] == list(arguments)
                assert all(isinstance(each.extensions[BACKREF], StrawberryArgument) for each in arguments.values())


def test_strawberry_resolves_the_types_of_generated_fields() -> None:
    """What Strawberry's tools read: `field.type`, `field.arguments`, `schema.get_field_for_type`."""
    made = built(SHOP)
    orders = made.schema.get_field_for_type("orders", "customers")
    assert orders is not None
    assert isinstance(orders.type, StrawberryList)
    definition = made.schema.get_type_by_name("orders")
    assert orders.type.of_type is definition
    assert [argument.python_name for argument in orders.arguments][-1] == "where"
    assert not orders.is_graphql_generic
    assert get_object_definition(made.schema.query, strict=True).name == "query_root"


# --- execution --------------------------------------------------------------


class GraphQLRequest:
    """A resolver that keeps what it was asked, and answers with what it was given."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.roots: list[RootField] = []

    def __call__(self, source: object, info: GraphQLResolveInfo[Any]) -> object:
        self.roots.append(info.parent_type.fields[info.field_name].extensions[ROOT_FIELD])
        return self.answer


def answered_by(resolver: GraphQLRequest, **options: Any) -> BuiltSchema:
    """The shop's schema with this resolver."""
    return build_schema(SHOP, build_names(SHOP), resolver=resolver, **options)


def test_the_one_resolver_is_told_the_root_field() -> None:
    """Under aliases too, with the arguments left to it."""
    resolver = GraphQLRequest([])
    schema = answered_by(resolver).schema
    result = schema.execute_sync("{ a: orders(where: {id: {_eq: 1}}) { id } log { line } b: orders(limit: 1) { id } }")
    assert result.errors is None
    assert result.data == {"a": [], "log": [], "b": []}
    orders = RootField("orders", Action.LIST)
    assert resolver.roots == [orders, RootField("log", Action.LIST), orders]


def test_the_resolver_may_be_asynchronous() -> None:
    """Whatever it returns is awaited where it can be."""

    async def later() -> list[dict[str, object]]:
        return [{"id": 1, "customer": {"email": "a@b"}}]

    async def run() -> object:
        made = build_schema(SHOP, build_names(SHOP), resolver=lambda _source, _info: later())
        return (await made.schema.execute("{ orders { id customer { email } } }")).data

    assert run_async(run()) == {"orders": [{"id": 1, "customer": {"email": "a@b"}}]}


def run_async(coroutine: Any) -> object:
    """Runs a coroutine to its end."""
    return asyncio.run(coroutine)


def test_plain_rows_are_read_without_resolvers() -> None:
    """Mappings by field name, enums and scalars as they are, nested lists; what is missing is null."""
    row = {
        "id": 7,
        "status": "gone",
        "interests": ["music"],
        "settings": {"a": [1, None]},
        "orders": [{"id": 1}],
        "orders_aggregate": {"aggregate": {"count": 1, "sum": {"id": "1"}}},
    }
    aggregates = "orders_aggregate { aggregate { count sum { id } } }"
    text = f"{{ customers {{ id status interests settings orders {{ id }} {aggregates} mood }} }}"
    result = answered_by(GraphQLRequest([row])).schema.execute_sync(text)
    assert result.errors is None
    assert result.data == {"customers": [{**row, "mood": None}]}


def test_mutations_reach_the_resolver_in_order() -> None:
    """Serially, as GraphQL has it."""
    resolver = GraphQLRequest({"affected_rows": 1, "returning": []})
    schema = answered_by(resolver).schema
    text = """mutation ($new: [orders_insert_input!]!) {
        insert_orders(objects: $new) { affected_rows }
        update_orders(where: {}, _set: {customer_id: 2}, _inc: {vintage: 1}) { affected_rows returning { id } }
        delete_orders(where: {customer_id: {_in: [1, 2]}}) { affected_rows }
    }"""
    result = schema.execute_sync(text, {"new": [{"customer_id": 1, "placed": "2024-01-01T00:00:00"}]})
    assert result.errors is not None
    assert "vintage" in result.errors[0].message
    result = schema.execute_sync(text.replace(", _inc: {vintage: 1}", ""), {"new": [{"customer_id": 1}]})
    assert result.errors is None
    assert [root.action for root in resolver.roots] == [Action.INSERT, Action.UPDATE, Action.DELETE]


def test_wrong_names_and_values_never_reach_the_resolver() -> None:
    """Unknown columns, operators and arguments are errors, never ignored."""
    resolver = GraphQLRequest([])
    schema = answered_by(resolver).schema
    for text in (
        "{ orders(where: {nothing: {_eq: 1}}) { id } }",
        "{ orders(where: {id: {_equals: 1}}) { id } }",
        "{ orders(first: 1) { id } }",
        "{ orders(order_by: {id: up}) { id } }",
        '{ orders(where: {id: {_eq: "1"}}) { id } }',
        "{ orders(where: {placed: {_eq: 1}}) { id } }",
        "{ orders_by_pk { id } }",
        "{ orders }",
        "mutation { delete_orders { affected_rows } }",
        'mutation { insert_customers(objects: {initial: "A"}) { affected_rows } }',
    ):
        assert schema.execute_sync(text).errors, text
    assert resolver.roots == []


def test_an_object_may_stand_for_a_list() -> None:
    """`order_by`, `_and` and `objects` take one or several."""
    resolver = GraphQLRequest([])
    text = "{ orders(order_by: {id: asc}, where: {_and: {_or: {id: {_in: 1}}}}, distinct_on: id) { id } }"
    assert answered_by(resolver).schema.execute_sync(text).errors is None
    assert len(resolver.roots) == 1


def test_options_are_handed_to_strawberry() -> None:
    """Extensions and the executor's class."""
    seen: list[str] = []

    class Watching(SchemaExtension):
        def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(info.field_name)
            return _next(root, info, *args, **kwargs)

    class Executor(StrawberryGraphQLCoreExecutionContext):
        pass

    made = answered_by(GraphQLRequest([]), extensions=[Watching], execution_context_class=Executor)
    assert made.schema.execution_context_class is Executor
    assert made.schema.execute_sync("{ log { line } }").data == {"log": []}
    assert seen == ["log"]


# --- hand-written fields ----------------------------------------------------


class KnowsTheWord(BasePermission):
    """Lets in who says the word."""

    message = "say the word"

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        return bool(info.context == "please")


@strawberry.input
class Greeting:
    """A hand-written input."""

    word: str = "hello"


@strawberry.type
class Stock:
    """A hand-written type."""

    left_over: int


@strawberry.type
class Query:
    """What a user adds."""

    @strawberry.field(permission_classes=[KnowsTheWord])  # type: ignore[untyped-decorator]
    def secret_stock(self, at_least: int = 1) -> Stock:
        """A field behind a permission."""
        return Stock(left_over=at_least)

    @strawberry.field
    def greet(self, greeting: Greeting, day: str | None = None) -> str:
        """A field with an input."""
        return f"{greeting.word} {day}"


@pytest.mark.parametrize(
    ("style", "field", "argument", "inner"),
    [("snake", "secret_stock", "at_least", "left_over"), ("camel", "secretStock", "atLeast", "leftOver")],
)
def test_a_hand_written_field_stands_beside_generated_ones(style: Style, field: str, argument: str, inner: str) -> None:
    """With its permission, its types, and names in the schema's style."""
    resolver = GraphQLRequest([{"id": 1}])
    made = build_schema(SHOP, build_names(SHOP, style), resolver=resolver, added=AddedFields(query=Query))
    text = f"{{ orders {{ id }} {field}({argument}: 3) {{ {inner} }} greet(greeting: {{}}) }}"
    result = made.schema.execute_sync(text, context_value="please")
    assert result.errors is None
    assert result.data == {"orders": [{"id": 1}], field: {inner: 3}, "greet": "hello None"}
    refused = made.schema.execute_sync(text, context_value="now")
    assert refused.errors is not None
    assert [error.message for error in refused.errors] == ["say the word"]
    assert ("query_root", field) not in made.roots
    assert ("query_root", field) not in made.field_roles
    assert ("query_root", "orders") in made.roots


def test_a_hand_written_field_may_not_take_a_generated_name() -> None:
    """Said at the start, not found out later."""
    taken = strawberry.type(type("Taken", (), {"__annotations__": {"orders": int}}))
    with pytest.raises(ValueError, match="'orders' of Taken"):
        build_schema(SHOP, build_names(SHOP), resolver=GraphQLRequest([]), added=AddedFields(query=taken))


def test_a_hand_written_type_may_not_take_a_generated_name() -> None:
    """Strawberry tells both."""
    orders = strawberry.type(type("orders", (), {"__annotations__": {"a": int}}))
    taken = strawberry.type(type("Taken", (), {"__annotations__": {"mine": orders}}))
    with pytest.raises(Exception, match="orders"):
        build_schema(SHOP, build_names(SHOP), resolver=GraphQLRequest([]), added=AddedFields(query=taken))
