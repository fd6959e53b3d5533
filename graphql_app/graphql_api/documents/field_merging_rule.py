"""The rule that fields of one response key agree, in time linear in the fields, fragments spread out.

graphql-core compares each pair of fields and fragments, which takes a second for documents of a
few kilobytes. Where every type is an object type, as all generated ones are, fields of one key
stand on one type: each has to agree with the first one, and what they select is taken together.

Validation has two stages: `FIRST_RULES` find what makes the size of a document meaningless (fragments that
contain themselves, two of one name, definitions that are no operations); the others only see documents without.
The rule here ends on every document nevertheless: it counts its steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationRule,
    is_abstract_type,
    print_ast,
    specified_rules,
)
from graphql.utilities.sort_value_node import sort_value_node
from graphql.validation import (
    ASTValidationContext,
    ASTValidationRule,
    ExecutableDefinitionsRule,
    KnownFragmentNamesRule,
    NoFragmentCyclesRule,
    OverlappingFieldsCanBeMergedRule,
    UniqueFragmentNamesRule,
)

from schema_gen.strawberry_core.lazy_mapping import LazyMapping

FIRST_RULES: tuple[type[ASTValidationRule], ...] = (
    ExecutableDefinitionsRule,
    UniqueFragmentNamesRule,
    KnownFragmentNamesRule,
    NoFragmentCyclesRule,
)
"""What the other rules may take for granted. Each of these is linear in any document."""


class FieldsAgreeRule(ValidationRule):
    """Fields of one response key have the same name and the same arguments."""

    most: ClassVar[int] = 2_000
    """Selections looked at in one document, fragments spread out."""

    def __init__(self, context: ASTValidationContext) -> None:
        super().__init__(context)  # type: ignore[arg-type]
        self._left = self.most

    def enter_operation_definition(self, node: OperationDefinitionNode, *_args: Any) -> None:
        """Looks through an operation with all its fragments; reports the first field that disagrees."""
        levels = [[node.selection_set]]
        while levels:
            fields = self._by_key(levels.pop())
            if self._left < 0:
                self.report_error(GraphQLError(f"The document holds more than {self.most} fields.", node))
                return
            for nodes in fields.values():
                why = _disagreement(nodes)
                if why is not None:
                    self.report_error(GraphQLError(why, nodes))
                    return
                inner = [field.selection_set for field in nodes if field.selection_set is not None]
                if inner:
                    levels.append(inner)

    def _by_key(self, level: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields of selection sets that are taken together."""
        found: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        waiting = [iter(each.selections) for each in reversed(level)]
        while waiting:
            for selection in waiting[-1]:
                self._left -= 1
                if self._left < 0:
                    return {}
                if isinstance(selection, FieldNode):
                    key = selection.alias.value if selection.alias else selection.name.value
                    found.setdefault(key, []).append(selection)
                elif isinstance(selection, InlineFragmentNode):
                    waiting.append(iter(selection.selection_set.selections))
                    break
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                    spread.add(selection.name.value)
                    fragment = self.context.get_fragment(selection.name.value)
                    if fragment is not None:
                        waiting.append(iter(fragment.selection_set.selections))
                        break
            else:
                waiting.pop()
        return found


def rules(schema: GraphQLSchema, most: int = FieldsAgreeRule.most) -> tuple[type[ASTValidationRule], ...]:
    """The rules after the first ones: with interfaces or unions in the schema, graphql-core's own.

    `most` is how many selections a document may come to, fragments spread out.
    """
    types: Mapping[str, GraphQLNamedType] = schema.type_map
    # Types that are made when asked for are none of these; hand-written ones are there from the start.
    made = types.made if isinstance(types, LazyMapping) else types
    own = any(is_abstract_type(each) for each in made.values())
    agree = type(FieldsAgreeRule.__name__, (FieldsAgreeRule,), {"most": most})
    taken = OverlappingFieldsCanBeMergedRule if own else agree
    later = (rule for rule in specified_rules if rule not in FIRST_RULES)
    return tuple(taken if rule is OverlappingFieldsCanBeMergedRule else rule for rule in later)


def _disagreement(nodes: list[FieldNode]) -> str | None:
    """Why fields of one key cannot be one field."""
    if len(nodes) == 1:
        return None
    first, *others = nodes
    key = first.alias.value if first.alias else first.name.value
    given: list[str] | None = None
    for other in others:
        why = ""
        if other.name.value != first.name.value:
            why = f"'{first.name.value}' and '{other.name.value}' are different fields"
        elif first.arguments or other.arguments:
            given = given or _written(first.arguments)
            why = "" if _written(other.arguments) == given else "they have differing arguments"
        if why:
            return (
                f"Fields '{key}' conflict because {why}."
                " Use different aliases on the fields to fetch both if this was intentional."
            )
    return None


def _written(arguments: tuple[ArgumentNode, ...] | None) -> list[str]:
    """Arguments in a form to compare, whatever their order and that of the fields in their values."""
    return sorted(f"{each.name.value}:{print_ast(sort_value_node(each.value))}" for each in arguments or ())
