"""A catalog of four tables, made by hand: what planner and compiler are tried on without a database."""

from __future__ import annotations

from schema_gen.catalog.model import Cardinality, Catalog, Column, ColumnType, Key, Relation, Table, TableKind


def column(name: str, base: str, ordinal: int, **parts: object) -> Column:
    """A column; nullable unless said otherwise."""
    kind = ColumnType(base, **{key: parts.pop(key) for key in ("length", "members", "unsigned") if key in parts})  # type: ignore[arg-type]
    return Column(name, kind, bool(parts.pop("nullable", True)), ordinal, **parts)  # type: ignore[arg-type]


def table(name: str, columns: list[Column], key: tuple[str, ...] | None, *relations: Relation) -> Table:
    """A table with a primary key, or without one."""
    return Table(
        name,
        TableKind.TABLE,
        {item.name: item for item in columns},
        Key("PRIMARY", key) if key else None,
        relations={item.name: item for item in relations},
    )


def relation(name: str, near: str, column_name: str, far: str, far_column: str, kind: Cardinality) -> Relation:
    """A relation over one column."""
    return Relation(name, near, (column_name,), far, (far_column,), kind, False, f"fk_{near}_{far}")


USERS = table(
    "users",
    [
        column("id", "int", 1, nullable=False, auto_increment=True),
        column("name", "varchar", 2, nullable=False, length=100),
        column("email", "varchar", 3, length=100),
        column("age", "int", 4),
        column("initial", "varchar", 5, generated=True),
    ],
    ("id",),
    relation("orders", "users", "id", "orders", "user_id", Cardinality.MANY),
    relation("logs", "users", "email", "logs", "email", Cardinality.MANY),
)
ORDERS = table(
    "orders",
    [column("id", "int", 1, nullable=False), column("user_id", "int", 2), column("total", "decimal", 3)],
    ("id",),
    relation("user", "orders", "user_id", "users", "id", Cardinality.ONE),
)
LOGS = table("logs", [column("email", "varchar", 1), column("line", "text", 2)], None)
PAIRS = table(
    "pairs",
    [column("a", "int", 1, nullable=False), column("b", "varchar", 2, nullable=False), column("v", "json", 3)],
    ("a", "b"),
)
CATALOG = Catalog("shop", {item.name: item for item in (USERS, ORDERS, LOGS, PAIRS)})
