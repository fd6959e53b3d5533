"""Groups: rows put together by equal columns, with aggregates of each group."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.graphql.comparisons import comparison, count_comparison
from schema_gen.graphql.filters import bool_exp, column_orders, direction, function_order, select_column
from schema_gen.graphql.functions import FUNCTIONS, FunctionRow
from schema_gen.graphql.objects import aggregates
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import ColumnView, TableView
from schema_gen.graphql.type_registry import Arguments, Entry, TypeRegistry, arguments, shape
from schema_gen.strawberry_core.definitions import AnyType, GeneratedDefinition
from schema_gen.strawberry_core.roles import AggregateFunction, Argument, ResultField


def group(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """The object type of a group."""

    def fields() -> Iterator[Entry]:
        yield (
            registry.pool.field("key", _key(registry, part), "The columns grouped by; others cannot be asked for"),
            ResultField.KEY,
        )
        yield registry.pool.field(registry.word("aggregate"), aggregates(registry, part)), ResultField.AGGREGATE

    return registry.object(part.names.types.group, lambda: shape(fields()))


def _key(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        for column in part.columns:
            yield (
                registry.pool.field(column.name, registry.pool.optional(column.type), column.column.comment),
                column.meaning,
            )

    return registry.object(part.names.types.group_key, lambda: shape(fields()))


def group_arguments(registry: TypeRegistry, part: TableView) -> Arguments:
    """The columns to group by, conditions before and after, order and page of groups."""
    pool, number = registry.pool, registry.pool.optional(SCALAR_TYPES["Int"])
    return arguments(
        pool,
        [
            ("by", pool.list_of(select_column(registry, part)), Argument.BY),
            ("having", pool.optional(_having(registry, part)), Argument.HAVING),
            (registry.word("limit"), number, Argument.LIMIT),
            (registry.word("offset"), number, Argument.OFFSET),
            (registry.word("order_by"), pool.optional_list(_order(registry, part)), Argument.ORDER_BY),
            (registry.word("where"), pool.optional(bool_exp(registry, part)), Argument.WHERE),
        ],
    )


def _having(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        pool = registry.pool
        yield pool.field("count", pool.optional(count_comparison(registry))), AggregateFunction("count")
        for function in FUNCTIONS:
            if function.columns(part):
                columns = pool.optional(_having_columns(registry, part, function))
                yield pool.field(registry.word(function.name), columns), AggregateFunction(function.name)

    text = f"Conditions on groups of {part.names.type}; all that are given must hold"
    return registry.input(part.names.types.group_having, lambda: shape(fields()), text)


def _having_columns(registry: TypeRegistry, part: TableView, function: FunctionRow) -> GeneratedDefinition:
    def condition(column: ColumnView) -> AnyType:
        if function.family == "rank":
            return comparison(registry, column)
        return count_comparison(registry, "Float" if function.family == "statistic" else "decimal")

    def fields() -> Iterator[Entry]:
        for column in function.columns(part):
            yield registry.pool.field(column.name, registry.pool.optional(condition(column))), column.meaning

    return registry.input(getattr(part.names.types, f"group_having_{function.name}"), lambda: shape(fields()))


def _order(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        pool = registry.pool
        yield pool.field("count", pool.optional(direction(registry))), AggregateFunction("count")
        if part.sortable:
            yield pool.field("key", pool.optional(_key_order(registry, part))), ResultField.KEY
        for function in FUNCTIONS:
            if function.columns(part):
                order = pool.optional(function_order(registry, part, function))
                yield pool.field(registry.word(function.name), order), AggregateFunction(function.name)

    return registry.input(part.names.types.group_order_by, lambda: shape(fields()))


def _key_order(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    return registry.input(part.names.types.group_order_by_key, lambda: shape(column_orders(registry, part.sortable)))
