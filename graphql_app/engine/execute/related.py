"""Runs an update together with its changes of related rows, over one session, inside the executor's transaction.

The rows are locked first. What they refer to is changed before they are, what refers to them afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from graphql_app.engine.assemble.json import NodeRows
from graphql_app.engine.compile.inserts import NULL, key_literals
from graphql_app.engine.compile.related.changes import connecting, other_rows
from graphql_app.engine.compile.related.compiled import (
    CompiledChange,
    CompiledRelated,
    FarChange,
    OwnChange,
)
from graphql_app.engine.execute.checks import check_counts
from graphql_app.engine.execute.inserts import Fate, Inserter, NewRow
from graphql_app.engine.execute.reads import fetch
from graphql_app.engine.execute.session import Session
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import KEY_SEPARATOR, Literal, Statement, Value
from graphql_app.errors import Code, DatabaseError
from schema_gen.catalog.model import Column

Perform = Callable[[CompiledChange, Sequence[bytes]], Awaitable[int]]
"""Does a change of the rows that these keys lead to; how many it touched."""
Checked = Callable[[int], None]
"""Refuses so many touched rows where the client allows fewer."""


@dataclass(slots=True)
class RelatedChanger:
    """One update and what goes with it. `affected` counts the rows of every table."""

    session: Session
    related: CompiledRelated
    slots: Sequence[object]
    perform: Perform
    affected: int = 0
    inserter: Inserter = field(init=False)

    def __post_init__(self) -> None:
        """New rows of all relations are inserted, and checked, by one inserter."""
        self.inserter = Inserter(self.session, self.related.dialect, self.slots)

    async def run(self, write: CompiledChange, keys: Sequence[bytes], most: Checked) -> None:
        """Changes the rows with these `keys` and those related to them. Raises `AppError`, `ServerError`, …"""
        before = [(each, await self._refer(each, keys)) for each in self.related.own]
        given = tuple(each for _, (assigned, _) in before for each in assigned)
        statement = self.related.update(given) if given else write.change
        if statement is not None:
            (result,) = await self.session.query(statement.render(self.slots, keys))
            self.affected += result.affected
        for each, (_, old) in before:
            if each.delete is not None and old:
                self.affected += await self.perform(each.delete, old)
        for far in self.related.far:
            await self._far(far, keys)
        await self.inserter.check(None)
        self.affected += self.inserter.affected
        most(self.affected)
        if write.good is not None:
            check_counts(await self.session.query(write.good.render(self.slots, keys)), len(keys), None)

    async def returned(self, write: CompiledChange, keys: Sequence[bytes]) -> list[NodeRows]:
        """The updated rows as they are now, for each returning field."""
        batches = [NodeRows(node) for node in write.returning]
        await fetch(self.session, batches, self.slots, keys=keys, last=False)
        return batches

    # --- what the rows refer to ---------------------------------------------------

    async def _refer(self, own: OwnChange, keys: Sequence[bytes]) -> tuple[list[plan.Assignment], Sequence[bytes]]:
        """What the rows' own columns become beyond what is known, and the keys of what they referred to."""
        relation = own.plan.relation
        old: Sequence[bytes] = ()
        if own.update is not None or own.delete is not None:
            old = [key for key, _ in await self._parents(own.parents, relation.columns, keys)]
        if own.update is not None and old:
            self.affected += await self.perform(own.update, old)
        if own.found is not None:
            (found,) = await self.session.query(own.found.render(self.slots))
            if not found.rows:
                raise _missing(relation.name)
        if own.plan.insert is None:
            return [], old
        row, *_ = await self.inserter.insert(own.plan.insert)
        columns = (self.related.table.columns[name] for name in relation.columns)
        pairs = zip(columns, relation.to_columns, strict=True)
        return [plan.Assignment(column, Literal(row.values[to_column])) for column, to_column in pairs], old

    async def _parents(
        self, parents: Statement | None, columns: Sequence[str], keys: Sequence[bytes]
    ) -> list[tuple[bytes, NewRow]]:
        """The relation's columns of the updated rows, as keys and as literals; without those that are NULL."""
        if parents is None:
            rows = [tuple(key.split(KEY_SEPARATOR)) for key in keys]
        else:
            (result,) = await self.session.query(parents.render(self.slots, keys))
            rows = [tuple(cells) if len(columns) > 1 else (cells,) for cells in result.rows]
        known = [self.related.table.columns[name] for name in columns]
        return [_parent(known, row) for row in rows if None not in row]

    # --- what refers to the rows --------------------------------------------------

    async def _far(self, far: FarChange, keys: Sequence[bytes]) -> None:
        planned, relation = far.plan, far.plan.relation
        found = await self._parents(far.parents, relation.columns, keys)
        if not found:
            return
        texts, parents = [key for key, _ in found], [row for _, row in found]
        if len(parents) > 1 and (planned.connect is not None or planned.replace is not None or planned.upsert):
            message = f"'{relation.name}': connect, set and upsert are for one row, and {len(parents)} are updated"
            raise DatabaseError(Code.CONFLICT, message)
        for change in far.changes:
            self.affected += await self.perform(change, texts)
        if planned.replace is not None:
            await self._replace(planned, planned.replace, texts, parents)
        await self._keep(planned, planned.upsert, parents)
        if planned.insert is not None:
            await self.inserter.insert_under(planned.insert, relation, parents)
        if planned.connect is not None:
            await self._connect(planned, planned.connect, parents[0])

    async def _connect(self, far: plan.FarChangePlan, connect: plan.ConnectPlan, parent: NewRow) -> None:
        names = [column.name for column in far.table.key_columns]
        rows = dict.fromkeys(tuple(self._literal(value) for value in key) for key in connect.keys)
        keys = [dict(zip(names, row, strict=True)) for row in rows]
        relation = far.relation
        pairs = zip(relation.columns, relation.to_columns, strict=True)
        to = tuple(plan.Assignment(far.table.columns[there], Literal(parent.values[here])) for here, there in pairs)
        done = await self.perform(self.related.change(connecting(far, connect, keys, to)), ())
        if done != len(keys):
            raise _missing(relation.name)
        self.affected += done

    async def _replace(
        self, far: plan.FarChangePlan, replaced: plan.ReplacePlan, texts: Sequence[bytes], parents: list[NewRow]
    ) -> None:
        kept = [key for rows in replaced.rows for key in self._keys(far, rows, parents[0])]
        others = other_rows(far, replaced.others, kept)
        self.affected += await self.perform(self.related.change(others), texts)
        await self._keep(far, replaced.rows, parents)

    def _keys(self, far: plan.FarChangePlan, rows: plan.InsertRows, parent: NewRow) -> list[dict[str, bytes]]:
        """The primary keys of the rows that give them."""
        relation = far.relation
        from_parent = {
            there: parent.values[here] for here, there in zip(relation.columns, relation.to_columns, strict=True)
        }
        found = []
        for row in rows.rows:
            cells = {
                column.name: self._literal(cell)
                for column, cell in zip(rows.columns, row, strict=True)
                if cell is not None
            }
            key = (column.name for column in far.table.key_columns)
            values = {name: cells.get(name) or from_parent.get(name) for name in key}
            known = {name: value for name, value in values.items() if value is not None and value != NULL}
            if len(known) == len(values):
                found.append(known)
        return found

    async def _keep(self, far: plan.FarChangePlan, levels: Sequence[plan.InsertRows], parents: list[NewRow]) -> None:
        """Rows that are there afterwards, updated or new."""
        for level in levels:
            rows = await self.inserter.insert_under(level, far.relation, parents)
            expected = level.conflict is not None and bool(level.conflict.update)
            if expected and any(row.fate is Fate.IGNORED for row in rows):
                raise _missing(far.relation.name)

    def _literal(self, value: Value) -> bytes:
        return value.sql if isinstance(value, Literal) else value.literal(self.slots)


def _parent(columns: list[Column], cells: tuple[bytes, ...]) -> tuple[bytes, NewRow]:
    return KEY_SEPARATOR.join(cells), NewRow(key_literals(columns, cells if len(cells) > 1 else cells[0]))


def _missing(relation: str) -> DatabaseError:
    return DatabaseError(Code.NOT_FOUND, f"A row that is to be related by '{relation}' is not there")
