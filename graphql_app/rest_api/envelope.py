"""The envelopes of every REST answer, and the one table from failure codes to HTTP statuses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import orjson
from starlette.types import Send

from graphql_app.engine.assemble.json import Value, within
from graphql_app.errors import AppError, Code
from graphql_app.http.etags import etag
from graphql_app.runtime.hot_record import hot_record
from graphql_app.runtime.suggestions import hint

Clock = Callable[[], datetime]
Headers = tuple[tuple[bytes, bytes], ...]

STATUS: Mapping[Code, int] = {
    Code.UNKNOWN_TABLE: 404,
    Code.UNKNOWN_COLUMN: 400,
    Code.UNKNOWN_RELATION: 400,
    Code.UNKNOWN_OPERATOR: 400,
    Code.UNKNOWN_PARAMETER: 400,
    Code.EMPTY_CONDITION: 400,
    Code.NULL_COMPARISON: 400,
    Code.MALFORMED_JSON: 400,
    Code.INVALID_BODY: 422,
    Code.INVALID_VALUE: 400,
    Code.INVALID_PARAMETER: 400,
    Code.VALUE_OUT_OF_RANGE: 400,
    Code.VALUE_TOO_LONG: 400,
    Code.NOT_NULL_VIOLATION: 400,
    Code.DUPLICATE_ENTRY: 409,
    Code.FOREIGN_KEY_VIOLATION: 409,
    Code.CHECK_VIOLATION: 409,
    Code.READ_ONLY: 403,
    Code.NO_KEY: 400,
    Code.PERMISSION_DENIED: 403,
    Code.ACCESS_DENIED: 401,
    Code.INVALID_HEADERS: 401,
    Code.INVALID_JWT: 401,
    Code.JWT_INVALID_CLAIMS: 401,
    Code.JWT_MISSING_ROLE_CLAIMS: 401,
    Code.ROLE_NOT_ALLOWED: 403,
    Code.AUTH_UNAVAILABLE: 503,
    Code.ORIGIN_NOT_ALLOWED: 403,
    Code.HOST_NOT_ALLOWED: 403,
    Code.MISSING_SESSION_VARIABLE: 400,
    Code.ROLES_NOT_SUPPORTED: 400,
    Code.RATE_LIMITED: 429,
    Code.LIMIT_EXCEEDED: 400,
    Code.MAX_AFFECTED_EXCEEDED: 409,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.HEADERS_TOO_LARGE: 431,
    Code.URI_TOO_LONG: 414,
    Code.MALFORMED_REQUEST: 400,
    Code.REQUEST_TIMEOUT: 408,
    Code.RESULT_TOO_LARGE: 400,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.NOT_ACCEPTABLE: 406,
    Code.NOT_ONE_ROW: 406,
    Code.PRECONDITION_FAILED: 412,
    Code.RANGE_NOT_SATISFIABLE: 416,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.GRAPHQL_PARSE_FAILED: 400,
    Code.GRAPHQL_VALIDATION_FAILED: 400,
    Code.CONFLICT: 409,
    Code.IDEMPOTENCY_KEY_IN_USE: 409,
    Code.IDEMPOTENCY_KEY_REUSED: 422,
    Code.IDEMPOTENCY_KEY_UNSUPPORTED: 501,
    Code.DRY_RUN_UNSUPPORTED: 501,
    Code.DATABASE_REFUSED: 409,
    Code.STORAGE_FULL: 507,
    Code.SERVICE_UNAVAILABLE: 503,
    Code.GATEWAY_TIMEOUT: 504,
    Code.INTERNAL_ERROR: 500,
}

# Here the status says all that the code does, so alone it leaves `details` null.
_SAID_BY_STATUS = frozenset({Code.GATEWAY_TIMEOUT})
_BODILESS = frozenset({204, 304})
_RETRY_AFTER_SECONDS = 2.0
_MICROSECONDS = len("2000-01-01T00:00:00.000000")
JSON: Headers = ((b"content-type", b"application/json"),)


@hot_record
class RestResponse:
    """One finished HTTP answer. `code` is set on failures, for the log; `sent` where it went out already."""

    status: int
    body: bytes
    headers: Headers = JSON
    retry_count: int = 0
    code: Code | None = None
    sent: bool = False


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """`moment` (in UTC) as ISO 8601 with microseconds and a `Z`."""
    return moment.isoformat(timespec="microseconds")[:_MICROSECONDS] + "Z"


def success(
    message: str,
    data: Value,
    retry_count: int,
    moment: datetime,
    headers: Headers = JSON,
    status: int = 200,
    *,
    tagged: bool = False,
) -> RestResponse:
    """The answer of a call that worked; `data` is spliced in as it is.

    `message` is one of our own constants: it must not need escaping. A `tagged` answer has the ETag of its data.
    """
    head = f'{{"timestamp":"{timestamp(moment)}","message":"{message}","data":'.encode()
    tail = b',"retry_count":%d}' % retry_count
    body = within(head, data, tail)
    if tagged:
        headers = (*headers, etag(memoryview(body)[len(head) : len(body) - len(tail)]))
    return RestResponse(status, body, headers, retry_count)


def failure(
    error: AppError, moment: datetime, *, status: int | None = None, extra: Headers = (), suggests: bool = False
) -> RestResponse:
    """The answer of a call that failed: `status` or that of its code, and on 503 when to come back.

    `suggests`: it may tell the name that was probably meant where one is unknown.
    """
    status = STATUS[error.code] if status is None else status
    body = {
        "timestamp": timestamp(moment),
        "error_code": str(status),
        "message": error.message + (hint(*error.unknown) if suggests and error.unknown else ""),
        "retry_count": error.retry_count,
        "details": _details(error),
    }
    headers = (*JSON, *extra, *retry_after(error, status))
    return RestResponse(status, orjson.dumps(body), headers, error.retry_count, error.code)


def _details(error: AppError) -> dict[str, str | int] | None:
    known: dict[str, str | int | None] = {
        "column": error.column,
        "constraint": error.constraint,
        "outcome": error.outcome,
        "row": error.row,
    }
    found = {name: value for name, value in known.items() if value is not None}
    if not found and error.code in _SAID_BY_STATUS:
        return None
    return {"code": error.code, **found}


def retry_after(error: AppError, status: int) -> Headers:
    """The header that says when to come back, where the failure passes."""
    seconds = error.retry_after
    if seconds is None and status == 503:
        seconds = _RETRY_AFTER_SECONDS
    return () if seconds is None else ((b"retry-after", b"%d" % max(1, math.ceil(seconds))),)


async def respond(send: Send, answer: RestResponse) -> None:
    """Send `answer` as a whole."""
    headers = list(answer.headers)
    if answer.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def respond_head(send: Send, answer: RestResponse) -> None:
    """Send the head of `answer` alone. How long its body would be is not known."""
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": b""})
