"""Every failure a client can be told of: one closed list of codes, one exception family.

Knows neither HTTP nor GraphQL: each API owns one table from `Code` to its own form
(`rest_api.envelope`, `graphql_api.errors`), and a test asserts that both are complete.

    AppError
    |-- RequestError                the request is wrong; nothing was sent to the database
    |-- DatabaseError               the database refused the statement; nothing was applied
    |   `-- CheckFailed             rows do not satisfy the check of a role's permission
    |-- ServiceUnavailableException the database is away
    `-- GatewayTimeoutException     every attempt ran out of time
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Code(StrEnum):
    """Stable names of failures, as shown in REST `details.code` and GraphQL `reason`."""

    UNKNOWN_TABLE = "UNKNOWN_TABLE"
    UNKNOWN_COLUMN = "UNKNOWN_COLUMN"
    UNKNOWN_RELATION = "UNKNOWN_RELATION"
    UNKNOWN_OPERATOR = "UNKNOWN_OPERATOR"
    UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER"
    EMPTY_CONDITION = "EMPTY_CONDITION"
    NULL_COMPARISON = "NULL_COMPARISON"
    MALFORMED_JSON = "MALFORMED_JSON"
    INVALID_BODY = "INVALID_BODY"
    INVALID_VALUE = "INVALID_VALUE"
    INVALID_PARAMETER = "INVALID_PARAMETER"
    VALUE_OUT_OF_RANGE = "VALUE_OUT_OF_RANGE"
    VALUE_TOO_LONG = "VALUE_TOO_LONG"
    NOT_NULL_VIOLATION = "NOT_NULL_VIOLATION"
    DUPLICATE_ENTRY = "DUPLICATE_ENTRY"
    FOREIGN_KEY_VIOLATION = "FOREIGN_KEY_VIOLATION"
    CHECK_VIOLATION = "CHECK_VIOLATION"
    READ_ONLY = "READ_ONLY"
    NO_KEY = "NO_KEY"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    ACCESS_DENIED = "ACCESS_DENIED"
    INVALID_HEADERS = "INVALID_HEADERS"
    INVALID_JWT = "INVALID_JWT"
    JWT_INVALID_CLAIMS = "JWT_INVALID_CLAIMS"
    JWT_MISSING_ROLE_CLAIMS = "JWT_MISSING_ROLE_CLAIMS"
    ROLE_NOT_ALLOWED = "ROLE_NOT_ALLOWED"
    AUTH_UNAVAILABLE = "AUTH_UNAVAILABLE"
    ORIGIN_NOT_ALLOWED = "ORIGIN_NOT_ALLOWED"
    HOST_NOT_ALLOWED = "HOST_NOT_ALLOWED"
    MISSING_SESSION_VARIABLE = "MISSING_SESSION_VARIABLE"
    ROLES_NOT_SUPPORTED = "ROLES_NOT_SUPPORTED"
    RATE_LIMITED = "RATE_LIMITED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    MAX_AFFECTED_EXCEEDED = "MAX_AFFECTED_EXCEEDED"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE"
    URI_TOO_LONG = "URI_TOO_LONG"
    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    RESULT_TOO_LARGE = "RESULT_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    NOT_ONE_ROW = "NOT_ONE_ROW"
    PRECONDITION_FAILED = "PRECONDITION_FAILED"
    RANGE_NOT_SATISFIABLE = "RANGE_NOT_SATISFIABLE"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    CONFLICT = "CONFLICT"
    IDEMPOTENCY_KEY_IN_USE = "IDEMPOTENCY_KEY_IN_USE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    IDEMPOTENCY_KEY_UNSUPPORTED = "IDEMPOTENCY_KEY_UNSUPPORTED"
    DRY_RUN_UNSUPPORTED = "DRY_RUN_UNSUPPORTED"
    DATABASE_REFUSED = "DATABASE_REFUSED"
    STORAGE_FULL = "STORAGE_FULL"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    GATEWAY_TIMEOUT = "GATEWAY_TIMEOUT"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Outcome(StrEnum):
    """What is known of a write that failed."""

    NOT_APPLIED = "not_applied"
    APPLIED = "applied"
    UNKNOWN = "unknown"


class AppError(Exception):
    """A failure with a stable code and a message that is safe to show.

    `column`, `constraint` and `row` (0-based index into the rows of an insert) name
    the culprit where it is known, `root` (0-based) which of the call's roots it belongs to;
    `outcome` is set for writes; `retry_count` counts failed attempts; `retry_after` is in seconds.
    `unknown` is a name that nobody knows, with those that it may have been meant for.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        column: str | None = None,
        constraint: str | None = None,
        row: int | None = None,
        outcome: Outcome | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.column = column
        self.constraint = constraint
        self.row = row
        self.outcome = outcome
        self.retry_after = retry_after
        self.retry_count = 0
        self.root: int | None = None
        self.unknown: tuple[str, Iterable[str]] | None = None


def each_root(roots: Iterable[A], work: Callable[[A], B]) -> tuple[B, ...]:
    """What `work` makes of each of a call's roots; an `AppError` that it raises is told its root."""
    made: list[B] = []
    for root in roots:
        try:
            made.append(work(root))
        except AppError as error:
            error.root = len(made)
            raise
    return tuple(made)


class RequestError(AppError):
    """The request is wrong; nothing was sent to the database."""


class DatabaseError(AppError):
    """The database refused the statement; the unit of work was rolled back."""


class CheckFailed(DatabaseError):
    """Rows that a role wrote do not satisfy the check of its permission; everything was rolled back.

    `argument` is the root's argument that gave the rows, where that is an insert's.
    """

    def __init__(self, argument: str | None = None) -> None:
        message = "check constraint of an insert/update permission has failed"
        super().__init__(Code.PERMISSION_DENIED, message, outcome=Outcome.NOT_APPLIED)
        self.argument = argument


class ServiceUnavailableException(AppError):
    """The database is away: no attempt got a connection, or it was lost."""

    def __init__(self, message: str = "Database unavailable", *, outcome: Outcome | None = None) -> None:
        super().__init__(Code.SERVICE_UNAVAILABLE, message, outcome=outcome, retry_after=2.0)


class GatewayTimeoutException(AppError):
    """Every attempt ran out of its time."""

    def __init__(self, message: str = "Operation timed out", *, outcome: Outcome | None = None) -> None:
        super().__init__(Code.GATEWAY_TIMEOUT, message, outcome=outcome)


LONGEST_NAME = 200
"""Characters of an unknown name that an error repeats: a client may send megabytes for one."""


def shown_name(name: str) -> str:
    """A name that a client sent, as an error repeats it."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def unknown_name(code: Code, what: str, name: str, known: Iterable[str], column: str | None = None) -> RequestError:
    """The error for a `name` that is none of those `known`."""
    error = RequestError(code, what, column=column)
    error.unknown = name, known
    return error


def unknown_column(table: str, column: str, known: Iterable[str] = ()) -> RequestError:
    """The error for a column that `table` does not have; `known` are those that it has."""
    shown = shown_name(column)
    return unknown_name(Code.UNKNOWN_COLUMN, f"Unknown column '{shown}' in table '{table}'", column, known, shown)


def unknown_relation(table: str, relation: str, known: Iterable[str] = ()) -> RequestError:
    """The error for a relation that `table` does not have; `known` are those that it has."""
    return unknown_name(
        Code.UNKNOWN_RELATION, f"Unknown relation '{shown_name(relation)}' of table '{table}'", relation, known
    )


def structure_hidden() -> RequestError:
    """The error for a request for the structure where INTROSPECTION is off, in GraphQL and elsewhere."""
    return RequestError(Code.PERMISSION_DENIED, "Introspection is switched off")


def unknown_table(table: str, known: Iterable[str] = ()) -> RequestError:
    """The error for a table that the catalog does not have; `known` are those that it has."""
    return unknown_name(Code.UNKNOWN_TABLE, f"Unknown table '{shown_name(table)}'", table, known)


def internal_error() -> AppError:
    """The failure that stands for a defect of ours, and says nothing of it."""
    return AppError(Code.INTERNAL_ERROR, "Internal server error")
