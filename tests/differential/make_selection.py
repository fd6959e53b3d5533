"""Random selections of what is shown of rows, aggregates, groups and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.differential.dice import Dice
from tests.differential.make_order import FUNCTIONS, function_columns, order
from tests.differential.make_values import flag, handed_over
from tests.differential.make_where import columns_input, condition
from tests.differential.query import Arguments, Condition, Field, Fragment, Input, Piece, Spread, Way
from tests.differential.schema import Relation, Table
from tests.differential.tables import TABLES

DEPTH: Final = 4
"""Levels of relations."""


class Keys:
    """The names taken in one selection set of the answer."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._taken: set[str] = set()

    def alias(self, name: str) -> str | None:
        """An alias where one is needed, or wanted."""
        if name in self._taken or self._dice.chance(12):
            return self._dice.fresh("a")
        self._taken.add(name)
        return None


# --- selection sets ---------------------------------------------------------


def shaped(dice: Dice, type_: str, fields: list[Field]) -> tuple[Piece, ...]:
    """The fields of a selection set of `type_`, some in fragments, some under conditions, some twice."""
    pieces: list[Piece] = [_conditional(dice, field) for field in fields]
    if dice.chance(10):
        pieces.append(_again(dice, dice.pick(fields)))
    if dice.chance(15):
        start = dice.number(0, len(pieces) - 1)
        stop = dice.number(start, len(pieces) - 1) + 1
        pieces[start:stop] = [_fragment(dice, type_, tuple(pieces[start:stop]))]
    return tuple(pieces)


def _conditional(dice: Dice, field: Field) -> Field:
    if not dice.chance(4):
        return field
    return Field(field.name, field.alias, field.arguments, field.inner, _conditions(dice))


def _conditions(dice: Dice) -> tuple[Condition, ...]:
    value = handed_over(dice, Input("Boolean", flag(dice).content, True))
    return (Condition(dice.pick(("include", "skip")), value),)


def _again(dice: Dice, field: Field) -> Field:
    """The same field once more, with a part of what is selected in it."""
    inner = field.inner and tuple(dice.some(field.inner, 1, 2))
    return Field(field.name, field.alias, field.arguments, inner)


def _fragment(dice: Dice, type_: str, inner: tuple[Piece, ...]) -> Spread:
    conditions = _conditions(dice) if dice.chance(15) else ()
    if dice.chance(40):
        return Spread(Fragment(dice.fresh("F"), type_, inner), conditions)
    return Spread(Fragment("", type_ if dice.chance(70) else "", inner), conditions)


def _typename(dice: Dice, keys: Keys) -> list[Field]:
    return [Field("__typename", keys.alias("__typename"))] if dice.chance(10) else []


# --- rows -------------------------------------------------------------------


def row(dice: Dice, table: Table, depth: int = DEPTH) -> tuple[Piece, ...]:
    """What is shown of a row; `depth` levels of relations at most."""
    keys = Keys(dice)
    columns = dice.some([*table.columns], 1, 3)
    fields = [Field(name, keys.alias(name)) for name in columns] + _typename(dice, keys)
    for _ in range(dice.weighed(_RELATIONS[depth]) if table.relations else 0):
        relation = dice.pick(list(table.relations.values()))
        fields.insert(dice.number(0, len(fields)), _relation(dice, keys, relation, depth))
    return shaped(dice, table.name, fields)


_RELATIONS: Final = (
    ((1, 0),),
    ((65, 0), (35, 1)),
    ((50, 0), (50, 1)),
    ((40, 0), (50, 1), (10, 2)),
    ((25, 0), (50, 1), (25, 2)),
)
"""How many relations are shown, by the levels that are left."""


def _relation(dice: Dice, keys: Keys, relation: Relation, depth: int) -> Field:
    far = TABLES[relation.to_table]
    if relation.to_one:
        # A to-one relation takes no arguments, but is often asked for under two names.
        return Field(relation.name, keys.alias(relation.name), None, row(dice, far, depth - 1))
    if dice.chance(25) and far.aggregated:
        name = f"{relation.name}_aggregate"
        return Field(name, keys.alias(name), arguments(dice, far), aggregate(dice, far, depth - 1))
    return Field(relation.name, keys.alias(relation.name), arguments(dice, far), row(dice, far, depth - 1))


# --- arguments of lists -----------------------------------------------------


def arguments(dice: Dice, table: Table) -> Arguments:
    """The arguments of a list; what picks among rows comes with a total order."""
    found: Arguments = {}
    if dice.chance(45):
        found["where"] = condition(dice, table)
    limited = dice.chance(35)
    if limited:
        _page(dice, table, found)
    if limited or dice.chance(35):
        found["order_by"] = order(dice, table, total=limited or dice.chance(70))
    return mixed(dice, table, {name: _passed(dice, given) for name, given in found.items()})


def _passed(dice: Dice, given: Input) -> Input:
    return handed_over(dice, given) if dice.chance(45) else given


def _page(dice: Dice, table: Table, found: Arguments) -> None:
    what = dice.weighed(((45, "limit"), (15, "offset"), (20, "limit offset"), (20, "distinct")))
    if "limit" in what or (what == "distinct" and dice.chance(30)):
        found["limit"] = Input("Int", dice.weighed(((20, 1), (40, 3), (5, 0), (35, 7))))
    if "offset" in what or (what == "distinct" and dice.chance(20)):
        found["offset"] = Input("Int", dice.weighed(((50, 1), (10, 0), (35, 3), (5, 100))))
    if what == "distinct":
        found["distinct_on"] = columns_input(dice, table)


def mixed(dice: Dice, table: Table, found: Arguments) -> Arguments:
    """The arguments in any order, with some that say nothing: null, or a variable that is not sent."""
    for name, type_ in (("limit", "Int"), ("where", f"{table.name}_bool_exp"), ("offset", "Int")):
        if name not in found and dice.chance(4):
            found[name] = Input(type_, None, way=dice.pick((Way.LITERAL, Way.VARIABLE, Way.ABSENT)))
    names = dice.some([*found], len(found), len(found))
    return {name: found[name] for name in names}


# --- figures ----------------------------------------------------------------


def aggregate(dice: Dice, table: Table, depth: int = DEPTH) -> tuple[Piece, ...]:
    """What is shown of an aggregate."""
    keys = Keys(dice)
    type_ = f"{table.name}_aggregate"
    fields = [Field("aggregate", keys.alias("aggregate"), None, figures(dice, table))]
    if dice.chance(30):
        fields.append(Field("nodes", keys.alias("nodes"), None, row(dice, table, max(depth - 1, 0))))
    if dice.chance(8):
        fields.append(Field("aggregate", keys.alias("aggregate"), None, figures(dice, table)))
    return shaped(dice, type_, fields + _typename(dice, keys))


def figures(dice: Dice, table: Table) -> tuple[Piece, ...]:
    """Counts and functions of columns."""
    keys = Keys(dice)
    functions = [name for name in FUNCTIONS if function_columns(table, name)]
    names = [dice.pick(functions) if functions and dice.chance(60) else "count" for _ in range(dice.number(1, 3))]
    fields = [_count(dice, keys, table) if name == "count" else _function(dice, keys, table, name) for name in names]
    return shaped(dice, f"{table.name}_aggregate_fields", fields + _typename(dice, keys))


def _count(dice: Dice, keys: Keys, table: Table) -> Field:
    found: Arguments = {}
    if dice.chance(50):
        found["columns"] = columns_input(dice, table)
    if dice.chance(40):
        found["distinct"] = flag(dice)
    given = {name: _passed(dice, item) for name, item in found.items()}
    return Field("count", keys.alias("count"), given)


def _function(dice: Dice, keys: Keys, table: Table, function: str) -> Field:
    inside = Keys(dice)
    columns = dice.some(function_columns(table, function), 1, 3)
    fields = [Field(column.name, inside.alias(column.name)) for column in columns] + _typename(dice, inside)
    return Field(function, keys.alias(function), None, shaped(dice, f"{table.name}_{function}_fields", fields))


# --- groups and pages -------------------------------------------------------


def group(dice: Dice, table: Table, by: list[str]) -> tuple[Piece, ...]:
    """What is shown of a group."""
    keys = Keys(dice)
    fields = [Field("key", keys.alias("key"), None, _group_key(dice, table, by))]
    if dice.chance(80):
        fields.append(Field("aggregate", keys.alias("aggregate"), None, figures(dice, table)))
    return shaped(dice, f"{table.name}_group", fields + _typename(dice, keys))


def _group_key(dice: Dice, table: Table, by: list[str]) -> tuple[Piece, ...]:
    keys = Keys(dice)
    fields = [Field(name, keys.alias(name)) for name in by] + _typename(dice, keys)
    return shaped(dice, f"{table.name}_group_key", fields)


def connection(dice: Dice, table: Table) -> tuple[Piece, ...]:
    """What is shown of a connection."""
    keys = Keys(dice)
    fields: list[Field] = []
    for name in dice.some([name for name in _PAGE_PARTS if table.aggregated or name != "totalCount"], 1, 3):
        make = _PAGE_PARTS[name]
        fields.append(Field(name, keys.alias(name), None, make(dice, table) if make else None))
    return shaped(dice, f"{table.name}_connection", fields + _typename(dice, keys))


def _edges(dice: Dice, table: Table) -> tuple[Piece, ...]:
    keys = Keys(dice)
    fields = [Field("cursor", keys.alias("cursor")), Field("node", keys.alias("node"), None, row(dice, table, 2))]
    return shaped(dice, f"{table.name}_edge", dice.some(fields, 1, 2) + _typename(dice, keys))


def _nodes(dice: Dice, table: Table) -> tuple[Piece, ...]:
    return row(dice, table, 2)


def _page_info(dice: Dice, _table: Table) -> tuple[Piece, ...]:
    keys = Keys(dice)
    names = dice.some(("hasNextPage", "hasPreviousPage", "startCursor", "endCursor"), 1, 4)
    return shaped(dice, "PageInfo", [Field(name, keys.alias(name)) for name in names] + _typename(dice, keys))


_PAGE_PARTS: Final[dict[str, Callable[[Dice, Table], tuple[Piece, ...]] | None]] = {
    "edges": _edges,
    "nodes": _nodes,
    "pageInfo": _page_info,
    "totalCount": None,
}
