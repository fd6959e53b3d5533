"""Answers introspection as ready JSON, each description written once however often it is repeated.

graphql-core resolves an introspection query field by field, as any other: over a second
of its thread for a hundred tables. But the same types and fields are described in many
places; remembered by identity, the same comes out in a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, cast

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    get_named_type,
)
from graphql.execution.values import get_argument_values

_ROOTS: Final[Mapping[str, GraphQLField]] = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}

Write = Callable[[Any], bytes]
"""What a value of one type is as JSON."""


class NotPlain(Exception):
    """The operation asks for more than introspection, or with variables or directives: graphql-core's to answer."""


@dataclass(slots=True)
class Writer:
    """Writes the parts of one operation. Types of the schema must not go away before their writer."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    info: Any = field(init=False)

    def __post_init__(self) -> None:
        self.info = SimpleNamespace(schema=self.schema)

    def fields(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> dict[str, list[FieldNode]]:
        """The fields selected below `nodes`, by their keys, fragments expanded."""
        found: dict[str, list[FieldNode]] = {}
        for node in nodes:
            if node.selection_set:
                self.collect(type_, node.selection_set, found)
        return found

    def collect(self, type_: GraphQLObjectType, selected: SelectionSetNode, found: dict[str, list[FieldNode]]) -> None:
        """Adds the fields of `selected` to those found. Raises `NotPlain`."""
        for node in selected.selections:
            if node.directives:
                raise NotPlain
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
                continue
            inner = self.fragments.get(node.name.value) if isinstance(node, FragmentSpreadNode) else node
            if not isinstance(inner, FragmentDefinitionNode | InlineFragmentNode) or inner.directives:
                raise NotPlain
            condition = inner.type_condition
            if condition is None or condition.name.value == type_.name:
                self.collect(type_, inner.selection_set, found)

    def object(self, type_: GraphQLObjectType, fields: Mapping[str, list[FieldNode]]) -> Write:
        """How an object of `type_` is written with these fields; the same object is written once."""
        parts = self.parts(type_, fields)
        known: dict[object, bytes] = {}

        def write(value: Any) -> bytes:
            # Fields and arguments are (name, definition) pairs made for each question.
            identity = (value[0], id(value[1])) if isinstance(value, tuple) else id(value)
            text = known.get(identity)
            if text is None:
                text = known[identity] = b"{" + b",".join([key + part(value) for key, part in parts]) + b"}"
            return text

        return write

    def parts(self, type_: GraphQLObjectType, fields: Mapping[str, list[FieldNode]]) -> list[tuple[bytes, Write]]:
        """The beginning of each of these fields, and how its value is written."""
        return [(orjson.dumps(key) + b":", self.member(type_, nodes)) for key, nodes in fields.items()]

    def member(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Write:
        """How one field of an object of `type_` is written. Raises `NotPlain`."""
        name = nodes[0].name.value
        if name == "__typename":
            constant = orjson.dumps(type_.name)
            return lambda _value: constant
        definition = type_.fields[name]
        return self.resolved(definition, nodes)

    def resolved(self, definition: GraphQLField, nodes: list[FieldNode]) -> Write:
        """What `definition` resolves to, written. Raises `NotPlain`."""
        arguments = get_argument_values(definition, nodes[0])
        resolve, info, write = definition.resolve, self.info, self.value(definition.type, nodes)
        if resolve is None:
            raise NotPlain
        return lambda value: write(resolve(value, info, **arguments))

    def value(self, type_: Any, nodes: list[FieldNode]) -> Write:
        """How a value of `type_` is written; null where it may be."""
        if isinstance(type_, GraphQLNonNull):
            return self.value(type_.of_type, nodes)
        if isinstance(type_, GraphQLList):
            item = self.value(type_.of_type, nodes)
            return lambda value: b"null" if value is None else b"[" + b",".join(map(item, value)) + b"]"
        if isinstance(type_, GraphQLObjectType):
            write = self.object(type_, self.fields(type_, nodes))
            return lambda value: b"null" if value is None else write(value)
        coerce = cast(GraphQLEnumType, get_named_type(type_)).coerce_output_value
        return lambda value: b"null" if value is None else orjson.dumps(coerce(value))


@dataclass(frozen=True, slots=True)
class Plain:
    """An operation that asks for nothing but the schema, without variables or directives."""

    selection: SelectionSetNode
    fragments: Mapping[str, FragmentDefinitionNode]


def plain_operation(document: DocumentNode, operation_name: str | None = None) -> Plain:
    """The operation of a validated document. Raises `NotPlain` for one that is none, as far as its outside tells."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    fitting = [
        each for each in operations if operation_name is None or (each.name and each.name.value == operation_name)
    ]
    if len(fitting) != 1 or fitting[0].operation is not OperationType.QUERY or fitting[0].directives:
        raise NotPlain
    if fitting[0].variable_definitions:
        raise NotPlain
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    return Plain(fitting[0].selection_set, fragments)


def root_selection(writer: Writer, plain: Plain) -> dict[str, list[FieldNode]]:
    """The root fields by their keys. Raises `NotPlain`."""
    selected: dict[str, list[FieldNode]] = {}
    if writer.schema.query_type is None:
        raise NotPlain
    writer.collect(writer.schema.query_type, plain.selection, selected)
    return selected


def introspection_of(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None = None) -> bytes:
    """The `data` of a validated operation that asks for nothing but the schema.

    Seconds for a thousand tables, all of which it has made; see `introspection_parts` for what comes in pieces.

    Raises:
        NotPlain: the operation is another, or depends on variables or directives, or has errors.
    """
    plain = plain_operation(document, operation_name)
    writer = Writer(schema, plain.fragments)
    selected = root_selection(writer, plain)
    try:
        parts = [orjson.dumps(key) + b":" + root_value(writer, nodes) for key, nodes in selected.items()]
    except AttributeError:  # Strawberry's `isOneOf` of a list; graphql-core makes an error of it
        raise NotPlain from None
    return b"{" + b",".join(parts) + b"}"


def root_value(writer: Writer, nodes: list[FieldNode]) -> bytes:
    """The value of a root field. Raises `NotPlain`."""
    definition = _ROOTS.get(nodes[0].name.value)
    if definition is None:
        raise NotPlain
    return writer.resolved(definition, nodes)(None)
