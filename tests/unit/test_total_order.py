"""What makes an order total, and that cursors of another total order are refused."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from graphql_app.engine.plan import cursor, nodes as plan
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.plan.total_order import total_order
from graphql_app.engine.request.calls import Call, ConnectionRead, Nodes, Nulls, Order, RootRequest, SelectColumn
from graphql_app.errors import RequestError
from schema_gen.catalog.model import Cardinality, Catalog, Key, Table
from tests.unit.small_catalog import CATALOG, column, relation, table

PAIRS = CATALOG.tables["pairs"]
MADE = table(
    "made",
    [
        column("id", "int", 1, nullable=False),
        column("code", "varchar", 2, nullable=False, length=10),
        column("done", "tinyint", 3, nullable=False, length=1),
        column("maybe", "int", 4),
        column("pair", "int", 5),
    ],
    ("id",),
    relation("self", "made", "pair", "made", "id", Cardinality.ONE),
)
UNIQUE = Table(
    "made",
    MADE.kind,
    MADE.columns,
    MADE.primary_key,
    (Key("code", ("code",)), Key("done", ("done",)), Key("maybe", ("maybe",), nullable=True)),
    relations=MADE.relations,
)


def term(made: Table, name: str, descending: bool = False, nulls: Nulls | None = None) -> plan.OrderTerm:
    """A term of one of the table's own columns."""
    return plan.OrderTerm(made.columns[name], descending, nulls)


def said(made: Table, *terms: plan.OrderTerm) -> list[str]:
    """The total order in words."""
    found = total_order(made, terms)
    return [f"{each.column.name if each.column else each.function}{'-' if each.descending else '+'}" for each in found]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["id+"]),
        (["code+"], ["code+", "id+"]),
        (["code-"], ["code-", "id-"]),
        (["maybe+", "code-"], ["maybe+", "code-", "id-"]),
        (["maybe-", "code+"], ["maybe-", "code+", "id+"]),
        (["id-", "code+"], ["id-", "code+"]),
    ],
)
def test_the_key_goes_the_way_of_the_last_term(given: list[str], expected: list[str]) -> None:
    assert said(MADE, *(term(MADE, each[:-1], each[-1] == "-") for each in given)) == expected


def test_where_nulls_stand_does_not_turn_the_key() -> None:
    assert said(MADE, term(MADE, "maybe", False, Nulls.LAST)) == ["maybe+", "id+"]
    assert said(MADE, term(MADE, "maybe", True, Nulls.FIRST)) == ["maybe-", "id-"]


def test_what_is_left_of_a_key_of_two_columns_goes_that_way_too() -> None:
    assert said(PAIRS, term(PAIRS, "a", True)) == ["a-", "b-"]
    assert said(PAIRS, term(PAIRS, "b"), term(PAIRS, "a", True)) == ["b+", "a-"]


def test_a_unique_column_needs_no_key_behind_it() -> None:
    assert said(UNIQUE, term(UNIQUE, "code", True)) == ["code-"]
    assert said(UNIQUE, term(UNIQUE, "maybe")) == ["maybe+", "id+"], "it may be NULL in many rows"
    assert said(UNIQUE, term(UNIQUE, "done")) == ["done+", "id+"], "2 and 3 are both true"


def test_a_column_of_another_row_is_not_the_row_s_own() -> None:
    far = plan.OrderTerm(UNIQUE.columns["code"], True, None, (plan.PathStep(UNIQUE.relations["self"], None),))
    assert said(UNIQUE, far) == ["code-", "id-"]


@pytest.mark.parametrize(("ending", "good"), [(".id False None", False), (".id True None", True)])
def test_a_cursor_of_rows_in_another_total_order_is_refused(ending: str, good: bool) -> None:
    """Such as one of a version that ended each order with the key ascending."""
    signed = cursor.order_key(bytes(32), ["made", ".maybe True None", ending])
    after = cursor.encode(signed, b"5\x1e7").decode()
    read = ConnectionRead("made", (Nodes("n", (SelectColumn("id", "id"),)),), None, (Order("maybe", True),), 5, after)
    planner = Planner(Catalog("shop", {"made": MADE}), cursor_key=bytes(32))
    with nullcontext() if good else pytest.raises(RequestError, match="Not a cursor"):
        planner.call(Call((RootRequest("x", read),)))
