"""Input values: variables taken apart into shape and slots, literals of the document read against their types.

A prepared operation is compiled once for each *shape* of its variables: which fields
are present, what is null, enum values and booleans. Every other value becomes a slot,
so that a later call of the same shape goes straight from variables to SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graphql import (
    EnumValueNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_required_input_field,
)
from graphql.execution.values import get_variable_values

from graphql_app.engine.request.calls import Slot
from graphql_app.errors import Code, RequestError
from graphql_app.graphql_api.did_you_mean import completed
from graphql_app.graphql_api.documents.cache import MAX_ERRORS, DocumentOperation
from graphql_app.graphql_api.errors import RequestFailed, request_error
from graphql_app.graphql_api.hasura_rules import digits, offset_variables
from graphql_app.graphql_api.translate.bulk_variables import (
    Mismatch,
    check_parts,
    is_condition,
    parsed,
    reader,
    uniform,
)
from schema_gen.graphql.scalars import rounded

Tree = Mapping[str, object]

MANY = 20
"""A list of more input objects than this (rows to insert) is read as constants: its shape hardly repeats."""


class Incomplete(dict[str, object]):
    """An object of the document without the fields whose variables were not given; `absent` names these."""

    def __init__(self, fields: dict[str, object], absent: tuple[str, ...]) -> None:
        super().__init__(fields)
        self.absent = absent


class SlotValues(list[object]):
    """The values of the slots; `constants` says that the tree holds values too, and is good for this call only."""

    constants = False


class Variables(dict[str, object]):
    """The variables of one call, slots in place of values, as the literals of its document see them."""

    def __init__(self, tree: Tree, slots: SlotValues) -> None:
        super().__init__(tree)
        self.slots = slots

    def inside(self, node: ValueNode) -> dict[str, object]:
        """The values of the variables inside of a scalar's literal, a document: no slot can stand there.

        They are good for this call only.
        """
        found = {name: self._value(self[name]) for name in _names(node) if name in self}
        if found:
            self.slots.constants = True
        return found

    def _value(self, given: object) -> object:
        if isinstance(given, Slot):
            return self.slots[given.index]
        if isinstance(given, list):
            return [self._value(item) for item in given]
        return {key: self._value(item) for key, item in given.items()} if isinstance(given, dict) else given


def _names(node: ValueNode) -> Iterator[str]:
    """The variables in a literal."""
    if isinstance(node, VariableNode):
        yield node.name.value
    elif isinstance(node, ListValueNode):
        for item in node.values:
            yield from _names(item)
    elif isinstance(node, ObjectValueNode):
        for each in node.fields:
            yield from _names(each.value)


@dataclass(slots=True)
class Bound:
    """Variables of one call: `tree` with slots in place of values, the slots' values, and the shape's key."""

    tree: dict[str, object] = field(default_factory=dict)
    slots: SlotValues = field(default_factory=SlotValues)
    key: list[object] = field(default_factory=list)

    @property
    def variables(self) -> Variables:
        """The variables for the literals of the document."""
        return Variables(self.tree, self.slots)


def bind(
    schema: GraphQLSchema, operation: DocumentOperation, raw: Mapping[str, object], *, suggests: bool = False
) -> Bound:
    """The variables of a call. Raises `RequestFailed` where one is missing or does not fit its type.

    `suggests`: the error says which name was probably meant.
    """
    bound = Bound()
    try:
        for variable in operation.variables:
            if variable.name in raw:
                value = raw[variable.name]
                if variable.scalar is not None and value is not None:
                    key, bound.tree[variable.name] = _take_scalar(variable.scalar, value, bound.slots)
                else:
                    if is_condition(variable.type):
                        check_parts(value)
                    key, bound.tree[variable.name] = _take(variable.type, value, bound.slots)
                bound.key.append(key)
                continue
            if variable.required:
                raise Mismatch
            if variable.default is not None:
                bound.tree[variable.name] = literal(variable.default, variable.type, {})
            bound.key.append(Undefined)
    except (Mismatch, GraphQLError, ValueError, TypeError, RecursionError, OverflowError):
        read = _with_offsets(operation, raw)
        if read is not None:
            return bind(schema, operation, read, suggests=suggests)
        raise _explained(schema, operation, raw, suggests=suggests) from None
    return bound


def _with_offsets(operation: DocumentOperation, raw: Mapping[str, object]) -> dict[str, object] | None:
    """The variables with the number in place of an offset in digits. None where there is none, as nearly always."""
    numbers = {
        variable.name: number
        for variable in operation.variables
        if variable.scalar is GraphQLInt and (number := digits(raw.get(variable.name))) is not None
    }
    if numbers:
        known = offset_variables(operation.node, operation.fragments)
        numbers = {name: number for name, number in numbers.items() if name in known}
    return {**raw, **numbers} if numbers else None


def _explained(
    schema: GraphQLSchema, operation: DocumentOperation, raw: Mapping[str, object], *, suggests: bool
) -> RequestFailed:
    try:
        values = {name: rounded(value) for name, value in raw.items()}
        outcome = get_variable_values(
            schema, operation.node.variable_definitions or (), values, MAX_ERRORS, hide_suggestions=True
        )
    except RecursionError:
        outcome = []
    if isinstance(outcome, list) and outcome:
        failed = RequestFailed([request_error(error, Code.GRAPHQL_VALIDATION_FAILED) for error in outcome])
        if suggests:
            for error, message in zip(
                failed.errors, completed(schema, [each.message for each in outcome]), strict=True
            ):
                error["message"] = message
        return failed
    return RequestFailed.because(Code.GRAPHQL_VALIDATION_FAILED, "The variables do not fit their types.")


def _take(type_: GraphQLInputType, value: object, slots: SlotValues) -> tuple[object, object]:
    """The shape key and the tree of a variable's value."""
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            raise Mismatch
        type_ = type_.of_type
    if value is None:
        return None, None
    if isinstance(type_, GraphQLList):
        return _take_list(type_.of_type, value if isinstance(value, list) else [value], slots)
    if isinstance(type_, GraphQLInputObjectType):
        return _take_object(type_, value, slots)
    if isinstance(type_, GraphQLEnumType):
        known = type_.values.get(value) if isinstance(value, str) else None
        if known is None:
            raise Mismatch
        return value, known.value
    if not isinstance(type_, GraphQLScalarType):
        raise Mismatch
    return _take_scalar(type_, value, slots)


def _take_scalar(type_: GraphQLScalarType, value: object, slots: SlotValues) -> tuple[object, object]:
    taken = parsed(type_, value)
    if isinstance(taken, bool):
        return taken, taken
    slots.append(taken)
    return "value", Slot(len(slots) - 1)


def _take_list(of_type: GraphQLInputType, items: list[object], slots: SlotValues) -> tuple[object, object]:
    scalar = of_type.of_type if isinstance(of_type, GraphQLNonNull) else of_type
    if isinstance(scalar, GraphQLScalarType) and items and None not in items:
        values = [parsed(scalar, item) for item in items]
        if not any(isinstance(item, bool) for item in values):
            slots.append(values)
            return "list", Slot(len(slots) - 1)
    if isinstance(scalar, GraphQLInputObjectType) and len(items) > MANY:
        slots.constants = True
        alike = uniform(of_type, items)
        if alike is not None:
            return "constants", alike
        read = reader(of_type)
        return "constants", [read(item) for item in items]
    taken = [_take(of_type, item, slots) for item in items]
    return tuple(key for key, _ in taken), [tree for _, tree in taken]


def _take_object(type_: GraphQLInputObjectType, value: object, slots: SlotValues) -> tuple[object, object]:
    if not isinstance(value, dict):
        raise Mismatch
    tree: dict[str, object] = {}
    key: list[object] = []
    fields = type_.fields
    inside = "_or" in fields
    for name, item in value.items():
        field_ = fields.get(name)
        if field_ is None:
            raise Mismatch
        if not inside and is_condition(field_.type):
            check_parts(item)
        part, tree[name] = _take(field_.type, item, slots)
        key.append((name, part))
    for name, field_ in fields.items():
        if name not in tree and is_required_input_field(field_):
            raise Mismatch
    return tuple(key), tree


def literal(node: ValueNode, type_: GraphQLInputType, variables: Tree) -> object:
    """The value of a literal in a validated document; `Undefined` for an absent variable. Raises `RequestError`."""
    if isinstance(node, VariableNode):
        value = variables.get(node.name.value, Undefined)
        if value is None and isinstance(type_, GraphQLNonNull):
            # A variable that may be null may stand here where it has a default, and then be given as null.
            message = f"The variable '${node.name.value}' must not be null, for it stands where a value is needed."
            raise RequestError(Code.GRAPHQL_VALIDATION_FAILED, message)
        return value
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    if isinstance(node, NullValueNode):
        return None
    if isinstance(type_, GraphQLList):
        items: Sequence[ValueNode] = node.values if isinstance(node, ListValueNode) else [node]
        taken = [literal(item, type_.of_type, variables) for item in items]
        return [None if item is Undefined else item for item in taken]
    if isinstance(type_, GraphQLInputObjectType):
        return _literal_object(node, type_, variables)
    if isinstance(type_, GraphQLEnumType):
        return type_.values[node.value].value if isinstance(node, EnumValueNode) else Undefined
    if isinstance(type_, GraphQLScalarType):
        inside = variables.inside(node) if isinstance(variables, Variables) else {}
        return type_.parse_literal(node, inside)
    return Undefined


def _literal_object(node: ValueNode, type_: GraphQLInputObjectType, variables: Tree) -> dict[str, object]:
    tree: dict[str, object] = {}
    absent: list[str] = []
    for item in node.fields if isinstance(node, ObjectValueNode) else ():
        value = literal(item.value, type_.fields[item.name.value].type, variables)
        if value is Undefined:
            absent.append(item.name.value)
        else:
            tree[item.name.value] = value
    return Incomplete(tree, tuple(absent)) if absent else tree
