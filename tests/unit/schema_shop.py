"""A small shop as a catalog made by hand: every kind of column, key and relation that the schema tells apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from schema_gen.catalog.model import Catalog, Column, ColumnType, ForeignKey, Key, Table, TableKind
from schema_gen.catalog.relations import build_relations
from schema_gen.graphql.schema import BuiltSchema, build_schema
from schema_gen.names.naming import Style, build_names


def column(name: str, base: str, *, nullable: bool = True, generated: bool = False, comment: str = "") -> Column:
    """A column of a plain type; its place is settled by `table`."""
    return Column(name, ColumnType(base), nullable, 0, generated=generated, comment=comment)


def typed(name: str, type_: ColumnType, *, nullable: bool = True) -> Column:
    """A column whose type has parts."""
    return Column(name, type_, nullable, 0)


def table(name: str, columns: Iterable[Column], *keys: Key, comment: str = "", view: bool = False) -> Table:
    """A table; of `keys` the one called PRIMARY is its primary key. A view is not writable."""
    placed = {each.name: replace(each, ordinal=place) for place, each in enumerate(columns, 1)}
    return Table(
        name=name,
        kind=TableKind.VIEW if view else TableKind.TABLE,
        columns=placed,
        primary_key=next((key for key in keys if key.primary), None),
        unique_keys=tuple(key for key in keys if not key.primary),
        comment=comment,
        writable=not view,
    )


def catalog(tables: Iterable[Table], foreign_keys: Iterable[ForeignKey] = ()) -> Catalog:
    """A catalog with both ends of every foreign key."""
    known = {each.name: each for each in tables}
    keys = tuple(foreign_keys)
    relations, _notes = build_relations(known, keys)
    finished = {name: replace(each, relations=relations.get(name, {})) for name, each in known.items()}
    return Catalog("shop", finished, keys)


def reference(near: str, column_name: str, far: str, far_column: str = "id") -> ForeignKey:
    """A foreign key over one column."""
    return ForeignKey(f"{near}_{column_name}", near, (column_name,), far, (far_column,))


PRIMARY = Key("PRIMARY", ("id",))

CUSTOMERS = table(
    "customers",
    [
        column("id", "int", nullable=False),
        column("email", "varchar", nullable=False, comment="Where invoices go"),
        typed("status", ColumnType("enum", members=("new", "active", "gone")), nullable=False),
        typed("mood", ColumnType("enum", members=("so-so", "fine"))),
        typed("interests", ColumnType("set", members=("books", "music"))),
        typed("subscribed", ColumnType("tinyint", length=1), nullable=False),
        column("settings", "json"),
        column("home", "point"),
        column("initial", "char", generated=True),
    ],
    PRIMARY,
    Key("email", ("email",)),
    comment="Who buys",
)
PROFILES = table(
    "profiles",
    [column("customer_id", "int", nullable=False), column("picture", "blob"), column("born", "date")],
    Key("PRIMARY", ("customer_id",)),
)
CATEGORIES = table("categories", [column("id", "smallint", nullable=False), column("parent_id", "smallint")], PRIMARY)
PRODUCTS = table(
    "products",
    [
        column("id", "bigint", nullable=False),
        column("category_id", "smallint"),
        typed("price", ColumnType("decimal", precision=10, scale=2), nullable=False),
        column("weight", "double"),
        column("code", "uuid"),
    ],
    PRIMARY,
)
ORDERS = table(
    "orders",
    [
        column("id", "int", nullable=False),
        column("customer_id", "int", nullable=False),
        column("placed", "datetime", nullable=False),
        column("paid", "timestamp"),
        column("vintage", "year"),
        column("pickup", "time"),
        column("from_address", "inet6"),
    ],
    PRIMARY,
)
ITEMS = table(
    "order_items",
    [
        column("order_id", "int", nullable=False),
        column("product_id", "bigint", nullable=False),
        column("amount", "int"),
    ],
    Key("PRIMARY", ("order_id", "product_id")),
)
LOG = table("log", [column("line", "text")])
SALES = table("sales", [column("day", "date"), column("total", "decimal")], comment="Sums by day", view=True)

SHOP = catalog(
    [CUSTOMERS, PROFILES, CATEGORIES, PRODUCTS, ORDERS, ITEMS, LOG, SALES],
    [
        reference("profiles", "customer_id", "customers"),
        reference("categories", "parent_id", "categories"),
        reference("products", "category_id", "categories"),
        reference("orders", "customer_id", "customers"),
        reference("order_items", "order_id", "orders"),
        reference("order_items", "product_id", "products"),
    ],
)

CART = catalog([ORDERS, ITEMS], [reference("order_items", "order_id", "orders")])


def nobody(_source: object, _info: object) -> None:
    """A resolver for schemas that are only looked at."""
    return


def built(of: Catalog, style: Style = "snake") -> BuiltSchema:
    """The schema of a catalog that is only looked at."""
    return build_schema(of, build_names(of, style), resolver=nobody)
