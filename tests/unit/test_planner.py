"""The planner lets nothing through that does not exist, is not allowed or does not fit."""

from __future__ import annotations

import pytest

from graphql_app.engine.plan.planner import Limits, Planner
from graphql_app.engine.request.calls import (
    AffectedRows,
    And,
    Answer,
    Call,
    Compare,
    Delete,
    Filter,
    Function,
    Insert,
    Operator,
    Order,
    Query,
    Read,
    Related,
    Returning,
    RootRequest,
    SelectColumn,
    SelectRelated,
    Update,
    Write,
    all_of,
)
from graphql_app.errors import AppError, Code
from tests.unit.small_catalog import CATALOG

PLANNER = Planner(CATALOG, Limits(max_page=1000))
ID = (SelectColumn("id", "id"),)
COUNTED: Answer = (AffectedRows("affected_rows"),)


def refused(request: Query | Write) -> AppError:
    """The error of a request that must be refused."""
    with pytest.raises(AppError) as caught:
        PLANNER.call(Call((RootRequest("x", request),)))
    return caught.value


def where(item: Filter) -> Read:
    """A read with a condition."""
    return Read("users", ID, where=item)


@pytest.mark.parametrize(
    ("request_", "code", "named"),
    [
        (Read("nope", ID), Code.UNKNOWN_TABLE, "nope"),
        (Read("users", (SelectColumn("x", "nope"),)), Code.UNKNOWN_COLUMN, "nope"),
        (Read("users", (SelectRelated("x", "nope", Read("orders", ID)),)), Code.UNKNOWN_RELATION, "nope"),
        (where(Compare("nope", Operator.EQ, 1)), Code.UNKNOWN_COLUMN, "nope"),
        (where(Related("orders", Compare("nope", Operator.EQ, 1))), Code.UNKNOWN_COLUMN, "nope"),
        (where(Compare("age", Operator.EQ, "old")), Code.INVALID_VALUE, "age"),
        (where(Compare("age", Operator.EQ, None)), Code.NULL_COMPARISON, "age"),
        (where(Compare("age", Operator.IN, [1, None])), Code.NULL_COMPARISON, "age"),
        (where(Compare("age", Operator.IN, 1)), Code.INVALID_VALUE, "age"),
        (where(Compare("age", Operator.BETWEEN, [1])), Code.INVALID_VALUE, "age"),
        (where(Compare("name", Operator.LIKE, 1)), Code.INVALID_VALUE, "name"),
        (where(Compare("name", Operator.IS_NULL, "yes")), Code.INVALID_VALUE, "name"),
        (Read("users", ID, limit=-1), Code.INVALID_PARAMETER, "limit"),
        (Read("users", ID, limit=1001), Code.LIMIT_EXCEEDED, "limit"),
        (Read("users", ID, limit=True), Code.INVALID_PARAMETER, "limit"),
        (Read("users", ID, offset="1"), Code.INVALID_PARAMETER, "offset"),
        (Read("users", ID, order=(Order("id", path=("orders",)),)), Code.INVALID_PARAMETER, "orders"),
        (
            Read("users", ID, order=(Order("nope", path=("orders",), function=Function.SUM),)),
            Code.UNKNOWN_COLUMN,
            "nope",
        ),
        (Insert("users", ((("initial", "A"),),), COUNTED), Code.READ_ONLY, "initial"),
        (Insert("users", ((("name", None),),), COUNTED), Code.NOT_NULL_VIOLATION, "name"),
        (Insert("logs", ((("line", "x"),),), (Returning("", (SelectColumn("line", "line"),)),)), Code.NO_KEY, "logs"),
        (Update("users", None, (("age", 1),), COUNTED, (("age", 1),)), Code.INVALID_BODY, "age"),
        (Update("users", None, (), COUNTED, (("name", 1),)), Code.INVALID_VALUE, "name"),
        (Delete("users", Compare("id", Operator.EQ, None), COUNTED), Code.NULL_COMPARISON, "id"),
    ],
)
def test_refuses_with_a_stable_code_and_the_name(request_: Query | Write, code: Code, named: str) -> None:
    error = refused(request_)
    assert error.code is code
    assert named in error.message


def test_an_error_in_one_of_several_rows_says_which() -> None:
    rows = ((("name", "a"),), (("name", "b"), ("age", "old")))
    assert refused(Insert("users", rows, COUNTED)).row == 1


def test_null_for_an_auto_increment_column_is_left_to_the_database() -> None:
    planned = PLANNER.call(Call((RootRequest("x", Insert("users", ((("id", None), ("name", "a")),), COUNTED)),)))
    assert planned.writes


def test_the_normal_form_of_conditions() -> None:
    one, two = Compare("id", Operator.EQ, 1), Compare("age", Operator.EQ, 2)
    assert all_of([]) is None
    assert all_of([one]) is one
    assert all_of([one, two]) == And((one, two))
