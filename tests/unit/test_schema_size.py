"""What keeps the schema of a thousand tables small, quick to build, and gone when it is replaced."""

from __future__ import annotations

import gc
import inspect
import itertools
import sys
import weakref
from dataclasses import replace

from graphql import GraphQLInputObjectType, GraphQLObjectType

from schema_gen.catalog.model import EMPTY_CATALOG, Cardinality, Catalog, Relation
from tests.unit.schema_shop import PRIMARY, SHOP, built, catalog, column, table


def test_equal_fields_are_one_object() -> None:
    """What keeps a thousand tables small: columns of the same name and type are described once."""
    tables = [table(name, [column("id", "int", nullable=False), column("name", "varchar")], PRIMARY) for name in "ab"]
    types = built(catalog(tables)).schema.graphql.type_map
    first, second = types["a"], types["b"]
    assert isinstance(first, GraphQLObjectType)
    assert isinstance(second, GraphQLObjectType)
    assert first.fields["name"] is second.fields["name"]
    assert first.fields["id"].type is second.fields["id"].type
    deviation, variance = types["a_stddev_fields"], types["a_variance_fields"]
    assert isinstance(deviation, GraphQLObjectType)
    assert isinstance(variance, GraphQLObjectType)
    assert deviation.fields is variance.fields


def test_a_long_chain_of_relations_is_no_deep_call() -> None:
    """More tables, each leading to the next, than calls are allowed inside one another."""
    names = [f"t{number}" for number in range(300)]
    tables = {name: table(name, [column("id", "int", nullable=False)], PRIMARY) for name in names}
    for near, far in itertools.pairwise(names):
        relation = Relation("next", near, ("id",), far, ("id",), Cardinality.ONE, False, "chain")
        tables[near] = replace(tables[near], relations={"next": relation})
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 200)
    try:
        schema = built(Catalog("chain", tables)).schema.graphql
    finally:
        sys.setrecursionlimit(limit)
    last = schema.type_map["t298_bool_exp"]
    assert isinstance(last, GraphQLInputObjectType)
    assert str(last.fields["next"].type) == "t299_bool_exp"


def test_a_replaced_schema_is_let_go() -> None:
    """Also after Strawberry has looked up types in it, which its own cache would keep for ever."""
    made = built(SHOP)
    assert made.schema.get_type_by_name("orders") is not None
    assert made.schema.get_field_for_type("id", "orders") is not None
    assert made.schema.get_directive_by_name("nothing") is None
    assert made.schema.execute_sync("{ __typename }").data == {"__typename": "query_root"}
    schema, core = weakref.ref(made.schema), weakref.ref(made.schema.graphql)
    del made
    gc.collect()
    assert schema() is None
    assert core() is None


def test_collection_is_on_again_after_a_build() -> None:
    """And stays off for a caller who had it off."""
    assert gc.isenabled()
    built(EMPTY_CATALOG)
    assert gc.isenabled()
    gc.disable()
    try:
        built(EMPTY_CATALOG)
        assert not gc.isenabled()
    finally:
        gc.enable()
