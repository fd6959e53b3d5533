"""What the differential tests know of a database: tables, columns and relations, under their public names."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """Families of column types that behave alike."""

    INT = auto()
    BIGINT = auto()
    DECIMAL = auto()
    DOUBLE = auto()
    TEXT = auto()
    CASELESS = auto()
    DATE = auto()
    DATETIME = auto()
    BOOLEAN = auto()
    ENUM = auto()
    WORD = auto()
    JSON = auto()


SCALARS: Final = {
    Kind.INT: "Int",
    Kind.BIGINT: "bigint",
    Kind.DECIMAL: "decimal",
    Kind.DOUBLE: "Float",
    Kind.TEXT: "String",
    Kind.CASELESS: "String",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.BOOLEAN: "Boolean",
    Kind.WORD: "String",
    Kind.JSON: "json",
}
"""The GraphQL type of values; an ENUM with legal names has a type of its own."""

NUMBERS: Final = frozenset({Kind.INT, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE})
TEXTS: Final = frozenset({Kind.TEXT, Kind.CASELESS, Kind.ENUM, Kind.WORD})
RANKED: Final = frozenset({*NUMBERS, Kind.TEXT, Kind.CASELESS, Kind.DATE, Kind.DATETIME})
"""What `min` and `max` are for."""


class _Nothing:
    """No default."""


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `scale` digits after the point (of seconds for DATETIME), `members` of an enum.

    `default` is `NOTHING` where a new row must have a value; `auto` is AUTO_INCREMENT. A `masked` one is seen in some
    rows only, and is NULL in others.
    """

    name: str
    sql: str
    kind: Kind
    nullable: bool = True
    scale: int = 0
    members: tuple[str, ...] = ()
    default: object = None
    auto: bool = False
    generated: bool = False
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """One end of a foreign key, under its public name; `refers` says that this is the end that holds it."""

    name: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    to_one: bool
    refers: bool


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A table. `key` names every row; a view's `key` is not declared anywhere (`view` is its SELECT).

    `unique` are all unique keys by their names, the primary key among them. Of a table as a role sees it `columns` may
    lack those of the key; where rows may not be counted, it is not `aggregated`.
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    relations: dict[str, Relation] = field(default_factory=dict)
    view: str = ""
    unique: dict[str, tuple[str, ...]] = field(default_factory=dict)
    aggregated: bool = True

    def __repr__(self) -> str:
        """Its name."""
        return self.name

    @property
    def keyed(self) -> bool:
        """Whether rows can be asked for by the key."""
        return not self.view and all(name in self.columns and not self.columns[name].masked for name in self.key)

    def enum_type(self, column: Column) -> str:
        """The GraphQL type of the column's values."""
        return SCALARS.get(column.kind) or f"{self.name}_{column.name}_enum"

    def of(self, *kinds: Kind) -> list[Column]:
        """The columns of these kinds."""
        return [column for column in self.columns.values() if column.kind in kinds]

    def to_one(self) -> list[Relation]:
        """The relations to at most one row."""
        return [relation for relation in self.relations.values() if relation.to_one]

    def to_many(self) -> list[Relation]:
        """The relations to lists."""
        return [relation for relation in self.relations.values() if not relation.to_one]
