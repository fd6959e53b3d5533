"""Introspection written by ourselves: byte for byte what graphql-core answers, or left to it."""

from __future__ import annotations

import json

import orjson
import pytest
from graphql import build_client_schema, execute_sync, get_introspection_query, parse, print_schema, validate
from graphql.utilities import lexicographic_sort_schema

from schema_gen.introspection import NotPlain, introspection_of
from schema_gen.schema import introspection
from tests.unit.schema_shop import SHOP, built, catalog, column, table

SCHEMA = built(SHOP).schema

PLAIN = {
    "standard": get_introspection_query(),
    "everything": get_introspection_query(
        descriptions=True,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    ),
    "bare": get_introspection_query(descriptions=False),
    "aliases": "{ __schema { a: types { n: name kind } b: queryType { name __typename } } }",
    "one type": '{ __type(name: "orders") { fields { args { name type { ...T } } } } no: __type(name: "") { kind } }'
    " fragment T on __Type { name ofType { name ... on __Type { kind } ... { ofType { name } } } }",
    "merged": '{ __type(name: "orders") { fields { name } } __type(name: "orders") { name fields { type { name } } } }',
    "fragment on the root": "{ ...R } fragment R on query_root { __schema { mutationType { name } } }",
}
OTHER = {
    "data": "{ __schema { queryType { name } } orders { id } }",
    "a variable": "query ($n: String!) { __type(name: $n) { name } }",
    "a directive": '{ __type(name: "orders") { name @skip(if: true) kind } }',
    "a directive below": '{ __type(name: "orders") { ...T } } fragment T on __Type { name @include(if: false) kind }',
    "what Strawberry fails at": '{ __type(name: "orders") { fields { type { isOneOf } } } }',
    "a mutation": "mutation { __typename }",
    "no one operation": "query A { __schema { queryType { name } } } query B { __schema { queryType { name } } }",
}


@pytest.mark.parametrize("query", PLAIN.values(), ids=PLAIN.keys())
def test_the_answer_is_graphql_cores(query: str) -> None:
    """Order of keys, nulls and escapes included."""
    document = parse(query)
    assert not validate(SCHEMA.graphql, document)
    expected = execute_sync(SCHEMA.graphql, document)
    assert expected.errors is None
    assert introspection_of(SCHEMA.graphql, document) == orjson.dumps(expected.data)


@pytest.mark.parametrize("query", OTHER.values(), ids=OTHER.keys())
def test_what_is_not_plain_introspection_is_left_alone(query: str) -> None:
    """Variables and directives too: they would need the executor's care."""
    with pytest.raises(NotPlain):
        introspection_of(SCHEMA.graphql, parse(query))


def test_the_operation_is_chosen_by_name() -> None:
    """As in any request."""
    document = parse("query A { __schema { queryType { name } } } query B { __schema { mutationType { name } } }")
    assert introspection_of(SCHEMA.graphql, document, "B") == b'{"__schema":{"mutationType":{"name":"mutation_root"}}}'
    with pytest.raises(NotPlain):
        introspection_of(SCHEMA.graphql, document, "C")


def test_a_client_builds_the_same_schema() -> None:
    """From the standard query, as code generators do."""
    data = json.loads(introspection(SCHEMA))["data"]
    again = build_client_schema(data)
    assert print_schema(lexicographic_sort_schema(again)) == print_schema(lexicographic_sort_schema(SCHEMA.graphql))
    assert SCHEMA.introspect() == data


def test_graphql_core_answers_the_rest() -> None:
    """The same function for any introspection query."""
    body = json.loads(introspection(SCHEMA, '{ __type(name: "orders") { name @skip(if: true) kind } }'))
    assert body == {"data": {"__type": {"kind": "OBJECT"}}}


def test_text_is_written_as_it_is() -> None:
    """Quotes, backslashes and letters of any alphabet in comments."""
    comment = 'größe "in" 日本\\\n💥'
    schema = built(catalog([table("t", [column("c", "int", comment=comment)])])).schema
    body = json.loads(introspection(schema, '{ __type(name: "t") { fields { description } } }'))
    assert body == {"data": {"__type": {"fields": [{"description": comment}]}}}
