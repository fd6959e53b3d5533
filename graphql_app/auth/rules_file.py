"""`roles:` of `graphql_app.yaml`, in Hasura's words -> permissions. Read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from graphql_app.auth.identity import ADMIN_ROLE
from graphql_app.auth.inherited_roles import either_of, together
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
    role_set: list[str] = []
    tables: dict[str, TableRule] = {}
    returning: Literal["written", "visible"] = "written"
    limits: _LimitsRule | None = None


_ROLES = TypeAdapter(dict[str, _RoleRule])


def read_roles(raw: Mapping[str, object], tenant: Tenant | None = None, source: str = "") -> Roles:
    """The roles of a file's `roles`, each with its `tenant`; `source` is the file. Raises `RulesFileError`."""
    read = _validated(_ROLES, raw, "roles")
    roles = _Roles(read)
    return {name: replace(roles.role(name), tenant=tenant, source=source) for name in read}


def _validated(adapter: TypeAdapter[Any], raw: object, place: str) -> Any:
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        entry, _, what = first_complaint(error).partition(": ")
        where = place if entry == "the file" else f"{place}.{entry}"
        raise RulesFileError(f"{where}: {what}") from None


class _Roles:
    """The roles of a file, what they have of one another put in its place."""

    def __init__(self, read: Mapping[str, _RoleRule]) -> None:
        self._read = read
        self._known: dict[str, dict[str, TablePermissions]] = {}

    def role(self, name: str) -> RolePermissions:
        """The permissions of one role."""
        if name in (ADMIN_ROLE, ""):
            what = f"the role {name}" if name else "no role"
            raise RulesFileError(f"roles.{name}: no rules can be written for {what}")
        read = self._read[name]
        tables = self._tables(name, ())
        return RolePermissions(name, tables, read.returning == "visible", limits=self._limits(name))

    def _tables(self, name: str, below: tuple[str, ...]) -> dict[str, TablePermissions]:
        """The role's own permissions, then those that it inherits, the first parent's first."""
        if name not in self._known:
            found = {table: permissions_of(each) for table, each in self._read[name].tables.items()}
            parents = {each: self._tables(each, (name, *below)) for each in self._parents(name, "role_set", below)}
            found = together(found, parents)
            for parent in self._parents(name, "inherits", below):
                for table, each_ in self._tables(parent, (name, *below)).items():
                    found[table] = either_of(found.get(table, TablePermissions()), each_)
            self._known[name] = found
        return self._known[name]

    def _parents(self, name: str, key: Literal["inherits", "role_set"], below: tuple[str, ...]) -> Iterator[str]:
        for place, parent in enumerate(getattr(self._read[name], key)):
            where = f"roles.{name}.{key}.{place}"
            if parent not in self._read:
                raise RulesFileError(f"{where}: there is no role '{parent}'")
            if parent in (name, *below):
                raise RulesFileError(f"{where}: '{parent}' inherits from '{name}' itself")
            yield parent

    def _limits(self, name: str) -> RoleLimits:
        """The role's own, or those of the first that it inherits from and that has any."""
        limits = self._read[name].limits
        if limits is not None:
            return RoleLimits(limits.max_depth, limits.max_limit, limits.max_cost, limits.rate)
        found = (self._limits(each) for each in self._read[name].inherits)
        return next((each for each in found if each != NO_LIMITS), NO_LIMITS)


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
