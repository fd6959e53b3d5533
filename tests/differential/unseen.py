"""The same rows to a caller, and others beside: what it may not see is changed, taken away and added to."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from tests.differential.callers import Caller
from tests.differential.database import Database
from tests.differential.reduced import reduced
from tests.differential.rows import pool
from tests.differential.tables import READ, TABLES
from tests.differential.values import STORED_AS, Row, Rows, comparable, stored

Seen = dict[str, Any]
_BATCHES: Final = (12, 8, 5, 3, 2, 1, 1, 1, 1)
"""How many changes are tried at a time."""
_FAR: Final = 5000
"""Keys of new rows are beyond this."""


def changed(rows: Rows, caller: Caller, random: Random) -> tuple[Rows, int]:
    """Other rows that look the same to the caller, and how many changes make them so."""
    wanted, made, found = _seen_by(rows, caller), 0, rows
    for size in _BATCHES:
        tried = _copied(found)
        kept = reduced(tried, caller.role, caller.user)
        done = sum(_change(random, tried, kept, caller) for _ in range(size))
        _shown_by_views(tried)
        if done and _seen_by(tried, caller) == wanted:
            found, made = tried, made + done
    return found, made


def _seen_by(rows: Rows, caller: Caller) -> Seen:
    """All that the caller may see: visible values by key, and the keys of the rows at the ends of relations."""
    kept = reduced(rows, caller.role, caller.user)
    database = Database(kept)
    found: Seen = {}
    for name, table in caller.role.seen.items():
        full = TABLES[name]
        shown = []
        for row in kept[name]:
            far = {
                relation.name: sorted(
                    (_key(relation.to_table, each) for each in database.related(relation, row, full)), key=repr
                )
                for relation in table.relations.values()
            }
            shown.append((_key(name, row), [row[column] for column in table.columns], far))
        found[name] = sorted(shown, key=repr)
    return found


def _key(table: str, row: Row) -> tuple[Any, ...]:
    return tuple(stored(row, name) for name in TABLES[table].key)


def _copied(rows: Rows) -> Rows:
    return {name: [dict(row) for row in found] for name, found in rows.items()}


def _change(random: Random, rows: Rows, kept: Rows, caller: Caller) -> int:
    """Tries one change; whether there was one to make."""
    table = random.choice([table for table in READ if not table.view])
    found, seen = rows[table.name], caller.role.seen.get(table.name)
    visible = {_key(table.name, row) for row in kept[table.name]}
    hidden = [row for row in found if _key(table.name, row) not in visible]
    own = seen.columns if seen is not None else {}
    columns = [each for each in table.columns.values() if each.name not in table.key]
    unseen = [each for each in columns if each.name not in own]
    what = random.choice(("delete", "change", "change", "insert", "column", "column"))
    cells = [
        (each, column)
        for each in kept[table.name]
        for column in columns
        if column.name in own and STORED_AS + column.name in each
    ]
    if what == "column" and cells and random.random() < 0.7:
        seen_row, column = random.choice(cells)
        row = next(each for each in found if _key(table.name, each) == _key(table.name, seen_row))
        row[column.name] = _value(random, table.name, column.name)
        return 1
    if what == "column" and unseen and found:
        column = random.choice(unseen)
        random.choice(found)[column.name] = _value(random, table.name, column.name)
        return 1
    if not hidden:
        return 0
    row = random.choice(hidden)
    if what == "delete":
        found.remove(row)
    elif what == "insert":
        return _inserted(random, rows, table.name, row)
    elif columns:
        column = random.choice(columns)
        row[column.name] = _value(random, table.name, column.name)
    return 1


def _inserted(random: Random, rows: Rows, name: str, like: Row) -> int:
    table = TABLES[name]
    if len(table.key) > 1 or not isinstance(like[table.key[0]], int):
        return 0
    row = dict(like)
    row[table.key[0]] = _FAR + random.randrange(_FAR)
    if any(_same(name, row, each) for each in rows[name]):
        return 0
    rows[name].append(row)
    return 1


def _same(name: str, row: Row, other: Row) -> bool:
    columns = [TABLES[name].columns[each] for each in TABLES[name].key]
    return all(comparable(row[each.name], each.kind) == comparable(other[each.name], each.kind) for each in columns)


def _value(random: Random, table: str, column: str) -> Any:
    found = TABLES[table].columns[column]
    if found.nullable and random.random() < 0.2:
        return None
    return random.choice(pool(TABLES[table], found))


def _shown_by_views(rows: Rows) -> None:
    shown = tuple(TABLES["running"].columns)
    opened = [row for row in rows["projects"] if row["state"] not in (None, "closed")]
    rows["running"] = [{column: row[column] for column in shown} for row in opened]
