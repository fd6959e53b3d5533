"""What each database engine can do: one row per flavour and version, chosen once per connection."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from graphql_app.engine.sql.session_settings import ANSWERS, MARIADB, OCEANBASE, set_statement

SQL_MODE = ",".join(
    (
        "STRICT_TRANS_TABLES",
        "STRICT_ALL_TABLES",
        "ERROR_FOR_DIVISION_BY_ZERO",
        "NO_ENGINE_SUBSTITUTION",
        "NO_AUTO_VALUE_ON_ZERO",
    )
)
"""Strict, and with `"` for text and the backslash as escape, as `fragment` writes literals.

Dates of zeros are taken: tables have them as defaults, and in their rows. So is an AUTO_INCREMENT key of 0: only
NULL, or no value at all, makes a new id, and `DEFAULT` would be 0.
"""


class Flavour(StrEnum):
    """Families of servers that speak the MySQL protocol."""

    MYSQL = "mysql"
    MARIADB = "mariadb"
    OCEANBASE = "oceanbase"
    TIDB = "tidb"


@dataclass(frozen=True, slots=True)
class StatementLimit:
    """How a session is told the longest time a statement may run.

    `template` takes one number, in `per_second` units to the second, written with
    `decimals` digits; `unlimited` is the number that lifts the limit.
    """

    template: bytes
    per_second: int
    decimals: int = 0
    unlimited: bytes = b"0"


@dataclass(frozen=True, slots=True)
class Features:
    """One engine's abilities. `version` is the engine's own, not the one it poses as.

    `one_by_one`: another node's write may end a transaction between two statements of one packet, and the server
    runs the rest outside it without a word (MariaDB with Galera). `session_wishes` are told where the server lets us:
    what its globals may have spoilt. `explain` stands before a statement of which the server's plan is asked, in one of
    the forms that `assemble/estimates.py` reads. `sees_groups`: the account may look at the members of Group
    Replication, as far as is known. `lock_wait` is the statement that says how many whole seconds a
    statement may wait for a lock; None where the limit of statements covers that.
    """

    flavour: Flavour
    version: tuple[int, ...] = ()
    returning: bool = False
    lateral: bool = False
    regexp_like: bool = True
    consecutive_ids: bool = False
    numbers_warnings: bool = False
    statement_limit: StatementLimit | None = None
    statement_limit_covers_writes: bool = False
    session_setup: tuple[bytes, ...] = ()
    lock_wait: bytes | None = None
    session_wishes: tuple[bytes, ...] = ()
    explain: str = "EXPLAIN FORMAT=TRADITIONAL "
    begin_read: bytes = b"START TRANSACTION READ ONLY"
    one_by_one: bool = False
    sees_groups: bool = True
    begin_write: tuple[bytes, ...] = (b"START TRANSACTION",)

    def setup_sql(self, lock_wait: int) -> tuple[bytes, ...]:
        """The statements that a session begins with; `lock_wait` seconds are the longest wait for a lock."""
        wait = () if self.lock_wait is None else (self.lock_wait % {b"wait": lock_wait},)
        return (*self.session_setup, *wait)

    def statement_limit_sql(self, seconds: float | None) -> bytes | None:
        """The SET statement that limits later statements to `seconds` (`None`: not at all).

        `None` if the engine has no such limit.
        """
        limit = self.statement_limit
        if limit is None:
            return None
        if seconds is None:
            return limit.template % limit.unlimited
        return limit.template % f"{max(seconds, 0.001) * limit.per_second:.{limit.decimals}f}".encode()


_COMMON = (
    (
        f"SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION sql_mode = '{SQL_MODE}', SESSION autocommit = 1, "
        "SESSION group_concat_max_len = 1073741824"
    ).encode(),
    b"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
)
# A statement whose client vanished without closing its socket does not wait for locks for long.
_LOCK_WAIT = b"SET SESSION innodb_lock_wait_timeout = %(wait)d, SESSION lock_wait_timeout = %(wait)d"


@dataclass(frozen=True, slots=True)
class _FeatureRow:
    """From `since` on, a server of `flavour` has these features."""

    flavour: Flavour
    since: tuple[int, ...]
    features: Features


def _row(flavour: Flavour, since: tuple[int, ...], **columns: object) -> _FeatureRow:
    make: Callable[..., Features] = Features
    return _FeatureRow(flavour, since, make(flavour, **columns))


_READ_WRITE = b"SET SESSION TRANSACTION READ WRITE"
_WISHES = (set_statement(ANSWERS), _READ_WRITE)
_MARIADB_WISHES = (set_statement(ANSWERS | MARIADB), _READ_WRITE)
_OCEANBASE_WISHES = (set_statement(ANSWERS | OCEANBASE), _READ_WRITE)
_MYSQL_LIMIT = StatementLimit(b"SET SESSION max_execution_time = %s", 1000)
_MARIADB_LIMIT = StatementLimit(b"SET SESSION max_statement_time = %s", 1, decimals=6)
_OCEANBASE_LIMIT = StatementLimit(b"SET SESSION ob_query_timeout = %s", 1_000_000, unlimited=b"86400000000")
_ASK_GALERA = b"SHOW SESSION VARIABLES LIKE 'wsrep_on'"
_MARIADB_SETUP = (*_COMMON, b"SET SESSION idle_transaction_timeout = 60", _ASK_GALERA)
# MySQL knows no limit for idle transactions; no connection of ours is idle for longer than 240 seconds. A sort needs
# room for several of its rows, long texts among them; MySQL takes it piece by piece as it is needed.
_MYSQL_SETUP = (*_COMMON, b"SET SESSION wait_timeout = 300, SESSION sort_buffer_size = 8388608")
_OCEANBASE_SETUP = (*_COMMON, b"SET SESSION ob_trx_idle_timeout = 60000000")

# The last row of a flavour whose `since` is reached counts.
_ROWS: tuple[_FeatureRow, ...] = (
    _row(Flavour.MYSQL, (), consecutive_ids=True, session_setup=_COMMON),
    _row(
        Flavour.MYSQL,
        (5, 7, 8),
        consecutive_ids=True,
        statement_limit=_MYSQL_LIMIT,
        session_setup=_MYSQL_SETUP,
        lock_wait=_LOCK_WAIT,
        session_wishes=_WISHES,
    ),
    _row(
        Flavour.MYSQL,
        (8, 0, 14),
        lateral=True,
        consecutive_ids=True,
        statement_limit=_MYSQL_LIMIT,
        session_setup=_MYSQL_SETUP,
        lock_wait=_LOCK_WAIT,
        session_wishes=_WISHES,
    ),
    _row(
        Flavour.MARIADB,
        (),
        regexp_like=False,
        consecutive_ids=True,
        statement_limit=_MARIADB_LIMIT,
        statement_limit_covers_writes=True,
        session_setup=_MARIADB_SETUP,
        explain="EXPLAIN EXTENDED ",
        lock_wait=_LOCK_WAIT,
        session_wishes=_MARIADB_WISHES,
    ),
    _row(
        Flavour.MARIADB,
        (10, 5),
        returning=True,
        regexp_like=False,
        consecutive_ids=True,
        statement_limit=_MARIADB_LIMIT,
        statement_limit_covers_writes=True,
        session_setup=_MARIADB_SETUP,
        explain="EXPLAIN EXTENDED ",
        lock_wait=_LOCK_WAIT,
        session_wishes=_MARIADB_WISHES,
    ),
    _row(
        Flavour.MARIADB,
        (10, 7),
        returning=True,
        regexp_like=False,
        consecutive_ids=True,
        numbers_warnings=True,
        statement_limit=_MARIADB_LIMIT,
        statement_limit_covers_writes=True,
        session_setup=_MARIADB_SETUP,
        explain="EXPLAIN EXTENDED ",
        lock_wait=_LOCK_WAIT,
        session_wishes=_MARIADB_WISHES,
    ),
    _row(
        Flavour.OCEANBASE,
        (),
        # With a snapshot, a locking read of a row that changed since fails (6235) instead of seeing it as it is.
        begin_write=(b"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", b"START TRANSACTION"),
        lateral=True,
        statement_limit=_OCEANBASE_LIMIT,
        statement_limit_covers_writes=True,
        session_setup=_OCEANBASE_SETUP,
        explain="EXPLAIN FORMAT=JSON ",
        session_wishes=_OCEANBASE_WISHES,
    ),
    # TiDB refuses READ ONLY (1235).
    _row(Flavour.TIDB, (), statement_limit=_MYSQL_LIMIT, session_setup=_COMMON, begin_read=b"START TRANSACTION"),
)

_NUMBERS = re.compile(r"\d+(?:\.\d+)+")
# Where a flavour shows itself, and which text then holds its own version number: MariaDB and TiDB may pose
# as an older MySQL in front of it ("5.5.5-10.11.4-MariaDB", "8.0.11-TiDB-v8.5.1").
_SIGNS: tuple[tuple[str, Flavour, re.Pattern[str]], ...] = (
    ("mariadb", Flavour.MARIADB, re.compile(r"(\d+(?:\.\d+)+)-mariadb")),
    ("tidb", Flavour.TIDB, re.compile(r"tidb-v?(\d+(?:\.\d+)+)")),
    ("oceanbase", Flavour.OCEANBASE, re.compile(r"oceanbase(?:_ce)? (\d+(?:\.\d+)+)")),
)


def _identify(text: str) -> tuple[Flavour, tuple[int, ...]]:
    for sign, flavour, pattern in _SIGNS:
        if sign in text:
            found = pattern.search(text)
            return flavour, _version(found.group(1) if found else "")
    first = _NUMBERS.search(text)
    return Flavour.MYSQL, _version(first.group() if first else "")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part)


def detect(version: str, comment: str) -> Features:
    """The features of the server whose `VERSION()` and `@@version_comment` these are."""
    flavour, number = _identify(f"{version} {comment}".lower())
    rows = [row.features for row in _ROWS if row.flavour is flavour and row.since <= number]
    # Percona's and Codership's MySQL name the library; MariaDB has it built in, and is asked whether it is on.
    galera = flavour is Flavour.MYSQL and ("wsrep" in comment.lower() or "xtradb cluster" in comment.lower())
    return replace(rows[-1], version=number, one_by_one=galera)
