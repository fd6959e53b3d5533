"""Mutations performed on rows in memory, under the constraints that the tables have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from itertools import count
from typing import Any, Final

from tests.differential.conditions import Conditions
from tests.differential.database import Database
from tests.differential.schema import NOTHING, Column, Relation, Table
from tests.differential.tables import TABLES, WRITTEN
from tests.differential.values import Ambiguous, Row, Rows, comparable, computed, parsed

Given = dict[str, Any]

NOT_NULL, DUPLICATE, FOREIGN, CHECK = (
    "NOT_NULL_VIOLATION",
    "DUPLICATE_ENTRY",
    "FOREIGN_KEY_VIOLATION",
    "CHECK_VIOLATION",
)
TOO_LONG, BODY, NO_KEY, TOO_MANY = "VALUE_TOO_LONG", "INVALID_BODY", "NO_KEY", "MAX_AFFECTED_EXCEEDED"
NULL_COMPARISON = "NULL_COMPARISON"

_LENGTHS: Final = {("cards", "motto"): 10}
_FIRST_NEW_ID: Final = 1_000_000


class NewId(int):
    """An AUTO_INCREMENT value that only the database knows: above all that requests speak of."""


class Refused(Exception):
    """The request has to fail, for one of these reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons = set(reasons)


class Fate(Enum):
    """What became of a row given to an insert."""

    INSERTED = auto()
    UPDATED = auto()
    IGNORED = auto()


@dataclass(slots=True)
class Placed:
    """A row as it now stands."""

    row: Row
    fate: Fate


@dataclass(slots=True)
class Draft:
    """The tables within one transaction. Everything raises `Refused` where a constraint does not hold."""

    rows: Rows
    ids: Iterable[int] = field(default_factory=lambda: count(_FIRST_NEW_ID))

    @property
    def database(self) -> Database:
        """The rows as they are now."""
        return Database(self.rows)

    def matching(self, table: Table, where: Given) -> list[Row]:
        """The rows where `where` holds."""
        conditions = Conditions(self.database)
        return [row for row in self.rows[table.name] if conditions.holds(table, row, where)]

    # --- constraints ----------------------------------------------------------

    def _wrong_keys(self, table: Table, row: Row) -> Iterable[str]:
        for columns in table.unique.values():
            if len([other for other in self.rows[table.name] if _same(table, columns, other, row)]) > 1:
                yield DUPLICATE
        for relation in table.relations.values():
            if relation.refers and not self._refers_well(table, relation, row):
                yield FOREIGN

    def _refers_well(self, table: Table, relation: Relation, row: Row) -> bool:
        wanted = [row[column] for column in relation.columns]
        return None in wanted or bool(self.database.related(relation, row, table))

    def _still_used(self, table: Table, keys: list[Row]) -> Iterable[str]:
        """Whether rows refer to rows that are gone: `keys` have their former columns."""
        for relation in table.relations.values():
            far = TABLES[relation.to_table]
            if relation.refers:
                continue
            for gone in keys:
                wanted = [gone[column] for column in relation.columns]
                if any([row[column] for column in relation.to_columns] == wanted for row in self.rows[far.name]):
                    yield FOREIGN

    # --- changes --------------------------------------------------------------

    def insert(self, table: Table, rows: list[Given]) -> list[Placed]:
        """New rows in order, each checked on its own."""
        # Which of several faults is found first is left open.
        wrong = {reason for row in rows for reason in missing(table, row)}
        made = [self._completed(table, row) for row in rows]
        wrong |= {reason for row in made for reason in _wrong_values(table, row)}
        for row in made:
            self.rows[table.name].append(row)
            wrong |= set(self._wrong_keys(table, row))
        _refuse(wrong)
        return [Placed(row, Fate.INSERTED) for row in made]

    def _completed(self, table: Table, given: Given) -> Row:
        row: Row = {}
        for column in table.columns.values():
            value = given.get(column.name, NOTHING)
            if column.auto and (value is NOTHING or value is None):
                value = NewId(next(iter(self.ids)))
            if value is NOTHING:
                value = None if column.default is NOTHING else default(column)
            row[column.name] = value
        return computed(row)

    def change(self, table: Table, rows: list[Row], new: Callable[[Row], Given]) -> None:
        """The same rows with new values; checked when all are changed."""
        before = [dict(row) for row in rows]
        for row in rows:
            row.update(new(row))
            computed(row)
        moved = [
            old for old, row in zip(before, rows, strict=True) if any(old[name] != row[name] for name in table.key)
        ]
        wrong = {reason for row in rows for reason in (*_wrong_values(table, row), *self._wrong_keys(table, row))}
        _refuse(wrong.union(self._still_used(table, moved)))

    def delete(self, table: Table, rows: list[Row]) -> None:
        """The rows are gone. Raises `Ambiguous` if they refer to each other: the order decides."""
        gone = {id(row) for row in rows}
        for relation in table.relations.values():
            if relation.to_table == table.name and not relation.refers:
                near = {row[relation.columns[0]] for row in rows}
                if any(row[relation.to_columns[0]] in near for row in rows):
                    raise Ambiguous
        self.rows[table.name] = [row for row in self.rows[table.name] if id(row) not in gone]
        _refuse({*self._still_used(table, rows)})


def _refuse(reasons: set[str]) -> None:
    if reasons:
        raise Refused(*reasons)


def default(column: Column) -> Any:
    """The value of a column that is left out. Raises `Refused`."""
    if column.default is NOTHING:
        raise Refused(NOT_NULL, NO_KEY)
    return parsed(column.default, column.kind) if column.default is not None else None


def missing(table: Table, row: Given) -> Iterable[str]:
    """What is said of a new row that lacks a value it must have."""
    for column in table.columns.values():
        if column.default is NOTHING and not column.auto and column.name not in row:
            yield from (NOT_NULL, NO_KEY)


def _wrong_values(table: Table, row: Row) -> Iterable[str]:
    for column in table.columns.values():
        value = row[column.name]
        if value is None and not column.nullable and not column.generated:
            yield NOT_NULL
        if isinstance(value, str) and len(value) > _LENGTHS.get((table.name, column.name), 99):
            yield TOO_LONG
    if table.name == "items" and row["amount"] is not None and row["amount"] < 0:
        yield CHECK


def _same(table: Table, columns: tuple[str, ...], one: Row, other: Row) -> bool:
    """Whether two rows have the same unique key. NULLs are never the same."""
    keys = [[comparable(row[name], table.columns[name].kind) for name in columns] for row in (one, other)]
    return one is other or (None not in keys[0] and keys[0] == keys[1])


def met(draft: Draft, table: Table, constraint: str, row: Given) -> Row | None:
    """The existing row whose unique key `row` has."""
    columns = table.unique[constraint]
    if any(row.get(name) is None for name in columns):
        return None
    given = {**dict.fromkeys(table.columns), **row}
    return next((old for old in draft.rows[table.name] if _same(table, columns, old, given)), None)


def copied(rows: Rows) -> Rows:
    """The same rows, to be changed."""
    return {name: [dict(row) for row in found] for name, found in rows.items()}


def new_ids(rows: Rows, actual: Rows) -> dict[int, int]:
    """The true values of new ids: rows are told apart by their marks."""
    found: dict[int, int] = {}
    for table in WRITTEN:
        if "mark" in table.columns:
            true = {row["mark"]: row["id"] for row in actual[table.name]}
            pairs = ((row["id"], true.get(row["mark"])) for row in rows[table.name] if isinstance(row["id"], NewId))
            found |= {new: known for new, known in pairs if known is not None}
    return found


def incremented(value: Any, step: Any, column: Column) -> Any:
    """`value + step`."""
    return None if value is None else value + (Decimal(str(step)) if isinstance(value, Decimal) else int(step))
