"""The structure of the database as JSON for the pages: tables, columns, relations, what the caller may do and how."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from schema_gen.catalog.model import Catalog, Column, ForeignKey, Table
from schema_gen.graphql.root_rules import may_mutate, may_query, may_subscribe
from schema_gen.names.naming import Names, TableNames
from schema_gen.strawberry_core.roles import Action
from schema_gen.types.column_types import type_of

Json = dict[str, Any]

READS = (Action.LIST, Action.CONNECTION, Action.AGGREGATE)
WRITES = (Action.INSERT, Action.UPDATE, Action.DELETE)
"""The root fields that the page of rows asks, where the caller has them."""
TYPES = ("bool_exp", "order_by", "insert_input", "set_input")
"""The types of the variables that it sends."""

FIRST_ROWS = 10
FIRST_COLUMNS = 6
"""How much a first query asks for: enough to see what a table holds, too little to wait for."""


def structure(catalog: Catalog, names: Names, *, graphiql: bool, roles: Iterable[str] | None = None) -> Json:
    """What the pages show of `catalog`; `graphiql` says whether they may link there.

    `roles` are those that the caller may look as; None where there are none.
    """
    references: dict[str, list[ForeignKey]] = {}
    for each in catalog.foreign_keys:
        if each.to_table in catalog.tables:
            references.setdefault(each.table, []).append(each)
    return {
        "database": catalog.database,
        "naming": names.style,
        "graphiql": graphiql,
        "roles": None if roles is None else list(roles),
        "tables": [_table(catalog, table, names, references.get(table.name, ())) for table in catalog],
        "skipped": [{"name": each.name, "reason": each.reason} for each in catalog.skipped],
    }


def _table(catalog: Catalog, table: Table, names: Names, references: Iterable[ForeignKey]) -> Json:
    """One table, with the columns that the caller may read or give; `path` is how it is spelt in an address."""
    key = {column.name for column in table.key_columns}
    named = names.table(table.name)
    return {
        "name": table.name,
        "path": quote(table.name, safe=""),
        "kind": table.kind.value,
        "comment": table.comment,
        "rows": table.estimated_rows,
        "writable": table.may_insert or table.may_update or table.may_delete,
        "columns": [_column(table, each, named, each.name in key) for each in table.known.values()],
        "keys": {each.name: list(each.columns) for each in table.keys},
        "references": [
            {"columns": list(each.columns), "table": each.to_table, "to": list(each.to_columns)} for each in references
        ],
        "query": first_query(catalog, table, names),
        "roots": _roots(table, named),
        "live": may_subscribe(table, Action.LIST),
        "types": {each: getattr(named.types, each) for each in TYPES},
    }


def _roots(table: Table, named: TableNames) -> Json:
    """The root fields that the caller has, by what they do."""
    reads = [each for each in READS if may_query(table, each) and _can(table, each)]
    writes = [each for each in WRITES if may_mutate(table, each)]
    return {each.value: getattr(named.roots, each.value) for each in (*reads, *writes)}


def _can(table: Table, action: Action) -> bool:
    """Pages by cursor need rows that can be told apart."""
    return bool(table.columns) and (action is not Action.CONNECTION or table.primary_key is not None)


def _column(table: Table, column: Column, named: TableNames, key: bool) -> Json:
    """One column; `may` are the letters of what the caller may do with it: read, insert, update."""
    row = type_of(column)
    known = {"r": table.columns, "i": table.insertable, "u": table.updatable}
    may = "".join(letter for letter, columns in known.items() if column.name in columns)
    told = {
        "name": column.name,
        "field": named.columns[column.name],
        "type": column.type.declared or column.type.base,
        "scalar": row.scalar,
        "may": may.replace("i", "").replace("u", "") if column.generated or not table.writable else may,
        "null": column.nullable,
        "key": key,
        "comment": column.comment,
    }
    if column.has_default:
        told["default"] = _default(column)
    if column.type.members:
        told["members"] = list(column.type.members)
    return told


def _default(column: Column) -> str:
    """What a new row has where nothing is given, in words or as the database declares it."""
    if column.auto_increment:
        return "counted by the database"
    if column.generated:
        return "made by the database"
    return "NULL" if column.default is None else column.default


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
