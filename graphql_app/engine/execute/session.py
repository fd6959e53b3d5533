"""What a unit of work sees of its connection during one attempt: statements in, results out, one transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from enum import Enum, auto
from math import inf
from typing import Any

from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.mysql.dial import TRANSACTION_LOST, Connection, ConnectionLost, Result, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_errors import Phase, StaleSchema, classify, refuse_warnings
from graphql_app.engine.sql.dialects import Features
from graphql_app.engine.sql.fragment import finish, name, sql
from graphql_app.engine.sql.operators import matches_pattern
from graphql_app.errors import AppError, Code, DatabaseError

_AUTOCOMMIT, _NO_AUTOCOMMIT = b"SET SESSION autocommit = 1", b"SET SESSION autocommit = 0"
_COMMIT = b"COMMIT"
SHOW_WARNINGS = b"SHOW WARNINGS"
_GROWTH = 8
"""How many times its size a value may take in JSON text, and a little more."""

Batches = AsyncGenerator[list[Any], None]
"""Rows of a stream as they arrive, in lists."""


class ClaimRefused(Exception):
    """The write's entry of the ledger could not be claimed: its work was not begun."""

    def __init__(self, error: ServerError) -> None:
        super().__init__(error.code)
        self.error = error


class Remains(Enum):
    """What may be left of a write whose transaction the server ended before its COMMIT."""

    NOTHING = auto()
    """Nothing of the work was sent. The claim may stand alone."""
    NOT_WITHOUT_CLAIM = auto()
    """Nothing that writes was sent from there on: where the claim is gone, so is everything."""
    UNKNOWN = auto()
    """What was sent afterwards may count by itself, whether the claim is there or not."""


class TransactionLost(ServerError):
    """The server ended a write's transaction before its COMMIT, at the statement of this number."""

    def __init__(self, statement: int, remains: Remains) -> None:
        super().__init__(TRANSACTION_LOST, "HY000", "the transaction ended before its COMMIT", statement)
        self.remains = remains


class Session:
    """One attempt's connection. The transaction is opened by the first query and costs no round trip of its own.

    A read of one statement needs no transaction, several see one snapshot. A write's
    COMMIT is the executor's. Where the server may give a transaction up between two statements of a packet and
    run the rest outside it (`Features.one_by_one`), each statement of a write goes in a packet of its own.

    The server answers `START TRANSACTION` by itself, and wakes us for it: some 5 % of a tree. So a connection that
    has such reads one after another is left without autocommit, where their first statement begins the transaction.
    """

    __slots__ = (
        "_begun",
        "_claim",
        "_connection",
        "_keep",
        "_limit",
        "_lost",
        "_mark",
        "_note",
        "claimed",
        "committing",
        "failed",
        "features",
        "kept",
        "kind",
        "open",
    )

    def __init__(
        self,
        connection: Connection,
        kind: Kind,
        limit: float | None,
        claim: bytes | None = None,
        failed: int = 0,
        mark: bytes = b"",
        note: bytes | None = None,
    ) -> None:
        """`claim` is the statement that every write begins with; `failed` attempts were made before this one.

        `mark` is the comment that each statement ends with. `note` is the claim of a write of one
        statement, to be sent behind it; None where a write has to begin with its claim.
        """
        self.features: Features = connection.features
        self.kind = kind
        # Whether a transaction of ours may be open, and whether its COMMIT was sent.
        self.open = False
        self.committing = False
        # Whether a stream goes on when the work is done, and gives the connection back at its own end.
        self.kept = False
        # Whether the transaction holds its entry of the ledger.
        self.claimed = False
        self.failed = failed
        self._claim = claim
        self._keep: bytes | None = None
        self._connection = connection
        self._limit = limit
        self._mark = mark
        self._note = note
        self._begun = kind is Kind.CONTROL
        self._lost: ServerError | ConnectionLost | AppError | None = None

    @property
    def phase(self) -> Phase:
        """How far the work has come."""
        if self.committing:
            return Phase.COMMIT
        return Phase.TRANSACTION if self.open else Phase.STATEMENT

    async def query(self, *statements: bytes, last: bool = False) -> list[Result]:
        """Runs the statements in one round trip; a result for each.

        `last` says that a read needs nothing more. Raises `ServerError` (its `statement` counts
        within `statements`; after a refusal such as a duplicate key a write may go on),
        `ConnectionLost`, or `DatabaseError` as `refuse_warnings`: where the server cut a value, say.
        """
        if self._lost is not None:
            raise self._lost
        if not statements:
            return []
        if self._mark:
            statements = tuple(statement + self._mark for statement in statements)
        head = self._head(len(statements), last)
        ends = last and self.open and self.kind is Kind.READ
        parts = (*head, *statements, _COMMIT) if ends else (*head, *statements)
        results = await self._send(parts, len(head))
        if ends:
            self.open = False
        own = results[len(head) : len(head) + len(statements)]
        for place, result in enumerate(own):
            if result.warnings and (result.columns or matches_pattern(statements[place], self.features)):
                # The server keeps the warnings of its last statement only.
                again = b"" if place == len(own) - 1 and not ends else statements[place]
                await self._look_at_warnings(again, result)
        return own

    async def query_within(self, database: str, statement: bytes, own: str) -> Result:
        """Runs a statement with `database` as its default, in place of the connection's `own`. Raises as `query`."""
        connection = self._connection
        # Unless it is known to have come back it may not be used again.
        until, connection.good_until = connection.good_until, -inf
        there, back = (finish(sql("USE ", name(each))).render() for each in (database, own))
        _, result, _ = await self.query(there, statement, back)
        connection.good_until = until
        return result

    async def open_stream(self, sql: bytes, statement_setup: bytes) -> tuple[Connection, list[Any], Batches]:
        """Starts the one read of this session without a limit of time, and waits for its first rows.

        The connection is the caller's then, who gives it back to the pool. Raises as `query`.
        """
        connection = self._connection
        setting = self.features.statement_limit_sql(None)
        await self._send((*([setting] if setting else []), statement_setup), 0)
        connection.statement_limit = None
        batches = connection.query_stream(sql + self._mark if self._mark else sql)
        try:
            first: list[Any] = await anext(batches, [])
            if first[:1] == [None]:
                # Too large, or no longer of the types that the statement was made for: another look will tell.
                raise StaleSchema(Code.RESULT_TOO_LARGE, "A row is too large")
        except BaseException:
            await batches.aclose()
            raise
        self.kept = True
        return connection, first, batches

    def takes_whole(self, statement: bytes) -> bool:
        """Whether `query_whole` can be used for the first statement of this write.

        A long one may give a row that the server cuts, which has to be seen before the COMMIT.
        """
        if self._note is None or self._begun or self.features.one_by_one:
            return False
        return len(statement) * _GROWTH < self._connection.max_packet

    async def query_whole(self, statement: bytes, guard: bytes | None = None) -> Result:
        """Runs a whole write, which is this one statement, in one round trip: its claim and its COMMIT go with it.

        `guard` stands behind it, and fails where the write may not stay: an error's `statement` is 1 then. Raises as
        `query`. A connection that is lost meanwhile leaves open whether it counts.
        """
        assert self._note is not None
        head = [*self._limiting(), *self.features.begin_write]
        self._begun = self.open = self.committing = self.claimed = True
        connection = self._connection
        try:
            own = (statement + self._mark,) if guard is None else (statement + self._mark, guard + self._mark)
            parts = (*head, *own, self._note, _COMMIT)
            results = await self._packet(parts, len(parts) - 1)
        except TransactionLost:
            raise
        except ServerError as error:
            self._lost = error
            if error.statement:
                connection.statement_limit = self._limit
            place, claim = error.statement - len(head), len(own)
            error.statement = place if 0 < place < claim else 0
            self.committing = place > claim
            if place == claim:
                raise ClaimRefused(error) from error
            raise
        except ConnectionLost as error:
            self._lost = error
            raise
        connection.statement_limit = self._limit
        self.open = self.committing = False
        return results[len(head)]

    def _limiting(self) -> list[bytes]:
        """What tells the server how long a statement may run, where it was told otherwise before."""
        if self._connection.statement_limit == self._limit:
            return []
        setting = self.features.statement_limit_sql(self._limit)
        return [] if setting is None else [setting]

    def _head(self, count: int, last: bool) -> list[bytes]:
        """What has to run before the first statements: the limit of statements, the start of a transaction."""
        head = self._limiting()
        if self._begun:
            return head
        self._begun = True
        if self.kind is Kind.READ and count == 1 and last:
            return [*head, *self._alone()]
        self.open = True
        if self.kind is Kind.READ:
            return [*head, *self._together()]
        if self.features.one_by_one and not self._connection.autocommit:
            # A statement outside the transaction would begin another one, and nothing would show.
            head.append(_AUTOCOMMIT)
        head += self.features.begin_write
        if self._claim is not None:
            head.append(self._claim)
        return head

    def _alone(self) -> tuple[bytes, ...]:
        """What has to run before a read of one statement."""
        self._connection.read_several = False
        return () if self._connection.autocommit else (_AUTOCOMMIT,)

    def _together(self) -> tuple[bytes, ...]:
        """What has to run before a read of several statements."""
        connection = self._connection
        again, connection.read_several = connection.read_several, True
        if connection.autocommit:
            return (_NO_AUTOCOMMIT if again and connection.tells_autocommit else self.features.begin_read,)
        return ()

    async def _ask(self, statements: Sequence[bytes], ahead: int) -> list[Result]:
        """Sends statements, of which `ahead` stand before the work's own; a result for each."""
        if self.kind is not Kind.WRITE or not self.features.one_by_one:
            return await self._packet(statements)
        results: list[Result] = []
        # What stands ahead holds nothing before its last statement: nobody has a reason to end it.
        for packet in (statements[:ahead], *((statement,) for statement in statements[ahead:])):
            if packet:
                try:
                    results += await self._packet(packet)
                except ServerError as error:
                    error.statement += len(results)
                    raise
        return results

    async def _packet(self, statements: Sequence[bytes], end: int | None = None) -> list[Result]:
        """Sends statements in one packet. A write's transaction ends with the one at the place `end`, if at all."""
        try:
            results = await self._connection.query(b";".join(statements))
        except ServerError as error:
            self._still_inside(statements, error.statement)
            raise
        self._still_inside(statements, len(statements) if end is None else end)
        return results

    def _still_inside(self, statements: Sequence[bytes], until: int) -> None:
        """Raises where a write's transaction was over before the statement at the place `until`."""
        place = self._connection.ended_at
        if place is not None and place < until and self.kind is Kind.WRITE:
            self._lost = lost = TransactionLost(place, self._remains(statements[:place], statements[place:until]))
            raise lost

    def _remains(self, before: Sequence[bytes], after: Sequence[bytes]) -> Remains:
        """What may be left where a transaction ended between these statements of a packet, or at the first `after`."""
        if not all(map(self._writes_nothing, after)):
            return Remains.UNKNOWN
        if self.claimed or not all(map(self._writes_nothing, before)):
            return Remains.NOT_WITHOUT_CLAIM
        return Remains.NOTHING

    def _writes_nothing(self, statement: bytes) -> bool:
        """Whether a statement of a write leaves the database as it is, but for the ledger."""
        return statement in (self._claim, self._keep) or statement.startswith((b"SELECT ", b"SET ", b"START "))

    async def _send(self, statements: Sequence[bytes], ahead: int) -> list[Result]:
        connection = self._connection
        try:
            results = await self._ask(statements, ahead)
        except TransactionLost as error:
            self.claimed = error.remains is not Remains.NOTHING
            raise
        except ServerError as error:
            if error.statement:
                connection.statement_limit = self._limit
            place, error.statement = error.statement, max(error.statement - ahead, 0)
            if self._claim is not None and not self.claimed:
                # The claim is the last statement of what goes ahead.
                self.claimed = place >= ahead
                if place == ahead - 1:
                    self._lost = error
                    raise ClaimRefused(error) from error
            if classify(error, self.phase) is not FailureClass.PERMANENT:
                # The server may have rolled back: what came next would run outside the transaction.
                self._lost = error
            raise
        except ConnectionLost as error:
            self._lost = error
            raise
        connection.statement_limit = self._limit
        self.claimed = True
        return results

    async def _look_at_warnings(self, again: bytes, result: Result) -> None:
        """Raises as `refuse_warnings` for the last statement, or for the read `again` sent once more."""
        if again and not result.columns:
            raise DatabaseError(Code.LIMIT_EXCEEDED, "The database warns of a pattern, and it is not known of what")
        results = await self._send((again, SHOW_WARNINGS) if again else (SHOW_WARNINGS,), 0)
        refuse_warnings(results[-1].rows, self.features.flavour)

    def undo(self, error: AppError) -> None:
        """What was written does not stay, whatever becomes of `error`: it is raised by all that is asked next."""
        self._lost = error

    async def finish(self, keep: bytes | None = None) -> None:
        """Ends the transaction; a write runs `keep` together with its COMMIT.

        Raises as `query`; what a work swallowed that it may not swallow is raised here.
        """
        if self._lost is not None:
            raise self._lost
        self._keep = keep
        if keep is not None and not self.open:
            head = self._head(1, last=False)
            await self._send(head, len(head))
        if self.open:
            if keep is not None and self.features.one_by_one:
                await self._send((keep,), 0)
                keep = None
            self.committing = self.kind is Kind.WRITE
            statements = (_COMMIT,) if keep is None else (keep, _COMMIT)
            await self._packet(statements, len(statements) - 1)
            self.open = self.committing = False

    async def discard(self) -> None:
        """Ends a write whose rows are not to stay. Raises as `finish`."""
        if self._lost is not None:
            raise self._lost
        await self.roll_back()

    async def begin_anew(self) -> None:
        """Leaves the snapshot of a read: what it asks next sees another. Raises as `query`."""
        await self.roll_back()
        self._begun = False

    async def roll_back(self) -> None:
        """Undoes everything; the connection is then as good as new."""
        if self.open:
            await self._connection.query(b"ROLLBACK")
            self.open = False
