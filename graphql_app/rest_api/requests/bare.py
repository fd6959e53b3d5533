"""The requests of PostgREST's clients: bodies are rows themselves, and filters say which rows are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphql_app.errors import Code, RequestError
from graphql_app.rest_api.models import CRUDRequest, validate_body
from graphql_app.rest_api.requests.changes import delete_rows, update_rows
from graphql_app.rest_api.requests.inserts import insert_rows, put_row
from graphql_app.rest_api.requests.operations import read
from graphql_app.rest_api.requests.records import PreparedRequest, RestOperation, RestRequest

_EQUAL = "eq."


def insert(asked: RestRequest) -> PreparedRequest:
    """A row, or a list of rows."""
    return insert_rows(asked, validate_body(CRUDRequest, {"input": asked.body}).input)


def update(asked: RestRequest) -> PreparedRequest:
    """New values of the rows that filters find."""
    return update_rows(asked, _row(asked), None, "The query string")


def put(asked: RestRequest) -> PreparedRequest:
    """The row whose key filters name, made or changed: one `eq.` for each column of the primary key, and none else."""
    names = asked.table.primary_key.columns if asked.table.primary_key is not None else ()
    given = {name: text.removeprefix(_EQUAL) for name, text in asked.pairs if text.startswith(_EQUAL) and name in names}
    rest = tuple(pair for pair in asked.pairs if pair[0] not in names)
    if given.keys() != set(names) or len(given) + len(rest) != len(asked.pairs):
        wanted = "&".join(f"{name}=eq.…" for name in names) or "a primary key"
        raise RequestError(Code.INVALID_PARAMETER, f"PUT takes a filter for each column of the key: {wanted}")
    key = tuple(given[name] for name in names)
    return replace_found(put_row(replace(asked, key=key, pairs=rest), _row(asked)))


def replace_found(prepared: PreparedRequest) -> PreparedRequest:
    """The same, answered with a list as all writes here."""
    answering = prepared.answering
    return prepared if answering is None else replace(prepared, answering=replace(answering, one=False))


def delete(asked: RestRequest) -> PreparedRequest:
    """The rows that filters find."""
    return delete_rows(asked, None, "The query string")


def _row(asked: RestRequest) -> Mapping[str, Any]:
    given = validate_body(CRUDRequest, {"input": asked.body}).input
    if isinstance(given, list):
        # A list of one row is what some clients send for one.
        if len(given) != 1:
            raise RequestError(Code.INVALID_BODY, "The body must be one object")
        return given[0]
    return given


BARE_OPERATIONS: Mapping[str, RestOperation] = {
    "DELETE": RestOperation(delete, writes=True),
    "GET": RestOperation(read, takes_body=False),
    "HEAD": RestOperation(read, takes_body=False),
    "PATCH": RestOperation(update, writes=True),
    "POST": RestOperation(insert, writes=True),
    "PUT": RestOperation(put, writes=True),
}
"""Reads among them are named for `Allow`; they are answered row by row where there are many."""
