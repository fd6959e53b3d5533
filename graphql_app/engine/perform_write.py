"""Runs compiled writes over one session, in order, inside the executor's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphql_app.engine import plan
from graphql_app.engine.assemble import Batch, whole
from graphql_app.engine.compile_cell import json_text
from graphql_app.engine.compile_write import CompiledChange, CompiledInsert, CompiledWrite
from graphql_app.engine.fragment import Param, Statement, json_key
from graphql_app.engine.perform_read import fetch
from graphql_app.engine.session import Session


@dataclass(slots=True)
class Done:
    """What a write did: rows touched, generated id, and the returned rows of each returning field."""

    affected: int = 0
    generated_id: bytes | None = None
    rows: list[list[bytes]] = field(default_factory=list)


async def perform_write(session: Session, write: CompiledWrite, slots: Sequence[object]) -> bytes:
    """The JSON text of one write's answer."""
    if isinstance(write, CompiledInsert):
        return _answer(write, await _insert(session, write, slots))
    return _answer(write, await _change(session, write, slots))


async def _insert(session: Session, write: CompiledInsert, slots: Sequence[object]) -> Done:
    done = Done(rows=[[] for field in write.answer if isinstance(field, plan.ReturningOut)])
    for step in write.steps:
        batches = [Batch(node) for node in step.returning]
        (result,) = await fetch(session, batches, slots, ahead=(step.statement.render(slots),), last=False)
        done.affected += result.affected
        if done.generated_id is None and result.insert_id:
            done.generated_id = b"%d" % result.insert_id
        for rows, batch in zip(done.rows, batches, strict=True):
            rows.append(whole(batch))
    if write.explicit_id is not None:
        done.generated_id = Statement(
            (write.explicit_id if isinstance(write.explicit_id, Param) else write.explicit_id.sql,)
        ).render(slots)
    elif not write.has_generated_id:
        done.generated_id = None
    return done


async def _change(session: Session, write: CompiledChange, slots: Sequence[object]) -> Done:
    done = Done()
    batches = [Batch(node) for node in write.returning]
    keys: Sequence[bytes] = ()
    if write.lock is not None:
        (locked,) = await session.query(write.lock.render(slots))
        keys = locked.rows
    if write.change is not None and (keys or write.lock is None):
        done.affected = await _apply(session, write.change.render(slots, keys), write.before, batches, slots, keys)
    done.rows = [[whole(batch)] for batch in batches]
    return done


async def _apply(
    session: Session, change: bytes, before: bool, batches: list[Batch], slots: Sequence[object], keys: Sequence[bytes]
) -> int:
    """The change with its rows read before or after it; the number of rows touched."""
    if before and batches:
        await fetch(session, batches, slots, keys=keys, last=False)
        (result,) = await session.query(change)
    else:
        (result,) = await fetch(session, batches, slots, keys=keys, ahead=(change,), last=False)
    return result.affected


def _answer(write: CompiledWrite, done: Done) -> bytes:
    """The answer's object, or the one row (`null` if there is none)."""
    single = write.one if isinstance(write, CompiledInsert) else write.by_key
    if single and done.rows:
        return done.rows[0][0] if done.rows[0] else b"null"
    rows = iter(done.rows)
    parts: list[bytes] = []
    for out in write.answer:
        match out:
            case plan.TextOut():
                text = json_text(out.text).encode()
            case plan.AffectedOut():
                text = b"%d" % done.affected
            case plan.GeneratedIdOut():
                if done.generated_id is None:
                    continue
                text = done.generated_id
            case plan.ReturningOut():
                text = _list(write, next(rows))
        parts.append(json_key(out.key).encode() + text)
    return b"{" + b",".join(parts) + b"}"


def _list(write: CompiledWrite, rows: list[bytes]) -> bytes:
    # An insert reads its rows one by one, a change reads them as one list.
    return b"[" + b",".join(rows) + b"]" if isinstance(write, CompiledInsert) else rows[0]
