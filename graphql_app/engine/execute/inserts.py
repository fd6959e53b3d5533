"""Inserts rows level by level inside the executor's transaction, and knows for certain which rows they became.

A row's key is known where it is given, or generated: for one row by the server's
answer, for several of one statement from the first id and `auto_increment_increment`
on engines that number the rows of a statement in a row, else row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import compress, groupby
from operator import attrgetter

from graphql_app.engine.compile.checks import good_by_key
from graphql_app.engine.compile.inserts import (
    MAX_STATEMENT,
    NULL,
    change_of_met,
    chunks_of_values,
    defaults_query,
    insert_head,
    key_literals,
    lock_query,
    returning_tail,
    row_text,
    row_texts,
)
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.trigger_guard import returning_columns
from graphql_app.engine.execute.checks import check_counts
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Result, ServerError
from graphql_app.engine.mysql.server_errors import DUPLICATES, NO_PARENT, Phase, to_app_error
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import Literal, Value
from graphql_app.errors import CheckFailed, Code, RequestError
from schema_gen.catalog.model import Column, Relation, Table

BATCH = 1000
"""The most statements sent in one round trip where each row needs one of its own; `MAX_STATEMENT` bounds them too."""

CHECKED = 500
"""Rows whose check one statement proves."""

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
    """One insert of a call. `affected` counts rows of every level; `_written` are those that have to be checked."""

    session: Session
    dialect: SqlDialect
    slots: Sequence[object]
    affected: int = 0
    _written: list[tuple[Table, plan.Condition, list[NewRow]]] = field(default_factory=list)

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
                _copy(far, nested.relation.to_columns, rows[owner], nested.relation.columns, level.preset)
        if level.made:
            await self._make_keys(level.made, rows)
        if level.conflict is None:
            await self._plain(level, rows)
        else:
            await self._merge(level, level.conflict, rows)
        self.affected += sum(row.fate is not Fate.IGNORED for row in rows)
        self._note(level.table, level.check, rows, Fate.INSERTED)
        if level.conflict is not None:
            self._note(level.table, level.conflict.check, rows, Fate.UPDATED)
        for nested in level.after:
            children = [NewRow(self._rendered(nested.rows.columns, row)) for row in nested.rows.rows]
            for owner, child in zip(nested.owners, children, strict=True):
                if rows[owner].fate is Fate.IGNORED:
                    raise _under_ignored(nested)
                _copy(rows[owner], nested.relation.columns, child, nested.relation.to_columns, nested.rows.preset)
            await self._fill(nested.rows, children)

    async def insert_under(self, level: plan.InsertRows, relation: Relation, parents: list[NewRow]) -> list[NewRow]:
        """Inserts the rows of a level once for each of these rows, which they refer to. Raises as `insert`."""
        made: list[NewRow] = []
        for parent in parents:
            rows = [NewRow(self._rendered(level.columns, row)) for row in level.rows]
            for row in rows:
                _copy(parent, relation.columns, row, relation.to_columns, level.preset)
            await self._fill(level, rows)
            made += rows
        return made

    # --- checks of permissions ------------------------------------------------

    def _note(self, table: Table, check: plan.Condition | None, rows: list[NewRow], fate: Fate) -> None:
        if check is not None and (found := [row for row in rows if row.fate is fate]):
            self._written.append((table, check, found))

    async def check(self, argument: str | None) -> None:
        """Raises `CheckFailed` where a row of any level, as it is now, does not satisfy its check."""
        statements: list[bytes] = []
        expected: list[int] = []
        for table, check, rows in self._written:
            for start in range(0, len(rows), CHECKED):
                # Two new rows may have met the same one.
                keys = {_key_of(table, row): row.values for row in rows[start : start + CHECKED]}
                good = good_by_key(self.dialect, table, list(keys.values()), check)
                statements.append(good.render(self.slots))
                expected.append(len(keys))
        for result, rows_written in zip(await self._each(statements), expected, strict=True):
            check_counts((result,), rows_written, argument)

    async def _make_keys(self, made: tuple[Column, ...], rows: list[NewRow]) -> None:
        """Asks the database for the defaults of key columns, once for each row that misses one."""
        missing = [(row, [column for column in made if column.name not in row.values]) for row in rows]
        asked = [(row, tuple(columns)) for row, columns in missing if columns]
        results = await self._each([defaults_query(columns, row.values) for row, columns in asked])
        for (row, columns), result in zip(asked, results, strict=True):
            row.values.update(key_literals(columns, result.rows[0]))

    # --- plain rows ----------------------------------------------------------

    async def insert_blind(self, level: plan.InsertRows) -> bytes | None:
        """Inserts plain rows that nobody asks back, and gives the id generated for the first."""
        first: bytes | None = None
        head = insert_head(level)
        for text in chunks_of_values(row_texts(self.slots, level)):
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
            columns = tuple(compress(level.columns, given)) or tuple(
                sorted(level.columns, key=attrgetter("may_number"))[:1]
            )
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
        head = insert_head(level)
        tail = returning_tail(columns)
        for chunk in _chunks(level, rows):
            (result,) = await self.session.query(head + b",".join(text for _, text in chunk) + tail)
            for (row, _), cells in zip(chunk, result.rows, strict=True):
                row.values.update(key_literals(columns, cells))

    async def _in_bulk(self, level: plan.InsertRows, rows: list[NewRow], auto: Column | None) -> None:
        head = insert_head(level)
        for chunk in _chunks(level, rows):
            statement = head + b",".join(text for _, text in chunk)
            several = auto is not None and len(chunk) > 1
            result, *step = await self.session.query(statement, *((_INCREMENT,) if several else ()))
            if auto is not None:
                increment = int(step[0].rows[0]) if step else 1
                for place, (row, _) in enumerate(chunk):
                    self._identify(row, auto, result.insert_id + place * increment)

    async def _one_by_one(self, level: plan.InsertRows, rows: list[NewRow], auto: Column) -> None:
        head = insert_head(level)
        results = await self._each([head + row_text(level.columns, row.values) for row in rows])
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
                # MySQL looks for the row that another row refers to before it sees that the other one is not new;
                # and a row that would meet one before it by the conflict's key may be met by another key first.
                if error.code not in NO_PARENT and error.code not in DUPLICATES:
                    raise
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
        asked = [(row, lock_query(table, conflict.key, row.values)) for row in rows]
        answers = iter(await self._each([statement for _, statement in asked if statement is not None]))
        key = table.key_columns
        found: list[tuple[NewRow, dict[str, bytes] | None]] = []
        for row, statement in asked:
            cells = next(answers).rows if statement is not None else []
            if cells:
                found.append((row, key_literals(key, cells[0])))
            else:
                found.append((row, None))
        return found

    async def _update(
        self, level: plan.InsertRows, conflict: plan.ConflictPlan, met: list[tuple[NewRow, dict[str, bytes]]]
    ) -> None:
        for row, key in met:
            row.fate = Fate.IGNORED
            row.values.update(key)
        changes = [row for row, _ in met if conflict.update]
        results = await self._each(
            [change_of_met(self.dialect, level.table, conflict, row.values).render(self.slots) for row in changes]
        )
        for row, result in zip(changes, results, strict=True):
            row.fate = Fate.UPDATED if result.affected else Fate.IGNORED
        for row, key in met:
            # What else was given need not be what the row holds.
            known = {*key, *conflict.key.columns}
            if row.fate is Fate.UPDATED:
                known |= {column.name for column in conflict.update}
            row.values = {column: value for column, value in row.values.items() if column in known}

    async def _each(self, statements: list[bytes]) -> list[Result]:
        results: list[Result] = []
        for batch in _batches(statements):
            results += await self.session.query(*batch)
        return results


def _raise_unless_met(error: ServerError, conflict: plan.ConflictPlan) -> None:
    """Raises the error again, unless it says that there is a row with the conflict's key."""
    if error.code not in DUPLICATES or to_app_error(error, Phase.TRANSACTION).constraint != conflict.key.name:
        raise error


def _chunks(level: plan.InsertRows, rows: list[NewRow]) -> Iterable[list[tuple[NewRow, bytes]]]:
    chunk: list[tuple[NewRow, bytes]] = []
    size = 0
    for row in rows:
        text = row_text(level.columns, row.values)
        if chunk and size + len(text) > MAX_STATEMENT:
            yield chunk
            chunk, size = [], 0
        chunk.append((row, text))
        size += len(text) + 1
    yield chunk


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


def _key_of(table: Table, row: NewRow) -> tuple[bytes, ...]:
    return tuple(row.values[column.name] for column in table.key_columns)


def _copy(
    source: NewRow, columns: tuple[str, ...], target: NewRow, to_columns: tuple[str, ...], preset: frozenset[str]
) -> None:
    """Gives the foreign key of `target` the values of the row that it refers to; what is `preset` has to be the same.

    Raises `RequestError`, and `CheckFailed` where a preset says otherwise.
    """
    for column, to_column in zip(columns, to_columns, strict=True):
        if column not in source.values:
            raise RequestError(Code.NO_KEY, f"Give '{column}': a nested row refers to it", column=column)
        if to_column in preset and target.values[to_column] != source.values[column]:
            raise CheckFailed("objects")
        target.values[to_column] = source.values[column]


def _under_ignored(nested: plan.NestedPlan) -> RequestError:
    return RequestError(Code.INVALID_BODY, f"Rows cannot be nested by '{nested.relation.name}' under an ignored row")
