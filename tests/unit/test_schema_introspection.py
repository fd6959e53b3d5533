"""Introspection written by ourselves: byte for byte what graphql-core answers, or left to it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLError,
    OperationDefinitionNode,
    build_client_schema,
    execute_sync,
    get_introspection_query,
    parse,
    print_ast,
    print_schema,
    validate,
)
from graphql.utilities import lexicographic_sort_schema

from schema_gen.introspection.chunks import introspection_parts
from schema_gen.introspection.standard_query import introspection
from schema_gen.introspection.writer import Effort, NotPlain, TooMuch, introspection_of
from schema_gen.names.naming import Style
from tests.hostile.random_documents import random_introspections
from tests.hostile.run import DOCUMENTS, SEED
from tests.hostile.watchdog import watchdog
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
WITH_VARIABLES = {
    "a variable": "query ($n: String!) { __type(name: $n) { name } }",
    "one that is not given": 'query ($d: Boolean) { __type(name: "log") { fields(includeDeprecated: $d) { name } } }',
    "a default": 'query ($m: String! = "log") { __type(name: $m) { name } }',
    "a directive": '{ __type(name: "orders") { name @skip(if: true) kind } }',
    "a directive below": '{ __type(name: "orders") { ...T } } fragment T on __Type { name @include(if: false) kind }',
    "a directive with a variable": (
        "query ($b: Boolean!) { __schema { queryType { name @skip(if: $b) ... @include(if: $b) { kind } } } }"
    ),
    "nothing left": "{ __schema { types { name @skip(if: true) } } }",
    "the same fragment twice": '{ __type(name: "log") { ...T ...T } } fragment T on __Type { name fields { name } }',
    "what Strawberry fails at": '{ __type(name: "orders") { isOneOf fields { type { isOneOf ofType { isOneOf } } } } }',
    "the root's name": "{ __typename a: __typename __schema { queryType { name } } }",
}
OTHER = {
    "data": "{ __schema { queryType { name } } orders { id } }",
    "a mutation": "mutation { __typename }",
    "no one operation": "query A { __schema { queryType { name } } } query B { __schema { queryType { name } } }",
}
GIVEN = {"n": "orders", "b": True, "undeclared": 10**40}


@pytest.mark.parametrize("query", PLAIN.values(), ids=PLAIN.keys())
def test_the_answer_is_graphql_cores(query: str) -> None:
    """Order of keys, nulls and escapes included."""
    document = parse(query)
    assert not validate(SCHEMA.graphql, document)
    expected = execute_sync(SCHEMA.graphql, document)
    assert expected.errors is None
    assert introspection_of(SCHEMA.graphql, document) == orjson.dumps(expected.data)


@pytest.mark.parametrize("query", WITH_VARIABLES.values(), ids=WITH_VARIABLES.keys())
def test_variables_and_directives(query: str) -> None:
    """As graphql-core takes them; what is not declared is left alone."""
    document = parse(query)
    assert not validate(SCHEMA.graphql, document)
    expected = execute_sync(SCHEMA.graphql, document, variable_values=GIVEN)
    assert expected.errors is None
    found = introspection_of(SCHEMA.graphql, document, None, GIVEN)
    assert found == orjson.dumps(expected.data)
    pieces = introspection_parts(lambda: built(SHOP).schema, document, None, GIVEN)
    assert orjson.loads(b"".join(pieces)) == orjson.loads(found)


def test_random_introspection() -> None:
    """Of valid documents every answer is graphql-core's, each within a second of CPU and 200 MB."""
    answered = 0
    for name, text in random_introspections(DOCUMENTS // 3, SEED, SCHEMA.graphql):
        document = parse(text)
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        if validate(SCHEMA.graphql, document) or len(operations) != 1:
            continue
        given = given_to(operations[0])
        expected = execute_sync(SCHEMA.graphql, document, variable_values=given)
        try:
            with watchdog():
                found = introspection_of(SCHEMA.graphql, document, None, given, Effort(50_000_000))
        except GraphQLError:
            assert expected.errors
            continue
        assert expected.errors is None, f"{name}: {text}"
        assert found == orjson.dumps(expected.data), f"{name}: {text}"
        answered += 1
    assert answered > DOCUMENTS / 20


def test_random_introspection_in_pieces() -> None:
    """Types that are made to be described alone say what graphql-core's say, whatever is asked of them."""
    answered = 0
    for name, text in random_introspections(DOCUMENTS // 12, SEED + 1, SCHEMA.graphql):
        document = parse(text)
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        if validate(SCHEMA.graphql, document) or len(operations) != 1:
            continue
        given = given_to(operations[0])
        try:
            expected = introspection_of(SCHEMA.graphql, document, None, given, Effort(5_000_000))
        except (GraphQLError, TooMuch):
            continue
        pieces = introspection_parts(lambda: built(SHOP).schema, document, None, given)
        assert in_order(orjson.loads(b"".join(pieces))) == in_order(orjson.loads(expected)), f"{name}: {text}"
        answered += 1
    assert answered > DOCUMENTS / 200


def in_order(value: Any) -> Any:
    """Lists sorted: the order of types has no meaning."""
    if isinstance(value, list):
        return sorted(map(in_order, value), key=repr)
    return {key: in_order(each) for key, each in value.items()} if isinstance(value, dict) else value


EVERYTHING = (
    get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    ),
    "{ __schema { types { __typename a: name b: name isOneOf specifiedByURL fields(includeDeprecated: true)"
    " { type { kind ofType { ofType { name fields { name } inputFields { defaultValue } enumValues { name } } } } }"
    " possibleTypes { name } interfaces { name } ofType { name } } } }",
)


@pytest.mark.parametrize("style", ["snake", "camel"])
@pytest.mark.parametrize("query", EVERYTHING)
def test_each_type_in_pieces_is_graphql_cores_byte_for_byte(query: str, style: Style) -> None:
    document, whole = parse(query), built(SHOP, style)
    pieces = introspection_parts(lambda: whole.again().schema, document)
    found, expected = (
        sorted(orjson.dumps(each) for each in orjson.loads(text)["__schema"]["types"])
        for text in (b"".join(pieces), introspection_of(whole.schema.graphql, document))
    )
    assert found == expected


def given_to(operation: OperationDefinitionNode) -> dict[str, object]:
    """A value for each variable."""
    names = [each.variable.name.value for each in operation.variable_definitions or ()]
    kinds = [print_ast(each.type).rstrip("!") for each in operation.variable_definitions or ()]
    return {name: "orders" if kind == "String" else len(name) % 2 == 0 for name, kind in zip(names, kinds, strict=True)}


def test_an_answer_beyond_its_effort_ends() -> None:
    """Also one that nobody waits for any more."""
    document = parse("{ __schema { types { fields { type { fields { type { name description } } } } } } }")
    with pytest.raises(TooMuch):
        introspection_of(SCHEMA.graphql, document, None, None, Effort(10_000))
    gone = Effort(10**9, stopped=True)
    with pytest.raises(TooMuch):
        list(introspection_parts(lambda: built(SHOP).schema, document, None, None, gone))


@pytest.mark.parametrize("query", OTHER.values(), ids=OTHER.keys())
def test_what_is_not_introspection_is_left_alone(query: str) -> None:
    """It is graphql-core's to answer."""
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
