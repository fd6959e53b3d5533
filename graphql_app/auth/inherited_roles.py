"""Hasura's inherited roles: what several roles may do together. Pure.

They read the rows that any of them reads, and in each row the columns of those that read the row; they write where all
of them may write the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from graphql_app.auth.permissions import CellPermission, Names, SelectPermission, TablePermissions, any_of

T = TypeVar("T")
Tables = Mapping[str, TablePermissions]


def either_of(own: TablePermissions, inherited: TablePermissions) -> TablePermissions:
    """What a role has itself; of the actions that it says nothing of, what it inherits."""
    return TablePermissions(
        own.select or inherited.select,
        own.insert or inherited.insert,
        own.update or inherited.update,
        own.delete or inherited.delete,
    )


def together(own: Tables, parents: Mapping[str, Tables]) -> dict[str, TablePermissions]:
    """What a role may do by itself, and where that says nothing, what these roles may do together."""
    names = dict.fromkeys([*own, *(table for tables in parents.values() for table in tables)])
    found = {}
    for name in names:
        said = own.get(name, TablePermissions())
        given = [tables.get(name) or TablePermissions() for tables in parents.values()]
        found[name] = either_of(said, _table(given)) if given else said
    return found


def _table(every: Sequence[TablePermissions]) -> TablePermissions:
    return TablePermissions(
        _select([each.select for each in every if each.select is not None]),
        _agreed([each.insert for each in every]),
        _agreed([each.update for each in every]),
        _agreed([each.delete for each in every]),
    )


def _agreed(given: Sequence[T]) -> T | None:
    """The permission that all have; None where one has none or another."""
    first = given[0]
    return first if all(each == first for each in given) else None


def _select(given: Sequence[SelectPermission]) -> SelectPermission | None:
    if not given:
        return None
    limits = [each.limit for each in given]
    cells = tuple(cell for each in given for cell in each.cells or (CellPermission(each.columns, each.filter),))
    return SelectPermission(
        _any([each.columns for each in given]),
        any_of([each.filter for each in given]),
        None if None in limits else max(limit for limit in limits if limit is not None),
        any(each.allow_aggregations for each in given),
        _any([each.query_root_fields for each in given]),
        _any([each.subscription_root_fields for each in given]),
        cells if any(each.columns != cells[0].columns for each in cells) else (),
    )


def _any(given: Sequence[Names]) -> Names:
    found: frozenset[str] = frozenset()
    for each in given:
        if each is None:
            return None
        found |= each
    return found
