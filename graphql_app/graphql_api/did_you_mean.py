"""The name that was probably meant, behind graphql-core's errors about one that the schema does not know. Pure.

graphql-core's own suggestions compare each unknown name with every known one, and make the fields of all tables for it.
So it is asked for none; what it says of the first few errors is completed here, with bounded work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from graphql_app.runtime.suggestions import nearest
from schema_gen.strawberry_core.lazy_mapping import LazyMapping

FIRST = 3
"""Errors of one document, or one set of variables, that may end in a suggestion."""
WORK = 30_000
"""Pairs of characters that are compared for one of them at most."""
_NAME = "[_A-Za-z0-9]{1,64}"
_VARIABLE = re.compile(r"Variable '\$\w+' has invalid value(?: at [^\s:]*)?: ", re.ASCII)
"""How an error in a variable's value begins."""

Known = Callable[[GraphQLSchema, str], Collection[str]]


def _fields(schema: GraphQLSchema, owner: str) -> Collection[str]:
    type_ = schema.type_map.get(owner)
    known = type_.fields if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType) else ()
    return [*known, "__typename"] if not isinstance(known, LazyMapping) else known


def _arguments(schema: GraphQLSchema, place: str) -> Collection[str]:
    owner, _, name = place.partition(".")
    type_ = schema.type_map.get(owner)
    field = type_.fields.get(name) if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) else None
    return field.args if field is not None else ()


def _arguments_of_directive(schema: GraphQLSchema, name: str) -> Collection[str]:
    found = schema.get_directive(name)
    return found.args if found is not None else ()


def _values(schema: GraphQLSchema, owner: str) -> Collection[str]:
    type_ = schema.type_map.get(owner)
    return type_.values if isinstance(type_, GraphQLEnumType) else ()


_FORMS: Sequence[tuple[re.Pattern[str], Known]] = tuple(
    (re.compile(form, re.ASCII), known)
    for form, known in (
        (rf"Cannot query field '(?P<name>{_NAME})' on type '(?P<of>\w+)'\.", _fields),
        (rf"Unknown argument '(?P<name>{_NAME})' on field '(?P<of>[\w.]+)'\.", _arguments),
        (rf"Unknown argument '(?P<name>{_NAME})' on directive '@(?P<of>\w+)'\.", _arguments_of_directive),
        (rf"Unknown type '(?P<name>{_NAME})'(?P<of>)\.", lambda schema, _: schema.type_map),
        (
            rf"Unknown directive '@(?P<name>{_NAME})'(?P<of>)\.",
            lambda schema, _: [each.name for each in schema.directives],
        ),
        (r"Expected value of type '(?P<of>\w+)!?' not to include unknown field '(?P<name>.{1,64}?)', found: ", _fields),
        (r"Value '(?P<name>.{1,64})' does not exist in '(?P<of>\w+)' enum\.", _values),
        (r"Enum '(?P<of>\w+)' cannot represent non-enum value: \"(?P<name>.{1,64})\"\.", _values),
    )
)
"""What graphql-core says of a name that is unknown, and the names that it may have been meant for."""


def completed(schema: GraphQLSchema, messages: Sequence[str]) -> list[str]:
    """The messages of graphql-core's errors, the first `FIRST` of them with the name that was probably meant."""
    return [f"{each}{_hint(schema, each)}" if place < FIRST else each for place, each in enumerate(messages)]


def hint(name: str, known: Collection[str]) -> str:
    """What follows the message that `name` is unknown, in graphql-core's words: ` Did you mean 'x'?`, or nothing."""
    found = nearest(name, _possible(known), work=WORK)
    return "" if found is None or found not in known else f" Did you mean '{found}'?"


def _hint(schema: GraphQLSchema, message: str) -> str:
    start = _VARIABLE.match(message)
    for form, known in _FORMS:
        found = form.match(message, start.end() if start else 0)
        if found is not None:
            return hint(found["name"], known(schema, found["of"]))
    return ""


def _possible(known: Collection[str]) -> Iterable[str]:
    return known.possible if isinstance(known, LazyMapping) else known
