"""Rows that are changed or deleted: those of a key, of the conditions in a body, of the filters in a query string."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql_app.engine.request.calls import Delete, Read, Update
from graphql_app.errors import Code, RequestError
from graphql_app.http.preferences import CHANGES
from graphql_app.rest_api.permitted import check_may_write
from graphql_app.rest_api.query_language.keys import key_filters
from graphql_app.rest_api.query_language.read_request import read_request
from graphql_app.rest_api.requests.answers import answer_of, prepared, write_parameters
from graphql_app.rest_api.requests.records import PreparedRequest, RestRequest
from graphql_app.rest_api.requests.values import column_pairs, conditions
from schema_gen.strawberry_core.roles import Action

Given = Mapping[str, Any]


def update_rows(asked: RestRequest, given: Given, where: Given | None, part: str = "where") -> PreparedRequest:
    """Other values for the rows that are meant; no value at all changes nothing. `part` is where a body says which."""
    words, _ = write_parameters(asked, "columns")
    check_may_write(asked.table, Action.UPDATE)
    table = asked.table
    if words:
        raise RequestError(Code.INVALID_PARAMETER, "Parameter 'columns' is for rows that are inserted")
    read = _meant(asked, where, part)
    values = column_pairs(table, given, table.updatable)
    answer, answering = answer_of(asked, read.select, CHANGES)
    request = Update(table.name, read.where, values, answer, max_affected=_most(asked))
    return prepared(asked, request, "Records updated successfully", answering)


def delete_rows(asked: RestRequest, where: Given | None, part: str = "input") -> PreparedRequest:
    """The rows that are meant are deleted."""
    write_parameters(asked)
    check_may_write(asked.table, Action.DELETE)
    read = _meant(asked, where, part)
    answer, answering = answer_of(asked, read.select, CHANGES)
    request = Delete(asked.table.name, read.where, answer, max_affected=_most(asked))
    return prepared(asked, request, "Records deleted successfully", answering)


def _meant(asked: RestRequest, where: Given | None, part: str) -> Read:
    """The rows that are meant, as a read, and what is shown of them.

    Raises `RequestError` (EMPTY_CONDITION) where there is no condition: nothing may widen to every row.
    """
    of_key = key_filters(asked.table, asked.key) if asked.key is not None else ()
    found = (*of_key, *conditions(asked.table, where or {}))
    read = read_request(asked.catalog, asked.table, found, asked.pairs)
    if read.where is None:
        raise RequestError(Code.EMPTY_CONDITION, f"'{part}' must hold at least one condition")
    return read


def _most(asked: RestRequest) -> int | None:
    """The rows that may be touched at most."""
    most = asked.prefer.max_affected
    if not asked.single:
        return most
    return 1 if most is None else min(1, most)
