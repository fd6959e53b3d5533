"""Variables that no operation defines, and those that nothing uses, found in one pass over the tokens.

graphql-core finds them operation by operation, walking through the values of each with its types in hand: as much work
as all its other rules together. What is wrong of one operation alone is left to it.
"""

from __future__ import annotations

from graphql import DocumentNode, GraphQLError

from graphql_app.graphql_api.documents.limits import TOKEN


def unknown_or_unused_variables(document: DocumentNode, text: str, most: int) -> list[GraphQLError]:
    """At most `most` errors: for variables of a document, parsed from `text`, used but never defined or the reverse."""
    if "$" not in text:
        return []
    defined, used = _variables(text)
    unknown = [(used[name], f"Variable '${name}' is not defined.") for name in used if name not in defined]
    unused = [(defined[name], f"Variable '${name}' is never used.") for name in defined if name not in used]
    source = document.loc.source if document.loc else None
    # Each finds its line and column anew, from the beginning of the text.
    first = sorted(unknown + unused)[:most]
    return [GraphQLError(message, source=source, positions=[place]) for place, message in first]


def _variables(text: str) -> tuple[dict[str, int], dict[str, int]]:
    """Where each variable is first defined, and where it is first used."""
    defined: dict[str, int] = {}
    used: dict[str, int] = {}
    name, place = "", -1
    before = ""
    for found in TOKEN.finditer(text):
        token = found[1]
        if token.startswith("#"):
            continue
        if name:
            # Only a definition is followed by a colon and its type.
            (defined if token == ":" else used).setdefault(name, place)
            name = ""
        if before == "$":
            name = token
        elif token == "$":
            place = found.start(1)
        before = token
    return defined, used
