"""The servers' numbers for what they refuse: what is known after each, and in which words a client is told. Data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphql_app.engine.mysql.dial import (
    ANSWER_TOO_LARGE,
    CROWDED,
    HANDSHAKE_FAILED,
    NO_WRITER,
    TLS_FAILED,
    TRANSACTION_LOST,
)
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.errors import Code


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
    own_word: bool = False
    """The text is the application's own (SIGNAL), and is passed on."""


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

_A, _B, _B_PRIME, _C, _D = FailureClass
_AWAY, _TIME = Code.SERVICE_UNAVAILABLE, Code.GATEWAY_TIMEOUT
_LOGIN = Row(_D, _AWAY, "Database unavailable")
_CHECKED = Row(_D, Code.CHECK_VIOLATION, "Check constraint violated", _CHECK, names_constraint=True)
_UNWRITABLE = Row(_D, Code.READ_ONLY, "Not writable")

CHANGED = Row(FailureClass.PERMANENT, Code.CONFLICT, "The structure of the table changed meanwhile", stale=True)
OUT_OF_RANGE = 1690
REFUSED = Row(_D, Code.DATABASE_REFUSED, "The database refuses the statement")
_TOO_MUCH = Row(_D, Code.LIMIT_EXCEEDED, "The query is too large for the database")
_TOO_MUCH_WRITTEN = Row(_D, Code.PAYLOAD_TOO_LARGE, "Too much data for one transaction")
_ANOTHER_NODE = Row(_B_PRIME, _AWAY)
_NO_WRITES = Row(_B_PRIME, _AWAY, sure_at_commit=True)
_ROLLED_BACK = Row(_B, _AWAY, sure_at_commit=True)
_OWN_WORD = Row(_D, Code.CHECK_VIOLATION, "Refused by a rule of the database", own_word=True)
_NO_PATTERN = Row(_D, Code.INVALID_VALUE, "Invalid regular expression")
_DEAR_PATTERN = Row(
    _D, Code.LIMIT_EXCEEDED, "The regular expression takes the database too long: make it simpler, or its texts shorter"
)
REGEXP = 1139
"""What is wrong with a regular expression or, as MariaDB and OceanBase say it, with the time that it takes."""
_CHARSETS = Row(
    _D,
    Code.INVALID_VALUE,
    "A text has letters that a column lacks, or columns of different character sets are compared",
    stale=True,
)

# Numbers that mean the same wherever they come from.
ROWS: dict[int, Row] = dict(
    [
        # --- the way to the server
        *_table(Row(_A, _AWAY), 2002, 2003, 2005, 2012, 1040, 1203, 1226, 1129, 1135, 3168, NO_WRITER),
        *_table(Row(_D, _AWAY), CROWDED),
        *_table(
            _LOGIN, 1045, 1046, 1049, 1130, 1251, 1524, 1698, 1820, 1862, 1873, 2026, 2059, 2061, 3118, 3159, 3955, 5159
        ),
        # A proxy that takes one statement a packet.
        *_table(_LOGIN, 4501),
        # --- surely rolled back
        *_table(Row(_B, _TIME), 1205, 1969, 3024, 1317, 3572),
        *_table(_ROLLED_BACK, 1213, 1614, 3101),
        *_table(Row(_B, _AWAY), 1020, 1412, 1615, 1037, 1041, 1099, 1100, 1206, 1223, 1637, 1689, 3015, 3044, 3058),
        # --- a node that may not write, or has left its group
        *_table(_NO_WRITES, 1290, 1792, 1207, 1836, 1874),
        *_table(_ANOTHER_NODE, 1047, 3032, *range(3796, 3800)),
        # --- unknown
        *_table(Row(_C, _AWAY), 2006, 2013, 1053, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1180, 1927, 3100, 3169),
        *_table(Row(_C, _AWAY), TRANSACTION_LOST),
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
        *_table(_CHECKED, 3819),
        *_table(Row(_D, Code.CHECK_VIOLATION, "Refused by a rule of the database"), 1369),
        *_table(_OWN_WORD, 1642, 1643, 1644),
        *_table(Row(_D, Code.NOT_NULL_VIOLATION, "A value is required", _COLUMN), 1048, 1263, 1566),
        *_table(Row(_D, Code.NOT_NULL_VIOLATION, "A value is required", _FIELD), 1364),
        # --- values
        *_table(Row(_D, Code.VALUE_TOO_LONG, "Value too long", _COLUMN), 1406),
        *_table(Row(_D, Code.VALUE_OUT_OF_RANGE, "Value out of range", _COLUMN), 1264, 167, 1416),
        *_table(Row(_D, Code.VALUE_OUT_OF_RANGE, "Value out of range"), OUT_OF_RANGE, 1467, 1441),
        *_table(Row(_D, Code.INVALID_VALUE, "Invalid value", _COLUMN), 1366, 1292, 1265, 1525, 3140, 3156),
        *_table(Row(_D, Code.INVALID_VALUE, "Invalid value"), 1300, 1365, 1367, 1411, 1977, 3037, 3143, 3146, 1210),
        *_table(_NO_PATTERN, REGEXP, *range(3685, 3698), 3887),
        *_table(_DEAR_PATTERN, 3698, 3699, 3700),
        *_table(_CHARSETS, 1253, 1267, 1270, 1271, 3854),
        # --- what may not be written, seen or stored
        *_table(Row(_D, Code.READ_ONLY, "A generated value cannot be written", _ANY_COLUMN), 1906, 3105),
        *_table(_UNWRITABLE, 1031, 1036, 1288, 1347, 1348, 1393, 1394, 1395, 1471, 3098, 3989),
        *_table(Row(_D, Code.PERMISSION_DENIED, "The database refuses access"), 1044, 1142, 1143, 1227, 1370),
        *_table(Row(_D, Code.PAYLOAD_TOO_LARGE, "Too much data for one statement"), 1153, 1118),
        *_table(_TOO_MUCH_WRITTEN, 1197, 1705, 1713, 3231),
        *_table(Row(_D, Code.RESULT_TOO_LARGE, "The result is too large"), 1260, 1301, ANSWER_TOO_LARGE),
        *_table(Row(_D, Code.LIMIT_EXCEEDED, "The query is too expensive"), 1038, 1104, 1436, 1931, 3170),
        *_table(_TOO_MUCH, 1116, 1117, 1119, 1390, 1456, 1473, 3008, 3171, 3186),
        *_table(Row(_D, Code.STORAGE_FULL, "The database has no space left"), 1021, 1114, 3179, 3675),
        # --- the structure changed under us
        *_table(Row(_D, Code.UNKNOWN_TABLE, "Unknown table", stale=True), 1051, 1109, 1146, 1356, 1932),
        *_table(Row(_D, Code.UNKNOWN_COLUMN, "Unknown column", _UNKNOWN_COLUMN, stale=True), 1054),
        # A function was given a column of another type than it was compiled for, or no JSON out of a column of JSON.
        *_table(CHANGED, 1136, 3064, 3141),
        # --- what a table, view or trigger needs and is not there
        *_table(replace(REFUSED, message="A view or trigger belongs to a user that does not exist"), 1449),
    ]
)

# From 3000 on each family of servers counts for itself.
_OF_FLAVOUR: dict[str, dict[int, Row]] = {
    Flavour.MYSQL: dict(
        [
            *_table(Row(_A, _AWAY), 4031, 4081, 4082),
            *_table(Row(_B, _AWAY), 3132, 3133, 3197, 3782, 3985),
            *_table(_ANOTHER_NODE, 3781, 6400, 6141),
            *_table(_TOO_MUCH, 4169, 6034),
            *_table(Row(_D, Code.RESULT_TOO_LARGE, "The result is too large"), 6110),
        ]
    ),
    Flavour.MARIADB: dict(
        [
            *_table(_LOGIN, 4150, 4151),
            *_table(Row(_B, _AWAY), 4145, 4060),
            *_table(_CHECKED, 4025),
            *_table(_TOO_MUCH, 4003, 4040, 4043),
            *_table(Row(_D, Code.VALUE_OUT_OF_RANGE, "Value out of range"), 4084),
            *_table(Row(_D, Code.INVALID_VALUE, "Invalid value"), 1916, 1917, 1918, 4048, 4049, 4050, 4076, 4078, 4079),
            *_table(Row(_D, Code.INVALID_VALUE, "Invalid value"), *range(4035, 4040), 4041, 4042, 4044, 4051),
            *_table(Row(_D, Code.STORAGE_FULL, "The database has no space left"), 4139),
        ]
    ),
    Flavour.OCEANBASE: dict(
        [
            *_table(Row(_B, _TIME), 4012, 6210),
            *_table(Row(_B, _AWAY), 4013, 4030, 6005, 6211, 6224),
            *_table(_ROLLED_BACK, 6002, 6235),
            *_table(_NO_WRITES, 4038),
            # So it refuses more than 64 tables in one statement.
            *_table(
                replace(_TOO_MUCH, message="The query is too large for the database, or not supported by it"), 1235
            ),
            *_table(Row(_C, _AWAY), 5066),
            *_table(_CHECKED, 4025),
            *_table(Row(_D, Code.INVALID_VALUE, "Invalid regular expression"), 5811, 5812, 5813),
            *_table(Row(_D, Code.STORAGE_FULL, "The database has no space left"), 4184),
        ]
    ),
    Flavour.TIDB: dict(
        [
            *_table(_ROLLED_BACK, 8002, 8005, 8022, 8028, 9007),
            *_table(Row(_B, _AWAY), 8027, 9006),
            *_table(Row(_C, _AWAY), *range(9001, 9006)),
            *_table(_TOO_MUCH_WRITTEN, 8004),
            *_table(Row(_D, Code.LIMIT_EXCEEDED, "The query is too expensive"), 8001, 8175),
        ]
    ),
}
ALL_ROWS: dict[int, Row] = {code: row for rows in (*reversed(_OF_FLAVOUR.values()), ROWS) for code, row in rows.items()}
"""For servers that do not say of which family they are."""

# For codes without a row: the first characters of the SQL state.
_BY_STATE: tuple[tuple[str, Row], ...] = (
    ("08004", Row(_A, _AWAY)),
    ("08", Row(_C, _AWAY)),
    ("22", Row(_D, Code.INVALID_VALUE, "Invalid value", _COLUMN)),
    ("23", Row(_D, Code.CONFLICT, "Refused by a constraint of the database")),
    ("28", _LOGIN),
    ("40", _ROLLED_BACK),
    ("42S02", Row(_D, Code.UNKNOWN_TABLE, "Unknown table", stale=True)),
    ("42S22", Row(_D, Code.UNKNOWN_COLUMN, "Unknown column", stale=True)),
    ("44", Row(_D, Code.CHECK_VIOLATION, "Refused by a rule of the database")),
    ("70100", Row(_B, _TIME)),
    ("HY001", Row(_B, _AWAY)),
)

# Vitess has this number for whatever it has no other for.
_UNKNOWN_ERROR = 1105
_BY_TEXT: dict[int, tuple[tuple[re.Pattern[str], Row], ...]] = {
    _UNKNOWN_ERROR: (
        (re.compile(r"undetermined", re.I), Row(_C, _AWAY)),
        (re.compile(r"transaction .*(?:rolled back|rollback|aborted|not found|ended at)", re.I), Row(_B, _AWAY)),
        (
            re.compile(r"not serving|reparent|unavailable|no healthy tablet|operation not allowed in state", re.I),
            _ANOTHER_NODE,
        ),
        (re.compile(r"deadline ?exceeded|timed? ?out|canceled", re.I), Row(_B, _TIME)),
        (re.compile(r"resource ?exhausted|too large|exceeds? .*limit", re.I), _TOO_MUCH),
    ),
    REGEXP: ((re.compile(r"limit|TIME_OUT|OVERFLOW|TOO_BIG|too large|too complicated|memory", re.I), _DEAR_PATTERN),),
}

_SIGNALLED = "45"

_OFFLINE = "The database server takes no statements now (offline, or cut off from its group)"
_NOT_WRITABLE = "The database server takes no writes now"
_CAUSES = {
    **dict.fromkeys((1047, 3032, 6400), _OFFLINE),
    **dict.fromkeys((1290, 1792, 1836, 1874), _NOT_WRITABLE),
    **dict.fromkeys((1820, 1862), "The password of the database user has expired"),
    **dict.fromkeys((3118, 4151, 4150, 3955), "The account of the database user is locked"),
    **dict.fromkeys((1251, 1524, 2059, 2061), "The database server asks for a way to log in that is not to be had"),
    3159: "The database server takes encrypted connections only (DB_SSL)",
    4501: "The proxy in front of the database takes one statement a packet: use an address without connection sharing",
    1040: "The database server takes no further connection",
    1044: "The user may not use the database",
    1045: "The database server refuses the user or the password",
    1049: "The database server has no database of this name",
    1130: "The database server takes no connections from this host",
    1698: "The database server refuses the user or the password",
    NO_WRITER: "None of the database servers takes writes now",
    HANDSHAKE_FAILED: "No login at the database server could be had",
    TLS_FAILED: "No encrypted connection to the database server can be had",
}


def cause_of(code: int) -> str:
    """Why there is no connection, in words for the operator. `code` is the server's or the client's number."""
    return _CAUSES.get(code, "The database server does not answer")


def row_of_code(flavour: str, code: int, state: str, message: str) -> Row:
    """What an answer of a server of this flavour (empty: not known) means."""
    if state.startswith(_SIGNALLED):
        # An application may give its own refusals whatever number it likes.
        return _OWN_WORD
    if code in _BY_TEXT:
        return next((row for text, row in _BY_TEXT[code] if text.search(message)), ROWS.get(code, REFUSED))
    own = _OF_FLAVOUR.get(flavour)
    found = ALL_ROWS.get(code) if own is None else own.get(code) or ROWS.get(code)
    return found or next((row for start, row in _BY_STATE if state.startswith(start)), REFUSED)
