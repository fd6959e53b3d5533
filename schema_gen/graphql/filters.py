"""What clients ask with: conditions, orders, and the arguments of lists."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.catalog.model import Relation
from schema_gen.graphql.comparisons import comparison, count_comparison
from schema_gen.graphql.functions import FUNCTIONS, FunctionRow
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import Columns, TablePart
from schema_gen.graphql.type_registry import Arguments, Entry, Shape, TypeBook, arguments, shape
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


def select_column(book: TypeBook, part: TablePart) -> GeneratedEnum:
    """The enum of a table's columns; our code is handed their database names."""
    return book.enum(
        part.names.types.select_column,
        lambda: [book.pool.enum_value(each.name, each.column.name) for each in part.columns],
        f"Columns of {part.names.type}",
    )


# --- conditions -------------------------------------------------------------


def bool_exp(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    """The input type of conditions on a table's rows."""
    return book.input(
        part.names.types.bool_exp,
        lambda: shape(_conditions(book, part)),
        f"Conditions on {part.names.type}; all that are given must hold",
    )


def _conditions(book: TypeBook, part: TablePart) -> Iterator[Entry]:
    pool, own = book.pool, bool_exp(book, part)
    yield pool.field(book.word("_and"), pool.optional_list(own)), Connective.AND
    yield pool.field(book.word("_not"), pool.optional(own)), Connective.NOT
    yield pool.field(book.word("_or"), pool.optional_list(own)), Connective.OR
    for column in part.columns:
        yield pool.field(column.name, pool.optional(comparison(book, column))), column.meaning
    for relation in part.table.relations.values():
        far = book.part(relation.to_table)
        yield (
            pool.field(part.names.relations[relation.name], pool.optional(bool_exp(book, far))),
            RelationField(relation),
        )
        if not relation.to_one:
            name = part.names.relation_aggregates[relation.name]
            yield pool.field(name, pool.optional(_aggregate_bool_exp(book, far))), RelationAggregateField(relation)


def _aggregate_bool_exp(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        yield book.pool.field("count", book.pool.optional(_count_bool_exp(book, part))), AggregateFunction("count")
        for function in ("bool_and", "bool_or") if part.truths else ():
            inner = _truth_bool_exp(book, part, function)
            yield book.pool.field(book.word(function), book.pool.optional(inner)), AggregateFunction(function)

    return book.input(part.names.types.aggregate_bool_exp, lambda: shape(fields()))


def _count_bool_exp(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        pool = book.pool
        columns = pool.optional_list(select_column(book, part))
        yield pool.field("arguments", columns), CountPart.ARGUMENTS
        yield pool.field("distinct", pool.optional(SCALAR_TYPES["Boolean"])), CountPart.DISTINCT
        yield pool.field("filter", pool.optional(bool_exp(book, part))), CountPart.FILTER
        yield pool.field("predicate", count_comparison(book)), CountPart.PREDICATE

    return book.input(part.names.types.aggregate_bool_exp_count, lambda: shape(fields()))


def _truth_bool_exp(book: TypeBook, part: TablePart, function: str) -> GeneratedDefinition:
    """A condition on a truth of all or any rows."""
    types = part.names.types

    def fields() -> Iterator[Entry]:
        pool = book.pool
        columns = book.enum(
            getattr(types, f"{function}_arguments"),
            lambda: [pool.enum_value(each.name, each.column.name) for each in part.truths],
            f"Columns of {part.names.type} that are true or false",
        )
        yield pool.field("arguments", columns), CountPart.ARGUMENTS
        yield pool.field("distinct", pool.optional(SCALAR_TYPES["Boolean"])), CountPart.DISTINCT
        yield pool.field("filter", pool.optional(bool_exp(book, part))), CountPart.FILTER
        yield pool.field("predicate", comparison(book, part.truths[0])), CountPart.PREDICATE

    return book.input(getattr(types, f"aggregate_bool_exp_{function}"), lambda: shape(fields()))


# --- orders -----------------------------------------------------------------

_DIRECTIONS = {
    "asc": "ascending, nulls first",
    "asc_nulls_first": "ascending, nulls first",
    "asc_nulls_last": "ascending, nulls last",
    "desc": "descending, nulls last",
    "desc_nulls_first": "descending, nulls first",
    "desc_nulls_last": "descending, nulls last",
}


def direction(book: TypeBook) -> GeneratedEnum:
    """The enum of directions; our code is handed the words in snake case."""
    return book.enum(
        book.type_word("order_by"),
        lambda: [book.pool.enum_value(book.names.direction(word), word, text) for word, text in _DIRECTIONS.items()],
        "A direction",
    )


def order_by(book: TypeBook, part: TablePart) -> GeneratedDefinition | None:
    """The input type of orders of a table's rows; none where no column can be compared."""
    if not part.sortable:
        return None
    return book.input(
        part.names.types.order_by,
        lambda: shape(_orders(book, part)),
        f"An order of {part.names.type}",
    )


def _orders(book: TypeBook, part: TablePart) -> Iterator[Entry]:
    yield from column_orders(book, part.sortable)
    for relation in part.table.relations.values():
        yield from _relation_order(book, part, relation)


def _relation_order(book: TypeBook, part: TablePart, relation: Relation) -> Iterator[Entry]:
    pool, far = book.pool, book.part(relation.to_table)
    if not relation.to_one:
        name = part.names.relation_aggregates[relation.name]
        yield pool.field(name, pool.optional(_aggregate_order_by(book, far))), RelationAggregateField(relation)
        return
    far_order = order_by(book, far)
    if far_order is not None:
        yield pool.field(part.names.relations[relation.name], pool.optional(far_order)), RelationField(relation)


def column_orders(book: TypeBook, columns: Columns) -> Iterator[Entry]:
    """A direction for each column."""
    way = book.pool.optional(direction(book))
    for column in columns:
        yield book.pool.field(column.name, way), column.meaning


def _aggregate_order_by(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        yield book.pool.field("count", book.pool.optional(direction(book))), AggregateFunction("count")
        for function in FUNCTIONS:
            if function.columns(part):
                order = function_order(book, part, function)
                yield (
                    book.pool.field(book.word(function.name), book.pool.optional(order)),
                    AggregateFunction(function.name),
                )

    return book.input(part.names.types.aggregate_order_by, lambda: shape(fields()))


def function_order(book: TypeBook, part: TablePart, function: FunctionRow) -> GeneratedDefinition:
    """The input type of orders by a function of a table's columns."""
    columns = function.columns(part)
    name: str = getattr(part.names.types, f"{function.name}_order_by")

    def fill() -> Shape:
        purpose = "order by rank" if function.family == "rank" else "order by number"
        return book.shared(purpose, part.table.name, lambda: shape(column_orders(book, columns)))

    return book.input(name, fill)


# --- arguments --------------------------------------------------------------


def list_arguments(book: TypeBook, part: TablePart) -> Arguments:
    """The arguments of a list of a table's rows, at the root and below."""
    return book.shared_arguments(part.table.name, lambda: _list_arguments(book, part))


def _list_arguments(book: TypeBook, part: TablePart) -> Arguments:
    pool, number = book.pool, book.pool.optional(SCALAR_TYPES["Int"])
    order = order_by(book, part)
    return arguments(
        pool,
        [
            (book.word("distinct_on"), pool.optional_list(select_column(book, part)), Argument.DISTINCT_ON),
            (book.word("limit"), number, Argument.LIMIT),
            (book.word("offset"), number, Argument.OFFSET),
            *([(book.word("order_by"), pool.optional_list(order), Argument.ORDER_BY)] if order else []),
            (book.word("where"), pool.optional(bool_exp(book, part)), Argument.WHERE),
        ],
    )


def key_arguments(book: TypeBook, part: TablePart) -> Arguments:
    """The columns of the primary key as arguments."""
    return arguments(book.pool, [(column.name, column.type, column.meaning) for column in part.key])
