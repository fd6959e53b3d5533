"""Documents: text -> parsed, validated operations, each text once. One cache per schema."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

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

from graphql_app.errors import Code, shown_name
from graphql_app.graphql_api.did_you_mean import completed, hint
from graphql_app.graphql_api.documents.field_merging_rule import FIRST_RULES, rules
from graphql_app.graphql_api.documents.limits import DocumentLimits, check
from graphql_app.graphql_api.documents.variable_usage import unknown_or_unused_variables
from graphql_app.graphql_api.errors import RequestFailed, request_error
from graphql_app.graphql_api.hasura_rules import VariablePositionsRule, with_hasura, with_own_types
from graphql_app.runtime.weights import weight

MAX_ERRORS = 20
"""Errors of one document that are told; each costs as much as the document to find."""
_USES_OF_VARIABLES = frozenset({NoUndefinedVariablesRule, NoUnusedVariablesRule, VariablePositionsRule})
"""Rules that walk through each operation once more, before anything else in it is looked at."""
CACHED_BYTES = 16_000_000
"""Documents and what is compiled of them, for one schema."""
BYTES_OF_DOCUMENT, BYTES_OF_TOKEN, BYTES_OF_ERROR = 2_000, 150, 700
"""What a document takes beside its text, measured and rounded up: at all, for each token, for each error."""
CACHED_SHAPES = 64
"""Compiled forms kept for one operation."""


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


def _ignore(_bytes: int) -> None:
    """For operations that nothing counts."""


@dataclass(frozen=True, slots=True, eq=False)
class DocumentOperation:
    """One operation of a valid document. `cache` is what was compiled of it; `keep` adds to it.

    `grown` is told by how many bytes it grows or shrinks.
    """

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: tuple[Variable, ...] = ()
    grown: Callable[[int], None] = _ignore
    cache: OrderedDict[object, object] = field(default_factory=OrderedDict)
    weights: dict[object, int] = field(default_factory=dict)
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

    def keep(self, key: object, made: object) -> None:
        """Keeps what was compiled under `key`; the least recently used one goes where there are too many."""
        taken = weight((key, made))
        self.cache[key] = made
        self.weights[key] = taken
        if len(self.cache) > CACHED_SHAPES:
            dropped, _ = self.cache.popitem(last=False)
            taken -= self.weights.pop(dropped)
        self.grown(taken)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document's operations by name, or why it cannot be used."""

    operations: Mapping[str, DocumentOperation] = field(default_factory=dict)
    errors: tuple[GraphQLError, ...] = ()
    code: Code = Code.GRAPHQL_VALIDATION_FAILED
    suggests: bool = False
    """Whether an error may say which name was probably meant."""
    only: DocumentOperation | None = field(init=False)
    """The operation of a document with one."""

    def __post_init__(self) -> None:
        """Works out what every call asks."""
        only = next(iter(self.operations.values())) if len(self.operations) == 1 else None
        object.__setattr__(self, "only", only)

    def operation(self, name: str | None) -> DocumentOperation:
        """The operation to run. Raises `RequestFailed` if it cannot be told or does not exist."""
        if self.errors:
            raise RequestFailed([request_error(error, self.code) for error in self.errors], self.code)
        if name:
            found = self.operations.get(name)
            if found is None:
                meant = hint(name, self.operations) if self.suggests else ""
                message = f"Unknown operation named '{shown_name(name)}'.{meant}"
                raise RequestFailed.because(Code.GRAPHQL_VALIDATION_FAILED, message)
            return found
        if self.only is None:
            raise RequestFailed.because(
                Code.GRAPHQL_VALIDATION_FAILED, "Must provide operation name if query contains multiple operations."
            )
        return self.only


class Documents:
    """Parsed and validated documents by text, the least recently used ones dropped where they take too many bytes.

    `suggests`: errors say which name was probably meant.
    """

    def __init__(
        self, schema: GraphQLSchema, limits: DocumentLimits, *, suggests: bool = False, most: int | None = None
    ) -> None:
        """`most` bytes are kept, `CACHED_BYTES` where that is not said."""
        self._schema = schema
        self._most = most
        self._suggests = suggests
        self._limits = limits
        every = with_hasura(rules(schema, limits.fields))
        self._rules = tuple(rule for rule in every if rule not in _USES_OF_VARIABLES)
        self._rules_of_variables = tuple(rule for rule in every if rule in _USES_OF_VARIABLES)
        self._known: OrderedDict[str, Document] = OrderedDict()
        self._weights: dict[str, int] = {}
        self.bytes = 0
        """What all of them take, about."""

    def get(self, text: str) -> Document:
        """The document of `text`. Raises `RequestFailed` where it goes beyond a limit: nothing is kept of it."""
        found = self._known.get(text)
        if found is not None:
            self._known.move_to_end(text)
            return found
        tokens = check(text, self._limits)
        made = self._make(text)
        self._known[text] = made
        self._weights[text] = 0
        own = BYTES_OF_ERROR * len(made.errors) if made.errors else BYTES_OF_TOKEN * tokens
        # A long literal stands in the text and once more by itself.
        self._grow(text, BYTES_OF_DOCUMENT + 2 * sys.getsizeof(text) + own)
        return made

    def _grow(self, text: str, by: int) -> None:
        """Takes note that what is kept for a document grew; nothing where it is kept no more."""
        if text not in self._weights:
            return
        self._weights[text] += by
        self.bytes += by
        most = CACHED_BYTES if self._most is None else self._most
        while self.bytes > most:
            dropped, _ = self._known.popitem(last=False)
            self.bytes -= self._weights.pop(dropped)

    def __len__(self) -> int:
        return len(self._known)

    def _make(self, text: str) -> Document:
        try:
            parsed = with_own_types(parse(text), text, self._schema)
        except GraphQLError as error:
            return Document(errors=(_light(error),), code=Code.GRAPHQL_PARSE_FAILED)
        except RecursionError:
            return _TOO_DEEP
        try:
            errors = self._violations(parsed, text)
        except RecursionError:
            return _TOO_DEEP
        finally:
            _unlink(parsed)
        if errors:
            return Document(errors=self._told(errors))
        return self._valid(text)

    def _valid(self, text: str) -> Document:
        """The document of a valid text, read once more without the places of tokens: a third of the memory."""
        parsed = with_own_types(parse(text, no_location=True), text, self._schema)
        fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
        operations = (node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))
        grown = partial(self._grow, text)
        made = (DocumentOperation(node, fragments, self._variables(node), grown) for node in operations)
        return Document({operation.name: operation for operation in made}, suggests=self._suggests)

    def _told(self, errors: list[GraphQLError]) -> tuple[GraphQLError, ...]:
        """The errors without the document, with the names that were probably meant."""
        messages = [error.message for error in errors]
        told = completed(self._schema, messages) if self._suggests else messages
        return tuple(map(_light, errors, told))

    def _violations(self, parsed: DocumentNode, text: str) -> list[GraphQLError]:
        """What is wrong, the cheapest checks first: what fails one of them does not cost the others."""
        return (
            self._broken(parsed, FIRST_RULES)
            or unknown_or_unused_variables(parsed, text, MAX_ERRORS)
            or self._broken(parsed, self._rules)
            or ("$" in text and self._broken(parsed, self._rules_of_variables))
            or []
        )

    def _broken(self, parsed: DocumentNode, of: tuple[type[ASTValidationRule], ...]) -> list[GraphQLError]:
        # No suggestions: graphql-core's cost more than all the rest.
        return validate(self._schema, parsed, of, MAX_ERRORS, hide_suggestions=True)

    def _variables(self, node: OperationDefinitionNode) -> tuple[Variable, ...]:
        found = []
        for definition in node.variable_definitions or ():
            type_ = type_from_ast(self._schema, definition.type)
            if not is_input_type(type_):
                raise AssertionError("a variable of a validated operation has no input type")
            found.append(Variable(definition.variable.name.value, type_, definition.default_value))
        return tuple(found)


_TOO_DEEP = Document(errors=(GraphQLError("The document is nested too deeply."),), code=Code.LIMIT_EXCEEDED)


def _light(error: GraphQLError, message: str = "") -> GraphQLError:
    """The same error without the document, perhaps with another message."""
    return GraphQLError(message or error.message, source=error.source, positions=error.positions)


def _unlink(document: DocumentNode) -> None:
    """Lets go of the chain of tokens, which refers to itself: the document goes away when it is not used, at once."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following = token.next
        token.prev = token.next = None
        token = following
