"""The root fields: one small function per action says what it answers, what it takes, and where it does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from schema_gen.graphql.connections import connection, connection_arguments
from schema_gen.graphql.filters import bool_exp, key_arguments, list_arguments
from schema_gen.graphql.groups import group, group_arguments
from schema_gen.graphql.objects import aggregate, mutation_response, row
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.streams import stream_arguments
from schema_gen.graphql.table_view import TablePart
from schema_gen.graphql.type_registry import Arguments, TypeBook, arguments
from schema_gen.graphql.write_inputs import (
    change_inputs,
    insert_input,
    on_conflict,
    pk_columns_input,
    updates_input,
)
from schema_gen.names.naming import RootName
from schema_gen.strawberry_core.definitions import AnyType, GeneratedField, RootDefinition
from schema_gen.strawberry_core.lazy_mapping import Growing
from schema_gen.strawberry_core.roles import ROOT_FIELD, Action, Argument, ArgumentMeaning, Meaning, Part, RootField


@dataclass(frozen=True, slots=True)
class Root:
    """A root field of one table."""

    type: AnyType
    arguments: Arguments
    description: str


RootMaker = Callable[[TypeBook, TablePart], Root | None]

# --- reads ------------------------------------------------------------------


def _list(book: TypeBook, part: TablePart) -> Root:
    return Root(
        book.pool.list_of(row(book, part)),
        list_arguments(book, part),
        part.table.comment or f"Rows of {part.table.name}",
    )


def _by_pk(book: TypeBook, part: TablePart) -> Root | None:
    if not part.key:
        return None
    type_ = book.pool.optional(row(book, part))
    return Root(type_, key_arguments(book, part), f"One row of {part.table.name} by its primary key")


def _aggregate(book: TypeBook, part: TablePart) -> Root:
    return Root(aggregate(book, part), list_arguments(book, part), f"Figures over rows of {part.table.name}")


def _connection(book: TypeBook, part: TablePart) -> Root | None:
    if not part.key:
        return None
    text = f"Rows of {part.table.name} page by page, by keyset"
    return Root(connection(book, part), connection_arguments(book, part), text)


def _group(book: TypeBook, part: TablePart) -> Root:
    text = f"Rows of {part.table.name} in groups"
    return Root(book.pool.list_of(group(book, part)), group_arguments(book, part), text)


# --- subscriptions ----------------------------------------------------------


def _stream(book: TypeBook, part: TablePart) -> Root | None:
    if not part.key or not part.sortable:
        return None
    text = f"Rows of {part.table.name} beyond a cursor, in batches, and those that are added later"
    return Root(book.pool.list_of(row(book, part)), stream_arguments(book, part), text)


# --- writes -----------------------------------------------------------------


def _insert(book: TypeBook, part: TablePart) -> Root | None:
    new = insert_input(book, part)
    if new is None:
        return None
    objects = (book.word("objects"), book.pool.list_of(new), Argument.OBJECTS)
    given = arguments(book.pool, [objects, *_conflict(book, part)])
    return _many(book, part, given, f"Insert rows into {part.table.name}")


def _insert_one(book: TypeBook, part: TablePart) -> Root | None:
    new = insert_input(book, part)
    if new is None:
        return None
    given = arguments(book.pool, [(book.word("object"), new, Argument.OBJECT), *_conflict(book, part)])
    return _one(book, part, given, f"Insert one row into {part.table.name}")


def _conflict(book: TypeBook, part: TablePart) -> list[tuple[str, AnyType, ArgumentMeaning]]:
    type_ = on_conflict(book, part)
    return [(book.word("on_conflict"), book.pool.optional(type_), Argument.ON_CONFLICT)] if type_ else []


def _update_many(book: TypeBook, part: TablePart) -> Root | None:
    if not part.settable:
        return None
    updates = ("updates", book.pool.list_of(updates_input(book, part)), Argument.UPDATES)
    given = arguments(book.pool, [_most(book), updates])
    result = book.pool.optional(book.pool.list_of(mutation_response(book, part)))
    return Root(result, given, f"Update rows of {part.table.name}, each set in its own way, in order")


def _update(book: TypeBook, part: TablePart) -> Root | None:
    changes = _changes(book, part)
    if not changes:
        return None
    where = (book.word("where"), bool_exp(book, part), Argument.WHERE)
    given = arguments(book.pool, [*changes, _most(book), where])
    return _many(book, part, given, f"Update the rows of {part.table.name} that meet a condition")


def _update_by_pk(book: TypeBook, part: TablePart) -> Root | None:
    changes = _changes(book, part)
    if not changes or not part.key:
        return None
    key = (book.word("pk_columns"), pk_columns_input(book, part), Argument.PK_COLUMNS)
    given = arguments(book.pool, [*changes, key])
    return _one(book, part, given, f"Update one row of {part.table.name} by its primary key")


def _delete(book: TypeBook, part: TablePart) -> Root:
    given = arguments(book.pool, [_most(book), (book.word("where"), bool_exp(book, part), Argument.WHERE)])
    return _many(book, part, given, f"Delete the rows of {part.table.name} that meet a condition")


def _delete_by_pk(book: TypeBook, part: TablePart) -> Root | None:
    if not part.key:
        return None
    return _one(book, part, key_arguments(book, part), f"Delete one row of {part.table.name} by its primary key")


def _changes(book: TypeBook, part: TablePart) -> list[tuple[str, AnyType, ArgumentMeaning]]:
    found = change_inputs(book, part)
    return [(book.word(argument.value), book.pool.optional(type_), argument) for argument, type_ in found]


def _most(book: TypeBook) -> tuple[str, AnyType, ArgumentMeaning]:
    """The argument that guards against changing more rows than meant."""
    return book.word("max_affected"), book.pool.optional(SCALAR_TYPES["Int"]), Argument.MAX_AFFECTED


def _many(book: TypeBook, part: TablePart, given: Arguments, description: str) -> Root:
    return Root(book.pool.optional(mutation_response(book, part)), given, description)


def _one(book: TypeBook, part: TablePart, given: Arguments, description: str) -> Root:
    return Root(book.pool.optional(row(book, part)), given, description)


# --- the root types ---------------------------------------------------------

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


def query_root(book: TypeBook) -> RootDefinition:
    """The type of all reads. A database without tables has one field that says so."""
    owner = book.type_word("query_root")
    if not book.catalog.tables:
        return _nothing(book, owner)
    return _root_type(book, owner, QUERIES, book.names.queries)


def subscription_root(book: TypeBook, query: RootDefinition) -> RootDefinition:
    """The type of all reads that stay live: the fields of the query root themselves, and streams."""
    owner = book.type_word("subscription_root")
    if not book.catalog.tables:
        return _nothing(book, owner)

    def of_query(name: str) -> GeneratedField | None:
        found = query.by_name.get(name)
        if found is not None:
            book.arguments[owner, name] = book.arguments[query.name, name]
        return found

    return _root_type(book, owner, {**QUERIES, **STREAMS}, book.names.queries, of_query)


def mutation_root(book: TypeBook) -> RootDefinition | None:
    """The type of all writes; none where nothing can be written."""
    if not any(table.writable for table in book.catalog):
        return None
    return _root_type(book, book.type_word("mutation_root"), MUTATIONS, book.names.mutations)


def _root_type(
    book: TypeBook,
    owner: str,
    makers: Mapping[Action, RootMaker],
    known: Mapping[str, RootName],
    other: Callable[[str], GeneratedField | None] = lambda _name: None,
) -> RootDefinition:
    """A root type of the fields that `makers` make of each table; those that `other` has are taken from it."""

    def make(name: str) -> GeneratedField | None:
        return other(name) or own(name)

    def own(name: str) -> GeneratedField | None:
        found = known.get(name)
        maker = makers.get(Action(found.kind)) if found else None
        if found is None or maker is None:
            return None
        part = book.part(found.table)
        root = maker(book, part) if makers is not MUTATIONS or part.table.writable else None
        if root is None:
            return None
        meaning = RootField(found.table, Action(found.kind))
        book.arguments[owner, name] = root.arguments.meanings
        return book.pool.field_with(name, root.type, root.arguments.made, root.description, {ROOT_FIELD: meaning})

    fields = Growing(make, lambda: _root_names(book, makers))
    return book.root(RootDefinition(owner, fields), Growing(lambda name: _meaning(fields.get(name)), lambda: fields))


def _meaning(field: GeneratedField | None) -> Meaning | None:
    return None if field is None else field.metadata.get(ROOT_FIELD)


def _root_names(book: TypeBook, makers: Mapping[Action, RootMaker]) -> Iterator[str]:
    """The names of all root fields that there may be."""
    actions = [action.value for action in makers]
    return (getattr(book.names.table(table.name).roots, action) for table in book.catalog for action in actions)


def _nothing(book: TypeBook, owner: str) -> RootDefinition:
    text = "The database has no tables that can be served; this is always null"
    name = book.word("no_tables")
    field = book.pool.field(name, book.pool.optional(SCALAR_TYPES["String"]), text)
    return book.root(RootDefinition(owner, {name: field}), {name: Part.NO_TABLES})
