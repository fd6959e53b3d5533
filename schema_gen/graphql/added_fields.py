"""What a developer adds to the generated schema: root fields, and computed fields of tables' types."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.private import is_private

from schema_gen.catalog.model import Catalog
from schema_gen.strawberry_core.definitions import RootDefinition
from schema_gen.strawberry_core.roles import ComputedField


@dataclass(frozen=True, slots=True)
class AddedFields:
    """Classes made by `strawberry.type`, whose fields join generated types.

    `query`, `mutation` and `subscription` join the root types. `computed` maps a table to a class whose fields join
    the type of its rows: the class declares the columns that its fields need as `strawberry.Private`, and its
    resolvers read them from `self`.
    """

    query: type | None = None
    mutation: type | None = None
    subscription: type | None = None
    computed: Mapping[str, type] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is added."""
        return bool(self.query or self.mutation or self.subscription or self.computed)

    def check(self, catalog: Catalog) -> None:
        """Raises `ValueError` where a computed field stands on a table or a column that there is none of."""
        for table, added in self.computed.items():
            if table not in catalog.tables:
                raise ValueError(f"{added.__name__} adds fields to '{table}', and there is no such table")
            unknown = set(needed_columns(added)) - set(catalog.tables[table].columns)
            if unknown:
                raise ValueError(f"{added.__name__} needs {sorted(unknown)}, and '{table}' has no such columns")


NOTHING_ADDED: Final = AddedFields()


def add_to_root(root: RootDefinition, added: type, converter: NameConverter) -> None:
    """Adds the fields of `added` to a root type. Raises `ValueError` where a generated one is called so."""
    fields = _fields(added)
    _check_names(added, (converter.from_field(each) for each in fields), root.by_name)
    root.fields = fields


def computed_fields(
    added: type, generated: Mapping[str, object], converter: NameConverter
) -> Iterator[tuple[str, StrawberryField, ComputedField]]:
    """The computed fields of a table's rows: name, field and role. Raises `ValueError` as `add_to_root`."""
    fields = _fields(added)
    _check_names(added, (converter.from_field(each) for each in fields), generated)
    role = ComputedField(added, needed_columns(added))
    yield from ((converter.from_field(each), each, role) for each in fields)


def needed_columns(added: type) -> tuple[str, ...]:
    """The columns that a class of computed fields declares: the fields that its instances are made with.

    Raises `ValueError` where one of these is not `strawberry.Private`.
    """
    shown = {each.python_name for each in _fields(added)}
    names = tuple(each.name for each in dataclasses.fields(added) if each.init)
    for name in names:
        if name in shown:
            raise ValueError(f"{added.__name__}.{name} has no resolver; write `{name}: strawberry.Private[…]`")
    return names


def _fields(added: type) -> list[StrawberryField]:
    """The fields that are shown. Under `from __future__ import annotations` Strawberry's list has private ones too."""
    return [each for each in get_object_definition(added, strict=True).fields if not is_private(each.type)]


def _check_names(added: type, names: Iterable[str], generated: Mapping[str, object]) -> None:
    for name in names:
        if name in generated:
            raise ValueError(f"The field '{name}' of {added.__name__} is called like a generated one")
