"""Streams -> the engine's requests, by the meaning of each name. Pure.

A stream is a keyset connection that is read on and on: in the order of the cursor's column
and then of the key, so that rows with equal values are neither lost nor sent twice.
"""

from __future__ import annotations

from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLObjectType, get_named_type

from graphql_app.engine.request.calls import (
    Compare,
    ConnectionRead,
    Nodes,
    Operator,
    Order,
    PageInfo,
    PageInfoField,
    SelectPageInfo,
    all_of,
)
from graphql_app.errors import Code, RequestError
from graphql_app.graphql_api.translate.rows import Given, RowTranslator
from graphql_app.graphql_api.translate.selection import Fields
from schema_gen.strawberry_core.roles import Argument, ColumnField, StreamPart

_PAGE = "p"
_END = "e"
_ROWS = "n"
_HEAD = f'{{"{_PAGE}":{{"{_END}":'.encode()
_MIDDLE = f'}},"{_ROWS}":'.encode()


def to_stream(
    translator: RowTranslator, table: str, type_: GraphQLObjectType, fields: Fields, given: Given
) -> ConnectionRead:
    """One batch of `t_stream`, behind `translator.after` where a batch came before. Raises `RequestError`."""
    column, descending, value = _cursor(translator, *given[Argument.CURSOR])
    behind = Compare(column, Operator.LT if descending else Operator.GT, value)
    end = PageInfo(_PAGE, (SelectPageInfo(_END, PageInfoField.END_CURSOR),))
    rows = Nodes(_ROWS, translator.selection(type_, fields))
    where = all_of(part for part in (translator.page(given).where, behind) if part is not None)
    size = given[Argument.BATCH_SIZE][0]
    if isinstance(size, int) and size < 1:
        raise _bad("'batch_size' must be at least 1")
    return ConnectionRead(table, (end, rows), where, (Order(column, descending),), size, translator.after)


def split_batch(text: bytes) -> tuple[str | None, bytes]:
    """The cursor behind a batch, None if it is empty, and the batch's rows as JSON text."""
    cursor, _, rows = text.removeprefix(_HEAD).partition(_MIDDLE)
    return (None if cursor == b"null" else cursor.decode().strip('"')), rows[:-1]


def _cursor(translator: RowTranslator, given: object, type_: GraphQLInputType) -> tuple[str, bool, object]:
    """The column, whether it descends, and the value that the stream starts behind."""
    items = [item for item in given if item is not None] if isinstance(given, list) else []
    if len(items) != 1 or not isinstance(items[0], dict):
        raise _bad("'cursor' takes one column")
    named = get_named_type(type_)
    if not isinstance(named, GraphQLInputObjectType):
        raise AssertionError("a cursor is no input object")
    initial: list[tuple[str, object]] = []
    descending = False
    for name, part in items[0].items():
        meaning = translator.built.field_roles[named.name, name]
        if meaning is StreamPart.INITIAL_VALUE:
            initial = list(_values(translator, get_named_type(named.fields[name].type).name, part))
        else:
            descending = part == "DESC"
    if len(initial) != 1:
        raise _bad("'initial_value' takes one column")
    column, value = initial[0]
    if value is None:
        raise RequestError(Code.NULL_COMPARISON, "'initial_value' must not be null", column=column)
    return column, descending, value


def _values(translator: RowTranslator, type_: str, given: object) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in given.items() if isinstance(given, dict) else ():
        meaning = translator.built.field_roles[type_, name]
        if isinstance(meaning, ColumnField):
            found.append((meaning.column, value))
    return found


def _bad(message: str) -> RequestError:
    return RequestError(Code.INVALID_PARAMETER, message)
