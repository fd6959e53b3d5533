"""The databases of the differential tests: one to read from, one to write to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tests.differential.schema import NOTHING, Column, Kind, Relation, Table

_INT: Final = ("INT", Kind.INT)
_TRUTH: Final = ("TINYINT(1)", Kind.BOOLEAN)
_CI: Final = "COLLATE utf8mb4_general_ci"
_MUST: Final = "NOT NULL"


def _column(name: str, sql: str, kind: Kind, null: str = "NULL", **more: Any) -> Column:
    members = more.pop("members", ())
    listed = "('" + "','".join(members) + "')" if members else ""
    nullable = null == "NULL"
    default = more.pop("default", None if nullable else NOTHING)
    return Column(name, sql + listed, kind, nullable, members=members, default=default, **more)


_COLUMNS: Final = {
    "regions": (
        _column("code", f"VARCHAR(12) {_CI}", Kind.CASELESS, _MUST),
        _column("label", "VARCHAR(40)", Kind.TEXT, _MUST),
    ),
    "places": (
        _column("id", "VARCHAR(16)", Kind.TEXT, _MUST),
        _column("label", "VARCHAR(40)", Kind.TEXT),
        _column("region_id", f"VARCHAR(12) {_CI}", Kind.CASELESS),
        _column("seats", *_INT),
        _column("opened", "DATE", Kind.DATE),
    ),
    "people": (
        _column("id", *_INT, _MUST),
        _column("name", "VARCHAR(40)", Kind.TEXT, _MUST),
        _column("nick", f"VARCHAR(30) {_CI}", Kind.CASELESS),
        _column("born", "DATE", Kind.DATE),
        _column("balance", "DECIMAL(12,2)", Kind.DECIMAL, scale=2),
        _column("points", "BIGINT UNSIGNED", Kind.BIGINT, _MUST),
        _column("factor", "DOUBLE", Kind.DOUBLE),
        _column("active", *_TRUTH),
        _column("boss_id", *_INT),
    ),
    "badges": (
        _column("person_id", *_INT, _MUST),
        _column("label", f"VARCHAR(20) {_CI}", Kind.CASELESS, _MUST),
        _column("given", "DATETIME(3)", Kind.DATETIME, scale=3),
    ),
    "projects": (
        _column("id", *_INT, _MUST),
        _column("title", "VARCHAR(60)", Kind.TEXT, _MUST),
        _column("body", "TEXT", Kind.TEXT),
        _column("owner_id", *_INT, _MUST),
        _column("reviewer_id", *_INT),
        _column("place_id", "VARCHAR(16)", Kind.TEXT),
        _column("state", "ENUM", Kind.ENUM, members=("open", "closed", "idea")),
        _column("priority", "ENUM", Kind.WORD, _MUST, members=("top", "so-so", "low")),
        _column("details", "JSON", Kind.JSON),
        _column("started", "DATETIME", Kind.DATETIME),
        _column("effort", "DOUBLE", Kind.DOUBLE),
        _column("budget", "DECIMAL(10,3)", Kind.DECIMAL, scale=3),
        _column("votes", "BIGINT", Kind.BIGINT),
        _column("done", *_TRUTH, _MUST),
    ),
    "tags": (
        _column("id", *_INT, _MUST),
        _column("word", f"VARCHAR(20) {_CI}", Kind.CASELESS, _MUST),
    ),
    "project_tags": (
        _column("project_id", *_INT, _MUST),
        _column("tag_id", *_INT, _MUST),
        _column("weight", *_INT),
        _column("note", "VARCHAR(30)", Kind.TEXT),
    ),
    "tasks": (
        _column("project_id", *_INT, _MUST),
        _column("number", *_INT, _MUST),
        _column("label", "VARCHAR(40)", Kind.TEXT),
        _column("hours", "DECIMAL(5,1)", Kind.DECIMAL, scale=1),
        _column("person_id", *_INT),
        _column("urgent", *_TRUTH, _MUST),
    ),
    "remarks": (
        _column("id", "BIGINT UNSIGNED", Kind.BIGINT, _MUST),
        _column("project_id", *_INT),
        _column("number", *_INT),
        _column("line", "TEXT", Kind.TEXT),
        _column("written", "DATETIME", Kind.DATETIME, _MUST),
    ),
    "running": (
        _column("id", *_INT, _MUST),
        _column("title", "VARCHAR(60)", Kind.TEXT, _MUST),
        _column("owner_id", *_INT, _MUST),
        _column("effort", "DOUBLE", Kind.DOUBLE),
        _column("done", *_TRUTH, _MUST),
    ),
    # What follows is written to. `mark` tells new rows apart and is never changed.
    "products": (
        _column("code", "VARCHAR(8)", Kind.TEXT, _MUST),
        _column("label", "VARCHAR(12)", Kind.TEXT, _MUST),
        _column("price", "DECIMAL(6,2)", Kind.DECIMAL, scale=2),
        _column("details", "JSON", Kind.JSON),
    ),
    "members": (
        _column("id", *_INT, _MUST, auto=True),
        _column("mark", "VARCHAR(12)", Kind.TEXT, _MUST),
        _column("email", "VARCHAR(12)", Kind.TEXT),
        _column("credit", *_INT, _MUST, default=10),
        _column("level", "ENUM", Kind.ENUM, members=("low", "high"), default="low"),
        _column("twice", "INT GENERATED ALWAYS AS (credit * 2) STORED", Kind.INT, generated=True),
        _column("referrer_id", *_INT),
    ),
    "cards": (
        _column("member_id", *_INT, _MUST),
        _column("motto", "VARCHAR(10)", Kind.TEXT, _MUST),
    ),
    "bills": (
        _column("id", *_INT, _MUST, auto=True),
        _column("mark", "VARCHAR(12)", Kind.TEXT, _MUST),
        _column("member_id", *_INT, _MUST),
        _column("number", *_INT, _MUST),
        _column("total", "DECIMAL(8,2)", Kind.DECIMAL, scale=2, default="1.50"),
        _column("note", "VARCHAR(10)", Kind.TEXT),
    ),
    "items": (
        _column("bill_id", *_INT, _MUST),
        _column("place", *_INT, _MUST),
        _column("product_id", "VARCHAR(8)", Kind.TEXT, _MUST),
        _column("amount", *_INT, _MUST, default=1),
    ),
}

_KEYS: Final = {
    "regions": ("code",),
    "badges": ("person_id",),
    "project_tags": ("project_id", "tag_id"),
    "tasks": ("project_id", "number"),
    "products": ("code",),
    "cards": ("member_id",),
    "items": ("bill_id", "place"),
}
"""The others are keyed by `id`."""
_UNIQUE: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "products": {"uq_label": ("label",)},
    "members": {"uq_email": ("email",)},
    "bills": {"uq_number": ("member_id", "number")},
}
_CHECKS: Final = {"items": "CONSTRAINT positive CHECK (amount >= 0)"}
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
    ("members", "referrer_id", "referrer", "members", "id", "members_by_referrer"),
    ("cards", "member_id", "member", "members", "id", "cards"),
    ("bills", "member_id", "member", "members", "id", "bills"),
    ("items", "bill_id", "bill", "bills", "id", "items"),
    ("items", "product_id", "product", "products", "code", "items"),
)
_VIEWS: Final = {"running": "SELECT id, title, owner_id, effort, done FROM projects WHERE state <> 'closed'"}


def _built() -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for name, columns in _COLUMNS.items():
        key = _KEYS.get(name, ("id",))
        unique = {"PRIMARY": key, **_UNIQUE.get(name, {})}
        tables[name] = Table(name, key, {each.name: each for each in columns}, {}, _VIEWS.get(name, ""), unique)
    for table, given, name, to_table, to_given, back in _REFERENCES:
        near, far = tuple(given.split()), tuple(to_given.split())
        tables[table].relations[name] = Relation(name, near, to_table, far, to_one=True, refers=True)
        single = near in tables[table].unique.values()
        tables[to_table].relations[back] = Relation(back, far, table, near, to_one=single, refers=False)
    return tables


class _Seen(Mapping[str, Table]):
    """All tables, or what is seen of them for a while."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    @contextmanager
    def only(self, tables: Mapping[str, Table]) -> Iterator[None]:
        """Within this there are no others: so requests are made of what a role sees."""
        before, self._tables = self._tables, tables
        try:
            yield
        finally:
            self._tables = before


TABLES: Final = _Seen(_built())
WRITTEN: Final = tuple(TABLES[name] for name in ("products", "members", "cards", "bills", "items"))
"""Those that are written to; a table comes after those it refers to."""
READ: Final = tuple(table for table in TABLES.values() if table not in WRITTEN)


def readable() -> list[Table]:
    """The tables to read from, of those that are seen."""
    return [TABLES[table.name] for table in READ if table.name in TABLES]


def definition(tables: Iterable[Table]) -> str:
    """The script that makes tables."""
    return ";\n".join(map(_statement, tables))


def _statement(table: Table) -> str:
    if table.view:
        return f"CREATE VIEW {table.name} AS {table.view}"
    lines = [*map(_line, table.columns.values()), f"PRIMARY KEY ({','.join(table.key)})", *_keys(table)]
    start = " AUTO_INCREMENT=1000" if any(column.auto for column in table.columns.values()) else ""
    return f"CREATE TABLE {table.name} ({', '.join(lines)}) COLLATE utf8mb4_bin{start}"


def _line(column: Column) -> str:
    if column.generated:
        return f"{column.name} {column.sql}"
    default = "" if column.default in (None, NOTHING) else f" DEFAULT '{column.default}'"
    null = "NULL" if column.nullable else _MUST
    return f"{column.name} {column.sql} {null}{default}{' AUTO_INCREMENT' if column.auto else ''}"


def _keys(table: Table) -> Iterator[str]:
    for name, columns in table.unique.items():
        if name != "PRIMARY":
            yield f"UNIQUE KEY {name} ({','.join(columns)})"
    for relation in table.relations.values():
        if relation.refers:
            keys, to_keys = ",".join(relation.columns), ",".join(relation.to_columns)
            yield f"FOREIGN KEY ({keys}) REFERENCES {relation.to_table} ({to_keys})"
    if table.name in _CHECKS:
        yield _CHECKS[table.name]
