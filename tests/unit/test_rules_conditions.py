"""Boolean expressions of rules, in Hasura's words: what they mean, and what is refused in which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graphql_app.engine.access.bool_exp import to_filter, variables_in
from graphql_app.engine.access.rule_names import RuleError
from graphql_app.engine.request.calls import (
    And,
    Compare,
    CompareColumns,
    Exists,
    Filter,
    Fold,
    Not,
    Operator,
    Or,
    Related,
    RelatedCount,
    SessionSlot,
)
from schema_gen.catalog.model import Catalog
from tests.unit.small_catalog import CATALOG

ME = SessionSlot(-1, "x-hasura-user-id")


def read(table: str, raw: dict[str, Any], catalog: Catalog = CATALOG) -> Filter | None:
    return to_filter(catalog, catalog.tables[table], raw, lambda name: SessionSlot(-1, name))


@pytest.mark.parametrize(
    ("table", "raw", "found"),
    [
        ("users", {}, None),
        ("users", {"id": {"_eq": 1}}, Compare("id", Operator.EQ, 1)),
        ("users", {"id": 1}, Compare("id", Operator.EQ, 1)),
        ("users", {"id": "X-Hasura-User-Id"}, Compare("id", Operator.EQ, ME)),
        ("users", {"id": {"$eq": "x-hasura-user-id"}}, Compare("id", Operator.EQ, ME)),
        ("users", {"id": {"_ne": 1}}, Compare("id", Operator.NEQ, 1)),
        (
            "users",
            {"age": {"_gt": 1, "_lt": 9}},
            And((Compare("age", Operator.GT, 1), Compare("age", Operator.LT, 9))),
        ),
        ("users", {"id": {"_in": [1, "x-hasura-user-id"]}}, Compare("id", Operator.IN, [1, ME])),
        ("users", {"id": {"_in": "x-hasura-user-id"}}, Compare("id", Operator.IN, ME)),
        ("users", {"age": {"_between": ["x-hasura-user-id", 9]}}, Compare("age", Operator.BETWEEN, [ME, 9])),
        ("users", {"name": {"_like": "a%"}}, Compare("name", Operator.LIKE, "a%")),
        ("users", {"age": {"_is_null": True}}, Compare("age", Operator.IS_NULL, True)),
        ("users", {"_and": []}, And(())),
        ("users", {"_or": []}, Or(())),
        ("users", {"_not": {}}, Not(And(()))),
        (
            "users",
            {"$or": [{"id": 1}, {"age": 2}]},
            Or((Compare("id", Operator.EQ, 1), Compare("age", Operator.EQ, 2))),
        ),
        (
            "users",
            {"_not": {"id": 1, "age": 2}},
            Not(And((Compare("id", Operator.EQ, 1), Compare("age", Operator.EQ, 2)))),
        ),
        ("orders", {"user": {"name": "Ann"}}, Related("user", Compare("name", Operator.EQ, "Ann"))),
        ("users", {"orders": {}}, Related("orders", None)),
        (
            "users",
            {"orders": {"user": {"id": {"_ceq": ["$", "age"]}}}},
            Related("orders", Related("user", CompareColumns("id", Operator.EQ, "age", root=True))),
        ),
        ("users", {"id": {"_cgte": "age"}}, CompareColumns("id", Operator.GTE, "age")),
        ("users", {"id": {"$cne": ["age"]}}, CompareColumns("id", Operator.NEQ, "age")),
        (
            "users",
            {"_exists": {"_table": "pairs", "_where": {"a": "x-hasura-user-id"}}},
            Exists("pairs", Compare("a", Operator.EQ, ME)),
        ),
        ("users", {"$exists": {"$table": {"name": "pairs", "schema": "shop"}, "$where": {}}}, Exists("pairs", None)),
        (
            "users",
            {
                "orders_aggregate": {
                    "count": {"predicate": {"_gt": 3}, "filter": {"total": {"_gt": 1}}, "arguments": "id"}
                }
            },
            RelatedCount("orders", Operator.GT, 3, ("id",), where=Compare("total", Operator.GT, 1), fold=Fold.COUNT),
        ),
    ],
)
def test_what_it_means(table: str, raw: dict[str, Any], found: Filter | None) -> None:
    assert read(table, raw) == found


@pytest.mark.parametrize(
    ("table", "raw", "complaint"),
    [
        ("users", {"nmae": 1}, "'users' has no column or relation 'nmae'"),
        ("users", {"id": {}}, "'id' is compared with nothing"),
        ("users", {"id": {"_equals": 1}}, "'_equals' is no operator"),
        ("users", {"id": {"_like": "1%"}}, "'_like' does not compare a column of type int"),
        ("pairs", {"v": {"_lt": "1"}}, "'_lt' does not compare a column of type json"),
        ("users", {"_and": {"id": 1}}, "'_and' takes a list"),
        ("users", {"_or": [1]}, "'_or' takes an object"),
        ("users", {"_not": None}, "'_not' takes an object"),
        ("orders", {"user": None}, "'user' takes an object"),
        ("orders", {"user": "Ann"}, "'user' takes an object"),
        ("users", {"id": {"_ceq": "shoe"}}, "'users' has no column 'shoe'"),
        ("users", {"id": {"_ceq": 1}}, "'_ceq' takes a column, or [\"$\", column]"),
        ("users", {"id": {"_ceq": ["orders", "id"]}}, "columns of relations are not compared"),
        ("users", {"_exists": {"_table": "pairs"}}, "'_exists' takes '_table' and '_where'"),
        ("users", {"_exists": {"_table": "triples", "_where": {}}}, "there is no table 'triples'"),
        ("users", {"_exists": {"_table": 1, "_where": {}}}, "'_table' takes a table's name"),
        ("orders", {"user_aggregate": {"count": {"predicate": {"_gt": 1}}}}, "no column or relation 'user_aggregate'"),
        ("users", {"orders_aggregate": {"sum": {}}}, "'orders_aggregate' takes exactly one of count"),
        ("users", {"orders_aggregate": {"count": {}}}, "'predicate' takes an object"),
        ("users", {"orders_aggregate": {"count": {"predicate": {}}}}, "compares with nothing"),
        ("users", {"orders_aggregate": {"count": {"predicate": {"_gt": 1}, "if": 1}}}, "does not take 'if'"),
        ("users", {"id": {1: 2}}, "no text: put it in quotes"),
    ],
)
def test_what_it_cannot_mean_is_refused(table: str, raw: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RuleError) as caught:
        read(table, raw)
    assert complaint in str(caught.value)


def _renamed(**shown: str) -> Catalog:
    users = CATALOG.tables["users"]
    columns = {name: replace(each, shown_as=shown.get(name, "")) for name, each in users.columns.items()}
    return replace(CATALOG, tables={**CATALOG.tables, "users": replace(users, columns=columns)})


def test_names_are_the_databases_or_those_that_are_shown() -> None:
    catalog = _renamed(age="years")
    assert read("users", {"years": 1}, catalog) == Compare("age", Operator.EQ, 1)
    assert read("users", {"age": 1}, catalog) == Compare("age", Operator.EQ, 1)
    assert read("orders", {"userId": 1}) == Compare("user_id", Operator.EQ, 1), "as NAMING=camel shows it"
    with pytest.raises(RuleError, match="no column or relation 'emailAddress'"):
        read("users", {"emailAddress": "a"}, catalog)


def test_a_name_of_two_is_refused_and_the_databases_own_goes_first() -> None:
    with pytest.raises(RuleError, match="'years' may be id or age"):
        read("users", {"years": 1}, _renamed(age="years", id="years"))
    assert read("users", {"id": 1}, _renamed(age="id")) == Compare("id", Operator.EQ, 1)


def test_variables_are_found_wherever_they_are() -> None:
    raw = {"_or": [{"a": {"_in": ["X-Hasura-A"]}}, {"r": {"_not": {"b": "x-hasura-b"}}}, {"c": "x-other"}]}
    assert sorted(variables_in(raw)) == ["x-hasura-a", "x-hasura-b"]
