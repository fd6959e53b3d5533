"""Our checks of documents beside graphql-core's own: the same verdict on random documents, each within a second.

They differ on purpose in three things: beyond a limit a document is refused without a look at the rules; of one that
breaks the first rules (cycles of fragments, names used twice) nothing else is told; no names are suggested.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.field_merging_rule import FIRST_RULES
from graphql_app.graphql_api.documents.limits import DocumentLimits, check
from graphql_app.graphql_api.errors import RequestFailed
from graphql_app.graphql_api.hasura_rules import NoEmptySelectionRule
from tests.hostile.documents import users_schema
from tests.hostile.random_documents import random_documents
from tests.hostile.run import DOCUMENTS, FIGURES, SEED
from tests.hostile.watchdog import TooMuch, watchdog

SCHEMA = users_schema()
KINDS = (OperationDefinitionNode, FragmentDefinitionNode)
NAMES = {"root_fields": "root fields", "depth": "levels"}
"""How messages call a figure, where that is not its name."""


def ours(text: str) -> str:
    """Our verdict: `limit`, `parse`, the first message of validation, or nothing for a valid document."""
    try:
        with watchdog():
            found = Documents(SCHEMA, DocumentLimits()).get(text)
    except RequestFailed as failed:
        return f"limit: {failed.errors[0]['message']}"
    except (TooMuch, MemoryError) as error:
        raise AssertionError(f"{type(error).__name__}: {text}") from error
    return found.errors[0].message if found.errors else ""


def theirs(text: str) -> str:
    """graphql-core's verdict, which lets `{}` pass in some versions, against the specification."""
    try:
        errors = validate(SCHEMA, parse(text), (*specified_rules, NoEmptySelectionRule), max_errors=1)
    except GraphQLError as error:
        return error.message
    except RecursionError:
        return "recursion"
    return errors[0].message if errors else ""


@pytest.mark.timeout(7200)
def test_the_same_documents_are_valid() -> None:
    """Where a limit is not in the way; `test_limits_count_what_the_document_holds` is about those."""
    seen: Counter[str] = Counter()
    for name, text in random_documents(DOCUMENTS, SEED, SCHEMA):
        found = ours(text)
        if found.startswith("limit"):
            seen["beyond a limit"] += 1
            continue
        expected = theirs(text)
        assert bool(found) is bool(expected), f"{name}: ours {found!r}, graphql-core's {expected!r}\n{text}"
        seen["valid" if not found else "refused"] += 1
        for kind in ("within itself", "conflict", "Variable", "only one fragment", "Syntax Error", "Unknown fragment"):
            seen[kind] += kind in expected
    FIGURES.append(f"random documents: {DOCUMENTS} of seed {SEED}: {dict(seen)}")
    assert seen["valid"] > DOCUMENTS / 5
    assert seen["refused"] > DOCUMENTS / 5
    assert all(seen[kind] for kind in ("within itself", "conflict", "Variable", "Syntax Error", "beyond a limit"))


# --- limits -------------------------------------------------------------------


@dataclass(slots=True)
class Held:
    """What a definition holds, its fragments spread out, found in the simplest way there is."""

    fields: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    depth: int = 1
    """One even where introspection alone stands there."""


def hold(document: DocumentNode, node: OperationDefinitionNode | FragmentDefinitionNode) -> Held:
    """Walks through all of it, as often as it is spread."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    held = Held(directives=len(node.directives or ()))
    for variable in getattr(node, "variable_definitions", None) or ():
        held.directives += len(variable.directives or ())

    def walk(selected: SelectionSetNode, depth: int, meta: bool) -> None:
        for each in selected.selections:
            held.fields += 1
            held.directives += len(each.directives or ())
            if isinstance(each, FieldNode):
                below = meta or (depth == 1 and each.name.value in ("__schema", "__type"))
                held.aliases += each.alias is not None
                held.root_fields += depth == 1
                held.depth = held.depth if below else max(held.depth, depth)
                if each.selection_set:
                    walk(each.selection_set, depth + 1, below)
            elif isinstance(each, InlineFragmentNode):
                walk(each.selection_set, depth, meta)
            elif isinstance(each, FragmentSpreadNode):
                inner = fragments[each.name.value]
                held.directives += len(inner.directives or ())
                walk(inner.selection_set, depth, meta)

    walk(node.selection_set, 1, False)
    return held


def exact(document: DocumentNode) -> DocumentLimits:
    """The limits that a document just keeps."""
    of = {kind: [hold(document, each) for each in document.definitions if isinstance(each, kind)] for kind in KINDS}
    operations, fragments = of[OperationDefinitionNode], of[FragmentDefinitionNode]
    found = DocumentLimits(fields=max(sum(each.fields for each in operations), *(each.fields for each in fragments), 0))
    for figure in ("aliases", "root_fields", "directives", "depth"):
        found = replace(found, **{figure: max((getattr(each, figure) for each in operations), default=1)})
    return found


@pytest.mark.timeout(7200)
def test_limits_count_what_the_document_holds() -> None:
    """The pass over the tokens finds the figures of the parsed document: each just fits, and is too much by one."""
    compared = 0
    for _, text in random_documents(DOCUMENTS, SEED, SCHEMA):
        try:
            document = parse(text)
            check(text, DocumentLimits())
        except (GraphQLError, RecursionError, RequestFailed):
            continue
        if validate(SCHEMA, document, FIRST_RULES):
            continue
        limits = exact(document)
        check(text, limits)
        # Where `__schema` stands below a row, which is an error, levels are counted as if it could.
        figures = ("fields", "aliases", "root_fields", "directives", *(() if ours(text) else ("depth",)))
        for figure in figures:
            most = getattr(limits, figure)
            if most > (figure == "depth"):
                with pytest.raises(RequestFailed, match=f"more than {most - 1} {NAMES.get(figure, figure)}"):
                    check(text, replace(limits, **{figure: most - 1}))
                compared += 1
    assert compared > DOCUMENTS
