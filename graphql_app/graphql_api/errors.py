"""Failures -> GraphQL errors: one table from `Code` to Hasura's word, one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from graphql import GraphQLError

from graphql_app.errors import AppError, CheckFailed, Code

HASURA_CODE: dict[Code, str] = {
    Code.UNKNOWN_TABLE: "validation-failed",
    Code.UNKNOWN_COLUMN: "validation-failed",
    Code.UNKNOWN_RELATION: "validation-failed",
    Code.UNKNOWN_OPERATOR: "validation-failed",
    Code.UNKNOWN_PARAMETER: "validation-failed",
    Code.EMPTY_CONDITION: "validation-failed",
    Code.NULL_COMPARISON: "validation-failed",
    Code.MALFORMED_JSON: "bad-request",
    Code.INVALID_BODY: "bad-request",
    Code.INVALID_VALUE: "data-exception",
    Code.INVALID_PARAMETER: "validation-failed",
    Code.VALUE_OUT_OF_RANGE: "data-exception",
    Code.VALUE_TOO_LONG: "data-exception",
    Code.NOT_NULL_VIOLATION: "constraint-violation",
    Code.DUPLICATE_ENTRY: "constraint-violation",
    Code.FOREIGN_KEY_VIOLATION: "constraint-violation",
    Code.CHECK_VIOLATION: "permission-error",
    Code.READ_ONLY: "validation-failed",
    Code.NO_KEY: "not-supported",
    Code.PERMISSION_DENIED: "permission-error",
    Code.ACCESS_DENIED: "access-denied",
    Code.INVALID_HEADERS: "invalid-headers",
    Code.INVALID_JWT: "invalid-jwt",
    Code.JWT_INVALID_CLAIMS: "jwt-invalid-claims",
    Code.JWT_MISSING_ROLE_CLAIMS: "jwt-missing-role-claims",
    Code.ROLE_NOT_ALLOWED: "access-denied",
    Code.AUTH_UNAVAILABLE: "unexpected",
    Code.ORIGIN_NOT_ALLOWED: "access-denied",
    Code.HOST_NOT_ALLOWED: "access-denied",
    Code.MISSING_SESSION_VARIABLE: "not-found",
    Code.RATE_LIMITED: "rate-limit-exceeded",
    Code.ROLES_NOT_SUPPORTED: "not-supported",
    Code.LIMIT_EXCEEDED: "validation-failed",
    Code.MAX_AFFECTED_EXCEEDED: "constraint-violation",
    Code.PAYLOAD_TOO_LARGE: "bad-request",
    Code.HEADERS_TOO_LARGE: "bad-request",
    Code.URI_TOO_LONG: "bad-request",
    Code.MALFORMED_REQUEST: "bad-request",
    Code.REQUEST_TIMEOUT: "bad-request",
    Code.RESULT_TOO_LARGE: "data-exception",
    Code.UNSUPPORTED_MEDIA_TYPE: "bad-request",
    Code.NOT_ACCEPTABLE: "bad-request",
    Code.NOT_ONE_ROW: "bad-request",
    Code.PRECONDITION_FAILED: "conflict",
    Code.RANGE_NOT_SATISFIABLE: "bad-request",
    Code.NOT_FOUND: "not-found",
    Code.METHOD_NOT_ALLOWED: "bad-request",
    Code.GRAPHQL_PARSE_FAILED: "parse-failed",
    Code.GRAPHQL_VALIDATION_FAILED: "validation-failed",
    Code.CONFLICT: "conflict",
    Code.IDEMPOTENCY_KEY_IN_USE: "conflict",
    Code.IDEMPOTENCY_KEY_REUSED: "bad-request",
    Code.IDEMPOTENCY_KEY_UNSUPPORTED: "not-supported",
    Code.DRY_RUN_UNSUPPORTED: "not-supported",
    Code.DATABASE_REFUSED: "unexpected",
    Code.STORAGE_FULL: "unexpected",
    Code.SERVICE_UNAVAILABLE: "unexpected",
    Code.GATEWAY_TIMEOUT: "unexpected",
    Code.INTERNAL_ERROR: "unexpected",
}


class Extensions(TypedDict, total=False):
    """What an error says to machines."""

    code: str
    reason: str
    path: str
    retry_count: int
    outcome: str
    column: str
    constraint: str


class Error(TypedDict, total=False):
    """One entry of `errors`."""

    message: str
    locations: list[dict[str, int]]
    path: list[str | int]
    extensions: Extensions


class RequestFailed(Exception):
    """The request cannot be executed at all: an answer without `data`."""

    def __init__(self, errors: Sequence[Error], code: Code = Code.GRAPHQL_VALIDATION_FAILED) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)
        self.code = code

    @classmethod
    def because(cls, code: Code, message: str) -> RequestFailed:
        """A failure with one error."""
        extensions: Extensions = {"code": HASURA_CODE[code], "reason": code, "path": "$"}
        return cls([{"message": message, "extensions": extensions}], code)


def request_error(error: GraphQLError, code: Code) -> Error:
    """A parse, validation or variable error, with its locations."""
    made: Error = {"message": error.message}
    if error.locations:
        made["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    made["extensions"] = {"code": HASURA_CODE[code], "reason": code, "path": "$"}
    return made


def _path(error: AppError, key: str | None) -> str:
    """Where Hasura says that an error is."""
    if key is None or (isinstance(error, CheckFailed) and error.argument is None):
        return "$"
    inside = f".args.{error.argument}" if isinstance(error, CheckFailed) else ""
    return f"$.selectionSet.{key}{inside}"


def execution_error(error: AppError, key: str | None) -> Error:
    """A failure of the operation; `key` is the root field it belongs to, where that is known."""
    extensions: Extensions = {
        "code": HASURA_CODE[error.code],
        "reason": error.code,
        "path": _path(error, key),
        "retry_count": error.retry_count,
    }
    if error.outcome is not None:
        extensions["outcome"] = error.outcome
    if error.column is not None:
        extensions["column"] = error.column
    if error.constraint is not None:
        extensions["constraint"] = error.constraint
    made: Error = {"message": error.message, "extensions": extensions}
    if key is not None:
        made["path"] = [key]
    return made
