"""Golden SQL of reads by a role: where its rules stand in each kind of statement, and what is unknown to it."""

from __future__ import annotations

import pytest

from graphql_app.auth.permissions import InsertPermission, RolePermissions, SelectPermission, TablePermissions
from graphql_app.engine.access.access import Access, access_of
from graphql_app.engine.compile.call import compile_call
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.statements import ConnectionPart, ResultNode
from graphql_app.engine.plan import cursor
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.request.calls import (
    Aggregate,
    AggregateFields,
    Call,
    Compare,
    ConnectionRead,
    Count,
    Edges,
    Function,
    Group,
    GroupKey,
    Nodes,
    Operator,
    Order,
    Query,
    Read,
    Related,
    RelatedCount,
    RootRequest,
    SelectColumn,
    SelectCursor,
    SelectRelated,
    SelectRelatedAggregate,
    TotalCount,
)
from graphql_app.engine.sql.dialects import detect
from graphql_app.engine.sql.fragment import shape
from graphql_app.errors import Code, RequestError
from tests.unit.small_catalog import CATALOG

MYSQL = SqlDialect(detect("8.4.0", "MySQL"))
ID = (SelectColumn("id", "id"),)
COUNT = AggregateFields("aggregate", (Count("count"),))


def _select(columns: frozenset[str] | None, rule: dict[str, object], **more: object) -> TablePermissions:
    return TablePermissions(select=SelectPermission(columns, rule, **more))  # type: ignore[arg-type]


BIG: dict[str, object] = {"total": {"_gt": 9}}
USER = access_of(
    CATALOG,
    RolePermissions(
        "user",
        {
            "users": _select(frozenset({"id", "name", "age"}), {"age": {"_gt": 17}}, limit=5, allow_aggregations=True),
            "orders": _select(frozenset({"id", "total"}), {"user_id": {"_eq": "X-Hasura-User-Id"}}),
            "pairs": _select(None, {}, query_root_fields=frozenset({"select_by_pk"}), allow_aggregations=True),
        },
    ),
    backend=False,
)
COUNTER = access_of(
    CATALOG,
    RolePermissions("counter", {"users": _select(None, {}), "orders": _select(None, BIG, allow_aggregations=True)}),
    backend=False,
)
ADULT = "`t0`.`age`>17"
OWN = "`t{}`.`user_id`=?"


def planner(access: Access = USER) -> Planner:
    """The planner of the role."""
    return Planner(access.catalog, rules=access.rules, cursor_key=cursor.cursor_key(b"secret"))


def statements(request: Query, access: Access = USER) -> list[str]:
    """The SQL of all statements of a read, those below others after them."""
    (template,) = compile_call(MYSQL, planner(access).call(Call((RootRequest("x", request),)))).reads
    found: list[str] = []
    waiting: list[object] = list(template)
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, ConnectionPart):
            waiting += [part.rows, *([part.total] if part.total else [])]
        elif isinstance(part, ResultNode):
            found.append(shape(part.statement))
            waiting += [hole.node for hole in part.holes]
    return found


def behind(text: str) -> str:
    """What stands behind the first FROM of a statement."""
    return text.partition(" FROM ")[2]


def unknown(request: Query) -> RequestError:
    """The error of a read that is refused."""
    with pytest.raises(RequestError) as caught:
        statements(request)
    return caught.value


def test_a_list_has_the_rule_and_its_limit() -> None:
    (found,) = statements(Read("users", ID))
    assert behind(found) == f"`users` AS `t0` WHERE {ADULT} ORDER BY `t0`.`id` LIMIT 5"


@pytest.mark.parametrize(("asked", "limit"), [(3, 3), (5, 5), (6, 5), (0, 0)])
def test_the_smaller_limit_holds(asked: int, limit: int) -> None:
    (found,) = statements(Read("users", ID, limit=asked))
    assert behind(found) == f"`users` AS `t0` WHERE {ADULT} ORDER BY `t0`.`id` LIMIT {limit}"


def test_conditions_are_added_to_the_rule() -> None:
    (found,) = statements(Read("users", ID, Compare("id", Operator.EQ, 1), one=True))
    assert behind(found) == f"`users` AS `t0` WHERE ({ADULT} AND `t0`.`id`=1)"


def test_relations_have_the_rules_of_their_far_ends() -> None:
    inner = Read("users", ID)
    orders = Read("orders", (SelectColumn("id", "id"), SelectRelated("user", "user", inner)))
    above, below = statements(Read("users", (SelectRelated("orders", "orders", orders),)))
    assert behind(above) == f"`users` AS `t0` WHERE {ADULT} ORDER BY `t0`.`id` LIMIT 5"
    assert behind(below) == (
        "`orders` AS `t0` LEFT JOIN `users` AS `t1` ON `t1`.`id`=`t0`.`user_id` AND `t1`.`age`>17"
        " WHERE `t0`.`user_id` IN (?) AND `t0`.`user_id`=?"
    )


def test_a_rule_that_looks_at_other_rows_is_no_semi_join_in_a_join() -> None:
    rules = {"users": _select(None, {"orders": {"total": {"_gt": 9}}}), "orders": _select(None, {})}
    access = access_of(CATALOG, RolePermissions("buyer", rules), backend=False)
    (found,) = statements(Read("orders", (SelectRelated("user", "user", Read("users", ID)),)), access)
    assert behind(found) == (
        "`orders` AS `t0` LEFT JOIN `users` AS `t1` ON `t1`.`id`=`t0`.`user_id` AND IF(EXISTS (SELECT 1 FROM `orders`"
        " AS `t2` WHERE `t2`.`user_id`=`t1`.`id` AND `t2`.`total`>9),1,0)"
    )


def test_a_rule_of_all_rows_leaves_the_statement_as_it_is() -> None:
    (found,) = statements(Read("pairs", (SelectColumn("v", "v"),), Compare("a", Operator.EQ, 1), one=True))
    assert behind(found) == "`pairs` AS `t0` WHERE `t0`.`a`=1"


def test_conditions_on_relations_see_what_may_be_seen() -> None:
    (found,) = statements(Read("users", ID, Related("orders", None)))
    assert behind(found) == (
        f"`users` AS `t0` WHERE ({ADULT} AND EXISTS (SELECT 1 FROM `orders` AS `t1`"
        " WHERE `t1`.`user_id`=`t0`.`id` AND `t1`.`user_id`=?)) ORDER BY `t0`.`id` LIMIT 5"
    )


def test_an_order_does_not_look_at_hidden_rows() -> None:
    by_user = Order("name", path=("user",))
    (found,) = statements(Read("orders", ID, order=(by_user,)))
    assert behind(found) == (
        "`orders` AS `t0` LEFT JOIN `users` AS `t1` ON `t1`.`id`=`t0`.`user_id` AND `t1`.`age`>17"
        " WHERE `t0`.`user_id`=? ORDER BY `t1`.`name`"
    )
    (found,) = statements(Read("users", ID, order=(Order(None, path=("orders",), function=Function.COUNT),)))
    assert " ORDER BY (SELECT COUNT(*) FROM `orders` AS `t1` WHERE `t1`.`user_id`=`t0`.`id` AND `t1`.`user_id`=?)" in (
        found
    )


def test_figures_are_of_all_rows_that_may_be_seen_and_nodes_are_limited() -> None:
    figures, nodes = statements(Aggregate("users", (COUNT, Nodes("nodes", ID))))
    assert behind(figures) == f"`users` AS `t0` WHERE {ADULT}"
    assert behind(nodes) == f"`users` AS `t0` WHERE {ADULT} ORDER BY `t0`.`id` LIMIT 5"


def test_counts_of_relations_are_of_the_rows_that_may_be_seen() -> None:
    (found,) = statements(Read("users", ID, RelatedCount("orders", Operator.GT, 1)), COUNTER)
    assert "(SELECT COUNT(*) FROM `orders` AS `t1` WHERE `t1`.`user_id`=`t0`.`id` AND `t1`.`total`>9)>1" in found
    related = SelectRelatedAggregate("orders", "orders", Aggregate("orders", (COUNT,)))
    _, below = statements(Read("users", (related,)), COUNTER)
    assert "`t0`.`total`>9" in below


def test_groups_are_of_the_rows_that_may_be_seen() -> None:
    (found,) = statements(Group("users", ("age",), (GroupKey("key", (SelectColumn("age", "age"),)),)))
    assert behind(found) == f"`users` AS `t0` WHERE {ADULT} GROUP BY `t0`.`age`"


def test_pages_are_bounded_and_count_what_may_be_seen() -> None:
    rows, total = statements(ConnectionRead("users", (Edges("e", (SelectCursor("c"),)), TotalCount("n")), first=9))
    assert behind(rows) == f"`users` AS `t0` WHERE {ADULT} ORDER BY `t0`.`id` LIMIT 6"
    assert behind(total) == f"`users` AS `t0` WHERE {ADULT}"
    (rows,) = statements(ConnectionRead("users", (Edges("e", (SelectCursor("c"),)),)))
    assert behind(rows).endswith(" LIMIT 6")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Read("logs", ID), Code.UNKNOWN_TABLE),
        (Read("users", (SelectColumn("email", "email"),)), Code.UNKNOWN_COLUMN),
        (Read("users", ID, Compare("email", Operator.EQ, "x")), Code.UNKNOWN_COLUMN),
        (Read("users", ID, order=(Order("email"),)), Code.UNKNOWN_COLUMN),
        (Read("users", ID, distinct_on=("email",)), Code.UNKNOWN_COLUMN),
        (Read("users", ID, Related("logs", None)), Code.UNKNOWN_RELATION),
        (Read("users", ID, order=(Order(None, path=("logs",), function=Function.COUNT),)), Code.UNKNOWN_RELATION),
        (Read("orders", (SelectColumn("user_id", "user_id"),)), Code.UNKNOWN_COLUMN),
        (Aggregate("orders", (COUNT,)), Code.UNKNOWN_TABLE),
        (Group("orders", ("total",), (COUNT,)), Code.UNKNOWN_TABLE),
        (ConnectionRead("orders", (TotalCount("n"),)), Code.UNKNOWN_TABLE),
        (Read("users", ID, RelatedCount("orders", Operator.GT, 0)), Code.UNKNOWN_RELATION),
        (
            Read("users", (SelectRelatedAggregate("o", "orders", Aggregate("orders", (COUNT,))),)),
            Code.UNKNOWN_RELATION,
        ),
        (Read("pairs", (SelectColumn("a", "a"),)), Code.UNKNOWN_TABLE),
        (Aggregate("pairs", (COUNT,)), Code.UNKNOWN_TABLE),
        (ConnectionRead("pairs", (Edges("e", (SelectCursor("c"),)),)), Code.UNKNOWN_TABLE),
    ],
)
def test_what_is_hidden_is_unknown(request_: Query, code: Code) -> None:
    assert unknown(request_).code is code


def test_the_variables_that_a_read_needs_are_known() -> None:
    made = planner()
    made.call(Call((RootRequest("x", Read("users", ID, Related("orders", None))),)))
    assert made.variables == {"x-hasura-user-id"}
    made = planner()
    made.call(Call((RootRequest("x", Read("users", ID)),)))
    assert made.variables == set()


def test_a_table_that_may_only_be_written_is_not_read() -> None:
    writer = RolePermissions("writer", {"logs": TablePermissions(insert=InsertPermission(None, {}))})
    access = access_of(CATALOG, writer, backend=False)
    for request in (Read("logs", ()), Aggregate("logs", (COUNT,)), ConnectionRead("logs", ())):
        with pytest.raises(RequestError) as caught:
            Planner(access.catalog, rules=access.rules).call(Call((RootRequest("x", request),)))
        assert caught.value.code is Code.UNKNOWN_TABLE


def test_no_relation_leads_to_a_table_that_may_only_be_written() -> None:
    written = TablePermissions(insert=InsertPermission(None, {}))
    access = access_of(CATALOG, RolePermissions("x", {"users": _select(None, {}), "orders": written}), backend=False)
    for where in (Related("orders", None), RelatedCount("orders", Operator.GT, 0)):
        with pytest.raises(RequestError) as caught:
            statements(Read("users", ID, where), access)
        assert caught.value.code is Code.UNKNOWN_RELATION


# --- cursors ------------------------------------------------------------------


def test_a_cursor_cannot_be_made_without_the_secret() -> None:
    terms = ["users", "id"]
    ours, theirs = (cursor.order_key(cursor.cursor_key(secret), terms) for secret in (b"ours", b"theirs"))
    made = cursor.encode(ours, b"7").decode()
    assert cursor.decode(ours, 1, made) == [b"7"]
    other = cursor.order_key(cursor.cursor_key(b"ours"), ["users", "name"])
    changed = made[:-1] + ("A" if made[-1] != "A" else "B")
    wrong: list[tuple[bytes, object]] = [(theirs, made), (other, made), (ours, changed)]
    wrong += [(ours, text) for text in ("", "Nw", "!", "é", 7, None)]
    for key, text in wrong:
        with pytest.raises(RequestError):
            cursor.decode(key, 1, text)
