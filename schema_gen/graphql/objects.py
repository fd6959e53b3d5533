"""What clients are answered with: rows, aggregates, and the results of writes."""

from __future__ import annotations

from collections.abc import Iterator

from strawberry.schema.name_converter import NameConverter

from schema_gen.catalog.model import Relation
from schema_gen.graphql.added_fields import computed_fields
from schema_gen.graphql.filters import list_arguments, select_column
from schema_gen.graphql.functions import FUNCTIONS, FunctionRow
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import ColumnView, TableView
from schema_gen.graphql.type_registry import Entry, Shape, TypeRegistry, arguments, shape
from schema_gen.strawberry_core.definitions import AnyType, GeneratedDefinition, GeneratedField
from schema_gen.strawberry_core.roles import (
    AggregateFunction,
    Argument,
    RelationAggregateField,
    RelationField,
    ResultField,
)

# --- rows -------------------------------------------------------------------


def row(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """The object type of a table's rows."""
    return registry.object(part.names.type, lambda: _row_shape(registry, part), part.table.comment)


def _row_shape(registry: TypeRegistry, part: TableView) -> Shape:
    """The generated fields of a row, then the computed ones that a developer added."""
    made = shape(_row_fields(registry, part))
    added = registry.added.computed.get(part.table.name)
    if added is None:
        return made
    found = list(computed_fields(added, made.field_roles, NameConverter(registry.names.style == "camel")))
    roles = {name: role for name, _, role in found}
    return Shape([*made.fields, *(field for _, field, _ in found)], {**made.field_roles, **roles})


def _row_fields(registry: TypeRegistry, part: TableView) -> Iterator[Entry]:
    for column in part.columns:
        yield registry.pool.field(column.name, _shown(registry, part, column), column.column.comment), column.meaning
    for relation in part.table.relations.values():
        yield from _relation_fields(registry, part, relation)


def _shown(registry: TypeRegistry, part: TableView, column: ColumnView) -> AnyType:
    absent = column.column.zero_date or (column.column.nullable and column not in part.key)
    return registry.pool.optional(column.type) if absent else column.type


def _relation_fields(registry: TypeRegistry, part: TableView, relation: Relation) -> Iterator[Entry]:
    pool, name = registry.pool, part.names.relations[relation.name]
    far = registry.part(relation.to_table)
    if not far.shows_rows:
        return
    far_row = row(registry, far)
    if relation.to_one:
        yield pool.field(name, far_row if relation.required else pool.optional(far_row)), RelationField(relation)
        return
    given = list_arguments(registry, far)
    yield registry.field(part.names.type, name, pool.list_of(far_row), given), RelationField(relation)
    if far.table.may_aggregate:
        name = part.names.relation_aggregates[relation.name]
        yield registry.field(part.names.type, name, aggregate(registry, far), given), RelationAggregateField(relation)


# --- aggregates -------------------------------------------------------------


def aggregate(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """The object type of an aggregate: the aggregates, and the rows they are of."""

    def fields() -> Iterator[Entry]:
        pool = registry.pool
        yield pool.field(registry.word("aggregate"), pool.optional(aggregates(registry, part))), ResultField.AGGREGATE
        if part.shows_rows:
            yield pool.field(registry.word("nodes"), pool.list_of(row(registry, part))), ResultField.NODES

    return registry.object(part.names.types.aggregate, lambda: shape(fields()))


def aggregates(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """The object type of the aggregates over a table's rows."""
    name = part.names.types.aggregate_fields

    def fields() -> Iterator[Entry]:
        yield _count(registry, part, name), AggregateFunction("count")
        for function in FUNCTIONS:
            if function.columns(part):
                result = registry.pool.optional(_function_fields(registry, part, function))
                yield registry.pool.field(registry.word(function.name), result), AggregateFunction(function.name)

    return registry.object(name, lambda: shape(fields()))


def _count(registry: TypeRegistry, part: TableView, owner: str) -> GeneratedField:
    pool = registry.pool
    columns = pool.optional_list(select_column(registry, part)) if part.columns else None
    given = arguments(
        pool,
        [
            *([(registry.word("columns"), columns, Argument.COLUMNS)] if columns else []),
            (registry.word("distinct"), pool.optional(SCALAR_TYPES["Boolean"]), Argument.DISTINCT),
        ],
    )
    return registry.field(owner, "count", SCALAR_TYPES["Int"], given)


def _function_fields(registry: TypeRegistry, part: TableView, function: FunctionRow) -> GeneratedDefinition:
    name: str = getattr(part.names.types, f"{function.name}_fields")

    def fields() -> Iterator[Entry]:
        for column in function.columns(part):
            yield registry.pool.field(column.name, registry.pool.optional(function.type(column))), column.meaning

    def fill() -> Shape:
        return registry.shared(function.family, part.table.name, lambda: shape(fields()))

    return registry.object(name, fill)


# --- results of writes ------------------------------------------------------


def mutation_response(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """The object type of the result of a write to several rows."""

    def fields() -> Iterator[Entry]:
        yield registry.pool.field(registry.word("affected_rows"), SCALAR_TYPES["Int"]), ResultField.AFFECTED_ROWS
        if part.shows_rows:
            returning = registry.pool.list_of(row(registry, part))
            yield registry.pool.field(registry.word("returning"), returning), ResultField.RETURNING

    return registry.object(part.names.types.mutation_response, lambda: shape(fields()))
