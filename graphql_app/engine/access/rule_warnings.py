"""Rules that hold and may not say what was meant: what `graphql-app check` warns of. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql_app.auth.permissions import (
    BoolExp,
    DeletePermission,
    InsertPermission,
    RolePermissions,
    SelectPermission,
    UpdatePermission,
)
from graphql_app.engine.access.bool_exp import operator_word, variables_in
from graphql_app.engine.access.resolve import Resolver
from graphql_app.engine.access.rule_names import find_column, find_relation, find_table
from schema_gen.catalog.model import Catalog, Column, Event, Table, TableKind

ACTIONS = ("select", "insert", "update", "delete")
_NEGATIVE = frozenset({"_neq", "_ne", "_nin", "_nlike", "_nilike", "_nregex", "_niregex", "_nsimilar", "_cne", "_cneq"})


@dataclass(frozen=True, slots=True)
class RuleWarning:
    """What a rule may not have been meant to say; `action` is "" for the role or the table as a whole."""

    role: str
    table: str
    action: str
    text: str

    def __str__(self) -> str:
        """The rule's place, and what to look at."""
        place = ("roles", self.role, *(("tables", self.table, self.action) if self.table else ()))
        return f"{'.'.join(each for each in place if each)}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One comparison of a rule; `near`: of the row itself, and not of a related one."""

    column: Column
    word: str
    value: object
    near: bool
    negated: bool


def warnings_of(catalog: Catalog, role: RolePermissions, *, anonymous: bool) -> Iterator[RuleWarning]:
    """What to look at in a role's rules; `anonymous`: callers without credentials have it."""
    if not role.tables:
        yield RuleWarning(role.name, "", "", "the role may do nothing")
    resolver = Resolver(catalog, role, backend=True)
    resolver.tables()
    # What cannot be honoured is told as an error, and may have any form.
    broken = {(each.table, each.action) for each in resolver.broken}
    for table, said in resolver.permissions():
        given = replace(said, **{each: None for each in ACTIONS if (table.name, each) in broken})
        found = _Warnings(catalog, table)
        for action, texts in (
            ("select", given.select and found.select(given.select, anonymous)),
            ("insert", given.insert and found.insert(given.insert, given.select)),
            ("update", given.update and found.update(given.update, given.select)),
            ("delete", given.delete and found.delete(given.delete, given.select)),
        ):
            for text in dict.fromkeys(texts or ()):
                yield RuleWarning(role.name, table.name, action, text)


class _Warnings:
    """The warnings of one table's rules."""

    def __init__(self, catalog: Catalog, table: Table) -> None:
        self.catalog = catalog
        self.table = table

    def select(self, given: SelectPermission, anonymous: bool) -> Iterator[str]:
        if anonymous and not given.filter:
            yield "callers without credentials read every row"
        if given.limit == 0:
            yield "a limit of 0 shows no row"
        if self.table.kind is TableKind.VIEW and not given.filter:
            yield "rules of the tables behind a view do not hold for the view"
        yield from self._negations(given.filter)

    def insert(self, given: InsertPermission, select: SelectPermission | None) -> Iterator[str]:
        yield from self._written(Event.INSERT)
        yield from self._negations(given.check)
        if select is not None and not select.filter:
            return
        columns = self._names(given.columns)
        for key in self.table.keys:
            if set(key.columns) <= columns:
                yield (
                    f"a refused row tells that the key {key.name} ({', '.join(key.columns)}) exists, also where the"
                    " role may not read it: let its values be hard to guess"
                )

    def update(self, given: UpdatePermission, select: SelectPermission | None) -> Iterator[str]:
        yield from self._written(Event.UPDATE)
        yield from self._negations(given.filter)
        yield from self._negations(given.check or {})
        columns = self._names(given.columns)
        if not columns and not given.set:
            yield "no column may be changed and none is set: nobody can use it"
        if given.check is None:
            yield from self._unchecked(given, columns)
        yield from self._further(given.filter, select)

    def delete(self, given: DeletePermission, select: SelectPermission | None) -> Iterator[str]:
        yield from self._written(Event.DELETE)
        yield from self._negations(given.filter)
        yield from self._further(given.filter, select)

    # --- parts -------------------------------------------------------------------

    def _written(self, event: Event) -> Iterator[str]:
        if not self.table.writable:
            yield "the table cannot be written: nobody can use it"
        for trigger in self.table.triggers:
            if trigger.event is event:
                yield f"the trigger {trigger.name} does what it does whatever the rules say"

    def _unchecked(self, given: UpdatePermission, columns: frozenset[str]) -> Iterator[str]:
        own = [each for each in self._comparisons(given.filter) if each.near and each.column.name in columns]
        owners = [each.column.name for each in own if any(variables_in(each.value))]
        if owners:
            yield f"there is no check, so a row can be given away: '{owners[0]}' may be changed"
        elif own:
            yield f"there is no check, so a row can leave what the filter shows: '{own[0].column.name}' may be changed"

    def _further(self, filter_: BoolExp, select: SelectPermission | None) -> Iterator[str]:
        if select is not None and any(part not in list(_parts(filter_)) for part in _parts(select.filter)):
            yield "it may reach rows that the role may not read"

    def _negations(self, raw: BoolExp) -> Iterator[str]:
        for each in self._comparisons(raw):
            if not each.negated and operator_word(each.word) not in _NEGATIVE:
                continue
            if any(variables_in(each.value)):
                yield f"'{each.column.name}' must not be what a session variable says: any other value opens the row"
            elif each.column.nullable and operator_word(each.word) != "_is_null":
                yield f"'{each.column.name}' may be NULL, which neither equals a value nor differs from it"

    def _names(self, names: frozenset[str] | None) -> frozenset[str]:
        if names is None:
            return frozenset(self.table.columns)
        return frozenset(find_column(self.table, each).name for each in names)

    def _comparisons(self, raw: BoolExp) -> Iterator[_Comparison]:
        return self._of(self.table, raw, near=True, negated=False)

    def _of(self, table: Table, raw: Any, *, near: bool, negated: bool) -> Iterator[_Comparison]:
        for key, value in raw.items():
            word = operator_word(key)
            if word in ("_and", "_or"):
                for each in value:
                    yield from self._of(table, each, near=near, negated=negated)
            elif word == "_not":
                yield from self._of(table, value, near=near, negated=not negated)
            elif word == "_exists":
                far = find_table(self.catalog, _table_name(value))
                yield from self._of(far, value.get("_where", value.get("$where")), near=False, negated=negated)
            elif key not in table.columns and (relation := find_relation(table, key)) is not None:
                far = self.catalog.tables[relation.to_table]
                yield from self._of(far, value, near=False, negated=negated)
            elif not key.endswith("_aggregate"):
                column = find_column(table, key)
                for operator, said in (value if isinstance(value, Mapping) else {"_eq": value}).items():
                    yield _Comparison(column, operator, said, near, negated)


def _table_name(exists: Mapping[str, object]) -> str:
    named = exists.get("_table", exists.get("$table"))
    return str(named.get("name") if isinstance(named, Mapping) else named)


def _parts(raw: BoolExp) -> Iterator[tuple[str, object]]:
    """What has to hold, all of it."""
    for name, said in raw.items():
        if operator_word(name) == "_and" and isinstance(said, list):
            for each in said:
                yield from _parts(each)
        else:
            yield name, said
