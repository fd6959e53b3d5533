"""A planned call -> everything that is to be sent for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphql_app.engine.compile.json_cell import json_text
from graphql_app.engine.compile.reads import compile_query, read_node
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.statements import ConnectionPart, ResultNode, Template, TotalPart
from graphql_app.engine.compile.writes import CompiledInsert, CompiledWrite, compile_write
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.cost.estimate import Estimate
from graphql_app.engine.plan.touched_tables import tables_read, tables_written, written_by
from graphql_app.errors import each_root


@dataclass(frozen=True, slots=True)
class CompiledGuard:
    """The statement that locks and reads a row, and what must hold of it."""

    node: ResultNode
    tags: tuple[str, ...]
    absent: bool


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A compiled call: reads as templates, or writes.

    `transactional` if every table written can roll back; `written` are the tables written, `read` those that the
    answer of reads depends on.
    `variables` are the session variables that rules need. `session` are those whose values follow the request's own, in
    the order of their slots.
    `estimate` is there where page sizes given at each call decide whether it costs too much.
    """

    reads: tuple[Template, ...] = ()
    writes: tuple[CompiledWrite | bytes, ...] | None = None
    transactional: bool = True
    written: frozenset[str] = frozenset()
    estimate: Estimate | None = None
    read: frozenset[str] = frozenset()
    variables: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    guard: CompiledGuard | None = None
    constant: bool = field(init=False)
    """Whether the answer needs nothing from the database."""
    guesses: bool = field(init=False)
    """Whether a number of rows is what the server's planner thinks, and not counted."""
    alone: CompiledInsert | None = field(init=False)
    """The only write, where it is an insert that may be sent together with its COMMIT."""

    def __post_init__(self) -> None:
        """Works out what every call asks."""
        fixed = self.writes is None and all(isinstance(part, bytes) for template in self.reads for part in template)
        object.__setattr__(self, "constant", fixed)
        object.__setattr__(self, "guesses", any(_guessed(part) for template in self.reads for part in template))
        only = self.writes[0] if self.writes is not None and len(self.writes) == 1 else None
        whole = isinstance(only, CompiledInsert) and only.whole
        object.__setattr__(self, "alone", only if whole and self.guard is None else None)


def _guessed(part: bytes | ResultNode | TotalPart | ConnectionPart) -> bool:
    counted = part.estimate if isinstance(part, ConnectionPart) else part
    return isinstance(counted, TotalPart) and counted.explain is not None


def compile_call(dialect: SqlDialect, call: plan.CallPlan) -> PreparedCall:
    """The statements of every root of a planned call."""
    if call.writes:
        writes = each_root(call.roots, lambda root: _write(dialect, root.plan))
        transactional = all(table.transactional for root in call.roots for table in written_by(root.plan))
        written, guard = tables_written(call), None if call.guard is None else _guard(dialect, call.guard)
        return PreparedCall(writes=writes, transactional=transactional, written=written, guard=guard)
    return PreparedCall(each_root(call.roots, lambda root: _read(dialect, root.plan)), read=tables_read(call))


def _guard(dialect: SqlDialect, guard: plan.RowGuardPlan) -> CompiledGuard:
    return CompiledGuard(read_node(dialect, guard.read, None, locking=True), guard.tags, guard.absent)


def _write(dialect: SqlDialect, write: plan.QueryPlan | plan.WritePlan | plan.TextOut) -> CompiledWrite | bytes:
    if isinstance(write, plan.TextOut):
        return json_text(write.text).encode()
    if isinstance(write, plan.QueryPlan):
        raise AssertionError("a read was planned among writes")
    return compile_write(dialect, write)


def _read(dialect: SqlDialect, read: plan.QueryPlan | plan.WritePlan | plan.TextOut) -> Template:
    if isinstance(read, plan.TextOut):
        return (json_text(read.text).encode(),)
    if isinstance(read, plan.WritePlan):
        raise AssertionError("a write was planned among reads")
    return compile_query(dialect, read)
