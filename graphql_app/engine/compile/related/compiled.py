"""Compiled changes: what is sent for an UPDATE or DELETE, and for the changes of related rows that go with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.statements import ResultNode
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import Statement, Value
from schema_gen.catalog.model import Table


@dataclass(frozen=True, slots=True)
class OwnChange:
    """Through a relation whose key the updated rows hold. `found` locks and finds the row that is connected.

    `parents` reads the relation's columns of the updated rows by their keys; None where these are the key itself.
    """

    plan: plan.OwnChangePlan
    parents: Statement | None
    found: Statement | None = None
    update: CompiledChange | None = None
    delete: CompiledChange | None = None


@dataclass(frozen=True, slots=True)
class FarChange:
    """Through a relation whose key other rows hold. `changes` take the parents' values as keys.

    `parents` as in `OwnChange`.
    """

    plan: plan.FarChangePlan
    parents: Statement | None
    changes: tuple[CompiledChange, ...] = ()


@dataclass(frozen=True, slots=True)
class CompiledRelated:
    """What happens to rows related to those of `table` that are updated: `own` around the update, `far` after it.

    What depends on what the database answers is compiled then: by `change`, and by `update` for the updated rows'
    own columns.
    """

    dialect: SqlDialect
    table: Table
    own: tuple[OwnChange, ...]
    far: tuple[FarChange, ...]
    change: Callable[[plan.UpdatePlan | plan.DeletePlan], CompiledChange]
    update: Callable[[tuple[plan.Assignment, ...]], Statement]


@dataclass(frozen=True, slots=True)
class CompiledChange:
    """An UPDATE or DELETE.

    With `lock`, the rows' keys are locked and read first, `change` then takes those keys;
    without, `change` finds its rows itself. More than `max_affected` rows are refused.
    `returning` nodes take the keys; they are read before the change where `before` is set.
    `change` is None where nothing is to be done. `kept` are the places of the key's columns
    that it leaves as they are, by which `returning` finds the rows; None: all.
    `related` is what happens to rows related to those.
    `good` counts the rows changed that satisfy the check of the role's permission; it takes the same keys.
    """

    change: Statement | None
    answer: tuple[plan.AnswerOut, ...]
    by_key: bool
    lock: Statement | None = None
    returning: tuple[ResultNode, ...] = ()
    before: bool = False
    max_affected: Value | None = None
    kept: tuple[int, ...] | None = None
    good: Statement | None = None
    related: CompiledRelated | None = None
