"""Answers introspection as ready JSON, each description written once however often it is repeated.

graphql-core resolves an introspection query field by field, as any other: over a second
of its thread for a hundred tables. But the same types and fields are described in many
places; remembered by identity, the same comes out in a fifth of the time.
"""

from __future__ import annotations

import sys
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
    GraphQLIncludeDirective,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SchemaMetaFieldDef,
    SelectionNode,
    SelectionSetNode,
    TypeMetaFieldDef,
    get_named_type,
)
from graphql.execution.values import (
    VariableValues,
    get_argument_values,
    get_directive_values,
    get_variable_values,
)

_ROOTS: Final[Mapping[str, GraphQLField]] = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}

Write = Callable[[Any], bytes]
"""What a value of one type is as JSON."""


class NotPlain(Exception):
    """The operation asks for more than introspection: graphql-core's to answer."""


class TooMuch(Exception):
    """The answer would take more work than it may."""


@dataclass(slots=True)
class Effort:
    """The work that an answer may still take, counted in bytes written, and whether anybody still waits for it."""

    left: int
    stopped: bool = False

    def spend(self, size: int) -> None:
        """Takes note of `size` bytes. Raises `TooMuch` where that is more than is left, or nobody waits any more."""
        self.left -= size
        if self.left < 0 or self.stopped:
            raise TooMuch


@dataclass(slots=True)
class IntrospectionWriter:
    """Writes the parts of one operation. Types of the schema must not go away before their writer."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues
    effort: Effort
    info: Any = field(init=False)
    _remembered: list[dict[Any, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.info = SimpleNamespace(schema=self.schema)

    def fields(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> dict[str, list[FieldNode]]:
        """The fields selected below `nodes`, by their keys, fragments expanded."""
        found: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for node in nodes:
            if node.selection_set:
                self.collect(type_, node.selection_set, found, spread)
        return found

    def collect(
        self,
        type_: GraphQLObjectType,
        selected: SelectionSetNode,
        found: dict[str, list[FieldNode]],
        spread: set[str],
    ) -> None:
        """Adds the fields of `selected` to those found; `spread` are the fragments already taken in."""
        for node in selected.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
                continue
            inner: object = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in spread:
                    continue
                spread.add(node.name.value)
                inner = self.fragments[node.name.value]
            assert isinstance(inner, FragmentDefinitionNode | InlineFragmentNode)
            condition = inner.type_condition
            if condition is None or condition.name.value == type_.name:
                self.collect(type_, inner.selection_set, found, spread)

    def _included(self, node: SelectionNode) -> bool:
        """Whether `@skip` and `@include` let a selection stand."""
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def object(self, type_: GraphQLObjectType, fields: Mapping[str, list[FieldNode]]) -> Write:
        """How an object of `type_` is written with these fields; the same object is written once."""
        parts = self.parts(type_, fields)
        known: dict[object, bytes] = self.remembering()

        def write(value: Any) -> bytes:
            # Fields and arguments are (name, definition) pairs made for each question.
            identity = (value[0], id(value[1])) if isinstance(value, tuple) else id(value)
            text = known.get(identity)
            if text is None:
                text = known[identity] = b"{" + b",".join([key + part(value) for key, part in parts]) + b"}"
                self.effort.spend(len(text))
            return text

        return write

    def remembering(self) -> dict[Any, Any]:
        """What is remembered of values by their identity, until `forget`."""
        made: dict[Any, Any] = {}
        self._remembered.append(made)
        return made

    def forget(self) -> None:
        """To be called before values that were written go away: others may get their identities."""
        for each in self._remembered:
            each.clear()

    def parts(self, type_: GraphQLObjectType, fields: Mapping[str, list[FieldNode]]) -> list[tuple[bytes, Write]]:
        """The beginning of each of these fields, and how its value is written."""
        return [(orjson.dumps(key) + b":", self.member(type_, nodes)) for key, nodes in fields.items()]

    def member(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Write:
        """How one field of an object of `type_` is written. Raises `GraphQLError` for arguments that do not fit."""
        name = nodes[0].name.value
        if name == "__typename":
            constant = orjson.dumps(type_.name)
            return lambda _value: constant
        definition = type_.fields[name]
        return self.resolved(definition, nodes)

    def resolved(self, definition: GraphQLField, nodes: list[FieldNode]) -> Write:
        """What `definition` resolves to, written. Raises as `member`."""
        arguments = get_argument_values(definition, nodes[0], self.variables)
        resolve, info, write = definition.resolve, self.info, self.value(definition.type, nodes)
        if resolve is None:
            raise AssertionError("a field of introspection has no resolver")
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
        return lambda value: (
            b"null" if value is None else orjson.dumps(value if value.__class__ is str else coerce(value))
        )


@dataclass(frozen=True, slots=True)
class Plain:
    """An operation that asks for nothing but the schema."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    given: Mapping[str, object]
    """Its variables, as they were given."""
    effort: Effort
    only: str | None
    """The key of the one root field to answer; none for all."""

    def writer(
        self, schema: GraphQLSchema, kind: type[IntrospectionWriter] = IntrospectionWriter
    ) -> IntrospectionWriter:
        """A writer of its parts. Raises `GraphQLError` where the variables do not fit."""
        definitions = self.operation.variable_definitions or ()
        variables = get_variable_values(schema, definitions, dict(self.given), max_errors=1)
        if isinstance(variables, list):
            raise variables[0]
        return kind(schema, self.fragments, variables, self.effort)


def plain_operation(
    document: DocumentNode,
    name: str | None = None,
    variables: Mapping[str, object] | None = None,
    effort: Effort | None = None,
    only: str | None = None,
) -> Plain:
    """The operation of a validated document. Raises `NotPlain` where there is no such query."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    fitting = [each for each in operations if name is None or (each.name and each.name.value == name)]
    if len(fitting) != 1 or fitting[0].operation is not OperationType.QUERY:
        raise NotPlain
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    return Plain(fitting[0], fragments, variables or {}, effort or Effort(sys.maxsize), only)


def root_selection(writer: IntrospectionWriter, plain: Plain) -> dict[str, list[FieldNode]]:
    """The root fields by their keys. Raises `NotPlain` where one is more than introspection."""
    selected: dict[str, list[FieldNode]] = {}
    if writer.schema.query_type is None:
        raise NotPlain
    writer.collect(writer.schema.query_type, plain.operation.selection_set, selected, set())
    if plain.only is not None:
        selected = {plain.only: selected[plain.only]}
    if not {nodes[0].name.value for nodes in selected.values()} <= {*_ROOTS, "__typename"}:
        raise NotPlain
    return selected


def introspection_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None = None,
    variables: Mapping[str, object] | None = None,
    effort: Effort | None = None,
) -> bytes:
    """The `data` of a validated operation that asks for nothing but the schema.

    Seconds for a thousand tables, all of which it has made; see `introspection_parts` for what comes in pieces.

    Raises:
        NotPlain: the operation is another.
        GraphQLError: the variables, or arguments that they are given to, do not fit.
        TooMuch: it takes more than `effort`.
    """
    plain = plain_operation(document, operation_name, variables, effort)
    writer = plain.writer(schema)
    selected = root_selection(writer, plain)
    parts = [orjson.dumps(key) + b":" + root_value(writer, nodes) for key, nodes in selected.items()]
    return b"{" + b",".join(parts) + b"}"


def root_value(writer: IntrospectionWriter, nodes: list[FieldNode]) -> bytes:
    """The value of a root field. Raises as `IntrospectionWriter.member`."""
    name = nodes[0].name.value
    if name == "__typename":
        query = writer.schema.query_type
        return orjson.dumps(query.name if query else None)
    return writer.resolved(_ROOTS[name], nodes)(None)
