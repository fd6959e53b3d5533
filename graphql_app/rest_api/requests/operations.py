"""The REST operations: table, body and query string become a call, with the message of its success."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphql_app.engine.request.calls import Call, Query, RootRequest
from graphql_app.errors import Code, RequestError
from graphql_app.http.preferences import READS
from graphql_app.rest_api.models import CRUDRequest, DeleteRequest, UpdateRequest, validate_body
from graphql_app.rest_api.permitted import check_may_read, check_may_read_one
from graphql_app.rest_api.query_language.keys import key_filters
from graphql_app.rest_api.query_language.read_request import read_request
from graphql_app.rest_api.requests.answers import write_parameters
from graphql_app.rest_api.requests.changes import delete_rows, update_rows
from graphql_app.rest_api.requests.inserts import insert_rows, put_row
from graphql_app.rest_api.requests.records import PreparedRequest, RestOperation, RestRequest
from graphql_app.rest_api.requests.values import conditions

_RETRIEVED = "Records retrieved successfully"


def insert(asked: RestRequest) -> PreparedRequest:
    """`{"input": row}` or `{"input": [row, …]}`; several rows go into one transaction.

    The answer's `id` (tables with an AUTO_INCREMENT column only) is that of the first row.
    """
    return insert_rows(asked, validate_body(CRUDRequest, asked.body).input)


def read(asked: RestRequest) -> PreparedRequest:
    """All rows, or those that the query string asks for."""
    check_may_read(asked.table)
    return _prepared(read_request(asked.catalog, asked.table, (), asked.pairs), _RETRIEVED)


def query(asked: RestRequest) -> PreparedRequest:
    """`{"input": conditions}`: the rows where all are equal; `{}` is all rows. The query string narrows further."""
    given = validate_body(CRUDRequest, asked.body).input
    if isinstance(given, list):
        raise _not_an_object()
    check_may_read(asked.table)
    request = read_request(asked.catalog, asked.table, conditions(asked.table, given), asked.pairs)
    return _prepared(request, _RETRIEVED)


def read_row(asked: RestRequest) -> PreparedRequest:
    """The row of a key; filters of the query string may leave it out."""
    write_parameters(asked)
    check_may_read_one(asked.table)
    asked.prefer.check(READS)
    assert asked.key is not None
    found = read_request(asked.catalog, asked.table, key_filters(asked.table, asked.key), asked.pairs)
    return replace(_prepared(replace(found, one=True), "Record retrieved successfully"), one_row=True)


def update(asked: RestRequest) -> PreparedRequest:
    """`{"input": values, "where": conditions}`; the query string and a key narrow further."""
    given = validate_body(UpdateRequest, asked.body)
    return update_rows(asked, given.input, given.where)


def put(asked: RestRequest) -> PreparedRequest:
    """`{"input": values}`: the row of the key, made or changed."""
    given = validate_body(CRUDRequest, asked.body).input
    if isinstance(given, list):
        raise _not_an_object()
    return put_row(asked, given)


def delete(asked: RestRequest) -> PreparedRequest:
    """`{"input": conditions}`; the query string and a key narrow further."""
    return delete_rows(asked, validate_body(DeleteRequest, asked.body).input)


def _not_an_object() -> RequestError:
    return RequestError(Code.INVALID_BODY, "The body does not fit: input must be an object")


def _prepared(request: Query, message: str) -> PreparedRequest:
    return PreparedRequest(Call((RootRequest("data", request),)), message)


TABLE_OPERATIONS: Mapping[str, RestOperation] = {
    "DELETE": RestOperation(delete, writes=True),
    "PATCH": RestOperation(update, writes=True),
    "POST": RestOperation(insert, writes=True),
    "PUT": RestOperation(update, writes=True),
}
QUERY_OPERATIONS: Mapping[str, RestOperation] = {
    "GET": RestOperation(read, takes_body=False),
    "HEAD": RestOperation(read, takes_body=False),
    "POST": RestOperation(query),
}
ROW_OPERATIONS: Mapping[str, RestOperation] = {
    "DELETE": RestOperation(delete, writes=True),
    "GET": RestOperation(read_row, takes_body=False),
    "HEAD": RestOperation(read_row, takes_body=False),
    "PATCH": RestOperation(update, writes=True),
    "PUT": RestOperation(put, writes=True),
}
