"""The rows that a role may see, found in Python: rules are evaluated on all rows, before any is taken away."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from tests.differential.conditions import Conditions, Truth, every
from tests.differential.database import Database
from tests.differential.make_rules import TEXTUAL, Role, filled
from tests.differential.schema import Column, Table
from tests.differential.tables import TABLES
from tests.differential.values import STORED_AS, Row, Rows, sort_value

_PAIRS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "_ceq": operator.eq,
    "_cne": operator.ne,
    "_cgt": operator.gt,
    "_cgte": operator.ge,
    "_clt": operator.lt,
    "_clte": operator.le,
}


class RuleConditions(Conditions):
    """Conditions with what only rules may say. `root` is the row that a rule is about."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._root: tuple[Table, Row] | None = None

    def shows(self, table: Table, row: Row, rule: dict[str, Any]) -> bool:
        """Whether a rule lets the row through."""
        self._root = table, row
        return self.holds(table, row, rule)

    def _part(self, table: Table, row: Row, name: str, value: Any) -> Truth:
        if name == "_exists":
            far = TABLES[value["_table"]]
            return any(self.holds(far, each, value["_where"]) for each in self._database.rows[far.name])
        if name not in table.columns:
            return super()._part(table, row, name, value)
        plain = {word: operand for word, operand in value.items() if word not in _PAIRS}
        pairs = [self._pair(table, row, name, word, value[word]) for word in value if word in _PAIRS]
        return every([super()._part(table, row, name, plain), *pairs])

    def _pair(self, table: Table, row: Row, name: str, word: str, other: Any) -> Truth:
        far, far_row, far_name = table, row, other
        if isinstance(other, list):
            assert self._root is not None
            (far, far_row), far_name = self._root, other[1]
        one, two = row[name], far_row[far_name]
        if one is None or two is None:
            return None
        return _PAIRS[word](_paired(one, table.columns[name]), _paired(two, far.columns[far_name]))


def _paired(value: Any, column: Column) -> Any:
    """What a rule compares: texts byte by byte."""
    return value if column.kind in TEXTUAL else sort_value(value, column)


def reduced(rows: Rows, role: Role, user: int) -> Rows:
    """The rows that a caller may see of the tables that the role may read; of the others none.

    Cells that it may not see are NULL; what is stored there, by which rows are related, stands beside.
    """
    conditions = RuleConditions(Database(rows))
    rules = {name: filled(rule.model, user) for name, rule in role.rules.items()}
    return {
        name: [
            _seen(conditions, TABLES[name], row, role, user)
            for row in found
            if name in rules and conditions.shows(TABLES[name], row, rules[name])
        ]
        for name, found in rows.items()
    }


def _seen(conditions: RuleConditions, table: Table, row: Row, role: Role, user: int) -> Row:
    parts = role.rules[table.name].parts
    showing = [part for part in parts if conditions.shows(table, row, filled(part.model, user))]
    hidden = [name for name in table.columns if parts and not any(part.names(name) for part in showing)]
    return row | dict.fromkeys(hidden) | {STORED_AS + name: row[name] for name in hidden}
