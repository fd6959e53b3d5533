"""The tables in memory: rows, and which rows of another table belong to a row."""

from __future__ import annotations

from typing import Any

from tests.differential.schema import Relation, Table
from tests.differential.tables import TABLES
from tests.differential.values import Row, Rows, comparable, stored

Key = tuple[Any, ...]


class Database:
    """Rows that stay as they are."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._far: dict[tuple[str, tuple[str, ...]], dict[Key, list[Row]]] = {}

    def related(self, relation: Relation, row: Row, near: Table) -> list[Row]:
        """The rows at the far end of `relation`."""
        key = _key(near, row, relation.columns)
        return [] if None in key else self._index(relation).get(key, [])

    def find(self, table: Table, values: dict[str, Any]) -> Row | None:
        """The row with this primary key."""
        wanted = tuple(comparable(values[name], table.columns[name].kind) for name in table.key)
        return next((row for row in self.rows[table.name] if _key(table, row, table.key) == wanted), None)

    def _index(self, relation: Relation) -> dict[Key, list[Row]]:
        place = relation.to_table, relation.to_columns
        if place not in self._far:
            table = TABLES[relation.to_table]
            found = self._far[place] = {}
            for row in self.rows[relation.to_table]:
                found.setdefault(_key(table, row, relation.to_columns), []).append(row)
        return self._far[place]


def _key(table: Table, row: Row, columns: tuple[str, ...]) -> Key:
    return tuple(comparable(stored(row, name), table.columns[name].kind) for name in columns)
