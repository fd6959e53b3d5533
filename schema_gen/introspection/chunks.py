"""The answer to an introspection query piece by piece: some tables at a time, each from a schema that is then let go.

A schema of a thousand tables, made as a whole, takes hundreds of megabytes and some seconds
in which nothing else runs well; its description is asked for now and then, and is always the same.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    SchemaMetaFieldDef,
    get_named_type,
    introspection_types,
)

from schema_gen.graphql.schema_class import CatalogSchema
from schema_gen.graphql.table_view import TableView
from schema_gen.introspection.described import DescribedTypes
from schema_gen.introspection.writer import (
    Effort,
    IntrospectionWriter,
    Plain,
    Write,
    plain_operation,
    root_selection,
    root_value,
)
from schema_gen.strawberry_core.core_types import ObjectType
from schema_gen.strawberry_core.lazy_mapping import LazyMapping

AT_ONCE = 4
"""Tables whose types are made at once."""
ROOTS_AT_ONCE = 10
"""Tables whose root fields are made at once."""
DESCRIBED_AT_ONCE = 16
"""Either, where they are made to be described alone: they take a quarter of the memory."""
MADE = 4_000
"""What it takes to make a type, or some root fields, in bytes written in the same time."""

_SCHEMA = cast(GraphQLObjectType, get_named_type(SchemaMetaFieldDef.type))
_TYPE = cast(GraphQLObjectType, introspection_types["__Type"])

Fresh = Callable[[], CatalogSchema]
"""Makes the schema anew, with no type made yet."""


def introspection_parts(
    fresh: Fresh,
    document: DocumentNode,
    operation_name: str | None = None,
    variables: Mapping[str, object] | None = None,
    effort: Effort | None = None,
    only: str | None = None,
) -> Iterator[bytes]:
    """The `data` of a validated operation that asks for nothing but the schema, piece by piece.

    `only` is the key of the one root field to answer, where others ask for more.

    Raises as `introspection_of`; what was given before is then to be forgotten.
    """
    plain = plain_operation(document, operation_name, variables, effort, only)
    schema = fresh()
    writer = plain.writer(schema.graphql)
    opening = b"{"
    for key, nodes in root_selection(writer, plain).items():
        yield opening + orjson.dumps(key) + b":"
        opening = b","
        if nodes[0].name.value == "__schema":
            yield from _schema_object(fresh, schema, plain, nodes)
        else:
            yield root_value(writer, nodes)
    yield b"{}" if opening == b"{" else b"}"


def _schema_object(fresh: Fresh, schema: CatalogSchema, plain: Plain, nodes: list[FieldNode]) -> Iterator[bytes]:
    writer, opening = plain.writer(schema.graphql), b"{"
    for key, members in writer.fields(_SCHEMA, nodes).items():
        yield opening + orjson.dumps(key) + b":"
        opening = b","
        if members[0].name.value == "types":
            yield from _Types(fresh, schema, plain, members).list()
        else:
            yield writer.member(_SCHEMA, members)(schema.graphql)
    yield b"{}" if opening == b"{" else b"}"


class Part(Protocol):
    """Types that are made to be written and then let go."""

    def writer(self, plain: Plain) -> IntrospectionWriter:
        """A writer of them."""
        ...

    def of_table(self, table: str) -> Iterable[Any]:
        """Every type that belongs to a table."""
        ...

    def shared(self) -> Iterable[Any]:
        """Types made so far that belong to no table."""
        ...

    def root(self, name: str, fields: Iterable[str]) -> Any:
        """A root type that has these fields alone, as far as there are such."""
        ...


@dataclass(frozen=True, slots=True)
class _CoreTypes:
    """graphql-core's types, as requests are executed by: where a developer added some by hand."""

    schema: CatalogSchema

    def writer(self, plain: Plain) -> IntrospectionWriter:
        return plain.writer(self.schema.graphql)

    def of_table(self, table: str) -> Iterable[Any]:
        return (self.schema.graphql.type_map[each.name] for each in self.schema.growth.of_table(table))

    def shared(self) -> Iterable[Any]:
        return self.schema.shared_types()

    def root(self, name: str, fields: Iterable[str]) -> Any:
        whole = cast(GraphQLObjectType, self.schema.graphql.type_map[name])
        some = {each: found for each in fields if (found := whole.fields.get(each)) is not None}
        return ObjectType(name, some, description=whole.description, extensions=whole.extensions)


@dataclass(frozen=True, slots=True)
class _Writing:
    """How types are written: a whole one, and the members of one with what stands before each."""

    writer: IntrospectionWriter
    whole: Write
    members: list[tuple[bytes, Write]]

    @classmethod
    def by(cls, writer: IntrospectionWriter, nodes: list[FieldNode]) -> _Writing:
        """By a writer, with the fields selected below `nodes`."""
        fields = writer.fields(_TYPE, nodes)
        return cls(writer, writer.object(_TYPE, fields), writer.parts(_TYPE, fields))


@dataclass(slots=True)
class _Types:
    """The list of all types."""

    fresh: Fresh
    schema: CatalogSchema
    plain: Plain
    nodes: list[FieldNode]
    written: set[str] = field(default_factory=set)
    views: dict[str, TableView] = field(default_factory=dict)
    described: _Writing | None = None
    """How types are written that are made to be described: worked out once, a fifth of all the work otherwise."""

    def list(self) -> Iterator[bytes]:
        """The list's text."""
        opening = b"["
        for piece in self._pieces():
            if piece:  # tables of which a role may do nothing have no types
                yield opening + piece
                opening = b","
        yield b"]"

    def _part(self) -> Part:
        return _CoreTypes(self.fresh()) if self.schema.hand_written else DescribedTypes(self.schema, self.views)

    def _at_once(self, most: int) -> int:
        return most if self.schema.hand_written else DESCRIBED_AT_ONCE

    def _pieces(self) -> Iterator[bytes]:
        """Texts of types; the root types each as one piece, for their fields are most of what is said of them."""
        core = _CoreTypes(self.schema)
        writing = self._writing(core)
        yield b",".join(self._types(writing, introspection_types.values()))
        for root in self.schema.growth.roots:
            yield b"".join(self._root(root.name))
        tables = tuple(self.schema.growth.registry.catalog.tables)
        step = self._at_once(AT_ONCE)
        for start in range(0, len(tables), step):
            with _let_go():
                piece = self._tables(tables[start : start + step])
            yield piece
        # Those that no table has: directives take them, or the roots of a database without tables.
        yield b",".join(self._shared(core, self._writing(core)))

    def _writing(self, part: Part) -> _Writing:
        """How the types of a part are written."""
        if not isinstance(part, DescribedTypes):
            return _Writing.by(part.writer(self.plain), self.nodes)
        if self.described is None:
            self.described = _Writing.by(part.writer(self.plain), self.nodes)
        return self.described

    def _tables(self, tables: Iterable[str]) -> bytes:
        part = self._part()
        writing = self._writing(part)
        own = [each for table in tables for each in part.of_table(table)]
        text = b",".join([*self._types(writing, own), *self._shared(part, writing)])
        writing.writer.forget()
        return text

    def _shared(self, part: Part, writing: _Writing) -> Iterator[bytes]:
        """The shared types that came up and were not written yet, and those that come up with them."""
        while new := [each for each in part.shared() if each.name not in self.written]:
            yield from self._types(writing, new)

    def _types(self, writing: _Writing, types: Iterable[Any]) -> Iterator[bytes]:
        for each in types:
            if each.name not in self.written:
                self.written.add(each.name)
                self.plain.effort.spend(MADE)
                getattr(each, "fields", None)  # the types of the fields come up, also if nobody asks for the fields
                yield writing.whole(each)

    def _root(self, name: str) -> Iterator[bytes]:
        """A root type, its fields made for some tables at a time."""
        opening = b"{"
        for place, (key, member) in enumerate(self._members()):
            yield opening + key
            opening = b","
            if member == "fields":
                texts = [self._root_part(name, fields, place)[1:-1] for fields in self._root_fields(name)]
                yield b"[" + b",".join(text for text in texts if text) + b"]"
            else:
                yield self._root_part(name, (), place)
        yield b"{}" if opening == b"{" else b"}"

    def _root_part(self, name: str, fields: Iterable[str], place: int) -> bytes:
        """One member of a root type that has these fields, as far as there are such."""
        self.plain.effort.spend(MADE)
        with _let_go():
            part = self._part()
            writing = self._writing(part)
            text = writing.members[place][1](part.root(name, fields))
            writing.writer.forget()
            return text

    def _members(self) -> Iterable[tuple[bytes, str]]:
        fields = self.plain.writer(self.schema.graphql).fields(_TYPE, self.nodes)
        return [(orjson.dumps(key) + b":", nodes[0].name.value) for key, nodes in fields.items()]

    def _root_fields(self, name: str) -> Iterator[Iterable[str]]:
        """The names of a root type's fields, hand-written ones first, then those of some tables at a time."""
        registry = self.schema.growth.registry
        root = next(root for root in self.schema.growth.roots if root.name == name)
        yield [self.schema.config.name_converter.from_field(each) for each in root.added]
        if not isinstance(root.by_name, LazyMapping):
            yield root.by_name
            return
        tables = [registry.names.table(table.name) for table in registry.catalog]
        step = self._at_once(ROOTS_AT_ONCE)
        for start in range(0, len(tables), step):
            some = tables[start : start + step]
            yield [getattr(each.roots, action) for each in some for action in type(each.roots).__slots__]


@contextmanager
def _let_go() -> Iterator[None]:
    """What is made inside refers to itself: it is looked for at the end, while it is young and quickly found."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        if enabled:
            gc.enable()
