"""New rows: inserted, or in the place of those that are there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql_app.engine.request.calls import Insert, OnConflict, Pairs
from graphql_app.errors import Code, RequestError, shown_name, unknown_column
from graphql_app.http.preferences import INSERTS, UPSERTS, Resolution
from graphql_app.rest_api.permitted import check_may_write
from graphql_app.rest_api.query_language.keys import key_pairs
from graphql_app.rest_api.query_language.scanner import Scanner
from graphql_app.rest_api.requests.answers import answer_of, prepared, shown, write_parameters
from graphql_app.rest_api.requests.records import PreparedRequest, RestRequest
from graphql_app.rest_api.requests.values import column_pairs
from schema_gen.catalog.model import Key, Table
from schema_gen.strawberry_core.roles import Action

_NAME_STOPS = ',.():"'
Given = Mapping[str, Any]


def insert_rows(asked: RestRequest, given: Given | Sequence[Given]) -> PreparedRequest:
    """A row or a list of rows; several go into one transaction.

    `columns` names what is taken of each row; what a row leaves out of these is null, or with `missing=default` its
    default. `resolution` says what becomes of rows that have the unique key `on_conflict` of one that is there.
    """
    words, rest = write_parameters(asked, "columns", "on_conflict")
    check_may_write(asked.table, Action.INSERT)
    many = not isinstance(given, Mapping)
    rows = _rows(asked, [given] if isinstance(given, Mapping) else given, words.get("columns"))
    if asked.single and len(rows) != 1:
        raise RequestError(Code.NOT_ONE_ROW, f"One row is to be answered, and {len(rows)} are given")
    answer, answering = answer_of(asked, shown(asked, rest), INSERTS, numbered=True)
    conflict = _conflict(asked, rows, words.get("on_conflict"))
    request = Insert(asked.table.name, rows, answer, conflict=conflict)
    return prepared(asked, request, f"Record{'s' if many else ''} inserted successfully", answering)


def put_row(asked: RestRequest, given: Given) -> PreparedRequest:
    """The row of a key, made or changed: it has these values then. What is not given stays, or has its default."""
    words, rest = write_parameters(asked, "columns")
    check_may_write(asked.table, Action.INSERT)
    check_may_write(asked.table, Action.UPDATE)
    assert asked.key is not None
    key = {column.name: value for column, value in key_pairs(asked.table, asked.key)}
    (values,) = _rows(asked, [given], words.get("columns"))
    for name, value in values:
        if name in key and str(value) != str(key[name]):
            raise RequestError(Code.INVALID_BODY, f"Column '{name}' has another value in the address", column=name)
    row = (*key.items(), *(pair for pair in values if pair[0] not in key))
    answer, answering = answer_of(asked, shown(asked, rest), UPSERTS)
    conflict = OnConflict("PRIMARY", _updated((row,), tuple(key)))
    return prepared(
        asked, Insert(asked.table.name, (row,), answer, conflict=conflict), "Record stored successfully", answering
    )


def _rows(asked: RestRequest, given: Sequence[Given], columns: str | None) -> tuple[Pairs, ...]:
    known = asked.table.insertable
    if columns is None:
        return tuple(column_pairs(asked.table, row, known) for row in given)
    names = _names("columns", columns)
    for name in names:
        if name not in known:
            raise unknown_column(asked.table.name, name, known)
    absent = {} if asked.prefer.missing_default else dict.fromkeys(names)
    taken = frozenset(names)
    rows = ({**absent, **{name: value for name, value in row.items() if name in taken}} for row in given)
    return tuple(column_pairs(asked.table, row, known) for row in rows)


def _names(what: str, text: str) -> tuple[str, ...]:
    scanner = Scanner(text, what)
    names = [scanner.name(_NAME_STOPS)]
    while scanner.take(","):
        names.append(scanner.name(_NAME_STOPS))
    scanner.finish()
    return tuple(dict.fromkeys(names))


def _conflict(asked: RestRequest, rows: Iterable[Pairs], columns: str | None) -> OnConflict | None:
    resolution = asked.prefer.resolution
    if resolution is None:
        if columns is not None:
            raise RequestError(
                Code.INVALID_PARAMETER,
                "Parameter 'on_conflict' needs 'Prefer: resolution=merge-duplicates' or 'ignore-duplicates'",
            )
        return None
    key = _key(asked.table, columns)
    shown = _shown(asked.table, key)
    return OnConflict(key.name, _updated(rows, shown) if resolution is Resolution.MERGE else ())


def _key(table: Table, columns: str | None) -> Key:
    """The unique key over these columns, those aside that rules set; the primary key where none are named."""
    if columns is None:
        for key in table.keys:
            if key.primary:
                return key
        raise RequestError(Code.NO_KEY, f"'{table.name}' has no primary key: name one of its keys by 'on_conflict'")
    names = _names("on_conflict", columns)
    for key in table.keys:
        if set(_shown(table, key)) == set(names):
            return key
    known = " or ".join(filter(None, (",".join(_shown(table, key)) for key in table.keys))) or "none"
    shown_as = shown_name(",".join(names))
    message = f"'{table.name}' has no unique key over {shown_as}; it has {known}"
    raise RequestError(Code.INVALID_PARAMETER, message)


def _shown(table: Table, key: Key) -> tuple[str, ...]:
    """The columns of a key that the caller knows of."""
    return tuple(name for name in key.columns if name in table.known)


def _updated(rows: Iterable[Pairs], key: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that an existing row takes over; of rows that give their key alone that, so that it counts."""
    found = tuple(name for name in dict.fromkeys(name for row in rows for name, _ in row) if name not in key)
    return found or key[:1]
