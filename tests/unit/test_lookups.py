"""Which to-one tables are read whole beside the rows that refer to them, and from how many parents on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphql_app.engine.compile.call import compile_call
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.statements import MOST_LOOKED_UP, ResultNode
from graphql_app.engine.plan.planner import Planner
from graphql_app.engine.request.calls import Call, Compare, Operator, Read, RootRequest, SelectColumn, SelectRelated
from graphql_app.engine.sql.dialects import detect
from graphql_app.engine.sql.fragment import shape
from schema_gen.catalog.model import Cardinality, Catalog
from tests.unit.small_catalog import CATALOG, column, relation, table

ID = (SelectColumn("id", "id"),)
NAME = (SelectColumn("name", "name"),)


def node(read: Read, users: int | None = 50, orders: int | None = 5_000, shops: int | None = 100) -> ResultNode:
    """The root node of a read of shops > orders > user, where the server guesses these numbers of rows."""
    below = relation("orders", "shops", "id", "orders", "shop_id", Cardinality.MANY)
    many = table("shops", [column("id", "int", 1, nullable=False)], ("id",), below)
    guesses = {"users": users, "orders": orders, "shops": shops}
    tables = {
        name: replace(each, estimated_rows=guesses.get(name))
        for name, each in {**CATALOG.tables, "shops": many}.items()
    }
    tables["orders"] = replace(
        tables["orders"], columns={**tables["orders"].columns, "shop_id": column("shop_id", "int", 4)}
    )
    planned = Planner(Catalog("shop", tables)).call(Call((RootRequest("x", read),)))
    made = compile_call(SqlDialect(detect("8.4.0", "MySQL")), planned).reads[0][0]
    assert isinstance(made, ResultNode)
    return made


def orders(*outputs: SelectColumn | SelectRelated) -> Read:
    """Some shops with their orders, each with its user."""
    inner = Read("orders", (SelectRelated("user", "user", Read("users", outputs)),))
    return Read("shops", (SelectRelated("orders", "orders", inner),), limit=10)


def below(read: Read, **guesses: int | None) -> ResultNode:
    """The node of the orders."""
    return node(read, **guesses).holes[0].node


def test_the_two_forms_of_a_node() -> None:
    narrow = below(orders(*NAME))
    joined = shape(narrow.statement)
    assert "LEFT JOIN `users`" in joined
    wide = narrow.for_parents(2)
    assert shape(wide.statement) == (
        "SELECT CONCAT(`t0`.`shop_id`,'\x1f{\"user\":\x1f',IFNULL(`t0`.`user_id`,'\x1b'),'\x1f',"
        "ELT(COERCIBILITY(CONCAT(`t0`.`shop_id`,`t0`.`user_id`))-3,'}\x02')) AS `grouped1`"
        " FROM `orders` AS `t0` WHERE `t0`.`shop_id` IN (?)"
    )
    users = wide.holes[0].node
    assert shape(users.statement) == (
        "SELECT CONCAT(`t0`.`id`,'\x1f{\"name\":',JSON_QUOTE(CONCAT(`t0`.`name`)),"
        "ELT(COERCIBILITY(CONCAT(`t0`.`id`))-3,'}\x02')) AS `grouped`"
        f" FROM `users` AS `t0` LIMIT {MOST_LOOKED_UP + 1}"
    )
    assert (users.keyed, users.grouped, users.missing) == (False, True, b"null")


def test_it_takes_as_many_parents_as_make_it_worth_it() -> None:
    """Fifty orders a shop: two shops have a hundred."""
    narrow = below(orders(*NAME))
    assert narrow.for_parents(1) is narrow
    assert narrow.for_parents(2) is not narrow
    few = below(orders(*NAME), orders=200)
    assert few.for_parents(49) is few
    assert few.for_parents(50) is not few


@pytest.mark.parametrize("guesses", [{"users": 101}, {"users": None}, {"orders": None}, {"shops": None}])
def test_guesses_that_do_not_allow_it(guesses: dict[str, int | None]) -> None:
    assert below(orders(*NAME), **guesses).wide is None


def test_what_may_be_long_or_goes_on_is_joined() -> None:
    """Rows are read in vain where a table has grown: they must be short."""
    assert below(orders(*NAME)).wide is not None
    assert below(orders(*(SelectColumn(f"a{number}", "name") for number in range(11)))).wide is None
    goes_on = SelectRelated("orders", "orders", Read("orders", ID))
    assert below(orders(*NAME, goes_on)).wide is None


def test_a_list_at_the_root_has_to_be_twice_as_long() -> None:
    shown = (SelectRelated("user", "user", Read("users", NAME)),)
    assert node(Read("orders", shown)).wide is not None
    assert node(Read("orders", shown, limit=200)).wide is not None
    assert node(Read("orders", shown, limit=199)).wide is None
    assert node(Read("orders", shown), orders=199).wide is None
    assert node(Read("orders", shown, where=Compare("id", Operator.GT, 0))).wide is None
