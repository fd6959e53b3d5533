"""Exactly-once writes: each write's transaction has a row in the ledger, and the row says whether the write counts.

How it works. A write's id is inserted into `graphql_app_ledger` by the first statement of its
transaction, in the round trip that begins the transaction: the claim. The row's unique
key lets nobody else insert the id before this transaction has ended. So an attempt whose
COMMIT was not answered is settled by the next attempt's claim: it waits until the
server is done with the first, and is then refused as a duplicate (the first counts, and
its value, known before its COMMIT was sent, is the answer) or goes through. On one server the first was then rolled
back for good. Where several take writes (Galera, Group Replication, a balancer), the first one's COMMIT may still be
on its way: the claim does not wait for it, but only one of both can be committed. So it stays open whether an attempt
counts until a claim is committed or met, and two attempts can never both count. After the last attempt `counts`
commits a claim of its own, which stands for nothing: a COMMIT that comes later is too late.

An insert of one row whose answer can be found again goes in one round trip, its COMMIT with it (`Session.query_whole`).
Its claim stands behind it, and keeps the id that was generated. It is sent once: every later attempt begins
with the claim as above, and where that says that the first one counts, the row is read by its key.

A client's key (`Idempotency-Key`) makes an entry by `entry_of`. Its row also holds a digest
of what was asked, and the answer, written together with the COMMIT. Who comes again is
refused by the claim and given the stored answer. An entry for a part of something
larger (batch 7 of an import) is `entry_of(..., part="7")`: work that is interrupted goes through
its parts again under the same key, and those that count are answered from the ledger.
`Executor.run_once` does all of it.

The table is made at the first write, in the database of the tables that are written. Where it
cannot be made, and for tables that know no transactions, writes go without it, and one
whose outcome is not known is not repeated. Rows go when nobody can ask for them any more: those
of a client's key after 24 hours, others after one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import CANNOT_CONNECT, ConnectionLost, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_errors import DUPLICATES, NO_SUCH_TABLE, Phase, classify
from graphql_app.engine.sql.fragment import Param, Sql, Statement, finish, join, name, sql, text
from graphql_app.errors import AppError, Code, RequestError, ServiceUnavailableException
from graphql_app.observability.events import LedgerAged, LedgerOpened, LedgerUnavailable, Observer
from schema_gen.sql_literals import NULL, quote_bytes

T = TypeVar("T")

TABLE = "graphql_app_ledger"
AGE_SECONDS = 60.0
"""How often rows that are too old are looked for, while writes go on."""
AGE_BATCH = 500
"""Rows deleted by one statement, so that none holds its locks for long."""
LOOK_AGAIN_SECONDS = 60.0
"""How long writes go without a ledger that could not be used before it is tried again."""
KEY_LENGTH = 255
"""The most characters of a client's key."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One write's place in the ledger. `payload` is a digest of what a client asked under its key."""

    id: bytes
    payload: bytes | None = None


@dataclass(frozen=True, slots=True)
class IdempotentResult:
    """The answer of a write under a client's key. `replayed`: it was given before, and nothing was done now."""

    answer: bytes
    retry_count: int
    replayed: bool


class LedgerGone(Exception):
    """The ledger cannot be used; nothing was done."""


def entry_of(client: bytes, key: str, payload: bytes, part: str = "") -> LedgerEntry:
    """The entry of what `client` asks for under `key`: nobody else's key leads to it. `payload` is all that is asked.

    Raises `RequestError` INVALID_PARAMETER for a key that is empty, too long, or not printable ASCII.
    """
    if not 0 < len(key) <= KEY_LENGTH or not key.isascii() or not key.isprintable():
        message = f"Idempotency-Key takes 1 to {KEY_LENGTH} printable ASCII characters"
        raise RequestError(Code.INVALID_PARAMETER, message)
    digest = hashlib.sha256(b"\0".join((hashlib.sha256(client).digest(), key.encode(), part.encode())))
    return LedgerEntry(digest.digest()[:16], hashlib.sha256(payload).digest())


def key_unsupported() -> RequestError:
    """What a client is told whose key nobody can keep."""
    message = "Idempotency-Key needs the ledger, and tables that know transactions"
    return RequestError(Code.IDEMPOTENCY_KEY_UNSUPPORTED, message)


def key_in_use() -> RequestError:
    """What a client is told who comes again before the answer is there."""
    message = "A request with this Idempotency-Key is being answered"
    return RequestError(Code.IDEMPOTENCY_KEY_IN_USE, message, retry_after=1.0)


def new_entry() -> LedgerEntry:
    """An entry of which no one else can know. Ids rise with time, so that new rows stand together."""
    return LedgerEntry((time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10))


# --- statements -------------------------------------------------------------


def _binary(value: object) -> bytes:
    return quote_bytes(value) if isinstance(value, bytes) else NULL


def _names(*columns: str) -> Sql:
    return join(",", (name(column) for column in columns))


def _claim(hours: int) -> Statement:
    columns = _names("id", "payload", "answer", "expires")
    given = join(",", (sql(Param(place, _binary)) for place in range(3)))
    values = sql(given, f",UTC_TIMESTAMP() + INTERVAL {hours} HOUR")
    return finish(sql("INSERT INTO ", name(TABLE), " (", columns, ") VALUES (", values, ")"))


_OWN_CLAIM, _CLIENTS_CLAIM = _claim(1), _claim(24)
_NOTE = finish(
    sql(
        sql("INSERT INTO ", name(TABLE), " (", _names("id", "answer", "expires"), ") VALUES (", Param(0, _binary)),
        ",LAST_INSERT_ID(),UTC_TIMESTAMP() + INTERVAL 1 HOUR)",
    )
)
_THIS = sql(" WHERE ", name("id"), "=", Param(0, _binary))
_KEEP = finish(sql("UPDATE ", name(TABLE), " SET ", name("answer"), "=", Param(1, _binary), _THIS))
_FIND = finish(sql("SELECT ", _names("payload", "answer"), " FROM ", name(TABLE), _THIS))
_FREE = finish(sql("DELETE FROM ", name(TABLE), _THIS, " AND ", name("payload"), " IS NULL"))
_REMIND = finish(sql("SELECT LAST_INSERT_ID(CAST(", name("answer"), " AS UNSIGNED)) FROM ", name(TABLE), _THIS))
_LOOK = finish(sql("SELECT ", _names("id", "payload", "answer", "expires"), " FROM ", name(TABLE), " LIMIT 0"))
_OLD = sql(" WHERE ", name("expires"), " < UTC_TIMESTAMP() ORDER BY ", name("expires"), f" LIMIT {AGE_BATCH}")
_AGE = finish(sql("DELETE FROM ", name(TABLE), _OLD))
_COLUMNS = (
    sql(name("id"), " BINARY(16) NOT NULL PRIMARY KEY"),
    sql(name("payload"), " BINARY(32)"),
    sql(name("answer"), " LONGBLOB"),
    sql(name("expires"), " DATETIME NOT NULL"),
    sql("INDEX (", name("expires"), ")"),
)
_COMMENT = text("Recent writes, noted by graphql-app so that none is done twice")
_CREATE = finish(
    sql("CREATE TABLE IF NOT EXISTS ", name(TABLE), " (", join(",", _COLUMNS), ") ENGINE=InnoDB COMMENT=", _COMMENT)
)


_ATTEMPT = b"attempt "
"""What an own entry holds as its answer, before the number of the attempt that made it; none for the first."""


def claim_sql(entry: LedgerEntry, attempt: int = 0) -> bytes:
    """The statement that claims an entry."""
    if entry.payload is not None:
        return _CLIENTS_CLAIM.render((entry.id, entry.payload, None))
    return _OWN_CLAIM.render((entry.id, None, _ATTEMPT + b"%d" % attempt if attempt else None))


async def stored(session: Session, entry: LedgerEntry) -> tuple[bytes | None, bytes | None] | None:
    """The digest and the answer of an entry that counts; None if there is none."""
    (result,) = await session.query(_FIND.render((entry.id,)), last=True)
    return result.rows[0] if result.rows else None


async def remind(session: Session, entry: LedgerEntry) -> None:
    """Makes LAST_INSERT_ID() say again what it said in a write that counts, and was sent with its COMMIT.

    Raises `ServiceUnavailableException` where the entry is gone.
    """
    (result,) = await session.query(_REMIND.render((entry.id,)), last=True)
    if not result.rows:
        raise ServiceUnavailableException


async def counting_attempt(session: Session, entry: LedgerEntry) -> int:
    """The attempt whose claim of an own entry was committed. Raises `ServiceUnavailableException` if there is none."""
    found = await stored(session, entry)
    if found is None:
        raise ServiceUnavailableException
    answer = found[1] or b""
    return int(answer.removeprefix(_ATTEMPT)) if answer.startswith(_ATTEMPT) else 0


async def counts(session: Session, entry: LedgerEntry) -> bool:
    """Whether a write counts; if not, it never will. `session` has no transaction of its own (`Kind.CONTROL`).

    The entry is claimed for nothing, and that is committed: a COMMIT of ours that is still on its way, on another
    server, meets it and fails. Raises what says that it cannot be known now.
    """
    try:
        await _commit_nothing(session, entry)
    except ServerError as error:
        if error.code not in DUPLICATES:
            raise
        await session.roll_back()
        return True
    if entry.payload is not None:
        await free(session, entry)
    return False


async def _commit_nothing(session: Session, entry: LedgerEntry) -> None:
    session.open = True
    # No payload: so who finds it under a client's key can tell that it stands for nothing.
    await session.query(b"START TRANSACTION", claim_sql(LedgerEntry(entry.id)))
    await session.query(b"COMMIT")
    session.open = False


async def free(session: Session, entry: LedgerEntry) -> None:
    """Gives a client's key back whose entry stands for nothing."""
    await session.query(_FREE.render((entry.id,)))


# --- one write --------------------------------------------------------------


class CommitState(Generic[T]):
    """What is known of one write while it is attempted. `open`: an attempt's COMMIT was sent and not answered.

    `unanswered` has the numbers of such attempts, `values` what they would have answered, where it is known. `lost`:
    a part of an attempt may count without its entry, so the ledger cannot tell. `partial`: its entry may count
    without the whole of it, so that only an entry that is not there tells.
    """

    __slots__ = ("entry", "lost", "open", "partial", "unanswered", "values")

    def __init__(self, entry: LedgerEntry) -> None:
        self.entry = entry
        self.open = self.lost = self.partial = False
        self.unanswered: set[int] = set()
        self.values: dict[int, T] = {}

    def alike(self, one: int, other: int) -> bool:
        """Whether two attempts are known to have the same value."""
        values = self.values
        return one in values and other in values and values[one] == values[other]

    def claim(self, attempt: int) -> bytes:
        """The statement by which this attempt claims the entry."""
        return claim_sql(self.entry, attempt)

    @property
    def note(self) -> bytes:
        """The statement that claims the entry behind an insert instead of before it, and keeps the generated id."""
        return _NOTE.render((self.entry.id,))

    def keep(self, answer: bytes) -> bytes:
        """The statement that stores the answer in the claimed entry."""
        return _KEEP.render((self.entry.id, answer))


# --- the table --------------------------------------------------------------

Control = Callable[[Callable[[Session], Awaitable[None]]], Coroutine[Any, Any, None]]
"""Runs work without a transaction, in a slot of its own, with limits of its own."""


class Ledger:
    """The table, as far as it is known to be usable. `busy` holds the ids that clients' writes of this process use."""

    def __init__(self, control: Control, observer: Observer, *, enabled: bool) -> None:
        self.enabled = enabled
        self.usable = False
        self.busy: set[bytes] = set()
        self._control = control
        self._observer = observer
        self._refused_until = float("-inf")
        self._opening: asyncio.Task[None] | None = None
        self._aging: asyncio.Task[None] | None = None

    def settlement(self, entry: LedgerEntry | None) -> CommitState[T] | None:
        """What a write needs of the ledger; None where there is none to be had."""
        if self.usable or (self.enabled and asyncio.get_running_loop().time() >= self._refused_until):
            return CommitState(entry or new_entry())
        return None

    async def open(self) -> None:
        """Sees to it that the table is there. All who wait share one look; it goes on when they leave.

        Raises `LedgerGone`, and `ConnectionLost` (never `sent`) where the database does not answer.
        """
        if self._opening is None:
            self._opening = asyncio.create_task(self._control(self._open))
            self._opening.add_done_callback(self._opened)
        try:
            await asyncio.shield(self._opening)
        except AppError:
            raise ConnectionLost(CANNOT_CONNECT, sent=False, reason="the ledger cannot be reached") from None
        if not self.usable:
            raise LedgerGone

    def _opened(self, done: asyncio.Task[None]) -> None:
        self._opening = None
        if not done.cancelled():
            done.exception()  # told to those who waited, if any

    async def _open(self, session: Session) -> None:
        made = False
        try:
            try:
                await session.query(_LOOK.render())
            except ServerError as error:
                if error.code != NO_SUCH_TABLE:
                    raise
                await session.query(_CREATE.render())
                made = True
        except ServerError as error:
            if classify(error, Phase.STATEMENT) is not FailureClass.PERMANENT:
                raise
            self.refused(error)
            return
        self.usable = True
        self._observer(LedgerOpened(made))
        if self._aging is None:
            self._aging = asyncio.create_task(self._keep_small())

    def refused(self, error: ServerError) -> None:
        """The table cannot be used as it is: it is looked at again, at once if it is merely gone."""
        self.usable = False
        if error.code != NO_SUCH_TABLE:
            self._refused_until = asyncio.get_running_loop().time() + LOOK_AGAIN_SECONDS
            self._observer(LedgerUnavailable(error.code))

    async def _keep_small(self) -> None:
        while True:
            if self.usable:
                with suppress(AppError):
                    await self._control(self.age)
            await asyncio.sleep(AGE_SECONDS)

    async def age(self, session: Session) -> None:
        """Deletes the rows that nobody can ask for any more."""
        rows = AGE_BATCH
        while rows == AGE_BATCH:
            (result,) = await session.query(_AGE.render())
            rows = result.affected
            if rows:
                self._observer(LedgerAged(rows))

    async def close(self) -> None:
        """Ends what goes on in the background."""
        tasks = [task for task in (self._opening, self._aging) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
