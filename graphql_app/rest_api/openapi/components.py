"""The parts of the OpenAPI document that every table shares: envelopes, failures, parameters of reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from graphql_app.engine.execute.ledger import KEY_LENGTH
from graphql_app.errors import AppError, Code, GatewayTimeoutException, Outcome, ServiceUnavailableException
from graphql_app.rest_api.envelope import failure
from graphql_app.rest_api.query_language.filters import SPELLINGS

Json = dict[str, Any]

_TIMESTAMP: Json = {"type": "string", "format": "date-time", "example": "2025-12-29T10:30:45.123456Z"}
_RETRY_COUNT: Json = {"type": "integer", "minimum": 0, "description": "Failed attempts before this answer."}


def ref(kind: str, name: str) -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


_FAILURES: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", "Unknown column or parameter, wrong value, empty condition, malformed JSON"),
    403: ("Forbidden", "Read-only, or the database refuses access"),
    404: ("NotFound", "Unknown table, or no row with this key"),
    406: ("NotAcceptable", "None of the media types that the client takes, or not one row where one is asked for"),
    409: ("Conflict", "Duplicate key, foreign key, check constraint, `Idempotency-Key` in use"),
    412: ("PreconditionFailed", "The row is not as `If-Match` or `If-None-Match` asks"),
    413: ("TooLarge", "The body is too large"),
    415: ("UnsupportedMediaType", "The body is of another media type"),
    416: ("RangeNotSatisfiable", "`Range` begins behind the last row"),
    422: ("Unprocessable", "The body does not fit its model, or `Idempotency-Key` was used for another request"),
    501: (
        "Unsupported",
        "`Idempotency-Key` without the ledger, or it or `tx=rollback` for a table that knows no transactions",
    ),
    503: ("Unavailable", "The database is away: come back after `Retry-After` seconds"),
    504: ("TimedOut", "All attempts timed out"),
    507: ("StorageFull", "The database has no space left"),
}
_EXAMPLES: Mapping[int, AppError] = {
    400: AppError(Code.UNKNOWN_COLUMN, "Unknown column 'colour' in table 'users'", column="colour"),
    403: AppError(Code.PERMISSION_DENIED, "The database refuses access"),
    404: AppError(Code.UNKNOWN_TABLE, "Unknown table 'user'"),
    406: AppError(Code.NOT_ACCEPTABLE, "Accept application/json, text/csv or application/x-ndjson"),
    409: AppError(Code.DUPLICATE_ENTRY, "Duplicate entry (constraint 'email')", constraint="email"),
    412: AppError(Code.PRECONDITION_FAILED, "The row has changed: nothing was written"),
    413: AppError(Code.PAYLOAD_TOO_LARGE, "The body is larger than 10485760 bytes"),
    415: AppError(Code.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json"),
    416: AppError(Code.RANGE_NOT_SATISFIABLE, "Rows from 30 on are asked for, and there are 25"),
    422: AppError(Code.INVALID_BODY, "The body needs 'input'"),
    501: AppError(Code.IDEMPOTENCY_KEY_UNSUPPORTED, "Idempotency-Key needs the ledger"),
    503: ServiceUnavailableException(),
    504: GatewayTimeoutException(outcome=Outcome.NOT_APPLIED),
    507: AppError(Code.STORAGE_FULL, "The database has no space left"),
}
"""For each status a failure that ends in it; the answers to them are made as those to real ones are."""
_MOMENT = datetime(2025, 12, 29, 10, 30, 45, 123456, UTC)

READ_FAILURES, ROWS_FAILURES = (400, 403, 404, 503, 504), (400, 403, 404, 406, 416, 503, 504)
BODY_FAILURES = (400, 403, 404, 413, 415, 422, 503, 504)
WRITE_FAILURES = (*BODY_FAILURES[:3], 406, 409, *BODY_FAILURES[3:6], 501, *BODY_FAILURES[6:], 507)
ROW_WRITE_FAILURES = (*WRITE_FAILURES, 412)
"""The statuses of failed calls, by what the call does."""


def failures(statuses: Iterable[int]) -> dict[str, Json]:
    """The responses of an operation that may fail with these statuses."""
    return {str(status): ref("responses", _FAILURES[status][0]) for status in statuses}


def _failure(status: int, description: str) -> Json:
    error = _EXAMPLES[status]
    error.retry_count = 4 if error.code is Code.GATEWAY_TIMEOUT else 0
    example = orjson.loads(failure(error, _MOMENT).body)
    content = {"application/json": {"schema": ref("schemas", "Failure"), "example": example}}
    found: Json = {"description": description, "content": content}
    if status == 503:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}}
    return found


def success_schema(data: Json) -> Json:
    """The schema of the success envelope around `data`."""
    return {"allOf": [ref("schemas", "Success"), {"properties": {"data": data}}]}


def _written(description: str, **more: Json) -> Json:
    properties = {"rows_affected": {"type": "integer", "minimum": 0}, **more}
    counts = {"type": "object", "required": ["rows_affected"], "properties": properties}
    rows = {"type": "array", "items": {"type": "object"}, "description": "With `return=representation`."}
    row = {"type": "object", "description": "With `return=representation`, where one row is meant."}
    data = {"anyOf": [counts, rows, row]}
    return {"description": description, "content": {"application/json": {"schema": success_schema(data)}}}


def _parameter(name: str, description: str, schema: Json | None = None, **more: object) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}, **more}


_DETAILS: Json = {
    "type": ["object", "null"],
    "properties": {
        "code": {"type": "string", "enum": [code.value for code in Code]},
        "column": {"type": "string"},
        "constraint": {"type": "string"},
        "outcome": {"type": "string", "enum": [outcome.value for outcome in Outcome]},
        "row": {"type": "integer", "minimum": 0, "description": "Which row of an insert, counted from 0."},
    },
}
_SUCCESS_SCHEMA: Json = {
    "type": "object",
    "required": ["timestamp", "message", "data", "retry_count"],
    "properties": {
        "timestamp": _TIMESTAMP,
        "message": {"type": "string", "example": "Records retrieved successfully"},
        "data": {},
        "retry_count": _RETRY_COUNT,
    },
}
_FAILURE_SCHEMA: Json = {
    "type": "object",
    "required": ["timestamp", "error_code", "message", "retry_count", "details"],
    "properties": {
        "timestamp": _TIMESTAMP,
        "error_code": {"type": "string", "description": "The HTTP status as text.", "example": "400"},
        "message": {"type": "string"},
        "retry_count": _RETRY_COUNT,
        "details": _DETAILS,
    },
}
_FILTER: Json = {
    "type": "string",
    # No `example`: the documentation page would send it as a filter on every column.
    "description": "`operator.value` such as `gte.30`, `not.` before it for the opposite. Operators: "
    + ", ".join(SPELLINGS)
    + ".",
}
_GROUP: Json = {"type": "string", "pattern": "^[(].+[)]$"}
_PARAMETERS: dict[str, Json] = {
    "select": _parameter("select", "Columns, `shown:column`, `*`, related rows: `id,orders(*)`."),
    "order": _parameter("order", "`a.desc.nullslast,b`; over a relation: `customer(name).asc`."),
    "limit": _parameter("limit", "At most so many rows.", {"type": "integer", "minimum": 0}),
    "offset": _parameter("offset", "So many rows are left out first.", {"type": "integer", "minimum": 0}),
    "and": _parameter("and", "All of: `(a.gte.1,or(b.eq.2,c.is.null))`.", _GROUP),
    "or": _parameter("or", "Any of: `(a.eq.1,b.gt.2)`.", _GROUP),
}

READ_PARAMETERS = [ref("parameters", name) for name in _PARAMETERS]
COUNT_PARAMETER = ref("parameters", "prefer")
RANGE_PARAMETER = ref("parameters", "range")
PREFER_PARAMETER = ref("parameters", "preferOfWrites")
SELECT_PARAMETER = ref("parameters", "select")
INSERT_PARAMETERS = [ref("parameters", "columns"), ref("parameters", "onConflict")]
NOT_MODIFIED: Json = {"description": "The client has this answer: its `ETag` is one of `If-None-Match`"}
NONE_MATCH_PARAMETER, MATCH_PARAMETER = ref("parameters", "ifNoneMatch"), ref("parameters", "ifMatch")
ROW_KEY_PARAMETER = ref("parameters", "rowKey")
KEY_PARAMETER = ref("parameters", "idempotencyKey")

COMPONENTS: Json = {
    "schemas": {"Success": _SUCCESS_SCHEMA, "Failure": _FAILURE_SCHEMA, "Filter": _FILTER},
    "parameters": {
        **_PARAMETERS,
        "prefer": {
            "name": "Prefer",
            "in": "header",
            "description": (
                "`count=exact` adds `Content-Range: 0-24/3573`, the number of all rows behind the slash. "
                "`count=planned` gives what the database's planner expects, `count=estimated` that where counting "
                "takes long."
            ),
            "schema": {"type": "string"},
        },
        "range": {
            "name": "Range",
            "in": "header",
            "description": "Rows by their place, `0-24`; `limit` and `offset` go before it.",
            "schema": {"type": "string"},
        },
        "preferOfWrites": {
            "name": "Prefer",
            "in": "header",
            "description": "`return=minimal|headers-only|representation`, `missing=default`, `max-affected=10`, "
            "`resolution=merge-duplicates|ignore-duplicates`, `tx=rollback`, `handling=strict`.",
            "schema": {"type": "string"},
        },
        "ifNoneMatch": {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of an answer that the client has; `*`: the row must not be there.",
            "schema": {"type": "string"},
        },
        "ifMatch": {
            "name": "If-Match",
            "in": "header",
            "description": "The `ETag` that the row must have; `*`: it must be there.",
            "schema": {"type": "string"},
        },
        "columns": _parameter("columns", "What is taken of each row: `name,age`. What a row leaves out is null."),
        "onConflict": _parameter("on_conflict", "The columns of the unique key that `resolution` is about."),
        "rowKey": {
            "name": "key",
            "in": "path",
            "required": True,
            "description": "The values of the primary key, percent-encoded, with commas between.",
            "schema": {"type": "string"},
        },
        "idempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The write is done once; who sends the same again within a day gets the same answer.",
            "schema": {"type": "string", "pattern": "^[ -~]+$", "maxLength": KEY_LENGTH},
        },
    },
    "responses": {
        **{name: _failure(status, description) for status, (name, description) in _FAILURES.items()},
        "Written": _written("What was done"),
        "Inserted": _written(
            "What was done",
            id={"type": "integer", "description": "The AUTO_INCREMENT value of the row, the first one of several."},
        ),
    },
}
