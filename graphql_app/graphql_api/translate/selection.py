"""Selection sets merged: which response keys stand for which field nodes, in the order of the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLIncludeDirective,
    GraphQLNonNull,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionSetNode,
)

from graphql_app.graphql_api.translate.variables import Tree, literal

Fields = dict[str, list[FieldNode]]
_FLAG = GraphQLNonNull(GraphQLBoolean)


def merged(nodes: Iterable[FieldNode], fragments: Mapping[str, FragmentDefinitionNode], variables: Tree) -> Fields:
    """The sub-fields of several nodes of one field, by response key.

    The document is validated, so fragments fit (all generated types are object types)
    and nodes under one key agree.
    """
    found: Fields = {}
    spread: set[str] = set()
    for node in nodes:
        if node.selection_set is not None:
            collect(node.selection_set, fragments, variables, found, spread)
    return found


def collect(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Tree,
    found: Fields,
    spread: set[str],
) -> None:
    """Adds the fields of a selection set to `found`; `spread` are the fragments already taken in."""
    for node in selections.selections:
        if not _included(node, variables):
            continue
        if isinstance(node, FieldNode):
            key = node.alias.value if node.alias else node.name.value
            found.setdefault(key, []).append(node)
        elif isinstance(node, InlineFragmentNode):
            collect(node.selection_set, fragments, variables, found, spread)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            collect(fragments[node.name.value].selection_set, fragments, variables, found, spread)


def _included(node: FieldNode | InlineFragmentNode | FragmentSpreadNode | object, variables: Tree) -> bool:
    for directive in getattr(node, "directives", None) or ():
        name = directive.name.value
        if name == GraphQLSkipDirective.name and literal(directive.arguments[0].value, _FLAG, variables):
            return False
        if name == GraphQLIncludeDirective.name and not literal(directive.arguments[0].value, _FLAG, variables):
            return False
    return True
