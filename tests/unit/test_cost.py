"""The estimate of what a call costs: pages multiply down the tree, and open page sizes are looked at in each call."""

from __future__ import annotations

import pytest

from graphql_app.engine.plan.cost.estimate import LARGE, RELATED_ROWS, ROWS, CostBudget, checked
from graphql_app.engine.request.calls import (
    Aggregate,
    AggregateFields,
    Call,
    ConnectionRead,
    Count,
    Edges,
    Nodes,
    Query,
    Read,
    RootRequest,
    SelectColumn,
    Selection,
    SelectNode,
    SelectRelated,
    Slot,
    TotalCount,
)
from graphql_app.errors import Code, RequestError
from tests.unit.schema_shop import SHOP

ID: Selection = (SelectColumn("id", "id"),)


def cost(request: Query, default: int | None = None) -> int:
    """The highest budget that a request exceeds, and one."""
    for most in range(100_000):
        try:
            checked(call(request), SHOP, CostBudget(most, default))
        except RequestError:
            continue
        return most
    raise AssertionError("costs too much to be counted")


def call(request: Query) -> Call:
    return Call((RootRequest("r", request),))


def orders(limit: object = None, select: Selection = ID) -> Read:
    return Read("orders", select, limit=limit)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (orders(), 1 + ROWS),
        (orders(5), 1 + 5),
        (orders(0), 1),
        (orders(2**40), 1 + LARGE),
        (Read("orders", ID, one=True), 2),
        (Read("customers", (SelectRelated("o", "orders", orders()),), limit=2), 1 + 2 * (1 + RELATED_ROWS)),
        (Read("customers", (SelectRelated("o", "orders", orders(3)),), limit=2), 1 + 2 * (1 + 3)),
        (orders(2, (SelectRelated("c", "customer", Read("customers", ID)),)), 1 + 2 * 2),
        (orders(2, (SelectRelated("?", "nope", Read("nope", ID)),)), 1 + 2 * (1 + RELATED_ROWS)),
        (Aggregate("orders", (AggregateFields("f", (Count("n"),)), Nodes("n", ID)), limit=4), 1 + 4 + 1 + 4),
        (ConnectionRead("orders", (Edges("e", (SelectNode("n", ID),)), TotalCount("t")), first=4), 1 + 4 * 2),
    ],
)
def test_what_a_request_costs(request_: Query, expected: int) -> None:
    assert cost(request_) == expected


def test_a_default_page_counts_where_it_is_smaller() -> None:
    assert cost(orders(), 7) == 8
    assert cost(orders(), 5000) == 1 + ROWS


def test_an_open_page_size_is_looked_at_in_each_call() -> None:
    """And in no call at all where even the largest one costs little."""
    asked = call(orders(Slot(0)))
    assert checked(asked, SHOP, CostBudget(LARGE + 1)) is None
    estimate = checked(asked, SHOP, CostBudget(10))
    assert estimate is not None
    estimate.check([9])
    estimate.check([-5])
    with pytest.raises(RequestError, match="11 values; 10 are allowed") as caught:
        estimate.check([10])
    assert caught.value.code is Code.LIMIT_EXCEEDED
