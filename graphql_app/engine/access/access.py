"""What one role may see and do of one catalog: its view, and its rules as plan conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from graphql_app.auth.permissions import (
    BoolExp,
    InsertPermission,
    RolePermissions,
    SelectPermission,
    TablePermissions,
    UpdatePermission,
)
from graphql_app.engine.access.bool_exp import RuleError, to_filter, variable_of, variables_in
from graphql_app.engine.access.implied_checks import remaining_of_insert, remaining_of_update
from graphql_app.engine.access.view import named, view_of
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.plan.rules import EVERY_ROW, NO_RULES, Preset, RowRule, Rules, TableRules
from graphql_app.engine.plan.session_values import stored_variable
from graphql_app.engine.plan.values import storer
from graphql_app.engine.request.calls import SessionSlot
from graphql_app.errors import AppError, Code, RequestError
from schema_gen.catalog.model import Catalog, Column, Table, TableAccess

T = TypeVar("T")

FULL: Final = ""
"""The key of an access without rules."""


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that cannot be honoured; what it would have allowed is denied."""

    role: str
    table: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """A catalog as one role sees it. What is prepared under one `key` is good for every caller with that key.

    `variables` are the session variables of all rules, in the order of their slots.
    """

    key: str
    catalog: Catalog
    rules: Rules = field(default_factory=lambda: NO_RULES)
    variables: tuple[str, ...] = ()
    broken: tuple[BrokenRule, ...] = ()
    returning_visible: bool = False

    @property
    def shape(self) -> str:
        """Accesses of one snapshot with equal shapes have the same schema."""
        return FULL if self.key == FULL else self.catalog.fingerprint

    def values(self, session: Mapping[str, str], needed: tuple[str, ...]) -> tuple[object, ...]:
        """The values of the trailing slots. Raises `RequestError` as `needed_values`."""
        needed_values(session, needed)
        return tuple(session.get(name) for name in self.variables)


def needed_values(session: Mapping[str, str], needed: tuple[str, ...]) -> tuple[str, ...]:
    """The values of session variables. Raises `RequestError` (MISSING_SESSION_VARIABLE) where one is not there."""
    for name in needed:
        if name not in session:
            raise RequestError(Code.MISSING_SESSION_VARIABLE, f'missing session variable: "{name}"')
    return tuple(session[name] for name in needed)


def full_access(catalog: Catalog) -> Access:
    """The access of the admin, and of everyone where there are no roles."""
    return Access(FULL, catalog)


def access_of(catalog: Catalog, role: RolePermissions, *, backend: bool) -> Access:
    """What a role may see and do of `catalog`; `backend`: what is marked `backend_only`, too."""
    resolver = _Resolver(catalog, role, backend)
    allowed, readable, rules = resolver.tables()
    view = view_of(catalog, allowed, readable, rules)
    key = f"{role.name}\0{'backend' if backend else ''}"
    return Access(key, view, rules, resolver.variables, tuple(resolver.broken), role.returning_visible)


class _Resolver:
    """Resolves the rules of one role. What cannot be resolved is denied and noted in `broken`."""

    def __init__(self, catalog: Catalog, role: RolePermissions, backend: bool) -> None:
        self.catalog = catalog
        self.role = role
        self.backend = backend
        self.variables = tuple(sorted(set(_all_variables(role))))
        self.broken: list[BrokenRule] = []

    def tables(self) -> tuple[dict[str, TableAccess], dict[str, frozenset[str]], dict[str, TableRules]]:
        """What may be done with each table, the columns that may be read, and the rules."""
        allowed: dict[str, TableAccess] = {}
        readable: dict[str, frozenset[str]] = {}
        rules: dict[str, TableRules] = {}
        for name, permissions in self.role.tables.items():
            table = self.catalog.tables.get(name)
            if table is None:
                self._note(name, "", f"there is no table '{name}'")
                continue
            access, columns, rule = self._table(table, permissions)
            if access.selectable or access.deletable or (access.insertable, access.updatable) != (None, None):
                allowed[name], readable[name], rules[name] = access, columns, rule
        return allowed, readable, rules

    def _table(self, table: Table, permissions: TablePermissions) -> tuple[TableAccess, frozenset[str], TableRules]:
        access, rules, columns = TableAccess(table), TableRules(), frozenset[str]()
        select, insert, update, delete = permissions.select, permissions.insert, permissions.update, permissions.delete
        if select is not None and (made := self._try(table, "select", lambda: self._select(table, select, rules))):
            rules, columns = made
            access = replace(
                access,
                selectable=True,
                aggregates=select.allow_aggregations,
                query_roots=select.query_root_fields,
                subscription_roots=select.subscription_root_fields,
            )
        if insert is not None and self._usable(insert.backend_only):
            written = self._try(table, "insert", lambda: self._insert(table, insert, rules))
            if written is not None:
                rules, given = written
                access = replace(access, insertable=given)
        if update is not None and self._usable(update.backend_only):
            written = self._try(table, "update", lambda: self._update(table, update, rules))
            if written is not None:
                rules, given = written
                access = replace(access, updatable=given)
        if delete is not None and self._usable(delete.backend_only):
            rule = self._try(table, "delete", lambda: self._rule(table, delete.filter))
            if rule is not None:
                rules = replace(rules, delete=rule)
                access = replace(access, deletable=True)
        return access, columns, rules

    def _usable(self, backend_only: bool) -> bool:
        return self.backend or not backend_only

    def _try(self, table: Table, action: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except (RuleError, AppError) as error:
            self._note(table.name, action, error.message if isinstance(error, AppError) else str(error))
            return None

    def _note(self, table: str, action: str, reason: str) -> None:
        self.broken.append(BrokenRule(self.role.name, table, action, reason))

    # --- actions ---------------------------------------------------------------

    def _select(
        self, table: Table, permission: SelectPermission, rules: TableRules
    ) -> tuple[TableRules, frozenset[str]]:
        columns = self._columns(table, permission.columns)
        made = replace(rules, select=self._rule(table, permission.filter), limit=permission.limit)
        return made, frozenset(columns)

    def _insert(
        self, table: Table, permission: InsertPermission, rules: TableRules
    ) -> tuple[TableRules, Mapping[str, Column]]:
        presets = self._presets(table, permission.set)
        given = self._given(table, permission.columns, presets)
        check = self._check(table, remaining_of_insert(table, permission))
        return replace(rules, insert_check=check, insert_presets=presets), given

    def _update(
        self, table: Table, permission: UpdatePermission, rules: TableRules
    ) -> tuple[TableRules, Mapping[str, Column]]:
        presets = self._presets(table, permission.set)
        given = self._given(table, permission.columns, presets)
        check = self._check(table, remaining_of_update(table, permission, given))
        made = replace(rules, update=self._rule(table, permission.filter), update_check=check, update_presets=presets)
        return made, given

    # --- parts -----------------------------------------------------------------

    def _columns(self, table: Table, names: frozenset[str] | None) -> Mapping[str, Column]:
        unknown = sorted((names or frozenset()) - table.columns.keys())
        if unknown:
            raise RuleError(f"'{table.name}' has no column '{unknown[0]}'")
        return named(table.columns, names)

    def _given(self, table: Table, names: frozenset[str] | None, presets: tuple[Preset, ...]) -> Mapping[str, Column]:
        """The columns that a client may give: not those that are preset or generated."""
        taken = {each.column.name for each in presets}
        found = self._columns(table, names).values()
        return named(table.columns, [each.name for each in found if not each.generated and each.name not in taken])

    def _rule(self, table: Table, raw: BoolExp) -> RowRule:
        where = to_filter(self.catalog, table, raw, self._session)
        if where is None:
            return EVERY_ROW
        # With the admin's eyes: a rule may look at what the role itself may not.
        return RowRule(Planner(self.catalog).condition(table, where), frozenset(variables_in(raw)))

    def _check(self, table: Table, raw: BoolExp) -> RowRule:
        """The rule that rows written have to satisfy. Raises `RuleError` where nobody could tell whether they do."""
        rule = self._rule(table, raw)
        if rule.condition is None:
            return rule
        if table.primary_key is None:
            raise RuleError(f"'{table.name}' has no primary key: rows written to it cannot be checked")
        if not table.transactional:
            raise RuleError(f"'{table.name}' cannot roll back: what a check refuses would stay")
        return rule

    def _presets(self, table: Table, given: Mapping[str, object]) -> tuple[Preset, ...]:
        found = []
        for name, value in given.items():
            (column,) = self._columns(table, frozenset({name})).values()
            if column.generated or column.auto_increment:
                raise RuleError(f"'{name}' of '{table.name}' is made by the database: it cannot be set")
            variable = variable_of(value)
            stored = storer(column)(value) if variable is None else stored_variable(column, self._session(variable))
            found.append(Preset(column, stored, frozenset(variables_in(value))))
        return tuple(found)

    def _session(self, name: str) -> SessionSlot:
        return SessionSlot(self.variables.index(name) - len(self.variables), name)


def _all_variables(role: RolePermissions) -> Iterator[str]:
    for permissions in role.tables.values():
        if permissions.select is not None:
            yield from variables_in(permissions.select.filter)
        if permissions.insert is not None:
            yield from variables_in([permissions.insert.check, permissions.insert.set])
        if permissions.update is not None:
            yield from variables_in([permissions.update.filter, permissions.update.check, permissions.update.set])
        if permissions.delete is not None:
            yield from variables_in(permissions.delete.filter)
