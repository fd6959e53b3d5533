"""Codes of the server and of the client library: what is known after each, and what a client is told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from graphql_app.engine.mysql.dial import TRANSACTION_LOST, ConnectionLost, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_codes import CHANGED, OUT_OF_RANGE, REFUSED, REGEXP, ROWS, Row, row_of_code
from graphql_app.errors import (
    AppError,
    Code,
    DatabaseError,
    GatewayTimeoutException,
    Outcome,
    ServiceUnavailableException,
)

Failure = ServerError | ConnectionLost | TimeoutError
"""What can go wrong between us and the database."""


class Phase(StrEnum):
    """How far a unit of work had come."""

    CONNECT = "connect"
    """No statement was sent."""
    STATEMENT = "statement"
    """A statement was sent outside a transaction of ours."""
    TRANSACTION = "transaction"
    """A statement was sent inside a transaction whose COMMIT was not sent."""
    COMMIT = "commit"
    """The COMMIT was sent."""


class StaleSchema(DatabaseError):
    """The database has no such table or column (any more): the catalog must be read again."""


def changed() -> StaleSchema:
    """The error for a statement that met columns of other types than it was compiled for."""
    return StaleSchema(CHANGED.code, CHANGED.message)


# `type_guard` makes a statement fail so, where it may not merely give NULL.
_BY_GUARD = "coercibility("
_AT_ROW = re.compile(r" at row (\d+)$")
_MOST_OF_A_WORD = 512
_A, _B, _B_PRIME, _C, _D = FailureClass
_AWAY, _TIME = Code.SERVICE_UNAVAILABLE, Code.GATEWAY_TIMEOUT

TRUNCATIONS = frozenset({1260, 1265, 1301})
"""Warnings that say that a value was cut."""

PASSED_OVER = frozenset({1062, 1452, 3819, 4025})
"""Warnings of INSERT IGNORE that say that a row is not in, and why."""

STOPPED = frozenset({1317, 1969, 3024, 4012, 1205, 1028})
"""Answers of a statement that was stopped in time, by a kill or a limit."""

DUPLICATES = frozenset({1062, 1586})
"""A unique key is met by an insert."""

NO_PARENT = frozenset({1216, 1452})
"""There is no row that a new one refers to."""

NO_SUCH_TABLE = 1146

NO_SUCH_THREAD = 1094
"""The statement to be killed has ended with its connection."""

TOO_MANY_CONNECTIONS = 1040
FULL = frozenset({TOO_MANY_CONNECTIONS, 1203, 1226, 1135})
"""The server is there and takes no further connection."""


def error_code(error: Failure) -> int:
    """The number of a failure; 0 for a limit of ours."""
    return 0 if isinstance(error, TimeoutError) else error.code


def refuse_warnings(warnings: Iterable[tuple[bytes, bytes, bytes]], flavour: str) -> None:
    """Raises `DatabaseError` where a statement's warnings (SHOW WARNINGS) say that its result is not what was asked.

    A value was cut; or a regular expression was given up over a row, which then counts as one that does not match.
    """
    for _level, code, text in warnings:
        if int(code) in TRUNCATIONS:
            raise DatabaseError(Code.RESULT_TOO_LARGE, "The result is too large")
        if int(code) == REGEXP:
            row = row_of_code(flavour, REGEXP, "", text.decode("utf-8", "replace"))
            raise DatabaseError(row.code, row.message)


def row_of(error: Failure) -> Row:
    """The row of a failure."""
    if isinstance(error, TimeoutError):
        return Row(_C, _TIME)
    if error.code == OUT_OF_RANGE and isinstance(error, ServerError) and _BY_GUARD in error.message:
        return CHANGED
    if isinstance(error, ServerError):
        return row_of_code(error.flavour, error.code, error.sqlstate, error.message)
    return ROWS.get(error.code) or Row(_C, _AWAY)


def is_unexpected(error: Failure) -> bool:
    """Whether the server refused for a reason without a name here: no request should come to that."""
    return row_of(error) is REFUSED


def node_is_unfit(error: Failure) -> bool:
    """Whether the server that answered may not do what was asked, and another one behind its address may."""
    return not isinstance(error, TimeoutError) and row_of(error).failure is _B_PRIME


def classify(error: Failure, phase: Phase, *, transactional: bool = True) -> FailureClass:
    """What is known after `error`. Without transactions (`transactional=False`) a rollback leaves traces."""
    row = row_of(error)
    if phase is Phase.CONNECT:
        return _D if row.failure is _D else _A
    if isinstance(error, ConnectionLost) and not error.sent:
        return _A
    failure = row.failure
    if phase is Phase.COMMIT and not _sure_at_commit(row):
        failure = _C
    elif phase is Phase.TRANSACTION and failure is _C and error_code(error) != TRANSACTION_LOST:
        # The server cannot commit what it was not told to commit.
        failure = _B
    if failure in (_B, _A) and not transactional:
        return _C
    return _B if failure is _A else failure


def _sure_at_commit(row: Row) -> bool:
    return row.sure_at_commit or (row.failure is _D and row is not REFUSED)


def to_app_error(error: Failure, phase: Phase, *, outcome: Outcome | None = None) -> AppError:
    """What a client is told: our words, names of columns and constraints, never a value or the server's text."""
    row = row_of(error)
    if phase is Phase.CONNECT or row.code is _AWAY:
        return ServiceUnavailableException(outcome=outcome)
    if row.code is _TIME:
        return GatewayTimeoutException(outcome=outcome)
    text = error.message if isinstance(error, ServerError) else ""
    if row.own_word and text:
        return DatabaseError(row.code, _bounded(text), outcome=outcome)
    name = _find(row, text)
    constraint = name if row.names_constraint else None
    column = None if row.names_constraint else name
    if constraint and _is_column_check(text, constraint):
        column = constraint = constraint.rpartition(".")[2]
    return (StaleSchema if row.stale else DatabaseError)(
        row.code,
        _message(row.message, column, constraint) + _number(row, error),
        column=column,
        constraint=constraint,
        row=_row_number(text),
        outcome=outcome,
    )


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST_OF_A_WORD else text[: _MOST_OF_A_WORD - 1] + "…"


def _number(row: Row, error: Failure) -> str:
    """The server's number, where it says more than our words do."""
    return f" (server code {error_code(error)})" if row.code is Code.DATABASE_REFUSED else ""


def _is_column_check(text: str, constraint: str) -> bool:
    """MariaDB names the check of a single column `table.column`."""
    return text.startswith("CONSTRAINT ") and "." in constraint


def _find(row: Row, text: str) -> str | None:
    found = row.name.search(text) if row.name else None
    if found is None:
        return None
    return next((group for group in found.groups() if group), "").replace("``", "`") or None


def _message(message: str, column: str | None, constraint: str | None) -> str:
    if column is not None:
        return f"{message} for column '{column}'"
    return message if constraint is None else f"{message} (constraint '{constraint}')"


def _row_number(text: str) -> int | None:
    found = _AT_ROW.search(text)
    return int(found.group(1)) - 1 if found else None
