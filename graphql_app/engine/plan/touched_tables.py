"""Which tables a plan reads, and which it writes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from graphql_app.engine.plan import nodes as plan
from schema_gen.catalog.model import Column, Key, Relation, Table


def tables_read(call: plan.CallPlan) -> frozenset[str]:
    """The tables whose rows the answer may depend on, by name. A view is itself: what is below it is not known."""
    found: set[str] = set()
    for part in _parts([root.plan for root in call.roots]):
        if isinstance(part, Table):
            found.add(part.name)
        elif isinstance(part, Relation):
            found.add(part.to_table)
    return frozenset(found)


def under_rules(rows: plan.RowsPlan) -> bool:
    """Whether rules of a role decide which rows these are, or what is in them."""
    return any(isinstance(part, plan.RuleCondition | plan.MaskedColumn) for part in _parts([rows]))


def _parts(waiting: list[object]) -> Iterator[object]:
    """What plans are made of; of tables, relations, columns and keys not what is in them."""
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, Table | Relation):
            continue
        if isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, plan.MaskedColumn):
            waiting.append(part.mask)
        elif is_dataclass(part) and not isinstance(part, Column | Key):
            waiting.extend(getattr(part, each.name) for each in fields(part))


def tables_written(call: plan.CallPlan) -> frozenset[str]:
    """The tables whose rows the call changes itself, by name, without what triggers and cascades do beyond."""
    return frozenset(table.name for root in call.roots for table in written_by(root.plan))


def written_by(part: object) -> Iterator[Table]:
    """The tables that a plan changes; some of them several times."""
    match part:
        case plan.InsertPlan():
            yield from _inserted(part.rows)
        case plan.UpdateManyPlan():
            yield part.table
            for update in part.updates:
                yield from written_by(update)
        case plan.UpdatePlan():
            yield part.table
            for related in part.related:
                yield from _related(related)
        case plan.DeletePlan():
            yield part.table


def _inserted(rows: plan.InsertRows) -> Iterator[Table]:
    yield rows.table
    for nested in (*rows.before, *rows.after):
        yield from _inserted(nested.rows)


def _related(part: plan.RelatedPlan) -> Iterator[Table]:
    yield part.table
    inserted = [] if part.insert is None else [part.insert]
    if isinstance(part, plan.OwnChangePlan):
        changes = [each for each in (part.update, part.delete) if each is not None]
    else:
        changes = [*part.changes]
        inserted += part.upsert
        if part.replace is not None:
            changes.append(part.replace.others)
            inserted += part.replace.rows
    for change in changes:
        yield from written_by(change)
    for rows in inserted:
        yield from _inserted(rows)
