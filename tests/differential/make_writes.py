"""Random mutations: inserts with conflicts and nested rows, updates and deletes, several in one request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.differential.dice import Dice
from tests.differential.make_selection import Keys, shaped
from tests.differential.make_values import comparison, handed_over, json_of, value_input
from tests.differential.make_where import condition
from tests.differential.query import Arguments, Field, Input, Operation, Piece, Word
from tests.differential.rows import pool
from tests.differential.schema import NOTHING, Column, Kind, Relation, Table
from tests.differential.tables import TABLES, WRITTEN

Content = dict[str, Input]

ORDERS: Final[dict[str, tuple[Content, ...]]] = {
    "members": ({"mark": Input("order_by", Word("asc"))},),
    "bills": ({"mark": Input("order_by", Word("desc"))},),
    "items": (
        {"bill": Input("bills_order_by", {"mark": Input("order_by", Word("asc"))})},
        {"place": Input("order_by", Word("asc"))},
    ),
}
"""Total orders that do not need to know new ids."""


def story(dice: Dice) -> list[Operation]:
    """A few requests, one after the other."""
    return [mutation(dice) for _ in range(dice.number(1, 3))]


def mutation(dice: Dice) -> Operation:
    """One request of one or several mutations."""
    keys = Keys(dice)
    fields = [_root(dice, keys) for _ in range(dice.weighed(((60, 1), (20, 2), (12, 3), (8, 4))))]
    return Operation("mutation", None, tuple(fields))


def _root(dice: Dice, keys: Keys) -> Field:
    make = dice.weighed(_ROOTS)
    field = make(dice, dice.pick(WRITTEN))
    return Field(field.name, keys.alias(field.name), field.arguments, field.inner)


# --- what is shown ------------------------------------------------------------


def _row(dice: Dice, table: Table, depth: int = 2) -> tuple[Piece, ...]:
    keys = Keys(dice)
    fields = [Field(name, keys.alias(name)) for name in dice.some([*table.columns], 1, 4)]
    if depth and table.relations and dice.chance(45):
        relation = dice.pick(list(table.relations.values()))
        far = TABLES[relation.to_table]
        given: Arguments = {}
        if not relation.to_one and dice.chance(60):
            items = (Input(f"{far.name}_order_by", item, True) for item in ORDERS[far.name])
            given["order_by"] = Input(f"[{far.name}_order_by!]", tuple(items))
        fields.append(Field(relation.name, keys.alias(relation.name), given, _row(dice, far, depth - 1)))
    return shaped(dice, table.name, fields)


def _response(dice: Dice, table: Table) -> tuple[Piece, ...]:
    keys = Keys(dice)
    fields = [Field("affected_rows", keys.alias("affected_rows"))] if dice.chance(80) else []
    if not fields or dice.chance(70):
        fields.append(Field("returning", keys.alias("returning"), None, _row(dice, table)))
    if dice.chance(10):
        fields.append(Field("__typename", keys.alias("__typename")))
    return tuple(fields)


# --- inserts ------------------------------------------------------------------


def _insert(dice: Dice, table: Table) -> Field:
    conflict = _conflict(dice, table) if dice.chance(45) else None
    type_ = f"{table.name}_insert_input"
    many = dice.chance(65)
    items = [_object(dice, table, conflict is not None) for _ in range(dice.number(0, 4) if many else 1)]
    if many:
        found = {"objects": Input(f"[{type_}!]", tuple(Input(type_, item, True) for item in items), True)}
    else:
        found = {"object": Input(type_, items[0], True)}
    if conflict is not None:
        found["on_conflict"] = conflict
    given = {name: _passed(dice, item) for name, item in found.items()}
    if many:
        return Field(f"insert_{table.name}", None, given, _response(dice, table))
    return Field(f"insert_{table.name}_one", None, given, _row(dice, table))


def _passed(dice: Dice, given: Input) -> Input:
    return handed_over(dice, given) if dice.chance(50) else given


def _object(
    dice: Dice, table: Table, keyed: bool, filled: tuple[str, ...] = (), back: Relation | None = None, depth: int = 2
) -> Content:
    """A new row: `filled` columns come from the row it hangs on; `keyed` says that its key must be known."""
    found: Content = {}
    for relation in table.relations.values() if depth else ():
        inside = None if back is not None and _is_back(relation, back) else _nested(dice, relation, depth)
        if inside is not None and not set(relation.columns) & set(filled):
            found[relation.name] = inside
            filled += relation.columns if relation.refers and not dice.chance(3) else ()
    for column in table.columns.values():
        if column.name not in filled and not column.generated and _is_given(dice, table, column, keyed):
            found[column.name] = _new_value(dice, table, column)
    names = dice.some([*found], len(found), len(found)) if dice.chance(30) else list(found)
    return {name: found[name] for name in names}


def _is_back(relation: Relation, back: Relation) -> bool:
    return relation.columns == back.to_columns and relation.refers is not back.refers


def _is_given(dice: Dice, table: Table, column: Column, keyed: bool) -> bool:
    if column.auto:
        return dice.chance(12)
    if column.name == "mark" or (keyed and column.name in table.key):
        return True
    return dice.chance(97) if column.default is NOTHING else dice.chance(55)


def _new_value(dice: Dice, table: Table, column: Column) -> Input:
    type_ = table.enum_type(column)
    if column.name == "mark":
        return Input(type_, dice.fresh("n"))
    if column.auto:
        return Input(type_, dice.pick((40, 41, 1, None, 0)))
    if dice.chance(15 if column.nullable else 2):
        return Input(type_, None)
    if (table.name, column.name) == ("items", "amount") and dice.chance(4):
        return Input(type_, -1)
    if column.name == "motto" and dice.chance(5):
        return Input(type_, "much too long a motto")
    if column.kind is Kind.JSON:
        return value_input(dice, table, column)
    value: Any = dice.pick(pool(table, column))
    return Input(type_, Word(value) if column.kind is Kind.ENUM else json_of(dice, value, column.kind))


def _nested(dice: Dice, relation: Relation, depth: int) -> Input | None:
    """`{data, on_conflict}` for a relation, mostly nothing."""
    far = TABLES[relation.to_table]
    type_ = f"{far.name}_{'obj' if relation.to_one else 'arr'}_rel_insert_input"
    if not dice.chance(18):
        return Input(type_, None) if dice.chance(2) else None
    conflict = _conflict(dice, far) if dice.chance(35) else None
    inside = () if relation.refers else relation.to_columns
    size = 1 if relation.to_one else dice.number(0, 3)
    keyed = conflict is not None
    items = [_object(dice, far, keyed, inside, relation, depth - 1) for _ in range(size)]
    row = f"{far.name}_insert_input"
    if relation.to_one:
        parts = {"data": Input(row, items[0], True)}
    else:
        parts = {"data": Input(f"[{row}!]", tuple(Input(row, item, True) for item in items), True)}
    if conflict is not None:
        parts["on_conflict"] = conflict
    return Input(type_, parts)


def _conflict(dice: Dice, table: Table) -> Input:
    parts: Content = {"constraint": Input(f"{table.name}_constraint", Word(dice.pick([*table.unique])), True)}
    type_ = f"{table.name}_update_column"
    columns = [column.name for column in table.columns.values() if _is_settable(table, column)]
    if dice.chance(80):
        chosen = dice.some(columns, 0, 2)
        words = tuple(Input(type_, Word(name), True) for name in chosen)
        # The default keeps null out of this argument.
        parts["update_columns"] = Input(f"[{type_}!]", words, True)
    if dice.chance(25):
        parts["where"] = condition(dice, table, 1)
    return Input(f"{table.name}_on_conflict", parts)


def _is_settable(table: Table, column: Column) -> bool:
    """Whether an update may change the column here: what tells rows apart stays."""
    return not (column.auto or column.generated or column.name == "mark" or column.name in table.key)


# --- updates and deletes ------------------------------------------------------


def related_changes(dice: Dice, table: Table) -> Content:
    """Changes of related rows, mostly of none."""
    found: Content = {}
    for relation in table.relations.values():
        if dice.chance(15):
            make = _change_of_one if relation.refers else _change_of_many
            found[relation.name] = make(dice, relation, TABLES[relation.to_table])
    return found


def _change_of_one(dice: Dice, relation: Relation, far: Table) -> Input:
    """What becomes of the row that a row refers to."""
    parts: Content = {}
    match dice.number(0, 4):
        case 0:
            parts["connect"] = Input(f"{far.name}_pk_columns_input", _key(dice, far))
        case 1:
            parts["disconnect"] = Input("Boolean", dice.chance(80))
        case 2:
            parts["insert"] = Input(f"{far.name}_insert_input", _object(dice, far, True, (), relation, 0))
        case 3:
            parts["delete"] = Input("Boolean", dice.chance(80))
    if dice.chance(30) or not parts:
        parts["update"] = Input(f"{far.name}_set_input", _plain_sets(dice, far))
    return Input(f"{far.name}_related_update_input", parts)


def _change_of_many(dice: Dice, relation: Relation, far: Table) -> Input:
    """What becomes of the rows that refer to a row."""
    row, filled = f"{far.name}_insert_input", relation.to_columns

    def rows(*, keyed: bool) -> Input:
        items = [_object(dice, far, keyed, filled, relation, 0) for _ in range(dice.number(0, 2))]
        return Input(f"[{row}!]", tuple(Input(row, item, True) for item in items))

    parts: Content = {}
    if dice.chance(20):
        parts["set"] = rows(keyed=dice.chance(70))
        return Input(f"{far.name}_related_updates_input", parts)
    if dice.chance(25):
        parts["disconnect"] = condition(dice, far, 1)
    if dice.chance(25):
        parts["delete"] = condition(dice, far, 1)
    if dice.chance(30):
        type_ = f"{far.name}_updates"
        sets = Input(f"{far.name}_set_input", _plain_sets(dice, far))
        update = {"where": _where(dice, far), "_set": sets}
        parts["update"] = Input(f"[{type_}!]", (Input(type_, update, True),))
    if dice.chance(25):
        parts["upsert"] = rows(keyed=dice.chance(70))
    if dice.chance(25):
        parts["insert"] = rows(keyed=False)
    if dice.chance(25) or not parts:
        type_ = f"{far.name}_pk_columns_input"
        keys = tuple(Input(type_, _key(dice, far), True) for _ in range(dice.number(0, 2)))
        parts["connect"] = Input(f"[{type_}!]", keys)
    return Input(f"{far.name}_related_updates_input", parts)


def _plain_sets(dice: Dice, far: Table) -> Content:
    """New values of columns that are in no unique key."""
    unique = {name for columns in far.unique.values() for name in columns}
    columns = [each for each in far.columns.values() if _is_settable(far, each) and each.name not in unique]
    columns = [each for each in columns if not each.name.endswith("_id")]
    return {each.name: _new_value(dice, far, each) for each in dice.some(columns, 0, 2)}


def _changes(dice: Dice, table: Table, *, keys: bool, related: bool = True) -> Content:
    """`_set` and `_inc`; `keys` allows the primary key, `related` changes of related rows."""
    found: Content = {}
    columns = [each for each in table.columns.values() if _is_settable(table, each)]
    if keys:
        columns += [table.columns[name] for name in ("code", "place") if name in table.columns]
    if dice.chance(85):
        sets = {column.name: _new_value(dice, table, column) for column in dice.some(columns, 0, 2)}
        if related and not keys:
            sets |= related_changes(dice, table)
        found["_set"] = Input(f"{table.name}_set_input", sets)
    # What unique keys are made of is only set: whether steps collide on the way depends on the order of rows.
    within = {name for columns in table.unique.values() for name in columns}
    numbers = [each for each in columns if each.kind in (Kind.INT, Kind.DECIMAL) and each.name not in within]
    steps = [each for each in numbers if not each.name.endswith("_id")]
    if steps and dice.chance(35):
        column = dice.pick(steps)
        if "_set" not in found or column.name not in found["_set"].content or dice.chance(20):
            step = Input(table.enum_type(column), dice.number(0, 3))
            found["_inc"] = Input(f"{table.name}_inc_input", {column.name: step})
    for column in table.of(Kind.JSON) if dice.chance(40) else ():
        operator, operand = _json_change(dice, table, column)
        found[operator] = Input(f"{table.name}{operator}_input", {column.name: operand})
    return found


def _json_change(dice: Dice, table: Table, column: Column) -> tuple[str, Input]:
    keys = ("a", "b", "abc", "0", "1", "-1")
    match dice.number(0, 4):
        case 0:
            return "_append", value_input(dice, table, column)
        case 1:
            return "_prepend", value_input(dice, table, column)
        case 2:
            return "_delete_key", Input("String", dice.pick(keys))
        case 3:
            return "_delete_elem", Input("Int", dice.number(-2, 2))
    steps = (Input("String", dice.pick(keys), True) for _ in range(dice.number(0, 3)))
    return "_delete_at_path", Input("[String!]", tuple(steps))


def _guard(dice: Dice) -> Content:
    """`max_affected`, now and then."""
    return {"max_affected": Input("Int", dice.pick((None, 0, 1, 2, 5)))} if dice.chance(12) else {}


def _where(dice: Dice, table: Table) -> Input:
    """Mostly a few rows."""
    found = condition(dice, table, 1) if dice.chance(50) else Input(f"{table.name}_bool_exp", _some_keys(dice, table))
    return Input(found.type, found.content, True)


def _some_keys(dice: Dice, table: Table) -> Content:
    column = table.columns[dice.pick(table.key)]
    return {column.name: comparison(dice, table, column)}


def _key(dice: Dice, table: Table) -> Content:
    columns = (table.columns[name] for name in table.key)
    return {each.name: Input(table.enum_type(each), dice.pick(pool(table, each)), True) for each in columns}


def _update(dice: Dice, table: Table) -> Field:
    found = {"where": _where(dice, table), **_changes(dice, table, keys=dice.chance(10)), **_guard(dice)}
    given = {name: _passed(dice, item) for name, item in found.items()}
    return Field(f"update_{table.name}", None, given, _response(dice, table))


def _update_by_pk(dice: Dice, table: Table) -> Field:
    key = Input(f"{table.name}_pk_columns_input", _key(dice, table), True)
    found = {"pk_columns": key, **_changes(dice, table, keys=dice.chance(40))}
    given = {name: _passed(dice, item) for name, item in found.items()}
    return Field(f"update_{table.name}_by_pk", None, given, _row(dice, table))


def _update_many(dice: Dice, table: Table) -> Field:
    type_ = f"{table.name}_updates"
    updates = ({"where": _where(dice, table), **_changes(dice, table, keys=False)} for _ in range(dice.number(0, 3)))
    found = Input(f"[{type_}!]", tuple(Input(type_, update, True) for update in updates), True)
    given = {"updates": _passed(dice, found), **_guard(dice)}
    return Field(f"update_{table.name}_many", None, given, _response(dice, table))


def _delete(dice: Dice, table: Table) -> Field:
    given = {"where": _passed(dice, _where(dice, table)), **_guard(dice)}
    return Field(f"delete_{table.name}", None, given, _response(dice, table))


def _delete_by_pk(dice: Dice, table: Table) -> Field:
    given = {name: _passed(dice, item) for name, item in _key(dice, table).items()}
    return Field(f"delete_{table.name}_by_pk", None, given, _row(dice, table))


_ROOTS: Final[tuple[tuple[int, Callable[[Dice, Table], Field]], ...]] = (
    (45, _insert),
    (15, _update),
    (10, _update_by_pk),
    (8, _update_many),
    (14, _delete),
    (8, _delete_by_pk),
)
