"""Codes of the server and of the client library: what is known after each, and what a client is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from graphql_app.engine.driver import (
    ANSWER_TOO_LARGE,
    CROWDED,
    TLS_FAILED,
    TRANSACTION_LOST,
    ConnectionLost,
    ServerError,
)
from graphql_app.engine.retry import FailureClass
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


@dataclass(frozen=True, slots=True)
class Row:
    """What one server code means. `name` finds the culprit's name in the server's text."""

    failure: FailureClass
    code: Code
    message: str = ""
    name: re.Pattern[str] | None = None
    names_constraint: bool = False
    stale: bool = False
    sure_at_commit: bool = False


def changed() -> StaleSchema:
    """The error for a statement that met columns of other types than it was compiled for."""
    return StaleSchema(_CHANGED.code, _CHANGED.message)


_CHANGED = Row(FailureClass.D, Code.CONFLICT, "The structure of the table changed meanwhile", stale=True)
_OUT_OF_RANGE = 1690
# `type_guard` makes a statement fail so, where it may not merely give NULL.
_BY_GUARD = "coercibility("


def _table(row: Row, *codes: int) -> Iterator[tuple[int, Row]]:
    for code in codes:
        yield code, row


# A name stands at the end of the text, after values that the client chose: the patterns are tied to the end.
_COLUMN = re.compile(r".*[Cc]olumn [`'](?:.*[`.])?([^`'.]+)[`']\.?(?: at row \d+)?(?: cannot be null)?$", re.S)
_UNKNOWN_COLUMN = re.compile(r"^Unknown column '(?:.*\.)?(.+?)' in ")
_ANY_COLUMN = re.compile(r"[Cc]olumn '([^']+)'")
_FIELD = re.compile(r"^Field '(.+)' doesn't have a default value$")
_KEY = re.compile(r".* for key '(?:.*\.)?([^']*)'$", re.S)
_FOREIGN_KEY = re.compile(r"CONSTRAINT `((?:[^`]|``)+)`(?: FOREIGN KEY|\))")
_CHECK = re.compile(r"^(?:Check constraint '(.+)' is violated\.|CONSTRAINT `(.+)` failed for .*)$")
_AT_ROW = re.compile(r" at row (\d+)$")

_A, _B, _B_PRIME, _C, _D = FailureClass
_AWAY, _TIME = Code.SERVICE_UNAVAILABLE, Code.GATEWAY_TIMEOUT
_LOGIN = Row(_D, _AWAY, "Database unavailable")

ROWS: dict[int, Row] = dict(
    [
        # --- the way to the server
        *_table(Row(_A, _AWAY), 2002, 2003, 2005, 2012, 1040, 1203, 1226, 1129, 1135, 1047, 3168, 4031),
        *_table(Row(_D, _AWAY), CROWDED),
        *_table(_LOGIN, 1045, 1049, 1130, 1698, 1862, 3118, 4151, 2026, 2059, 2061, 5159),
        # --- surely rolled back
        *_table(Row(_B, _TIME), 1205, 1969, 3024, 1317, 3572, 4012, 6210),
        *_table(Row(_B, _AWAY, sure_at_commit=True), 1213, 1614, 3101, 8002, 8005, 8022, 8028, 9007, 6002, 6235),
        *_table(Row(_B, _AWAY), 1020, 1412, 1615, 6005, 6211, 6224, 1037, 1041),
        # --- a node that may not write
        *_table(Row(_B_PRIME, _AWAY, sure_at_commit=True), 1290, 1836, 1874, 4038),
        # --- unknown
        *_table(Row(_C, _AWAY), 2006, 2013, 1053, 1927, 1152, 1158, 1159, 1160, 1161, 1180, 5066),
        *_table(Row(_C, _AWAY), 9001, 9002, 9003, 9004, 9005, TRANSACTION_LOST),
        # --- constraints
        *_table(Row(_D, Code.DUPLICATE_ENTRY, "Duplicate entry", _KEY, names_constraint=True), 1062, 1586, 1022),
        *_table(
            Row(_D, Code.FOREIGN_KEY_VIOLATION, "The row is still referenced", _FOREIGN_KEY, names_constraint=True),
            *(1217, 1451, 1701),
        ),
        *_table(
            Row(_D, Code.FOREIGN_KEY_VIOLATION, "No such referenced row", _FOREIGN_KEY, names_constraint=True),
            *(1216, 1452),
        ),
        *_table(Row(_D, Code.CHECK_VIOLATION, "Check constraint violated", _CHECK, names_constraint=True), 3819, 4025),
        *_table(Row(_D, Code.CHECK_VIOLATION, "Refused by a rule of the database"), 1644, 1369),
        *_table(Row(_D, Code.NOT_NULL_VIOLATION, "A value is required", _COLUMN), 1048, 1263, 1566),
        *_table(Row(_D, Code.NOT_NULL_VIOLATION, "A value is required", _FIELD), 1364),
        # --- values
        *_table(Row(_D, Code.VALUE_TOO_LONG, "Value too long", _COLUMN), 1406),
        *_table(Row(_D, Code.VALUE_OUT_OF_RANGE, "Value out of range", _COLUMN), 1264, 167, 1416),
        *_table(Row(_D, Code.VALUE_OUT_OF_RANGE, "Value out of range"), _OUT_OF_RANGE, 1467, 1441),
        *_table(Row(_D, Code.INVALID_VALUE, "Invalid value", _COLUMN), 1366, 1292, 1265, 1525, 3140, 3156),
        *_table(Row(_D, Code.INVALID_VALUE, "Invalid value"), 1300, 1365, 1367, 1411, 3037, 3143, 3146, 1210),
        *_table(
            Row(_D, Code.INVALID_VALUE, "Invalid regular expression"), 1139, 5811, 5812, 5813, *range(3685, 3701), 3887
        ),
        # --- what may not be written, seen or stored
        *_table(Row(_D, Code.READ_ONLY, "A generated value cannot be written", _ANY_COLUMN), 1906, 3105),
        *_table(Row(_D, Code.READ_ONLY, "Not writable"), 1036, 1288, 1347, 1348, 1393, 1394, 1395, 1471),
        *_table(Row(_D, Code.PERMISSION_DENIED, "The database refuses access"), 1044, 1142, 1143, 1227, 1370),
        *_table(Row(_D, Code.PAYLOAD_TOO_LARGE, "Too much data for one statement"), 1153, 1118),
        *_table(Row(_D, Code.RESULT_TOO_LARGE, "The result is too large"), 1260, 1301, ANSWER_TOO_LARGE),
        *_table(Row(_D, Code.LIMIT_EXCEEDED, "The query is too expensive"), 1038, 1104, 1436, 3170),
        *_table(Row(_D, Code.STORAGE_FULL, "The database has no space left"), 1021, 1114, 3179),
        # --- the structure changed under us
        *_table(Row(_D, Code.UNKNOWN_TABLE, "Unknown table", stale=True), 1051, 1109, 1146, 1356, 1932),
        *_table(Row(_D, Code.UNKNOWN_COLUMN, "Unknown column", _UNKNOWN_COLUMN, stale=True), 1054),
        # A function was given a column of another type than it was compiled for, or no JSON out of a column of JSON.
        *_table(_CHANGED, 3064, 3141),
    ]
)

# For codes without a row: the first characters of the SQL state.
_BY_STATE: tuple[tuple[str, Row], ...] = (
    ("08", Row(_C, _AWAY)),
    ("22", Row(_D, Code.INVALID_VALUE, "Invalid value", _COLUMN)),
    ("23", Row(_D, Code.CONFLICT, "Refused by a constraint of the database")),
    ("40", Row(_B, _AWAY, sure_at_commit=True)),
)
_UNKNOWN = Row(_D, Code.INTERNAL_ERROR, "The database refused the statement")

_CAUSES = {
    1040: "The database server takes no further connection",
    1044: "The user may not use the database",
    1045: "The database server refuses the user or the password",
    1049: "The database server has no database of this name",
    1130: "The database server takes no connections from this host",
    1698: "The database server refuses the user or the password",
    TLS_FAILED: "No encrypted connection to the database server can be had",
}


def cause_of(code: int) -> str:
    """Why there is no connection, for who runs the program. `code` is the server's or the client's number."""
    return _CAUSES.get(code, "The database server does not answer")


TRUNCATIONS = frozenset({1260, 1265, 1301})
"""Warnings that say that a value was cut."""

PASSED_OVER = frozenset({1062, 1452, 3819, 4025})
"""Warnings of INSERT IGNORE that say that a row is not in, and why."""

STOPPED = frozenset({1317, 1969, 3024, 4012, 1205, 1028})
"""Answers of a statement that was stopped in time, by a kill or a limit."""

DUPLICATES = frozenset({1062, 1586})
"""A unique key is met by an insert."""

NO_SUCH_TABLE = 1146

NO_SUCH_THREAD = 1094
"""The statement to be killed has ended with its connection."""

TOO_MANY_CONNECTIONS = 1040
FULL = frozenset({TOO_MANY_CONNECTIONS, 1203, 1226, 1135})
"""The server is there and takes no further connection."""


def error_code(error: Failure) -> int:
    """The number of a failure; 0 for a limit of ours."""
    return 0 if isinstance(error, TimeoutError) else error.code


def row_of(error: Failure) -> Row:
    """The row of a failure."""
    if isinstance(error, TimeoutError):
        return Row(_C, _TIME)
    if error.code == _OUT_OF_RANGE and isinstance(error, ServerError) and _BY_GUARD in error.message:
        return _CHANGED
    found = ROWS.get(error.code)
    if found is None and isinstance(error, ServerError):
        found = next((row for state, row in _BY_STATE if error.sqlstate.startswith(state)), _UNKNOWN)
    return found or Row(_C, _AWAY)


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
    return row.sure_at_commit or (row.failure is _D and row is not _UNKNOWN)


def to_app_error(error: Failure, phase: Phase, *, outcome: Outcome | None = None) -> AppError:
    """What a client is told: our words, names of columns and constraints, never a value or the server's text."""
    row = row_of(error)
    if phase is Phase.CONNECT or row.code is _AWAY:
        return ServiceUnavailableException(outcome=outcome)
    if row.code is _TIME:
        return GatewayTimeoutException(outcome=outcome)
    text = error.message if isinstance(error, ServerError) else ""
    name = _find(row, text)
    constraint = name if row.names_constraint else None
    column = None if row.names_constraint else name
    if constraint and _is_column_check(text, constraint):
        column = constraint = constraint.rpartition(".")[2]
    return (StaleSchema if row.stale else DatabaseError)(
        row.code,
        _message(row.message, column, constraint),
        column=column,
        constraint=constraint,
        row=_row_number(text),
        outcome=outcome,
    )


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
