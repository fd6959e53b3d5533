"""Random conditions on rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.differential.dice import Dice
from tests.differential.make_values import comparison, count_comparison, truth_comparison
from tests.differential.query import Input, Way, Word
from tests.differential.schema import Kind, Table
from tests.differential.tables import TABLES

Content = dict[str, Input]
Maker = Callable[[Dice, Table, int, Content], None]


def condition(dice: Dice, table: Table, depth: int = 2) -> Input:
    """A `bool_exp` of `table`; `depth` bounds the nesting."""
    found: Content = {}
    for _ in range(dice.weighed(_SIZES)):
        maker = dice.weighed(_MAKERS if depth else _MAKERS[:1])
        maker(dice, table, depth, found)
    return Input(f"{table.name}_bool_exp", found)


_SIZES: Final = ((75, 1), (20, 2), (3, 0), (2, 3))


def _column(dice: Dice, table: Table, _depth: int, found: Content) -> None:
    column = dice.pick(list(table.columns.values()))
    found[column.name] = comparison(dice, table, column)


def _connective(dice: Dice, table: Table, depth: int, found: Content) -> None:
    name = dice.pick(("_and", "_or"))
    own = f"{table.name}_bool_exp"
    if dice.chance(15):
        found[name] = Input(f"[{own}!]", condition(dice, table, depth - 1).content)  # an object for a list of one
        return
    items = (condition(dice, table, depth - 1) for _ in range(dice.weighed(((60, 2), (20, 1), (15, 3), (5, 0)))))
    found[name] = Input(f"[{own}!]", tuple(Input(item.type, item.content, True) for item in items))


def _opposite(dice: Dice, table: Table, depth: int, found: Content) -> None:
    found["_not"] = condition(dice, table, depth - 1)


def _related(dice: Dice, table: Table, depth: int, found: Content) -> None:
    if table.relations:
        relation = dice.pick(list(table.relations.values()))
        found[relation.name] = condition(dice, TABLES[relation.to_table], depth - 1)


def _counted(dice: Dice, table: Table, depth: int, found: Content) -> None:
    if not table.to_many():
        return
    relation = dice.pick(table.to_many())
    far = TABLES[relation.to_table]
    if not far.aggregated:
        return
    parts: Content = {"predicate": count_comparison(dice)}
    if dice.chance(50):
        parts["arguments"] = columns_input(dice, far)
    if dice.chance(40):
        parts["distinct"] = Input("Boolean", dice.chance(80))
    if dice.chance(40):
        parts["filter"] = condition(dice, far, depth - 1)
    if dice.chance(3):
        parts.setdefault("distinct", Input("Boolean", None, way=Way.ABSENT))
    fold = "count"
    truths = [column.name for column in far.columns.values() if column.kind is Kind.BOOLEAN]
    if truths and dice.chance(50):
        fold = dice.pick(("bool_and", "bool_or"))
        names = f"{far.name}_select_column_{far.name}_aggregate_bool_exp_{fold}_arguments_columns"
        parts["arguments"] = Input(names, Word(dice.pick(truths)), True)
        parts["predicate"] = truth_comparison(dice)
    content = {fold: Input(f"{far.name}_aggregate_bool_exp_{fold}", parts)}
    found[f"{relation.name}_aggregate"] = Input(f"{far.name}_aggregate_bool_exp", content)


def columns_input(dice: Dice, table: Table) -> Input:
    """A list of columns' names."""
    type_ = f"{table.name}_select_column"
    names = dice.some([*table.columns], 1, 2)
    return Input(f"[{type_}!]", tuple(Input(type_, Word(name), True) for name in names))


_MAKERS: Final[tuple[tuple[int, Maker], ...]] = (
    (50, _column),
    (18, _related),
    (12, _counted),
    (12, _connective),
    (8, _opposite),
)
