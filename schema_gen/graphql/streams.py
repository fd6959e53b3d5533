"""What a stream takes: where to start, in which direction, how many rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.graphql.filters import bool_exp
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import TablePart
from schema_gen.graphql.type_registry import Arguments, Entry, TypeBook, arguments, shape
from schema_gen.strawberry_core.definitions import GeneratedDefinition, GeneratedEnum
from schema_gen.strawberry_core.roles import Argument, StreamPart

DIRECTIONS = ("ASC", "DESC")


def stream_arguments(book: TypeBook, part: TablePart) -> Arguments:
    """The arguments of a stream of a table's rows. Nullable entries of the list are Hasura's own."""
    pool = book.pool
    cursor = pool.list_of(pool.optional(_cursor(book, part)))
    return arguments(
        pool,
        [
            (book.word("batch_size"), SCALAR_TYPES["Int"], Argument.BATCH_SIZE),
            (book.word("cursor"), cursor, Argument.CURSOR),
            (book.word("where"), pool.optional(bool_exp(book, part)), Argument.WHERE),
        ],
    )


def _cursor(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        pool = book.pool
        text = "One column, and the value that the stream starts behind"
        yield pool.field(book.word("initial_value"), _value(book, part), text), StreamPart.INITIAL_VALUE
        yield pool.field(book.word("ordering"), pool.optional(ordering(book))), StreamPart.ORDERING

    return book.input(part.names.types.stream_cursor_input, lambda: shape(fields()))


def _value(book: TypeBook, part: TablePart) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        for column in part.sortable:
            yield book.pool.field(column.name, book.pool.optional(column.type)), column.meaning

    return book.input(part.names.types.stream_cursor_value_input, lambda: shape(fields()))


def ordering(book: TypeBook) -> GeneratedEnum:
    """The enum of the directions of streams."""
    return book.enum(
        book.type_word("cursor_ordering"),
        lambda: [book.pool.enum_value(word, word) for word in DIRECTIONS],
        "The direction of a stream",
    )
