"""The statements of bulk writes: what stands around rows of literals, or between the literals of one row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphql_app.engine.compile.conditions import condition, reads_others
from graphql_app.engine.compile.reread import unknown_key
from graphql_app.engine.compile.scope import Scope, SqlDialect, column_ref
from graphql_app.engine.compile.trigger_guard import check
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.bulk import BulkPlan
from graphql_app.engine.request.bulk import BulkMode
from graphql_app.engine.sql.fragment import EMPTY, Sql, Value, finish, join, name, sql
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, Event, Table

Pieces = tuple[bytes, tuple[tuple[bytes, int], ...], bytes]
"""The head of a row's statement; then what stands before each literal, and the literal's place in the row; the end."""

CHECK_BEHIND: Final = b"\xf9"
"""Between the statement of a row and the one that counts it if it satisfies its check. No literal holds this byte."""


@dataclass(frozen=True, slots=True)
class BulkTarget:
    """Where rows go: `head` and `tail` stand around rows of literals, if the rows are not statements themselves.

    `insert_ignore` is a head that passes over refused rows; `added` are literals at the end of each row, which are not
    in the rows that come. `pieces`: each row is a statement of its own, made of them; where it is `checked`, another
    one stands behind it, which counts the row if it satisfies its check.
    """

    table: Table
    mode: BulkMode
    head: bytes
    tail: bytes
    insert_ignore: bytes
    pieces: Pieces | None = None
    added: bytes = b""
    checked: bool = False

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

    def whole(self, text: bytes, separator: bytes) -> bytes:
        """Rows of literals with what is added to each."""
        if not self.added or self.whole_statements:
            return text
        return text.replace(b")" + separator, self.added + b")" + separator)[:-1] + self.added + b")"

    def statement(self, rows: Sequence[bytes]) -> bytes:
        """The statement that writes these rows."""
        return rows[0] if self.whole_statements else self.head + b",".join(rows) + self.tail


def compile_bulk(dialect: SqlDialect, made: BulkPlan, slots: Sequence[object] = ()) -> BulkTarget:
    """The statements of a bulk write; `slots` are the values of what its rules need of the session."""
    return _Compiler(dialect, made, slots).target()


@dataclass(frozen=True, slots=True)
class _Compiler:
    """One bulk write. Its statements name the table's row `t0`."""

    dialect: SqlDialect
    made: BulkPlan
    slots: Sequence[object]

    def target(self) -> BulkTarget:
        table, columns, mode = self.made.table, self.made.columns, self.made.mode
        presets = () if mode is BulkMode.UPDATE else self.made.presets
        names = join(",", (name(column.name) for column in (*columns, *(each.column for each in presets))))
        into = sql("INTO ", name(table.name), " (", names, ") VALUES ")
        head, passing = self.text("INSERT ", into), self.text("INSERT IGNORE ", into)
        added = b"".join(self.text(",", each.value) for each in presets)
        checked = self.made.check is not None
        if mode is BulkMode.UPDATE:
            return BulkTarget(table, mode, head, b"", passing, self._update(), checked=checked)
        if checked:
            return BulkTarget(table, mode, head, b"", passing, self._checked_insert(head, added), added, checked=True)
        if mode is not BulkMode.UPSERT:
            return BulkTarget(table, mode, head, b"", passing, added=added)
        key = table.primary_key.columns if table.primary_key else ()
        changed = [column for column in columns if column.name not in key] or list(columns[:1])
        met = b"".join(self.text(",", name(each.column.name), "=", each.value) for each in self.made.met)
        replaced = table.set_by_triggers(Event.INSERT)
        if any(column.name in replaced for column in changed):
            return BulkTarget(table, mode, head, b"", passing, self._upsert(head, added, changed, met))
        sets = join(",", (sql(name(each.name), "=VALUES(", name(each.name), ")") for each in changed))
        return BulkTarget(table, mode, head, self.text(" ON DUPLICATE KEY UPDATE ", sets) + met, passing, added=added)

    def text(self, *parts: str | Sql | Value) -> bytes:
        """The bytes of a piece of SQL."""
        return finish(sql(*parts)).render(self.slots)

    def _row(self) -> list[tuple[bytes, int]]:
        return [(b"," if place else b"(", place) for place in range(len(self.made.columns))]

    def _upsert(self, head: bytes, added: bytes, changed: Sequence[Column], met: bytes) -> Pieces:
        """An upsert of one row. `VALUES(...)` is what a trigger made of it; a row met takes the file's own."""
        places = {column.name: place for place, column in enumerate(self.made.columns)}
        pieces = self._row()
        for position, column in enumerate(changed):
            first = added + b") ON DUPLICATE KEY UPDATE "
            before = (b"," if position else first) + self.text(name(column.name), "=")
            pieces.append((before, places[column.name]))
        return head, tuple(pieces), met

    def _update(self) -> Pieces:
        """An update of one row by its key."""
        table = self.made.table
        key = table.primary_key.columns if table.primary_key else ()
        if any(each.column.name in key for each in self.made.presets):
            raise RequestError(Code.NO_KEY, "Rows whose key is preset cannot be updated by it")
        if self.made.check is not None:
            check(table, Event.UPDATE, key)
        places = {column.name: place for place, column in enumerate(self.made.columns)}
        pieces: list[tuple[bytes, int]] = []
        for column in self.made.columns:
            if column.name not in key:
                pieces.append((self.text("," if pieces else " SET ", name(column.name), "="), places[column.name]))
        presets = b"".join(self.text(",", name(each.column.name), "=", each.value) for each in self.made.presets)
        by_key = [
            (self.text(" AND " if at else " WHERE ", name(part), "="), places[part]) for at, part in enumerate(key)
        ]
        by_key[0] = presets + by_key[0][0], by_key[0][1]
        pieces += by_key
        end = b"" if self.made.where is None else self.text(" AND ", self._let_through(self.made.where))
        if self.made.check is not None:
            keys = [(self.text(" AND " if at else "", name(part), "="), places[part]) for at, part in enumerate(key)]
            keys[0] = end + CHECK_BEHIND + self._counting() + keys[0][0], keys[0][1]
            pieces += keys
            end = self._good(self.made.check)
        alias = sql(" AS ", name("t0")) if self.made.where is not None else EMPTY
        return self.text("UPDATE ", name(table.name), alias), tuple(pieces), end

    def _let_through(self, where: plan.Condition) -> Sql:
        if reads_others(where):
            raise RequestError(
                Code.PERMISSION_DENIED,
                f"Mode 'update' is not for a role whose filter of '{self.made.table.name}' looks at other rows",
            )
        scope = Scope(self.dialect)
        return condition(scope, scope.alias(), where)

    def _checked_insert(self, head: bytes, added: bytes) -> Pieces:
        """An insert of one row, and the count of it."""
        table = self.made.table
        check(table, Event.INSERT, [column.name for column in table.key_columns])
        pieces = self._row()
        before = added + b")" + CHECK_BEHIND + self._counting()
        for position, column in enumerate(table.key_columns):
            one = self.text(" AND " if position else "", column_ref("t0", column), "=")
            before, place = before + one, self._place(column)
            if place is None:
                before += self._made(column)
            elif column.auto_increment:
                pieces.append((before + b"IFNULL(", place))
                before = b",LAST_INSERT_ID())"
            else:
                pieces.append((before, place))
                before = b""
        assert self.made.check is not None
        return head, tuple(pieces), before + self._good(self.made.check)

    def _place(self, column: Column) -> int | None:
        return next((place for place, each in enumerate(self.made.columns) if each.name == column.name), None)

    def _made(self, column: Column) -> bytes:
        """The value of a key column that is not in the rows."""
        preset = next((each for each in self.made.presets if each.column.name == column.name), None)
        if preset is not None:
            return self.text(preset.value)
        if column.auto_increment:
            return b"LAST_INSERT_ID()"
        raise unknown_key(column)

    def _counting(self) -> bytes:
        return self.text("SELECT COUNT(*) FROM ", name(self.made.table.name), " AS ", name("t0"), " WHERE ")

    def _good(self, wanted: plan.Condition) -> bytes:
        scope = Scope(self.dialect)
        return self.text(" AND ", condition(scope, scope.alias(), wanted), " FOR UPDATE")
