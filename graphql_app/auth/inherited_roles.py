"""Hasura's inherited roles: what several roles may do together. Pure.

They read the rows that any of them reads, and write where all of them may write the same. Where they read different
columns of one table, each cell would have to be shown or hidden by itself: that is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from graphql_app.auth.permissions import Names, SelectPermission, TablePermissions

T = TypeVar("T")
Tables = Mapping[str, TablePermissions]


class InheritedRoleError(ValueError):
    """Roles cannot be put together; the text says which, and why."""


def either_of(own: TablePermissions, inherited: TablePermissions) -> TablePermissions:
    """What a role has itself; of the actions that it says nothing of, what it inherits."""
    return TablePermissions(
        own.select or inherited.select,
        own.insert or inherited.insert,
        own.update or inherited.update,
        own.delete or inherited.delete,
    )


def together(own: Tables, parents: Mapping[str, Tables]) -> dict[str, TablePermissions]:
    """What a role may do by itself, and where that says nothing, what these roles may do together.

    Raises `InheritedRoleError`.
    """
    names = dict.fromkeys([*own, *(table for tables in parents.values() for table in tables)])
    found = {}
    for name in names:
        said = own.get(name, TablePermissions())
        given = {role: tables.get(name) or TablePermissions() for role, tables in parents.items()}
        if said.select is not None:
            given = {role: replace(each, select=None) for role, each in given.items()}
        found[name] = either_of(said, _table(name, given)) if given else said
    return found


def _table(table: str, given: Mapping[str, TablePermissions]) -> TablePermissions:
    every = list(given.values())
    return TablePermissions(
        _select(table, {role: each.select for role, each in given.items() if each.select is not None}),
        _agreed([each.insert for each in every]),
        _agreed([each.update for each in every]),
        _agreed([each.delete for each in every]),
    )


def _agreed(given: Sequence[T]) -> T | None:
    """The permission that all have; None where one has none or another."""
    first = given[0]
    return first if all(each == first for each in given) else None


def _select(table: str, given: Mapping[str, SelectPermission]) -> SelectPermission | None:
    if not given:
        return None
    (first_role, first), *others = given.items()
    for role, each in others:
        if each.columns != first.columns:
            raise InheritedRoleError(
                f"'{first_role}' and '{role}' read different columns of '{table}', and a cell cannot be shown in some"
                " rows only: give both the same columns, or give the role a rule of its own for this table"
            )
    every = list(given.values())
    filters = [each.filter for each in every]
    distinct = [each for place, each in enumerate(filters) if repr(each) not in map(repr, filters[:place])]
    limits = [each.limit for each in every]
    return replace(
        first,
        filter={} if {} in distinct else distinct[0] if len(distinct) == 1 else {"_or": distinct},
        limit=None if None in limits else max(limit for limit in limits if limit is not None),
        allow_aggregations=any(each.allow_aggregations for each in every),
        query_root_fields=_any([each.query_root_fields for each in every]),
        subscription_root_fields=_any([each.subscription_root_fields for each in every]),
    )


def _any(given: Sequence[Names]) -> Names:
    found: frozenset[str] = frozenset()
    for each in given:
        if each is None:
            return None
        found |= each
    return found
