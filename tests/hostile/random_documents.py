"""Random GraphQL documents for a schema: mostly right, with faults of every kind; a seed makes the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    introspection_types,
    is_required_argument,
    is_required_input_field,
)

from tests.hostile import mutations

KEYS = ("x", "y", "id", "name", "parent")
"""Aliases; few, so that they clash."""
VARIABLES = 3
"""Variables of one type."""
_SCALARS: dict[str, tuple[str, ...]] = {
    "Int": ("1", "0", "-5", "2147483647"),
    "Float": ("1.5", "1", "-2e3"),
    "Boolean": ("true", "false"),
    "String": ('"a"', '""', '"""b"""', '"\\u00e9"', '"$x {"', '"# no comment"'),
}
_WRONG = ("null", "1", '"a"', "true", "[]", "{}", "nope", "99999999999999999999", "[[1]]", "{nope:1}", "$nope")
_META = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass(slots=True)
class _Block:
    """A definition being written: its text, and the fragments and variables that stand in it."""

    text: str = ""
    spreads: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    """The type that each variable is used as."""


class Writer:
    """Writes one document. `faults` is how often, of all chances, something is wrong; `meta`: it is introspection."""

    def __init__(self, draw: Random, schema: GraphQLSchema, faults: float, *, meta: bool = False) -> None:
        self._draw = draw
        self._schema = schema
        self._faults = faults
        self._meta = meta
        self._block = _Block()
        self._fragments: list[tuple[str, GraphQLObjectType]] = []
        self._inside = -1
        """The fragment being written: those after it may be spread in it."""
        self._left = draw.choice((15, 40, 150))
        """Fields still to come; after them only leaves."""
        self._aliases = 0

    def text(self) -> str:
        """The document."""
        draw = self._draw
        roots = [each for each in (self._schema.query_type, self._schema.mutation_type) if each]
        types = [roots[0], *self._composite(roots[0]), *self._composite(roots[-1])]
        if self._meta:
            types = [roots[0], *(each for each in introspection_types.values() if isinstance(each, GraphQLObjectType))]
        for number in range(draw.choice((0, 0, 1, 2, 4, 9))):
            self._fragments.append((f"F{number}", draw.choice(types)))
        # The operations first: spreads of them lead to fragments of the types there are.
        count = draw.choice((1, 1, 1, 1, 2, 3))
        operations = [self._operation(number, named=count > 1) for number in range(count)]
        fragments = [self._fragment(number) for number in range(len(self._fragments))]
        blocks = {name: block for (name, _), block in zip(self._fragments, fragments, strict=True)}
        parts = [self._headed(head, block, blocks) for head, block in operations]
        parts += [block.text for name, block in blocks.items() if self._is_used(name, operations, blocks)]
        if self._fault():
            parts.append(draw.choice((*parts, "scalar S", "type T{a:Int}", "{", "fragment F0 on nope{id}")))
        draw.shuffle(parts)
        made = draw.choice((" ", "\n", ",", " # {\n")).join(parts)
        return mutations.text(made, draw) if self._fault() else made

    def _fault(self) -> bool:
        return self._draw.random() < self._faults

    @staticmethod
    def _composite(type_: GraphQLObjectType) -> list[GraphQLObjectType]:
        named = (get_named_type(each.type) for each in type_.fields.values())
        return [each for each in named if isinstance(each, GraphQLObjectType)]

    # --- definitions ----------------------------------------------------------

    def _operation(self, number: int, *, named: bool) -> tuple[str, _Block]:
        draw, schema = self._draw, self._schema
        kinds = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
        kind = "query" if self._meta else draw.choice(("query", "query", "query", "mutation", "subscription"))
        self._block = block = _Block()
        root = kinds[kind]
        assert root is not None
        block.text = self._selection(root, draw.randint(1, 4), one=kind == "subscription" and not self._fault())
        name = f" Q{0 if self._fault() else number}" if named != self._fault() else ""
        return f"{kind}{name}", block

    def _fragment(self, number: int) -> _Block:
        name, type_ = self._fragments[number]
        self._block, self._inside = _Block(), number
        on = "nope" if self._fault() else type_.name
        self._block.text = f"fragment {name} on {on}{self._directives()}{self._selection(type_, 2)}"
        return self._block

    def _headed(self, head: str, block: _Block, blocks: dict[str, _Block]) -> str:
        """An operation with the variables that it uses, directly or not."""
        used = dict(block.variables)
        for name in self._reached(block, blocks):
            used |= blocks[name].variables
        if self._fault() and used:
            used.pop(self._draw.choice(list(used)))
        if self._fault():
            used["unused"] = self._draw.choice(("Int", "[String!]", "users_bool_exp", "nope", "users"))
        defined = [f"${name}:{self._variable_type(type_)}" for name, type_ in used.items()]
        if self._fault() and defined:
            defined.append(defined[0])
        variables = f"({','.join(defined)})" if defined else ""
        return f"{head}{variables}{block.text}"

    def _variable_type(self, type_: str) -> str:
        if self._fault():
            type_ = self._draw.choice(("Int", "String!", f"[{type_}]", type_.rstrip("!")))
        if self._draw.random() < 0.1 and not type_.endswith("!"):
            return type_ + "=null"
        return type_ + self._directives() if self._fault() else type_

    @staticmethod
    def _reached(block: _Block, blocks: dict[str, _Block]) -> set[str]:
        found: set[str] = set()
        waiting = [*block.spreads]
        while waiting:
            name = waiting.pop()
            if name in blocks and name not in found:
                found.add(name)
                waiting += blocks[name].spreads
        return found

    def _is_used(self, name: str, operations: list[tuple[str, _Block]], blocks: dict[str, _Block]) -> bool:
        """Whether a fragment is to be there."""
        used = any(name in self._reached(block, blocks) for _, block in operations)
        return used != self._fault()

    # --- selections -----------------------------------------------------------

    def _selection(self, type_: GraphQLObjectType, depth: int, *, one: bool = False) -> str:
        draw = self._draw
        count = 1 if one or self._left < 0 else draw.choice((1, 1, 2, 3, 3, 6))
        return "{" + " ".join(self._selected(type_, depth) for _ in range(count)) + "}"

    def _selected(self, type_: GraphQLObjectType, depth: int) -> str:
        draw = self._draw
        fitting = [name for place, (name, on) in enumerate(self._fragments) if on is type_ and place > self._inside]
        if self._fault():
            fitting = [*(name for name, _ in self._fragments), "nope"]
        chance = draw.random()
        if chance < 0.3 and fitting:
            name = draw.choice(fitting)
            self._block.spreads.add(name)
            return f"...{name}{self._directives()}"
        if chance < 0.4 and self._left > 0:
            self._left -= 1
            on = draw.choice(("", f" on {type_.name}", " on nope" if self._fault() else ""))
            return f"...{on}{self._directives()}{self._selection(type_, depth)}"
        return self._field(type_, depth)

    def _field(self, type_: GraphQLObjectType, depth: int) -> str:
        draw = self._draw
        self._left -= 1
        fields = dict(type_.fields)
        if type_ is self._schema.query_type:
            fields = dict(_META) if self._meta else fields | _META
        # A subscription that asks for its type's name is refused.
        names = [name for name, each in fields.items() if self._may_stand(each, depth)]
        if not names or (draw.random() < 0.1 and type_ is not self._schema.subscription_type):
            name, asked, inner = "__typename", None, None
        else:
            name = draw.choice(names)
            asked = fields[name]
            inner = get_named_type(asked.type)
        if self._fault():
            name = draw.choice(("nope", "__typename", "id", "__schema"))
        arguments = self._arguments(asked)
        text = f"{self._alias(arguments)}{name}{arguments}{self._directives()}"
        below = isinstance(inner, GraphQLObjectType) != self._fault()
        return text + self._selection(inner, depth - 1) if below and isinstance(inner, GraphQLObjectType) else text

    def _alias(self, arguments: str) -> str:
        """Mostly none, at times one of few; fields with arguments mostly have one of their own."""
        if self._draw.random() < 0.05:
            return f"{self._draw.choice(KEYS)}:"
        self._aliases += 1
        return f"k{self._aliases}:" if arguments and self._draw.random() < 0.9 else ""

    def _may_stand(self, each: GraphQLField, depth: int) -> bool:
        leaf = not isinstance(get_named_type(each.type), GraphQLObjectType)
        return leaf or (depth > 0 and self._left > 0)

    def _directives(self) -> str:
        draw = self._draw
        if draw.random() > 0.05:
            return "@nope" if self._fault() else ""
        made = f"@{draw.choice(('skip', 'include'))}(if:{self._value(GraphQLNonNull(self._boolean()), 1)})"
        return made * 2 if self._fault() else made

    def _boolean(self) -> GraphQLScalarType:
        found = self._schema.type_map["Boolean"]
        assert isinstance(found, GraphQLScalarType)
        return found

    # --- values ---------------------------------------------------------------

    def _arguments(self, asked: GraphQLField | None) -> str:
        given = []
        for name, argument in (asked.args if asked else {}).items():
            if is_required_argument(argument) != self._fault() or self._draw.random() < 0.1:
                given.append(f"{name}:{self._value(argument.type, 2)}")
        if self._fault():
            given.append(self._draw.choice((*given, "nope:1")))
        self._draw.shuffle(given)
        return f"({','.join(given)})" if given else ""

    def _value(self, type_: object, depth: int) -> str:
        draw = self._draw
        if self._fault():
            return draw.choice(_WRONG)
        if draw.random() < 0.15:
            name = f"v{sum(str(type_).encode()) % 89}_{draw.randrange(VARIABLES)}"
            known = self._block.variables.setdefault(name, str(type_))
            return f"${name}" if known == str(type_) else "null"
        if isinstance(type_, GraphQLNonNull):
            return self._plain(type_.of_type, depth)
        return "null" if draw.random() < 0.05 else self._plain(type_, depth)

    def _plain(self, type_: object, depth: int) -> str:
        draw = self._draw
        if isinstance(type_, GraphQLList):
            if draw.random() < 0.3:
                return self._plain(get_named_type(type_), depth)
            return "[" + ",".join(self._value(type_.of_type, depth) for _ in range(draw.randrange(3))) + "]"
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, depth)
        if isinstance(type_, GraphQLEnumType):
            names: list[str] = [*type_.values]
            return draw.choice(names)
        return draw.choice(_SCALARS.get(str(type_), ('"1"',)))

    def _object(self, type_: GraphQLInputObjectType, depth: int) -> str:
        draw = self._draw
        names = [name for name, each in type_.fields.items() if is_required_input_field(each)]
        if depth > 0:
            names += draw.sample([*type_.fields], min(draw.randrange(3), len(type_.fields)))
        if not self._fault():
            names = [*dict.fromkeys(names)]
        draw.shuffle(names)
        return "{" + " ".join(f"{name}:{self._value(type_.fields[name].type, depth - 1)}" for name in names) + "}"


# --- structures that grow ------------------------------------------------------


def _graph(draw: Random) -> str:
    """Fragments that spread each other at random, in fields or not: chains, rings, trees, doublings."""
    count = draw.randint(1, 25)
    cyclic = draw.random() < 0.5
    made = []
    for number in range(count):
        far = [each for each in range(count) if cyclic or each > number]
        spreads = [
            draw.choice(("...F{0}", "parent{{...F{0}}}", "x:parent{{...F{0} y:id}}", "...{{...F{0}}}")).format(
                draw.choice(far)
            )
            for _ in range(draw.randint(0, 3))
            if far
        ]
        leaf = draw.choice(("id", "name", "x:id", "x:name", "y:id"))
        made.append(f"fragment F{number} on users{{{leaf} {' '.join(spreads)}}}")
    if draw.random() < 0.2:
        made.append(draw.choice(made))
    return "{users{...F0}}" + "".join(made)


def _deep(draw: Random) -> str:
    levels = draw.randint(1, 90)
    inner = draw.choice(("id", "x:id x:name", "...F", "id id"))
    tail = " fragment F on users{id}" if inner == "...F" else ""
    return f"{{users{'{parent' * levels}{{{inner}}}{'}' * levels}}}{tail}"


def _clashes(draw: Random) -> str:
    """Many fields of few keys, whose arguments agree or nearly so."""
    arguments = ("", "(limit:1)", "(limit:1 offset:2)", "(offset:2 limit:1)", "(where:{id:{_eq:1} name:{_eq:null}})")
    chosen = draw.sample(arguments, draw.randint(1, 2))
    swapped = draw.choice(("", "users(where:{name:{_eq:null} id:{_eq:1}}){id}"))
    fields = (f"users{draw.choice(chosen)}{{{draw.choice(('id', 'name'))}}}" for _ in range(draw.randint(2, 60)))
    return "{" + "".join(fields) + swapped + "}"


SHAPES: tuple[Callable[[Random], str], ...] = (_graph, _deep, _clashes)
FAULTS = (0.0, 0.0, 0.01, 0.05, 0.3)
"""How often something is wrong: never in a third of the documents that `Writer` makes."""


def random_documents(count: int, seed: int, schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """`count` documents with their names; number N of a seed is the same in every run."""
    for number in range(count):
        draw = Random(f"{seed} {number}")
        name = f"number {number} of seed {seed}"
        if number % 4 == 0:
            made = draw.choice(SHAPES)(draw)
            yield name, mutations.text(made, draw) if draw.random() < 0.2 else made
        else:
            yield name, Writer(draw, schema, draw.choice(FAULTS)).text()


def random_introspections(count: int, seed: int, schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Documents without faults that ask for nothing but the schema."""
    for number in range(count):
        yield f"number {number} of seed {seed}", Writer(Random(f"meta {seed} {number}"), schema, 0.0, meta=True).text()
