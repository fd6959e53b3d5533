"""Walks over what a client sends: bounded in what they make, and linear where they compare."""

from __future__ import annotations

import time
from typing import Any

import pytest

from graphql_app.engine.compile.json_updates import MAX_STEPS, json_change
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.plan.shapes import LONGEST_SHAPE, PreparedCache
from graphql_app.engine.request.calls import (
    AffectedRows,
    Call,
    Compare,
    Insert,
    JsonOperator,
    NestedInsert,
    OnConflict,
    Operator,
    RootRequest,
    Update,
    Write,
)
from graphql_app.errors import Code, RequestError
from graphql_app.rest_api.query_language.read_request import MAX_SHOWN, read_request
from schema_gen.catalog.model import Catalog
from tests.rest_samples import CATALOG, USERS
from tests.unit import small_catalog
from tests.unit.small_catalog import column, table

ANSWER = (AffectedRows("n"),)
NOTE = column("v", "json", 1)
DOCUMENT = small_catalog.CATALOG


def plan(request: Write, catalog: Catalog = DOCUMENT) -> Any:
    return Planner(catalog).call(Call((RootRequest("r", request),))).roots[0].plan


def refused(request: Write, catalog: Catalog = DOCUMENT) -> RequestError:
    with pytest.raises(RequestError) as caught:
        plan(request, catalog)
    return caught.value


def path(*steps: object) -> bytes:
    from graphql_app.engine.sql.fragment import sql

    return json_change(JsonOperator.DELETE_AT_PATH, NOTE, sql("v"), list(steps))


@pytest.mark.parametrize(
    "steps", [["a"] * (MAX_STEPS + 1), ["a" * 90_000] * 50, ["1", "2", "3", "4", "5", "a" * 20_000], ["1"] * 6]
)
def test_a_path_that_would_make_too_much_sql_is_refused(steps: list[str]) -> None:
    with pytest.raises(RequestError) as caught:
        path(*steps)
    assert caught.value.code is Code.LIMIT_EXCEEDED


def test_a_path_of_every_length_that_is_taken_makes_bounded_sql() -> None:
    longest = max(
        len(path(*["a" * length] * count, *["1"] * places))
        for count in (1, 10, 50, 95)
        for length in (1, 10, 100, 1000)
        for places in (0, 3, 5)
        if (count + places) * (count * length + places) << places <= 500_000
    )
    assert longest < 4_000_000


def test_an_unknown_column_of_an_update_is_found_before_those_behind_it() -> None:
    """And a hundred thousand of them in no more time than they take to be looked at once."""
    sets = tuple((f"k{number}", number) for number in range(100_000))
    started = time.process_time()
    error = refused(Update("users", Compare("id", Operator.EQ, 1), sets, ANSWER))
    assert (error.code, error.column) == (Code.UNKNOWN_COLUMN, "k0")
    assert time.process_time() - started < 1.0


def test_a_column_in_two_operators_is_still_refused() -> None:
    update = Update("users", None, (("age", 1),), ANSWER, increments=(("age", 1),))
    assert refused(update).code is Code.INVALID_BODY


def _conflict(number: int) -> OnConflict:
    return OnConflict("PRIMARY", (), Compare("id", Operator.IN, [number]))


def test_nested_rows_with_different_conditions_are_grouped_in_one_pass() -> None:
    """Those with equal conditions stay together, in the order in which they came."""
    rows = 5_000
    nested = tuple((NestedInsert("orders", ((("total", 1),),), _conflict(number // 2)),) for number in range(rows))
    started = time.process_time()
    made = plan(Insert("users", ((("name", "x"),),) * rows, ANSWER, nested=nested))
    assert time.process_time() - started < 5.0
    assert [each.owners for each in made.rows.after] == [(place, place + 1) for place in range(0, rows, 2)]


def test_rows_of_different_columns_make_no_table_of_empty_cells() -> None:
    wide = table("wide", [column(f"c{number}", "int", number + 1) for number in range(900)], None)
    catalog = Catalog("shop", {"wide": wide})
    sparse = tuple(((f"c{number % 900}", number),) for number in range(20_000))
    assert refused(Insert("wide", sparse, ANSWER), catalog).code is Code.LIMIT_EXCEEDED
    few = plan(Insert("wide", sparse[:900], ANSWER), catalog)
    assert len(few.rows.rows) == len(few.rows.columns) == 900
    dense = tuple(tuple((f"c{number}", 1) for number in range(600)) for _ in range(2_000))
    assert len(plan(Insert("wide", dense, ANSWER), catalog).rows.rows) == 2_000


def test_every_column_again_shows_nothing_more() -> None:
    once = read_request(CATALOG, USERS, (), (("select", "*"),))
    assert read_request(CATALOG, USERS, (), (("select", ",".join(["*", "id"] * 5_000)),)) == once


def test_a_request_shows_a_bounded_number_of_columns() -> None:
    count = MAX_SHOWN // 4
    embeds = ",".join(f"a{number}:orders(*)" for number in range(count))
    with pytest.raises(RequestError) as caught:
        read_request(CATALOG, USERS, (), (("select", embeds),))
    assert caught.value.code is Code.LIMIT_EXCEEDED


def test_long_shapes_are_not_kept() -> None:
    kept: PreparedCache[str] = PreparedCache()
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return "x"

    for shape in ("a" * LONGEST_SHAPE * 2, "a", "a" * LONGEST_SHAPE * 2, "a"):
        assert kept.get(CATALOG, shape, make) == "x"
    assert len(made) == 3


def test_shapes_are_kept_within_their_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphql_app.engine.plan import shapes as shape

    monkeypatch.setattr(shape, "SHAPES_CHARACTERS", 100)
    kept: PreparedCache[str] = PreparedCache()
    made: list[str] = []

    def ask(name: str) -> None:
        kept.get(CATALOG, name, lambda: made.append(name) or name)  # type: ignore[func-returns-value]

    for name in ("a" * 40, "b" * 40, "b" * 40, "c" * 40, "a" * 40):
        ask(name)
    assert [name[0] for name in made] == ["a", "b", "c", "a"]
