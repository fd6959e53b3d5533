"""Rows -> Catalog: types taken apart, keys, foreign keys, both ends of relations and their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schema_gen.build_catalog import build_catalog
from schema_gen.catalog import Cardinality, Catalog, ColumnType, ForeignKey, Index, Key
from schema_gen.introspect import CheckRow, ColumnRow, ForeignKeyRow, IndexRow, Rows, Server, TableRow
from schema_gen.parse_type import column_type
from schema_gen.relations import base_name, far_name, same_word


def column_row(declared: str, **parts: object) -> ColumnRow:
    """A column as INFORMATION_SCHEMA has it; DATA_TYPE follows from the declaration."""
    row = ColumnRow(
        table="t",
        name="c",
        ordinal=1,
        default=None,
        nullable=True,
        data_type=declared.partition("(")[0].partition(" ")[0],
        length=None,
        precision=None,
        scale=None,
        time_precision=None,
        charset=None,
        collation=None,
        declared=declared,
        extra="",
        comment="",
        srid=None,
    )
    return replace(row, **parts)  # type: ignore[arg-type]


# --- types ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (column_row("tinyint(1)", precision=3, scale=0), ColumnType("tinyint", length=1)),
        (column_row("tinyint"), ColumnType("tinyint")),
        (column_row("int(8) unsigned zerofill", precision=10), ColumnType("int", unsigned=True, zerofill=True)),
        (column_row("decimal(10,2) unsigned", precision=10, scale=2), ColumnType("decimal", True, None, 10, 2)),
        (column_row("decimal(5,0)", precision=5, scale=0), ColumnType("decimal", precision=5, scale=0)),
        (column_row("float", precision=12), ColumnType("float")),
        (column_row("float(7,3)", precision=7, scale=3), ColumnType("float", precision=7, scale=3)),
        (column_row("bit(64)", precision=64), ColumnType("bit", length=64)),
        (column_row("varchar(20)", length=20, charset="latin1"), ColumnType("varchar", length=20, charset="latin1")),
        (column_row("varchar(9) /*M!100301 COMPRESSED*/", length=9), ColumnType("varchar", length=9)),
        (column_row("datetime(6)", time_precision=6), ColumnType("datetime", precision=6)),
        (column_row("VECTOR(3)"), ColumnType("vector", length=3)),
        (column_row("point", srid=4326), ColumnType("point", srid=4326)),
        (column_row("numeric(3,1)", precision=3, scale=1), ColumnType("decimal", precision=3, scale=1)),
    ],
)
def test_a_type_is_taken_apart(row: ColumnRow, expected: ColumnType) -> None:
    """What engines spell differently becomes one form."""
    assert column_type(row) == replace(expected, declared=row.declared)


@pytest.mark.parametrize(
    ("declared", "members"),
    [
        ("enum('a','b')", ("a", "b")),
        ("enum('')", ("",)),
        (r"enum('b''c','d,e','\\x','é','\"q\"','(',')','a\nb')", ("b'c", "d,e", "\\x", "é", '"q"', "(", ")", "a\nb")),
        ("enum(''',''','zerofill unsigned')", ("','", "zerofill unsigned")),
        ("set('x','y') ", ("x", "y")),
    ],
)
def test_members_are_unquoted(declared: str, members: tuple[str, ...]) -> None:
    """Quotes, commas, escapes and parentheses in members."""
    found = column_type(column_row(declared))
    assert (found.members, found.unsigned, found.zerofill) == (members, False, False)


def test_members_without_escapes() -> None:
    """OceanBase writes them as they are."""
    found = column_type(column_row("enum('a','b'c','\\x','it''s','d,e')"), raw_members=True)
    assert found.members == ("a", "b'c", "\\x", "it''s", "d,e")


# --- columns and tables -----------------------------------------------------


def rows(*columns: ColumnRow, server: Server = Server.MYSQL, **parts: object) -> Rows:
    """A database with the tables that `columns` name."""
    names = sorted({column.table for column in columns})
    tables = tuple(TableRow(name, "BASE TABLE", "InnoDB", 7, "") for name in names)
    return replace(Rows("db", server, tables, columns), **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("server", "default", "value"),
    [
        (Server.MYSQL, "NULL", "NULL"),
        (Server.MYSQL, "it's", "it's"),
        (Server.MARIADB, "NULL", None),
        (Server.MARIADB, "'NULL'", "NULL"),
        (Server.MARIADB, r"'it''s \\ \n'", "it's \\ \n"),
        (Server.MARIADB, "5", "5"),
        (Server.MARIADB, "current_timestamp()", "current_timestamp()"),
        (Server.MARIADB, None, None),
    ],
)
def test_defaults(server: Server, default: str | None, value: str | None) -> None:
    """MariaDB states an SQL expression, the others the value."""
    row = column_row("varchar(9)", default=default, nullable=False)
    column = build_catalog(rows(row, server=server)).tables["t"].columns["c"]
    assert (column.default, column.has_default) == (value, value is not None)


@pytest.mark.parametrize(
    ("extra", "generated"),
    [
        ("VIRTUAL GENERATED", True),
        ("STORED GENERATED", True),
        ("PERSISTENT", True),
        ("STORED GENERATED INVISIBLE", True),
        ("DEFAULT_GENERATED", False),
        ("DEFAULT_GENERATED on update CURRENT_TIMESTAMP", False),
        ("auto_increment", False),
    ],
)
def test_generated_columns(extra: str, generated: bool) -> None:
    """A generated default does not make a generated column."""
    row = column_row("int", extra=extra, nullable=False, default="(`a` + 1)")
    column = build_catalog(rows(row)).tables["t"].columns["c"]
    assert (column.generated, column.default is None, column.has_default) == (generated, generated, True)
    assert column.auto_increment is (extra == "auto_increment")
    assert column.on_update is ("on update" in extra)
    assert column.invisible is ("INVISIBLE" in extra)


@pytest.mark.parametrize(
    ("clause", "base"),
    [
        ("json_valid(`c`)", "json"),
        ("JSON_VALID ( `c` ) and json_length(`c`) > 1", "json"),
        ("json_valid(`d`)", "longtext"),
        ("json_valid(`c`) or `c` = ''", "longtext"),
        ("`c` <> 'json_valid(`c`)'", "longtext"),
    ],
)
def test_json_of_mariadb(clause: str, base: str) -> None:
    """Only a check that every value passes makes text JSON."""
    found = build_catalog(rows(column_row("longtext"), checks=(CheckRow("t", clause),)))
    assert found.tables["t"].columns["c"].type.base == base


def test_tables_that_cannot_be_served() -> None:
    """Each with its reason; nothing is fatal."""
    found = build_catalog(
        rows(
            column_row("int"),
            column_row("roaringbitmap", table="odd"),
            tables=(
                TableRow("t", "BASE TABLE", "MyISAM", None, "note"),
                TableRow("odd", "BASE TABLE", "InnoDB", 0, ""),
                TableRow("broken", "VIEW", "", None, "View 'x' references invalid table(s)"),
                TableRow("seq", "SEQUENCE", "InnoDB", 1, ""),
            ),
        )
    )
    assert list(found.tables) == ["t"]
    assert (found.tables["t"].transactional, found.tables["t"].comment) == (False, "note")
    assert {each.name: each.reason.partition(":")[0] for each in found.skipped} == {
        "broken": "its columns cannot be read",
        "odd": "none of its columns has a type that can be served",
        "seq": "it is a sequence, neither a table nor a view",
    }
    assert found.notes == ("column 'c' of 'odd' is left out: no form for type roaringbitmap",)


def test_views_are_written_only_where_the_server_says_so_and_means_it() -> None:
    """OceanBase says so of every view."""
    view = TableRow("t", "VIEW", "", 0, "VIEW")
    for server, updatable, writable in (
        (Server.MYSQL, frozenset({"t"}), True),
        (Server.MARIADB, frozenset[str](), False),
        (Server.OCEANBASE, frozenset({"t"}), False),
    ):
        found = build_catalog(rows(column_row("int"), tables=(view,), server=server, updatable_views=updatable))
        table = found.tables["t"]
        assert (table.writable, table.estimated_rows, table.transactional) == (writable, None, True)


def test_an_empty_database() -> None:
    """Is a catalog of no tables."""
    found = build_catalog(Rows("db", Server.MYSQL, (), ()))
    assert (dict(found.tables), found.skipped, found.notes) == ({}, (), ())
    assert found.fingerprint


def test_the_fingerprint_is_of_the_structure() -> None:
    """The guessed number of rows is not part of it; the order in which rows come is not either."""
    one, other = column_row("int", table="a"), column_row("int", table="b")
    base = rows(one, other)
    grown = replace(base, tables=tuple(replace(table, estimated_rows=99) for table in reversed(base.tables)))
    assert build_catalog(base).fingerprint == build_catalog(grown).fingerprint
    for changed in (replace(other, comment="x"), replace(other, nullable=False), replace(other, declared="int(3)")):
        assert build_catalog(rows(one, changed)).fingerprint != build_catalog(base).fingerprint


# --- keys -------------------------------------------------------------------


def index_rows(name: str, *parts: str | None, unique: bool = True, kind: str = "BTREE") -> tuple[IndexRow, ...]:
    """An index of table `t`; a part `c(5)` is a prefix, `None` an expression."""
    return tuple(
        IndexRow("t", name, unique, place, part and part.partition("(")[0], 5 if part and "(" in part else None, kind)
        for place, part in enumerate(parts, 1)
    )


def test_keys_and_indexes() -> None:
    """Prefixes, expressions, hidden columns and full-text words make no keys."""
    columns = [column_row("int", name=name, ordinal=place, nullable=name == "n") for place, name in enumerate("abn", 1)]
    indexes = (
        *index_rows("PRIMARY", "b", "a"),
        *index_rows("nullable", "n"),
        *index_rows("prefix", "a(5)"),
        *index_rows("half", "a", "b(5)"),
        *index_rows("expression", "a", None),
        *index_rows("hidden", "a", "SYS_NC31$"),
        *index_rows("words", "a", kind="FULLTEXT"),
        *index_rows("plain", "a", "n", unique=False),
    )
    table = build_catalog(rows(*columns, indexes=tuple(reversed(indexes)))).tables["t"]
    assert table.primary_key == Key("PRIMARY", ("b", "a"))
    assert table.unique_keys == (Key("nullable", ("n",), nullable=True),)
    assert table.indexes == (
        Index("PRIMARY", ("b", "a"), unique=True),
        Index("expression", ("a",), unique=False),
        Index("half", ("a",), unique=False),
        Index("hidden", ("a",), unique=False),
        Index("nullable", ("n",), unique=True),
        Index("plain", ("a", "n"), unique=False),
    )


# --- relations --------------------------------------------------------------


def catalog(*references: str, columns: str = "", nullable: bool = True, indexes: tuple[IndexRow, ...] = ()) -> Catalog:
    """A catalog from references such as `orders.customer_id -> customers.id` and further columns."""
    keys: list[ForeignKeyRow] = []
    found: dict[tuple[str, str], None] = {}
    for number, reference in enumerate(references, 1):
        near, far = (side.strip().partition(".") for side in reference.split("->"))
        for place, (one, other) in enumerate(zip(near[2].split("+"), far[2].split("+"), strict=True), 1):
            keys.append(ForeignKeyRow(near[0], f"fk{number}", one, place, "db", far[0], other))
            found |= {(far[0], other): None, (near[0], one): None}
    found |= {(each.partition(".")[0], each.partition(".")[2]): None for each in columns.split()}
    made = [
        column_row("int", table=table, name=name, ordinal=place, nullable=nullable)
        for place, (table, name) in enumerate(found, 1)
    ]
    return build_catalog(rows(*made, foreign_keys=tuple(keys), indexes=indexes))


def ends(found: Catalog) -> set[str]:
    """The relations as `table.name`."""
    return {f"{table.name}.{name}" for table in found for name in table.relations}


@pytest.mark.parametrize(
    ("reference", "near", "far"),
    [
        ("orders.customer_id -> customers.id", "customer", "orders"),
        ("posts.editor_id -> users.id", "editor", "posts_by_editor"),
        ("Orders.customerId -> Customer.id", "customer", "Orders"),
        ("Track.AlbumId -> Album.AlbumId", "Album", "Track"),
        ("Invoice.CustomerID -> Customer.CustomerID", "Customer", "Invoice"),
        ("posts.author_fk -> users.id", "author", "posts_by_author"),
        ("towns.COUNTRY_ID -> countries.id", "COUNTRY", "towns"),
        ("rows.box_id -> boxes.id", "box", "rows"),
        ("employees.person_id -> people.id", "person", "employees"),
        ("rows.order_item_id -> OrderItems.id", "order_item", "rows"),
        ("managers.id -> employees.id", "employees", "managers"),
        ("rows.paid -> people.id", "paid_by_paid", "rows_by_paid"),
        ("rows.author -> users.id", "author_by_author", "rows_by_author"),
        ("lines.a_id+b_id -> pairs.a+b", "pairs", "lines"),
    ],
)
def test_both_ends_are_named_by_the_key(reference: str, near: str, far: str) -> None:
    """The contract's rules, one by one."""
    table, target = (side.strip().partition(".")[0] for side in reference.split("->"))
    assert ends(catalog(reference)) == {f"{table}.{near}", f"{target}.{far}"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("user", "users"), ("category", "categories"), ("address", "addresses"), ("box", "boxes"), ("Box", "box")),
        *(("person", "people"), ("child", "children"), ("salesman", "salesmen"), ("shelf", "shelves")),
        *(("order_item", "OrderItems"), ("analysis", "analyses"), ("city", "city"), ("wife", "wives")),
        *(("bus", "buses"), ("key", "keys"), ("medium", "media"), ("index", "indexes"), ("matrix", "matrices")),
    ],
)
def test_singular_and_plural_are_one_word(first: str, second: str) -> None:
    """Either way round."""
    assert same_word(first, second)
    assert same_word(second, first)


@pytest.mark.parametrize(("first", "second"), [("user", "username"), ("post", "posters"), ("a", "b"), ("men", "women")])
def test_other_words_are_not(first: str, second: str) -> None:
    """A common beginning is not enough."""
    assert not same_word(first, second)


def test_several_keys_between_the_same_tables() -> None:
    """Each has its own two ends."""
    found = catalog("posts.author_id -> users.id", "posts.editor_id -> users.id", "posts.user_id -> users.id")
    assert ends(found) == {
        *("posts.author", "posts.editor", "posts.user"),
        *("users.posts_by_author", "users.posts_by_editor", "users.posts"),
    }
    assert found.notes == ()


def test_a_reference_to_the_own_table() -> None:
    """Both ends are on one table."""
    found = catalog("categories.parent_id -> categories.id")
    assert ends(found) == {"categories.parent", "categories.categories_by_parent"}
    parent = found.tables["categories"].relations["parent"]
    children = found.tables["categories"].relations["categories_by_parent"]
    assert (parent.cardinality, parent.columns, parent.to_columns) == (Cardinality.ONE, ("parent_id",), ("id",))
    assert (children.cardinality, children.columns, children.to_columns) == (Cardinality.MANY, ("id",), ("parent_id",))


def test_a_clash_with_a_column_gets_the_columns_appended_and_is_told() -> None:
    """The column keeps its name."""
    found = catalog("orders.customer_id -> customers.id", columns="customers.orders orders.customer")
    assert ends(found) == {"orders.customer_by_customer_id", "customers.orders_by_customer_id"}
    assert found.notes == (
        "relation 'customer' of 'orders' is called 'customer_by_customer_id' (foreign key 'fk1' of 'orders'): the name"
        " is taken",
        "relation 'orders' of 'customers' is called 'orders_by_customer_id' (foreign key 'fk1' of 'orders'): the name"
        " is taken",
    )


def test_a_clash_of_the_two_ends_of_two_keys() -> None:
    """Tables named in singular that refer to each other: the to-one ends keep their names."""
    found = catalog("team.user_id -> user.id", "user.team_id -> team.id")
    assert ends(found) == {"team.user", "user.team", "user.team_by_user_id", "team.user_by_team_id"}


def test_two_keys_with_one_name() -> None:
    """The column that comes first keeps it."""
    found = catalog("rows.user_fk -> users.id", "rows.user_id -> users.id")
    assert ends(found) == {"rows.user", "rows.user_by_user_id", "users.rows", "users.rows_by_user_id"}
    assert found.tables["rows"].relations["user"].columns == ("user_fk",)
    twice = catalog("rows.user_id -> users.id", "rows.user_id -> users.id")
    assert ends(twice) == {"rows.user", "rows.user_by_user_id", "users.rows", "users.rows_by_user_id"}


def test_names_stay_when_the_schema_grows() -> None:
    """New tables, columns and keys take nothing from old ones."""
    old = catalog("orders.customer_id -> customers.id", "orders.seller_id -> people.id")
    new = catalog(
        *("orders.customer_id -> customers.id", "orders.seller_id -> people.id", "orders.customer_fk -> customers.id"),
        *("archived.customer_id -> customers.id", "orders.person_id -> people.id"),
        columns="orders.archived customers.archived",
    )
    assert ends(old) < ends(new)


@pytest.mark.parametrize("nullable", [True, False])
def test_a_relation_is_required_where_every_row_has_it(nullable: bool) -> None:
    """Only the referencing end, and only where none of its columns may be NULL."""
    found = catalog("lines.a_id+b_id -> pairs.a+b", nullable=nullable)
    assert found.tables["lines"].relations["pairs"].required is not nullable
    assert found.tables["pairs"].relations["lines"].required is False


@pytest.mark.parametrize(
    ("parts", "cardinality"),
    [
        (("a_id",), Cardinality.ONE),
        (("b_id", "a_id"), Cardinality.ONE),
        (("a_id", "c_id"), Cardinality.MANY),
        (("a_id(5)",), Cardinality.MANY),
    ],
)
def test_the_far_end_of_a_unique_key_is_one_row(parts: tuple[str, ...], cardinality: Cardinality) -> None:
    """Unique means: some key lies within the foreign key."""
    found = catalog("t.a_id+b_id -> pairs.a+b", columns="t.c_id", indexes=index_rows("u", *parts))
    assert found.tables["pairs"].relations["t"].cardinality is cardinality


def test_keys_that_lead_nowhere_are_told() -> None:
    """To another database, to a table that is not served, from or to a column that is not."""
    base = rows(column_row("int"), column_row("int", table="far", name="id"))

    def note(**parts: str) -> str:
        row = replace(ForeignKeyRow("t", "fk", "c", 1, "db", "far", "id"), **parts)  # type: ignore[arg-type]
        found = build_catalog(replace(base, foreign_keys=(row,)))
        assert found.foreign_keys == ()
        (only,) = found.notes
        return only.removeprefix("foreign key 'fk' of 't' is left out: ")

    assert note(to_schema="other") == "it refers to another database ('other')"
    assert note(to_table="gone") == "'gone' is not served"
    assert note(column="gone") == "one of its columns is not served"
    assert note(to_column="gone") == "one of its columns is not served"
    unseen = ForeignKeyRow("excluded", "fk", "c", 1, "db", "far", "id")
    assert build_catalog(replace(base, foreign_keys=(unseen,))).notes == ()


def test_references_ignore_case_where_nothing_else_fits() -> None:
    """They are kept as they were typed."""
    row = ForeignKeyRow("t", "fk", "C", 1, "DB", "FAR", "ID")
    found = build_catalog(
        rows(column_row("int"), column_row("int", table="far", name="id"), foreign_keys=(row,), database="db")
    )
    assert found.foreign_keys == (ForeignKey("fk", "t", ("c",), "far", ("id",)),)


def test_names_of_ends_follow_from_the_key_alone() -> None:
    """The functions behind it take nothing else."""
    key = ForeignKey("fk", "posts", ("editor_id",), "users", ("id",))
    assert (base_name(key), far_name(key)) == ("editor", "posts_by_editor")
    assert base_name(replace(key, columns=("_id",))) == "_id"
    assert base_name(replace(key, columns=("Id",))) == "users"
