"""The structure of the database as JSON for the start page: tables, rows, columns, relations, a first query of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from schema_gen.catalog.model import Catalog, Column, ForeignKey, Table
from schema_gen.graphql.root_rules import may_query
from schema_gen.names.naming import Names, TableNames
from schema_gen.strawberry_core.roles import Action

Json = dict[str, Any]

FIRST_ROWS = 10
FIRST_COLUMNS = 6
"""How much a first query asks for: enough to see what a table holds, too little to wait for."""


def structure(catalog: Catalog, names: Names, *, graphiql: bool, roles: Iterable[str] | None = None) -> Json:
    """What the start page shows of `catalog`; `graphiql` says whether it may link there.

    `roles` are those that the caller may look as; None where there are none.
    """
    references: dict[str, list[ForeignKey]] = {}
    for each in catalog.foreign_keys:
        if each.to_table in catalog.tables:
            references.setdefault(each.table, []).append(each)
    return {
        "database": catalog.database,
        "graphiql": graphiql,
        "roles": None if roles is None else list(roles),
        "tables": [_table(catalog, table, names, references.get(table.name, ())) for table in catalog],
        "skipped": [{"name": each.name, "reason": each.reason} for each in catalog.skipped],
    }


def _table(catalog: Catalog, table: Table, names: Names, references: Iterable[ForeignKey]) -> Json:
    """One table, with the columns that the caller may read or give; `path` is how it is spelt in an address."""
    key = {column.name for column in table.key_columns}
    return {
        "name": table.name,
        "path": quote(table.name, safe=""),
        "kind": table.kind.value,
        "comment": table.comment,
        "rows": table.estimated_rows,
        "writable": table.may_insert or table.may_update or table.may_delete,
        "columns": [_column(each, each.name in key) for each in table.known.values()],
        "references": [
            {"columns": list(each.columns), "table": each.to_table, "to": list(each.to_columns)} for each in references
        ],
        "query": first_query(catalog, table, names),
    }


def _column(column: Column, key: bool) -> Json:
    return {
        "name": column.name,
        "type": column.type.declared or column.type.base,
        "null": column.nullable,
        "key": key,
        "comment": column.comment,
    }


def first_query(catalog: Catalog, table: Table, names: Names) -> str:
    """A GraphQL query of a table's first rows, with one relation followed, as a person would begin.

    Nothing where the caller cannot list them.
    """
    if not may_query(table, Action.LIST) or not table.columns:
        return ""
    named = names.table(table.name)
    lines = [*_plain(table, named), *_related(catalog, table, names)]
    fields = "\n".join(f"    {line}" for line in lines) or "    __typename"
    return f"query {{\n  {named.roots.list}(limit: {FIRST_ROWS}) {{\n{fields}\n  }}\n}}\n"


def _plain(table: Table, named: TableNames) -> list[str]:
    """The first columns, the key's before others."""
    key = {column.name for column in table.key_columns}
    columns = sorted(table.columns, key=lambda name: name not in key)
    return [named.columns[name] for name in columns[:FIRST_COLUMNS]]


def _related(catalog: Catalog, table: Table, names: Names) -> list[str]:
    """The first relation to another table, with a column or two of it: a list before an object."""
    far = [each for each in table.relations.values() if each.to_table != table.name]
    others = [each for each in far if catalog.target(each).columns]
    relation = min(others, key=lambda each: each.to_one, default=None)
    if relation is None:
        return []
    columns = _plain(catalog.target(relation), names.table(relation.to_table))[:2]
    arguments = "" if relation.to_one else "(limit: 3)"
    name = names.table(table.name).relations[relation.name]
    return [f"{name}{arguments} {{ {' '.join(columns)} }}"]
