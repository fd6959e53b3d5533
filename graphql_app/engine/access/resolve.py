"""The rules of one role resolved against a catalog: what may be done with each table, under which plan conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from graphql_app.auth.permissions import (
    BoolExp,
    DeletePermission,
    InsertPermission,
    RolePermissions,
    SelectPermission,
    TablePermissions,
    Tenant,
    UpdatePermission,
)
from graphql_app.engine.access.bool_exp import to_filter, variable_of, variables_in
from graphql_app.engine.access.implied_checks import remaining_of_insert, remaining_of_update
from graphql_app.engine.access.rule_names import RuleError, find_column, find_columns, find_table
from graphql_app.engine.access.view import named
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.plan.rules import EVERY_ROW, Preset, RowRule, TableRules
from graphql_app.engine.plan.session_values import stored_variable
from graphql_app.engine.plan.values import storer
from graphql_app.engine.request.calls import SessionSlot
from graphql_app.errors import AppError
from schema_gen.catalog.model import Catalog, Column, Table, TableAccess

UNRESTRICTED: Final = TableRules()


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that cannot be honoured; what it would have allowed is denied. `action` is "" for the whole table.

    `source` is where the rules come from.
    """

    role: str
    table: str
    action: str
    reason: str
    source: str = ""

    def __str__(self) -> str:
        """The rule's place in the file, and what is wrong with it."""
        place = ".".join(each for each in ("roles", self.role, "tables", self.table, self.action) if each)
        return ": ".join(each for each in (self.source, place, self.reason) if each)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a role may do with one table, and how. `readable` are the columns that it may read."""

    access: TableAccess
    readable: frozenset[str] = frozenset()
    rules: TableRules = UNRESTRICTED

    @property
    def anything(self) -> bool:
        """Whether the role may do anything at all."""
        access = self.access
        return access.selectable or access.deletable or (access.insertable, access.updatable) != (None, None)


class Resolver:
    """Resolves the rules of one role. What cannot be resolved is denied and noted in `broken`."""

    def __init__(self, catalog: Catalog, role: RolePermissions, backend: bool) -> None:
        self.catalog = catalog
        self.role = role
        self.backend = backend
        self.variables = tuple(sorted(set(_all_variables(role))))
        self.broken: list[BrokenRule] = []

    def tables(self) -> tuple[dict[str, TableAccess], dict[str, frozenset[str]], dict[str, TableRules]]:
        """What may be done with each table, the columns that may be read, and the rules."""
        found = [self._table(table, permissions) for table, permissions in self.permissions()]
        allowed = {each.access.full.name: each for each in found if each.anything}
        return (
            {name: each.access for name, each in allowed.items()},
            {name: each.readable for name, each in allowed.items()},
            {name: each.rules for name, each in allowed.items()},
        )

    def permissions(self) -> Iterator[tuple[Table, TablePermissions]]:
        """The tables that the role has rules for, the tenant's among them.

        A table of two names is denied, for its rules may contradict.
        """
        named: dict[str, list[str]] = {}
        for name in self.role.tables:
            try:
                named.setdefault(find_table(self.catalog, name).name, []).append(name)
            except RuleError as error:
                self._note(name, "", str(error))
        for table, names in named.items():
            if len(names) > 1:
                self._note(table, "", f"the table is there twice, as {' and '.join(names)}")
            else:
                found = self.catalog.tables[table]
                yield found, _of_tenant(found, self.role.tables[names[0]], self.role.tenant)

    def _table(self, table: Table, given: TablePermissions) -> Resolved:
        found = Resolved(TableAccess(table))
        if given.select is not None:
            found = self._try(found, "select", partial(self._select, given.select))
        if given.insert is not None and self._usable(given.insert.backend_only):
            found = self._try(found, "insert", partial(self._insert, given.insert))
        if given.update is not None and self._usable(given.update.backend_only):
            found = self._try(found, "update", partial(self._update, given.update))
        if given.delete is not None and self._usable(given.delete.backend_only):
            found = self._try(found, "delete", partial(self._delete, given.delete))
        return found

    def _usable(self, backend_only: bool) -> bool:
        return self.backend or not backend_only

    def _try(self, found: Resolved, action: str, resolve: Callable[[Resolved], Resolved]) -> Resolved:
        try:
            return resolve(found)
        except (RuleError, AppError) as error:
            self._note(found.access.full.name, action, error.message if isinstance(error, AppError) else str(error))
            return found

    def _note(self, table: str, action: str, reason: str) -> None:
        self.broken.append(BrokenRule(self.role.name, table, action, reason, self.role.source))

    # --- actions ---------------------------------------------------------------

    def _select(self, permission: SelectPermission, found: Resolved) -> Resolved:
        table = found.access.full
        columns = self._columns(table, permission.columns)
        access = replace(
            found.access,
            selectable=True,
            aggregates=permission.allow_aggregations,
            query_roots=permission.query_root_fields,
            subscription_roots=permission.subscription_root_fields,
        )
        select = self._rule(table, permission.filter)
        shown = select if self.role.returning_visible else EVERY_ROW
        rules = replace(found.rules, select=select, limit=permission.limit, returning=shown)
        return Resolved(access, frozenset(columns), rules)

    def _insert(self, permission: InsertPermission, found: Resolved) -> Resolved:
        table = found.access.full
        permission = replace(permission, set=_by_own_names(table, permission.set))
        presets = self._presets(table, permission.set)
        given = self._given(table, permission.columns, presets)
        check = self._check(table, remaining_of_insert(table, permission))
        rules = replace(found.rules, insert_check=check, insert_presets=presets)
        return replace(found, access=replace(found.access, insertable=given), rules=rules)

    def _update(self, permission: UpdatePermission, found: Resolved) -> Resolved:
        table = found.access.full
        permission = replace(permission, set=_by_own_names(table, permission.set))
        presets = self._presets(table, permission.set)
        given = self._given(table, permission.columns, presets)
        rule = self._rule(table, permission.filter)
        check = self._check(table, remaining_of_update(table, permission, given))
        rules = replace(found.rules, update=rule, update_check=check, update_presets=presets)
        return replace(found, access=replace(found.access, updatable=given), rules=rules)

    def _delete(self, permission: DeletePermission, found: Resolved) -> Resolved:
        rules = replace(found.rules, delete=self._rule(found.access.full, permission.filter))
        return replace(found, access=replace(found.access, deletable=True), rules=rules)

    # --- parts -----------------------------------------------------------------

    def _columns(self, table: Table, names: frozenset[str] | None) -> Mapping[str, Column]:
        return table.columns if names is None else find_columns(table, names)

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
            column = table.columns[name]
            if column.generated or column.auto_increment:
                raise RuleError(f"column '{column.name}' is made by the database and cannot be set")
            variable = variable_of(value)
            if variable is None and any(variables_in(value)):
                raise RuleError(f"column '{column.name}' is set to a session variable inside of a value")
            stored = storer(column)(value) if variable is None else stored_variable(column, self._session(variable))
            found.append(Preset(column, stored, frozenset(variables_in(value))))
        return tuple(found)

    def _session(self, name: str) -> SessionSlot:
        return SessionSlot(self.variables.index(name) - len(self.variables), name)


def _by_own_names(table: Table, given: Mapping[str, object]) -> dict[str, object]:
    """What columns are set to, by their names in the database. Raises `RuleError`."""
    found: dict[str, object] = {}
    for name, value in given.items():
        column = find_column(table, name).name
        if column in found:
            raise RuleError(f"column '{column}' is set twice")
        found[column] = value
    return found


def _of_tenant(table: Table, given: TablePermissions, tenant: Tenant | None) -> TablePermissions:
    """What may be done with the tenant's rows, where the table has its column."""
    if tenant is None or tenant.column not in table.columns:
        return given
    own: BoolExp = {tenant.column: {"_eq": tenant.variable}}
    select, insert, update, delete = given.select, given.insert, given.update, given.delete
    return TablePermissions(
        select and replace(select, filter=_both(own, select.filter)),
        insert and replace(insert, check=_both(own, insert.check), set={**insert.set, tenant.column: tenant.variable}),
        update and replace(update, filter=_both(own, update.filter), check=_both(own, update.check or {})),
        delete and replace(delete, filter=_both(own, delete.filter)),
    )


def _both(own: BoolExp, further: BoolExp) -> BoolExp:
    return {"_and": [own, further]} if further else own


def _all_variables(role: RolePermissions) -> Iterator[str]:
    if role.tenant is not None:
        yield role.tenant.variable
    for permissions in role.tables.values():
        if permissions.select is not None:
            yield from variables_in(permissions.select.filter)
        if permissions.insert is not None:
            yield from variables_in([permissions.insert.check, permissions.insert.set])
        if permissions.update is not None:
            yield from variables_in([permissions.update.filter, permissions.update.check, permissions.update.set])
        if permissions.delete is not None:
            yield from variables_in(permissions.delete.filter)
