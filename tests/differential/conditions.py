"""Conditions on rows in SQL's logic of three values: true, false, and `None` for unknown."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache
from typing import Any, Final

from tests.differential.database import Database
from tests.differential.schema import Column, Kind, Relation, Table
from tests.differential.tables import TABLES
from tests.differential.values import Ambiguous, Near, OneOf, Row, comparable, parsed, sort_value

Truth = bool | None


def every(items: Iterable[Truth]) -> Truth:
    """AND."""
    found = list(items)
    return False if False in found else None if None in found else True


def some(items: Iterable[Truth]) -> Truth:
    """OR."""
    found = list(items)
    return True if True in found else None if None in found else False


def opposite(item: Truth) -> Truth:
    """NOT."""
    return None if item is None else not item


def listed(value: Any) -> list[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]


class Conditions:
    """Conditions on the rows of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def holds(self, table: Table, row: Row, where: dict[str, Any] | None) -> bool:
        """Whether the row is among those where `where` holds."""
        return where is None or self._truth(table, row, where) is True

    def _truth(self, table: Table, row: Row, where: dict[str, Any]) -> Truth:
        return every([self._part(table, row, name, value) for name, value in where.items()])

    def _part(self, table: Table, row: Row, name: str, value: Any) -> Truth:
        match name:
            case "_and":
                return every([self._truth(table, row, item) for item in listed(value)])
            case "_or":
                return some([self._truth(table, row, item) for item in listed(value)])
            case "_not":
                return opposite(self._truth(table, row, value))
        if name in table.columns:
            return compared(row[name], table.columns[name], value)
        if name in table.relations:
            return any(self._far_rows(table, row, table.relations[name], value))
        relation = table.relations[name.removesuffix("_aggregate")]
        ((fold, parts),) = value.items()
        if fold == "count":
            return self._counted(table, row, relation, parts)
        return self._folded(table, row, relation, parts, all if fold == "bool_and" else any)

    def _far_rows(self, table: Table, row: Row, relation: Relation, where: dict[str, Any] | None) -> Iterable[Row]:
        far = TABLES[relation.to_table]
        return (item for item in self._database.related(relation, row, table) if self.holds(far, item, where))

    def _counted(self, table: Table, row: Row, relation: Relation, count: dict[str, Any]) -> Truth:
        far = TABLES[relation.to_table]
        rows = self._far_rows(table, row, relation, count.get("filter"))
        number = counted(far, rows, count.get("arguments"), bool(count.get("distinct")))
        return compared(number, COUNT, count["predicate"])

    def _folded(
        self, table: Table, row: Row, relation: Relation, parts: dict[str, Any], fold: Callable[[list[bool]], bool]
    ) -> Truth:
        """Whether all or any truths that are known are true; of none it is unknown."""
        column = TABLES[relation.to_table].columns[parts["arguments"]]
        far = self._far_rows(table, row, relation, parts.get("filter"))
        values = [each for item in far if (each := item[column.name]) is not None]
        return compared(fold(values) if values else None, column, parts["predicate"])


COUNT: Final = Column("count", "", Kind.INT)
FIGURE: Final = Column("figure", "", Kind.DECIMAL)


def counted(table: Table, rows: Iterable[Row], columns: list[str] | None, distinct: bool) -> int:
    """How many rows have none of `columns` NULL; `distinct`: how many different values of theirs."""
    if not columns:
        return sum(1 for _ in rows)
    values = [tuple(comparable(row[name], table.columns[name].kind) for name in columns) for row in rows]
    present = [item for item in values if None not in item]
    return len(set(present) if distinct else present)


# --- operators --------------------------------------------------------------


def compared(value: Any, column: Column, conditions: dict[str, Any]) -> Truth:
    """`{_eq: …, …}` for a value of `column`."""
    if isinstance(value, OneOf):
        verdicts = {compared(item, column, conditions) for item in value.values}
        if len(verdicts) > 1:
            raise Ambiguous
        return verdicts.pop()
    return every([_verdict(value, column, name, operand) for name, operand in conditions.items()])


def _verdict(value: Any, column: Column, name: str, operand: Any) -> Truth:
    if name == "_is_null":
        return (value is None) is operand
    if name in ("_in", "_nin", "_exact_in", "_exact_nin") and not operand:
        return name.endswith("_nin")
    if value is None:
        return None
    if name in EXACT_ORDERS:
        ends = operand if name == "_exact_between" else [operand]
        return OPERATORS[name.removeprefix("_exact")](_fine(value, column), [_fine(item, column) for item in ends])
    if name in TEXT_OPERATORS:
        return TEXT_OPERATORS[name](value, operand)
    several = name in ("_in", "_nin", "_between")
    operands = [parsed(item, column.kind) for item in (operand if several else [operand])]
    if isinstance(value, Near):
        value = _clear(value, operands)
    if name in BY_ORDER:
        return OPERATORS[name](sort_value(value, column), [sort_value(item, column) for item in operands])
    return OPERATORS[name](comparable(value, column.kind), [comparable(item, column.kind) for item in operands])


def _fine(text: str, column: Column) -> tuple[Any, bytes]:
    """What a text and a session variable are ordered by."""
    return sort_value(text, column), text.encode()


def _clear(value: Near, operands: list[Any]) -> Decimal:
    """The value of a computed double where it is not too close to call."""
    if value.noise and any(abs(float(item) - value.value) <= value.noise for item in operands):
        raise Ambiguous
    return Decimal(value.value)


def _with_first(compare: Callable[[Any, Any], bool]) -> Callable[[Any, list[Any]], bool]:
    return lambda left, right: compare(left, right[0])


def _between(left: Any, right: list[Any]) -> bool:
    return bool(right[0] <= left <= right[1])


OPERATORS: Final[dict[str, Callable[[Any, list[Any]], bool]]] = {
    "_eq": _with_first(operator.eq),
    "_neq": _with_first(operator.ne),
    "_gt": _with_first(operator.gt),
    "_gte": _with_first(operator.ge),
    "_lt": _with_first(operator.lt),
    "_lte": _with_first(operator.le),
    "_in": lambda left, right: left in right,
    "_nin": lambda left, right: left not in right,
    "_between": _between,
}


BY_ORDER: Final = ("_gt", "_gte", "_lt", "_lte", "_between")
"""What compares as ORDER BY does."""
EXACT_ORDERS: Final = frozenset(f"_exact{name}" for name in BY_ORDER)
"""What a rule says of a text and a session variable."""


@cache
def like(pattern: str) -> re.Pattern[str]:
    """LIKE's pattern as a regular expression; a backslash takes the meaning from what follows it."""
    found = re.findall(r"\\?.", pattern, re.DOTALL)
    return re.compile("".join({"%": ".*", "_": "."}.get(item) or re.escape(item[-1]) for item in found), re.DOTALL)


def _like(value: str, pattern: str) -> bool:
    return like(pattern).fullmatch(value) is not None


def _ilike(value: str, pattern: str) -> bool:
    return _like(value.lower(), pattern.lower())


def _regex(value: str, pattern: str) -> bool:
    return re.search(pattern, value) is not None


def _iregex(value: str, pattern: str) -> bool:
    return re.search(pattern, value, re.IGNORECASE) is not None


def _not(found: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    return lambda value, pattern: not found(value, pattern)


TEXT_OPERATORS: Final[dict[str, Callable[[str, Any], bool]]] = {
    # What a rule says of a text and a session variable.
    "_exact_eq": operator.eq,
    "_exact_neq": operator.ne,
    "_exact_in": lambda value, items: value in items,
    "_exact_nin": lambda value, items: value not in items,
    "_like": _like,
    "_nlike": _not(_like),
    "_ilike": _ilike,
    "_nilike": _not(_ilike),
    "_regex": _regex,
    "_nregex": _not(_regex),
    "_iregex": _iregex,
    "_niregex": _not(_iregex),
    "_starts_with": str.startswith,
    "_ends_with": str.endswith,
    "_contains": str.__contains__,
}
