"""Conditions, orders and updates cost: what is written by hand nothing, hundreds of thousands too much."""

from __future__ import annotations

import pytest

from graphql_app.engine.plan.cost.conditions import EACH, FREE, SUBQUERY, conditions_cost
from graphql_app.engine.plan.cost.estimate import CostBudget, check_conditions, checked
from graphql_app.engine.request.calls import (
    AffectedRows,
    Aggregate,
    And,
    Call,
    Compare,
    Delete,
    Filter,
    Function,
    Insert,
    NestedInsert,
    Nodes,
    Not,
    OnConflict,
    Operator,
    Or,
    Order,
    Query,
    Read,
    Related,
    RelatedCount,
    RootRequest,
    SelectColumn,
    SelectRelated,
    Update,
    UpdateMany,
    Write,
)
from graphql_app.errors import Code, RequestError
from tests.unit.schema_shop import SHOP

ONE = Compare("id", Operator.EQ, 1)
ANSWER = (AffectedRows("n"),)


def read(where: Filter | None = None, order: tuple[Order, ...] = ()) -> Read:
    return Read("orders", (SelectColumn("id", "id"),), where, order)


def weight(request: Query | Write) -> int:
    """What a request weighs, found from what it costs with others beside it that weigh what is free."""
    free = read(And((ONE,) * FREE))
    return conditions_cost([free, request]) // EACH


NESTED = NestedInsert("orders", ((),), OnConflict("PRIMARY", (), ONE), ((NestedInsert("x", ((),), None),),))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (read(), 0),
        (read(ONE), 1),
        (read(Not(Or((ONE, And((ONE, ONE)))))), 3),
        (read(Related("customer", Or((ONE, ONE)))), SUBQUERY + 2),
        (read(Related("customer", None)), SUBQUERY),
        (read(RelatedCount("items", Operator.GT, 1, where=ONE)), SUBQUERY + 1),
        (read(order=(Order("id"), Order("name", path=("customer",)))), 3),
        (read(order=(Order(None, path=("items",), function=Function.COUNT),)), SUBQUERY),
        (Read("customers", (SelectRelated("o", "orders", read(ONE)),)), 1),
        (Aggregate("orders", (Nodes("n", (SelectRelated("o", "customer", read(ONE)),)),), ONE), 2),
        (Delete("orders", ONE, ANSWER), 1),
        (UpdateMany("orders", (Update("orders", ONE, (), ANSWER), Update("orders", ONE, (), ANSWER))), 4),
        (Insert("orders", ((),), ANSWER, conflict=OnConflict("PRIMARY", (), And((ONE, ONE)))), 2),
        (Insert("customers", ((),), ANSWER, nested=((NESTED, NESTED),)), 4),
    ],
)
def test_what_weighs(request_: Query | Write, expected: int) -> None:
    assert weight(request_) == expected


def test_what_is_written_by_hand_is_free() -> None:
    assert conditions_cost([read(And((ONE,) * FREE))]) == 0


def test_too_many_are_refused_before_they_are_planned() -> None:
    """Also where the rows have no bound, as those of an export."""
    many = read(Or((ONE,) * 30_000))
    with pytest.raises(RequestError) as caught:
        checked(Call((RootRequest("r", many),)), SHOP, CostBudget())
    assert caught.value.code is Code.LIMIT_EXCEEDED
    with pytest.raises(RequestError) as caught:
        check_conditions(many, CostBudget())
    assert caught.value.code is Code.LIMIT_EXCEEDED
    check_conditions(read(Or((ONE,) * 10_000)), CostBudget())
