"""GraphQL as roles: each sees a schema of its own, hidden names are unknown ones, and nobody gets another's rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.roles_shop import ROWS, SCHEMA, RolesApp, configuration, roles_app

pytestmark = [pytest.mark.anyio]


@pytest.fixture(scope="module")
async def program(
    engine: Engine, module_database: str, open_app: OpenApp, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RolesApp]:
    """The program with the roles of the shop."""
    engine.execute(SCHEMA, module_database)
    settings = configuration(tmp_path_factory.mktemp("roles"))
    async with roles_app(open_app, engine.environment(module_database) | settings) as found:
        yield found


@pytest.fixture
def app(program: RolesApp, engine: Engine, module_database: str) -> RolesApp:
    """The same, the rows as they were."""
    engine.execute(ROWS, module_database)
    return program


async def roots(app: RolesApp, role: str) -> tuple[list[str], list[str]]:
    """The query and mutation fields that a role sees."""
    asked = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }"
    schema = (await app.data(role, asked))["__schema"]
    reads, writes = schema["queryType"], schema["mutationType"] or {"fields": []}
    return [each["name"] for each in reads["fields"]], [each["name"] for each in writes["fields"]]


async def test_a_role_has_the_fields_of_what_it_may_do(app: RolesApp) -> None:
    """Roots by their lists, aggregates where allowed, by key where the key can be read; a legal schema always."""
    products = ["products", "products_by_pk", "products_connection"]
    assert await roots(app, "visitor") == (products, [])
    reads, writes = await roots(app, "user")
    assert reads == [
        *("orders", "orders_by_pk", "orders_aggregate", "orders_connection", "orders_group"),
        *("products", "products_by_pk", "products_aggregate", "products_connection", "products_group"),
    ]
    assert writes == [
        *("insert_orders", "insert_orders_one", "update_orders", "update_orders_by_pk", "update_orders_many"),
        *("delete_orders", "delete_orders_by_pk"),
    ]
    assert await roots(app, "writer") == (["no_queries_available"], ["insert_visits"])
    assert await roots(app, "narrow") == (["orders", "orders_connection"], [])
    assert await roots(app, "nothing") == await roots(app, "nobody knows this one") == (["no_queries_available"], [])


async def test_a_role_sees_its_rows_and_columns(app: RolesApp) -> None:
    """Two of three products, and the caller's own orders."""
    query = "{ products(order_by: {id: asc}) { id name } orders(order_by: {id: asc}) { id amount } }"
    emma, chess = {"id": 1, "name": "Emma"}, {"id": 2, "name": "Chess"}
    first, second, third = ({"id": id, "amount": amount} for id, amount in ((1, 2), (2, 1), (3, 5)))
    assert await app.data("user", query, 1) == {"products": [emma, chess], "orders": [first, second]}
    assert await app.data("buyer", query, 1) == {"products": [emma, chess], "orders": [first]}
    assert await app.data("user", query, 2) == {"products": [emma, chess], "orders": [third]}
    assert await app.data("", "{ users { secret } }") == {"users": [{"secret": "s1"}, {"secret": "s2"}]}


async def test_answers_are_nobody_elses(app: RolesApp) -> None:
    """One text by several roles and users at once, again and again, on a process that has answered it before."""
    query = "query ($most: Int!) { orders(order_by: {id: asc}, where: {amount: {_lte: $most}}) { id } }"
    expected = {("user", 1): [1, 2], ("buyer", 1): [1], ("user", 2): [3], ("buyer", 2): [3], ("", 1): [1, 2, 3]}
    callers = [*expected] * 20
    answers = await asyncio.gather(*(app.data(role, query, user, most=9) for role, user in callers))
    assert [[row["id"] for row in each["orders"]] for each in answers] == [expected[caller] for caller in callers]


async def test_a_missing_variable_is_told_before_anything_is_asked(app: RolesApp) -> None:
    """Hasura's code and words."""
    answer = await app.answer("user", "{ orders { id } }")
    error = answer["errors"][0]
    assert error["message"] == 'missing session variable: "x-hasura-user-id"'
    assert error["extensions"]["code"] == "not-found"
