"""What a role may read of a table that it knows by REST. A table that it does not see at all is an unknown one."""

from __future__ import annotations

from typing import Final

from graphql_app.engine.request.bulk import BulkMode
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Table
from schema_gen.graphql.root_rules import may_mutate, may_query
from schema_gen.strawberry_core.roles import Action

_WORDS: Final = {Action.INSERT: "insert into", Action.UPDATE: "update", Action.DELETE: "delete from"}


def check_may_read(table: Table) -> None:
    """Raises `RequestError` (PERMISSION_DENIED) where lists of rows are not for the caller."""
    if not may_query(table, Action.LIST):
        raise RequestError(Code.PERMISSION_DENIED, f"The role may not read '{table.name}'")


def check_may_read_one(table: Table) -> None:
    """Raises `RequestError` (PERMISSION_DENIED) where single rows are not for the caller."""
    if not may_query(table, Action.BY_PK):
        raise RequestError(Code.PERMISSION_DENIED, f"The role may not read '{table.name}'")


def may_count(table: Table | None) -> bool:
    """Whether the number of rows is for the caller."""
    return table is not None and may_query(table, Action.AGGREGATE)


def check_may_write(table: Table, action: Action) -> None:
    """Raises `RequestError` (PERMISSION_DENIED) where the action is not for the caller: before anything is read."""
    if table.access is not None and not may_mutate(table, action):
        raise RequestError(Code.PERMISSION_DENIED, f"The role may not {_WORDS[action]} '{table.name}'")


def check_may_import(table: Table, mode: BulkMode) -> None:
    """Raises `RequestError` (PERMISSION_DENIED) where rows of a file are not for the caller to write."""
    inserts, updates = mode is not BulkMode.UPDATE, mode in (BulkMode.UPDATE, BulkMode.UPSERT)
    if (inserts and not table.may_insert) or (updates and not table.may_update):
        raise RequestError(Code.PERMISSION_DENIED, f"The role may not import into '{table.name}' by mode {mode}")
