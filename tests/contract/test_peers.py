"""Two processes of one machine: a write or a reload through one is known to the other, though neither looks."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.fix_app import StartApp
from tests.harness.engine import Engine
from tests.live_client import live_client

NEVER_LOOKS = {"SUBSCRIPTION_POLL_MS": "3600000", "SCHEMA_POLL_SECONDS": "0"}
"""So that what is known in time was told."""
WATCHED = "subscription { users(order_by: {id: asc}, limit: 1) { id name } }"


async def test_a_write_through_one_process_reaches_the_subscribers_of_the_other(
    start_app: StartApp, engine: Engine, own_shop: str
) -> None:
    one, two = (start_app(engine.environment(own_shop), settings=NEVER_LOOKS) for _ in range(2))
    async with live_client(two.url) as client, httpx.AsyncClient(base_url=one.url, timeout=60) as http:
        await client.start("1", WATCHED)
        first = (await client.data("1"))["users"][0]
        rest = await http.put("/api/users", json={"input": {"name": "by rest"}, "where": {"id": first["id"]}})
        assert rest.status_code == 200, rest.text
        assert (await client.data("1"))["users"][0]["name"] == "by rest"
        query = 'mutation($id: Int!) { update_users_by_pk(pk_columns: {id: $id}, _set: {name: "by graphql"}) { id } }'
        done = await http.post("/graphql", json={"query": query, "variables": {"id": first["id"]}})
        assert "errors" not in done.json(), done.text
        assert (await client.data("1"))["users"][0]["name"] == "by graphql"


@pytest.mark.engines("mariadb", "mysql")
async def test_a_reload_of_one_process_is_one_of_all(start_app: StartApp, engine: Engine, own_shop: str) -> None:
    one, two = (start_app(engine.environment(own_shop), settings=NEVER_LOOKS) for _ in range(2))
    with engine.connect(own_shop) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE late (id INT PRIMARY KEY)")
    async with (
        httpx.AsyncClient(base_url=one.url, timeout=60) as first,
        httpx.AsyncClient(base_url=two.url, timeout=60) as second,
    ):
        assert (await first.post("/admin/reload")).json()["data"]["changed"]
        async with asyncio.timeout(60):
            # What is unknown would be looked for; the structure that is shown is not.
            while "late" not in (await second.get("/structure.json")).text:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
