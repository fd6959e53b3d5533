"""Random values and comparisons for columns."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from tests.differential.dice import Dice
from tests.differential.query import Input, Way, Word
from tests.differential.rows import pool
from tests.differential.schema import NUMBERS, TEXTS, Column, Kind, Table

LIKE: Final = (
    *(
        "%",
        "a%",
        "%c",
        "_b_",
        "A%",
        "%b%",
        "a\\_b",
        "100\\%",
        "%\\%%",
        "abc",
        "",
        "_",
        "%\n%",
        "%'%",
        "é%",
        "%\U0001f600",
    ),
    *("back\\\\slash", "n%TH", '%"%', "a_b", "___"),
)
REGEX: Final = (
    *(
        "",
        "^a",
        "c$",
        "b",
        "^.b",
        "[a-c]+",
        "a|z",
        "é",
        "[0-9]",
        "^$",
        "(ab|AB)c",
        "it's",
        "%",
        "^[^a]",
        ".",
        "e.",
        "N",
    ),
    *("a{1}", "\\.", "\U0001f600", "\\\\", "^A", "n+", "^(abc|north)$", "[ \t]", "[A-Z]"),
)
PIECES: Final = ("", "a", "ab", "c", "BC", "%", "_", "\\", "'", "\U0001f600", "é", "\n", "10", '"', "th", "abc")

EQUALITY: Final = ("_eq", "_neq", "_in", "_nin", "_is_null")
ORDER: Final = ("_gt", "_gte", "_lt", "_lte", "_between")
PATTERNS: Final = {
    **dict.fromkeys(("_like", "_nlike", "_ilike", "_nilike"), LIKE),
    **dict.fromkeys(("_regex", "_nregex", "_iregex", "_niregex"), REGEX),
    **dict.fromkeys(("_starts_with", "_ends_with", "_contains"), PIECES),
}
_EXACT_IN_JSON: Final = 2**53


def json_of(dice: Dice, value: Any, kind: Kind) -> Any:
    """A column's value as a client may write it."""
    match kind:
        case Kind.BIGINT:
            return value if abs(value) < _EXACT_IN_JSON and dice.chance(40) else str(value)
        case Kind.DECIMAL:
            return _number(value) if dice.chance(30) else str(value)
        case Kind.DATE:
            return value.isoformat()
        case Kind.DATETIME:
            return _moment(dice, value)
        case Kind.JSON:
            raise AssertionError("documents are made by value_input")
    return value


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _moment(dice: Dice, value: datetime) -> str:
    text = value.isoformat(" " if dice.chance(20) else "T")
    return text + "Z" if dice.chance(15) else text


def other_number(dice: Dice, value: Any, kind: Kind) -> Any:
    """A number beside one that occurs."""
    step = dice.pick((1, -1, 3))
    return value + (Decimal(step) / 10 if kind is Kind.DECIMAL else step)


def value_input(dice: Dice, table: Table, column: Column, *, required: bool = False) -> Input:
    """A value to compare `column` with: mostly one that occurs."""
    type_, value = table.enum_type(column), dice.pick(pool(table, column))
    if column.kind is Kind.JSON:
        content = json.loads(value)
        return Input(type_, True if content is None else content, required)
    if column.kind is Kind.ENUM:
        return Input(type_, Word(value), required)
    if column.kind in NUMBERS - {Kind.DOUBLE} and dice.chance(30):
        changed = other_number(dice, value, column.kind)
        value = changed if column.kind is not Kind.INT or abs(changed) < 2**31 else value
    return Input(type_, json_of(dice, value, column.kind), required)


def operators(column: Column) -> tuple[str, ...]:
    """The operators that conditions on `column` have."""
    if column.kind is Kind.JSON:
        return EQUALITY
    return (*EQUALITY, *ORDER, *PATTERNS) if column.kind in TEXTS else (*EQUALITY, *ORDER)


def comparison(dice: Dice, table: Table, column: Column) -> Input:
    """`{_eq: …}`: one operator, seldom none or two."""
    found: dict[str, Input] = {}
    for name in dice.some(operators(column), 1, 2) if dice.chance(97) else ():
        found[name] = _operand(dice, table, column, name)
    if dice.chance(3):
        found.setdefault("_eq", Input(table.enum_type(column), None, way=Way.ABSENT))
    return Input(f"{table.enum_type(column)}_comparison_exp", found)


def _operand(dice: Dice, table: Table, column: Column, operator: str) -> Input:
    if operator == "_is_null":
        return Input("Boolean", dice.chance(50))
    if operator in PATTERNS:
        return Input("String", dice.pick(PATTERNS[operator]))
    if operator in ("_in", "_nin", "_between"):
        size = 2 if operator == "_between" else dice.number(0, 3)
        items = tuple(value_input(dice, table, column, required=True) for _ in range(size))
        return Input(f"[{table.enum_type(column)}!]", items)
    return value_input(dice, table, column)


def count_comparison(dice: Dice) -> Input:
    """A condition on a number of rows."""
    operator = dice.pick(("_eq", "_neq", "_gt", "_gte", "_lt", "_lte", "_in", "_nin", "_between", "_is_null"))
    if operator == "_is_null":
        content: Input = Input("Boolean", dice.chance(50))
    elif operator in ("_in", "_nin", "_between"):
        size = 2 if operator == "_between" else dice.number(0, 2)
        content = Input("[Int!]", tuple(Input("Int", dice.number(0, 3), True) for _ in range(size)))
    else:
        content = Input("Int", dice.number(0, 3))
    return Input("Int_comparison_exp", {operator: content}, True)


def truth_comparison(dice: Dice) -> Input:
    """A condition on what is true, false or neither."""
    operator = dice.pick(("_eq", "_neq", "_in", "_nin", "_is_null", "_gt", "_lte"))
    if operator in ("_in", "_nin"):
        content = Input("[Boolean!]", tuple(Input("Boolean", dice.chance(50), True) for _ in range(dice.number(0, 2))))
    else:
        content = Input("Boolean", dice.chance(50))
    return Input("Boolean_comparison_exp", {operator: content}, True)


def flag(dice: Dice) -> Input:
    """A Boolean, mostly true."""
    return Input("Boolean", not dice.chance(35))


def handed_over(dice: Dice, given: Input, depth: int = 0) -> Input:
    """The same value, partly or as a whole in variables."""
    if given.way is Way.ABSENT:
        return given
    way = dice.weighed(_WAYS[min(depth, len(_WAYS) - 1)])
    if way is Way.OVERRIDING and given.required:
        way = Way.VARIABLE
    if way is Way.DEFAULT and given.content is None:
        way = Way.LITERAL
    if way is not Way.LITERAL:
        return Input(given.type, given.content, given.required, way)
    content = given.content
    if isinstance(content, tuple):
        content = tuple(handed_over(dice, item, depth + 1) for item in content)
    elif isinstance(content, dict) and all(isinstance(item, Input) for item in content.values()):
        content = {name: handed_over(dice, item, depth + 1) for name, item in content.items()}
    return Input(given.type, content, given.required)


_WAYS: Final = (
    ((60, Way.LITERAL), (30, Way.VARIABLE), (6, Way.DEFAULT), (4, Way.OVERRIDING)),
    ((78, Way.LITERAL), (17, Way.VARIABLE), (3, Way.DEFAULT), (2, Way.OVERRIDING)),
    ((84, Way.LITERAL), (14, Way.VARIABLE), (1, Way.DEFAULT), (1, Way.OVERRIDING)),
)
"""By depth within an argument; the simplest first."""
