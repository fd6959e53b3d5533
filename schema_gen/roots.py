"""The root fields: one small function per action says what it answers, what it takes, and where it does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from schema_gen.connections import connection, connection_arguments
from schema_gen.definitions import AnyType, GeneratedDefinition
from schema_gen.groups import group, group_arguments
from schema_gen.inputs import bool_exp, key_arguments, list_arguments
from schema_gen.meanings import ROOT_FIELD, Action, Argument, ArgumentMeaning, Part, RootField
from schema_gen.outputs import aggregate, mutation_response, row
from schema_gen.scalars import SCALAR_TYPES
from schema_gen.streams import stream_arguments
from schema_gen.table_parts import TablePart
from schema_gen.type_book import Arguments, Entry, Shape, TypeBook, arguments, shape
from schema_gen.write_inputs import (
    change_inputs,
    insert_input,
    on_conflict,
    pk_columns_input,
    updates_input,
)


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


def query_root(book: TypeBook) -> GeneratedDefinition:
    """The type of all reads. A database without tables has one field that says so."""
    return book.object(book.word("query_root"), lambda: _queries(book))


def subscription_root(book: TypeBook) -> GeneratedDefinition:
    """The type of all reads that stay live: the fields of the query root themselves, and streams."""
    return book.object(book.word("subscription_root"), lambda: _subscriptions(book))


def mutation_root(book: TypeBook) -> GeneratedDefinition | None:
    """The type of all writes; none where nothing can be written."""
    if not any(table.writable for table in book.catalog):
        return None
    return book.object(book.word("mutation_root"), lambda: _roots(book, book.word("mutation_root"), MUTATIONS))


def _queries(book: TypeBook) -> Shape:
    owner = book.word("query_root")
    return book.shared("roots", owner, lambda: _roots(book, owner, QUERIES))


def _subscriptions(book: TypeBook) -> Shape:
    live, owner = _queries(book), book.word("subscription_root")
    for name in live.meanings:
        if (of_query := book.arguments.get((book.word("query_root"), name))) is not None:
            book.arguments[owner, name] = of_query
    streams = shape(_entries(book, owner, STREAMS))
    return Shape([*live.fields, *streams.fields], {**live.meanings, **streams.meanings})


def _roots(book: TypeBook, owner: str, makers: Mapping[Action, RootMaker]) -> Shape:
    found = shape(_entries(book, owner, makers))
    return found if found.fields else shape(_no_tables(book))


def _entries(book: TypeBook, owner: str, makers: Mapping[Action, RootMaker]) -> Iterator[Entry]:
    for table in book.catalog:
        if makers is MUTATIONS and not table.writable:
            continue
        part = book.part(table.name)
        for action, make in makers.items():
            root = make(book, part)
            if root is not None:
                yield _entry(book, owner, part, action, root)


def _entry(book: TypeBook, owner: str, part: TablePart, action: Action, root: Root) -> Entry:
    name: str = getattr(part.names.roots, action.value)
    meaning = RootField(part.table.name, action)
    book.arguments[owner, name] = root.arguments.meanings
    made = book.pool.field_with(name, root.type, root.arguments.made, root.description, {ROOT_FIELD: meaning})
    return made, meaning


def _no_tables(book: TypeBook) -> Iterator[Entry]:
    text = "The database has no tables that can be served; this is always null"
    name = book.word("no_tables")
    yield book.pool.field(name, book.pool.optional(SCALAR_TYPES["String"]), text), Part.NO_TABLES
