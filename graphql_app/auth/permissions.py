"""What roles may do, as the rules say it: values, in the database's names, conditions as read from the file.

A condition is a boolean expression in Hasura's words, as plain data: `{"user_id": {"_eq": "X-Hasura-User-Id"}}`.
`engine.access` resolves it against a catalog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from graphql_app.runtime.rate_limit import Rate

BoolExp = Mapping[str, object]
Names = frozenset[str] | None
"""Names of columns or root fields; None for all, those that are added later too."""


def any_of(filters: Sequence[BoolExp]) -> BoolExp:
    """What holds where one of these holds. Those that are written alike are one."""
    distinct = list({repr(each): each for each in filters}.values())
    return {} if {} in distinct else distinct[0] if len(distinct) == 1 else {"_or": distinct}


@dataclass(frozen=True, slots=True)
class CellPermission:
    """Columns, and the rows in which they may be read."""

    columns: Names
    filter: BoolExp


@dataclass(frozen=True, slots=True)
class SelectPermission:
    """Which rows and columns may be read. `limit` bounds lists, not aggregates.

    Where there are `cells`, a column may be read in the rows of those that name it only; elsewhere it is NULL.
    """

    columns: Names
    filter: BoolExp
    limit: int | None = None
    allow_aggregations: bool = False
    query_root_fields: Names = None
    subscription_root_fields: Names = None
    cells: tuple[CellPermission, ...] = ()


@dataclass(frozen=True, slots=True)
class InsertPermission:
    """Which columns a new row may be given, what it must be like afterwards, and what is set without being asked."""

    columns: Names
    check: BoolExp
    set: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    backend_only: bool = False


@dataclass(frozen=True, slots=True)
class UpdatePermission:
    """Which rows may be changed in which columns; `check` holds afterwards, None for no check."""

    columns: Names
    filter: BoolExp
    check: BoolExp | None = None
    set: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    backend_only: bool = False


@dataclass(frozen=True, slots=True)
class DeletePermission:
    """Which rows may be deleted."""

    filter: BoolExp
    backend_only: bool = False


@dataclass(frozen=True, slots=True)
class TablePermissions:
    """What a role may do with one table; None for what it may not."""

    select: SelectPermission | None = None
    insert: InsertPermission | None = None
    update: UpdatePermission | None = None
    delete: DeletePermission | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A column that holds whose row it is, in every table that has it, and the session variable that it equals."""

    column: str
    variable: str


CALLER: Final = "caller"
WHOLE_ROLE: Final = "role"
ADDRESS: Final = "address"
RateBy = str | tuple[str, ...]
"""Who shares a rate: `CALLER` none, all of the role, an `ADDRESS`, or callers with equal variables of these names."""


@dataclass(frozen=True, slots=True)
class RoleLimits:
    """What a role may ask at most, where it is less than the settings let everyone; None for what they say.

    The `rate` is that of each caller, or of those whom `rate_by` takes for one.
    """

    depth: int | None = None
    rows: int | None = None
    cost: int | None = None
    rate: Rate | None = None
    rate_by: RateBy = CALLER


NO_LIMITS = RoleLimits()


@dataclass(frozen=True, slots=True)
class RolePermissions:
    """A role: its tables by their names in the database, or by those that they are shown by.

    `returning_visible`: rows written are shown only where the role may read them. `tenant` is ANDed to every filter and
    check, and set by every insert. `source` is where the rules come from, for messages. `told`: the role may ask for
    the structure.
    """

    name: str
    tables: Mapping[str, TablePermissions]
    returning_visible: bool = False
    tenant: Tenant | None = None
    limits: RoleLimits = NO_LIMITS
    source: str = ""
    told: bool = True


Roles = Mapping[str, RolePermissions]
