"""Runs compiled writes over one session, in order, inside the executor's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphql_app.engine.assemble.json import NodeRows, groups, whole
from graphql_app.engine.compile.checks import GUARD_FAILED
from graphql_app.engine.compile.json_cell import json_text
from graphql_app.engine.compile.related.compiled import CompiledRelated
from graphql_app.engine.compile.writes import (
    CompiledChange,
    CompiledChanges,
    CompiledInsert,
    CompiledInserts,
    CompiledWrite,
    read_back,
)
from graphql_app.engine.execute.checks import INSERTED, ONE_INSERTED, check_counts
from graphql_app.engine.execute.inserts import BATCH, Fate, Inserter
from graphql_app.engine.execute.reads import fetch
from graphql_app.engine.execute.related import RelatedChanger
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Result, ServerError
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import KEY_SEPARATOR, Value, finish, json_key, sql
from graphql_app.engine.sql.operators import matches_pattern
from graphql_app.errors import CheckFailed, Code, DatabaseError

_WHOLE = frozenset({Code.MAX_AFFECTED_EXCEEDED, Code.NOT_FOUND, Code.CONFLICT})
"""Errors after which a part of the write may have been done."""


@dataclass(slots=True)
class Done:
    """What a write did: rows touched, generated id, and the returned rows of each returning field."""

    affected: int = 0
    generated_id: bytes | None = None
    rows: list[list[bytes]] = field(default_factory=list)


async def perform_write(session: Session, write: CompiledWrite, slots: Sequence[object]) -> tuple[bytes, int]:
    """The JSON text of one write's answer, and how many rows it touched.

    Raises `CheckFailed`, and `DatabaseError` where more rows are touched than the client allows: whoever catches
    them, nothing stays of the whole transaction.
    """
    try:
        match write:
            case CompiledInsert():
                done = await _insert(session, write, slots)
            case CompiledInserts():
                done = await _inserts(session, write, slots)
            case CompiledChange():
                done = await _change(session, write, slots)
            case CompiledChanges():
                return await _changes(session, write, slots)
    except DatabaseError as error:
        if isinstance(error, CheckFailed) or error.code in _WHOLE:
            session.undo(error)
        raise
    return _answer(write, done), done.affected


async def _insert(session: Session, write: CompiledInsert, slots: Sequence[object]) -> Done:
    batches = [NodeRows(node) for node in write.returning]
    argument = ONE_INSERTED if write.one else INSERTED
    if write.statement is None:
        (batch,) = batches
        batch.receive(await _insert_told(session, write, batch.node.statement.render(slots), slots, argument))
        row = whole(batch)
        if row == b"null":
            raise _moved()
        return Done(1, rows=[[row]])
    insert = write.statement.render(slots)
    # What may come with a warning is looked at before its COMMIT.
    if write.whole and session.takes_whole(insert) and not matches_pattern(insert, session.features):
        result = await session.query_whole(insert)
        return Done(result.affected, _id_of(write, result, slots))
    good = () if write.good is None else (write.good.render(slots),)
    result, *counts = await fetch(session, batches, slots, ahead=(insert, *good), last=False)
    if counts:
        check_counts(counts, 1, argument)
    rows = [[whole(batch)] for batch in batches]
    if [b"null"] in rows:
        wanted = [item for item in write.answer if isinstance(item, plan.ReturningOut)]
        rows = [_found(found, each) for found, each in zip(rows, wanted, strict=True)]
    return Done(result.affected, _id_of(write, result, slots), rows)


def _id_of(write: CompiledInsert, result: Result, slots: Sequence[object]) -> bytes | None:
    return (_given_id(write, slots) or b"%d" % result.insert_id) if write.has_generated_id else None


async def _insert_told(
    session: Session, write: CompiledInsert, insert: bytes, slots: Sequence[object], argument: str
) -> Result:
    if session.takes_whole(insert):
        try:
            return await session.query_whole(insert, None if write.guard is None else write.guard.render(slots))
        except ServerError as error:
            if error.statement == 1 and error.code == GUARD_FAILED:
                raise CheckFailed(argument) from error
            raise
    good = () if write.good is None else (write.good.render(slots),)
    result, *counts = await session.query(insert, *good)
    check_counts(counts, 1, argument)
    return result


async def reread(session: Session, write: CompiledInsert, slots: Sequence[object]) -> bytes:
    """The JSON text of an insert's answer, read later: the row as it is now. `LAST_INSERT_ID()` says its id.

    Raises `DatabaseError` where the row is gone.
    """
    if write.again is None:
        return _answer(write, Done(1, _given_id(write, slots)))
    batch = NodeRows(write.again)
    await fetch(session, [batch], slots)
    row = whole(batch)
    if write.statement is not None:
        return _answer(write, Done(1, row))
    if row == b"null":
        raise DatabaseError(Code.CONFLICT, "The row was inserted, and is gone since")
    return _answer(write, Done(1, rows=[[row]]))


def _found(rows: list[bytes], wanted: plan.ReturningOut) -> list[bytes]:
    """The rows that were written, of those that are shown.

    Raises `DatabaseError` where one is not under the key it was written with.
    """
    if b"null" not in rows:
        return rows
    if wanted.where is None:
        raise _moved()
    return [row for row in rows if row != b"null"]


def _moved() -> DatabaseError:
    # Triggers are known beforehand, but for those that the account may not see.
    return DatabaseError(Code.NO_KEY, "The row is not found under the key it was written with: a trigger changed it")


def _given_id(write: CompiledInsert, slots: Sequence[object]) -> bytes | None:
    """The row's own id; None where it lets the database make one."""
    return None if write.explicit_id is None else finish(sql(write.explicit_id)).render(slots)


async def _inserts(session: Session, write: CompiledInserts, slots: Sequence[object]) -> Done:
    inserter = Inserter(session, write.dialect, slots)
    if write.blind:
        first = await inserter.insert_blind(write.rows)
        return Done(inserter.affected, first)
    rows = await inserter.insert(write.rows)
    await inserter.check(ONE_INSERTED if write.one else INSERTED)
    done = Done(inserter.affected)
    auto = write.rows.table.auto_increment
    if auto is not None and rows:
        done.generated_id = rows[0].values.get(auto.name)
    kept = [row.values for row in rows if row.fate is not Fate.IGNORED]
    done.rows = [await _read_rows(session, write, place, kept, slots) for place in range(len(write.wanted))]
    return done


async def _read_rows(
    session: Session, write: CompiledInserts, place: int, rows: list[dict[str, bytes]], slots: Sequence[object]
) -> list[bytes]:
    """The true rows of one returning field, in the order of the request."""
    table, wanted = write.rows.table, write.wanted[place]
    if not rows:
        return []
    if write.returning is None:
        batches = [NodeRows(read_back(write.dialect, table, row, wanted)) for row in rows]
        for start in range(0, len(batches), BATCH):
            await fetch(session, batches[start : start + BATCH], slots, last=False)
        return _found([whole(batch) for batch in batches], wanted)
    keys = [KEY_SEPARATOR.join(row[column.name] for column in table.key_columns) for row in rows]
    batch = NodeRows(write.returning[place])
    await fetch(session, [batch], slots, keys=keys, last=False)
    found = groups(batch)
    if found.keys() >= set(keys):
        return [found[key] for key in keys]
    return _found([found.get(key, b"null") for key in keys], wanted)


async def _change(
    session: Session, write: CompiledChange, slots: Sequence[object], parents: Sequence[bytes] = ()
) -> Done:
    """`parents` are the keys that lead to the rows, where these are related to others that are updated."""
    if write.related is not None:
        return await _change_related(session, write, write.related, slots, parents)
    done = Done()
    batches = [NodeRows(node) for node in write.returning]
    keys = parents
    if write.lock is not None:
        (locked,) = await session.query(write.lock.render(slots, parents))
        keys = locked.rows
        _check_affected(write.max_affected, len(keys), slots)
    if write.change is not None and (keys or write.lock is None):
        change, found_by = write.change.render(slots, keys), _kept(keys, write.kept)
        good = () if write.good is None else (write.good.render(slots, found_by),)
        result, *counts = await _apply(session, (change, *good), write.before, batches, slots, found_by)
        done.affected = result.affected
        # An update of a key that touched no row may have counted another one, which has the new key already.
        if counts and done.affected:
            check_counts(counts, len(keys) if write.lock is not None else done.affected, None)
        _check_affected(write.max_affected, done.affected, slots)
    if done.affected or not write.by_key:
        # An update of a key that touched no row may have read another one, which has the new key already.
        done.rows = [[whole(batch)] for batch in batches]
    return done


async def _change_related(
    session: Session, write: CompiledChange, related: CompiledRelated, slots: Sequence[object], parents: Sequence[bytes]
) -> Done:
    async def perform(change: CompiledChange, keys: Sequence[bytes]) -> int:
        return (await _change(session, change, slots, keys)).affected

    def most(affected: int) -> None:
        _check_affected(write.max_affected, affected, slots)

    assert write.lock is not None
    (locked,) = await session.query(write.lock.render(slots, parents))
    keys, changer = locked.rows, RelatedChanger(session, related, slots, perform)
    if write.change is not None:
        most(len(keys))
    if keys:
        await changer.run(write, keys, most)
    done = Done(changer.affected)
    if keys or not write.by_key:
        done.rows = [[whole(batch)] for batch in await changer.returned(write, keys)] if keys else []
    return done


def _kept(keys: Sequence[bytes], places: tuple[int, ...] | None) -> Sequence[bytes]:
    """The parts of keys in these places; all of each where None are named."""
    if places is None:
        return keys
    parts = (key.split(KEY_SEPARATOR) for key in keys)
    return [KEY_SEPARATOR.join([key[place] for place in places]) for key in parts] if places else ()


async def _changes(session: Session, write: CompiledChanges, slots: Sequence[object]) -> tuple[bytes, int]:
    answers: list[bytes] = []
    affected = 0
    for change in write.changes:
        done = await _change(session, change, slots)
        affected += done.affected
        _check_affected(write.max_affected, affected, slots)
        answers.append(_answer(change, done))
    return b"[" + b",".join(answers) + b"]", affected


def _check_affected(most: Value | None, affected: int, slots: Sequence[object]) -> None:
    """Raises `DatabaseError` where more rows are touched than the client allows. All is then rolled back."""
    if most is not None and affected > int(finish(sql(most)).render(slots)):
        raise DatabaseError(Code.MAX_AFFECTED_EXCEEDED, "More rows would be affected than 'max_affected' allows")


async def _apply(
    session: Session,
    changes: tuple[bytes, ...],
    before: bool,
    batches: list[NodeRows],
    slots: Sequence[object],
    keys: Sequence[bytes],
) -> list[Result]:
    """The change, and what is asked behind it, with its rows read before or after it; the results of `changes`."""
    if before and batches:
        await fetch(session, batches, slots, keys=keys, last=False)
        return await session.query(*changes)
    if (batches or len(changes) > 1) and matches_pattern(changes[0], session.features):
        # The server keeps the warnings of its last statement only.
        results = await session.query(changes[0])
        return results + await fetch(session, batches, slots, keys=keys, ahead=changes[1:], last=False)
    return await fetch(session, batches, slots, keys=keys, ahead=changes, last=False)


def _answer(write: CompiledInsert | CompiledInserts | CompiledChange, done: Done) -> bytes:
    """The answer's object, or the one row (`null` if there is none)."""
    single = write.by_key if isinstance(write, CompiledChange) else write.one
    if single:
        return done.rows[0][0] if done.rows and done.rows[0] else b"null"
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
                text = _list(write, next(rows, []))
        parts.append(json_key(out.key).encode() + text)
    return b"{" + b",".join(parts) + b"}"


def _list(write: CompiledInsert | CompiledInserts | CompiledChange, rows: list[bytes]) -> bytes:
    # A change reads its rows as one list, inserts read them one by one.
    if isinstance(write, CompiledChange):
        return rows[0] if rows else b"[]"
    return b"[" + b",".join(rows) + b"]"
