"""What clients are answered with: rows, aggregates, and the results of writes."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.catalog.model import Relation
from schema_gen.graphql.filters import list_arguments, select_column
from schema_gen.graphql.functions import FUNCTIONS, FunctionRow
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import ColumnPart, TablePart
from schema_gen.graphql.type_registry import Entry, Shape, TypeBook, arguments, shape
from schema_gen.strawberry_core.definitions import AnyType, GeneratedDefinition, GeneratedField
from schema_gen.strawberry_core.roles import AggregateFunction, Argument, Part, RelationAggregateField, RelationField

# --- rows -------------------------------------------------------------------


def row(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    """The object type of a table's rows."""
    return book.object(part.names.type, lambda: shape(_row_fields(book, part)), part.table.comment)


def _row_fields(book: TypeBook, part: TablePart) -> Iterator[Entry]:
    for column in part.columns:
        yield book.pool.field(column.name, _shown(book, part, column), column.column.comment), column.meaning
    for relation in part.table.relations.values():
        yield from _relation_fields(book, part, relation)


def _shown(book: TypeBook, part: TablePart, column: ColumnPart) -> AnyType:
    absent = column.column.zero_date or (column.column.nullable and column not in part.key)
    return book.pool.optional(column.type) if absent else column.type


def _relation_fields(book: TypeBook, part: TablePart, relation: Relation) -> Iterator[Entry]:
    pool, name = book.pool, part.names.relations[relation.name]
    far = book.part(relation.to_table)
    far_row = row(book, far)
    if relation.to_one:
        yield pool.field(name, far_row if relation.required else pool.optional(far_row)), RelationField(relation)
        return
    given = list_arguments(book, far)
    yield book.field(part.names.type, name, pool.list_of(far_row), given), RelationField(relation)
    name = part.names.relation_aggregates[relation.name]
    yield book.field(part.names.type, name, aggregate(book, far), given), RelationAggregateField(relation)


# --- aggregates -------------------------------------------------------------


def aggregate(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    """The object type of an aggregate: the figures, and the rows they are of."""

    def fields() -> Iterator[Entry]:
        pool = book.pool
        yield pool.field(book.word("aggregate"), pool.optional(figures(book, part))), Part.FIGURES
        yield pool.field(book.word("nodes"), pool.list_of(row(book, part))), Part.NODES

    return book.object(part.names.types.aggregate, lambda: shape(fields()))


def figures(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    """The object type of the figures over a table's rows."""
    name = part.names.types.aggregate_fields

    def fields() -> Iterator[Entry]:
        yield _count(book, part, name), AggregateFunction("count")
        for function in FUNCTIONS:
            if function.columns(part):
                result = book.pool.optional(_function_fields(book, part, function))
                yield book.pool.field(book.word(function.name), result), AggregateFunction(function.name)

    return book.object(name, lambda: shape(fields()))


def _count(book: TypeBook, part: TablePart, owner: str) -> GeneratedField:
    pool = book.pool
    given = arguments(
        pool,
        [
            (book.word("columns"), pool.optional_list(select_column(book, part)), Argument.COLUMNS),
            (book.word("distinct"), pool.optional(SCALAR_TYPES["Boolean"]), Argument.DISTINCT),
        ],
    )
    return book.field(owner, "count", SCALAR_TYPES["Int"], given)


def _function_fields(book: TypeBook, part: TablePart, function: FunctionRow) -> GeneratedDefinition:
    name: str = getattr(part.names.types, f"{function.name}_fields")

    def fields() -> Iterator[Entry]:
        for column in function.columns(part):
            yield book.pool.field(column.name, book.pool.optional(function.type(column))), column.meaning

    def fill() -> Shape:
        return book.shared(function.family, part.table.name, lambda: shape(fields()))

    return book.object(name, fill)


# --- results of writes ------------------------------------------------------


def mutation_response(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    """The object type of the result of a write to several rows."""

    def fields() -> Iterator[Entry]:
        yield book.pool.field(book.word("affected_rows"), SCALAR_TYPES["Int"]), Part.AFFECTED_ROWS
        yield book.pool.field(book.word("returning"), book.pool.list_of(row(book, part))), Part.RETURNING

    return book.object(part.names.types.mutation_response, lambda: shape(fields()))
