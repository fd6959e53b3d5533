"""Documents: text -> parsed, validated operations, each text once. One cache per schema."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    is_input_type,
    parse,
    type_from_ast,
    validate,
)
from graphql.validation import (
    ASTValidationRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
)

from graphql_app.errors import Code
from graphql_app.graphql_api.errors import RequestFailed, request_error
from graphql_app.graphql_api.hasura_rules import VariablePositionsRule, with_hasura
from graphql_app.graphql_api.limits import DocumentLimits, check
from graphql_app.graphql_api.overlaps import FIRST_RULES, rules
from graphql_app.graphql_api.variables import astray

MAX_ERRORS = 20
"""Errors of one document that are told; each costs as much as the document to find."""
_USES_OF_VARIABLES = frozenset({NoUndefinedVariablesRule, NoUnusedVariablesRule, VariablePositionsRule})
"""Rules that walk through each operation once more, before anything else in it is looked at."""
CACHED_DOCUMENTS = 1_000
CACHED_CHARACTERS = 8_000_000


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of an operation."""

    name: str
    type: GraphQLInputType
    default: ValueNode | None
    required: bool = field(init=False)
    """Whether a call must give it."""
    scalar: GraphQLScalarType | None = field(init=False)
    """Its type, where that is a scalar, perhaps one that must not be null."""

    def __post_init__(self) -> None:
        """Works out what every call asks."""
        named = self.type.of_type if isinstance(self.type, GraphQLNonNull) else self.type
        object.__setattr__(self, "required", self.default is None and isinstance(self.type, GraphQLNonNull))
        object.__setattr__(self, "scalar", named if isinstance(named, GraphQLScalarType) else None)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a valid document. `cache` belongs to whoever prepares it."""

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: tuple[Variable, ...] = ()
    cache: OrderedDict[object, object] = field(default_factory=OrderedDict)
    name: str = field(init=False)
    """Its name, or nothing."""
    kind: str = field(init=False)
    """Its kind: `query`, `mutation` or `subscription`."""
    mutates: bool = field(init=False)
    """Whether it is a mutation."""
    subscribes: bool = field(init=False)
    """Whether it is a subscription."""

    def __post_init__(self) -> None:
        """Works out what every call asks."""
        kind = self.node.operation
        object.__setattr__(self, "name", self.node.name.value if self.node.name else "")
        object.__setattr__(self, "kind", kind.value)
        object.__setattr__(self, "mutates", kind is OperationType.MUTATION)
        object.__setattr__(self, "subscribes", kind is OperationType.SUBSCRIPTION)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document's operations by name, or why it cannot be used."""

    operations: Mapping[str, Operation] = field(default_factory=dict)
    errors: tuple[GraphQLError, ...] = ()
    code: Code = Code.GRAPHQL_VALIDATION_FAILED
    only: Operation | None = field(init=False)
    """The operation of a document with one."""

    def __post_init__(self) -> None:
        """Works out what every call asks."""
        only = next(iter(self.operations.values())) if len(self.operations) == 1 else None
        object.__setattr__(self, "only", only)

    def operation(self, name: str | None) -> Operation:
        """The operation to run. Raises `RequestFailed` if it cannot be told or does not exist."""
        if self.errors:
            raise RequestFailed([request_error(error, self.code) for error in self.errors], self.code)
        if name:
            found = self.operations.get(name)
            if found is None:
                raise RequestFailed.because(Code.GRAPHQL_VALIDATION_FAILED, f"Unknown operation named '{name}'.")
            return found
        if self.only is None:
            raise RequestFailed.because(
                Code.GRAPHQL_VALIDATION_FAILED, "Must provide operation name if query contains multiple operations."
            )
        return self.only


class Documents:
    """Parsed and validated documents by text, the least recently used ones dropped."""

    def __init__(self, schema: GraphQLSchema, limits: DocumentLimits) -> None:
        self._schema = schema
        self._limits = limits
        every = with_hasura(rules(schema, limits.fields))
        self._rules = tuple(rule for rule in every if rule not in _USES_OF_VARIABLES)
        self._rules_of_variables = tuple(rule for rule in every if rule in _USES_OF_VARIABLES)
        self._known: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def get(self, text: str) -> Document:
        """The document of `text`. Raises `RequestFailed` where it goes beyond a limit: nothing is kept of it."""
        found = self._known.get(text)
        if found is not None:
            self._known.move_to_end(text)
            return found
        check(text, self._limits)
        made = self._make(text)
        self._known[text] = made
        self._characters += len(text)
        while len(self._known) > CACHED_DOCUMENTS or self._characters > CACHED_CHARACTERS:
            dropped, _ = self._known.popitem(last=False)
            self._characters -= len(dropped)
        return made

    def __len__(self) -> int:
        return len(self._known)

    def _make(self, text: str) -> Document:
        try:
            parsed = parse(text)
            errors = self._violations(parsed, text)
        except GraphQLError as error:
            return Document(errors=(error,), code=Code.GRAPHQL_PARSE_FAILED)
        except RecursionError:
            return Document(errors=(GraphQLError("The document is nested too deeply."),), code=Code.LIMIT_EXCEEDED)
        if errors:
            return Document(errors=tuple(errors))
        fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
        operations = (node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))
        made = (Operation(node, fragments, self._variables(node)) for node in operations)
        return Document({operation.name: operation for operation in made})

    def _violations(self, parsed: DocumentNode, text: str) -> list[GraphQLError]:
        """What is wrong, the cheapest checks first: what fails one of them does not cost the others."""
        return (
            self._broken(parsed, FIRST_RULES)
            or astray(parsed, text, MAX_ERRORS)
            or self._broken(parsed, self._rules)
            or ("$" in text and self._broken(parsed, self._rules_of_variables))
            or []
        )

    def _broken(self, parsed: DocumentNode, of: tuple[type[ASTValidationRule], ...]) -> list[GraphQLError]:
        # No suggestions: they tell names that the client did not know, and cost more than all the rest.
        return validate(self._schema, parsed, of, MAX_ERRORS, hide_suggestions=True)

    def _variables(self, node: OperationDefinitionNode) -> tuple[Variable, ...]:
        found = []
        for definition in node.variable_definitions or ():
            type_ = type_from_ast(self._schema, definition.type)
            if not is_input_type(type_):
                raise AssertionError("a variable of a validated operation has no input type")
            found.append(Variable(definition.variable.name.value, type_, definition.default_value))
        return tuple(found)
