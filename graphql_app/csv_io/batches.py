"""Batches of an import, and the ways to write one: alone, under a client's key, or as part of a dry run."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson

from graphql_app.csv_io.cells import BadRow
from graphql_app.csv_io.fast_path import ROW_END
from graphql_app.engine.engine import Engine
from graphql_app.engine.execute.bulk import BulkTarget, BulkWriter, RefusedRows
from graphql_app.engine.execute.ledger import LedgerEntry
from graphql_app.engine.execute.session import Session
from graphql_app.errors import Code, DatabaseError


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


def within(session: Session, engine: Engine, target: BulkTarget) -> Write:
    """Writes batches in the transaction of `session`."""
    writer = BulkWriter(target, engine.unexpected)

    async def write(batch: RowBatch) -> Written:
        return Written(await writer.write(session, ROW_END.join(batch.texts), ROW_END))

    return write


def by_itself(engine: Engine, target: BulkTarget) -> Write:
    """Writes each batch in a transaction of its own."""
    writer, table = BulkWriter(target, engine.unexpected), target.table

    async def write(batch: RowBatch) -> Written:
        text = ROW_END.join(batch.texts)
        refused, retries = await engine.write_bulk(
            lambda session: writer.write(session, text, ROW_END), transactional=table.transactional
        )
        engine.wrote((table.name,))
        return Written(refused, retries)

    return write


def under_a_key(engine: Engine, target: BulkTarget, key_of: KeyOf) -> Write:
    """Writes each batch in a transaction of its own, once for a client's key: what it came to is in the ledger.

    A file is cut in the same way each time, so the same file sent again finds its batches.
    """
    writer, table = BulkWriter(target, engine.unexpected), target.table

    async def write(batch: RowBatch) -> Written:
        text = ROW_END.join(batch.texts)

        async def job(session: Session) -> bytes:
            return _packed(await writer.write(session, text, ROW_END))

        digest = hashlib.sha256(b"%d\0%b%b\0" % (batch.lines[0], target.head, target.tail))
        digest.update(text)
        entry = key_of(digest.digest(), str(batch.number))
        once = await engine.write_bulk_once(job, entry, transactional=table.transactional)
        engine.wrote((table.name,))
        return Written(_unpacked(once.answer), once.retry_count, once.replayed)

    return write


def _packed(refused: RefusedRows) -> bytes:
    rows = [(place, error.code, error.message, error.column) for place, error in refused.rows]
    return orjson.dumps({"ignored": refused.ignored, "rows": rows})


def _unpacked(answer: bytes) -> RefusedRows:
    found = orjson.loads(answer)
    rows = [(place, DatabaseError(Code(code), text, column=column)) for place, code, text, column in found["rows"]]
    return RefusedRows(list(rows), found["ignored"])
