"""Reads over REST, prepared: of a query string whose form was seen before only the values are read anew.

The form is the parameters' names in order, the operators, and the whole of `select` and `order`. Whatever is not of a
plain form (groups, lists, conditions of relations, flags) has none, and is read in full by `read_request`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from graphql_app.engine.compile.call import PreparedCall
from graphql_app.engine.engine import Engine
from graphql_app.engine.plan.shapes import PreparedCache
from graphql_app.engine.request.calls import Call, Operator, Read, RootRequest, SelectRelated
from graphql_app.rest_api.column_values import value_of
from graphql_app.rest_api.permitted import check_may_read
from graphql_app.rest_api.query_language.filters import GROUPS, SPELLINGS
from graphql_app.rest_api.query_language.pairs import Pairs, parse_pairs
from graphql_app.rest_api.query_language.read_request import read_request
from graphql_app.runtime.hot_record import hot_record
from schema_gen.catalog.model import Column, Table

AT_ONCE = 5000
"""Rows that are answered as a whole; a longer answer is streamed."""
LONGEST: Final = 2_000
"""Bytes of a query string that is looked up. A longer one is read in full: its form hardly comes again."""

_LISTS: Final = frozenset({Operator.IN, Operator.NIN, Operator.BETWEEN, Operator.IS_NULL})
_PATTERNS: Final = frozenset({Operator.LIKE, Operator.NLIKE, Operator.ILIKE, Operator.NILIKE})
_COMPARED: Final = frozenset({Operator.EQ, Operator.NEQ, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})
_SCALARS: Final = {word: spelling.operator for word, spelling in SPELLINGS.items() if spelling.operator not in _LISTS}
_SCALAR: Final = re.compile(rf"(?:not\.)?({'|'.join(_SCALARS)})\.", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_TEXTS: Final = frozenset({"select", "order"})
_NUMBERS: Final = frozenset({"limit", "offset"})
# Values that decide over the form of SQL, and so are never left open.
_FORMING: Final = frozenset({bool, type(None), list})

Reader = Callable[[str], object]


@hot_record
class ReadRequest:
    """A read to be run: prepared, with its values. Where it gives as many rows as `bounded`, there may be more."""

    prepared: PreparedCall
    values: Sequence[object]
    bounded: int = 0
    offset: int = 0


def first_rows(read: Read, most_of_all: int) -> tuple[Read, int]:
    """`read` cut down, with the number of rows that says that there may be more; 0 where it is short anyway.

    `most_of_all` is the largest limit that is allowed.
    """
    asked = read.limit
    if (isinstance(asked, int) and asked <= AT_ONCE) or any(isinstance(item, SelectRelated) for item in read.select):
        return read, 0
    most = min(AT_ONCE + 1, most_of_all)
    return replace(read, limit=most), most


@dataclass(frozen=True, slots=True)
class _ReadForm:
    """What was made of a form. `limit` is the number of rows where the query string gives none; None for all."""

    prepared: PreparedCall
    readers: tuple[Reader, ...]
    limit: int | None
    bounded: int

    def filled(self, given: _QueryParts) -> ReadRequest | None:
        """The read of this form with these values; None where they make SQL of another form. Raises `RequestError`."""
        values = [read(text) for read, text in zip(self.readers, given.texts, strict=True)]
        if not _FORMING.isdisjoint(map(type, values)):
            return None
        limit = self.limit if given.limit is None else given.limit
        if limit is not None:
            values.append(limit)
        if given.offset is not None:
            values.append(given.offset)
        return ReadRequest(self.prepared, values, self.bounded, given.offset or 0)


class PreparedReads:
    """The reads of one address by table, caller's access and form: bounded, and for one catalog at a time."""

    def __init__(self, most: Callable[[], int]) -> None:
        """`most` gives the largest limit that is allowed."""
        self.forms: PreparedCache[_ReadForm] = PreparedCache()
        self._most = most

    def find(self, engine: Engine, name: str, query: bytes) -> ReadRequest | None:
        """The read of the table called `name` that a query string asks for; None where it is to be read in full.

        Raises `AppError`, as it would be raised then.
        """
        if len(query) > LONGEST:
            return None
        snapshot = engine.live.snapshot
        access = engine.access(snapshot)
        table = access.catalog.tables.get(name)
        given = None if table is None else _taken_apart(table, parse_pairs(query))
        if table is None or given is None:
            return None
        key = (access.key, name, *given.form)
        form = self.forms.find(snapshot, key)
        if form is not None:
            return form.filled(given)
        check_may_read(table)
        whole = read_request(access.catalog, table, (), given.pairs, engine.default_page)
        read, bounded = first_rows(whole, self._most())
        prepared, values = engine.known(Call((RootRequest("data", read),)))
        found = ReadRequest(prepared, values, bounded, given.offset or 0)
        limit = read.limit if isinstance(read.limit, int) else None
        made = _ReadForm(prepared, tuple(map(_reader, given.columns, given.operators)), limit, bounded)
        if made.filled(given) == found:
            self.forms.get(snapshot, key, lambda: made)
        return found


@dataclass(slots=True)
class _QueryParts:
    """A query string taken apart: its form, and what is read anew each time."""

    pairs: Pairs
    form: list[str]
    columns: list[Column]
    operators: list[Operator]
    texts: list[str]
    limit: int | None = None
    offset: int | None = None


def _taken_apart(table: Table, pairs: Pairs) -> _QueryParts | None:
    """None where a part of it is of no plain form, or wrong."""
    given = _QueryParts(pairs, [], [], [], [])
    form = given.form
    for name, text in pairs:
        if name in _TEXTS:
            form += (name, text)
        elif name in _NUMBERS:
            if not _NUMBER.fullmatch(text) or name in form:
                return None
            form.append(name)
            if name == "offset":
                given.offset = int(text)
            else:
                given.limit = int(text)
                if given.limit > AT_ONCE:
                    return None
        else:
            column, found = table.columns.get(name), _SCALAR.match(text)
            if column is None or found is None or name in GROUPS or name[0] == '"':
                return None
            form += (name, found[0])
            given.columns.append(column)
            given.operators.append(_SCALARS[found[1]])
            given.texts.append(text[found.end() :])
    return given


def _reader(column: Column, operator: Operator) -> Reader:
    """What makes the value of a condition's text, as `filters` does."""
    if operator in _COMPARED:
        return partial(value_of, column)
    return _pattern if operator in _PATTERNS else str


def _pattern(text: str) -> str:
    return text.replace("*", "%")
