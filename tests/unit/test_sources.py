"""Golden SQL of the ways to find a page on large tables, and when each is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graphql_app.engine.compile.call import compile_call
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.statements import MOST_ASKED_EACH, ResultNode
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.request.calls import (
    Call,
    Compare,
    Function,
    Nulls,
    Operator,
    Order,
    Read,
    RootRequest,
    SelectColumn,
    SelectRelated,
    Slot,
)
from graphql_app.engine.sql.dialects import detect
from schema_gen.catalog.model import Catalog, Index, Relation, Table
from tests.unit.small_catalog import ORDERS, USERS

MARIADB, SEEKDB = (
    SqlDialect(detect(*version)) for version in (("10.11.19-MariaDB", ""), ("5.7.25-OceanBase seekdb-v1.4.0.0", ""))
)
ID = (SelectColumn("id", "id"),)


def _large(table: Table, rows: int, *columns: str, **relation: Any) -> Table:
    relations: dict[str, Relation] = {name: replace(each, **relation) for name, each in table.relations.items()}
    indexes = tuple(Index(f"by_{column}", (column,), False) for column in columns)
    return replace(table, estimated_rows=rows, indexes=indexes, relations=relations)


def catalog(users: int = 1_000, orders: int = 100_000) -> Catalog:
    """Users and their orders, with indexes of what is ordered."""
    made = (
        _large(USERS, users, "name", "age"),
        _large(ORDERS, orders, "user_id", "total", refers=True),
    )
    return Catalog("shop", {table.name: table for table in made})


def node(read: Read, given: Catalog | None = None, dialect: SqlDialect = MARIADB) -> ResultNode:
    """The root node of a read."""
    planned = Planner(given or catalog()).call(Call((RootRequest("x", read),)))
    made = compile_call(dialect, planned).reads[0][0]
    assert isinstance(made, ResultNode)
    return made


def source(read: Read, given: Catalog | None = None, slots: tuple[object, ...] = ()) -> str:
    """What stands behind FROM."""
    return node(read, given).statement.render(slots).decode().partition(" FROM ")[2]


BY_NAME = Read("orders", ID, order=(Order("name", path=("user",)),), limit=20)
UP_TO = (
    "((SELECT `t3`.`id` FROM `users` AS `t2` STRAIGHT_JOIN `orders` AS `t3` ON `t2`.`id`=`t3`.`user_id` WHERE"
    " `t2`.`name`<=(SELECT MAX(`t6`.`value`) FROM (SELECT `t4`.`name` AS `value` FROM `users` AS `t4` STRAIGHT_JOIN"
    " `orders` AS `t5` ON `t4`.`id`=`t5`.`user_id` ORDER BY `t4`.`name` LIMIT 20) AS `t6`)"
    " ORDER BY `t2`.`name`,`t3`.`id` LIMIT 20)"
    " UNION ALL (SELECT `t7`.`id` FROM `orders` AS `t7` WHERE `t7`.`user_id` IS NULL ORDER BY `t7`.`id` LIMIT 20))"
    " AS `t8` STRAIGHT_JOIN `orders` AS `t0` ON `t0`.`id`=`t8`.`id` LEFT JOIN `users` AS `t1` ON"
    " `t1`.`id`=`t0`.`user_id` ORDER BY `t1`.`name`,`t0`.`id` LIMIT 20"
)
PLAIN = "`orders` AS `t0` LEFT JOIN `users` AS `t1` ON `t1`.`id`=`t0`.`user_id`"


def test_a_column_of_the_parent() -> None:
    """Rows up to the last value of the page, and those without a parent."""
    assert source(BY_NAME) == UP_TO
    given = replace(BY_NAME, limit=Slot(0))
    assert source(given, slots=(20,)) == UP_TO
    assert source(given, slots=(1_001,)).startswith(PLAIN)


@pytest.mark.parametrize(
    ("read", "given"),
    [
        (replace(BY_NAME, limit=None), catalog()),
        (replace(BY_NAME, limit=1_001), catalog()),
        (replace(BY_NAME, where=Compare("total", Operator.GT, 1)), catalog()),
        (BY_NAME, catalog(orders=999)),
        (BY_NAME, catalog(users=1_000_001)),
        (replace(BY_NAME, order=(Order("email", path=("user",)),)), catalog()),
        (replace(BY_NAME, order=(Order("total"), Order("name", path=("user",)))), catalog()),
    ],
)
def test_a_column_of_the_parent_of_all_rows(read: Read, given: Catalog) -> None:
    """No page, or a large one; a condition; few rows; most parents without rows; no index; not the first term."""
    assert source(read, given).startswith(PLAIN)


def test_a_nullable_column_of_the_parent_backwards() -> None:
    """Users without an age stand first, and orders without a user."""
    order = (Order("age", descending=True, nulls=Nulls.FIRST, path=("user",)),)
    found = source(replace(BY_NAME, order=order, offset=5))
    assert "`age`>=(SELECT MIN(" in found
    assert "WHERE `t4`.`age` IS NOT NULL ORDER BY `t4`.`age` DESC LIMIT 25)" in found
    assert "WHERE (`t8`.`age` IS NULL) ORDER BY `t9`.`id` DESC LIMIT 25)" in found
    assert found.endswith("ORDER BY `t1`.`age` IS NOT NULL,`t1`.`age` DESC,`t0`.`id` DESC LIMIT 20 OFFSET 5")


def test_nulls_at_the_other_end() -> None:
    read = Read("orders", ID, order=(Order("total", nulls=Nulls.LAST),), limit=3)
    table = "SELECT `{0}`.`id` FROM `orders` AS `{0}` WHERE `{0}`.`total`"
    assert source(read) == (
        f"(({table.format('t1')} IS NOT NULL ORDER BY `t1`.`total`,`t1`.`id` LIMIT 3) UNION ALL"
        f" ({table.format('t2')} IS NULL ORDER BY `t2`.`id` LIMIT 3)) AS `t3` STRAIGHT_JOIN `orders` AS `t0` ON"
        " `t0`.`id`=`t3`.`id` ORDER BY `t0`.`total` IS NULL,`t0`.`total`,`t0`.`id` LIMIT 3"
    )
    natural = "`orders` AS `t0` ORDER BY `t0`.`total`,`t0`.`id` LIMIT 3"
    assert source(replace(read, order=(Order("total", nulls=Nulls.FIRST),))) == natural
    # Where nothing is NULL, the wish asks for nothing.
    never = "`orders` AS `t0` ORDER BY `t0`.`id` LIMIT 3"
    assert source(replace(read, order=(Order("id", nulls=Nulls.LAST),))) == never


@pytest.mark.parametrize(
    ("function", "column", "value"),
    [
        (Function.MAX, "total", "MAX(`t1`.`total`)"),
        (Function.SUM, "total", "SUM(`t1`.`total`)"),
        (Function.COUNT, "total", "COUNT(`t1`.`total`)"),
    ],
)
def test_an_aggregate_of_all_related_rows(function: Function, column: str, value: str) -> None:
    read = Read("users", ID, order=(Order(column, path=("orders",), function=function),), limit=3)
    shown = "IFNULL(`t2`.`#value`,0)" if function is Function.COUNT else "`t2`.`#value`"
    assert source(read) == (
        f"`users` AS `t0` LEFT JOIN (SELECT `t1`.`user_id`,{value} AS `#value` FROM `orders` AS `t1` USE INDEX FOR"
        " GROUP BY () GROUP BY `t1`.`user_id`) AS `t2` ON `t2`.`user_id`=`t0`.`id` ORDER BY"
        f" {shown},`t0`.`id` LIMIT 3"
    )
    below = f"ORDER BY (SELECT {value} FROM `orders` AS `t1` WHERE `t1`.`user_id`=`t0`.`id`),`t0`.`id`"
    assert below in source(replace(read, where=Compare("age", Operator.GT, 1)))
    assert below in source(read, catalog(orders=999))


def test_a_count_is_left_to_the_index() -> None:
    read = Read("users", ID, order=(Order(None, path=("orders",), function=Function.COUNT),), limit=3)
    assert "(SELECT COUNT(*) FROM `orders` AS `t1` WHERE `t1`.`user_id`=`t0`.`id`)" in source(read)


def _below(read: Read, dialect: SqlDialect = MARIADB) -> ResultNode:
    return node(Read("users", (SelectRelated("o", "orders", read),)), dialect=dialect).holes[0].node


def test_a_page_below_each_parent() -> None:
    """One parent at a time, up to so many; all at once beyond. The text of a key is never SQL."""
    found = _below(Read("orders", ID, limit=2, order=(Order("id"),)))
    page = "(SELECT `t2`.`id` FROM `orders` AS `t2` WHERE `t2`.`user_id`={} ORDER BY `t2`.`id` LIMIT 2)"
    sent = found.for_parents(2).statement.render((), [b"7", b"8"]).decode()
    assert f"FROM ({page.format(7)} UNION ALL {page.format(8)}) AS `t1` STRAIGHT_JOIN `orders` AS `t0`" in sent
    assert "ROW_NUMBER" in found.for_parents(MOST_ASKED_EACH + 1).statement.render((), [b"7"]).decode()
    with pytest.raises(ValueError, match="not the text of a number"):
        found.for_parents(1).statement.render((), [b"7 OR 1=1"])


def test_a_page_below_each_parent_of_the_embedded_engine() -> None:
    sent = _below(Read("orders", ID, limit=2, order=(Order("id"),)), SEEKDB).statement.render((), [b"7"]).decode()
    assert "CROSS JOIN LATERAL (SELECT " in sent


@pytest.mark.parametrize(
    ("order", "sent"),
    [
        ((Order("total"),), "SELECT MIN(`t0`.`id`) AS `id` FROM `orders` AS `t0` GROUP BY `t0`.`total`"),
        ((Order("total"), Order("user_id")), "FROM (SELECT `t2`.`total` FROM `orders` AS `t2` GROUP BY `t2`.`total`"),
    ],
)
def test_the_first_row_of_each_group(order: tuple[Order, ...], sent: str) -> None:
    read = Read("orders", ID, order=order, distinct_on=("total",), limit=5)
    assert sent in "FROM " + source(read) if sent.startswith("FROM") else sent in source(read)
    assert "ROW_NUMBER" in source(replace(read, where=Compare("id", Operator.GT, 1)))
