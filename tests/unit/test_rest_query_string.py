"""Query strings become reads: select, order, page, filters, groups, embedded relations; nothing unknown is ignored."""

from __future__ import annotations

from urllib.parse import quote, unquote_plus

import pytest
from hypothesis import given, strategies as st

from graphql_app.engine.request.calls import (
    And,
    Compare,
    Filter,
    Not,
    Nulls,
    Operator,
    Or,
    Order,
    Read,
    Related,
    SelectColumn,
    SelectRelated,
)
from graphql_app.errors import Code, RequestError
from graphql_app.rest_api.query_language.filters import SPELLINGS
from graphql_app.rest_api.query_language.pairs import parse_pairs
from graphql_app.rest_api.query_language.read_request import every_column, read_request
from tests.rest_samples import CATALOG, ORDER_TABLE, REPORT, USERS


def read(text: str, table: str = "users") -> Read:
    return read_request(CATALOG, CATALOG.tables[table], (), parse_pairs(text.encode()))


def where(text: str, table: str = "users") -> Filter | None:
    return read(text, table).where


def refused(text: str, table: str = "users") -> RequestError:
    with pytest.raises(RequestError) as caught:
        read(text, table)
    return caught.value


def show(*columns: str) -> tuple[SelectColumn, ...]:
    return tuple(SelectColumn(column, column) for column in columns)


# --- the whole --------------------------------------------------------------


def test_nothing_asked_is_every_row() -> None:
    assert read("") == Read("users", show("id", "name", "email", "age"))


def test_everything_at_once_in_the_order_given() -> None:
    assert read("age=gte.18&select=id,years:age&order=age.desc,name&limit=10&offset=20&age=lt.60") == Read(
        "users",
        (SelectColumn("id", "id"), SelectColumn("years", "age")),
        And((Compare("age", Operator.GTE, 18), Compare("age", Operator.LT, 60))),
        (Order("age", True), Order("name")),
        10,
        20,
    )


def test_conditions_of_the_body_come_first() -> None:
    given = (Compare("name", Operator.EQ, "Ann"),)
    found = read_request(CATALOG, USERS, given, parse_pairs(b"age=eq.30")).where
    assert found == And((Compare("name", Operator.EQ, "Ann"), Compare("age", Operator.EQ, 30)))


# --- select -----------------------------------------------------------------


def test_star_leaves_out_what_the_database_hides_and_names_bring_it_back() -> None:
    assert "hidden" not in [shown.key for shown in every_column(ORDER_TABLE)]
    assert read("select=hidden", "orders").select == show("hidden")


def test_star_and_a_column_of_it_show_it_once() -> None:
    assert read("select=age,*").select == show("age", "id", "name", "email")


def test_quoted_names_hold_anything() -> None:
    assert read('select="total.sum","a,b":week', "weekly report").select == (
        SelectColumn("total.sum", "total.sum"),
        SelectColumn("a,b", "week"),
    )


def test_relations_are_embedded_with_parameters_of_their_own() -> None:
    found = read(
        "select=name,bought:orders(id,user(name))&bought.total=gt.9.90&bought.order=total.desc&bought.limit=3"
        "&bought.or=(paid.eq.true,id.lt.5)&bought.user.age=gte.18"
    )
    user = Read("users", show("name"), Compare("age", Operator.GTE, 18))
    either = Or((Compare("paid", Operator.EQ, True), Compare("id", Operator.LT, 5)))
    orders = Read(
        "orders",
        (SelectColumn("id", "id"), SelectRelated("user", "user", user)),
        And((Compare("total", Operator.GT, "9.90"), either)),
        (Order("total", True),),
        3,
    )
    assert found == Read("users", (SelectColumn("name", "name"), SelectRelated("bought", "orders", orders)))


def test_inner_drops_rows_without_relatives() -> None:
    found = read("select=name,orders!inner(id)&orders.paid=is.null&age=gt.1")
    paid = Compare("paid", Operator.IS_NULL, True)
    assert found.where == And((Compare("age", Operator.GT, 1), Related("orders", paid)))
    assert found.select[1] == SelectRelated("orders", "orders", Read("orders", show("id"), paid))


def test_inner_without_columns_only_narrows() -> None:
    assert read("select=name,orders!inner()") == Read("users", show("name"), Related("orders", None))
    far = Related("user", Compare("age", Operator.GT, 1))
    assert read("select=id,user!inner()&user.age=gt.1", "orders").where == far
    nested = read("select=name,orders!inner(user!inner())&orders.user.age=gt.1")
    assert nested == Read("users", show("name"), Related("orders", far))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select=", Code.INVALID_PARAMETER),
        ("select=name,", Code.INVALID_PARAMETER),
        ("select=name)", Code.INVALID_PARAMETER),
        ("select=orders(id", Code.INVALID_PARAMETER),
        ('select="name', Code.INVALID_PARAMETER),
        ("select=orders!left", Code.INVALID_PARAMETER),
        ("select=orders!nope(id)", Code.UNKNOWN_RELATION),
        ("select=orders!a!b(id)", Code.INVALID_PARAMETER),
        ("select=orders!inner", Code.INVALID_PARAMETER),
        ("select=orders()", Code.INVALID_PARAMETER),
        ("select=x:age,x:name", Code.INVALID_PARAMETER),
        ("select=*,name:orders(id)", Code.INVALID_PARAMETER),
        ("select=name&select=age", Code.INVALID_PARAMETER),
        ("select=" + "orders(user(" * 30 + "id" + "))" * 30, Code.INVALID_PARAMETER),
        ("select=" + "a(" * 100_000, Code.INVALID_PARAMETER),
        ("select=nope", Code.UNKNOWN_COLUMN),
        ("select=age::text", Code.INVALID_PARAMETER),
        ("select=orders(nope)", Code.UNKNOWN_COLUMN),
        ("select=nope(*)", Code.UNKNOWN_RELATION),
        ("select=orders(nope(*))", Code.UNKNOWN_RELATION),
    ],
)
def test_select_refuses(text: str, code: Code) -> None:
    assert refused(text).code is code


# --- order and page ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("age", Order("age")),
        ("age.asc", Order("age")),
        ("age.desc.nullslast", Order("age", True, Nulls.LAST)),
        ("age.nullsfirst", Order("age", False, Nulls.FIRST)),
        ('"age".desc', Order("age", True)),
        ("user(name).desc", Order("name", True, path=("user",))),
        ("a(b(c))", Order("c", path=("a", "b"))),
    ],
)
def test_order(text: str, order: Order) -> None:
    assert read(f"order={text}").order == (order,)


@pytest.mark.parametrize("text", ["", "age,", "age.up", "age.desc.asc", "age.nullslast.desc", "user(name", "user()"])
def test_order_refuses(text: str) -> None:
    assert refused(f"order={text}").code is Code.INVALID_PARAMETER


@pytest.mark.parametrize("text", ["", "x", "1.5", "1e3", " 1", "+1", "\u0661", "9" * 20])
def test_pages_are_whole_numbers(text: str) -> None:
    assert refused(f"limit={quote(text)}").code is Code.INVALID_PARAMETER
    assert refused(f"offset={quote(text)}").code is Code.INVALID_PARAMETER


def test_negative_pages_are_left_for_the_planner() -> None:
    assert read("limit=-1").limit == -1


# --- filters ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("age=eq.30", Compare("age", Operator.EQ, 30)),
        ("age=neq.30", Compare("age", Operator.NEQ, 30)),
        ("age=gt.-1", Compare("age", Operator.GT, -1)),
        ("age=gte.30", Compare("age", Operator.GTE, 30)),
        ("age=lt.30", Compare("age", Operator.LT, 30)),
        ("age=lte.30", Compare("age", Operator.LTE, 30)),
        ("age=in.(1,2)", Compare("age", Operator.IN, [1, 2])),
        ("age=in.()", Compare("age", Operator.IN, [])),
        ("age=nin.(1)", Compare("age", Operator.NIN, [1])),
        ("age=between.(1,5)", Compare("age", Operator.BETWEEN, [1, 5])),
        ("age=is.null", Compare("age", Operator.IS_NULL, True)),
        ("age=is.NULL", Compare("age", Operator.IS_NULL, True)),
        ("age=is.not_null", Compare("age", Operator.IS_NULL, False)),
        ("name=like.J*n%25_", Compare("name", Operator.LIKE, "J%n%_")),
        ("name=nlike.*a", Compare("name", Operator.NLIKE, "%a")),
        ("name=ilike.*a*", Compare("name", Operator.ILIKE, "%a%")),
        ("name=nilike.a", Compare("name", Operator.NILIKE, "a")),
        ("name=match.^J*", Compare("name", Operator.REGEX, "^J*")),
        ("name=nmatch.x", Compare("name", Operator.NREGEX, "x")),
        ("name=imatch.x", Compare("name", Operator.IREGEX, "x")),
        ("name=nimatch.x", Compare("name", Operator.NIREGEX, "x")),
        ("name=starts_with.a%25", Compare("name", Operator.STARTS_WITH, "a%")),
        ("name=ends_with.a*", Compare("name", Operator.ENDS_WITH, "a*")),
        ("name=contains.a.b", Compare("name", Operator.CONTAINS, "a.b")),
    ],
)
def test_one_filter_of_every_operator(text: str, filter_: Filter) -> None:
    assert where(text) == filter_


def test_every_operator_has_a_spelling() -> None:
    assert {row.operator for row in SPELLINGS.values()} == set(Operator)


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("age=not.eq.30", Compare("age", Operator.NEQ, 30)),
        ("age=not.neq.30", Compare("age", Operator.EQ, 30)),
        ("age=not.in.(1)", Compare("age", Operator.NIN, [1])),
        ("age=not.is.null", Compare("age", Operator.IS_NULL, False)),
        ("age=not.is.not_null", Compare("age", Operator.IS_NULL, True)),
        ("name=not.like.a*", Compare("name", Operator.NLIKE, "a%")),
        ("name=not.imatch.a", Compare("name", Operator.NIREGEX, "a")),
        ("age=not.gt.30", Not(Compare("age", Operator.GT, 30))),
        ("name=not.contains.a", Not(Compare("name", Operator.CONTAINS, "a"))),
    ],
)
def test_not(text: str, filter_: Filter) -> None:
    assert where(text) == filter_


def test_is_true_is_never_null_so_that_its_opposite_finds_nulls() -> None:
    is_true = And((Compare("paid", Operator.IS_NULL, False), Compare("paid", Operator.EQ, True)))
    assert where("paid=is.true", "orders") == is_true
    assert where("paid=not.is.true", "orders") == Not(is_true)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("id=eq.5", 5),
        ("total=eq.9.90", "9.90"),
        ("paid=eq.false", False),
        ("paid=eq.1", True),
        ("placed_at=eq.2025-01-01T10:00:00", "2025-01-01T10:00:00"),
        ("state=eq.new", "new"),
        ("id=eq.abc", "abc"),
        ("paid=eq.yes", "yes"),
    ],
)
def test_values_are_those_of_a_json_body(text: str, value: object) -> None:
    found = where(text, "orders")
    assert isinstance(found, Compare)
    assert found.value == value
    assert type(found.value) is type(value)


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("name=eq.", Compare("name", Operator.EQ, "")),
        ("name=eq.a,b)(", Compare("name", Operator.EQ, "a,b)(")),
        ('name=eq."a"', Compare("name", Operator.EQ, '"a"')),
        ("name=eq.null", Compare("name", Operator.EQ, "null")),
        ("name=eq.a+b%2Bc", Compare("name", Operator.EQ, "a b+c")),
        ('name=in.("a,b","c\\"d\\\\",e f)', Compare("name", Operator.IN, ["a,b", 'c"d\\', "e f"])),
        ("name=in.(,)", Compare("name", Operator.IN, ["", ""])),
        ('"age"=eq.1', Compare("age", Operator.EQ, 1)),
    ],
)
def test_texts_and_quotes(text: str, filter_: Filter) -> None:
    assert where(text) == filter_


def test_a_column_may_have_a_dot() -> None:
    assert where("total.sum=eq.5", "weekly report") == Compare("total.sum", Operator.EQ, 5)


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("or=(age.eq.1,age.is.null)", Or((Compare("age", Operator.EQ, 1), Compare("age", Operator.IS_NULL, True)))),
        ("and=(age.gt.1)", And((Compare("age", Operator.GT, 1),))),
        ("not.or=(age.eq.1)", Not(Or((Compare("age", Operator.EQ, 1),)))),
        (
            "or=(age.not.in.(1,2),not.and(name.eq.%22a,b%22,age.lt.3))",
            Or(
                (
                    Compare("age", Operator.NIN, [1, 2]),
                    Not(And((Compare("name", Operator.EQ, "a,b"), Compare("age", Operator.LT, 3)))),
                )
            ),
        ),
        ("or=(name.like.J*.x)", Or((Compare("name", Operator.LIKE, "J%.x"),))),
    ],
)
def test_groups(text: str, filter_: Filter) -> None:
    assert where(text) == filter_


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nope=1", Code.UNKNOWN_PARAMETER),
        ("nope=", Code.UNKNOWN_PARAMETER),
        ("Select=id", Code.UNKNOWN_PARAMETER),
        ("orders.total=gt.1", Code.UNKNOWN_COLUMN),
        ("orders.limit=1", Code.UNKNOWN_PARAMETER),
        ("select=orders(id)&orders.nope=1", Code.UNKNOWN_PARAMETER),
        ("select=orders(id)&orders.select=id", Code.UNKNOWN_PARAMETER),
        ("nope=eq.1", Code.UNKNOWN_COLUMN),
        ("nope=not.eq.1", Code.UNKNOWN_COLUMN),
        ("or=(nope.eq.1)", Code.UNKNOWN_COLUMN),
        ("age=30", Code.INVALID_PARAMETER),
        ("age=", Code.INVALID_PARAMETER),
        ("age=xx.30", Code.UNKNOWN_OPERATOR),
        ("age=EQ.30", Code.UNKNOWN_OPERATOR),
        ("or=(age.xx.30)", Code.UNKNOWN_OPERATOR),
        ("age=in.1", Code.INVALID_PARAMETER),
        ("age=in.(1", Code.INVALID_PARAMETER),
        ("age=in.(1)x", Code.INVALID_PARAMETER),
        ("age=is.maybe", Code.INVALID_VALUE),
        ("or=(age.in.1)", Code.INVALID_VALUE),
        ("or=(age.eq.(1,2))", Code.INVALID_VALUE),
        ("or=()", Code.INVALID_PARAMETER),
        ("or=age.eq.1", Code.INVALID_PARAMETER),
        ("or=(age.eq.1", Code.INVALID_PARAMETER),
        ("or=(age.eq.1)x", Code.INVALID_PARAMETER),
        ("or=(age)", Code.INVALID_PARAMETER),
        ("or=" + "(and" * 100_000, Code.INVALID_PARAMETER),
        ("limit=1&limit=2", Code.INVALID_PARAMETER),
        ("name=eq.%ff", Code.INVALID_PARAMETER),
        ("%ff=eq.1", Code.INVALID_PARAMETER),
        ("age=gt.1&" * 501, Code.INVALID_PARAMETER),
    ],
)
def test_refuses(text: str, code: Code) -> None:
    assert refused(text).code is code


def test_a_refusal_names_the_column() -> None:
    assert refused("age=xx.30").column == "age"
    assert refused("nope=eq.1").column == "nope"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_list_of_texts_survives_quoting(items: list[str]) -> None:
    def quoted(item: str) -> str:
        return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = f"in.({','.join(map(quoted, items))})"
    assert where(f"name={quote(text)}") == Compare("name", Operator.IN, items)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_equals_itself(item: str) -> None:
    assert where(f"name=eq.{quote(item)}") == Compare("name", Operator.EQ, item)


@given(st.text('abgeioru.,()"\\*!:=&%+ 0', max_size=60))
def test_any_query_string_gives_a_read_or_a_refusal(text: str) -> None:
    for name in ("select", "order", "or", "age", unquote_plus(text)):
        try:
            read(f"{quote(name)}={quote(text)}")
        except RequestError as error:
            assert error.message  # noqa: PT017 - any other exception would escape


def test_json_columns_take_json() -> None:
    from tests.rest_samples import column, table

    documents = table("documents", column("id", "int"), column("meta", "json"), column("ratio", "double"))
    pairs = parse_pairs(b"meta=eq.%7B%22a%22:1.10%7D&ratio=eq.0.1")
    found = read_request(CATALOG, documents, (), pairs).where
    assert found == And((Compare("meta", Operator.EQ, {"a": 1.1}), Compare("ratio", Operator.EQ, 0.1)))
    with pytest.raises(RequestError) as caught:
        read_request(CATALOG, documents, (), parse_pairs(b"meta=eq.%7B"))
    assert (caught.value.code, caught.value.column) == (Code.INVALID_VALUE, "meta")


def test_a_view_is_read_as_a_table() -> None:
    assert read("", "weekly report") == Read("weekly report", every_column(REPORT))
