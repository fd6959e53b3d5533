"""The root fields: one small function per action says what it answers, what it takes, and where it does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from schema_gen.catalog.model import Table
from schema_gen.graphql.connections import connection, connection_arguments
from schema_gen.graphql.filters import bool_exp, key_arguments, list_arguments
from schema_gen.graphql.groups import group, group_arguments
from schema_gen.graphql.objects import aggregate, mutation_response, row
from schema_gen.graphql.root_rules import may_mutate, may_query, may_subscribe
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.streams import stream_arguments
from schema_gen.graphql.table_view import TableView
from schema_gen.graphql.type_registry import Arguments, TypeRegistry, arguments
from schema_gen.graphql.write_inputs import (
    change_inputs,
    insert_input,
    on_conflict,
    pk_columns_input,
    updates_input,
)
from schema_gen.names.naming import RootName
from schema_gen.strawberry_core.definitions import AnyType, GeneratedField, RootDefinition
from schema_gen.strawberry_core.lazy_mapping import LazyMapping
from schema_gen.strawberry_core.roles import (
    ROOT_FIELD,
    Action,
    Argument,
    ArgumentRole,
    FieldRole,
    ResultField,
    RootField,
)


@dataclass(frozen=True, slots=True)
class RootBlueprint:
    """A root field of one table."""

    type: AnyType
    arguments: Arguments
    description: str


RootMaker = Callable[[TypeRegistry, TableView], RootBlueprint | None]

# --- reads ------------------------------------------------------------------


def _list(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    if not part.shows_rows:
        return None
    return RootBlueprint(
        registry.pool.list_of(row(registry, part)),
        list_arguments(registry, part),
        part.table.comment or f"Rows of {part.table.name}",
    )


def _by_pk(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    if not part.shows_rows or not part.key:
        return None
    type_ = registry.pool.optional(row(registry, part))
    return RootBlueprint(type_, key_arguments(registry, part), f"One row of {part.table.name} by its primary key")


def _aggregate(registry: TypeRegistry, part: TableView) -> RootBlueprint:
    return RootBlueprint(
        aggregate(registry, part), list_arguments(registry, part), f"Aggregates over rows of {part.table.name}"
    )


def _connection(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    if not part.shows_rows or not part.key:
        return None
    text = f"Rows of {part.table.name} page by page, by keyset"
    return RootBlueprint(connection(registry, part), connection_arguments(registry, part), text)


def _group(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    if not part.columns:
        return None
    text = f"Rows of {part.table.name} in groups"
    return RootBlueprint(registry.pool.list_of(group(registry, part)), group_arguments(registry, part), text)


# --- subscriptions ----------------------------------------------------------


def _stream(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    if not part.shows_rows or not part.key or not part.sortable:
        return None
    text = f"Rows of {part.table.name} beyond a cursor, in batches, and those that are added later"
    return RootBlueprint(registry.pool.list_of(row(registry, part)), stream_arguments(registry, part), text)


# --- writes -----------------------------------------------------------------


def _insert(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    new = insert_input(registry, part)
    if new is None:
        return None
    objects = (registry.word("objects"), registry.pool.list_of(new), Argument.OBJECTS)
    given = arguments(registry.pool, [objects, *_conflict(registry, part)])
    return _many(registry, part, given, f"Insert rows into {part.table.name}")


def _insert_one(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    new = insert_input(registry, part)
    if new is None or not part.shows_rows:
        return None
    given = arguments(registry.pool, [(registry.word("object"), new, Argument.OBJECT), *_conflict(registry, part)])
    return _one(registry, part, given, f"Insert one row into {part.table.name}")


def _conflict(registry: TypeRegistry, part: TableView) -> list[tuple[str, AnyType, ArgumentRole]]:
    type_ = on_conflict(registry, part)
    return [(registry.word("on_conflict"), registry.pool.optional(type_), Argument.ON_CONFLICT)] if type_ else []


def _update_many(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    if not part.updatable and not part.table.changes_by_itself:
        return None
    updates = ("updates", registry.pool.list_of(updates_input(registry, part)), Argument.UPDATES)
    given = arguments(registry.pool, [_most(registry), updates])
    result = registry.pool.optional(registry.pool.list_of(mutation_response(registry, part)))
    return RootBlueprint(result, given, f"Update rows of {part.table.name}, each set in its own way, in order")


def _update(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    changes = _changes(registry, part)
    if not changes and not part.table.changes_by_itself:
        return None
    where = (registry.word("where"), bool_exp(registry, part), Argument.WHERE)
    given = arguments(registry.pool, [*changes, _most(registry), where])
    return _many(registry, part, given, f"Update the rows of {part.table.name} that meet a condition")


def _update_by_pk(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    changes = _changes(registry, part)
    if not (changes or part.table.changes_by_itself) or not part.key or not part.shows_rows:
        return None
    key = (registry.word("pk_columns"), pk_columns_input(registry, part), Argument.PK_COLUMNS)
    given = arguments(registry.pool, [*changes, key])
    return _one(registry, part, given, f"Update one row of {part.table.name} by its primary key")


def _delete(registry: TypeRegistry, part: TableView) -> RootBlueprint:
    given = arguments(
        registry.pool, [_most(registry), (registry.word("where"), bool_exp(registry, part), Argument.WHERE)]
    )
    return _many(registry, part, given, f"Delete the rows of {part.table.name} that meet a condition")


def _delete_by_pk(registry: TypeRegistry, part: TableView) -> RootBlueprint | None:
    if not part.key or not part.shows_rows:
        return None
    return _one(
        registry, part, key_arguments(registry, part), f"Delete one row of {part.table.name} by its primary key"
    )


def _changes(registry: TypeRegistry, part: TableView) -> list[tuple[str, AnyType, ArgumentRole]]:
    found = change_inputs(registry, part)
    return [(registry.word(argument.value), registry.pool.optional(type_), argument) for argument, type_ in found]


def _most(registry: TypeRegistry) -> tuple[str, AnyType, ArgumentRole]:
    """The argument that guards against changing more rows than meant."""
    return registry.word("max_affected"), registry.pool.optional(SCALAR_TYPES["Int"]), Argument.MAX_AFFECTED


def _many(registry: TypeRegistry, part: TableView, given: Arguments, description: str) -> RootBlueprint:
    return RootBlueprint(registry.pool.optional(mutation_response(registry, part)), given, description)


def _one(registry: TypeRegistry, part: TableView, given: Arguments, description: str) -> RootBlueprint:
    return RootBlueprint(registry.pool.optional(row(registry, part)), given, description)


# --- the root types ---------------------------------------------------------


def root_types(registry: TypeRegistry) -> list[RootDefinition]:
    """The root types: queries, mutations where there are any, subscriptions."""
    query, mutation = query_root(registry), mutation_root(registry)
    subscription = subscription_root(registry, query)
    return [root for root in (query, mutation, subscription) if root is not None]


QUERIES: Final[Mapping[Action, RootMaker]] = {
    Action.LIST: _list,
    Action.BY_PK: _by_pk,
    Action.AGGREGATE: _aggregate,
    Action.CONNECTION: _connection,
    Action.GROUP: _group,
}
STREAMS: Final[Mapping[Action, RootMaker]] = {Action.STREAM: _stream}
MUTATIONS: Final[Mapping[Action, RootMaker]] = {
    Action.INSERT: _insert,
    Action.INSERT_ONE: _insert_one,
    Action.UPDATE: _update,
    Action.UPDATE_BY_PK: _update_by_pk,
    Action.UPDATE_MANY: _update_many,
    Action.DELETE: _delete,
    Action.DELETE_BY_PK: _delete_by_pk,
}


def query_root(registry: TypeRegistry) -> RootDefinition:
    """The type of all reads. Where nothing can be read it has one field that says so."""
    owner = registry.type_word("query_root")
    found = _root_type(registry, owner, QUERIES, registry.names.queries, may_query)
    return found or _nothing(registry, owner)


def subscription_root(registry: TypeRegistry, query: RootDefinition) -> RootDefinition:
    """The type of all reads that stay live: the fields of the query root themselves, and streams."""
    owner = registry.type_word("subscription_root")

    def of_query(name: str) -> GeneratedField | None:
        found = query.by_name.get(name)
        if found is not None:
            registry.arguments[owner, name] = registry.arguments[query.name, name]
        return found

    makers = {**QUERIES, **STREAMS}
    found = _root_type(registry, owner, makers, registry.names.queries, may_subscribe, of_query)
    return found or _nothing(registry, owner)


def mutation_root(registry: TypeRegistry) -> RootDefinition | None:
    """The type of all writes; none where nothing can be written."""
    owner = registry.type_word("mutation_root")
    return _root_type(registry, owner, MUTATIONS, registry.names.mutations, may_mutate)


def _root_type(
    registry: TypeRegistry,
    owner: str,
    makers: Mapping[Action, RootMaker],
    known: Mapping[str, RootName],
    may: Callable[[Table, Action], bool],
    other: Callable[[str], GeneratedField | None] = lambda _name: None,
) -> RootDefinition | None:
    """A root type of the fields that `makers` make of each table as far as the caller `may`; None without any.

    Those that `other` has are taken from it.
    """

    def make(name: str) -> GeneratedField | None:
        found = known.get(name)
        table = registry.catalog.tables.get(found.table) if found else None
        if found is None or table is None:
            return None
        action = Action(found.kind)
        return other(name) or own(name, found, action) if action in makers and may(table, action) else None

    def own(name: str, found: RootName, action: Action) -> GeneratedField | None:
        root = makers[action](registry, registry.part(found.table))
        if root is None:
            return None
        meaning = RootField(found.table, action)
        registry.arguments[owner, name] = root.arguments.field_roles
        return registry.pool.field_with(name, root.type, root.arguments.made, root.description, {ROOT_FIELD: meaning})

    fields = LazyMapping(make, lambda: _root_names(registry, makers))
    if not _has_any(registry, makers, may):
        return None
    return registry.root(
        RootDefinition(owner, fields), LazyMapping(lambda name: _meaning(fields.get(name)), lambda: fields)
    )


def _has_any(
    registry: TypeRegistry,
    makers: Mapping[Action, RootMaker],
    may: Callable[[Table, Action], bool],
) -> bool:
    """Whether a root type has fields. None is made to find that out, so that they stay in the catalog's order."""
    if not registry.of_role:
        return any(may(table, action) for table in registry.catalog for action in makers)
    return any(
        may(table, action) and maker(registry, registry.part(table.name)) is not None
        for table in registry.catalog
        for action, maker in makers.items()
    )


def _meaning(field: GeneratedField | None) -> FieldRole | None:
    return None if field is None else field.metadata.get(ROOT_FIELD)


def _root_names(registry: TypeRegistry, makers: Mapping[Action, RootMaker]) -> Iterator[str]:
    """The names of all root fields that there may be."""
    actions = [action.value for action in makers]
    return (getattr(registry.names.table(table.name).roots, action) for table in registry.catalog for action in actions)


def _nothing(registry: TypeRegistry, owner: str) -> RootDefinition:
    """The root of a database without tables, and that of a role that sees none, by Hasura's name."""
    hidden = registry.of_role
    text = "There are no queries for this role" if hidden else "The database has no tables that can be served"
    name = registry.word("no_queries_available" if hidden else "no_tables")
    string = registry.pool.optional(SCALAR_TYPES["String"])
    field = registry.pool.field(name, string, f"{text}; this is always null")
    return registry.root(RootDefinition(owner, {name: field}), {name: ResultField.NO_TABLES})
