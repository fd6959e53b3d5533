"""Golden SQL of the compiler's own decisions; whole requests have theirs in `tests/cases`."""

from __future__ import annotations

import re

import pytest

from graphql_app.engine.compile.call import compile_call
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.statements import ResultNode
from graphql_app.engine.compile.writes import CompiledChange, CompiledInsert, CompiledWrite
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.request.calls import (
    AffectedRows,
    Call,
    Compare,
    Delete,
    Function,
    Insert,
    Not,
    Nulls,
    Operator,
    Order,
    Query,
    Read,
    Related,
    Returning,
    RootRequest,
    SelectColumn,
    SelectRelated,
    Slot,
    Update,
    Write,
)
from graphql_app.engine.sql.dialects import detect
from graphql_app.engine.sql.fragment import shape
from graphql_app.errors import AppError, Code
from tests.unit.small_catalog import CATALOG

MYSQL = SqlDialect(detect("8.4.0", "MySQL"))
ID = (SelectColumn("id", "id"),)


def node(request: Query) -> ResultNode:
    """The root node of a read."""
    made = compile_call(MYSQL, Planner(CATALOG).call(Call((RootRequest("x", request),)))).reads[0][0]
    assert isinstance(made, ResultNode)
    return made


def write(request: Write) -> CompiledWrite:
    """A compiled write."""
    made = (compile_call(MYSQL, Planner(CATALOG).call(Call((RootRequest("x", request),)))).writes or ())[0]
    assert not isinstance(made, bytes)
    return made


def tail(request: Query) -> str:
    """What stands behind the table's name."""
    return shape(node(request).statement).partition(" AS `t0`")[2].strip()


@pytest.mark.parametrize(
    ("order", "sql"),
    [
        (Order("age"), "ORDER BY `t0`.`age`"),
        (Order("age", True), "ORDER BY `t0`.`age` DESC"),
        (Order("age", nulls=Nulls.FIRST), "ORDER BY `t0`.`age`"),
        (Order("age", nulls=Nulls.LAST), "ORDER BY `t0`.`age` IS NULL,`t0`.`age`"),
        (Order("age", True, Nulls.FIRST), "ORDER BY `t0`.`age` IS NOT NULL,`t0`.`age` DESC"),
        (
            Order(None, True, path=("orders",), function=Function.COUNT),
            "ORDER BY (SELECT COUNT(*) FROM `orders` AS `t1` WHERE `t1`.`user_id`=`t0`.`id`) DESC",
        ),
    ],
)
def test_orders(order: Order, sql: str) -> None:
    assert tail(Read("users", ID, order=(order,))) == sql


@pytest.mark.parametrize(
    ("read", "sql"),
    [
        (Read("users", ID, limit=5), "LIMIT 5"),
        (Read("users", ID, limit=5, offset=2), "ORDER BY `t0`.`id` LIMIT 5 OFFSET 2"),
        (Read("users", ID, offset=2), "ORDER BY `t0`.`id` LIMIT 4611686018427387903 OFFSET 2"),
        (Read("users", ID, order=(Order("age"),), limit=1), "ORDER BY `t0`.`age`,`t0`.`id` LIMIT 1"),
        (Read("users", ID, order=(Order("age", True),), limit=1), "ORDER BY `t0`.`age` DESC,`t0`.`id` DESC LIMIT 1"),
        (Read("users", ID, order=(Order("id", True),), limit=1), "ORDER BY `t0`.`id` DESC LIMIT 1"),
    ],
)
def test_a_page_has_a_total_order(read: Read, sql: str) -> None:
    assert tail(read) == sql


DEEP = (
    "(SELECT `t1`.`id` FROM `users` AS `t1` WHERE `t1`.`age`>3 ORDER BY `t1`.`name`,`t1`.`id` LIMIT {limit}"
    " OFFSET {offset}) AS `t2` STRAIGHT_JOIN `users` AS `t0` ON `t0`.`id`=`t2`.`id` ORDER BY `t0`.`name`,`t0`.`id`"
)
SHALLOW = "`users` AS `t0` WHERE `t0`.`age`>3 ORDER BY `t0`.`name`,`t0`.`id` LIMIT {limit} OFFSET {offset}"


@pytest.mark.parametrize(
    ("limit", "offset", "sql"),
    [(5, 999, SHALLOW), (5, 1000, DEEP), (250, 1000, DEEP), (251, 1000, SHALLOW), (300, 5000, DEEP)],
)
@pytest.mark.parametrize("slots", [True, False])
def test_a_page_far_behind_the_first_row_is_found_by_keys(limit: int, offset: int, sql: str, slots: bool) -> None:
    """Whether that is known before the call or not."""
    page = (Slot(0), Slot(1)) if slots else (limit, offset)
    where = Compare("age", Operator.GT, 3)
    read = Read("users", ID, where, order=(Order("name"),), limit=page[0], offset=page[1])
    text = node(read).statement.render((limit, offset)).decode()
    assert text.partition(" FROM ")[2] == sql.format(limit=limit, offset=offset)


@pytest.mark.parametrize(
    ("operator", "value", "sql"),
    [
        (Operator.IN, [], "WHERE FALSE"),
        (Operator.NIN, [], "WHERE TRUE"),
        (Operator.IN, ["a", "b'"], "WHERE `t0`.`name` IN ('a','b\\'')"),
        (Operator.IS_NULL, True, "WHERE `t0`.`name` IS NULL"),
        (Operator.IS_NULL, False, "WHERE `t0`.`name` IS NOT NULL"),
        (Operator.BETWEEN, ["a", "b"], "WHERE `t0`.`name` BETWEEN 'a' AND 'b'"),
    ],
)
def test_conditions(operator: Operator, value: object, sql: str) -> None:
    assert tail(Read("users", ID, where=Compare("name", operator, value))) == sql


def test_wildcards_of_a_plain_text_are_escaped() -> None:
    statement = shape(node(Read("users", ID, where=Compare("name", Operator.CONTAINS, "50%_\\"))).statement)
    assert statement.count("LIKE '%50\\\\%\\\\_\\\\\\\\%'") == 2


def test_a_negated_condition_on_related_rows() -> None:
    read = Read("users", ID, where=Not(Related("orders", None)))
    assert tail(read) == "WHERE NOT (EXISTS (SELECT 1 FROM `orders` AS `t1` WHERE `t1`.`user_id`=`t0`.`id`))"


def test_a_to_many_relation_is_one_batched_statement() -> None:
    read = Read("users", (*ID, SelectRelated("orders", "orders", Read("orders", ID))), limit=3)
    (hole,) = node(read).holes
    assert hole.node.keyed
    assert shape(hole.node.statement) == (
        "SELECT CONCAT(`t0`.`user_id`,'\x1f{\"id\":',`t0`.`id`,"
        "ELT(COERCIBILITY(CONCAT(`t0`.`user_id`,`t0`.`id`))-3,'}\x02'))"
        " AS `grouped` FROM `orders` AS `t0`"
        " WHERE `t0`.`user_id` IN (?)"
    )


def test_below_all_rows_of_a_table_no_keys_are_needed() -> None:
    """Nor below all rows whose own parents are all there; where some rows may have no parent, their keys are."""
    below = SelectRelated("orders", "orders", Read("orders", (*ID, SelectRelated("user", "user", Read("users", ID)))))
    (hole,) = node(Read("users", (*ID, below))).holes
    assert not hole.node.keyed
    assert shape(hole.node.statement).endswith(
        " FROM `orders` AS `t0` LEFT JOIN `users` AS `t1` ON `t1`.`id`=`t0`.`user_id` WHERE `t0`.`user_id` IS NOT NULL"
    )
    own = SelectRelated("orders", "orders", Read("orders", ID))
    deeper = SelectRelated("orders", "orders", Read("orders", (SelectRelated("user", "user", Read("users", (own,))),)))
    (hole,) = node(Read("users", (deeper,))).holes
    assert [inside.node.keyed for inside in hole.node.holes] == [True]


def test_what_a_page_in_a_relation_looks_at_is_in_reach() -> None:
    """Its rows are numbered in a derived table, beyond which nobody sees the table itself."""
    for distinct in ((), ("id",)):
        read = Read("orders", ID, order=(Order("id"),), limit=2, distinct_on=distinct)
        (hole,) = node(Read("users", (SelectRelated("orders", "orders", read),))).holes
        shown, _, source = shape(hole.node.statement).partition(" FROM (")
        (alias,) = re.findall(r"\) AS (`t\d+`) WHERE `t\d+`\.`#row`<=2", source)
        assert "COERCIBILITY" in shown
        assert set(re.findall(r"(`t\d+`)\.", shown)) == {alias}


def test_keys_of_text_bring_the_parents_along() -> None:
    read = Read("users", (SelectRelated("logs", "logs", Read("logs", (SelectColumn("line", "line"),))),))
    (hole,) = node(read).holes
    assert " FROM (SELECT DISTINCT `email`,HEX(CONVERT(`t2`.`email` USING utf8mb4)) AS `#key` FROM `users`" in shape(
        hole.node.statement
    )


def test_a_slot_is_filled_at_call_time() -> None:
    statement = node(Read("users", ID, where=Compare("name", Operator.EQ, Slot(0)), limit=Slot(1))).statement
    assert statement.render(["it's", 3]).endswith(b"WHERE `t0`.`name`='it\\'s' LIMIT 3")


def test_an_insert_reads_its_row_back_by_the_generated_id() -> None:
    made = write(Insert("users", ((("name", "a"),),), (Returning("", ID),), one=True))
    assert isinstance(made, CompiledInsert)
    assert made.statement is not None
    assert shape(made.statement) == "INSERT INTO `users` (`name`) VALUES ('a')"
    assert shape(made.returning[0].statement).endswith("WHERE `t0`.`id`=LAST_INSERT_ID() FOR UPDATE")


def test_a_key_that_is_not_given_is_refused_before_anything_is_written() -> None:
    with pytest.raises(AppError) as caught:
        write(Insert("pairs", ((("a", 1),),), (Returning("returning", (SelectColumn("a", "a"),)),)))
    assert (caught.value.code, caught.value.column) == (Code.NOT_NULL_VIOLATION, "b")


def test_a_change_that_returns_rows_locks_their_keys_first() -> None:
    made = write(Update("users", Compare("age", Operator.GT, 3), (("name", "x"),), (Returning("returning", ID),)))
    assert isinstance(made, CompiledChange)
    assert made.lock is not None
    assert made.change is not None
    assert shape(made.lock) == "SELECT `t0`.`id` FROM `users` AS `t0` WHERE `t0`.`age`>3 FOR UPDATE"
    assert shape(made.change) == "UPDATE `users` AS `t0` SET `t0`.`name`='x' WHERE `t0`.`id` IN (?)"


def test_a_delete_by_a_condition_on_other_rows_goes_by_keys() -> None:
    made = write(Delete("users", Related("orders", None), (AffectedRows("n"),)))
    assert isinstance(made, CompiledChange)
    assert made.lock is not None


def test_an_update_without_assignments_does_nothing() -> None:
    made = write(Update("users", None, (), (AffectedRows("n"),)))
    assert isinstance(made, CompiledChange)
    assert made.change is None
