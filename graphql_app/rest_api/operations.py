"""The REST operations: table, body and query string become a call, with the message of its success."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql_app.engine.request.calls import (
    AffectedRows,
    Answer,
    Call,
    Compare,
    Delete,
    Filter,
    GeneratedId,
    Insert,
    Operator,
    Or,
    Query,
    RootRequest,
    Update,
    Write,
    all_of,
)
from graphql_app.errors import Code, RequestError, unknown_column
from graphql_app.rest_api.column_values import given_value
from graphql_app.rest_api.models import CRUDRequest, DeleteRequest, UpdateRequest, validate_body
from graphql_app.rest_api.permitted import check_may_read, check_may_write
from graphql_app.rest_api.query_language.pairs import Pairs, no_pairs
from graphql_app.rest_api.query_language.read_request import read_request
from schema_gen.catalog.model import Catalog, Column, Table
from schema_gen.strawberry_core.roles import Action

_AFFECTED: Answer = (AffectedRows("rows_affected"),)
_AFFECTED_AND_ID: Answer = (*_AFFECTED, GeneratedId("id"))


@dataclass(frozen=True, slots=True)
class RestRequest:
    """What a client sent, taken apart: `body` is its JSON value (`{}` where there is none)."""

    catalog: Catalog
    table: Table
    body: object
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """The call that does what is asked, and the message that goes with its answer."""

    call: Call
    message: str


@dataclass(frozen=True, slots=True)
class RestOperation:
    """One row of the address table: how a request is prepared, whether it has a body, and whether it writes."""

    prepare: Callable[[RestRequest], PreparedRequest]
    takes_body: bool = True
    writes: bool = False


def insert(asked: RestRequest) -> PreparedRequest:
    """`{"input": row}` or `{"input": [row, …]}`; several rows go into one transaction.

    The answer's `id` (tables with an AUTO_INCREMENT column only) is that of the first row.
    """
    no_pairs(asked.pairs)
    check_may_write(asked.table, Action.INSERT)
    given = validate_body(CRUDRequest, asked.body).input
    many = isinstance(given, list)
    given_rows = given if isinstance(given, list) else [given]
    rows = tuple(_pairs(asked.table, row, asked.table.insertable) for row in given_rows)
    counts_up = any(column.auto_increment for column in asked.table.columns.values())
    request = Insert(asked.table.name, rows, _AFFECTED_AND_ID if counts_up else _AFFECTED)
    return _prepared(request, f"Record{'s' if many else ''} inserted successfully")


def read(asked: RestRequest) -> PreparedRequest:
    """All rows, or those that the query string asks for."""
    check_may_read(asked.table)
    return _prepared(read_request(asked.catalog, asked.table, (), asked.pairs), "Records retrieved successfully")


def query(asked: RestRequest) -> PreparedRequest:
    """`{"input": conditions}`: the rows where all are equal; `{}` is all rows. The query string narrows further."""
    given = validate_body(CRUDRequest, asked.body).input
    if isinstance(given, list):
        raise RequestError(Code.INVALID_BODY, "The body does not fit: input must be an object")
    check_may_read(asked.table)
    request = read_request(asked.catalog, asked.table, conditions(asked.table, given), asked.pairs)
    return _prepared(request, "Records retrieved successfully")


def update(asked: RestRequest) -> PreparedRequest:
    """`{"input": values, "where": conditions}`; no value at all changes nothing."""
    no_pairs(asked.pairs)
    check_may_write(asked.table, Action.UPDATE)
    given = validate_body(UpdateRequest, asked.body)
    where = _needed(asked.table, given.where, "where")
    request = Update(asked.table.name, where, _pairs(asked.table, given.input, asked.table.updatable), _AFFECTED)
    return _prepared(request, "Records updated successfully")


def delete(asked: RestRequest) -> PreparedRequest:
    """`{"input": conditions}`."""
    no_pairs(asked.pairs)
    check_may_write(asked.table, Action.DELETE)
    given = validate_body(DeleteRequest, asked.body)
    request = Delete(asked.table.name, _needed(asked.table, given.input, "input"), _AFFECTED)
    return _prepared(request, "Records deleted successfully")


def conditions(table: Table, given: Mapping[str, Any]) -> tuple[Filter, ...]:
    """One filter per column in the order given: equal; for null IS NULL; for a list one of its members."""
    return tuple(_equal(column, value) for column, value in _pairs(table, given, table.columns))


def _pairs(table: Table, given: Mapping[str, Any], known: Mapping[str, Column]) -> tuple[tuple[str, object], ...]:
    # Before anything is made of them: a body may hold hundreds of thousands.
    if not given.keys() <= known.keys():
        raise unknown_column(table.name, next(name for name in given if name not in known), known)
    return tuple((name, given_value(known[name], value)) for name, value in given.items())


def _equal(column: str, value: object) -> Filter:
    if value is None:
        return Compare(column, Operator.IS_NULL, True)
    if not isinstance(value, list):
        return Compare(column, Operator.EQ, value)
    if None not in value:
        return Compare(column, Operator.IN, value)
    # As elsewhere in this layer a null means IS NULL, which SQL's IN would never find.
    others = [item for item in value if item is not None]
    is_null = Compare(column, Operator.IS_NULL, True)
    return Or((Compare(column, Operator.IN, others), is_null)) if others else is_null


def _needed(table: Table, given: Mapping[str, Any] | None, where: str) -> Filter:
    found = all_of(conditions(table, given or {}))
    if found is None:
        raise RequestError(Code.EMPTY_CONDITION, f"'{where}' must hold at least one condition")
    return found


def _prepared(request: Query | Write, message: str) -> PreparedRequest:
    return PreparedRequest(Call((RootRequest("data", request),)), message)


TABLE_OPERATIONS: Mapping[str, RestOperation] = {
    "DELETE": RestOperation(delete, writes=True),
    "POST": RestOperation(insert, writes=True),
    "PUT": RestOperation(update, writes=True),
}
QUERY_OPERATIONS: Mapping[str, RestOperation] = {
    "GET": RestOperation(read, takes_body=False),
    "HEAD": RestOperation(read, takes_body=False),
    "POST": RestOperation(query),
}
