"""What a unit of work sees of its connection during one attempt: statements in, results out, one transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from graphql_app.engine.driver import Connection, ConnectionLost, Result, ServerError
from graphql_app.engine.features import Features
from graphql_app.engine.mysql_errors import TRUNCATIONS, Phase, StaleSchema, classify
from graphql_app.engine.retry import FailureClass, Kind
from graphql_app.errors import Code, DatabaseError

_BEGIN_READ = b"START TRANSACTION READ ONLY"
_AUTOCOMMIT, _NO_AUTOCOMMIT = b"SET SESSION autocommit = 1", b"SET SESSION autocommit = 0"
_COMMIT = b"COMMIT"
_WARNINGS = b"SHOW WARNINGS"
_GROWTH = 8
"""How many times its size a value may take in JSON text, and a little more."""

Batches = AsyncGenerator[list[Any], None]
"""Rows of a stream as they arrive, in lists."""


class ClaimRefused(Exception):
    """The write's entry of the ledger could not be claimed: its work was not begun."""

    def __init__(self, error: ServerError) -> None:
        super().__init__(error.code)
        self.error = error


class Session:
    """One attempt's connection. The transaction is opened by the first query and costs no round trip of its own.

    A read of one statement needs no transaction, several see one snapshot. A write's
    COMMIT is the executor's.

    The server answers `START TRANSACTION` by itself, and wakes us for it: some 5 % of a tree. So a connection that
    has such reads one after another is left without autocommit, where their first statement begins the transaction.
    """

    __slots__ = (
        "_begun",
        "_claim",
        "_connection",
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
        self._connection = connection
        self._limit = limit
        self._mark = mark
        self._note = note
        self._begun = kind is Kind.CONTROL
        self._lost: ServerError | ConnectionLost | None = None

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
        `ConnectionLost`, or `DatabaseError` RESULT_TOO_LARGE where the server cut a value.
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
        results = await self._send(b";".join(parts), len(head))
        if ends:
            self.open = False
        own = results[len(head) : len(head) + len(statements)]
        for place, result in enumerate(own):
            if result.warnings and result.columns:
                # The server keeps the warnings of its last statement only.
                again = b"" if place == len(own) - 1 and not ends else statements[place]
                await self._refuse_truncation(again)
        return own

    async def open_stream(self, sql: bytes, statement_setup: bytes) -> tuple[Connection, list[Any], Batches]:
        """Starts the one read of this session without a limit of time, and waits for its first rows.

        The connection is the caller's then, who gives it back to the pool. Raises as `query`.
        """
        connection = self._connection
        setting = self.features.statement_limit_sql(None)
        await self._send(b";".join(([setting] if setting else []) + [statement_setup]), 0)
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
        return self._note is not None and not self._begun and len(statement) * _GROWTH < self._connection.max_packet

    async def query_whole(self, statement: bytes) -> Result:
        """Runs a whole write, which is this one statement, in one round trip: its claim and its COMMIT go with it.

        Raises as `query`. A connection that is lost meanwhile leaves open whether it counts.
        """
        assert self._note is not None
        head = [*self._limiting(), *self.features.begin_write]
        self._begun = self.open = self.committing = self.claimed = True
        connection = self._connection
        try:
            results = await connection.query(b";".join((*head, statement + self._mark, self._note, _COMMIT)))
        except ServerError as error:
            self._lost = error
            if error.statement:
                connection.statement_limit = self._limit
            place, error.statement = error.statement - len(head), 0
            self.committing = place > 1
            if place == 1:
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
            return (_NO_AUTOCOMMIT if again and connection.tells_autocommit else _BEGIN_READ,)
        return ()

    async def _send(self, sql: bytes, ahead: int) -> list[Result]:
        connection = self._connection
        try:
            results = await connection.query(sql)
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
            if classify(error, self.phase) is not FailureClass.D:
                # The server may have rolled back: what came next would run outside the transaction.
                self._lost = error
            raise
        except ConnectionLost as error:
            self._lost = error
            raise
        connection.statement_limit = self._limit
        self.claimed = True
        return results

    async def _refuse_truncation(self, again: bytes) -> None:
        """Raises if the last statement, or `again` once more, warns that the server cut a value."""
        results = await self._send(again + b";" + _WARNINGS if again else _WARNINGS, 0)
        for _level, code, _text in results[-1].rows:
            if int(code) in TRUNCATIONS:
                raise DatabaseError(Code.RESULT_TOO_LARGE, "The result is too large")

    async def finish(self, keep: bytes | None = None) -> None:
        """Ends the transaction; a write runs `keep` together with its COMMIT.

        Raises as `query`; what a work swallowed that it may not swallow is raised here.
        """
        if self._lost is not None:
            raise self._lost
        if keep is not None and not self.open:
            head = self._head(1, last=False)
            await self._send(b";".join(head), len(head))
        if self.open:
            self.committing = self.kind is Kind.WRITE
            await self._connection.query(_COMMIT if keep is None else keep + b";" + _COMMIT)
            self.open = self.committing = False

    async def begin_anew(self) -> None:
        """Leaves the snapshot of a read: what it asks next sees another. Raises as `query`."""
        await self.roll_back()
        self._begun = False

    async def roll_back(self) -> None:
        """Undoes everything; the connection is then as good as new."""
        if self.open:
            await self._connection.query(b"ROLLBACK")
            self.open = False
