"""`roles:` of `graphql_app.yaml`, in Hasura's words -> permissions. Read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from graphql_app.auth.identity import ADMIN_ROLE
from graphql_app.auth.permissions import (
    NO_LIMITS,
    BoolExp,
    DeletePermission,
    InsertPermission,
    Names,
    RoleLimits,
    RolePermissions,
    Roles,
    SelectPermission,
    TablePermissions,
    Tenant,
    UpdatePermission,
)
from graphql_app.config.overrides_file import first_complaint
from graphql_app.runtime.rate_limit import Rate

OWNER_VARIABLE = "x-hasura-user-id"
"""The session variable that `owner` compares its column with."""


class RulesFileError(Exception):
    """The rules are wrong. The text is one line: the entry, and what is wrong with it."""


class _StrictRule(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _names(raw: object) -> object:
    """`"*"` is every name, those that are added later too."""
    if raw == "*":
        return None
    if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
        raise ValueError('takes a list of columns, or "*"')
    return raw


def _rate(raw: object) -> object:
    try:
        return Rate.parse(raw if isinstance(raw, str) else "")
    except ValueError:
        raise ValueError("takes a number of requests and a time: 10/second, 600/minute or 5000/hour") from None


_Columns = Annotated[list[str] | None, BeforeValidator(_names)]
_Expression = dict[str, Any]
_QueryRoots = list[Literal["select", "select_by_pk", "select_aggregate"]]
_SubscriptionRoots = list[Literal["select", "select_by_pk", "select_aggregate", "select_stream"]]
_Positive = Annotated[int, Field(gt=0)]


def _either(raw: object, needed: str) -> object:
    if isinstance(raw, dict) and needed not in raw and "owner" not in raw:
        raise ValueError(f"needs '{needed}' ({{}} for every row) or 'owner'")
    return raw


class _SelectRule(_StrictRule):
    columns: _Columns
    filter: _Expression = {}
    owner: str | None = None
    limit: Annotated[int, Field(ge=0)] | None = None
    allow_aggregations: bool = False
    query_root_fields: _QueryRoots | None = None
    subscription_root_fields: _SubscriptionRoots | None = None

    @model_validator(mode="before")
    @classmethod
    def _filtered(cls, raw: object) -> object:
        return _either(raw, "filter")


class _InsertRule(_StrictRule):
    columns: _Columns = None
    check: _Expression = {}
    owner: str | None = None
    set: dict[str, Any] = {}
    backend_only: bool = False

    @model_validator(mode="before")
    @classmethod
    def _checked(cls, raw: object) -> object:
        return _either(raw, "check")


class _UpdateRule(_StrictRule):
    columns: _Columns
    filter: _Expression = {}
    check: _Expression | None = None
    owner: str | None = None
    set: dict[str, Any] = {}
    backend_only: bool = False

    @model_validator(mode="before")
    @classmethod
    def _filtered(cls, raw: object) -> object:
        return _either(raw, "filter")


class _DeleteRule(_StrictRule):
    filter: _Expression = {}
    owner: str | None = None
    backend_only: bool = False

    @model_validator(mode="before")
    @classmethod
    def _filtered(cls, raw: object) -> object:
        return _either(raw, "filter")


class TableRule(_StrictRule):
    """What a role may do with one table, as the file says it."""

    select: _SelectRule | None = None
    insert: _InsertRule | None = None
    update: _UpdateRule | None = None
    delete: _DeleteRule | None = None


ACTION_RULES: Mapping[str, type[BaseModel]] = {
    "select": _SelectRule,
    "insert": _InsertRule,
    "update": _UpdateRule,
    "delete": _DeleteRule,
}
"""What each action takes."""


class _LimitsRule(_StrictRule):
    max_depth: _Positive | None = None
    max_limit: _Positive | None = None
    max_cost: _Positive | None = None
    rate: Annotated[Rate | None, BeforeValidator(_rate)] = None


class _RoleRule(_StrictRule):
    inherits: list[str] = []
    tables: dict[str, TableRule] = {}
    returning: Literal["written", "visible"] = "written"
    limits: _LimitsRule | None = None


_ROLES = TypeAdapter(dict[str, _RoleRule])


def read_roles(raw: Mapping[str, object], tenant: Tenant | None = None, source: str = "") -> Roles:
    """The roles of a file's `roles`, each with its `tenant`; `source` is the file. Raises `RulesFileError`."""
    read = _validated(_ROLES, raw, "roles")
    return {name: replace(_role(name, read), tenant=tenant, source=source) for name in read}


def _validated(adapter: TypeAdapter[Any], raw: object, place: str) -> Any:
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        entry, _, what = first_complaint(error).partition(": ")
        where = place if entry == "the file" else f"{place}.{entry}"
        raise RulesFileError(f"{where}: {what}") from None


def _role(name: str, roles: Mapping[str, _RoleRule]) -> RolePermissions:
    if name in (ADMIN_ROLE, ""):
        raise RulesFileError(f"roles.{name}: no rules can be written for {f'the role {name}' if name else 'no role'}")
    tables: dict[str, TablePermissions] = {}
    limits = NO_LIMITS
    for each in _ancestry(name, roles, ()):
        role = roles[each]
        for table, permissions in role.tables.items():
            tables[table] = _either_of(tables.get(table, TablePermissions()), permissions_of(permissions))
        if role.limits is not None and limits is NO_LIMITS:
            limits = _limits(role.limits)
    visible = roles[name].returning == "visible"
    return RolePermissions(name, tables, returning_visible=visible, limits=limits)


def _ancestry(name: str, roles: Mapping[str, _RoleRule], below: tuple[str, ...]) -> dict[str, None]:
    """A role, then those that it inherits from, the first of them first, each once."""
    found = {name: None}
    for place, parent in enumerate(roles[name].inherits):
        where = f"roles.{name}.inherits.{place}"
        if parent not in roles:
            raise RulesFileError(f"{where}: there is no role '{parent}'")
        if parent in (name, *below):
            raise RulesFileError(f"{where}: '{parent}' inherits from '{name}' itself")
        found |= _ancestry(parent, roles, (name, *below))
    return found


def _either_of(own: TablePermissions, inherited: TablePermissions) -> TablePermissions:
    """What the role has itself; of the actions that it says nothing of, what it inherits."""
    return TablePermissions(
        own.select or inherited.select,
        own.insert or inherited.insert,
        own.update or inherited.update,
        own.delete or inherited.delete,
    )


def _limits(read: _LimitsRule) -> RoleLimits:
    return RoleLimits(read.max_depth, read.max_limit, read.max_cost, read.rate)


def permissions_of(read: TableRule) -> TablePermissions:
    """The same as values, `owner` written out."""
    return TablePermissions(
        None if read.select is None else _select(read.select),
        None if read.insert is None else _insert(read.insert),
        None if read.update is None else _update(read.update),
        None if read.delete is None else _delete(read.delete),
    )


def _select(read: _SelectRule) -> SelectPermission:
    return SelectPermission(
        _set(read.columns),
        _owned(read.filter, read.owner),
        read.limit,
        read.allow_aggregations,
        _set(read.query_root_fields),
        _set(read.subscription_root_fields),
    )


def _insert(read: _InsertRule) -> InsertPermission:
    preset = {} if read.owner is None else {read.owner: OWNER_VARIABLE}
    return InsertPermission(_set(read.columns), read.check, {**read.set, **preset}, read.backend_only)


def _update(read: _UpdateRule) -> UpdatePermission:
    check = read.check if read.owner is None else _owned(read.check or {}, read.owner)
    return UpdatePermission(_set(read.columns), _owned(read.filter, read.owner), check, read.set, read.backend_only)


def _delete(read: _DeleteRule) -> DeletePermission:
    return DeletePermission(_owned(read.filter, read.owner), read.backend_only)


def _owned(expression: BoolExp, owner: str | None) -> BoolExp:
    """The condition, of rows whose `owner` is the caller."""
    if owner is None:
        return expression
    mine = {owner: {"_eq": OWNER_VARIABLE}}
    return {"_and": [mine, expression]} if expression else mine


def _set(names: list[Any] | None) -> Names:
    return None if names is None else frozenset(names)
