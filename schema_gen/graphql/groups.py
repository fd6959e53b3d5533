"""Groups: rows put together by equal columns, with figures of each group."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.graphql.comparisons import comparison, count_comparison
from schema_gen.graphql.filters import bool_exp, column_orders, direction, function_order, select_column
from schema_gen.graphql.functions import FUNCTIONS, FunctionRow
from schema_gen.graphql.objects import figures
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import ColumnPart, TablePart
from schema_gen.graphql.type_registry import Arguments, Entry, TypeBook, arguments, shape
from schema_gen.strawberry_core.definitions import AnyType, GeneratedDefinition
from schema_gen.strawberry_core.roles import AggregateFunction, Argument, Part


def group(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    """The object type of a group."""

    def fields() -> Iterator[Entry]:
        yield book.pool.field("key", _key(book, part), "The columns grouped by; others cannot be asked for"), Part.KEY
        yield book.pool.field(book.word("aggregate"), figures(book, part)), Part.FIGURES

    return book.object(part.names.types.group, lambda: shape(fields()))


def _key(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        for column in part.columns:
            yield book.pool.field(column.name, book.pool.optional(column.type), column.column.comment), column.meaning

    return book.object(part.names.types.group_key, lambda: shape(fields()))


def group_arguments(book: TypeBook, part: TablePart) -> Arguments:
    """The columns to group by, conditions before and after, order and page of groups."""
    pool, number = book.pool, book.pool.optional(SCALAR_TYPES["Int"])
    return arguments(
        pool,
        [
            ("by", pool.list_of(select_column(book, part)), Argument.BY),
            ("having", pool.optional(_having(book, part)), Argument.HAVING),
            (book.word("limit"), number, Argument.LIMIT),
            (book.word("offset"), number, Argument.OFFSET),
            (book.word("order_by"), pool.optional_list(_order(book, part)), Argument.ORDER_BY),
            (book.word("where"), pool.optional(bool_exp(book, part)), Argument.WHERE),
        ],
    )


def _having(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        pool = book.pool
        yield pool.field("count", pool.optional(count_comparison(book))), AggregateFunction("count")
        for function in FUNCTIONS:
            if function.columns(part):
                columns = pool.optional(_having_columns(book, part, function))
                yield pool.field(book.word(function.name), columns), AggregateFunction(function.name)

    text = f"Conditions on groups of {part.names.type}; all that are given must hold"
    return book.input(part.names.types.group_having, lambda: shape(fields()), text)


def _having_columns(book: TypeBook, part: TablePart, function: FunctionRow) -> GeneratedDefinition:
    def condition(column: ColumnPart) -> AnyType:
        if function.family == "rank":
            return comparison(book, column)
        return count_comparison(book, "Float" if function.family == "statistic" else "decimal")

    def fields() -> Iterator[Entry]:
        for column in function.columns(part):
            yield book.pool.field(column.name, book.pool.optional(condition(column))), column.meaning

    return book.input(getattr(part.names.types, f"group_having_{function.name}"), lambda: shape(fields()))


def _order(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        pool = book.pool
        yield pool.field("count", pool.optional(direction(book))), AggregateFunction("count")
        if part.sortable:
            yield pool.field("key", pool.optional(_key_order(book, part))), Part.KEY
        for function in FUNCTIONS:
            if function.columns(part):
                order = pool.optional(function_order(book, part, function))
                yield pool.field(book.word(function.name), order), AggregateFunction(function.name)

    return book.input(part.names.types.group_order_by, lambda: shape(fields()))


def _key_order(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    return book.input(part.names.types.group_order_by_key, lambda: shape(column_orders(book, part.sortable)))
