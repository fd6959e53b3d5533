"""Database names <-> GraphQL names: Hasura's words, legal whatever comes, clashes settled once."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from itertools import chain

import pytest
from graphql import assert_name
from hypothesis import HealthCheck, given, settings, strategies as st

from schema_gen.catalog.model import Cardinality, Catalog, Column, ColumnType, Key, Relation, Table, TableKind
from schema_gen.names.identifiers import camel, is_legal, legal
from schema_gen.names.naming import Names, RootName, TableNames, TypeNames, build_names, legal_enum_members
from schema_gen.types.type_rows import SCALARS

QUICK = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""The same examples each time, however busy the machine."""


def table(name: str, *columns: str, relations: dict[str, Cardinality] | None = None, **enums: tuple[str, ...]) -> Table:
    """A table of INT columns, ENUM columns and relations to itself."""
    made = [Column(each, ColumnType("int"), nullable=True, ordinal=1) for each in columns or ("id",)]
    made += [Column(each, ColumnType("enum", members=words), True, 1) for each, words in enums.items()]
    key = (made[0].name,)
    return Table(
        name,
        TableKind.TABLE,
        {each.name: each for each in made},
        primary_key=Key("PRIMARY", key),
        unique_keys=(Key("by-mail", key), Key("true", key)),
        relations={
            each: Relation(each, name, key, name, key, cardinality, False, "fk")
            for each, cardinality in (relations or {}).items()
        },
    )


def catalog(*tables: Table | str) -> Catalog:
    """A catalog of tables."""
    made = [each if isinstance(each, Table) else table(each) for each in tables]
    return Catalog("db", {each.name: each for each in made})


def types_of(names: TableNames) -> list[str]:
    """All type names of a table."""
    return [names.type, *asdict(names.types).values(), *names.enums.values()]


def test_names_as_hasura_has_them() -> None:
    """Root fields and types of an ordinary table."""
    users = build_names(catalog("users")).table("users")
    assert asdict(users.roots) == {
        "list": "users",
        "by_pk": "users_by_pk",
        "aggregate": "users_aggregate",
        "connection": "users_connection",
        "group": "users_group",
        "stream": "users_stream",
        "insert": "insert_users",
        "insert_one": "insert_users_one",
        "update": "update_users",
        "update_by_pk": "update_users_by_pk",
        "update_many": "update_users_many",
        "delete": "delete_users",
        "delete_by_pk": "delete_users_by_pk",
    }
    assert users.type == "users"
    truths = "users_select_column_users_aggregate_bool_exp_{}_columns"
    assert asdict(users.types) == {
        **{each.name: f"users_{each.name}" for each in fields(TypeNames)},
        **{name: truths.format(name) for name in ("bool_and_arguments", "bool_or_arguments")},
    }


def test_camel_is_hasuras_graphql_default() -> None:
    """Fields in camelCase, those of tables and columns too, types in PascalCase, the roots as they are."""
    made = table(
        "order_items",
        "unit_price",
        relations={"order_lines": Cardinality.MANY, "big_box": Cardinality.ONE},
        how=("a_b",),
    )
    names = build_names(catalog(made), "camel")
    items = names.table("order_items")
    assert (items.type, items.roots.list) == ("OrderItems", "orderItems")
    assert items.columns == {"unit_price": "unitPrice", "how": "how"}
    assert items.column_of["unitPrice"] == "unit_price"
    assert items.roots.by_pk == "orderItemsByPk"
    assert (items.roots.aggregate, items.types.aggregate) == ("orderItemsAggregate", "OrderItemsAggregate")
    assert items.roots.insert_one == "insertOrderItemsOne"
    assert items.types.bool_exp == "OrderItemsBoolExp"
    assert items.types.stddev_pop_fields == "OrderItemsStddevPopFields"
    assert items.types.bool_and_arguments == "OrderItemsSelectColumnOrderItemsAggregateBoolExpBoolAndArgumentsColumns"
    assert items.relations == {"order_lines": "orderLines", "big_box": "bigBox"}
    assert items.relation_aggregates == {"order_lines": "orderLinesAggregate"}
    assert items.relation_of["orderLines"] == "order_lines"
    assert items.enums == {"how": "OrderItemsHowEnum"}
    assert items.enum_comparisons == {"how": "OrderItemsHowEnumComparisonExp"}
    assert [names.word(word) for word in ("order_by", "_is_null", "where", "affected_rows")] == [
        *("orderBy", "_isNull", "where", "affectedRows")
    ]
    shared = ("order_by", "Int_comparison_exp", "bigint_comparison_exp", "query_root", "subscription_root")
    assert [names.type_word(word) for word in shared] == [
        *("OrderBy", "IntComparisonExp", "BigintComparisonExp", "query_root", "subscription_root")
    ]
    assert [names.direction(word) for word in ("asc", "desc_nulls_last")] == ["ASC", "DESC_NULLS_LAST"]
    assert names.notes == ()


def test_camel_leaves_names_given_by_hand() -> None:
    """As Hasura's custom names; only what is made of them is turned."""
    made = table("order_items", "unit_price")
    columns = {name: replace(each, shown_as="net_price") for name, each in made.columns.items() if name == "unit_price"}
    given = replace(made, shown_as="my_items", columns={**made.columns, **columns})
    items = build_names(catalog(given), "camel").table("order_items")
    assert items.columns["unit_price"] == "net_price"
    assert (items.roots.list, items.roots.by_pk, items.type) == ("my_items", "myItemsByPk", "MyItems")


def test_what_camel_makes_one_is_told_apart() -> None:
    """The name that is the database's own goes first."""
    names = build_names(catalog(table("a", "user_id", "userId", "Größe 2"), "user_role", "userRole", "a b"), "camel")
    assert names.table("a").columns == {"user_id": "userId_column", "userId": "userId", "Größe 2": "Grosse2"}
    assert (names.table("userRole").roots.list, names.table("user_role").roots.list) == ("userRole", "userRole_table")
    assert names.table("user_role").types.bool_exp == "UserRoleTableBoolExp"
    assert names.table("a b").roots.list == "aB"
    assert names.notes


def test_snake_leaves_words_alone() -> None:
    """The default style."""
    names = build_names(catalog())
    assert (names.style, names.word("order_by")) == ("snake", "order_by")


@pytest.mark.parametrize(
    ("name", "public"),
    [
        *(("users", "users"), ("_x", "_x"), ("Order Details", "Order_Details"), ("a-b", "a_b"), ("2fa", "_2fa")),
        *(
            ("__meta", "_meta"),
            ("____", "u5f"),
            ("%", "u5f"),
            ("_", "u5f"),
            ("", "u5f"),
            ("sélect", "select"),
            ("Größe", "Grosse"),
            ("Łódź", "Lodz"),
        ),
        *(("日本", "u65e5u672c"), ("a  -  b", "a_b"), ("é", "e"), ("n°5", "n_5"), ("a.b", "a_b"), ("\u0661x", "u661x")),
        *(("$x", "_x"), ("a`b", "a_b"), ("\U0001f600", "u5f"), ("-_x", "_x"), ("ﬁ", "fi"), ("1", "_1")),
    ],
)
def test_any_name_becomes_legal(name: str, public: str) -> None:
    """The nearest name that GraphQL takes."""
    assert legal(name) == public


@QUICK
@given(st.text())
def test_every_text_becomes_legal(name: str) -> None:
    """And a legal one stays as it is."""
    assert is_legal(legal(name))
    assert legal(legal(name)) == legal(name)
    assert assert_name(legal(name))


@QUICK
@given(st.from_regex(r"[_A-Za-z][_0-9A-Za-z]{0,20}", fullmatch=True))
def test_camel_case_is_legal_where_the_word_is(word: str) -> None:
    """And stays what it is when done again."""
    assert is_legal(camel(word)) or not is_legal(word)
    assert camel(camel(word)) == camel(word)


@pytest.mark.parametrize(
    ("word", "turned"),
    [
        ("a_b", "aB"),
        ("_set", "_set"),
        ("_is_null", "_isNull"),
        ("a__b", "a_B"),
        ("a_", "a_"),
        ("x_2_y", "x2Y"),
        ("A", "A"),
    ],
)
def test_camel_case(word: str, turned: str) -> None:
    """Leading, doubled and final underscores."""
    assert camel(word) == turned


def test_a_table_beside_another_ones_aggregate() -> None:
    """The shorter name keeps all its names; the other table is still there."""
    alone = build_names(catalog("users"))
    both = build_names(catalog("users_aggregate", "users"))
    assert both.table("users") == alone.table("users")
    other = both.table("users_aggregate")
    assert (other.type, other.roots.list) == ("users_aggregate_table", "users_aggregate_table")
    assert other.types.bool_exp == "users_aggregate_table_bool_exp"
    assert other.roots.insert == "insert_users_aggregate_table"
    assert both.notes == ("table 'users_aggregate' is shown as 'users_aggregate_table': the name is taken",)
    assert both.queries["users_aggregate"] == RootName("users", "aggregate")
    assert both.queries["users_aggregate_table"] == RootName("users_aggregate", "list")


def test_a_lone_table_keeps_its_name() -> None:
    """Nothing is renamed for what might come."""
    names = build_names(catalog("users_aggregate", "user_group", "x_connection", "one"))
    assert [each.type for each in names.tables.values()] == ["users_aggregate", "user_group", "x_connection", "one"]
    assert names.notes == ()


def test_our_additions_give_way_to_tables() -> None:
    """A table called `user_group` is more than our grouping of `user`."""
    names = build_names(catalog("user", "user_group", "user_connection"))
    assert names.table("user_group").roots.list == names.table("user_group").type == "user_group"
    assert names.table("user").roots.group == "user_group_field"
    assert names.table("user").types.group == "user_group_type"
    assert names.table("user").roots.connection == "user_connection_field"
    assert names.queries["user_group"] == RootName("user_group", "list")
    assert len(names.notes) == 5


def test_clashes_among_mutations() -> None:
    """`insert_users_one` is one row of `users`, not a row of `users_one`."""
    names = build_names(catalog("users", "users_one", "users_by_pk", "users_many"))
    assert names.mutations["insert_users_one"] == RootName("users", "insert_one")
    assert names.table("users_one").roots.insert == "insert_users_one_table"
    assert names.table("users_many").roots.update == "update_users_many_table"
    assert names.table("users_by_pk").roots.list == "users_by_pk_table"


@pytest.mark.parametrize(
    "name", ["Int", "String", "ID", "order_by", "json", "date", "query_root", "Int_comparison_exp"]
)
def test_shared_names_are_not_tables(name: str) -> None:
    """A table never replaces a scalar."""
    names = build_names(catalog(name))
    assert names.table(name).type == names.table(name).roots.list == f"{name}_table"


def test_tables_that_become_the_same_name() -> None:
    """The one that has the name by itself keeps it."""
    names = build_names(catalog("a b", "a_b", "a-b", "a.b"))
    assert [names.table(each).type for each in ("a_b", "a b", "a-b", "a.b")] == [
        *("a_b", "a_b_table", "a_b_table_2", "a_b_table_3")
    ]
    assert "table 'a b' is shown as 'a_b_table': GraphQL does not take the name" in names.notes


def test_columns_that_become_the_same_name() -> None:
    """And words that GraphQL wants for itself."""
    users = build_names(catalog(table("users", "a b", "a_b", "_and", "true", "__x", "a-b"))).table("users")
    assert users.columns == {
        "a b": "a_b_column",
        "a_b": "a_b",
        "_and": "_and_column",
        "true": "true_column",
        "__x": "_x",
        "a-b": "a_b_column_2",
    }
    assert users.column_of["a_b_column"] == "a b"
    assert list(users.columns) == ["a b", "a_b", "_and", "true", "__x", "a-b"]


def test_relations_give_way_to_columns() -> None:
    """Also where only the public names meet, and aggregates of relations last of all."""
    made = table(
        *("users", "aB", "c_d", "posts_aggregate"),
        relations={"a_b": Cardinality.ONE, "c d": Cardinality.ONE, "posts": Cardinality.MANY},
    )
    snake, turned = (build_names(catalog(made), style).table("users") for style in ("snake", "camel"))
    assert snake.relations == {"a_b": "a_b", "c d": "c_d_relation", "posts": "posts"}
    assert snake.relation_aggregates == {"posts": "posts_aggregate_field"}
    assert turned.relations == {"a_b": "aB_relation", "c d": "cD_relation", "posts": "posts"}
    assert turned.relation_aggregates == {"posts": "postsAggregate_field"}
    assert snake.relation_aggregate_of == {"posts_aggregate_field": "posts"}


def test_constraints_have_legal_names() -> None:
    """They are values of an enum."""
    users = build_names(catalog("users")).table("users")
    assert users.constraints == {"PRIMARY": "PRIMARY", "by-mail": "by_mail", "true": "true_key"}
    assert users.constraint_of["by_mail"] == "by-mail"


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        (("new", "OLD", "_x1"), True),
        *(((word,), False) for word in ("true", "false", "null", "a b", "", "1a", "é", "__x", "a-b")),
        (("a", "b", "?"), False),
        ((), False),
    ],
)
def test_enum_values(members: tuple[str, ...], shown: bool) -> None:
    """An enum has all the values or is none."""
    column = Column("c", ColumnType("enum", members=members), nullable=True, ordinal=1)
    assert legal_enum_members(column) == (members if shown else None)
    assert legal_enum_members(Column("c", ColumnType("set", members=members), True, 1)) is None
    names = build_names(catalog(table("t", "id", c=members)))
    assert names.table("t").enums == ({"c": "t_c_enum"} if shown else {})


TABLE_NAMES = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=8),
        st.builds(
            "".join,
            st.tuples(
                st.sampled_from(["", "insert_", "update_", "delete_"]),
                st.sampled_from(["users", "Users", "a b", "a_b", "a", "Int"]),
                st.sampled_from(["", "_aggregate", "_by_pk", "_one", "_group", "_table", "_bool_exp", "_connection"]),
                st.sampled_from(["", "_2", "_fields", "_order_by", "_aggregate"]),
            ),
        ),
    ),
    max_size=12,
    unique=True,
)


def check_all(names: Names) -> None:
    """Whatever the tables: every name is legal and no two things share one."""
    tables = names.tables.values()
    types = list(chain.from_iterable(types_of(each) for each in tables))
    assert len(set(types)) == len(types)
    assert not set(types) & {*SCALARS, "Int", "Float", "String", "Boolean", "ID", names.type_word("order_by")}
    kinds = ("list", "by_pk", "aggregate", "connection", "group", "stream")
    queries = [getattr(each.roots, kind) for each in tables for kind in kinds]
    assert sorted(names.queries) == sorted(queries)
    assert len(names.queries) == len(kinds) * len(names.tables)
    assert len(names.mutations) == 7 * len(names.tables)
    for name in (*types, *names.queries, *names.mutations):
        assert_name(name)
        assert not name.startswith("__")
    for public, root in chain(names.queries.items(), names.mutations.items()):
        assert getattr(names.table(root.table).roots, root.kind) == public


@QUICK
@given(TABLE_NAMES, st.sampled_from(["snake", "camel"]))
def test_no_two_names_are_one(tables: list[str], style: str) -> None:
    """For any tables at all."""
    check_all(build_names(catalog(*tables), "camel" if style == "camel" else "snake"))


@QUICK
@given(TABLE_NAMES, st.text(alphabet="abcxyz_", min_size=1, max_size=9).filter(is_legal))
def test_a_longer_name_changes_nothing(tables: list[str], added: str) -> None:
    """A table whose name is longer than all others leaves their names as they were."""
    longest = added + "x" * max(map(len, [*tables, ""]))
    before = build_names(catalog(*tables))
    after = build_names(catalog(*tables, longest))
    kept = [each for each in tables if is_legal(each)]
    for name in kept:
        old, new = before.table(name), after.table(name)
        assert (new.type, new.roots.list, new.types.bool_exp) == (old.type, old.roots.list, old.types.bool_exp)


@QUICK
@given(st.lists(st.text(max_size=6), unique=True, min_size=1), st.lists(st.text(max_size=6), unique=True))
def test_no_two_fields_are_one(columns: list[str], relations: list[str]) -> None:
    """For any columns and relations at all, and both ways."""
    made = table("t", *columns, relations=dict.fromkeys(relations, Cardinality.MANY))
    names = build_names(catalog(made)).table("t")
    public = [*names.columns.values(), *names.relations.values(), *names.relation_aggregates.values()]
    assert len(set(public)) == len(public)
    assert not {"_and", "_or", "_not"} & set(public)
    for name in public:
        assert_name(name)
        assert not name.startswith("__")
    assert {names.column_of[shown]: shown for shown in names.column_of} == names.columns
    assert {names.relation_of[shown]: shown for shown in names.relation_of} == names.relations
