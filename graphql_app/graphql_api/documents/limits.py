"""What a document may ask: one pass over its tokens, before anything is parsed.

Linear in the document: each fragment is measured once, however often and however deep it is
spread, and numbers stop growing where they are too large anyway. The parser would need ten
times as long to find the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from graphql_app.errors import Code
from graphql_app.graphql_api.errors import RequestFailed

MAX_INTROSPECTION_DEPTH: Final = 60
"""Levels under `__schema` and `__type`, which the limit for operations leaves aside: tools unwrap types deeply."""
MAX_INTROSPECTION_ROOTS: Final = 20
"""`__schema` and `__type` in one document: rules of validation look through all that stands under each."""
MAX_BRACES: Final = 200
"""Braces within braces, those of inline fragments included: the parser recurses."""
MAX_DEFINITIONS: Final = 100
"""Operations and fragments in one document."""
_TOO_LARGE: Final = 1_000_000_000
_META: Final = frozenset({"__schema", "__type"})
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
# Every part is possessive: no document can make the search go back. Comments are tokens here, so that they count.
# Python before 3.11.5 loses its place where the inside of a possessive group fails behind what repeats or looks ahead:
# every way through these groups is single characters until it can fail no more.
TOKEN = re.compile(
    r"[\s,\ufeff]*+("
    r"[_A-Za-z][_0-9A-Za-z]*+"
    r"|\.\.\."
    r'|"""(?:[^"\\]++|\\(?:""")?+|"[^"\\]|""[^"\\]|"\\(?:""")?+|""\\(?:""")?+|"\Z|""\Z)*+(?:""")?+'
    r'|"(?:[^"\\\n\r]++|\\.)*+"?+'
    r"|#[^\n\r]*+"
    r"|[-0-9][-+.0-9A-Za-z]*+"
    r"|[^\s,]"
    # Blanks at the end are a match too: else each of them would be tried as a beginning.
    r"|\Z)",
)


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """The most that one document may hold. `values` are levels of lists and objects in one argument."""

    characters: int = 100_000
    tokens: int = 4_000
    depth: int = 20
    fields: int = 2_000
    aliases: int = 500
    root_fields: int = 200
    directives: int = 500
    values: int = 128


@dataclass(slots=True)
class _Measure:
    """One definition: its own numbers, and the fragments it spreads with the depth where they stand."""

    fields: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    depth: int = 0
    meta_depth: int = 0
    spreads: list[tuple[str, int, bool]] = field(default_factory=list)

    def take(self, other: _Measure, depth: int, meta: bool) -> None:
        """Adds a fragment spread at `depth`, under introspection or not."""
        self.fields = min(self.fields + other.fields, _TOO_LARGE)
        self.aliases = min(self.aliases + other.aliases, _TOO_LARGE)
        self.directives = min(self.directives + other.directives, _TOO_LARGE)
        if depth == 1:
            self.root_fields = min(self.root_fields + other.root_fields, _TOO_LARGE)
        inner = depth - 1 + other.depth
        if meta:
            self.meta_depth = max(self.meta_depth, inner)
        else:
            self.depth = max(self.depth, inner)
        self.meta_depth = max(self.meta_depth, depth - 1 + other.meta_depth)


def check(text: str, limits: DocumentLimits) -> int:
    """How many tokens a document holds.

    Raises `RequestFailed` (LIMIT_EXCEEDED) where it goes beyond a limit; what is no GraphQL passes.
    """
    if len(text) > limits.characters:
        raise _refused("characters", limits.characters)
    # The end matches too, once or twice, and is no token.
    tokens = [found[1] for found in islice(TOKEN.finditer(text), limits.tokens + 3) if found[1]]
    if len(tokens) > limits.tokens:
        raise _refused("tokens", limits.tokens)
    operations, fragments = _measured(tokens, limits)
    for measure in (*_innermost_first(fragments), *operations):
        for name, depth, meta in measure.spreads:
            if name in fragments:
                measure.take(fragments[name], depth, meta)
        if measure.fields > limits.fields:
            raise _refused("fields", limits.fields)
    for operation in operations:
        _compare(operation, limits)
    # Validation goes through all of them, whichever is to be run.
    if sum(operation.fields for operation in operations) > limits.fields:
        raise _refused("fields", limits.fields)
    return len(tokens)


def _compare(measure: _Measure, limits: DocumentLimits) -> None:
    for what, found, most in (
        ("aliases", measure.aliases, limits.aliases),
        ("root fields", measure.root_fields, limits.root_fields),
        ("directives", measure.directives, limits.directives),
        ("levels", measure.depth, limits.depth),
        ("levels of introspection", measure.meta_depth, MAX_INTROSPECTION_DEPTH),
    ):
        if found > most:
            raise _refused(what, most)


def _innermost_first(fragments: Mapping[str, _Measure]) -> Iterator[_Measure]:
    """Every fragment once, and after those it spreads. One that spreads itself is left to validation."""
    seen: set[str] = set()
    for start in fragments:
        path = [] if start in seen else [(start, iter(fragments[start].spreads))]
        seen.add(start)
        while path:
            name, spreads = path[-1]
            for spread, _, _ in spreads:
                if spread in fragments and spread not in seen:
                    seen.add(spread)
                    path.append((spread, iter(fragments[spread].spreads)))
                    break
            else:
                path.pop()
                yield fragments[name]


def _refused(what: str, most: int) -> RequestFailed:
    return RequestFailed.because(Code.LIMIT_EXCEEDED, f"The document holds more than {most} {what}.")


# --- tokens -> measures -----------------------------------------------------


@dataclass(slots=True)
class _CostReader:
    """Where the pass stands. `braces` says for each open brace whether it is a level of the selection."""

    limits: DocumentLimits
    operations: list[_Measure] = field(default_factory=list)
    fragments: dict[str, _Measure] = field(default_factory=dict)
    measure: _Measure = field(default_factory=_Measure)
    head: list[str] = field(default_factory=list)
    braces: list[bool] = field(default_factory=list)
    depth: int = 0
    nested: int = 0
    meta: bool = False
    metas: int = 0
    definitions: int = 0

    def value(self, token: str) -> None:
        """A token inside of parentheses."""
        if token in _OPEN:
            self.nested += 1
            if self.nested > self.limits.values + 1:
                raise _refused("levels in a value", self.limits.values)
        elif token in _CLOSE:
            self.nested -= 1
        elif token == "@":
            self.measure.directives += 1

    def open(self, level: bool) -> None:
        """An opening brace: of a definition, a field, or an inline fragment."""
        if not self.braces:
            self._begin()
        self.braces.append(level)
        if len(self.braces) > MAX_BRACES:
            raise _refused("levels of braces", MAX_BRACES)
        self.depth += level

    def _begin(self) -> None:
        self.definitions += 1
        if self.definitions > MAX_DEFINITIONS:
            raise _refused("definitions", MAX_DEFINITIONS)
        if self.head[:1] == ["fragment"] and len(self.head) > 1:
            # Validation reports a name that is used twice; until then the first one counts.
            self.fragments.setdefault(self.head[1], self.measure)
        else:
            self.operations.append(self.measure)

    def close(self) -> None:
        """A closing brace."""
        if self.braces and self.braces.pop():
            self.depth -= 1
        if not self.braces:
            self.measure, self.head, self.depth, self.meta = _Measure(), [], 0, False

    def name(self, token: str) -> None:
        """A field's name or alias."""
        measure = self.measure
        measure.fields += 1
        if self.depth == 1:
            measure.root_fields += 1
            self.meta = token in _META
            self.metas += self.meta
            if self.metas > MAX_INTROSPECTION_ROOTS:
                raise _refused("introspections", MAX_INTROSPECTION_ROOTS)
        if self.meta:
            measure.meta_depth = max(measure.meta_depth, self.depth)
        else:
            measure.depth = max(measure.depth, self.depth)

    def alias(self) -> None:
        """A colon after a name: that was no field of its own."""
        self.measure.aliases += 1
        self.measure.fields -= 1
        self.measure.root_fields -= self.depth == 1

    def spread(self, name: str) -> None:
        """A fragment spread; it was counted already."""
        # Beside `__schema`, not under it, stands what is at the top.
        self.measure.spreads.append((name, self.depth, self.meta and self.depth > 1))


def _measured(tokens: list[str], limits: DocumentLimits) -> tuple[list[_Measure], dict[str, _Measure]]:
    reader = _CostReader(limits)
    before = ""
    # After `...` comes a name, `on` and a type, or the brace of an inline fragment; after `@` a name.
    inline = False
    for token in tokens:
        first = token[0]
        if first == "#":
            continue
        if reader.nested:
            reader.value(token)
        elif token == "{":
            reader.open(not inline)
            inline = False
        elif token == "}":
            reader.close()
        elif token == "(":
            reader.nested = 1
        elif token == "@":
            reader.measure.directives += 1
        elif token == ":":
            reader.alias()
        elif token == "...":
            reader.measure.fields += 1
            inline = True
        elif before == "@" or not (first.isalpha() or first == "_"):
            pass
        elif not reader.braces:
            reader.head.append(token)
        elif before == "..." and token != "on":
            reader.spread(token)
            inline = False
        elif not inline:
            reader.name(token)
        before = token
    return reader.operations, reader.fragments
