"""Which tables a plan reads, and which it writes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from graphql_app.engine.plan import nodes as plan
from schema_gen.catalog.model import Column, Key, Relation, Table


def tables_read(call: plan.CallPlan) -> frozenset[str]:
    """The tables whose rows the answer may depend on, by name. A view is itself: what is below it is not known."""
    found: set[str] = set()
    waiting: list[object] = [root.plan for root in call.roots]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Table):
            found.add(part.name)
        elif isinstance(part, Relation):
            found.add(part.to_table)
        elif isinstance(part, tuple):
            waiting.extend(part)
        elif is_dataclass(part) and not isinstance(part, Column | Key):
            waiting.extend(getattr(part, each.name) for each in fields(part))
    return frozenset(found)


def tables_written(call: plan.CallPlan) -> frozenset[str]:
    """The tables whose rows the call changes itself, by name, without what triggers and cascades do beyond."""
    return frozenset(name for root in call.roots for name in _written(root.plan))


def _written(part: object) -> Iterator[str]:
    if isinstance(part, plan.InsertPlan):
        yield from _inserted(part.rows)
    elif isinstance(part, plan.UpdatePlan | plan.UpdateManyPlan | plan.DeletePlan):
        yield part.table.name


def _inserted(rows: plan.InsertRows) -> Iterator[str]:
    yield rows.table.name
    for nested in (*rows.before, *rows.after):
        yield from _inserted(nested.rows)
