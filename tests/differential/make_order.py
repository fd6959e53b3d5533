"""Random orders of rows and of groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tests.differential.dice import Dice
from tests.differential.query import Input, Word
from tests.differential.schema import NUMBERS, RANKED, Column, Kind, Table
from tests.differential.tables import TABLES

DIRECTIONS: Final = ("asc", "desc", "asc_nulls_first", "asc_nulls_last", "desc_nulls_first", "desc_nulls_last")
STATISTICS: Final = ("avg", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp")
FUNCTIONS: Final = ("sum", "min", "max", *STATISTICS)

Content = dict[str, Input]


def direction(dice: Dice) -> Input:
    """A direction, seldom null."""
    return Input("order_by", None if dice.chance(3) else Word(dice.pick(DIRECTIONS)))


def function_columns(table: Table, function: str) -> list[Column]:
    """The columns that an aggregate function is for."""
    kinds = RANKED if function in ("min", "max") else NUMBERS
    return [column for column in table.columns.values() if column.kind in kinds]


def sortable(table: Table) -> list[Column]:
    """The columns whose order is the same everywhere: documents are none."""
    return [column for column in table.columns.values() if column.kind is not Kind.JSON]


def order(dice: Dice, table: Table, *, total: bool = True, figures: bool = True) -> Input:
    """An `order_by` argument; `total` ends it with the key, `figures` allows aggregates of relations."""
    type_ = f"{table.name}_order_by"
    items = [_item(dice, table, 2, figures) for _ in range(dice.weighed(((55, 1), (25, 2), (15, 0), (5, 3))))]
    if total:
        items += key_items(dice, table)
    if len(items) == 1 and dice.chance(60):
        return Input(f"[{type_}!]", items[0])  # an object for a list of one
    return Input(f"[{type_}!]", tuple(Input(type_, item, True) for item in items))


def key_items(dice: Dice, table: Table) -> list[Content]:
    """The key's columns as terms of an order, in one object or in several."""
    names = [name for name in table.key if name in table.columns] or [sortable(table)[0].name]
    terms = [(name, Input("order_by", Word(dice.pick(("asc", "desc"))))) for name in names]
    return [dict(terms)] if dice.chance(30) else [{name: way} for name, way in terms]


def _item(dice: Dice, table: Table, depth: int, figures: bool) -> Content:
    found: Content = {}
    for _ in range(dice.weighed(((85, 1), (15, 2)))):
        what = dice.weighed(((60, "column"), (25, "to one"), (15, "figure")))
        if what == "to one" and depth and table.to_one():
            relation = dice.pick(table.to_one())
            far = TABLES[relation.to_table]
            found[relation.name] = Input(f"{far.name}_order_by", _item(dice, far, depth - 1, figures))
        elif what == "figure" and figures and table.to_many():
            relation = dice.pick(table.to_many())
            far = TABLES[relation.to_table]
            content = _figure(dice, far)
            found[f"{relation.name}_aggregate"] = Input(f"{far.name}_aggregate_order_by", content)
        else:
            found[dice.pick(sortable(table)).name] = direction(dice)
    return found


def _figure(dice: Dice, table: Table) -> Content:
    """`{count: …}` or `{function: {column: …}}`."""
    functions = [name for name in FUNCTIONS if function_columns(table, name)]
    if not functions or dice.chance(35):
        return {"count": direction(dice)}
    function = dice.pick(functions)
    column = dice.pick(function_columns(table, function))
    return {function: Input(f"{table.name}_{function}_order_by", {column.name: direction(dice)})}


def group_order(dice: Dice, table: Table, by: Sequence[str]) -> Input:
    """The `order_by` of groups, ended by all columns grouped by."""
    type_ = f"{table.name}_group_order_by"
    items: list[Content] = []
    for _ in range(dice.number(0, 2)):
        items.append(_figure(dice, table) if dice.chance(60) else _key_order(table, [dice.pick(by)], dice))
    items += [_key_order(table, [name], dice) for name in by]
    return Input(f"[{type_}!]", tuple(Input(type_, item, True) for item in items))


def _key_order(table: Table, names: Iterable[str], dice: Dice) -> Content:
    ways = {name: Input("order_by", Word(dice.pick(DIRECTIONS))) for name in names}
    return {"key": Input(f"{table.name}_group_order_by_key", ways)}
