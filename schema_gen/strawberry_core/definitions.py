"""Strawberry definitions filled by hand: nothing evaluated, inspected or generated per class, equal parts shared.

What `strawberry.type` finds out from a class (43 s for 1,000 tables) is known here
beforehand. The results are Strawberry's own: `StrawberryObjectDefinition`, `StrawberryField`,
`StrawberryArgument`, `StrawberryEnumDefinition`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, cast

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryContainer, StrawberryList, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

NamedType = StrawberryObjectDefinition | StrawberryEnumDefinition | type
"""A definition, or the Python class that stands for a scalar."""

AnyType = NamedType | StrawberryContainer
"""A named type, or an optional or a list of one."""


class GeneratedType:
    """The Python class of generated types that hand-written code never names."""


class GeneratedDefinition(StrawberryObjectDefinition):
    """An object or input type that follows from the catalog."""

    def __init__(self, name: str, description: str = "", *, is_input: bool = False) -> None:
        super().__init__(
            name=name,
            is_input=is_input,
            is_interface=False,
            origin=GeneratedType,
            description=description or None,
            interfaces=[],
            extend=False,
            directives=(),
            is_type_of=None,
            resolve_type=None,
            fields=[],
        )

    _fields: list[StrawberryField]
    _make: Callable[[], list[StrawberryField]] | None = None

    # Types are equal if they are the same: to compare them by content would fill them.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def fields(self) -> list[StrawberryField]:
        """The fields; what makes them runs when they are first asked for, so that types can name each other."""
        make, self._make = self._make, None
        if make is not None:
            self._fields = make()
        return self._fields

    @fields.setter
    def fields(self, fields: list[StrawberryField]) -> None:
        """Sets them."""
        self._fields, self._make = fields, None

    def fill_by(self, make: Callable[[], list[StrawberryField]]) -> None:
        """Has `make` give the fields."""
        self._make = make

    @property
    def filled(self) -> bool:
        """Whether the fields are there."""
        return self._make is None

    def as_class(self) -> type:
        """A bare class that carries this definition, for the places where Strawberry wants a class."""
        self.origin = type(self.name, (), {"__strawberry_definition__": self})
        return self.origin


class RootDefinition(GeneratedDefinition):
    """A root type: its fields by name, made when they are asked for, and those that are added by hand."""

    def __init__(self, name: str, by_name: Mapping[str, GeneratedField]) -> None:
        self.by_name: Mapping[str, GeneratedField] = {}
        self.added: list[StrawberryField] = []
        super().__init__(name)  # looks through the fields, so they come later
        self.by_name = by_name

    @property
    def fields(self) -> list[StrawberryField]:
        """All fields: makes them all."""
        return [*self.by_name.values(), *self.added]

    @fields.setter
    def fields(self, fields: list[StrawberryField]) -> None:
        """Sets the hand-written ones."""
        self.added = fields


class GeneratedEnum(StrawberryEnumDefinition):
    """An enum that follows from the catalog; our code is handed plain texts. `of_column`: they are values of rows."""

    of_column = False

    def __init__(self, name: str, values: Iterable[EnumValue], description: str = "") -> None:
        plain = cast(Any, str)  # stands where Strawberry has the Enum class that values are made into
        super().__init__(wrapped_cls=plain, name=name, values=list(values), description=description or None)

    __hash__ = StrawberryEnumDefinition.__hash__


class GeneratedField(StrawberryField):
    """A field that follows from the catalog; it may belong to many types."""

    @property
    def known_type(self) -> AnyType:
        """The type, without the resolution that annotations need."""
        annotation = self.type_annotation
        assert annotation is not None
        return cast(AnyType, annotation.raw_annotation)


_EMPTY: Final[MappingProxyType[Any, Any]] = MappingProxyType({})
_NOTHING: Final[Any] = ()
_NO_ARGUMENTS: Final[list[StrawberryArgument]] = []


def _field(
    name: str,
    annotation: StrawberryAnnotation,
    arguments: list[StrawberryArgument],
    description: str,
    metadata: Mapping[str, object] | None,
) -> GeneratedField:
    """There are a hundred fields for each table, so what is empty in them is the same object in all."""
    made = GeneratedField(
        python_name=name, graphql_name=name, type_annotation=annotation, description=description or None
    )
    made.metadata = _EMPTY if metadata is None else MappingProxyType(dict(metadata))
    made.arguments = arguments or _NO_ARGUMENTS
    made.permission_classes = made.directives = made.extensions = _NOTHING
    return made


def _annotation(type_: AnyType) -> StrawberryAnnotation:
    """An annotation that is its own result."""
    annotation = StrawberryAnnotation(type_)
    annotation.__evaluated_cache__ = type_
    annotation.__resolve_cache__ = cast(Any, type_)
    return annotation


@dataclass(slots=True)
class DefinitionCache:
    """The parts made during one build, each distinct one once.

    Keys are identities; the annotations keep their types alive, and with them the identities.
    """

    _annotations: dict[int, StrawberryAnnotation] = field(default_factory=dict)
    _optionals: dict[int, StrawberryOptional] = field(default_factory=dict)
    _lists: dict[int, StrawberryList] = field(default_factory=dict)
    _fields: dict[tuple[str, int, str], GeneratedField] = field(default_factory=dict)
    _arguments: dict[tuple[str, int], StrawberryArgument] = field(default_factory=dict)
    _enum_values: dict[tuple[str, str, str], EnumValue] = field(default_factory=dict)

    def optional(self, type_: AnyType) -> StrawberryOptional:
        """What GraphQL writes as `T`; Strawberry's plain types are non-null."""
        found = self._optionals.get(id(type_))
        if found is None:
            found = self._optionals[id(type_)] = StrawberryOptional(cast(Any, type_))
        return found

    def list_of(self, type_: AnyType) -> StrawberryList:
        """`[T!]!`."""
        found = self._lists.get(id(type_))
        if found is None:
            found = self._lists[id(type_)] = StrawberryList(cast(Any, type_))
        return found

    def optional_list(self, type_: AnyType) -> StrawberryOptional:
        """`[T!]`."""
        return self.optional(self.list_of(type_))

    def field(self, name: str, type_: AnyType, description: str = "") -> GeneratedField:
        """A field without arguments, for objects and inputs alike."""
        key = (name, id(type_), description)
        found = self._fields.get(key)
        if found is None:
            found = self._fields[key] = self.field_with(name, type_, [], description)
        return found

    def field_with(
        self,
        name: str,
        type_: AnyType,
        arguments: list[StrawberryArgument],
        description: str = "",
        metadata: Mapping[str, object] | None = None,
    ) -> GeneratedField:
        """A field with arguments or metadata, shared with no other."""
        return _field(name, self._annotation(type_), arguments, description, metadata)

    def argument(self, name: str, type_: AnyType) -> StrawberryArgument:
        """An argument."""
        key = (name, id(type_))
        found = self._arguments.get(key)
        if found is None:
            annotation = self._annotation(type_)
            found = StrawberryArgument(python_name=name, graphql_name=name, type_annotation=annotation)
            self._arguments[key] = found
        return found

    def enum_value(self, name: str, value: str, description: str = "") -> EnumValue:
        """A member of an enum: its GraphQL name, and the text our code is handed."""
        key = (name, value, description)
        found = self._enum_values.get(key)
        if found is None:
            found = self._enum_values[key] = EnumValue(name, value, description=description or None)
        return found

    def _annotation(self, type_: AnyType) -> StrawberryAnnotation:
        found = self._annotations.get(id(type_))
        if found is None:
            found = self._annotations[id(type_)] = _annotation(type_)
        return found
