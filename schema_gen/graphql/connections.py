"""Keyset connections after Relay's specification: edges, nodes, page facts, total count."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.graphql.filters import bool_exp, order_by
from schema_gen.graphql.objects import row
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import TableView
from schema_gen.graphql.type_registry import Arguments, Entry, TypeRegistry, arguments, shape
from schema_gen.strawberry_core.definitions import GeneratedDefinition
from schema_gen.strawberry_core.roles import Argument, PageFact, ResultField


def connection(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """The object type of a page of rows."""

    def fields() -> Iterator[Entry]:
        pool = registry.pool
        yield pool.field("edges", pool.list_of(_edge(registry, part))), ResultField.EDGES
        yield pool.field("nodes", pool.list_of(row(registry, part))), ResultField.NODES
        yield pool.field("pageInfo", page_info(registry)), ResultField.PAGE_INFO
        if part.table.may_aggregate:
            text = "The number of all rows that `where` leaves; counted only when asked for"
            yield pool.field("totalCount", SCALAR_TYPES["Int"], text), ResultField.TOTAL_COUNT
            text = "About how many these are, by the database's statistics where counting them would take long"
            yield pool.field("totalCountEstimate", SCALAR_TYPES["Int"], text), ResultField.TOTAL_COUNT_ESTIMATE

    return registry.object(part.names.types.connection, lambda: shape(fields()))


def _edge(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    def fields() -> Iterator[Entry]:
        yield registry.pool.field("cursor", SCALAR_TYPES["String"]), ResultField.CURSOR
        yield registry.pool.field("node", row(registry, part)), ResultField.NODE

    return registry.object(part.names.types.edge, lambda: shape(fields()))


def page_info(registry: TypeRegistry) -> GeneratedDefinition:
    """The object type of the facts about a page, one for all connections."""

    def fields() -> Iterator[Entry]:
        pool, cursor = registry.pool, registry.pool.optional(SCALAR_TYPES["String"])
        yield pool.field(PageFact.HAS_NEXT_PAGE, SCALAR_TYPES["Boolean"]), PageFact.HAS_NEXT_PAGE
        yield pool.field(PageFact.HAS_PREVIOUS_PAGE, SCALAR_TYPES["Boolean"]), PageFact.HAS_PREVIOUS_PAGE
        yield pool.field(PageFact.START_CURSOR, cursor), PageFact.START_CURSOR
        yield pool.field(PageFact.END_CURSOR, cursor), PageFact.END_CURSOR

    return registry.object("PageInfo", lambda: shape(fields()))


def connection_arguments(registry: TypeRegistry, part: TableView) -> Arguments:
    """`first` and `after`, or `last` and `before`, with condition and order."""
    pool, order = registry.pool, order_by(registry, part)
    number, text = pool.optional(SCALAR_TYPES["Int"]), pool.optional(SCALAR_TYPES["String"])
    return arguments(
        pool,
        [
            ("after", text, Argument.AFTER),
            ("before", text, Argument.BEFORE),
            ("first", number, Argument.FIRST),
            ("last", number, Argument.LAST),
            *([(registry.word("order_by"), pool.optional_list(order), Argument.ORDER_BY)] if order else []),
            (registry.word("where"), pool.optional(bool_exp(registry, part)), Argument.WHERE),
        ],
    )
