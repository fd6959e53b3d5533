"""The catalog as a role sees it: what it may not see is not in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from types import MappingProxyType

from graphql_app.engine.plan.row_nodes import MaskedColumn
from graphql_app.engine.plan.rules import Rules
from schema_gen.catalog.model import Catalog, Column, ForeignKey, Key, Relation, Table, TableAccess


def view_of(
    catalog: Catalog, allowed: Mapping[str, TableAccess], readable: Mapping[str, Mapping[str, Column]], rules: Rules
) -> Catalog:
    """The view of tables that are `allowed`; `readable` are the columns that may be read of each.

    A `MaskedColumn` among them is in no key and no index: what it holds may not be told by these either.

    A to-one relation whose far row may be hidden by a rule is not required.
    """
    names = [name for name in catalog.tables if name in allowed]
    tables = {name: _table(allowed[name], readable[name], allowed, rules) for name in names}
    foreign_keys = tuple(each for each in catalog.foreign_keys if _shown(each, tables))
    seen = replace(
        catalog, tables=MappingProxyType(tables), foreign_keys=foreign_keys, skipped=(), notes=(), of_role=True
    )
    return replace(seen, fingerprint=shape_of_view(seen))


def _table(
    access: TableAccess, readable: Mapping[str, Column], allowed: Mapping[str, TableAccess], rules: Rules
) -> Table:
    full = access.full
    whole = frozenset(name for name, column in readable.items() if not isinstance(column, MaskedColumn))
    primary = _key(full.primary_key, whole)
    # A new row may meet a key whose columns it is given, by the client or by the rules.
    presets = (each.column.name for each in rules[full.name].insert_presets)
    given = whole.union(access.insertable or (), presets)
    return replace(
        full,
        columns=MappingProxyType({name: readable[name] for name in full.columns if name in readable}),
        primary_key=primary,
        unique_keys=tuple(key for key in full.keys if key != primary and set(key.columns) <= given),
        indexes=tuple(index for index in full.indexes if set(index.columns) <= whole),
        relations=MappingProxyType(dict(_relations(full, allowed, rules))),
        # A guess at the number of rows tells of hidden ones.
        estimated_rows=None,
        access=access,
    )


def _key(key: Key | None, readable: frozenset[str]) -> Key | None:
    return key if key is not None and set(key.columns) <= readable else None


def _relations(full: Table, allowed: Mapping[str, TableAccess], rules: Rules) -> Iterable[tuple[str, Relation]]:
    for name, relation in full.relations.items():
        far = allowed.get(relation.to_table)
        if far is None or not far.selectable:
            continue
        hidden = relation.to_table in rules and rules[relation.to_table].select.condition is not None
        yield name, replace(relation, required=False) if hidden and relation.required else relation


def _shown(key: ForeignKey, tables: Mapping[str, Table]) -> bool:
    near, far = tables.get(key.table), tables.get(key.to_table)
    if near is None or far is None:
        return False
    return near.columns.keys() >= set(key.columns) and far.columns.keys() >= set(key.to_columns)


def shape_of_view(view: Catalog) -> str:
    """What decides over the schema of a view: views of equal shapes of one catalog have the same schema."""
    words = blake2b(view.fingerprint.encode(), digest_size=16)
    for table in view:
        words.update(repr(_described(table)).encode())
    return words.hexdigest()


def _described(table: Table) -> tuple[object, ...]:
    access = table.access
    assert access is not None
    relations = [(name, each.required) for name, each in table.relations.items()]
    given = [None if each is None else list(each) for each in (access.insertable, access.updatable)]
    roots = [None if each is None else sorted(each) for each in (access.query_roots, access.subscription_roots)]
    flags = access.selectable, access.deletable, access.aggregates, access.update_sets
    keys = [key.name for key in table.keys]
    columns = [(name, each.nullable) for name, each in table.columns.items()]
    return table.name, columns, keys, relations, given, roots, flags


def named(columns: Mapping[str, Column], names: Iterable[str] | None) -> Mapping[str, Column]:
    """The columns of these names; all for None."""
    if names is None:
        return columns
    wanted = frozenset(names)
    return MappingProxyType({name: column for name, column in columns.items() if name in wanted})
