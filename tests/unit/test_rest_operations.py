"""Bodies become requests: the five operations, equality conditions, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from graphql_app.engine.request.calls import (
    AffectedRows,
    And,
    Call,
    Compare,
    Constant,
    Delete,
    GeneratedId,
    Insert,
    Operator,
    Or,
    Query,
    Read,
    RootRequest,
    Update,
    Write,
)
from graphql_app.errors import Code, RequestError
from graphql_app.rest_api.query_language.pairs import Pairs
from graphql_app.rest_api.query_language.read_request import every_column
from graphql_app.rest_api.requests.operations import (
    QUERY_OPERATIONS,
    TABLE_OPERATIONS,
    delete,
    insert,
    query,
    read,
    update,
)
from graphql_app.rest_api.requests.records import PreparedRequest, RestRequest
from graphql_app.rest_api.requests.values import conditions
from tests.rest_samples import CATALOG, REPORT, USERS, column, table

AFFECTED = (AffectedRows("rows_affected"),)
Operate = Callable[[RestRequest], PreparedRequest]


def request(operate: Operate, body: object = None, pairs: Pairs = ()) -> Query | Write | Constant:
    (root,) = operate(RestRequest(CATALOG, USERS, {} if body is None else body, pairs)).call.roots
    return root.request


def refused(operate: Operate, body: object, pairs: Pairs = ()) -> RequestError:
    with pytest.raises(RequestError) as caught:
        operate(RestRequest(CATALOG, USERS, body, pairs))
    return caught.value


def test_insert_of_one_row_keeps_the_order_of_columns() -> None:
    prepared = insert(RestRequest(CATALOG, USERS, {"input": {"name": "Ann", "age": None, "email": "a@x"}}, ()))
    row = (("name", "Ann"), ("age", None), ("email", "a@x"))
    expected = Insert("users", (row,), (*AFFECTED, GeneratedId("id")))
    assert prepared == PreparedRequest(Call((RootRequest("data", expected),)), "Record inserted successfully")


def test_insert_of_many_rows_is_one_request() -> None:
    prepared = insert(RestRequest(CATALOG, USERS, {"input": [{"name": "a"}, {"age": 1}]}, ()))
    expected = Insert("users", ((("name", "a"),), (("age", 1),)), (*AFFECTED, GeneratedId("id")))
    assert prepared == PreparedRequest(Call((RootRequest("data", expected),)), "Records inserted successfully")


def test_an_id_is_asked_for_only_where_the_database_counts() -> None:
    tags = table("tags", column("word", "varchar", length=20))
    (root,) = insert(RestRequest(CATALOG, tags, {"input": {"word": "x"}}, ())).call.roots
    assert root.request == Insert("tags", ((("word", "x"),),), AFFECTED)


@pytest.mark.parametrize(("body", "rows"), [({"input": {}}, ((),)), ({"input": []}, ()), ({"input": [{}]}, ((),))])
def test_empty_inserts_are_the_engines_to_answer(body: object, rows: tuple[tuple[()], ...]) -> None:
    assert request(insert, body) == Insert("users", rows, (*AFFECTED, GeneratedId("id")))


def test_read_is_every_row() -> None:
    assert request(read) == Read("users", every_column(USERS))


def test_query() -> None:
    assert request(query, {"input": {"age": 30}}) == Read("users", every_column(USERS), Compare("age", Operator.EQ, 30))
    assert request(query, {"input": {}}) == Read("users", every_column(USERS))


def test_query_takes_the_parameters_of_a_read_too() -> None:
    found = request(query, {"input": {"age": 30}}, (("limit", "1"), ("id", "gt.5")))
    both = And((Compare("age", Operator.EQ, 30), Compare("id", Operator.GT, 5)))
    assert found == Read("users", every_column(USERS), both, limit=1)


def test_update() -> None:
    body = {"input": {"age": 31, "email": None}, "where": {"id": 1, "name": "x"}}
    both = And((Compare("id", Operator.EQ, 1), Compare("name", Operator.EQ, "x")))
    assert request(update, body) == Update("users", both, (("age", 31), ("email", None)), AFFECTED)


def test_an_update_of_nothing_is_the_engines_to_answer() -> None:
    found = request(update, {"input": {}, "where": {"id": 1}})
    assert found == Update("users", Compare("id", Operator.EQ, 1), (), AFFECTED)


def test_delete() -> None:
    assert request(delete, {"input": {"id": 1}}) == Delete("users", Compare("id", Operator.EQ, 1), AFFECTED)


IS_NULL = Compare("a", Operator.IS_NULL, True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, Compare("a", Operator.EQ, 1)),
        ("", Compare("a", Operator.EQ, "")),
        (False, Compare("a", Operator.EQ, False)),
        ({"x": [1]}, Compare("a", Operator.EQ, {"x": [1]})),
        (None, IS_NULL),
        ([1, 2], Compare("a", Operator.IN, [1, 2])),
        ([], Compare("a", Operator.IN, [])),
        ([0, False, ""], Compare("a", Operator.IN, [0, False, ""])),
        ([None], IS_NULL),
        ([1, None, 2, None], Or((Compare("a", Operator.IN, [1, 2]), IS_NULL))),
    ],
)
def test_conditions_are_equalities(value: object, expected: object) -> None:
    assert conditions(table("t", column("a", "int")), {"a": value}) == (expected,)


@pytest.mark.parametrize(
    ("operate", "body"),
    [
        (update, {"input": {"age": 1}}),
        (update, {"input": {"age": 1}, "where": None}),
        (update, {"input": {"age": 1}, "where": {}}),
        (delete, {}),
        (delete, {"input": None}),
        (delete, {"input": {}}),
    ],
)
def test_update_and_delete_need_a_condition(operate: Operate, body: object) -> None:
    assert refused(operate, body).code is Code.EMPTY_CONDITION


@pytest.mark.parametrize("operate", [insert, query, update, delete])
@pytest.mark.parametrize("body", [None, [], "x", 1, True, {"input": 1}, {"input": "x"}, {"input": [1]}])
def test_bodies_of_another_form_do_not_fit(operate: Operate, body: object) -> None:
    assert refused(operate, body).code is Code.INVALID_BODY


@pytest.mark.parametrize(
    ("operate", "body", "says"),
    [
        (insert, {}, "input is missing"),
        (insert, {"input": None}, "input"),
        (insert, {"input": {"age": 1}, "inputs": {}}, "inputs is not known here"),
        (insert, {"age": 1}, "age is not known here; columns and values stand in 'input'"),
        (insert, {"input": [{"age": 1}, 5]}, "input.1 must be an object"),
        (query, {"input": [{"age": 1}]}, "input must be an object"),
        (query, {}, "input is missing"),
        (update, {"where": {"id": 1}}, "input is missing"),
        (update, {"input": {"age": 1}, "were": {"id": 1}}, "were is not known here"),
        (update, {"age": 1}, "age is not known here; columns and values stand in 'input' and 'where'"),
        (update, {"input": [{"age": 1}], "where": {"id": 1}}, "input must be an object"),
        (update, {"input": {"age": 1}, "where": [{"id": 1}]}, "where must be an object"),
        (delete, {"input": {"id": 1}, "where": {"id": 1}}, "where is not known here"),
        (delete, {"where": {"id": 1}}, "where is not known here"),
    ],
)
def test_what_does_not_fit_is_named(operate: Operate, body: object, says: str) -> None:
    error = refused(operate, body)
    assert error.code is Code.INVALID_BODY
    assert says in error.message


@pytest.mark.parametrize(
    ("operate", "body"),
    [(update, {"input": {"age": 1}, "where": {"id": 1}}), (delete, {"input": {"id": 1}})],
)
def test_filters_narrow_what_a_body_means(operate: Operate, body: object) -> None:
    found = request(operate, body, (("age", "gt.1"),))
    assert isinstance(found, Update | Delete)
    assert found.where == And((Compare("id", Operator.EQ, 1), Compare("age", Operator.GT, 1)))


def test_an_insert_takes_no_filters() -> None:
    assert refused(insert, {"input": {"age": 1}}, (("age", "eq.1"),)).code is Code.UNKNOWN_PARAMETER


def test_the_methods_of_the_contract() -> None:
    assert set(TABLE_OPERATIONS) == {"POST", "PUT", "PATCH", "DELETE"}
    assert set(QUERY_OPERATIONS) == {"GET", "HEAD", "POST"}


def test_numbers_in_documents_are_doubles_and_all_others_exact() -> None:
    documents = table("documents", column("meta", "json"), column("price", "decimal"))
    meta = {"a": [Decimal("1.10"), {"b": Decimal("0.1")}], "c": 2**70}
    (root,) = insert(
        RestRequest(CATALOG, documents, {"input": {"meta": meta, "price": Decimal("1.10")}}, ())
    ).call.roots
    assert isinstance(root.request, Insert)
    assert isinstance(root.request.rows, tuple)
    ((_, stored), (_, price)) = root.request.rows[0]
    assert repr(stored) == repr({"a": [1.1, {"b": 0.1}], "c": 2**70})
    assert repr(price) == "Decimal('1.10')"


def test_views_are_read_like_tables() -> None:
    (root,) = read(RestRequest(CATALOG, REPORT, {}, ())).call.roots
    assert root.request == Read("weekly report", every_column(REPORT))


def test_what_is_no_row_is_counted_and_not_listed() -> None:
    """A body of half a million of them makes no object for each."""
    error = refused(insert, {"input": [{}, 1, [], {}]})
    assert (error.code, error.message) == (
        Code.INVALID_BODY,
        "The body does not fit: input.1 must be an object (2 of 4 are none)",
    )
    assert refused(insert, {"input": [1]}).message == "The body does not fit: input.0 must be an object"


@pytest.mark.parametrize(
    ("operate", "body"),
    [
        (insert, {"input": {"name": "x", "nope": 1}}),
        (insert, {"input": [{"name": "x"}, {"nope": 1}]}),
        (update, {"input": {"nope": 1, "name": "x"}, "where": {"id": 1}}),
        (update, {"input": {"name": "x"}, "where": {"id": 1, "nope": 1}}),
        (delete, {"input": {"nope": 1}}),
        (query, {"input": {"nope": 1}}),
    ],
)
def test_names_are_looked_at_first(operate: Operate, body: object) -> None:
    error = refused(operate, body)
    assert (error.code, error.column) == (Code.UNKNOWN_COLUMN, "nope")
