"""Subscriptions as roles: shared by those who see alike and by nobody else, and under the rules of the moment."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from graphql_app import Settings, create_app
from tests.harness.app_process import PATIENT
from tests.harness.asgi_socket import AsgiSocket, asgi_socket
from tests.harness.engine import Engine
from tests.roles_shop import CONFIG, ROWS, SCHEMA, SECRET, configuration

pytestmark = [pytest.mark.anyio]

ORDERS = "subscription { orders(order_by: {id: asc}) { id } }"
PRODUCTS = "subscription { products(order_by: {id: asc}) { id } }"


@dataclass
class Site:
    """The program, its database, and its file of rules."""

    app: FastAPI
    engine: Engine
    database: str
    rules: Path

    @property
    def polls(self) -> int:
        """How many distinct queries are polled."""
        distinct: int = self.app.state.started.endpoints["graphql-ws"].subscriptions.live.distinct
        return distinct

    @property
    def groups(self) -> int:
        """How many groups of queries are asked together."""
        return len(self.app.state.started.endpoints["graphql-ws"].subscriptions.live.groups)

    @asynccontextmanager
    async def acting(self, role: str, user: int | None = None) -> AsyncIterator[AsgiSocket]:
        """A connection of a caller."""
        headers = {"x-hasura-admin-secret": SECRET, "x-hasura-role": role}
        if user is not None:
            headers["x-hasura-user-id"] = str(user)
        async with asgi_socket(self.app) as socket:
            await socket.say(type="connection_init", payload={"headers": headers})
            assert await socket.hear() == {"type": "connection_ack"}
            yield socket

    async def reload(self, text: str) -> None:
        """Serves other rules."""
        self.rules.write_text(text)
        await self.app.state.started.health.live.reload()


@pytest.fixture
async def site(engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The shop, served in this process."""
    engine.execute(SCHEMA + ROWS, database)
    given = PATIENT | engine.environment(database) | configuration(tmp_path)
    options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
    app = create_app(Settings(**options))
    async with app.router.lifespan_context(app):
        yield Site(app, engine, database, tmp_path / "graphql_app.yaml")


async def ids(socket: AsgiSocket) -> list[int]:
    """The keys that the next message shows."""
    message = await socket.hear()
    assert message["type"] == "next", message
    assert message["payload"]["data"], message
    ((_, rows),) = message["payload"]["data"].items()
    return [row["id"] for row in rows]


async def test_callers_share_a_poll_where_nothing_of_theirs_differs(site: Site) -> None:
    """One text by users 1, 2 and 1 again and by another role; a query whose rules use no variable is the role's."""
    async with (
        site.acting("user", 1) as ann,
        site.acting("user", 2) as bob,
        site.acting("user", 1) as again,
        site.acting("buyer", 1) as buyer,
    ):
        for socket, rows in ((ann, [1, 2]), (bob, [3]), (again, [1, 2]), (buyer, [1])):
            await socket.start("1", ORDERS)
            assert await ids(socket) == rows
        assert site.polls == 3
        for socket in (ann, bob, again):
            await socket.start("2", PRODUCTS)
            assert await ids(socket) == [1, 2]
        assert site.polls == 4
        site.engine.execute("UPDATE orders SET user_id = 2 WHERE id = 1", site.database)
        for socket, rows in ((ann, [2]), (bob, [1, 3]), (again, [2]), (buyer, [])):
            assert await ids(socket) == rows


async def test_users_of_one_role_are_asked_for_together_and_see_their_own(site: Site) -> None:
    """More than one packet holds, and a user whose query fails."""
    users = range(1, 61)
    rows = ",".join(f"({user},'u{user}','u{user}@x.org')" for user in users if user > 2)
    site.engine.execute(f"INSERT INTO users (id, name, email) VALUES {rows}", site.database)
    new = ",".join(f"({100 + user},{user},1,1)" for user in users)
    async with AsyncExitStack() as stack:
        sockets = {user: await stack.enter_async_context(site.acting("user", user)) for user in users}
        for socket in sockets.values():
            await socket.start("1", ORDERS)
        first = {user: await ids(socket) for user, socket in sockets.items()}
        assert (first[1], first[2], first[60]) == ([1, 2], [3], [])
        assert (site.polls, site.groups) == (len(users), 1)
        site.engine.execute(f"INSERT INTO orders (id, user_id, product_id, amount) VALUES {new}", site.database)
        for user, socket in sockets.items():
            assert await ids(socket) == [*first[user], 100 + user]


async def test_lists_in_rows_are_asked_for_together_too(site: Site) -> None:
    """Level by level, all users' in one packet; and each sees its own."""
    asked = "subscription { products(order_by: {id: asc}) { id orders(order_by: {id: asc}) { id product { id } } } }"
    users = range(1, 21)
    rows = ",".join(f"({user},'u{user}','u{user}@x.org')" for user in users if user > 2)
    new = ",".join(f"({100 + user},{user},{1 + user % 2},1)" for user in users)

    async def shown(socket: AsgiSocket) -> dict[int, list[int]]:
        message = await socket.hear()
        assert message["type"] == "next", message
        found = message["payload"]["data"]["products"]
        for product in found:
            assert {order["product"]["id"] for order in product["orders"]} <= {product["id"]}
        return {product["id"]: [order["id"] for order in product["orders"]] for product in found}

    site.engine.execute(f"INSERT INTO users (id, name, email) VALUES {rows}", site.database)
    async with AsyncExitStack() as stack:
        sockets = {user: await stack.enter_async_context(site.acting("user", user)) for user in users}
        for socket in sockets.values():
            await socket.start("1", asked)
        first = {user: await shown(socket) for user, socket in sockets.items()}
        assert (site.polls, site.groups) == (len(users), 1)
        assert {order for each in first[20].values() for order in each} == set()
        site.engine.execute(f"INSERT INTO orders (id, user_id, product_id, amount) VALUES {new}", site.database)
        for user, socket in sockets.items():
            later = await shown(socket)
            product = 1 + user % 2
            assert later == first[user] | {product: [*first[user][product], 100 + user]}


async def test_hidden_names_and_missing_variables(site: Site) -> None:
    """The same as of queries."""
    async with site.acting("user", 1) as socket:
        await socket.start("1", "subscription { salaries { id } }")
        error = await socket.hear()
        assert error["payload"][0]["message"].startswith("Cannot query field 'salaries' on type 'subscription_root'.")
    async with site.acting("user") as socket:
        for text in (ORDERS, "subscription { orders_stream(batch_size: 1, cursor: {initial_value: {id: 0}}) { id } }"):
            await socket.start("1", text)
            error = await socket.hear()
            assert error["payload"][0]["message"] == 'missing session variable: "x-hasura-user-id"'
        await socket.start("2", PRODUCTS)
        assert await ids(socket) == [1, 2]


async def test_a_stream_shows_the_callers_rows(site: Site) -> None:
    """Batch by batch, and those that come later."""
    text = "subscription { orders_stream(batch_size: 1, cursor: {initial_value: {id: 0}}) { id } }"
    async with site.acting("user", 1) as socket:
        await socket.start("1", text)
        assert [await ids(socket), await ids(socket)] == [[1], [2]]
        site.engine.execute(
            "INSERT INTO orders (id, user_id, product_id, amount) VALUES (10, 2, 1, 1), (11, 1, 1, 1)", site.database
        )
        assert await ids(socket) == [11]


async def test_other_rules_hold_for_what_runs(site: Site) -> None:
    """A column that is hidden now ends what shows it; a rule that came parts those who shared a poll."""
    async with site.acting("visitor", 1) as ann, site.acting("visitor", 2) as bob:
        for socket in (ann, bob):
            await socket.start("1", PRODUCTS)
            assert await ids(socket) == [1, 2]
        assert site.polls == 1
        await site.reload(
            CONFIG.replace("filter: {published: {_eq: true}}, limit: 100", "filter: {id: {_eq: X-Hasura-User-Id}}")
        )
        assert await ids(ann) == [1]
        assert await ids(bob) == [2]
        assert site.polls == 2
        await site.reload(
            CONFIG.replace(
                "[id, name, price, kind], filter: {published: {_eq: true}}, limit", "[name], filter: {}, limit"
            )
        )
        for socket in (ann, bob):
            message = await socket.hear()
            assert message["type"] == "error"
            assert message["payload"][0]["extensions"]["code"] == "validation-failed", json.dumps(message)
        assert site.polls == 0


async def test_a_role_that_is_gone_sees_nothing(site: Site) -> None:
    """It is connected no more."""
    async with site.acting("narrow") as socket:
        await socket.start(
            "1", "subscription { orders_stream(batch_size: 9, cursor: {initial_value: {id: 0}}) { id } }"
        )
        assert await ids(socket) == [1, 2, 3]
        await site.reload(CONFIG.replace("  narrow:", "  wide:"))
        assert await socket.hear() == {"closed": 4403}
        assert socket.reason == "There are no rules for this role any more"
        assert site.polls == 0
