"""The statements of bulk writes: what stands around rows of literals, or between the literals of one row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphql_app.engine.plan.bulk import BulkPlan
from graphql_app.engine.request.bulk import BulkMode
from graphql_app.engine.sql.fragment import finish, join, name, sql
from schema_gen.catalog.model import Column, Event, Table

Pieces = tuple[bytes, tuple[tuple[bytes, int], ...]]
"""The head of a row's statement; then what stands before each literal, and the literal's place in the row."""


@dataclass(frozen=True, slots=True)
class BulkTarget:
    """Where rows go: `head` and `tail` stand around rows of literals, if the rows are not statements themselves.

    `insert_ignore` is a head that passes over refused rows. `pieces`: each row is a statement of its own, made of them.
    """

    table: Table
    mode: BulkMode
    head: bytes
    tail: bytes
    insert_ignore: bytes
    pieces: Pieces | None = None

    @property
    def whole_statements(self) -> bool:
        """Whether each row is a statement of its own."""
        return self.pieces is not None

    @property
    def together(self) -> bool:
        """Whether one statement may write several rows, and leaves nothing behind when it fails."""
        return not self.whole_statements and self.table.transactional

    @property
    def can_pass_over(self) -> bool:
        """Whether rows that are refused may be passed over: an upsert counts its rows in another way."""
        return self.together and self.mode is not BulkMode.UPSERT

    def statement(self, rows: Sequence[bytes]) -> bytes:
        """The statement that writes these rows."""
        return rows[0] if self.whole_statements else self.head + b",".join(rows) + self.tail


def compile_bulk(plan: BulkPlan) -> BulkTarget:
    """The statements of a bulk write."""
    table, columns, mode = plan.table, plan.columns, plan.mode
    names = join(",", (name(column.name) for column in columns))
    into = sql("INTO ", name(table.name), " (", names, ") VALUES ")
    head, passing = (finish(sql(verb, into)).render() for verb in ("INSERT ", "INSERT IGNORE "))
    if mode is BulkMode.UPDATE:
        return BulkTarget(table, mode, head, b"", passing, _update_pieces(table, columns))
    if mode is not BulkMode.UPSERT:
        return BulkTarget(table, mode, head, b"", passing)
    key = table.primary_key.columns if table.primary_key else ()
    changed = [column for column in columns if column.name not in key] or list(columns[:1])
    replaced = table.set_by_triggers(Event.INSERT)
    if any(column.name in replaced for column in changed):
        return BulkTarget(table, mode, head, b"", passing, _upsert_pieces(head, columns, changed))
    sets = join(",", (sql(name(each.name), "=VALUES(", name(each.name), ")") for each in changed))
    return BulkTarget(table, mode, head, finish(sql(" ON DUPLICATE KEY UPDATE ", sets)).render(), passing)


def _upsert_pieces(head: bytes, columns: Sequence[Column], changed: Sequence[Column]) -> Pieces:
    """An upsert of one row. `VALUES(...)` is what a trigger made of it; a row that is there takes the file's own."""
    places = {column.name: place for place, column in enumerate(columns)}
    pieces = [(b"," if place else b"(", place) for place in range(len(columns))]
    for position, column in enumerate(changed):
        before = sql("," if position else ") ON DUPLICATE KEY UPDATE ", name(column.name), "=")
        pieces.append((finish(before).render(), places[column.name]))
    return head, tuple(pieces)


def _update_pieces(table: Table, columns: Sequence[Column]) -> Pieces:
    """An update of one row by its key."""
    key = table.primary_key.columns if table.primary_key else ()
    places = {column.name: place for place, column in enumerate(columns)}
    pieces: list[tuple[bytes, int]] = []
    for position, column in enumerate(column for column in columns if column.name not in key):
        pieces.append((finish(sql("," if position else " SET ", name(column.name), "=")).render(), places[column.name]))
    for position, part in enumerate(key):
        pieces.append((finish(sql(" AND " if position else " WHERE ", name(part), "=")).render(), places[part]))
    return finish(sql("UPDATE ", name(table.name))).render(), tuple(pieces)
