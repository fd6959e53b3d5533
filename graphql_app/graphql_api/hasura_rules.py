"""Where a valid document is another one than graphql-core's: empty selections, offsets and enums as texts.

No selection is empty. An `offset` may be a text of digits, for it may be beyond the 32 bits of `Int`. A variable for a
column of an enum may be a `String`: its value is checked like that of any column.
That there are no mutations is said in Hasura's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    InlineFragmentNode,
    ListTypeNode,
    NamedTypeNode,
    NameNode,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    TypeNode,
    ValidationRule,
    VariableNode,
)
from graphql.language import Visitor, VisitorAction, visit
from graphql.validation import (
    ASTValidationRule,
    KnownOperationTypesRule,
    ValidationContext,
    ValuesOfCorrectTypeRule,
    VariablesInAllowedPositionRule,
)
from graphql.validation.validation_context import VariableUsage

from schema_gen.strawberry_core.converter import is_of_column

_OFFSET = "offset"
_DIGITS = re.compile(r"-?[0-9]{1,20}", re.ASCII)


class NoEmptySelectionRule(ValidationRule):
    """A selection names at least one field."""

    def enter_selection_set(self, node: SelectionSetNode, _key: object, parent: Node, *_args: Any) -> None:
        """Reports `{}`."""
        if node.selections:
            return
        match parent:
            case FieldNode():
                what = f"Field '{parent.name.value}'"
            case FragmentDefinitionNode():
                what = f"Fragment '{parent.name.value}'"
            case _:
                what = "The fragment" if isinstance(parent, InlineFragmentNode) else "The operation"
        self.report_error(GraphQLError(f"{what} must have a selection of subfields.", node))


class ValuesRule(ValuesOfCorrectTypeRule):
    """Values fit their types."""

    def enter_string_value(
        self, node: StringValueNode, key: object, parent: object = None, *args: Any
    ) -> VisitorAction:
        """Lets an offset in digits pass."""
        if isinstance(parent, ArgumentNode) and offset_of(parent, self.context.get_input_type()) is not None:
            return None
        return super().enter_string_value(node, key, parent, *args)


class VariablePositionsRule(VariablesInAllowedPositionRule):
    """Variables fit the places where they stand."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(_Positions(context))  # type: ignore[arg-type]


class _Positions:
    """What the rule asks its context: a column's enum is a text for a variable that is declared as one."""

    def __init__(self, context: ValidationContext) -> None:
        self.schema = context.schema
        self.report_error = context.report_error
        self._context = context

    def get_recursive_variable_usages(self, operation: OperationDefinitionNode) -> list[VariableUsage]:
        texts = {
            each.variable.name.value
            for each in operation.variable_definitions or ()
            if _named(each.type) == GraphQLString.name
        }
        usages = self._context.get_recursive_variable_usages(operation)
        return [
            each._replace(type=_as_text(each.type)) if each.node.name.value in texts and each.type else each
            for each in usages
        ]


def _named(type_: TypeNode) -> str:
    while isinstance(type_, NonNullTypeNode | ListTypeNode):
        type_ = type_.type
    return type_.name.value if isinstance(type_, NamedTypeNode) else ""


def _as_text(type_: GraphQLInputType) -> GraphQLInputType:
    if isinstance(type_, GraphQLNonNull | GraphQLList):
        return type(type_)(_as_text(type_.of_type))  # type: ignore[arg-type]
    return GraphQLString if isinstance(type_, GraphQLEnumType) and is_of_column(type_) else type_


def with_hasura(rules: tuple[type[ASTValidationRule], ...]) -> tuple[type[ASTValidationRule], ...]:
    """The rules of documents, with those of this module in place of graphql-core's."""
    ours: dict[type[ASTValidationRule], type[ASTValidationRule]] = {
        KnownOperationTypesRule: OperationTypesRule,
        ValuesOfCorrectTypeRule: ValuesRule,
        VariablesInAllowedPositionRule: VariablePositionsRule,
    }
    return (NoEmptySelectionRule, *(ours.get(rule, rule) for rule in rules))


def offset_of(argument: ArgumentNode, type_: GraphQLInputType | None) -> int | None:
    """The number that an `offset` gives as a text; None for every other argument."""
    node = argument.value
    if argument.name.value != _OFFSET or not isinstance(node, StringValueNode) or not _is_int(type_):
        return None
    return digits(node.value)


def digits(value: object) -> int | None:
    """The whole number that a text is."""
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else None


def _is_int(type_: GraphQLInputType | None) -> bool:
    return (type_.of_type if isinstance(type_, GraphQLNonNull) else type_) is GraphQLInt


# --- variables ---------------------------------------------------------------


class _Uses(Visitor):
    """Counts the uses of each variable, and those as an offset."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[str, int] = {}
        self.as_offset: dict[str, int] = {}

    def enter_argument(self, node: ArgumentNode, *_args: Any) -> None:
        if node.name.value == _OFFSET and isinstance(node.value, VariableNode):
            name = node.value.name.value
            self.as_offset[name] = self.as_offset.get(name, 0) + 1

    def enter_variable(self, node: VariableNode, *_args: Any) -> None:
        self.all[node.name.value] = self.all.get(node.name.value, 0) + 1


def offset_variables(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> frozenset[str]:
    """The variables that are offsets and nothing else."""
    uses = _Uses()
    for node in _read(operation, fragments):
        visit(node, uses)
    return frozenset(name for name, count in uses.as_offset.items() if count == uses.all[name])


def _read(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[Node]:
    """Where variables are used."""
    yield from operation.directives or ()
    yield operation.selection_set
    yield from fragments.values()


class OperationTypesRule(KnownOperationTypesRule):
    """An operation is of a kind that the schema has; of mutations Hasura's words say so."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *args: Any) -> None:
        """Reports a mutation where there are none."""
        if node.operation is OperationType.MUTATION and self.context.schema.mutation_type is None:
            self.report_error(GraphQLError("no mutations exist", node))
        else:
            super().enter_operation_definition(node, *args)


class _OwnTypes(Visitor):
    """Puts our name of a type in the place of Hasura's."""

    def enter_named_type(self, node: NamedTypeNode, *_args: Any) -> NamedTypeNode | None:
        return NamedTypeNode(name=NameNode(value="json")) if node.name.value == "jsonb" else None


def with_own_types(document: DocumentNode, text: str, schema: GraphQLSchema) -> DocumentNode:
    """`document`, which is `text`, whose variables of Hasura's type `jsonb` are of ours, which is called `json`."""
    if "jsonb" not in text or schema.get_type("jsonb") is not None:
        return document
    found: DocumentNode = visit(document, _OwnTypes())
    return found
