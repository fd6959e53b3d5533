"""Inserts rows level by level inside the executor's transaction, and knows for certain which rows they became.

A row's key is known where it is given, or generated: for one row by the server's
answer, for several of one statement from the first id and `auto_increment_increment`
on engines that number the rows of a statement in a row, else row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import compress, groupby
from typing import Any

from graphql_app.engine.compile.conditions import condition, reads_others
from graphql_app.engine.compile.scope import Scope, SqlDialect, column_ref
from graphql_app.engine.compile.trigger_guard import returning_columns
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Result, ServerError
from graphql_app.engine.mysql.server_errors import DUPLICATES, Phase, to_app_error
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import EMPTY, Literal, Sql, Value, finish, join, name, sql, template
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, Table
from schema_gen.types.column_types import type_of, unset

MAX_STATEMENT = 4 * 1024 * 1024
"""Bytes of one multi-row INSERT, under the smallest `max_allowed_packet` that servers come with (16 MiB)."""
BATCH = 1000
"""The most statements sent in one round trip where each row needs one of its own; `MAX_STATEMENT` bounds them too."""

NULL, DEFAULT = b"NULL", b"DEFAULT"
_NO_ID = (None, NULL)
_SAVE, _UNDO = b"SAVEPOINT rows_", b"ROLLBACK TO SAVEPOINT rows_"
_RACES = 3
"""How often a row is looked for that the database says is there."""
_INCREMENT = b"SELECT @@SESSION.auto_increment_increment"


class Fate(Enum):
    """What became of a new row."""

    INSERTED = auto()
    UPDATED = auto()
    IGNORED = auto()


@dataclass(slots=True)
class NewRow:
    """A row on its way: literals by column (absent: the column's default), and what became of it."""

    values: dict[str, bytes]
    fate: Fate = Fate.INSERTED


@dataclass(slots=True)
class Inserter:
    """One insert of a call. `affected` counts rows of every level."""

    session: Session
    dialect: SqlDialect
    slots: Sequence[object]
    affected: int = 0

    async def insert(self, level: plan.InsertRows) -> list[NewRow]:
        """Inserts the rows of a level and all that hangs on them. Raises `RequestError`, `ServerError`, …"""
        rows = [NewRow(self._rendered(level.columns, row)) for row in level.rows]
        await self._fill(level, rows)
        return rows

    def _rendered(self, columns: tuple[Column, ...], row: tuple[Value | None, ...]) -> dict[str, bytes]:
        return {
            column.name: cell.sql if isinstance(cell, Literal) else cell.literal(self.slots)
            for column, cell in zip(columns, row, strict=True)
            if cell is not None
        }

    async def _fill(self, level: plan.InsertRows, rows: list[NewRow]) -> None:
        for nested in level.before:
            found = await self.insert(nested.rows)
            for owner, far in zip(nested.owners, found, strict=True):
                _copy(far, nested.relation.to_columns, rows[owner], nested.relation.columns)
        if level.made:
            await self._make_keys(level.made, rows)
        if level.conflict is None:
            await self._plain(level, rows)
        else:
            await self._merge(level, level.conflict, rows)
        self.affected += sum(row.fate is not Fate.IGNORED for row in rows)
        for nested in level.after:
            children = [NewRow(self._rendered(nested.rows.columns, row)) for row in nested.rows.rows]
            for owner, child in zip(nested.owners, children, strict=True):
                if rows[owner].fate is Fate.IGNORED:
                    raise _under_ignored(nested)
                _copy(rows[owner], nested.relation.columns, child, nested.relation.to_columns)
            await self._fill(nested.rows, children)

    async def _make_keys(self, made: tuple[Column, ...], rows: list[NewRow]) -> None:
        """Asks the database for the defaults of key columns, once for each row that misses one."""
        missing = [(row, [column for column in made if column.name not in row.values]) for row in rows]
        asked = [(row, tuple(columns)) for row, columns in missing if columns]
        results = await self._each([_defaults(columns, row) for row, columns in asked])
        for (row, columns), result in zip(asked, results, strict=True):
            row.values.update(_literals(columns, result.rows[0]))

    # --- plain rows ----------------------------------------------------------

    async def insert_blind(self, level: plan.InsertRows) -> bytes | None:
        """Inserts plain rows that nobody asks back, and gives the id generated for the first."""
        first: bytes | None = None
        head = _head(level)
        for text in _blind_chunks(_texts(self.slots, level)):
            (result,) = await self.session.query(head + text)
            self.affected += result.affected
            if first is None and result.insert_id:
                first = b"%d" % result.insert_id
        return first

    async def _plain(self, level: plan.InsertRows, rows: list[NewRow]) -> None:
        if not any(column.may_number for column in level.columns):
            await self._alike(level, rows)
            return
        # What such a column holds where nothing is given only its absence tells.
        for given, found in groupby(rows, key=lambda row: [column.name in row.values for column in level.columns]):
            columns = tuple(compress(level.columns, given)) or tuple(sorted(level.columns, key=_unsure)[:1])
            await self._alike(replace(level, columns=columns), list(found))

    async def _alike(self, level: plan.InsertRows, rows: list[NewRow]) -> None:
        if not rows:
            return
        features, table = self.session.features, level.table
        told = returning_columns(features, table, lambda column: all(column in row.values for row in rows))
        if told:
            await self._told(level, rows, tuple(level.table.columns[name] for name in told))
            return
        auto = level.table.auto_increment
        generated = [row for row in rows if auto is not None and row.values.get(auto.name) in _NO_ID]
        if auto is None or not generated:
            await self._in_bulk(level, rows, None)
        elif len(rows) == 1 or (
            len(generated) == len(rows) and features.consecutive_ids and not table.numbers_in_groups
        ):
            await self._in_bulk(level, rows, auto)
        else:
            await self._one_by_one(level, rows, auto)

    async def _told(self, level: plan.InsertRows, rows: list[NewRow], columns: tuple[Column, ...]) -> None:
        """Inserts rows whose values only the database knows; it tells them in the order of the rows."""
        head = _head(level)
        shown = join(",", (template(type_of(column).key_sql, name(column.name)) for column in columns))
        tail = finish(sql(" RETURNING ", shown)).render()
        for chunk in _chunks(level, rows):
            (result,) = await self.session.query(head + b",".join(text for _, text in chunk) + tail)
            for (row, _), cells in zip(chunk, result.rows, strict=True):
                row.values.update(_literals(columns, cells))

    async def _in_bulk(self, level: plan.InsertRows, rows: list[NewRow], auto: Column | None) -> None:
        head = _head(level)
        for chunk in _chunks(level, rows):
            statement = head + b",".join(text for _, text in chunk)
            several = auto is not None and len(chunk) > 1
            result, *step = await self.session.query(statement, *((_INCREMENT,) if several else ()))
            if auto is not None:
                increment = int(step[0].rows[0]) if step else 1
                for place, (row, _) in enumerate(chunk):
                    self._identify(row, auto, result.insert_id + place * increment)

    async def _one_by_one(self, level: plan.InsertRows, rows: list[NewRow], auto: Column) -> None:
        head = _head(level)
        results = await self._each([head + _tuple(level, row) for row in rows])
        for row, result in zip(rows, results, strict=True):
            if row.values.get(auto.name) in _NO_ID:
                self._identify(row, auto, result.insert_id)

    def _identify(self, row: NewRow, auto: Column, number: int) -> None:
        row.values[auto.name] = b"%d" % number

    # --- rows that may be there already --------------------------------------

    async def _merge(self, level: plan.InsertRows, conflict: plan.ConflictPlan, rows: list[NewRow]) -> None:
        """The rows as if one came after the other: each may meet those before it.

        All together first, which fails where a row meets another of them, or one that somebody inserts meanwhile.
        """
        if len(rows) > 1:
            given = [dict(row.values) for row in rows]
            await self.session.query(_SAVE)
            try:
                await self._plain(level, await self._update_met(level, conflict, rows))
            except ServerError as error:
                _raise_unless_met(error, conflict)
            else:
                return
            await self.session.query(_UNDO)
            for row, values in zip(rows, given, strict=True):
                row.values, row.fate = values, Fate.INSERTED
        for row in rows:
            await self._merge_one(level, conflict, row)

    async def _merge_one(self, level: plan.InsertRows, conflict: plan.ConflictPlan, row: NewRow) -> None:
        for _ in range(_RACES):
            try:
                return await self._plain(level, await self._update_met(level, conflict, [row]))
            except ServerError as error:
                _raise_unless_met(error, conflict)
                refused = error
        raise refused

    async def _update_met(
        self, level: plan.InsertRows, conflict: plan.ConflictPlan, rows: list[NewRow]
    ) -> list[NewRow]:
        """Existing rows are locked by the key and updated; the new rows that meet none."""
        found = await self._existing(level.table, conflict, rows)
        await self._update(level, conflict, [(row, key) for row, key in found if key is not None])
        return [row for row, key in found if key is None]

    async def _existing(
        self, table: Table, conflict: plan.ConflictPlan, rows: list[NewRow]
    ) -> list[tuple[NewRow, dict[str, bytes] | None]]:
        """For each row the key values of the existing row it meets."""
        asked = [(row, self._lock(table, conflict, row)) for row in rows]
        answers = iter(await self._each([statement for _, statement in asked if statement is not None]))
        key = table.key_columns
        found: list[tuple[NewRow, dict[str, bytes] | None]] = []
        for row, statement in asked:
            cells = next(answers).rows if statement is not None else []
            if cells:
                found.append((row, _literals(key, cells[0])))
            else:
                found.append((row, None))
        return found

    def _lock(self, table: Table, conflict: plan.ConflictPlan, row: NewRow) -> bytes | None:
        """The statement that locks the row met by the key; None if none can be met."""
        wanted = [row.values.get(column) for column in conflict.key.columns]
        if any(value in (None, NULL) for value in wanted):
            return None
        shown = join(",", (template(type_of(column).key_sql, name(column.name)) for column in table.key_columns))
        where = _equal(conflict.key.columns, row.values)
        return finish(sql("SELECT ", shown, " FROM ", name(table.name), " WHERE ", where, " FOR UPDATE")).render()

    async def _update(
        self, level: plan.InsertRows, conflict: plan.ConflictPlan, met: list[tuple[NewRow, dict[str, bytes]]]
    ) -> None:
        for row, key in met:
            row.fate = Fate.IGNORED
            row.values.update(key)
        changes = [row for row, _ in met if conflict.update]
        results = await self._each([self._change(level.table, conflict, row) for row in changes])
        for row, result in zip(changes, results, strict=True):
            row.fate = Fate.UPDATED if result.affected else Fate.IGNORED
        for row, key in met:
            # What else was given need not be what the row holds.
            known = {*key, *conflict.key.columns}
            if row.fate is Fate.UPDATED:
                known |= {column.name for column in conflict.update}
            row.values = {column: value for column, value in row.values.items() if column in known}

    def _change(self, table: Table, conflict: plan.ConflictPlan, row: NewRow) -> bytes:
        scope = Scope(self.dialect)
        alias = scope.alias()
        sets = join(
            ",",
            (
                sql(column_ref(alias, column), "=", Literal(row.values.get(column.name, DEFAULT)))
                for column in conflict.update
            ),
        )
        target = sql("UPDATE ", name(table.name), " AS ", name(alias), " SET ", sets)
        more = EMPTY if conflict.where is None else sql(" AND ", _held(scope, table, conflict.where, row, alias))
        return finish(sql(target, " WHERE ", _is_row(table, row, alias), more)).render(self.slots)

    async def _each(self, statements: list[bytes]) -> list[Result]:
        results: list[Result] = []
        for batch in _batches(statements):
            results += await self.session.query(*batch)
        return results


def _unsure(column: Column) -> bool:
    return column.may_number


def _defaults(columns: tuple[Column, ...], row: NewRow) -> bytes:
    """The statement that gives the texts of columns' defaults, made of the row's other values where they take such."""
    shown = join(",", (template(type_of(column).key_sql, sql(column.default_sql or "NULL")) for column in columns))
    used = dict.fromkeys(each for column in columns for each in column.default_columns)
    if not used:
        return finish(sql("SELECT ", shown)).render()
    given = join(",", (sql(Literal(row.values[each]), " AS ", name(each)) for each in used))
    return finish(sql("SELECT ", shown, " FROM (SELECT ", given, ") AS given")).render()


def _is_row(table: Table, row: NewRow, alias: str) -> Sql:
    key = table.key_columns
    return join(" AND ", (sql(column_ref(alias, column), "=", Literal(row.values[column.name])) for column in key))


def _held(scope: Scope, table: Table, where: plan.Condition, row: NewRow, alias: str) -> Sql:
    """Whether `where` holds for the row called `alias`.

    MySQL refuses a change whose condition reads the same table (error 1093), unless what is read stands in a derived
    table that cannot be merged into the rest, as one with a LIMIT cannot.
    """
    if not reads_others(where):
        return condition(scope, alias, where)
    inner, derived = scope.alias(), scope.alias()
    source = sql(" AS held FROM ", name(table.name), " AS ", name(inner), " WHERE ", _is_row(table, row, inner))
    held = sql("SELECT ", condition(scope, inner, where), source, " LIMIT 1")
    return sql("(SELECT held FROM (", held, ") AS ", name(derived), ")")


def _literals(columns: tuple[Column, ...], cells: Any) -> dict[str, bytes]:
    """The literals of one row of key texts; the row of a single column is its text. A NULL says nothing."""
    texts = cells if len(columns) > 1 else (cells,)
    return {
        column.name: NULL if text is None else type_of(column).key_literal(text)
        for column, text in zip(columns, texts, strict=True)
    }


def _raise_unless_met(error: ServerError, conflict: plan.ConflictPlan) -> None:
    """Raises the error again, unless it says that there is a row with the conflict's key."""
    if error.code not in DUPLICATES or to_app_error(error, Phase.TRANSACTION).constraint != conflict.key.name:
        raise error


def _equal(columns: Iterable[str], values: dict[str, bytes]) -> Sql:
    return join(" AND ", (sql(name(column), "=", Literal(values[column])) for column in columns))


def _head(level: plan.InsertRows) -> bytes:
    columns = join(",", (name(column.name) for column in level.columns))
    return finish(sql("INSERT INTO ", name(level.table.name), " (", columns, ") VALUES ")).render()


def _tuple(level: plan.InsertRows, row: NewRow) -> bytes:
    return b"(" + b",".join([row.values.get(column.name) or unset(column) for column in level.columns]) + b")"


def _chunks(level: plan.InsertRows, rows: list[NewRow]) -> Iterable[list[tuple[NewRow, bytes]]]:
    chunk: list[tuple[NewRow, bytes]] = []
    size = 0
    for row in rows:
        text = _tuple(level, row)
        if chunk and size + len(text) > MAX_STATEMENT:
            yield chunk
            chunk, size = [], 0
        chunk.append((row, text))
        size += len(text) + 1
    yield chunk


def _texts(slots: Sequence[object], level: plan.InsertRows) -> list[bytes]:
    """The rows between the commas of VALUES."""
    if level.literals:
        row = b"(" + b",".join([b"%b"] * len(level.literals)) + b")"
        return [row % cells for cells in zip(*level.literals, strict=True)]
    absent = [unset(column) for column in level.columns]
    return [
        b"("
        + b",".join(
            [
                none if cell is None else cell.sql if isinstance(cell, Literal) else cell.literal(slots)
                for cell, none in zip(row, absent, strict=True)
            ]
        )
        + b")"
        for row in level.rows
    ]


def _blind_chunks(rows: list[bytes]) -> Iterator[bytes]:
    if sum(map(len, rows)) + len(rows) <= MAX_STATEMENT:
        if rows:
            yield b",".join(rows)
        return
    chunk: list[bytes] = []
    size = 0
    for text in rows:
        if chunk and size + len(text) > MAX_STATEMENT:
            yield b",".join(chunk)
            chunk, size = [], 0
        chunk.append(text)
        size += len(text) + 1
    if chunk:
        yield b",".join(chunk)


def _batches(statements: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Statements as they go together: so many and so long that a round trip is worth it and the packet allowed."""
    batch: list[bytes] = []
    size = 0
    for statement in statements:
        if batch and (len(batch) == BATCH or size + len(statement) > MAX_STATEMENT):
            yield batch
            batch, size = [], 0
        batch.append(statement)
        size += len(statement) + 1
    if batch:
        yield batch


def _copy(source: NewRow, columns: tuple[str, ...], target: NewRow, to_columns: tuple[str, ...]) -> None:
    """Gives the foreign key of `target` the values of the row that it refers to."""
    for column, to_column in zip(columns, to_columns, strict=True):
        if column not in source.values:
            raise RequestError(Code.NO_KEY, f"Give '{column}': a nested row refers to it", column=column)
        target.values[to_column] = source.values[column]


def _under_ignored(nested: plan.NestedPlan) -> RequestError:
    return RequestError(Code.INVALID_BODY, f"Rows cannot be nested by '{nested.relation.name}' under an ignored row")
