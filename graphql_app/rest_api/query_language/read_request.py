"""Table, conditions and query string to a `Read`: select, filters, order, page and embedded relations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphql_app.engine.request.calls import Filter, Not, Read, Related, SelectColumn, SelectRelated, all_of
from graphql_app.errors import Code, RequestError, unknown_column, unknown_relation
from graphql_app.rest_api.query_language.filters import GROUPS, parse_filter, parse_group, reads_as_filter
from graphql_app.rest_api.query_language.order import parse_order
from graphql_app.rest_api.query_language.pairs import Pairs, unknown_parameter
from graphql_app.rest_api.query_language.select import Embed, EveryColumn, Item, OneColumn, parse_select
from schema_gen.catalog.model import Catalog, Relation, Table

MAX_SHOWN = 10_000
"""Columns that one request may show, those of all its embedded relations together."""
_RELATION = 10
"""How many columns a relation counts as: each has a statement of its own."""

_WORDS = ("select", "order", "limit", "offset")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_PRESENCE = {"is.null": False, "not.is.null": True}
"""Filters on an embedded relation: whether there are such rows."""
_EVERYTHING: tuple[Item, ...] = (EveryColumn(),)


def every_column(table: Table) -> tuple[SelectColumn, ...]:
    """What `*` shows: the columns in table order, without those declared INVISIBLE."""
    return tuple(SelectColumn(column.name, column.name) for column in table.columns.values() if not column.invisible)


def read_request(
    catalog: Catalog, table: Table, conditions: Iterable[Filter], pairs: Pairs, page: int | None = None
) -> Read:
    """The rows of `table` that satisfy `conditions` and what the query string asks on top.

    `page` is the limit where it asks for none.

    Raises:
        RequestError: UNKNOWN_PARAMETER, UNKNOWN_COLUMN, UNKNOWN_RELATION, UNKNOWN_OPERATOR,
            INVALID_PARAMETER or INVALID_VALUE.
    """
    if not pairs:
        return Read(table.name, every_column(table), all_of(conditions), limit=page)
    chosen = [text for name, text in pairs if name == "select"]
    if len(chosen) > 1:
        raise _given_twice("select")
    items = parse_select(chosen[0]) if chosen else _EVERYTHING
    rest = tuple((name, text) for name, text in pairs if name != "select")
    found = _read(catalog, _level(table, items, rest), tuple(conditions), _Room(), page)
    if not found.select:
        raise RequestError(Code.INVALID_PARAMETER, "Parameter 'select' shows nothing")
    return found


class _Room:
    """How much more a request may show."""

    def __init__(self) -> None:
        self._left = MAX_SHOWN

    def take(self, count: int) -> None:
        """Raises `RequestError` (LIMIT_EXCEEDED) where there is no room for so many."""
        self._left -= count
        if self._left < 0:
            raise RequestError(
                Code.LIMIT_EXCEEDED, f"A request may show at most {MAX_SHOWN} columns; a relation counts as {_RELATION}"
            )


@dataclass(frozen=True, slots=True)
class _Level:
    """One table in the tree of embeddings, with the parameters that are meant for it."""

    table: Table
    items: tuple[Item, ...]
    embeds: Mapping[str, tuple[Embed, Relation, Pairs]]
    words: Mapping[str, str]
    filters: tuple[Filter, ...]


def _level(table: Table, items: tuple[Item, ...], pairs: Pairs) -> _Level:
    embeds = {item.key: item for item in items if isinstance(item, Embed)}
    inner: dict[str, list[tuple[str, str]]] = {key: [] for key in embeds}
    words: dict[str, str] = {}
    filters: list[Filter] = []
    for name, text in pairs:
        key, _, rest = name.partition(".")
        if name in _WORDS[1:]:
            if name in words:
                raise _given_twice(name)
            words[name] = text
        elif name in GROUPS:
            filters.append(parse_group(table, name, text))
        elif name not in table.columns and rest and key in inner:
            inner[key].append((rest, text))
        elif name not in table.columns and name in embeds and text in _PRESENCE:
            any_row = Related(_relation(table, embeds[name]).name, None)
            filters.append(any_row if _PRESENCE[text] else Not(any_row))
        else:
            filters.append(_column_filter(table, name, text))
    return _Level(
        table,
        items,
        {key: (embed, _relation(table, embed), tuple(inner[key])) for key, embed in embeds.items()},
        words,
        tuple(filters),
    )


def _column_filter(table: Table, name: str, text: str) -> Filter:
    column = name[1:-1] if len(name) > 2 and name[0] == name[-1] == '"' else name
    if column not in table.columns:
        if reads_as_filter(text):
            raise unknown_column(table.name, column, table.columns)
        words = (*_WORDS, *GROUPS)
        why = f"neither a column of '{table.name}' nor one of {', '.join(words)}"
        raise unknown_parameter(name, why, (*words, *table.columns))
    return parse_filter(table, column, text)


def _read(
    catalog: Catalog, level: _Level, conditions: tuple[Filter, ...], room: _Room, page: int | None = None
) -> Read:
    filters = list(conditions + level.filters)
    shown: dict[str, SelectColumn | SelectRelated] = {}
    # What is given again shows nothing more; found anew it would cost a step for each column of the table.
    for item in dict.fromkeys(level.items):
        room.take(_room_of(item, level.table))
        match item:
            case EveryColumn():
                found: Iterable[SelectColumn | SelectRelated] = every_column(level.table)
            case OneColumn():
                found = (_show(level.table, item),)
            case Embed():
                found = _embed(catalog, level, item, filters, room)
        for show in found:
            if shown.setdefault(show.key, show) != show:
                raise RequestError(Code.INVALID_PARAMETER, f"Parameter 'select' names '{show.key}' twice")
    return Read(
        level.table.name,
        tuple(shown.values()),
        all_of(filters),
        parse_order(level.words["order"]) if "order" in level.words else (),
        _number("limit", level.words["limit"]) if "limit" in level.words else page,
        _number("offset", level.words["offset"]) if "offset" in level.words else None,
    )


def _room_of(item: Item, table: Table) -> int:
    if isinstance(item, EveryColumn):
        return len(table.columns)
    return _RELATION if isinstance(item, Embed) else 1


def _show(table: Table, item: OneColumn) -> SelectColumn:
    if item.column not in table.columns:
        raise unknown_column(table.name, item.column, table.columns)
    return SelectColumn(item.key, item.column)


def _embed(
    catalog: Catalog, level: _Level, embed: Embed, filters: list[Filter], room: _Room
) -> tuple[SelectRelated, ...]:
    _, relation, pairs = level.embeds[embed.key]
    read = _read(catalog, _level(catalog.target(relation), embed.items, pairs), (), room)
    if embed.inner:
        filters.append(Related(relation.name, read.where))
    return (SelectRelated(embed.key, relation.name, read),) if read.select else ()


def _relation(table: Table, embed: Embed) -> Relation:
    """The relation of that name; else the one to the table of that name, of several the one that `hint` tells."""
    name, hint = embed.relation, embed.hint
    found = table.relations.get(name)
    if found is not None and hint is None:
        return found
    there = [each for each in table.relations.values() if name in (each.name, each.to_table)]
    if hint is not None:
        there = [each for each in there if hint == each.foreign_key or (hint,) in (each.columns, each.to_columns)]
    if not there:
        raise unknown_relation(table.name, name, table.relations)
    if len(there) > 1:
        names = ", ".join(sorted(each.name for each in there))
        message = f"'{table.name}' has several relations to '{name}': write one of {names}"
        raise RequestError(Code.UNKNOWN_RELATION, message)
    return there[0]


def _number(what: str, text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise RequestError(Code.INVALID_PARAMETER, f"Parameter '{what}' must be a whole number")
    return int(text)


def _given_twice(name: str) -> RequestError:
    return RequestError(Code.INVALID_PARAMETER, f"Parameter '{name}' is given twice")
