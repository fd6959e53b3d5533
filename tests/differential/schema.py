"""The database of the differential tests as they know it: written by hand, public names included."""

from __future__ import annotations

from collections.abc import Iterator
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


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `scale` digits after the point (of seconds for DATETIME), `members` of an enum."""

    name: str
    sql: str
    kind: Kind
    nullable: bool = True
    scale: int = 0
    members: tuple[str, ...] = ()


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
    """A table. `key` names every row; a view's `key` is not declared anywhere (`view` is its SELECT)."""

    name: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    relations: dict[str, Relation] = field(default_factory=dict)
    view: str = ""

    def __repr__(self) -> str:
        """Its name."""
        return self.name

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


_INT: Final = ("INT", Kind.INT)
_CI: Final = "COLLATE utf8mb4_general_ci"


def _column(name: str, sql: str, kind: Kind, null: str = "", scale: int = 0, members: str = "") -> Column:
    listed = "('" + members.replace(",", "','") + "')" if members else ""
    return Column(name, sql + listed, kind, null != "not null", scale, tuple(members.split(",")) if members else ())


_COLUMNS: Final = {
    "regions": (
        _column("code", f"VARCHAR(12) {_CI}", Kind.CASELESS, "not null"),
        _column("label", "VARCHAR(40)", Kind.TEXT, "not null"),
    ),
    "places": (
        _column("id", "VARCHAR(16)", Kind.TEXT, "not null"),
        _column("label", "VARCHAR(40)", Kind.TEXT),
        _column("region_id", f"VARCHAR(12) {_CI}", Kind.CASELESS),
        _column("seats", *_INT),
        _column("opened", "DATE", Kind.DATE),
    ),
    "people": (
        _column("id", *_INT, "not null"),
        _column("name", "VARCHAR(40)", Kind.TEXT, "not null"),
        _column("nick", f"VARCHAR(30) {_CI}", Kind.CASELESS),
        _column("born", "DATE", Kind.DATE),
        _column("balance", "DECIMAL(12,2)", Kind.DECIMAL, scale=2),
        _column("points", "BIGINT UNSIGNED", Kind.BIGINT, "not null"),
        _column("factor", "DOUBLE", Kind.DOUBLE),
        _column("active", "TINYINT(1)", Kind.BOOLEAN),
        _column("boss_id", *_INT),
    ),
    "badges": (
        _column("person_id", *_INT, "not null"),
        _column("label", f"VARCHAR(20) {_CI}", Kind.CASELESS, "not null"),
        _column("given", "DATETIME(3)", Kind.DATETIME, scale=3),
    ),
    "projects": (
        _column("id", *_INT, "not null"),
        _column("title", "VARCHAR(60)", Kind.TEXT, "not null"),
        _column("body", "TEXT", Kind.TEXT),
        _column("owner_id", *_INT, "not null"),
        _column("reviewer_id", *_INT),
        _column("place_id", "VARCHAR(16)", Kind.TEXT),
        _column("state", "ENUM", Kind.ENUM, members="open,closed,idea"),
        _column("priority", "ENUM", Kind.WORD, "not null", members="top,so-so,low"),
        _column("details", "JSON", Kind.JSON),
        _column("started", "DATETIME", Kind.DATETIME),
        _column("effort", "DOUBLE", Kind.DOUBLE),
        _column("budget", "DECIMAL(10,3)", Kind.DECIMAL, scale=3),
        _column("votes", "BIGINT", Kind.BIGINT),
        _column("done", "TINYINT(1)", Kind.BOOLEAN, "not null"),
    ),
    "tags": (
        _column("id", *_INT, "not null"),
        _column("word", f"VARCHAR(20) {_CI}", Kind.CASELESS, "not null"),
    ),
    "project_tags": (
        _column("project_id", *_INT, "not null"),
        _column("tag_id", *_INT, "not null"),
        _column("weight", *_INT),
        _column("note", "VARCHAR(30)", Kind.TEXT),
    ),
    "tasks": (
        _column("project_id", *_INT, "not null"),
        _column("number", *_INT, "not null"),
        _column("label", "VARCHAR(40)", Kind.TEXT),
        _column("hours", "DECIMAL(5,1)", Kind.DECIMAL, scale=1),
        _column("person_id", *_INT),
        _column("urgent", "TINYINT(1)", Kind.BOOLEAN, "not null"),
    ),
    "remarks": (
        _column("id", "BIGINT UNSIGNED", Kind.BIGINT, "not null"),
        _column("project_id", *_INT),
        _column("number", *_INT),
        _column("line", "TEXT", Kind.TEXT),
        _column("written", "DATETIME", Kind.DATETIME, "not null"),
    ),
    "running": (
        _column("id", *_INT, "not null"),
        _column("title", "VARCHAR(60)", Kind.TEXT, "not null"),
        _column("owner_id", *_INT, "not null"),
        _column("effort", "DOUBLE", Kind.DOUBLE),
        _column("done", "TINYINT(1)", Kind.BOOLEAN, "not null"),
    ),
}

_KEYS: Final = {
    "regions": ("code",),
    "badges": ("person_id",),
    "project_tags": ("project_id", "tag_id"),
    "tasks": ("project_id", "number"),
}
"""The others are keyed by `id`."""

_REFERENCES: Final = (
    # table, columns, name there; table referred to, columns, name there
    ("places", "region_id", "region", "regions", "code", "places"),
    ("people", "boss_id", "boss", "people", "id", "people_by_boss"),
    ("badges", "person_id", "person", "people", "id", "badges"),
    ("projects", "owner_id", "owner", "people", "id", "projects_by_owner"),
    ("projects", "reviewer_id", "reviewer", "people", "id", "projects_by_reviewer"),
    ("projects", "place_id", "place", "places", "id", "projects"),
    ("project_tags", "project_id", "project", "projects", "id", "project_tags"),
    ("project_tags", "tag_id", "tag", "tags", "id", "project_tags"),
    ("tasks", "project_id", "project", "projects", "id", "tasks"),
    ("tasks", "person_id", "person", "people", "id", "tasks"),
    ("remarks", "project_id number", "tasks", "tasks", "project_id number", "remarks"),
)
_VIEWS: Final = {"running": "SELECT id, title, owner_id, effort, done FROM projects WHERE state <> 'closed'"}


def _built() -> dict[str, Table]:
    tables = {
        name: Table(
            name, _KEYS.get(name, ("id",)), {column.name: column for column in columns}, {}, _VIEWS.get(name, "")
        )
        for name, columns in _COLUMNS.items()
    }
    for table, columns, name, to_table, to_columns, back in _REFERENCES:
        near, far = tuple(columns.split()), tuple(to_columns.split())
        tables[table].relations[name] = Relation(name, near, to_table, far, to_one=True, refers=True)
        single = near == tables[table].key
        tables[to_table].relations[back] = Relation(back, far, table, near, to_one=single, refers=False)
    return tables


TABLES: Final = _built()


def definition() -> str:
    """The script that makes the tables."""
    return ";\n".join(_statement(table) for table in TABLES.values())


def _statement(table: Table) -> str:
    if table.view:
        return f"CREATE VIEW {table.name} AS {table.view}"
    lines = [f"{each.name} {each.sql} {'NULL' if each.nullable else 'NOT NULL'}" for each in table.columns.values()]
    lines += [f"PRIMARY KEY ({','.join(table.key)})", *_foreign_keys(table)]
    return f"CREATE TABLE {table.name} ({', '.join(lines)}) COLLATE utf8mb4_bin"


def _foreign_keys(table: Table) -> Iterator[str]:
    for near, columns, _, far, to_columns, _ in _REFERENCES:
        if near == table.name:
            keys, to_keys = columns.replace(" ", ","), to_columns.replace(" ", ",")
            yield f"FOREIGN KEY ({keys}) REFERENCES {far} ({to_keys})"
