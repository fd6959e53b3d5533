"""The rules of one role resolved against a catalog: what may be done with each table, under which plan conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from graphql_app.auth.permissions import (
    BoolExp,
    CellPermission,
    DeletePermission,
    InsertPermission,
    RolePermissions,
    SelectPermission,
    TablePermissions,
    Tenant,
    UpdatePermission,
    any_of,
)
from graphql_app.engine.access.bool_exp import to_filter, variable_of, variables_in
from graphql_app.engine.access.implied_checks import remaining_of_insert, remaining_of_update
from graphql_app.engine.access.rule_names import RuleError, find_column, find_columns, find_table
from graphql_app.engine.access.view import named
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.plan.row_nodes import RuleCondition, masked_column
from graphql_app.engine.plan.rules import EVERY_ROW, Preset, RowRule, TableRules
from graphql_app.engine.plan.session_values import stored_variable
from graphql_app.engine.plan.values import storer
from graphql_app.engine.request.calls import SessionSlot
from graphql_app.errors import AppError
from schema_gen.catalog.model import Catalog, Column, Table, TableAccess

T = TypeVar("T")


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


@dataclass(slots=True)
class Resolved:
    """What a role may do with one table, and how, as it is found out. `readable` are the columns that it may read.

    Among them are `MaskedColumn`s, which it reads in some rows only.
    """

    table: Table
    select: SelectPermission | None = None
    readable: Mapping[str, Column] = field(default_factory=dict)
    insertable: Mapping[str, Column] | None = None
    updatable: Mapping[str, Column] | None = None
    deletable: bool = False
    rows: dict[str, RowRule] = field(default_factory=dict)
    insert_presets: tuple[Preset, ...] = ()
    update_presets: tuple[Preset, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether the role may do anything at all."""
        return self.select is not None or self.deletable or (self.insertable, self.updatable) != (None, None)

    def take(self, part: Resolved) -> None:
        """What was found out of one action."""
        if part.select is not None:
            self.select, self.readable = part.select, part.readable
        if part.insertable is not None:
            self.insertable, self.insert_presets = part.insertable, part.insert_presets
        if part.updatable is not None:
            self.updatable, self.update_presets = part.updatable, part.update_presets
        self.deletable |= part.deletable
        self.rows |= part.rows

    def access(self) -> TableAccess:
        """What the role may do."""
        read = self.select
        written = self.insertable, self.updatable, bool(self.update_presets), self.deletable
        if read is None:
            return TableAccess(self.table, False, *written)
        return TableAccess(
            self.table,
            True,
            *written,
            read.allow_aggregations,
            read.query_root_fields,
            read.subscription_root_fields,
        )

    def rules(self) -> TableRules:
        """What is added to the role's requests."""
        limit = None if self.select is None else self.select.limit
        return TableRules(
            limit=limit, insert_presets=self.insert_presets, update_presets=self.update_presets, **self.rows
        )


@dataclass(frozen=True, slots=True)
class SharedRules:
    """What was resolved of one catalog's rules, for all roles: each rule is resolved once, however many have it.

    `conditions` are by the session variables of a role, whose places they name, then by table and text; so are
    `actions`, by table, action and text. `columns` are by table and names; `variables` by role.
    """

    conditions: dict[tuple[str, ...], dict[tuple[str, str], RowRule]] = field(default_factory=dict)
    actions: dict[tuple[str, ...], dict[tuple[str, str, str], Resolved]] = field(default_factory=dict)
    columns: dict[tuple[str, frozenset[str]], Mapping[str, Column]] = field(default_factory=dict)
    variables: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def variables_of(self, role: RolePermissions) -> tuple[str, ...]:
        """The session variables in all rules of a role, in the order of their slots."""
        found = self.variables.get(role.name)
        if found is None:
            found = self.variables[role.name] = tuple(sorted(set(variables_of(role))))
        return found


class Resolver:
    """Resolves the rules of one role. What cannot be resolved is denied and noted in `broken`."""

    def __init__(
        self, catalog: Catalog, role: RolePermissions, backend: bool, shared: SharedRules | None = None
    ) -> None:
        """What is `shared` with other roles, or was found out before, is not resolved again."""
        shared = shared or SharedRules()
        self.catalog = catalog
        self.role = role
        self.backend = backend
        self._planner = Planner(catalog)
        self.variables = shared.variables_of(role)
        last = len(self.variables)
        self._slots = {name: SessionSlot(place - last, name) for place, name in enumerate(self.variables)}
        self._needed: dict[frozenset[str], frozenset[str]] = {}
        self.broken: list[BrokenRule] = []
        self._resolved = shared.conditions.setdefault(self.variables, {})
        self._actions = shared.actions.setdefault(self.variables, {})
        self._found = shared.columns

    def tables(self) -> tuple[dict[str, TableAccess], dict[str, Mapping[str, Column]], dict[str, TableRules]]:
        """What may be done with each table, the columns that may be read, and the rules."""
        found = [self._table(table, permissions) for table, permissions in self.permissions()]
        allowed = {each.table.name: each for each in found if each.anything}
        return (
            {name: each.access() for name, each in allowed.items()},
            {name: each.readable for name, each in allowed.items()},
            {name: each.rules() for name, each in allowed.items()},
        )

    def check(self) -> None:
        """Finds out what is `broken`, and no more."""
        for table, permissions in self.permissions():
            self._table(table, permissions)

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
        found = Resolved(table)
        if given.select is not None:
            self._try(found, "select", given.select, self._select)
        if given.insert is not None and self._usable(given.insert.backend_only):
            self._try(found, "insert", given.insert, self._insert)
        if given.update is not None and self._usable(given.update.backend_only):
            self._try(found, "update", given.update, self._update)
        if given.delete is not None and self._usable(given.delete.backend_only):
            self._try(found, "delete", given.delete, self._delete)
        if found.select is not None:
            found.rows["returning"] = found.rows["select"] if self.role.returning_visible else EVERY_ROW
        return found

    def _usable(self, backend_only: bool) -> bool:
        return self.backend or not backend_only

    def _try(self, found: Resolved, action: str, given: T, resolve: Callable[[T, Resolved], None]) -> None:
        """What `resolve` finds is allowed where it finds all of it."""
        key = found.table.name, action, repr(given)
        part = self._actions.get(key)
        if part is None:
            part = Resolved(found.table)
            try:
                resolve(given, part)
            except (RuleError, AppError) as error:
                self._note(found.table.name, action, error.message if isinstance(error, AppError) else str(error))
                return
            self._actions[key] = part
        found.take(part)

    def _note(self, table: str, action: str, reason: str) -> None:
        self.broken.append(BrokenRule(self.role.name, table, action, reason, self.role.source))

    # --- actions ---------------------------------------------------------------

    def _select(self, permission: SelectPermission, found: Resolved) -> None:
        columns = self._readable(found.table, permission)
        rule = self._rule(found.table, permission.filter)
        found.select, found.readable, found.rows["select"] = permission, columns, rule

    def _insert(self, permission: InsertPermission, found: Resolved) -> None:
        table = found.table
        permission = replace(permission, set=_by_own_names(table, permission.set))
        presets = self._presets(table, permission.set)
        given = self._given(table, permission.columns, presets)
        check = self._check(table, remaining_of_insert(table, permission))
        found.insertable, found.insert_presets, found.rows["insert_check"] = given, presets, check

    def _update(self, permission: UpdatePermission, found: Resolved) -> None:
        table = found.table
        permission = replace(permission, set=_by_own_names(table, permission.set))
        presets = self._presets(table, permission.set)
        given = self._given(table, permission.columns, presets)
        rule = self._rule(table, permission.filter)
        check = self._check(table, remaining_of_update(table, permission, given))
        found.updatable, found.update_presets = given, presets
        found.rows |= {"update": rule, "update_check": check}

    def _delete(self, permission: DeletePermission, found: Resolved) -> None:
        found.rows["delete"] = self._rule(found.table, permission.filter)
        found.deletable = True

    # --- parts -----------------------------------------------------------------

    def _readable(self, table: Table, permission: SelectPermission) -> Mapping[str, Column]:
        """The columns that may be read, masked where not all that the role inherits from reads them in every row."""
        columns = self._columns(table, permission.columns)
        parts = [(self._columns(table, each.columns).keys(), each.filter) for each in permission.cells]
        every = {repr(filter_) for _, filter_ in parts}
        found = dict(columns)
        for name, column in columns.items():
            # Conditions that are written alike are one, as for rules.
            shown = {repr(filter_): filter_ for names, filter_ in parts if name in names}
            if shown.keys() != every and repr(permission.filter) not in shown:
                mask = self._rule(table, any_of(list(shown.values())))
                assert isinstance(mask.condition, RuleCondition)
                found[name] = masked_column(column, mask.condition, mask.variables)
        return found

    def _columns(self, table: Table, names: frozenset[str] | None) -> Mapping[str, Column]:
        if names is None:
            return table.columns
        key = table.name, names
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = MappingProxyType(find_columns(table, names))
        return found

    def _given(self, table: Table, names: frozenset[str] | None, presets: tuple[Preset, ...]) -> Mapping[str, Column]:
        """The columns that a client may give: not those that are preset or generated."""
        taken = {each.column.name for each in presets}
        found = self._columns(table, names).values()
        return named(table.columns, [each.name for each in found if not each.generated and each.name not in taken])

    def _rule(self, table: Table, raw: BoolExp) -> RowRule:
        if not raw:
            return EVERY_ROW
        # Most tables have one condition for all actions. What equals it need not be the same: 1 is not true.
        key = table.name, repr(raw)
        known = self._resolved.get(key)
        if known is not None:
            return known
        where = to_filter(self.catalog, table, raw, self._session)
        # With the admin's eyes: a rule may look at what the role itself may not.
        rule = RowRule(self._planner.condition(table, where), self._variables(raw))
        self._resolved[key] = rule
        return rule

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
            found.append(Preset(column, stored, self._variables(value)))
        return tuple(found)

    def _session(self, name: str) -> SessionSlot:
        return self._slots[name]

    def _variables(self, raw: object) -> frozenset[str]:
        """The session variables of a rule: one set for all rules that need the same."""
        found = frozenset(self._slots[name].name for name in variables_in(raw))
        return self._needed.setdefault(found, found)


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
        select and replace(select, filter=_both(own, select.filter), cells=_cells_of_tenant(own, select)),
        insert and replace(insert, check=_both(own, insert.check), set={**insert.set, tenant.column: tenant.variable}),
        update and replace(update, filter=_both(own, update.filter), check=_both(own, update.check or {})),
        delete and replace(delete, filter=_both(own, delete.filter)),
    )


def _cells_of_tenant(own: BoolExp, select: SelectPermission) -> tuple[CellPermission, ...]:
    return tuple(replace(each, filter=_both(own, each.filter)) for each in select.cells)


def _both(own: BoolExp, further: BoolExp) -> BoolExp:
    return {"_and": [own, further]} if further else own


def variables_of(role: RolePermissions) -> Iterator[str]:
    """The session variables in all rules of a role."""
    if role.tenant is not None:
        yield role.tenant.variable
    for permissions in role.tables.values():
        if permissions.select is not None:
            yield from variables_in([permissions.select.filter, *(each.filter for each in permissions.select.cells)])
        if permissions.insert is not None:
            yield from variables_in([permissions.insert.check, permissions.insert.set])
        if permissions.update is not None:
            yield from variables_in([permissions.update.filter, permissions.update.check, permissions.update.set])
        if permissions.delete is not None:
            yield from variables_in(permissions.delete.filter)
