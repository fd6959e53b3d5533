"""Types that are made only to be described: the generator's own, of parts that hold what introspection tells.

Strawberry's fields and graphql-core's types take three quarters of the time of an introspection, and nothing is ever
executed by them. The same generator gives the same types here from lighter parts; what graphql-core's resolvers say of
its types, the table below says of these. A test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, cast

import orjson
from graphql import FieldNode, GraphQLNamedType, GraphQLObjectType, GraphQLString, TypeKind, get_named_type
from graphql.execution.values import get_argument_values
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import EnumValue

from schema_gen.graphql.on_demand import LazySchemaTypes
from schema_gen.graphql.roots import root_types
from schema_gen.graphql.schema_class import CatalogSchema
from schema_gen.graphql.table_view import TableView
from schema_gen.graphql.type_registry import TypeRegistry
from schema_gen.introspection.writer import IntrospectionWriter, Plain, Write
from schema_gen.strawberry_core.definitions import (
    AnyType,
    DefinitionCache,
    GeneratedDefinition,
    GeneratedEnum,
    GeneratedField,
    RootDefinition,
)
from schema_gen.strawberry_core.roles import DEFAULT

_EMPTY: Final[Mapping[str, object]] = MappingProxyType({})


class _Optional:
    __slots__ = ("of_type",)

    def __init__(self, of_type: Any) -> None:
        self.of_type = of_type


class _List(_Optional):
    __slots__ = ()


class Wrapped:
    """A list of a type, or a type that is not null, as GraphQL shows it."""

    __slots__ = ("kind", "of_type")
    name = description = None

    def __init__(self, kind: TypeKind, of_type: object) -> None:
        self.kind = kind
        self.of_type = of_type


class DescribedField:
    """A field of an object or an input type, or an argument."""

    __slots__ = ("args", "description", "metadata", "python_name", "type")

    def __init__(
        self, name: str, type_: object, description: str, args: list[Any], metadata: Mapping[str, object]
    ) -> None:
        self.python_name = name
        self.type = type_
        self.description = description or None
        self.args = args
        self.metadata = metadata


class DescribedParts(DefinitionCache):
    """Makes the parts of types as `DefinitionCache` does, lighter ones. `scalar` gives the type of a scalar's class."""

    def __init__(self, scalar: Callable[[type], GraphQLNamedType]) -> None:
        super().__init__()
        self._scalar = scalar
        self._shown: dict[int, tuple[object, object]] = {}
        self._bare: dict[int, tuple[object, object]] = {}
        self._made: dict[tuple[str, int, str], DescribedField] = {}
        self.scalars: dict[str, GraphQLNamedType] = {}
        """Those that came up."""

    def optional(self, type_: AnyType) -> StrawberryOptional:
        """As `DefinitionCache.optional`."""
        found: Any = self._optionals.get(id(type_))
        if found is None:
            found = self._optionals[id(type_)] = cast(StrawberryOptional, _Optional(type_))
        return cast(StrawberryOptional, found)

    def list_of(self, type_: AnyType) -> StrawberryList:
        """As `DefinitionCache.list_of`."""
        found: Any = self._lists.get(id(type_))
        if found is None:
            found = self._lists[id(type_)] = cast(StrawberryList, _List(type_))
        return cast(StrawberryList, found)

    def field(self, name: str, type_: AnyType, description: str = "") -> GeneratedField:
        """As `DefinitionCache.field`."""
        key = (name, id(type_), description)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = DescribedField(name, self._type(type_), description, [], _EMPTY)
        return cast(GeneratedField, found)

    def field_with(
        self,
        name: str,
        type_: AnyType,
        arguments: list[StrawberryArgument],
        description: str = "",
        metadata: Mapping[str, object] | None = None,
    ) -> GeneratedField:
        """As `DefinitionCache.field_with`."""
        made = DescribedField(name, self._type(type_), description, arguments, metadata or _EMPTY)
        return cast(GeneratedField, made)

    def argument(self, name: str, type_: AnyType) -> StrawberryArgument:
        """As `DefinitionCache.argument`."""
        return cast(StrawberryArgument, self.field(name, type_))

    # What is remembered by identity is kept with it, so that no other thing gets its identity meanwhile.

    def _type(self, type_: Any) -> object:
        """A type as a field has it: not null, unless it is optional."""
        found = self._shown.get(id(type_))
        if found is None:
            if type_.__class__ is _Optional:
                made = self._nullable(type_.of_type)
            else:
                made = Wrapped(TypeKind.NON_NULL, self._nullable(type_))
            found = self._shown[id(type_)] = (type_, made)
        return found[1]

    def _nullable(self, type_: Any) -> object:
        if type_.__class__ in _NAMED:
            return type_
        found = self._bare.get(id(type_))
        if found is None:
            if type_.__class__ is _List:
                found = type_, Wrapped(TypeKind.LIST, self._type(type_.of_type))
            else:
                scalar = self._scalar(type_)
                self.scalars[scalar.name] = scalar
                found = type_, scalar
            self._bare[id(type_)] = found
        return found[1]


class DescribedTypes:
    """The types of some tables of a schema's catalog, of one without fields that a developer added."""

    def __init__(self, schema: CatalogSchema, views: dict[str, TableView]) -> None:
        """`views` are those of tables seen before; others are added."""
        registry = schema.growth.registry
        self._schema = schema
        from_type = schema.schema_converter.from_type
        self._parts = DescribedParts(lambda scalar: cast(GraphQLNamedType, from_type(scalar)))
        self._registry = TypeRegistry(registry.catalog, registry.names, pool=self._parts, views=views)
        self._growth = LazySchemaTypes(self._registry, root_types(self._registry))
        self._roots = {root.name: root for root in self._growth.roots}

    def of_table(self, table: str) -> Iterable[object]:
        """Every type that belongs to a table."""
        return self._growth.of_table(table)

    def shared(self) -> Iterator[Any]:
        """Types made so far that belong to no table."""
        tables = self._registry.type_tables
        for name, each in tuple(self._registry.types.items()):
            if not tables.get(name) and name not in self._roots:
                yield each
        yield from tuple(self._parts.scalars.values())

    def root(self, name: str, fields: Iterable[str]) -> object:
        """A root type that has these fields alone, as far as there are such."""
        made, by_name = GeneratedDefinition(name), self._roots[name].by_name
        made.fields = [found for each in fields if (found := by_name.get(each)) is not None]
        return made

    def writer(self, plain: Plain) -> IntrospectionWriter:
        """A writer of these types."""
        return plain.writer(self._schema.graphql, DescribedWriter)


class DescribedWriter(IntrospectionWriter):
    """Writes these types, and graphql-core's own where they come up between."""

    __slots__ = ()

    def object(self, type_: GraphQLObjectType, fields: Mapping[str, list[FieldNode]]) -> Write:
        """As `IntrospectionWriter.object`; what is the same of all of a kind is one text."""
        keys = [orjson.dumps(key) + b":" for key in fields]
        names = [nodes[0].name.value for nodes in fields.values()]
        pairs = [self._both(type_, nodes) for nodes in fields.values()]
        own, others = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        ours = {each: _joined(keys, own, names, same) for each, same in _SAME.get(type_.name, {}).items()}
        core = _joined(keys, others, names, {})
        known: dict[int | tuple[str, int], bytes] = self.remembering()

        def write(value: Any) -> bytes:
            # graphql-core's fields and arguments are (name, definition) pairs made for each question.
            identity = (value[0], id(value[1])) if value.__class__ is tuple else id(value)
            text = known.get(identity)
            if text is None:
                members, end = ours.get(value.__class__, core)
                text = known[identity] = b"".join([before + part(value) for before, part in members]) + end
                self.effort.spend(len(text))
            return text

        return write

    def member(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Write:
        """As `IntrospectionWriter.member`."""
        own, core = self._both(type_, nodes)
        return core if own is core else lambda value: (own if value.__class__ in _OURS else core)(value)

    def _both(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> tuple[Write, Write]:
        """How a field of one of our values is written, and of one of graphql-core's."""
        name = nodes[0].name.value
        tell = _TOLD.get(type_.name, {}).get(name)
        if tell is None:
            write = super().member(type_, nodes)
            return write, write
        definition = type_.fields[name]
        arguments = get_argument_values(definition, nodes[0], self.variables)
        resolve, info, write = (
            cast(Callable[..., Any], definition.resolve),
            self.info,
            self.value(definition.type, nodes),
        )
        own, once = tell, self._once(write) if name in _LISTS else write
        if get_named_type(definition.type) is GraphQLString:
            once = orjson.dumps  # as it is, also what is null
        return lambda value: once(own(value)), lambda value: write(resolve(value, info, **arguments))

    def _once(self, write: Write) -> Write:
        """Types that share their list of fields share its text."""
        known: dict[int, tuple[object, bytes]] = self.remembering()

        def remembered(value: Any) -> bytes:
            found = known.get(id(value))
            if found is None:
                found = known[id(value)] = value, write(value)
            return found[1]

        return remembered


def _joined(
    keys: list[bytes], parts: list[Write], names: list[str], same: Mapping[str, bytes]
) -> tuple[list[tuple[bytes, Write]], bytes]:
    """Members with the text before each, and the text behind the last, where those called as in `same` are known."""
    found: list[tuple[bytes, Write]] = []
    text = b"{"
    for key, part, name in zip(keys, parts, names, strict=True):
        text += b"," + key if found or text != b"{" else key
        if name in same:
            text += same[name]
        else:
            found.append((text, part))
            text = b""
    return found, text + b"}"


_NAMED: Final = frozenset({GeneratedDefinition, RootDefinition, GeneratedEnum})
_OURS: Final = _NAMED | {Wrapped, DescribedField, EnumValue}
_LISTS: Final = frozenset({"fields", "inputFields"})


def _kind(type_: Any) -> TypeKind:
    if type_.__class__ is Wrapped:
        return type_.kind
    if type_.__class__ is GeneratedEnum:
        return TypeKind.ENUM
    return TypeKind.INPUT_OBJECT if type_.is_input else TypeKind.OBJECT


def _fields(type_: Any, *, is_input: bool) -> object:
    definition = type_.__class__ is GeneratedDefinition or type_.__class__ is RootDefinition
    return type_.fields if definition and type_.is_input is is_input else None


def _default(value: DescribedField) -> str | None:
    default = value.metadata.get(DEFAULT)
    if default is None:
        return None
    assert default == [], "another default has another text"
    return "[]"


def _nothing(_value: object) -> None:
    return None


def _is_object(type_: Any) -> bool:
    return type_.__class__ in (GeneratedDefinition, RootDefinition) and not type_.is_input


_FIELD: Final[Mapping[str, Callable[[Any], object]]] = {
    "name": attrgetter("python_name"),
    "description": attrgetter("description"),
    "type": attrgetter("type"),
    "isDeprecated": lambda _field: False,
    "deprecationReason": _nothing,
}
_TOLD: Final[Mapping[str, Mapping[str, Callable[[Any], object]]]] = {
    "__Type": {
        "kind": _kind,
        "name": attrgetter("name"),
        "description": attrgetter("description"),
        "specifiedByURL": _nothing,
        "fields": lambda type_: _fields(type_, is_input=False),
        "interfaces": lambda type_: [] if _is_object(type_) else None,
        "possibleTypes": _nothing,
        "enumValues": lambda type_: type_.values if type_.__class__ is GeneratedEnum else None,
        "inputFields": lambda type_: _fields(type_, is_input=True),
        "ofType": lambda type_: type_.of_type if type_.__class__ is Wrapped else None,
        "isOneOf": lambda type_: False if getattr(type_, "is_input", False) else None,
    },
    "__Field": {**_FIELD, "args": attrgetter("args")},
    "__InputValue": {**_FIELD, "defaultValue": _default},
    "__EnumValue": {
        "name": attrgetter("name"),
        "description": attrgetter("description"),
        "isDeprecated": lambda _value: False,
        "deprecationReason": _nothing,
    },
}
"""What graphql-core's resolvers say: of a field of introspection's own types, by its name."""

_NEVER_OLD: Final = {"isDeprecated": b"false", "deprecationReason": b"null"}
_NULL_OF_NAMED: Final = dict.fromkeys(("specifiedByURL", "possibleTypes", "ofType"), b"null")
_NULL_OF_WRAPPED: Final = dict.fromkeys(
    (*("name", "description", "specifiedByURL", "fields", "interfaces", "possibleTypes"),
     *("enumValues", "inputFields", "isOneOf")),
    b"null",
)  # fmt: skip
_SAME: Final[Mapping[str, Mapping[type, Mapping[str, bytes]]]] = {
    "__Type": {Wrapped: _NULL_OF_WRAPPED, **dict.fromkeys(_NAMED, _NULL_OF_NAMED)},
    "__Field": {DescribedField: _NEVER_OLD},
    "__InputValue": {DescribedField: _NEVER_OLD},
    "__EnumValue": {EnumValue: _NEVER_OLD},
}
"""What is the same of all of a kind: by the name of introspection's type, and by ours."""
