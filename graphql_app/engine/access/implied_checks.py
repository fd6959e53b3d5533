"""What of a check has to be proven: not what presets, or the columns that a role cannot change, make true. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from graphql_app.auth.permissions import BoolExp, InsertPermission, UpdatePermission
from graphql_app.engine.access.bool_exp import COLUMN_OPERATORS, operator_word, variable_of
from schema_gen.catalog.model import Column, Event, Table

_KEPT_AS_GIVEN: Final = frozenset(
    "tinyint smallint mediumint int bigint varchar text tinytext mediumtext longtext binary varbinary uuid enum".split()
)
"""Types that store a value as it is given, or refuse it."""

Implied = Callable[[str, object], bool]
"""Whether what a check says of a column holds already."""


def remaining_of_insert(table: Table, permission: InsertPermission) -> BoolExp:
    """The parts of an insert's check that are not true of every row by its presets."""
    return _remaining(permission.check, _by_presets(table, Event.INSERT, permission.set))


def remaining_of_update(table: Table, permission: UpdatePermission, given: Mapping[str, Column]) -> BoolExp:
    """The same of an update's check; what its filter says of columns that do not change holds as well."""
    if permission.check is None:
        return {}
    by_presets = _by_presets(table, Event.UPDATE, permission.set)
    filtered = list(_parts(permission.filter))
    changing = {*given, *permission.set, *table.set_by_triggers(Event.UPDATE)}

    def implied(name: str, said: object) -> bool:
        return by_presets(name, said) or (
            _stays(table, name, changing) and _of_own_value(said) and (name, said) in filtered
        )

    return _remaining(permission.check, implied)


def _by_presets(table: Table, event: Event, presets: Mapping[str, object]) -> Implied:
    def implied(name: str, said: object) -> bool:
        column = table.columns.get(name)
        return (
            column is not None
            and name in presets
            and column.type.base in _KEPT_AS_GIVEN
            and _same(_equal_to(said), presets[name])
            and table.setting_trigger(event, (name,)) is None
        )

    return implied


def _equal_to(said: object) -> object:
    """The value that a column has to equal; None where more is said of it, or something else."""
    if not isinstance(said, Mapping):
        return said
    return said.get("_eq") if len(said) == 1 else None


def _same(one: object, other: object) -> bool:
    if one is None or type(one) is not type(other):
        return False
    variables = variable_of(one), variable_of(other)
    return one == other if variables == (None, None) else variables[0] == variables[1]


def _stays(table: Table, name: str, changing: set[str]) -> bool:
    """Whether no update changes the column: nor one that cascades from a row of the same table."""
    column = table.columns.get(name)
    if column is None or name in changing or column.generated or column.on_update:
        return False
    own = (relation for relation in table.relations.values() if relation.to_table == table.name)
    return not any(name in relation.columns for relation in own)


def _of_own_value(said: object) -> bool:
    """Whether the column is compared with values only, and not with another column."""
    return not isinstance(said, Mapping) or not any(operator_word(each) in COLUMN_OPERATORS for each in said)


def _parts(raw: BoolExp) -> Iterator[tuple[str, object]]:
    """What is said of columns and relations, all of which has to hold."""
    for name, said in raw.items():
        if name == "_and" and isinstance(said, list):
            for each in said:
                if isinstance(each, Mapping):
                    yield from _parts(each)
        else:
            yield name, said


def _remaining(raw: BoolExp, implied: Implied) -> BoolExp:
    left: dict[str, object] = {}
    for name, said in raw.items():
        if name == "_and" and isinstance(said, list):
            parts = [_remaining(each, implied) if isinstance(each, Mapping) else each for each in said]
            if kept := [part for part in parts if part != {}]:
                left[name] = kept
        elif not implied(name, said):
            left[name] = said
    return left
