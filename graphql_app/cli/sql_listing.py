"""The statements of a prepared call as text, for people to read: nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from graphql_app.engine.compile.call import PreparedCall
from graphql_app.engine.compile.checks import count_of_good
from graphql_app.engine.compile.inserts import insert_head, row_texts
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.writes import CompiledInserts
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import Filled, ForEachKey, KeyCell, KeyList, Statement

KEYS = b"(/* keys of the rows before */)"
"""What stands for keys that only an earlier statement gives."""
KEY = b"/* key of a row before */"
MORE = b"/* the same for each further key */"


def listed(call: PreparedCall, slots: Sequence[object]) -> Iterator[str]:
    """The statements of a call with these slots, each once, in the order in which they are compiled."""
    seen: set[str] = set()
    for text in _of(call.reads if call.writes is None else call.writes, slots):
        if text not in seen:
            seen.add(text)
            yield text


def _of(part: object, slots: Sequence[object]) -> Iterator[str]:
    if isinstance(part, Statement):
        yield rendered(part, slots)
    elif isinstance(part, CompiledInserts):
        yield from _inserts(part.rows, part.dialect, slots)
        yield from _of(part.returning, slots)
    elif isinstance(part, tuple | list):
        for each in part:
            yield from _of(each, slots)
    elif is_dataclass(part) and type(part).__module__.startswith("graphql_app.engine.compile."):
        for field in fields(part):
            yield from _of(getattr(part, field.name), slots)


def rendered(statement: Statement, slots: Sequence[object]) -> str:
    """One statement with its values; keys that are not known yet are told as such."""
    return b"".join(_shown(part, slots) for part in statement.parts).decode("utf-8", "replace")


def _shown(part: bytes | Filled | KeyList | KeyCell | ForEachKey, slots: Sequence[object]) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, KeyList):
        return KEYS
    if isinstance(part, KeyCell):
        return KEY
    if isinstance(part, ForEachKey):
        return b"".join(_shown(each, slots) for each in part.piece) + part.between + MORE
    return part.literal(slots)


def _inserts(level: plan.InsertRows, dialect: SqlDialect, slots: Sequence[object]) -> Iterator[str]:
    """The rows of an insert and of what is nested in it."""
    for nested in level.before:
        yield from _inserts(nested.rows, dialect, slots)
    rows = b",".join(row_texts(slots, level))
    yield (insert_head(level) + rows).decode("utf-8", "replace")
    if level.check is not None:
        written = plan.KeyIn(level.table.key_columns)
        yield rendered(count_of_good(dialect, level.table, written, level.check), slots)
    for nested in level.after:
        yield from _inserts(nested.rows, dialect, slots)
