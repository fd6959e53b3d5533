"""Types made when they are asked for: whatever is asked first, they are those of the whole schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_introspection_query, parse, validate, validate_schema

from schema_gen.graphql.schema import BuiltSchema
from schema_gen.introspection.chunks import introspection_parts
from schema_gen.introspection.standard_query import introspection
from schema_gen.introspection.writer import NotPlain
from schema_gen.names.naming import Style
from tests.unit.schema_shop import SHOP, built

STYLES: tuple[Style, ...] = ("snake", "camel")


def made(of: BuiltSchema) -> set[str]:
    """The names of the types that are there."""
    return set(of.schema.growth.registry.types)


def test_a_schema_that_nobody_asks_has_no_types() -> None:
    assert len(made(built(SHOP))) == 3, "the root types alone"


def test_a_request_makes_what_it_names() -> None:
    shop = built(SHOP)
    document = parse("query ($id: Int!) { orders_by_pk(id: $id) { id customer { id } } }")
    assert validate(shop.schema.graphql, document) == []
    assert "orders" in made(shop)
    assert "products_bool_exp" not in made(shop)
    assert len(made(shop)) < 60


@pytest.mark.parametrize("style", STYLES)
def test_every_type_is_found_by_its_name_alone(style: Style) -> None:
    """Each asked of a schema in which nothing was asked before."""
    whole = built(SHOP, style)
    names = [name for name in whole.schema.graphql.type_map if not name.startswith("__")]
    assert len(names) > 300
    for name in names[::7]:
        found = built(SHOP, style).schema.graphql.type_map[name]
        assert str(found) == name
        expected = whole.schema.graphql.type_map[name]
        assert sorted(getattr(found, "fields", ())) == sorted(getattr(expected, "fields", ()))
        if (name in whole.field_roles.by_type) and not name.endswith("oot"):
            assert built(SHOP, style).field_roles.of(name) == whole.field_roles.of(name)


def test_what_does_not_exist_is_not_made() -> None:
    shop = built(SHOP)
    types = shop.schema.graphql.type_map
    for name in ("nothing", "orders_nothing", "vector_array_comparison_exp"):
        assert types.get(name) is None
    assert len(made(shop)) == 3
    query = shop.schema.graphql.query_type
    assert isinstance(query, GraphQLObjectType)
    assert query.fields.get("nothing") is None
    assert ("query_root", "nothing") not in shop.roots
    assert ("query_root", "orders") in shop.roots


def test_the_whole_schema_is_valid() -> None:
    """Strawberry looks at a schema before its types are made."""
    schema = built(SHOP).schema.graphql
    assert len(schema.type_map) > 300
    schema._validation_errors = None
    assert validate_schema(schema) == []


def sorted_types(data: Any) -> Any:
    for type_ in data["__schema"]["types"]:
        for key in ("fields", "inputFields"):
            type_[key] = sorted(type_[key] or (), key=lambda field: str(field["name"]))
    data["__schema"]["types"].sort(key=lambda type_: type_["name"])
    return data


@pytest.mark.parametrize("style", STYLES)
def test_introspection_in_parts_says_the_same(style: Style) -> None:
    """But for the order of types, which has no meaning."""
    query = get_introspection_query()
    parts = introspection_parts(lambda: built(SHOP, style).schema, parse(query))
    expected = json.loads(introspection(built(SHOP, style).schema, query))["data"]
    assert sorted_types(json.loads(b"".join(parts))) == sorted_types(expected)


QUESTIONS = (
    '{ __type(name: "orders") { name fields { name type { name kind } } } }',
    '{ __type(name: "nothing") { name } t: __type(name: "query_root") { fields { name args { name } } } }',
    "{ a: __schema { queryType { name } types { name } } b: __schema { mutationType { fields { name } } } }",
    "{ __schema { types { n: name fields { name } g: fields { description } } directives { name args { name } } } }",
    "{ ...F } fragment F on query_root { __schema { description subscriptionType { name } } }",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_other_questions_in_parts(question: str) -> None:
    def ordered(value: Any) -> Any:
        if isinstance(value, list):
            return sorted((ordered(each) for each in value), key=repr)
        return {key: ordered(each) for key, each in value.items()} if isinstance(value, dict) else value

    parts = introspection_parts(lambda: built(SHOP).schema, parse(question))
    expected = json.loads(introspection(built(SHOP).schema, question))["data"]
    assert ordered(json.loads(b"".join(parts))) == ordered(expected)


@pytest.mark.parametrize(
    "question",
    [
        "{ orders { id } }",
        "mutation { __typename }",
    ],
)
def test_what_is_not_plain_is_left_to_graphql_core(question: str) -> None:
    with pytest.raises(NotPlain):
        list(introspection_parts(lambda: built(SHOP).schema, parse(question)))


def test_a_database_without_tables() -> None:
    from schema_gen.catalog.model import EMPTY_CATALOG

    parts = introspection_parts(lambda: built(EMPTY_CATALOG).schema, parse(get_introspection_query()))
    types = json.loads(b"".join(parts))["__schema"]["types"]
    query = next(type_ for type_ in types if type_["name"] == "query_root")
    assert [field["name"] for field in query["fields"]] == ["no_tables"]
    assert "String" in {type_["name"] for type_ in types}
