"""A GraphQL operation as plain values: the one description that is both printed as GraphQL and answered in Python."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

# --- values of arguments ----------------------------------------------------


class Way(Enum):
    """How a value gets into the request."""

    LITERAL = auto()
    VARIABLE = auto()
    DEFAULT = auto()  # as the default of a variable that is not sent
    OVERRIDING = auto()  # as a variable whose default is something else
    ABSENT = auto()  # a variable that is not sent: as if nothing were there


@dataclass(frozen=True, slots=True)
class Word:
    """The value of an enum."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """A value of the GraphQL type `type` (without a last `!`, which `required` stands for).

    `content` is a scalar's JSON, a `Word`, a tuple of inputs (a list), or a dict of them (an object).
    """

    type: str
    content: Any
    required: bool = False
    way: Way = Way.LITERAL


def plain(given: Input) -> Any:
    """The value as JSON, enum values as texts; what is absent is left out."""
    content = given.content
    if isinstance(content, Word):
        return content.name
    if isinstance(content, tuple):
        return [plain(item) for item in content]
    if isinstance(content, dict) and all(isinstance(item, Input) for item in content.values()):
        return {name: plain(item) for name, item in content.items() if item.way is not Way.ABSENT}
    return content


# --- selections -------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """`@skip` or `@include`."""

    name: str
    value: Input

    @property
    def included(self) -> bool:
        """Whether what carries it is selected."""
        return bool(plain(self.value)) is (self.name == "include")


Arguments = dict[str, Input]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field, with what is selected in it unless it is a leaf."""

    name: str
    alias: str | None = None
    arguments: Arguments | None = None
    inner: tuple[Piece, ...] | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def key(self) -> str:
        """Its name in the answer."""
        return self.alias or self.name

    def given(self) -> dict[str, Any]:
        """The arguments as JSON; absent ones are left out."""
        return plain(Input("", self.arguments)) if self.arguments else {}


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """A named fragment."""

    name: str
    type: str
    inner: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """`...name`, or an inline fragment where `fragment` has no name."""

    fragment: Fragment
    conditions: tuple[Condition, ...] = ()


Piece = Field | Spread


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Operation:
    """A query or mutation."""

    kind: str
    name: str | None
    roots: tuple[Piece, ...]


def collected(pieces: tuple[Piece, ...]) -> dict[str, Field]:
    """The fields that are selected, by their names in the answer; those of one name are put together."""
    found: dict[str, Field] = {}
    for field in _included(pieces):
        known = found.get(field.key)
        if known is not None and field.inner is not None:
            inner = (*(known.inner or ()), *field.inner)
            field = Field(known.name, known.alias, known.arguments, inner)
        found[field.key] = field
    return found


def _included(pieces: tuple[Piece, ...]) -> list[Field]:
    fields: list[Field] = []
    for piece in pieces:
        if not all(condition.included for condition in piece.conditions):
            continue
        fields += [piece] if isinstance(piece, Field) else _included(piece.fragment.inner)
    return fields
