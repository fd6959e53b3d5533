"""What a stream takes: where to start, in which direction, how many rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.graphql.filters import bool_exp
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import TableView
from schema_gen.graphql.type_registry import Arguments, Entry, TypeRegistry, arguments, shape
from schema_gen.strawberry_core.definitions import GeneratedDefinition, GeneratedEnum
from schema_gen.strawberry_core.roles import Argument, StreamPart

DIRECTIONS = ("ASC", "DESC")


def stream_arguments(registry: TypeRegistry, part: TableView) -> Arguments:
    """The arguments of a stream of a table's rows. Nullable entries of the list are Hasura's own."""
    pool = registry.pool
    cursor = pool.list_of(pool.optional(_cursor(registry, part)))
    return arguments(
        pool,
        [
            (registry.word("batch_size"), SCALAR_TYPES["Int"], Argument.BATCH_SIZE),
            (registry.word("cursor"), cursor, Argument.CURSOR),
            (registry.word("where"), pool.optional(bool_exp(registry, part)), Argument.WHERE),
        ],
    )


def _cursor(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        pool = registry.pool
        text = "One column, and the value that the stream starts behind"
        yield pool.field(registry.word("initial_value"), _value(registry, part), text), StreamPart.INITIAL_VALUE
        yield pool.field(registry.word("ordering"), pool.optional(ordering(registry))), StreamPart.ORDERING

    return registry.input(part.names.types.stream_cursor_input, lambda: shape(fields()))


def _value(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        for column in part.sortable:
            yield registry.pool.field(column.name, registry.pool.optional(column.type)), column.meaning

    return registry.input(part.names.types.stream_cursor_value_input, lambda: shape(fields()))


def ordering(registry: TypeRegistry) -> GeneratedEnum:
    """The enum of the directions of streams."""
    return registry.enum(
        registry.type_word("cursor_ordering"),
        lambda: [registry.pool.enum_value(word, word) for word in DIRECTIONS],
        "The direction of a stream",
    )
