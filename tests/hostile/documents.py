"""Hostile GraphQL documents by kind, each growing with one number: bombs, padding, nesting, nonsense."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from graphql import GraphQLSchema

from schema_gen.catalog.model import Key
from tests.unit.schema_shop import built, catalog, column, reference, table

Kind = Callable[[int], str]
"""From a size to a document about that many tokens long."""


def _doubled(size: int) -> str:
    count = size // 12 + 1
    inner = "".join(f"fragment F{i} on users{{...F{i + 1} ...F{i + 1}}}" for i in range(count))
    return f"{{users{{...F0}}}}{inner}fragment F{count} on users{{id}}"


def _chain(size: int) -> str:
    count = size // 10 + 1
    inner = "".join(f"fragment F{i} on users{{parent{{...F{i + 1}}}}}" for i in range(count))
    return f"{{users{{...F0}}}}{inner}fragment F{count} on users{{id}}"


def _cycle(size: int) -> str:
    count = size // 7 + 1
    return "{users{...F0}}" + "".join(f"fragment F{i} on users{{...F{(i + 1) % count}}}" for i in range(count))


def _cycle_below(size: int) -> str:
    """Each fragment stands in a field of the one before."""
    count = size // 10 + 1
    inner = "".join(f"fragment F{i} on users{{parent{{...F{(i + 1) % count}}}}}" for i in range(count))
    return "{users{...F0}}" + inner


def _cycles_below(size: int) -> str:
    """As many sets of fragments that meet below one key as there are subsets of them."""
    count = size // 20 + 2
    parts = (f"fragment F{i} on users{{a:parent{{...F{i + 1}}}b:parent{{...F{i + 1}}}}}" for i in range(1, count))
    first = "fragment F0 on users{a:parent{...F0}b:parent{...F0 ...F1}}"
    return f"{{users{{...F0}}}}{first}{''.join(parts)}fragment F{count} on users{{id}}"


def _cycle_of_types(size: int) -> str:
    count = size // 10 + 1
    inner = "".join(f"fragment F{i} on __Type{{ofType{{...F{(i + 1) % count}}}}}" for i in range(count))
    return f"{{__schema{{types{{...F0}}}}}}{inner}"


def _doubled_twice_named(size: int) -> str:
    """Small by the first fragment of each name, a bomb by the second."""
    count = size // 16 + 1
    small = "".join(f"fragment F{i} on users{{id}}" for i in range(count))
    large = "".join(f"fragment F{i} on users{{a:parent{{...F{i + 1}}}b:parent{{...F{i + 1}}}}}" for i in range(count))
    return f"{{users{{...F0}}}}{small}{large}fragment F{count} on users{{id}}"


def _doubled_behind_definitions(size: int) -> str:
    """Fragments behind what is no operation: to a look at the tokens they are none."""
    count = size // 16 + 1
    inner = "".join(
        f"scalar S{i} fragment F{i} on users{{a:parent{{...F{i + 1}}}b:parent{{...F{i + 1}}}}}" for i in range(count)
    )
    return f"{{users{{...F0}}}}{inner}fragment F{count} on users{{id}}"


def _introspection(size: int) -> str:
    return "{__schema{types" + "{fields{type" * (size // 4) + "{name}" + "}}" * (size // 4) + "}}"


def _hidden_introspection(size: int) -> str:
    count = size // 12 + 1
    inner = "".join(f"fragment I{i} on __Type{{...I{i + 1} ...I{i + 1}}}" for i in range(count))
    hidden = "fragment U on query_root{__schema{types{...I0}}}"
    return f"{{users{{id}}}}{hidden}{inner}fragment I{count} on __Type{{name}}"


KINDS: Mapping[str, Kind] = {
    "aliases": lambda size: "{" + " ".join(f"a{i}:users{{id}}" for i in range(size // 6)) + "}",
    "aliases below": lambda size: "{users{" + " ".join(f"a{i}:id" for i in range(size // 3)) + "}}",
    "one field again": lambda size: "{" + "users{id}" * (size // 4) + "}",
    "one field again below": lambda size: "{users{" + "id " * size + "}}",
    "arguments again": lambda size: "{" + "users(where:{id:{_eq:1}}){id}" * (size // 16) + "}",
    "merge bomb": lambda size: "{users{" + "parent{parent{id}}" * (size // 7) + "}}",
    "different fields of one key": lambda size: (
        "{users{" + "".join(f"x:{'id' if i % 2 else 'name'} " for i in range(size // 3)) + "}}"
    ),
    "fragments doubled": _doubled,
    "fragments in a chain": _chain,
    "fragments in a ring": _cycle,
    "fragments in a ring of fields": _cycle_below,
    "fragments in a ring of many sets": _cycles_below,
    "fragments in a ring of types": _cycle_of_types,
    "fragments of one name doubled": _doubled_twice_named,
    "fragments behind definitions": _doubled_behind_definitions,
    "fragments unused": lambda size: "{users{id}}" + "".join(f"fragment F{i} on users{{id}}" for i in range(size // 7)),
    "fragments on nothing": lambda size: "{users{" + "".join(f"...on t{i}{{id}}" for i in range(size // 6)) + "}}",
    "inline fragments nested": lambda size: "{users{" + "...{" * (size // 3) + "id" + "}" * (size // 3) + "}}",
    "inline fragments again": lambda size: "{users{" + "...{id}" * (size // 4) + "}}",
    "spreads again": lambda size: "{users{" + "...F " * (size // 2) + "}}fragment F on users{id}",
    "spreads of nothing": lambda size: "{users{" + "".join(f"...F{i} " for i in range(size // 2)) + "}}",
    "deep": lambda size: "{users" + "{parent" * (size // 3) + "{id}" + "}" * (size // 3) + "}",
    "deep, never closed": lambda size: "{a" * (size // 2),
    "deep value": lambda size: "{users(where:" + "{_not:" * (size // 4) + "{}" + "}" * (size // 4) + "){id}}",
    "deep list": lambda size: "{users(where:{_and:" + "[" * (size // 2) + "]" * (size // 2) + "}){id}}",
    "wide value": lambda size: "{users(where:{_and:[" + "{id:{_eq:1}}" * (size // 9) + "]}){id}}",
    "key again": lambda size: "{users(where:{" + "id:{} " * (size // 4) + "}){id}}",
    "unknown keys": lambda size: "{users(where:{_and:[" + "{nope:1}" * (size // 5) + "]}){id}}",
    "directives": lambda size: "{users{id" + "@skip(if:false)" * (size // 7) + "}}",
    "directives unknown": lambda size: "{users{id" + "@nope" * (size // 2) + "}}",
    "unknown fields": lambda size: "{users{" + "".join(f"nope{i} " for i in range(size)) + "}}",
    "unknown arguments": lambda size: "{users(" + "".join(f"nope{i}:1 " for i in range(size // 3)) + "){id}}",
    "variables": lambda size: "query(" + "".join(f"$v{i}:Int " for i in range(size // 4)) + "){users{id}}",
    "variables undefined": lambda size: (
        "{users(where:{_or:[" + "".join(f"{{id:{{_eq:$v{i}}}}}" for i in range(size // 10)) + "]}){id}}"
    ),
    "operations": lambda size: "".join(f"query Q{i}{{users{{id}}}}" for i in range(size // 8)),
    "operations of one name": lambda size: "query Q{users{id}}" * (size // 8),
    "comments": lambda size: "{users{id}}" + "#\n" * size,
    "comments long": lambda size: "{users{id}}#" + "x" * (size * 8),
    "blanks": lambda size: "{users{id}}" + " ,\n\ufeff" * (size * 2),
    "string never closed": lambda size: '{users(where:{name:{_eq:"' + "x" * (size * 8),
    "block string never closed": lambda size: '{users(where:{name:{_eq:"""' + '\\""" "' * size,
    "quotes": lambda size: "{users(where:{name:{_eq:" + '"' * size,
    "escapes": lambda size: '{users(where:{name:{_eq:"' + "\\u0000" * size + '"}}){id}}',
    "long name": lambda size: "{" + "x" * (size * 8) + "}",
    "long number": lambda size: "{users(limit:" + "9" * (size * 8) + "){id}}",
    "strange characters": lambda size: "{users{id}}" + "\u2028☃$&?" * size,
    "introspection nested": _introspection,
    "introspection again": lambda size: (
        "{" + "".join(f"a{i}:__schema{{types{{name}}}}" for i in range(size // 9)) + "}"
    ),
    "introspection in hidden fragments": _hidden_introspection,
    "types": lambda size: "type T{a:Int}" * (size // 7),
}
"""Every kind."""


def hostile_documents(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """`count` documents with their kinds, of 100 tokens to 100,000, smaller and larger equally often."""
    draw = random.Random(seed)
    kinds = list(KINDS.items())
    for number in range(count):
        name, kind = kinds[number % len(kinds)]
        yield name, kind(int(10 ** draw.uniform(2, 5)))


def users_schema() -> GraphQLSchema:
    """The schema the documents are for: users, each with a parent."""
    columns = [column("id", "int", nullable=False), column("name", "varchar"), column("parent_id", "int")]
    users = table("users", columns, Key("PRIMARY", ("id",)))
    return built(catalog([users], [reference("users", "parent_id", "users")])).schema.graphql
