"""The parts of the OpenAPI document that every table shares: envelopes, failures, parameters of reads."""

from __future__ import annotations

from typing import Any

from graphql_app.errors import Code, Outcome
from graphql_app.rest_api.filter_text import SPELLINGS

Json = dict[str, Any]

_TIMESTAMP: Json = {"type": "string", "format": "date-time", "example": "2025-12-29T10:30:45.123456Z"}
_RETRY_COUNT: Json = {"type": "integer", "minimum": 0, "description": "Failed attempts before this answer."}


def ref(kind: str, name: str) -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


FAILURE = ref("responses", "Failure")


def success_schema(data: Json) -> Json:
    """The schema of the success envelope around `data`."""
    return {"allOf": [ref("schemas", "Success"), {"properties": {"data": data}}]}


def _written(description: str, **more: Json) -> Json:
    properties = {"rows_affected": {"type": "integer", "minimum": 0}, **more}
    data = {"type": "object", "required": ["rows_affected"], "properties": properties}
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
_PARAMETERS: dict[str, Json] = {
    "select": _parameter("select", "Columns, `shown:column`, `*`, related rows: `id,orders(*)`."),
    "order": _parameter("order", "`a.desc.nullslast,b`; over a relation: `customer(name).asc`."),
    "limit": _parameter("limit", "At most so many rows.", {"type": "integer", "minimum": 0}),
    "offset": _parameter("offset", "So many rows are left out first.", {"type": "integer", "minimum": 0}),
    "and": _parameter("and", "All of: `(a.gte.1,or(b.eq.2,c.is.null))`."),
    "or": _parameter("or", "Any of: `(a.eq.1,b.gt.2)`."),
}

READ_PARAMETERS = [ref("parameters", name) for name in _PARAMETERS]

COMPONENTS: Json = {
    "schemas": {"Success": _SUCCESS_SCHEMA, "Failure": _FAILURE_SCHEMA, "Filter": _FILTER},
    "parameters": _PARAMETERS,
    "responses": {
        "Failure": {
            "description": (
                "400 unknown column, empty condition, malformed JSON, wrong type; 404 unknown table; "
                "409 duplicate key, foreign key, check; 413 too large; 415 media type; 422 body does not fit; "
                "503 database away; 504 all attempts timed out"
            ),
            "content": {"application/json": {"schema": ref("schemas", "Failure")}},
        },
        "Written": _written("What was done"),
        "Inserted": _written(
            "What was done",
            id={"type": "integer", "description": "The AUTO_INCREMENT value of the row, the first one of several."},
        ),
    },
}
