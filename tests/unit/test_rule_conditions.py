"""What only rules may say: two columns compared, and rows of a table that need not be related."""

from __future__ import annotations

import pytest

from graphql_app.engine.compile.conditions import condition
from graphql_app.engine.compile.scope import Scope, SqlDialect
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.request.calls import (
    And,
    Compare,
    CompareColumns,
    Exists,
    Filter,
    Operator,
    Related,
)
from graphql_app.engine.sql.dialects import detect
from graphql_app.engine.sql.fragment import finish, shape
from graphql_app.errors import RequestError
from tests.unit.small_catalog import CATALOG

DIALECT = SqlDialect(detect("8.4.0", "MySQL"))


def _sql(table: str, where: Filter) -> str:
    planned = Planner(CATALOG).condition(CATALOG.tables[table], where)
    assert planned is not None
    scope = Scope(DIALECT)
    return shape(finish(condition(scope, scope.alias(), plan.RuleCondition(planned))))


def test_two_columns_of_one_row() -> None:
    assert _sql("users", CompareColumns("id", Operator.GT, "age")) == "`t0`.`id`>`t0`.`age`"


def test_texts_are_compared_byte_by_byte_beside_the_comparison_that_an_index_serves() -> None:
    assert _sql("users", CompareColumns("name", Operator.EQ, "email")) == (
        "(`t0`.`name`=`t0`.`email` AND CAST(`t0`.`name` AS BINARY)=CAST(`t0`.`email` AS BINARY))"
    )


def test_texts_are_ordered_by_their_bytes_where_the_collation_takes_them_for_one() -> None:
    assert _sql("users", CompareColumns("name", Operator.LT, "email")) == (
        "(`t0`.`name`<=`t0`.`email` AND (`t0`.`name`<`t0`.`email` OR "
        "CAST(`t0`.`name` AS BINARY)<CAST(`t0`.`email` AS BINARY)))"
    )


def test_the_root_is_the_row_that_the_rule_is_about_however_deep() -> None:
    deep = Related("orders", Related("user", CompareColumns("id", Operator.NEQ, "age", root=True)))
    assert _sql("users", deep) == (
        "EXISTS (SELECT 1 FROM `orders` AS `t1` WHERE `t1`.`user_id`=`t0`.`id` AND "
        "EXISTS (SELECT 1 FROM `users` AS `t2` WHERE `t2`.`id`=`t1`.`user_id` AND `t2`.`id`<>`t0`.`age`))"
    )


def test_a_row_of_an_unrelated_table() -> None:
    inside = And((Compare("a", Operator.EQ, 1), CompareColumns("a", Operator.EQ, "id", root=True)))
    assert _sql("users", Exists("pairs", inside)) == (
        "EXISTS (SELECT 1 FROM `pairs` AS `t1` WHERE (`t1`.`a`=1 AND `t1`.`a`=`t0`.`id`))"
    )
    assert _sql("users", Exists("pairs", None)) == "EXISTS (SELECT 1 FROM `pairs` AS `t1`)"


def test_a_rule_below_another_row_is_about_that_row() -> None:
    rule = Planner(CATALOG).condition(CATALOG.tables["orders"], CompareColumns("id", Operator.EQ, "user_id", root=True))
    assert rule is not None
    users = CATALOG.tables["users"]
    related = plan.SomeRelated(users.relations["orders"], CATALOG.tables["orders"], plan.RuleCondition(rule))
    scope = Scope(DIALECT)
    assert shape(finish(condition(scope, scope.alias(), related))).endswith("`t1`.`id`=`t1`.`user_id`)")


@pytest.mark.parametrize(
    ("table", "column", "operator", "other"),
    [
        ("users", "id", Operator.EQ, "name"),
        ("users", "name", Operator.LIKE, "email"),
        ("pairs", "v", Operator.EQ, "v"),
        ("users", "id", Operator.EQ, "missing"),
    ],
)
def test_what_the_database_would_compare_otherwise_is_refused(
    table: str, column: str, operator: Operator, other: str
) -> None:
    with pytest.raises(RequestError):
        _sql(table, CompareColumns(column, operator, other))
