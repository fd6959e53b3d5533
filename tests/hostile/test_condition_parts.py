"""Conditions of hundreds of thousands of parts are refused before anything is made of them, wherever they stand."""

from __future__ import annotations

import pytest

from tests.fix_app import StartApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.engines("mariadb")

MANY = 300_000
READ = "query($w: users_bool_exp) { users(where: $w) { id } }"
UPDATES = "mutation($u: [users_updates!]!) { update_users_many(updates: $u) { affected_rows } }"


def updates(where: object, count: int) -> dict[str, object]:
    """Variables of `UPDATES`: the first update has the condition."""
    return {"u": [{"where": where if not n else {"id": {"_eq": n}}, "_set": {"age": 1}} for n in range(count)]}


@pytest.mark.parametrize("part", [{}, {"id": {"_eq": 1}}])
@pytest.mark.parametrize("place", ["read", "update", "many updates", "nested"])
def test_they_are_refused(start_app: StartApp, engine: Engine, shop_database: str, part: object, place: str) -> None:
    """With words; conditions of thousands are answered."""
    app = start_app(engine.environment(shop_database), settings={"WATCHDOG_SECONDS": "0"})
    flat = {"_or": [part] * MANY}
    document, variables = {
        "read": (READ, {"w": flat}),
        "nested": (READ, {"w": {"_and": [{"_or": [part] * 1000} for _ in range(MANY // 1000)]}}),
        "update": (UPDATES, updates(flat, 1)),
        "many updates": (UPDATES, updates(flat, 30)),
    }[place]
    answer = app.client.post("/graphql", json={"query": document, "variables": variables}, timeout=120)
    (error,) = answer.json()["errors"]
    assert error["extensions"]["reason"] == "LIMIT_EXCEEDED"
    assert error["message"] == "A condition holds more than 100000 parts."
    some = {"w": {"_or": [{"id": {"_eq": n}} for n in range(5000)]}}
    assert app.client.post("/graphql", json={"query": READ, "variables": some}).json()["data"]["users"]
