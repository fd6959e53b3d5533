"""Hasura's metadata, version 3 -> relations, names and roles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from graphql_app.auth.hasura.limits import read_limits, read_untold
from graphql_app.auth.hasura.source import Node, read_source
from graphql_app.auth.hasura.tables import TableMetadata, read_table
from graphql_app.auth.identity import ADMIN_ROLE
from graphql_app.auth.inherited_roles import together
from graphql_app.auth.permissions import RolePermissions, Roles, TablePermissions
from schema_gen.catalog.overrides import Customization

KINDS: Final = ("mysql", "mysqlgdc", "mariadb")
"""Sources that are a database of ours."""
_HONOURED: Final = frozenset({"version", "sources", "api_limits", "inherited_roles", "graphql_schema_introspection"})
_WITHOUT_EFFECT: Final = frozenset({"query_collections", "backend_configs"})
"""What does nothing by itself, or says how Hasura connects to the database."""
_SOURCE: Final = frozenset({"name", "kind", "tables", "configuration"})


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the metadata says."""

    customization: Customization
    roles: Roles


def read_metadata(path: Path) -> Metadata:
    """The metadata at `path`, a directory or an export. Raises `MetadataError`."""
    document = read_source(path)
    version = document.need("version")
    if version.value != 3:
        version.wrong("it takes metadata of version 3")
    for name in ("actions", "custom_types"):
        _refuse_types(document.get(name))
    document.refuse_all_but(_HONOURED | _WITHOUT_EFFECT | {"actions", "custom_types"})
    tables = _tables(document.need("sources"))
    naming = {each.name: each.naming for each in tables}
    keys = tuple(key for each in tables for key in each.keys)
    return Metadata(Customization((), naming, keys), _roles(document, tables, path.name))


def _refuse_types(node: Node | None) -> None:
    """Actions and their types; both are written with empty lists where there are none."""
    if node is not None:
        node.refuse_all_but({"custom_types"})
        types = node.get("custom_types")
        if types is not None:
            types.refuse_all_but(())


def _tables(sources: Node) -> list[TableMetadata]:
    found = list(sources.items())
    if len(found) != 1:
        sources.wrong(f"it takes one database, and there are {len(found)}")
    (source,) = found
    kind = source.need("kind")
    if kind.text() not in KINDS:
        kind.wrong(f"'{kind.value}' is no database of this program; it takes {', '.join(KINDS)}")
    customization = source.get("customization")
    if customization is not None and customization.value != {"naming_convention": "hasura-default"}:
        customization.wrong("is not honoured here; take it out of the metadata")
    source.refuse_all_but(_SOURCE | {"customization"})
    tables: dict[str, TableMetadata] = {}
    for node in source.need("tables").items():
        table = read_table(node)
        if table.name in tables:
            node.wrong(f"the table '{table.name}' is there twice")
        tables[table.name] = table
    return list(tables.values())


# --- roles -------------------------------------------------------------------


def _roles(document: Node, tables: list[TableMetadata], source: str) -> Roles:
    by_role: dict[str, dict[str, TablePermissions]] = {}
    for table in tables:
        for role, permissions in table.roles.items():
            by_role.setdefault(role, {})[table.name] = permissions
    if ADMIN_ROLE in by_role:
        document.wrong(f"no rules can be written for the role {ADMIN_ROLE}")
    inherited = document.get("inherited_roles")
    if inherited is not None:
        _inherited(inherited, by_role)
    roles = {name: RolePermissions(name, given, source=source) for name, given in by_role.items()}
    limits, untold = read_limits(document.get("api_limits"), roles), read_untold(document)
    return {name: replace(role, limits=limits[name], told=name not in untold) for name, role in roles.items()}


def _inherited(node: Node, by_role: dict[str, dict[str, TablePermissions]]) -> None:
    """Adds roles that may do what several may together. One may be among the parents of another."""
    waiting: dict[str, Node] = {}
    for entry in node.items():
        entry.refuse_all_but({"role_name", "role_set", "comment"})
        name = entry.need("role_name").text()
        if name in waiting:
            entry.wrong(f"the role '{name}' is there twice")
        waiting[name] = entry
    while waiting:
        ready = [name for name, entry in waiting.items() if not waiting.keys() & set(_role_set(entry))]
        if not ready:
            next(iter(waiting.values())).wrong("the role inherits from itself")
        for name in ready:
            entry = waiting.pop(name)
            by_role[name] = together(by_role.get(name, {}), {each: by_role.get(each, {}) for each in _role_set(entry)})


def _role_set(entry: Node) -> list[str]:
    return [each.text() for each in entry.need("role_set").items()]
