"""One bulk write at work: each batch a transaction, done once for a client's key; or all of them in a rehearsal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import orjson

from graphql_app.engine.compile.bulk import BulkTarget
from graphql_app.engine.execute.bulk import BulkWriter, RefusedRows
from graphql_app.engine.execute.executor import BULK, ONCE, Executor
from graphql_app.engine.execute.ledger import LedgerEntry
from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.server_errors import Failure
from graphql_app.errors import AppError, Code, DatabaseError

WriteRows = Callable[[bytes, bytes], Awaitable[RefusedRows]]
"""Writes the rows of a text, given what stands between them. Raises `AppError`."""


class _Undo(Exception):
    """Ends a rehearsal: raised out of a transaction, it has the transaction undone."""


class BulkRun:
    """Writes batches to `target`. What it learns of one batch serves the next.

    `failed` is called with a failure of a row whose reason has no name here, `wrote` with the table's name after each
    batch; `shown` takes out of an error what the caller may not know of; `noted` is told of each batch that was written
    or failed, for the audit log: the rows, the failure, whether it was written before.
    """

    def __init__(
        self,
        executor: Executor,
        target: BulkTarget,
        failed: Callable[[Failure], None],
        wrote: Callable[[Iterable[str]], None],
        shown: Callable[[AppError], None],
        noted: Callable[[int, AppError | None, bool], None],
    ) -> None:
        self.target = target
        self._executor = executor
        self._writer = BulkWriter(target, failed, shown)
        self._shown = shown
        self._noted = noted
        self._wrote = wrote

    async def write(self, text: bytes, separator: bytes) -> tuple[RefusedRows, int]:
        """Writes the rows of `text` in one retried transaction: those refused, and the attempts that failed.

        Raises `AppError`.
        """
        with self._showing(writes=True):
            found = await self._executor.run(
                Kind.WRITE,
                lambda session: self._writer.write(session, text, separator),
                bulk=True,
                transactional=self.target.table.transactional,
                schedule=BULK,
            )
        self._wrote((self.target.table.name,))
        self._noted(_written(text, separator, found[0]), None, False)
        return found

    async def write_once(self, text: bytes, separator: bytes, entry: LedgerEntry) -> tuple[RefusedRows, int, bool]:
        """As `write`, once for a client's key; at last whether it was done before, and nothing was done now.

        Raises as `Executor.run_once`.
        """

        async def job(session: Session) -> bytes:
            return _packed(await self._writer.write(session, text, separator))

        transactional = self.target.table.transactional
        with self._showing(writes=True):
            once = await self._executor.run_once(job, entry, bulk=True, transactional=transactional)
        self._wrote((self.target.table.name,))
        refused = _unpacked(once.answer)
        self._noted(_written(text, separator, refused), None, once.replayed)
        return refused, once.retry_count, once.replayed

    async def rehearse(self, work: Callable[[WriteRows], Awaitable[None]]) -> None:
        """Runs `work`, whose writes are one transaction, and undoes it. It cannot be repeated. Raises `AppError`."""

        async def job(session: Session) -> None:
            await work(lambda text, separator: self._writer.write(session, text, separator))
            raise _Undo

        with suppress(_Undo), self._showing():
            await self._executor.run(Kind.WRITE, job, bulk=True, schedule=ONCE, repeatable=False)

    @contextmanager
    def _showing(self, *, writes: bool = False) -> Iterator[None]:
        try:
            yield
        except AppError as error:
            self._shown(error)
            if writes:
                self._noted(0, error, False)
            raise


def _written(text: bytes, separator: bytes, refused: RefusedRows) -> int:
    """The rows of a batch that were not refused or passed over."""
    return text.count(separator) + 1 - len(refused.rows) - refused.ignored


def _packed(refused: RefusedRows) -> bytes:
    rows = [(place, error.code, error.message, error.column) for place, error in refused.rows]
    return orjson.dumps({"ignored": refused.ignored, "rows": rows})


def _unpacked(answer: bytes) -> RefusedRows:
    found = orjson.loads(answer)
    rows = [(place, DatabaseError(Code(code), text, column=column)) for place, code, text, column in found["rows"]]
    return RefusedRows(list(rows), found["ignored"])
