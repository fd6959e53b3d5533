"""Golden SQL of columns that a role reads in some rows only: NULL in the others, wherever a statement names them."""

from __future__ import annotations

import pytest

from graphql_app.auth.permissions import (
    CellPermission,
    DeletePermission,
    InsertPermission,
    RolePermissions,
    SelectPermission,
    TablePermissions,
    Tenant,
    UpdatePermission,
)
from graphql_app.engine.access.access import Access, access_of
from graphql_app.engine.compile.call import compile_call
from graphql_app.engine.compile.exports import compile_rows
from graphql_app.engine.compile.scope import SqlDialect, column_ref
from graphql_app.engine.plan import cursor
from graphql_app.engine.plan.row_nodes import MaskedColumn
from graphql_app.engine.request.bulk import RowForm
from graphql_app.engine.request.calls import (
    AffectedRows,
    Aggregate,
    AggregateFields,
    Apply,
    Call,
    Compare,
    ConnectionRead,
    Count,
    Delete,
    Edges,
    Function,
    GeneratedId,
    Group,
    GroupKey,
    GroupOrder,
    Having,
    Insert,
    Not,
    Operator,
    Order,
    Query,
    Read,
    Related,
    RelatedCount,
    Returning,
    RootRequest,
    SelectColumn,
    SelectCursor,
    SelectRelated,
    Update,
)
from graphql_app.engine.sql.dialects import detect
from graphql_app.engine.sql.fragment import shape
from graphql_app.errors import Code, RequestError
from tests.unit.small_catalog import CATALOG, USERS
from tests.unit.test_role_reads import MYSQL, planner, statements

MARIADB = SqlDialect(detect("10.11.19-MariaDB", "mariadb"))
OLD: dict[str, object] = {"age": {"_gt": 60}}
MINE: dict[str, object] = {"email": {"_eq": "X-Hasura-Email"}}
BUYERS: dict[str, object] = {"orders": {"total": {"_gt": 9}}}


def access(
    *cells: tuple[list[str] | None, dict[str, object]], table: str = "users", **more: TablePermissions
) -> Access:
    """What a role may do that reads these cells together, and has `more` permissions."""
    made = tuple(CellPermission(None if names is None else frozenset(names), rule) for names, rule in cells)
    names = (
        None
        if any(each.columns is None for each in made)
        else frozenset().union(*(each.columns or () for each in made))
    )
    filters = [each.filter for each in made]
    select = SelectPermission(names, {} if {} in filters else {"_or": filters}, allow_aggregations=True, cells=made)
    return access_of(CATALOG, RolePermissions("both", {table: TablePermissions(select), **more}), backend=False)


BOTH = access((["id", "name"], MINE), (["id", "age"], OLD))
SEEN = "CASE WHEN `t0`.`age`>60 THEN {} END"
AGE, NAME = (
    "CASE WHEN `t0`.`age`>60 THEN `t0`.`age`{} END",
    "CASE WHEN (`t0`.`email`=? AND CAST(`t0`.`email` AS BINARY)=?) THEN `t0`.`name` END",
)


def only(request: Query, role: Access = BOTH) -> str:
    """The one statement of a read."""
    (found,) = statements(request, role)
    return found


def masked(role: Access, table: str = "users") -> set[str]:
    """The columns that the role reads in some rows only."""
    return {name for name, each in role.catalog.tables[table].columns.items() if isinstance(each, MaskedColumn)}


def test_what_is_masked() -> None:
    assert masked(BOTH) == {"name", "age"}
    assert [each.nullable for each in BOTH.catalog.tables["users"].columns.values()] == [False, True, True]
    assert masked(access((["id", "name"], MINE), (["id"], {}))) == {"name"}
    assert masked(access((["id"], MINE), (["id", "name"], {}))) == set()
    assert masked(access((["id", "name"], OLD), (["id", "age"], {"age": {"_gt": 60}}))) == set()
    assert masked(access((None, MINE), (["id"], OLD))) == {"name", "email", "age", "initial"}


def test_where_cells_are_null_the_schema_is_another() -> None:
    whole = access((["id", "name", "age"], MINE), (["id", "name", "age"], OLD))
    assert [*whole.catalog.tables["users"].columns] == [*BOTH.catalog.tables["users"].columns]
    assert whole.shape != BOTH.shape


def test_a_masked_key_is_no_key() -> None:
    table = access((["id", "name"], MINE), (["name"], OLD)).catalog.tables["users"]
    assert (table.primary_key, table.key_columns) == (None, ())
    assert BOTH.catalog.tables["users"].primary_key == USERS.primary_key
    with pytest.raises(RequestError) as caught:
        only(ConnectionRead("users", (), first=1), access((["id", "name"], MINE), (["name"], OLD)))
    assert caught.value.code is Code.NO_KEY


def test_nothing_reads_a_masked_column_as_it_is_stored() -> None:
    with pytest.raises(AssertionError):
        column_ref("t0", BOTH.catalog.tables["users"].columns["age"])


def test_shown() -> None:
    found = only(Read("users", (SelectColumn("id", "id"), SelectColumn("age", "age"))))
    assert "IF(`t0`.`age`>60,CONCAT(IFNULL(`t0`.`age`,'null')),'null')" in found
    assert found.count("`age`") == 4  # the value, its mask, its type, the rule of the rows


@pytest.mark.parametrize(
    ("where", "sql"),
    [
        (Compare("age", Operator.EQ, 5), SEEN.format("`t0`.`age`=5")),
        (Not(Compare("age", Operator.GT, 5)), f"NOT ({SEEN.format('`t0`.`age`>5')})"),
        (Compare("age", Operator.IS_NULL, True), "IF(`t0`.`age`>60,`t0`.`age` IS NULL,TRUE)"),
        (Compare("age", Operator.IS_NULL, False), "IF(`t0`.`age`>60,`t0`.`age` IS NOT NULL,FALSE)"),
        (Compare("age", Operator.IN, []), "FALSE"),
        (Compare("age", Operator.NIN, []), "TRUE"),
    ],
)
def test_compared(where: Compare | Not, sql: str) -> None:
    assert only(Read("users", (SelectColumn("id", "id"),), where)).endswith(f" AND {sql})")


def test_ordered_and_told_apart() -> None:
    ids = (SelectColumn("id", "id"),)
    assert only(Read("users", ids, order=(Order("age"),))).endswith(f"ORDER BY {AGE.format('')}")
    found = only(Read("users", ids, distinct_on=("age",), order=(Order("age"),)))
    assert f"PARTITION BY {AGE.format('')} ORDER BY {AGE.format('')},`t0`.`id`" in found
    found = only(ConnectionRead("users", (Edges("e", (SelectCursor("c"),)),), order=(Order("age"),), first=2))
    assert f"IFNULL({AGE.format('')},'\x1d')" in found
    assert f"ORDER BY {AGE.format('')},`t0`.`id`" in found
    mark = cursor.encode(
        cursor.order_key(cursor.cursor_key(b"secret"), ["users", ".age False None", ".id False None"]), b"7\x1e1"
    )
    found = only(ConnectionRead("users", (), order=(Order("age"),), after=mark.decode()))
    assert f"(7 IS NULL AND {AGE.format('')} IS NOT NULL) OR {SEEN.format('`t0`.`age`>7')}" in found
    assert "IF(`t0`.`age`>60,`t0`.`age` <=> 7,7 IS NULL) AND `t0`.`id`>1" in found


def test_the_rows_of_a_page_carry_what_decides_over_their_cells() -> None:
    """Rows that are numbered stand in a table of their own, which holds what the statement needs."""
    ours: dict[str, object] = {"email": {"_like": "%@example.com"}}
    role = access((["line"], ours), (["email"], {"line": {"_eq": "x"}}), table="logs")
    found = only(Read("logs", (SelectColumn("line", "line"),), distinct_on=("line",)), role)
    inner = found.partition("FROM (SELECT ")[2].partition(",ROW_NUMBER")[0]
    assert inner == "`t0`.`email`,`t0`.`line`"


def test_the_first_row_of_each_group_is_found_by_what_is_shown() -> None:
    """By keys, where there are some; the rows are those that the role reads."""
    found = only(Read("users", (SelectColumn("age", "age"),), distinct_on=("age",), limit=3))
    keys = found.partition("FROM (SELECT ")[2].partition(") AS `t1`")[0]
    assert keys.startswith(f"`t0`.`id`,ROW_NUMBER() OVER (PARTITION BY {AGE.format('')} ORDER BY `t0`.`id`)")
    assert keys.endswith("WHERE ((`t0`.`email`=? AND CAST(`t0`.`email` AS BINARY)=?) OR `t0`.`age`>60)")


def test_figures_and_groups() -> None:
    figures = AggregateFields(
        "a",
        (
            Count("n", ("age",)),
            Count("d", ("age", "name"), distinct=True),
            *(Apply(each, Function(each), (SelectColumn("age", "age"),)) for each in ("sum", "avg", "min", "max")),
        ),
    )
    found = only(Aggregate("users", (figures,)))
    assert f"COUNT({AGE.format('')})" in found
    assert f"COUNT(DISTINCT COALESCE({AGE.format('')}),COALESCE({NAME}))" in found
    for function in ("SUM", "MIN", "MAX"):
        assert f"{function}({AGE.format('')})" in found
    assert f"AVG({AGE.format('+0e0')})" in found
    having = (Having(Function.SUM, "age", Operator.GT, 5),)
    order = (GroupOrder("age"), GroupOrder("age", function=Function.MAX))
    grouped = only(
        Group("users", ("age",), (GroupKey("k", (SelectColumn("age", "age"),)),), having=having, order=order)
    )
    assert f"GROUP BY {AGE.format('')} HAVING SUM({AGE.format('')})>5" in grouped
    assert grouped.endswith(f"ORDER BY {AGE.format('')},MAX({AGE.format('')})")


def test_in_other_tables_conditions_and_orders() -> None:
    role = access(
        (["id", "name"], MINE),
        (["id", "age"], OLD),
        orders=TablePermissions(SelectPermission(None, {}, allow_aggregations=True)),
    )
    far = AGE.format("").replace("t0", "t1")
    same = SEEN.format("`t0`.`age`=5").replace("t0", "t1")
    ids = (SelectColumn("id", "id"),)
    assert only(Read("orders", ids, Related("user", Compare("age", Operator.EQ, 5))), role).endswith(f" AND {same}))")
    assert only(Read("orders", ids, order=(Order("age", path=("user",)),)), role).endswith(f"ORDER BY {far}")
    shown = only(Read("orders", (SelectRelated("user", "user", Read("users", (SelectColumn("age", "age"),))),)), role)
    assert "IF(`t1`.`age`>60,CONCAT(IFNULL(`t1`.`age`,'null')),'null')" in shown


def test_counted_below() -> None:
    role = access(
        (["id", "total"], {"total": {"_gt": 9}}),
        (["id"], {"user_id": {"_eq": 1}}),
        table="orders",
        users=TablePermissions(SelectPermission(None, {})),
    )
    far = "CASE WHEN `t1`.`total`>9 THEN `t1`.`total` END"
    ids = (SelectColumn("id", "id"),)
    counted = RelatedCount("orders", Operator.GT, 1, columns=("total",))
    assert f"COUNT({far})" in only(Read("users", ids, counted), role)
    assert f"(SELECT MAX({far})" in only(
        Read("users", ids, order=(Order("total", path=("orders",), function=Function.MAX),)), role
    )


def test_a_mask_that_looks_at_other_rows() -> None:
    role = access((["id", "name"], BUYERS), (["id"], MINE))
    found = only(Read("users", (SelectColumn("name", "name"),), Compare("name", Operator.EQ, "x")), role)
    exists = "EXISTS (SELECT 1 FROM `orders` AS `t{0}` WHERE `t{0}`.`user_id`=`t0`.`id` AND `t{0}`.`total`>9)"
    assert any(f"IF({exists.format(place)}," in found for place in range(9))
    assert any(f"CASE WHEN {exists.format(place)} THEN `t0`.`name`='x' END" in found for place in range(9))


def test_an_answer_depends_on_the_tables_that_its_masks_look_at() -> None:
    """Whoever watches it is told when these change. The rule of the rows looks at no other table here."""
    role = access((["id", "name"], BUYERS), (["id"], {}))
    call = planner(role).call(Call((RootRequest("x", Read("users", (SelectColumn("name", "name"),))),)))
    assert compile_call(MYSQL, call).read == {"users", "orders"}


def test_only_what_is_read_needs_session_variables() -> None:
    role = access((["id", "name"], MINE), (["id"], {}))
    plain, named = planner(role), planner(role)
    plain.call(Call((RootRequest("x", Read("users", (SelectColumn("id", "id"),))),)))
    named.call(Call((RootRequest("x", Read("users", (SelectColumn("name", "name"),))),)))
    assert (plain.variables, named.variables) == (set(), {"x-hasura-email"})
    assert role.variables == ("x-hasura-email",)


@pytest.mark.parametrize("form", [RowForm.CSV, RowForm.SPREADSHEET, RowForm.JSON])
def test_exported(form: RowForm) -> None:
    found = shape(compile_rows(MYSQL, planner(BOTH).rows(Read("users", (SelectColumn("age", "age"),))), form))
    assert "IF(`t0`.`age`>60,CONCAT(IFNULL(`t0`.`age`,'" in found


def writes() -> Access:
    """A role that reads cells, and may write."""
    given = TablePermissions(
        SelectPermission(
            frozenset({"id", "name", "age"}),
            {"_or": [MINE, OLD]},
            cells=(
                CellPermission(frozenset({"id", "name"}), {**OLD, **BUYERS}),
                CellPermission(frozenset({"name", "age"}), MINE),
            ),
        ),
        InsertPermission(None, {}),
        UpdatePermission(None, {}),
        DeletePermission({}),
    )
    return access_of(CATALOG, RolePermissions("both", {"users": given}), backend=False)


def test_conditions_of_writes() -> None:
    mask = NAME.partition("THEN")[0]
    where = Compare("age", Operator.EQ, 5)
    request = Delete("users", where, (AffectedRows("n"),))
    (delete,) = compile_call(MYSQL, planner(writes()).call(Call((RootRequest("x", request),)))).writes or ()
    assert f"{mask}THEN `t0`.`age`=5 END" in shape(delete.change)  # type: ignore[union-attr, arg-type]
    # What looks at other rows is locked first: MySQL changes no table that its condition reads.
    request = Delete("users", Compare("id", Operator.EQ, 5), (AffectedRows("n"),))
    (delete,) = compile_call(MYSQL, planner(writes()).call(Call((RootRequest("x", request),)))).writes or ()
    assert delete.lock is not None  # type: ignore[union-attr]


def test_rows_written_show_what_may_be_seen_of_them() -> None:
    answer = (Returning("r", (SelectColumn("age", "age"),)), GeneratedId("g"))
    insert = Insert("users", ((("name", "x"),),), answer)
    planned = planner(writes()).call(Call((RootRequest("x", insert),)))
    for dialect in (MYSQL, MARIADB):
        (made,) = compile_call(dialect, planned).writes or ()
        assert made.statement is not None  # type: ignore[union-attr]
        (node,) = made.returning  # type: ignore[union-attr, misc]
        assert "IF((`t0`.`email`=?" in shape(node.statement)
        assert [type(each).__name__ for each in made.answer] == ["ReturningOut"]  # type: ignore[union-attr]
    update = Update("users", Compare("name", Operator.EQ, "x"), (("age", 5),), answer=answer[:1])
    compile_call(MYSQL, planner(writes()).call(Call((RootRequest("x", update),))))


def test_the_tenant_holds_for_cells_too() -> None:
    cells = (CellPermission(frozenset({"id", "total"}), {"total": {"_gt": 9}}), CellPermission(frozenset({"id"}), {}))
    select = SelectPermission(frozenset({"id", "total"}), {}, cells=cells)
    role = RolePermissions("both", {"orders": TablePermissions(select)}, tenant=Tenant("user_id", "x-hasura-t"))
    found = only(Read("orders", (SelectColumn("total", "total"),)), access_of(CATALOG, role, backend=False))
    assert "IF((`t0`.`user_id`=? AND `t0`.`total`>9)," in found
    assert found.endswith("WHERE `t0`.`user_id`=?")
