"""Which root fields a table has, by what the caller may do with it: Hasura's words for Hasura's fields and for ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schema_gen.catalog.model import Table
from schema_gen.strawberry_core.roles import Action

_AGGREGATE: Final = "select_aggregate"
_READS: Final[Mapping[Action, str]] = {
    Action.LIST: "select",
    Action.CONNECTION: "select",
    Action.BY_PK: "select_by_pk",
    Action.AGGREGATE: _AGGREGATE,
    Action.GROUP: _AGGREGATE,
    Action.STREAM: "select_stream",
}
"""The word by which rules name the root fields of each action."""
_INSERTS: Final = frozenset({Action.INSERT, Action.INSERT_ONE})
_DELETES: Final = frozenset({Action.DELETE, Action.DELETE_BY_PK})


def may_query(table: Table, action: Action) -> bool:
    """Whether the table has a field of this action in the query root."""
    return _may_read(table, action, None if table.access is None else table.access.query_roots)


def may_subscribe(table: Table, action: Action) -> bool:
    """Whether it has one in the subscription root."""
    return _may_read(table, action, None if table.access is None else table.access.subscription_roots)


def _may_read(table: Table, action: Action, roots: frozenset[str] | None) -> bool:
    word = _READS[action]
    if roots is not None and word not in roots:
        return False
    return table.may_select and (word != _AGGREGATE or table.may_aggregate)


def may_mutate(table: Table, action: Action) -> bool:
    """Whether it has one in the mutation root."""
    if action in _INSERTS:
        return table.may_insert
    return table.may_delete if action in _DELETES else table.may_update
