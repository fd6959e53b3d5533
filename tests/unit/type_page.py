"""The tables of docs/types.md: examples of `FAMILIES`, and what the schema made of a column of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache

from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    coerce_input_value,
    get_named_type,
)

from schema_gen.types.column_types import type_of
from tests.harness.type_families import FAMILIES, Family
from tests.unit.schema_shop import PRIMARY, built, catalog, column, table


@cache
def schema_of_samples() -> GraphQLSchema:
    """The schema of a table `samples` with a column of each family, and a key."""
    columns = [column("id", "int", nullable=False), *(family.column for family in FAMILIES)]
    return built(catalog([table("samples", columns, PRIMARY)])).schema.graphql


def values_table() -> str:
    """What is shown and taken, family by family."""
    schema = schema_of_samples()
    return _table(
        ("In the database", "GraphQL", "Shown", "Taken, and stored as what is shown", "Refused", "Good to know"),
        (
            (
                family.title,
                f"`{_field(schema, 'samples', family)}`",
                _code(family.shown),
                _taken(schema, family),
                ", ".join(map(_code, family.refused)),
                family.note,
            )
            for family in FAMILIES
        ),
    )


def uses_table() -> str:
    """What may be done with a column, for all families of which the schema has it alike."""
    schema = schema_of_samples()
    families: dict[tuple[str, ...], list[str]] = {}
    for family in FAMILIES:
        families.setdefault(_uses(schema, family), []).append(family.title)
    return _table(
        ("In the database", "Conditions", "Aggregates besides `count`", "Changes besides `_set`", "In order"),
        ((", ".join(titles), *uses) for uses, titles in families.items()),
    )


def _uses(schema: GraphQLSchema, family: Family) -> tuple[str, ...]:
    names = (_operators(schema, family), _aggregates(schema, family), _changes(schema, family))
    return (*map(_words, names), "yes" if _has(schema, "samples_order_by", family) else "no")


def graphql_takes(schema: GraphQLSchema, family: Family, value: object) -> bool:
    """Whether the column's field of an insert takes a value, before the engine looks at it."""
    objects = schema.type_map["samples_insert_input"]
    assert isinstance(objects, GraphQLInputObjectType)
    return coerce_input_value(value, objects.fields[family.column.name].type) is not Undefined


def _field(schema: GraphQLSchema, name: str, family: Family) -> str:
    owner = schema.type_map[name]
    assert isinstance(owner, GraphQLObjectType)
    shown = str(owner.fields[family.column.name].type)
    assert get_named_type(owner.fields[family.column.name].type).name == type_of(family.column).scalar
    return shown.replace("!", "")


def _has(schema: GraphQLSchema, name: str, family: Family) -> bool:
    owner = schema.type_map[name]
    assert isinstance(owner, GraphQLObjectType | GraphQLInputObjectType)
    return family.column.name in owner.fields


def _operators(schema: GraphQLSchema, family: Family) -> list[str]:
    conditions = schema.type_map["samples_bool_exp"]
    assert isinstance(conditions, GraphQLInputObjectType)
    condition = conditions.fields[family.column.name].type
    assert isinstance(condition, GraphQLInputObjectType)
    return list(condition.fields)


def _aggregates(schema: GraphQLSchema, family: Family) -> list[str]:
    functions = schema.type_map["samples_aggregate_fields"]
    assert isinstance(functions, GraphQLObjectType)
    return [name for name in functions.fields if name != "count" and _has(schema, f"samples_{name}_fields", family)]


def _changes(schema: GraphQLSchema, family: Family) -> list[str]:
    names = ("inc", "append", "prepend", "delete_key", "delete_elem", "delete_at_path")
    return [f"_{name}" for name in names if _has(schema, f"samples_{name}_input", family)]


def _taken(schema: GraphQLSchema, family: Family) -> str:
    both, rest = (
        [each for each in family.given if graphql_takes(schema, family, each) is taken] for taken in (True, False)
    )
    return ", ".join(map(_code, both)) + (f"; in REST {', '.join(map(_code, rest))} too" if rest else "")


def _code(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _words(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def lines() -> Iterator[tuple[str, ...]]:
        yield head
        yield ("---",) * len(head)
        yield from rows

    return "".join(re.sub(r"\|  (?=\|)", "| ", f"| {' | '.join(cells)} |\n") for cells in lines())
