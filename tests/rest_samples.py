"""A catalog written by hand for the unit tests of the REST API: users with orders, and a view."""

from __future__ import annotations

from schema_gen.catalog.model import (
    Cardinality,
    Catalog,
    Column,
    ColumnType,
    Key,
    Relation,
    Table,
    TableKind,
)


def column(name: str, base: str, **more: object) -> Column:
    """A column; `more` are fields of `Column`, or of `ColumnType` where that has them."""
    of_type = {key: more.pop(key) for key in list(more) if key in ColumnType.__dataclass_fields__}
    made = ColumnType(base, **of_type)  # type: ignore[arg-type]
    return Column(**{"name": name, "type": made, "nullable": True, "ordinal": 1} | more)  # type: ignore[arg-type]


def table(name: str, *columns: Column, **more: object) -> Table:
    """A table of `columns`, keyed by the first one."""
    key = Key("PRIMARY", (columns[0].name,))
    fields = {"kind": TableKind.TABLE, "primary_key": key} | more
    return Table(name, columns={each.name: each for each in columns}, **fields)  # type: ignore[arg-type]


def _id() -> Column:
    return column("id", "int", nullable=False, auto_increment=True, has_default=True)


ORDERS = Relation("orders", "users", ("id",), "orders", ("user_id",), Cardinality.MANY, False, "fk_user")
USER = Relation("user", "orders", ("user_id",), "users", ("id",), Cardinality.ONE, True, "fk_user")

USERS = table(
    "users",
    _id(),
    column("name", "varchar", length=100, comment="How to call them"),
    column("email", "varchar", length=100),
    column("age", "int"),
    relations={"orders": ORDERS},
    unique_keys=(Key("email", ("email",), nullable=True),),
    comment="People",
)
ORDER_TABLE = table(
    "orders",
    _id(),
    column("user_id", "int", nullable=False),
    column("total", "decimal", precision=10, scale=2, nullable=False, has_default=True, default="0.00"),
    column("paid", "tinyint", length=1),
    column("placed_at", "datetime", precision=0),
    column("state", "enum", members=("new", "sent")),
    column("hidden", "int", invisible=True),
    column("double_total", "decimal", precision=11, scale=2, generated=True),
    relations={"user": USER},
)
REPORT = table(
    "weekly report", column("week", "int"), column("total.sum", "bigint"), kind=TableKind.VIEW, writable=False
)

CATALOG = Catalog("shop", {each.name: each for each in (USERS, ORDER_TABLE, REPORT)}, fingerprint="f1")
