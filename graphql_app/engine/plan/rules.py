"""What the rules of a role add to requests: conditions, limits and presets, resolved against the full catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from graphql_app.engine.plan.row_nodes import Condition, RuleCondition
from graphql_app.engine.sql.fragment import Value
from schema_gen.catalog.model import Column

NO_VARIABLES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition of one action on one table; None holds for every row. `variables` are the session's that it needs.

    The condition is kept as a `RuleCondition`, the same one wherever the rule is added.
    """

    condition: Condition | None = None
    variables: frozenset[str] = NO_VARIABLES

    def __post_init__(self) -> None:
        """Marks the condition as a rule's."""
        if self.condition is not None and not isinstance(self.condition, RuleCondition):
            object.__setattr__(self, "condition", RuleCondition(self.condition))


EVERY_ROW = RowRule()


@dataclass(frozen=True, slots=True)
class Preset:
    """A column that is set without being asked for."""

    column: Column
    value: Value
    variables: frozenset[str] = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class TableRules:
    """What is added to requests of one table.

    `select` to every place where its rows are read, with `limit` for lists; `update` and `delete` before a change,
    the checks after it. A check of None is none. `returning` are the rows written that are shown again.
    """

    select: RowRule = EVERY_ROW
    limit: int | None = None
    update: RowRule = EVERY_ROW
    delete: RowRule = EVERY_ROW
    insert_check: RowRule = EVERY_ROW
    update_check: RowRule = EVERY_ROW
    insert_presets: tuple[Preset, ...] = ()
    update_presets: tuple[Preset, ...] = ()
    returning: RowRule = EVERY_ROW


UNRESTRICTED = TableRules()
"""For a table without rules."""

Rules = Mapping[str, TableRules]
"""By the table's name in the database. A table without rules is not restricted by row."""

NO_RULES: Rules = MappingProxyType({})
