"""Whatever a database is called: catalogs with odd names always give a valid schema that means what it says."""

from __future__ import annotations

import os

from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema as schema_of_text,
    is_introspection_type,
    print_type,
)
from hypothesis import HealthCheck, given, settings, strategies as st

from schema_gen.catalog.model import Catalog, Column, ColumnType, ForeignKey, Key, Table
from schema_gen.graphql.schema import sdl
from schema_gen.names.naming import Style
from schema_gen.strawberry_core.roles import ColumnField, RelationField
from schema_gen.types.type_rows import ROWS
from tests.unit.schema_shop import built, catalog, table

EXAMPLES = int(os.environ.get("CATALOG_EXAMPLES", "20"))
"""Catalogs for each test."""

WORDS = (
    *("users", "users_aggregate", "insert_users", "users_by_pk", "users_bool_exp", "_and", "_or", "order_by"),
    *("query_root", "Int", "String_comparison_exp", "String_array_comparison_exp", "bigint", "aggregate", "nodes"),
    *("true", "null", "__typename", "__x", "_", "1st", "a-b", "a b", "größe", "日本", "💥", "class", "id", "ID"),
    *("count", "no_tables", "users_status_enum", "users_status_enum_comparison_exp", "Query", "returning", "limit"),
    *('quo"te', '"""', "back\\slash", "line\nbreak", "\x00", "x" * 64),
)
names = st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
comments = st.one_of(
    st.just(""), st.text(max_size=20), st.sampled_from(['"""', 'ends with "', "\\", "a\n  b\n", " ", "\t"])
)
bases = st.sampled_from(sorted({name.split()[0] for name in ROWS} - {"boolean"}))
members = st.lists(st.sampled_from(["new", "old", "so-so", "true", "1", ""]), max_size=3, unique=True)


@st.composite
def columns(draw: st.DrawFn) -> Column:
    """A column of any type."""
    base = draw(bases)
    words = tuple(draw(members)) if base in ("enum", "set") else ()
    type_ = ColumnType(base, draw(st.booleans()), draw(st.sampled_from([None, 1, 64])), members=words)
    return Column(draw(names), type_, draw(st.booleans()), 0, generated=draw(st.booleans()), comment=draw(comments))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A table or view, keyed or not."""
    shown = draw(st.lists(columns(), min_size=1, max_size=4, unique_by=lambda each: each.name))
    size = draw(st.integers(0, len(shown)))
    keys = [Key("PRIMARY", tuple(each.name for each in shown[:size]))] if size else []
    return table(draw(names), shown, *keys, comment=draw(comments), view=draw(st.booleans()))


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """A few tables that refer to each other, and to themselves."""
    found = draw(st.lists(tables(), max_size=3, unique_by=lambda each: each.name))
    keys = []
    for number in range(draw(st.integers(0, 4)) if found else 0):
        near, far = draw(st.sampled_from(found)), draw(st.sampled_from(found))
        ends = draw(st.sampled_from(list(near.columns))), draw(st.sampled_from(list(far.columns)))
        keys.append(ForeignKey(f"fk{number}", near.name, (ends[0],), far.name, (ends[1],)))
    return catalog(found, keys)


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(catalogs(), st.sampled_from(["snake", "camel"]))
def test_any_catalog_gives_a_valid_schema(shop: Catalog, style: Style) -> None:
    """`built` fails on an invalid one; its text can be read again, to the same schema; every name has a meaning."""
    made = built(shop, style)
    schema = made.schema.graphql
    text = schema_of_text(sdl(made.schema), assume_valid=True)
    assert text.query_type is not None
    assert schema.query_type is not None
    assert print_type(text.query_type) == print_type(schema.query_type)
    assert set(text.type_map) == set(schema.type_map)
    composite = (GraphQLObjectType, GraphQLInputObjectType)
    shown = {
        (type_.name, name)
        for type_ in schema.type_map.values()
        if isinstance(type_, composite) and not is_introspection_type(type_)
        for name in type_.fields
    }
    assert set(made.field_roles) == shown


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(catalogs(), st.sampled_from(["snake", "camel"]))
def test_nothing_of_a_catalog_is_lost(shop: Catalog, style: Style) -> None:
    """Each table has its root, each column and relation one field of its type, and one condition."""
    made = built(shop, style)
    lists = {root.table: name for (_, name), root in made.roots.items() if root.action == "list"}
    assert set(lists) == set(shop.tables)
    for item in shop:
        query = made.schema.graphql.query_type
        assert query is not None
        row = str(query.fields[lists[item.name]].type).strip("[]!")
        condition = str(query.fields[lists[item.name]].args["where"].type)
        for type_ in (row, condition):
            meant = list(made.field_roles.of(type_).values())
            assert [each.column for each in meant if isinstance(each, ColumnField)] == list(item.columns)
            related = [each.relation for each in meant if isinstance(each, RelationField)]
            assert related == list(item.relations.values())
