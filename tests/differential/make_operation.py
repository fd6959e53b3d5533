"""Random queries: one or several root fields of any kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.differential.dice import Dice
from tests.differential.make_order import FUNCTIONS, STATISTICS, function_columns, group_order, order
from tests.differential.make_selection import Keys, aggregate, arguments, connection, group, mixed, row, shaped
from tests.differential.make_values import comparison, count_comparison, handed_over, value_input
from tests.differential.make_where import condition
from tests.differential.query import Arguments, Field, Input, Operation, Word
from tests.differential.schema import SCALARS, Kind, Table
from tests.differential.tables import readable


def operation(dice: Dice) -> Operation:
    """A query: mostly of one root field."""
    keys = Keys(dice)
    fields = [_root(dice, keys) for _ in range(dice.weighed(((80, 1), (15, 2), (5, 3))))]
    if dice.chance(5):
        fields.append(Field("__typename", keys.alias("__typename")))
    name = dice.fresh("Q") if dice.chance(30) else None
    return Operation("query", name, shaped(dice, "query_root", fields))


def _root(dice: Dice, keys: Keys) -> Field:
    make = dice.weighed(_ROOTS)
    field = make(dice, dice.pick(readable()))
    return Field(field.name, keys.alias(field.name), field.arguments, field.inner)


def _list(dice: Dice, table: Table) -> Field:
    return Field(table.name, None, arguments(dice, table), row(dice, table))


def _by_pk(dice: Dice, table: Table) -> Field:
    if not table.keyed:
        return _list(dice, table)
    columns = (table.columns[name] for name in dice.some(table.key, len(table.key), len(table.key)))
    given = {column.name: handed_over(dice, value_input(dice, table, column, required=True)) for column in columns}
    return Field(f"{table.name}_by_pk", None, given, row(dice, table))


def _aggregate(dice: Dice, table: Table) -> Field:
    if not table.aggregated:
        return _list(dice, table)
    return Field(f"{table.name}_aggregate", None, arguments(dice, table), aggregate(dice, table))


def _connection(dice: Dice, table: Table) -> Field:
    if not table.keyed:
        return _aggregate(dice, table)
    found: Arguments = {}
    if dice.chance(50):
        found["where"] = condition(dice, table)
    if dice.chance(60):
        found["order_by"] = order(dice, table, total=dice.chance(30), figures=False)
    if dice.chance(75):
        found[dice.pick(("first", "last"))] = Input("Int", dice.pick((2, 5, 1, 0, 100)))
    given = {name: handed_over(dice, item) for name, item in found.items()}
    return Field(f"{table.name}_connection", None, given, connection(dice, table))


def _group(dice: Dice, table: Table) -> Field:
    if not table.aggregated:
        return _list(dice, table)
    names = [column.name for column in table.columns.values() if column.kind is not Kind.JSON]
    by = dice.some(names, 1, 2)
    type_ = f"{table.name}_select_column"
    found: Arguments = {"by": Input(f"[{type_}!]", tuple(Input(type_, Word(name), True) for name in by), True)}
    if dice.chance(40):
        found["where"] = condition(dice, table)
    if dice.chance(40):
        found["having"] = _having(dice, table)
    limited = dice.chance(30)
    if limited:
        found["limit"] = Input("Int", dice.number(0, 5))
    if limited and dice.chance(50):
        found["offset"] = Input("Int", dice.number(0, 3))
    if limited or dice.chance(40):
        found["order_by"] = group_order(dice, table, by)
    given = {name: handed_over(dice, item) if dice.chance(50) else item for name, item in found.items()}
    return Field(f"{table.name}_group", None, mixed(dice, table, given), group(dice, table, by))


def _having(dice: Dice, table: Table) -> Input:
    type_ = f"{table.name}_group_having"
    functions = [name for name in FUNCTIONS if function_columns(table, name)]
    if not functions or dice.chance(50):
        predicate = count_comparison(dice)
        return Input(type_, {"count": Input(predicate.type, predicate.content)})
    function = dice.pick(functions)
    column = dice.pick(function_columns(table, function))
    if function in ("min", "max"):
        compared = comparison(dice, table, column)
    else:
        kind = Kind.DOUBLE if function in STATISTICS else Kind.DECIMAL
        scalar = SCALARS[kind]
        operator = dice.pick(("_gt", "_lt", "_gte", "_lte", "_neq", "_is_null"))
        content = Input("Boolean", dice.chance(50)) if operator == "_is_null" else Input(scalar, dice.number(-5, 60))
        compared = Input(f"{scalar}_comparison_exp", {operator: content})
    return Input(type_, {function: Input(f"{type_}_{function}", {column.name: compared})})


_ROOTS: Final[tuple[tuple[int, Callable[[Dice, Table], Field]], ...]] = (
    (50, _list),
    (10, _by_pk),
    (15, _aggregate),
    (12, _connection),
    (13, _group),
)
