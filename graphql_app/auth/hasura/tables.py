"""A table of Hasura's metadata -> its names, its relations, and what each role may do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from pydantic import ValidationError

from graphql_app.auth.hasura.source import Node
from graphql_app.auth.permissions import TablePermissions
from graphql_app.auth.rules_file import ACTION_RULES, TableRule, permissions_of
from graphql_app.config.overrides_file import first_complaint
from schema_gen.catalog.model import ForeignKey
from schema_gen.catalog.overrides import RelationNaming, TableNaming
from schema_gen.names.identifiers import is_legal

ACTIONS: Final = ("select", "insert", "update", "delete")
_KNOWN: Final = frozenset(
    {"table", "object_relationships", "array_relationships", "configuration", "comment"}
    | {f"{action}_permissions" for action in ACTIONS}
)
_CONFIGURATION: Final = frozenset({"custom_name", "column_config", "custom_column_names", "comment"})


@dataclass(slots=True)
class TableMetadata:
    """What is said of one table; `keys` are relations that it needs and the database may not declare."""

    name: str
    naming: TableNaming = field(default_factory=TableNaming)
    keys: list[ForeignKey] = field(default_factory=list)
    roles: dict[str, TablePermissions] = field(default_factory=dict)


def table_name(node: Node) -> str:
    """A table's name: a text, `{schema, name}`, or the list of both. Its schema is the database that is served."""
    if isinstance(node.value, str):
        return node.text()
    if isinstance(node.value, list) and node.value:
        return list(node.items())[-1].text()
    node.refuse_all_but({"name", "schema"})
    return node.need("name").text()


def read_table(node: Node) -> TableMetadata:
    """One entry of `tables`. Raises `MetadataError`."""
    node.refuse_all_but(_KNOWN)
    found = TableMetadata(table_name(node.need("table")))
    relations = [*_relations(node, "object_relationships", found), *_relations(node, "array_relationships", found)]
    found.naming = replace(_naming(node), by_columns=tuple(relations))
    for action in ACTIONS:
        for entry in _list(node, f"{action}_permissions"):
            _permission(entry, action, found.roles)
    return found


# --- names -------------------------------------------------------------------


def _naming(node: Node) -> TableNaming:
    given = node.get("configuration")
    if given is None:
        return TableNaming()
    given.refuse_all_but(_CONFIGURATION)
    name = given.get("custom_name")
    columns = {key: _legal(each) for key, each in _columns(given)}
    return TableNaming("" if name is None else _legal(name), columns)


def _columns(given: Node) -> Iterator[tuple[str, Node]]:
    older, newer = given.get("custom_column_names"), given.get("column_config")
    if older is not None:
        yield from ((key, older.need(key)) for key in older.object())
    for key in newer.object() if newer is not None else ():
        assert newer is not None
        column = newer.get(key)
        if column is not None:
            column.refuse_all_but({"custom_name", "comment"})
            name = column.get("custom_name")
            if name is not None:
                yield key, name


def _legal(node: Node) -> str:
    name = node.text()
    if not is_legal(name):
        node.wrong(f"'{name}' is no name that GraphQL takes")
    return name


# --- relations ---------------------------------------------------------------


def _relations(node: Node, kind: str, found: TableMetadata) -> Iterator[RelationNaming]:
    for entry in _list(node, kind):
        entry.refuse_all_but({"name", "using", "comment"})
        name = _legal(entry.need("name"))
        using = entry.need("using")
        using.refuse_all_but({"foreign_key_constraint_on", "manual_configuration"})
        manual = using.get("manual_configuration")
        if manual is not None:
            yield _by_hand(name, manual, found, to_one=kind.startswith("object"))
        else:
            yield _by_key(name, using.need("foreign_key_constraint_on"), to_one=kind.startswith("object"))


def _by_key(name: str, node: Node, *, to_one: bool) -> RelationNaming:
    """The relation over a foreign key: of the table's own columns, or of another table's."""
    if not isinstance(node.value, dict):
        if not to_one:
            node.wrong("takes a table and its columns")
        return RelationNaming(name, columns=_names(node), to_one=True)
    node.refuse_all_but({"table", "column", "columns"})
    key = "columns" if "columns" in node.value else "column"
    far, columns = table_name(node.need("table")), _names(node.need(key))
    return RelationNaming(name, to_table=far, to_columns=columns, to_one=to_one)


def _by_hand(name: str, node: Node, found: TableMetadata, *, to_one: bool) -> RelationNaming:
    """A relation that no foreign key is needed for; the side that has one row of the other refers to it."""
    node.refuse_all_but({"remote_table", "column_mapping", "source"})
    mapping = node.need("column_mapping")
    near = tuple(mapping.object())
    far = tuple(mapping.need(each).text() for each in near)
    table = table_name(node.need("remote_table"))
    if to_one:
        found.keys.append(ForeignKey("", found.name, near, table, far, enforced=False))
    else:
        found.keys.append(ForeignKey("", table, far, found.name, near, enforced=False))
    return RelationNaming(name, near, table, far, to_one)


def _names(node: Node) -> tuple[str, ...]:
    return (node.text(),) if isinstance(node.value, str) else tuple(each.text() for each in node.items())


# --- permissions -------------------------------------------------------------


def _permission(entry: Node, action: str, roles: dict[str, TablePermissions]) -> None:
    entry.refuse_all_but({"role", "permission", "comment"})
    role, given = entry.need("role").text(), entry.need("permission")
    known = ACTION_RULES[action].model_fields.keys() - {"owner"}
    given.refuse_all_but(known)
    said = {key: value for key, value in given.object().items() if key in known}
    if action in ("insert", "update") and said.get("set", {}) is None:
        del said["set"]
    try:
        made = permissions_of(TableRule.model_validate({action: said}))
    except ValidationError as error:
        # The action is the first word of the entry, which stands in the metadata's own key.
        given.wrong(first_complaint(error).removeprefix(f"{action}.").removeprefix(f"{action}: "))
    before = roles.get(role, TablePermissions())
    if getattr(before, action) is not None:
        entry.wrong(f"the role '{role}' is there twice")
    roles[role] = replace(before, **{action: getattr(made, action)})


def _list(node: Node, key: str) -> Iterator[Node]:
    found = node.get(key)
    return iter(()) if found is None else found.items()
