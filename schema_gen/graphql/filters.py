"""What clients ask with: conditions, orders, and the arguments of lists."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.catalog.model import Relation
from schema_gen.graphql.comparisons import comparison, count_comparison
from schema_gen.graphql.functions import FUNCTIONS, FunctionRow
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import Columns, TableView
from schema_gen.graphql.type_registry import Arguments, Entry, Shape, TypeRegistry, arguments, shape
from schema_gen.strawberry_core.definitions import GeneratedDefinition, GeneratedEnum
from schema_gen.strawberry_core.roles import (
    AggregateFunction,
    Argument,
    Connective,
    CountPart,
    RelationAggregateField,
    RelationField,
)

# --- columns by name --------------------------------------------------------


def select_column(registry: TypeRegistry, part: TableView) -> GeneratedEnum:
    """The enum of a table's columns; our code is handed their database names."""
    return registry.enum(
        part.names.types.select_column,
        lambda: [registry.pool.enum_value(each.name, each.column.name) for each in part.columns],
        f"Columns of {part.names.type}",
    )


# --- conditions -------------------------------------------------------------


def bool_exp(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """The input type of conditions on a table's rows."""
    return registry.input(
        part.names.types.bool_exp,
        lambda: shape(_conditions(registry, part)),
        f"Conditions on {part.names.type}; all that are given must hold",
    )


def _conditions(registry: TypeRegistry, part: TableView) -> Iterator[Entry]:
    pool, own = registry.pool, bool_exp(registry, part)
    yield pool.field(registry.word("_and"), pool.optional_list(own)), Connective.AND
    yield pool.field(registry.word("_not"), pool.optional(own)), Connective.NOT
    yield pool.field(registry.word("_or"), pool.optional_list(own)), Connective.OR
    for column in part.columns:
        yield pool.field(column.name, pool.optional(comparison(registry, column))), column.meaning
    for relation in part.table.relations.values() if part.table.may_select else ():
        far = registry.part(relation.to_table)
        yield (
            pool.field(part.names.relations[relation.name], pool.optional(bool_exp(registry, far))),
            RelationField(relation),
        )
        if not relation.to_one and far.table.may_aggregate:
            name = part.names.relation_aggregates[relation.name]
            yield pool.field(name, pool.optional(_aggregate_bool_exp(registry, far))), RelationAggregateField(relation)


def _aggregate_bool_exp(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        yield (
            registry.pool.field("count", registry.pool.optional(_count_bool_exp(registry, part))),
            AggregateFunction("count"),
        )
        for function in ("bool_and", "bool_or") if part.truths else ():
            inner = _truth_bool_exp(registry, part, function)
            yield (
                registry.pool.field(registry.word(function), registry.pool.optional(inner)),
                AggregateFunction(function),
            )

    return registry.input(part.names.types.aggregate_bool_exp, lambda: shape(fields()))


def _count_bool_exp(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        pool = registry.pool
        if part.columns:
            columns = pool.optional_list(select_column(registry, part))
            yield pool.field("arguments", columns), CountPart.ARGUMENTS
        yield pool.field("distinct", pool.optional(SCALAR_TYPES["Boolean"])), CountPart.DISTINCT
        yield pool.field("filter", pool.optional(bool_exp(registry, part))), CountPart.FILTER
        yield pool.field("predicate", count_comparison(registry)), CountPart.PREDICATE

    return registry.input(part.names.types.aggregate_bool_exp_count, lambda: shape(fields()))


def _truth_bool_exp(registry: TypeRegistry, part: TableView, function: str) -> GeneratedDefinition:
    """A condition on a truth of all or any rows."""
    types = part.names.types

    def fields() -> Iterator[Entry]:
        pool = registry.pool
        columns = registry.enum(
            getattr(types, f"{function}_arguments"),
            lambda: [pool.enum_value(each.name, each.column.name) for each in part.truths],
            f"Columns of {part.names.type} that are true or false",
        )
        yield pool.field("arguments", columns), CountPart.ARGUMENTS
        yield pool.field("distinct", pool.optional(SCALAR_TYPES["Boolean"])), CountPart.DISTINCT
        yield pool.field("filter", pool.optional(bool_exp(registry, part))), CountPart.FILTER
        yield pool.field("predicate", comparison(registry, part.truths[0])), CountPart.PREDICATE

    return registry.input(getattr(types, f"aggregate_bool_exp_{function}"), lambda: shape(fields()))


# --- orders -----------------------------------------------------------------

_DIRECTIONS = {
    "asc": "ascending, nulls first",
    "asc_nulls_first": "ascending, nulls first",
    "asc_nulls_last": "ascending, nulls last",
    "desc": "descending, nulls last",
    "desc_nulls_first": "descending, nulls first",
    "desc_nulls_last": "descending, nulls last",
}


def direction(registry: TypeRegistry) -> GeneratedEnum:
    """The enum of directions; our code is handed the words in snake case."""
    return registry.enum(
        registry.type_word("order_by"),
        lambda: [
            registry.pool.enum_value(registry.names.direction(word), word, text) for word, text in _DIRECTIONS.items()
        ],
        "A direction",
    )


def order_by(registry: TypeRegistry, part: TableView) -> GeneratedDefinition | None:
    """The input type of orders of a table's rows; none where no column can be compared."""
    if not part.sortable:
        return None
    return registry.input(
        part.names.types.order_by,
        lambda: shape(_orders(registry, part)),
        f"An order of {part.names.type}",
    )


def _orders(registry: TypeRegistry, part: TableView) -> Iterator[Entry]:
    yield from column_orders(registry, part.sortable)
    for relation in part.table.relations.values():
        yield from _relation_order(registry, part, relation)


def _relation_order(registry: TypeRegistry, part: TableView, relation: Relation) -> Iterator[Entry]:
    pool, far = registry.pool, registry.part(relation.to_table)
    if not relation.to_one:
        name = part.names.relation_aggregates[relation.name]
        yield pool.field(name, pool.optional(_aggregate_order_by(registry, far))), RelationAggregateField(relation)
        return
    far_order = order_by(registry, far)
    if far_order is not None:
        yield pool.field(part.names.relations[relation.name], pool.optional(far_order)), RelationField(relation)


def column_orders(registry: TypeRegistry, columns: Columns) -> Iterator[Entry]:
    """A direction for each column."""
    way = registry.pool.optional(direction(registry))
    for column in columns:
        yield registry.pool.field(column.name, way), column.meaning


def _aggregate_order_by(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        yield registry.pool.field("count", registry.pool.optional(direction(registry))), AggregateFunction("count")
        for function in FUNCTIONS:
            if function.columns(part):
                order = function_order(registry, part, function)
                yield (
                    registry.pool.field(registry.word(function.name), registry.pool.optional(order)),
                    AggregateFunction(function.name),
                )

    return registry.input(part.names.types.aggregate_order_by, lambda: shape(fields()))


def function_order(registry: TypeRegistry, part: TableView, function: FunctionRow) -> GeneratedDefinition:
    """The input type of orders by a function of a table's columns."""
    columns = function.columns(part)
    name: str = getattr(part.names.types, f"{function.name}_order_by")

    def fill() -> Shape:
        purpose = "order by rank" if function.family == "rank" else "order by number"
        return registry.shared(purpose, part.table.name, lambda: shape(column_orders(registry, columns)))

    return registry.input(name, fill)


# --- arguments --------------------------------------------------------------


def list_arguments(registry: TypeRegistry, part: TableView) -> Arguments:
    """The arguments of a list of a table's rows, at the root and below."""
    return registry.shared_arguments(part.table.name, lambda: _list_arguments(registry, part))


def _list_arguments(registry: TypeRegistry, part: TableView) -> Arguments:
    pool, number = registry.pool, registry.pool.optional(SCALAR_TYPES["Int"])
    order = order_by(registry, part)
    columns = pool.optional_list(select_column(registry, part)) if part.columns else None
    return arguments(
        pool,
        [
            *([(registry.word("distinct_on"), columns, Argument.DISTINCT_ON)] if columns else []),
            (registry.word("limit"), number, Argument.LIMIT),
            (registry.word("offset"), number, Argument.OFFSET),
            *([(registry.word("order_by"), pool.optional_list(order), Argument.ORDER_BY)] if order else []),
            (registry.word("where"), pool.optional(bool_exp(registry, part)), Argument.WHERE),
        ],
    )


def key_arguments(registry: TypeRegistry, part: TableView) -> Arguments:
    """The columns of the primary key as arguments."""
    return arguments(registry.pool, [(column.name, column.type, column.meaning) for column in part.key])
