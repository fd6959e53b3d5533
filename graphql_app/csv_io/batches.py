"""Batches of an import, and the ways to write one: alone, under a client's key, or as part of a dry run."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from graphql_app.csv_io.cells import BadRow
from graphql_app.csv_io.fast_path import ROW_END
from graphql_app.engine.execute.bulk import RefusedRows
from graphql_app.engine.execute.bulk_run import BulkRun, WriteRows
from graphql_app.engine.execute.ledger import LedgerEntry


@dataclass(slots=True)
class RowBatch:
    """Rows as SQL, the line of each, and those that are refused already. `number` counts the file's batches."""

    number: int
    texts: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch came to. `again`: it was written before, and nothing was done now."""

    refused: RefusedRows
    retries: int = 0
    again: bool = False


Write = Callable[[RowBatch], Awaitable[Written]]
KeyOf = Callable[[bytes, str], LedgerEntry]
"""The ledger's entry for a payload and the name of a part, under a client's key."""


def in_rehearsal(write_rows: WriteRows) -> Write:
    """Writes batches in the transaction of a rehearsal."""

    async def write(batch: RowBatch) -> Written:
        return Written(await write_rows(ROW_END.join(batch.texts), ROW_END))

    return write


def by_itself(run: BulkRun) -> Write:
    """Writes each batch in a transaction of its own."""

    async def write(batch: RowBatch) -> Written:
        return Written(*await run.write(ROW_END.join(batch.texts), ROW_END))

    return write


def under_a_key(run: BulkRun, key_of: KeyOf) -> Write:
    """Writes each batch in a transaction of its own, once for a client's key: what it came to is in the ledger.

    A file is cut in the same way each time, so the same file sent again finds its batches.
    """

    async def write(batch: RowBatch) -> Written:
        text = ROW_END.join(batch.texts)
        digest = hashlib.sha256(b"%d\0%b%b\0" % (batch.lines[0], run.target.head, run.target.tail))
        digest.update(text)
        return Written(*await run.write_once(text, ROW_END, key_of(digest.digest(), str(batch.number))))

    return write
