"""Foreign keys -> both ends of each relation and their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.introspect import ForeignKeyRow, IndexRow
from schema_gen.catalog.model import Cardinality, Catalog, ForeignKey
from schema_gen.catalog.relations import Version, base_name, far_name, same_word
from tests.unit.schema_rows import column_row, index_rows, rows


def catalog(
    *references: str,
    columns: str = "",
    nullable: bool = True,
    indexes: tuple[IndexRow, ...] = (),
    unique: bool = True,
    version: Version = "v2",
) -> Catalog:
    """A catalog from references such as `orders.customer_id -> customers.id` and further columns."""
    made_unique: list[IndexRow] = []
    keys: list[ForeignKeyRow] = []
    found: dict[tuple[str, str], None] = {}
    for number, reference in enumerate(references, 1):
        near, far = (side.strip().partition(".") for side in reference.split("->"))
        referred = index_rows(f"u{number}", *far[2].split("+"))
        made_unique += [replace(each, table=far[0]) for each in referred] if unique else []
        for place, (one, other) in enumerate(zip(near[2].split("+"), far[2].split("+"), strict=True), 1):
            keys.append(ForeignKeyRow(near[0], f"fk{number}", one, place, "db", far[0], other))
            found |= {(far[0], other): None, (near[0], one): None}
    found |= {(each.partition(".")[0], each.partition(".")[2]): None for each in columns.split()}
    made = [
        column_row("int", table=table, name=name, ordinal=place, nullable=nullable)
        for place, (table, name) in enumerate(found, 1)
    ]
    found_rows = rows(*made, foreign_keys=tuple(keys), indexes=(*indexes, *made_unique))
    return build_catalog(found_rows, relation_names=version)


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
        ("salaries.emp_no -> employees.emp_no", "employees", "salaries"),
        ("salaries.Emp_No -> employees.emp_no", "employees", "salaries"),
        ("loans.district -> district.district", "district_by_district", "loans"),
    ],
)
def test_both_ends_are_named_by_the_key(reference: str, near: str, far: str) -> None:
    """The contract's rules, one by one."""
    table, target = (side.strip().partition(".")[0] for side in reference.split("->"))
    assert ends(catalog(reference)) == {f"{table}.{near}", f"{target}.{far}"}


def test_columns_called_like_what_they_refer_to() -> None:
    """Several keys to one table are told apart by their columns, and the names of earlier versions can be kept."""
    keys = ("dept_manager.emp_no -> employees.emp_no", "dept_manager.deputy -> employees.emp_no")
    assert ends(catalog(*keys)) == {
        *("dept_manager.employees", "dept_manager.deputy_by_deputy"),
        *("employees.dept_manager", "employees.dept_manager_by_deputy"),
    }
    assert catalog(keys[0]).notes == ()
    assert ends(catalog(*keys, version="v1")) == {
        *("dept_manager.emp_no_by_emp_no", "dept_manager.deputy_by_deputy"),
        *("employees.dept_manager_by_emp_no", "employees.dept_manager_by_deputy"),
    }
    taken = catalog(keys[0], columns="dept_manager.employees")
    assert ends(taken) == {"dept_manager.employees_by_emp_no", "employees.dept_manager"}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_key_to_columns_that_are_not_unique_has_lists_at_both_ends(version: Version) -> None:
    """Several rows may be what it refers to; an index that is unique by more columns does not help."""
    wider = tuple(replace(each, table="users") for each in index_rows("u", "code", "other"))
    found = catalog("posts.user_id -> users.code", columns="users.other", indexes=wider, unique=False, version=version)
    user = found.tables["posts"].relations["user"]
    assert (user.cardinality, user.required, user.refers) == (Cardinality.MANY, False, True)
    assert found.tables["users"].relations["posts"].cardinality is Cardinality.MANY


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
