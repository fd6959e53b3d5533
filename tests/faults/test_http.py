"""Faults as clients see them, over HTTP: the contract's 503 and 504, and the program that heals by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.faults.test_leaving import until
from tests.fix_app import StartApp
from tests.fix_private import PrivateServer, PrivateServers
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.faults

SCHEDULE = 0.2 + 0.4 + 0.8 + 1.6 + 0.4 + 0.8 + 1.6
"""Seconds of four attempts and three pauses."""
SLACK = 0.4
SHARP = {"RETRY_TIMEOUTS_MS": "200,400,800,1600"}
"""The program's own schedule; other tests give it more time, for machines that are busy."""
SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20));
INSERT INTO users (name) VALUES ('a'),('b');
CREATE VIEW slow AS SELECT id, SLEEP(5) AS s FROM users
"""


def timed(call: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    """A call's answer and the seconds it took."""
    started = time.monotonic()
    return call(), time.monotonic() - started


def assert_timed_out(response: httpx.Response, seconds: float) -> Any:
    """The contract's 504, after the whole schedule."""
    body = response.json()
    assert response.status_code == 504, response.text
    assert (body["error_code"], body["message"]) == ("504", "Operation timed out")
    assert body["retry_count"] == 4
    assert SCHEDULE - 0.6 < seconds < SCHEDULE + SLACK
    return body


def test_a_statement_that_is_too_slow(start_app: StartApp, engine: Engine, database: str) -> None:
    """Four attempts, each stopped on the server, then 504."""
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database), settings=SHARP)
    response, seconds = timed(lambda: app.client.get("/api/slow/query"))
    assert assert_timed_out(response, seconds)["details"] is None
    running = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%`slow`%'"
    # The embedded engine takes a moment to end what it was told to stop; only the statement that asks may be running.
    until(lambda: engine.execute(running) == ((1,),), 1.0)
    response = app.client.post("/graphql", json={"query": "{ users(order_by: {id: asc}) { id } }"})
    assert response.json() == {"data": {"users": [{"id": 1}, {"id": 2}]}}


def test_a_row_that_somebody_else_has_locked(start_app: StartApp, engine: Engine, database: str) -> None:
    """A write that never got its lock was surely not applied, and the next one succeeds."""
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database), settings=SHARP)
    query = 'mutation { update_users_by_pk(pk_columns: {id: 1}, _set: {name: "c"}) { name } }'
    with engine.connect(database, autocommit=False) as other:
        with other.cursor() as cursor:
            cursor.execute("SELECT * FROM users WHERE id = 1 FOR UPDATE")
        body = {"input": {"name": "c"}, "where": {"id": 1}}
        response, seconds = timed(lambda: app.client.put("/api/users", json=body))
        assert assert_timed_out(response, seconds)["details"]["outcome"] == "not_applied"
        answer = app.client.post("/graphql", json={"query": query}).json()
        other.rollback()
    (error,) = answer["errors"]
    assert (error["extensions"]["reason"], error["extensions"]["retry_count"]) == ("GATEWAY_TIMEOUT", 4)
    assert error["extensions"]["outcome"] == "not_applied"
    assert answer["data"] is None
    assert engine.execute("SELECT name FROM users WHERE id = 1", database) == (("a",),)
    assert app.client.post("/graphql", json={"query": query}).json() == {"data": {"update_users_by_pk": {"name": "c"}}}


def test_a_database_that_stops_and_returns(start_app: StartApp, private_mariadb: PrivateServer) -> None:
    """503 with `Retry-After` while it is away, alive all along, and well again without a restart."""
    engine = private_mariadb.engine
    name = engine.create_database(SCHEMA)
    app = start_app(engine.environment(name), settings=SHARP)
    private_mariadb.kill()
    response, seconds = timed(lambda: app.client.get("/api/users/query"))
    body = response.json()
    assert (response.status_code, body["error_code"], body["retry_count"]) == (503, "503", 4)
    assert int(response.headers["retry-after"]) >= 1
    assert seconds < SCHEDULE + SLACK
    graphql = app.client.post(
        "/graphql", json={"query": "{ users { id } }"}, headers={"accept": "application/graphql-response+json"}
    )
    assert graphql.status_code == 503
    assert int(graphql.headers["retry-after"]) >= 1
    assert graphql.json()["errors"][0]["extensions"]["reason"] == "SERVICE_UNAVAILABLE"
    assert app.client.get("/healthz").status_code == 200
    unready = app.client.get("/readyz")
    assert unready.status_code == 503
    assert unready.json()["code"] in ("SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT")
    private_mariadb.start()
    healed, seconds = timed(lambda: app.client.get("/api/users/query"))
    assert (healed.status_code, len(healed.json()["data"])) == (200, 2)
    assert app.client.get("/readyz").status_code == 200


def test_a_start_without_the_database(start_app: StartApp, private_server: PrivateServers) -> None:
    """The program is up, says why it is not ready, and serves as soon as the database is there."""
    server = private_server(EngineName.MARIADB)
    name = server.engine.create_database(SCHEMA)
    environment = server.engine.environment(name)
    server.stop()
    app = start_app(environment, settings=SHARP, ready=False)
    unready = app.wait_ready(503)
    assert unready.json()["cause"]
    assert app.client.get("/healthz").status_code == 200
    response = app.client.get("/api/users/query")
    assert (response.status_code, response.json()["error_code"]) == (503, "503")
    server.start()
    started = time.monotonic()
    app.wait_ready()
    assert time.monotonic() - started < 3
    assert app.client.get("/api/users/query").status_code == 200


@pytest.mark.parametrize(("setting", "value"), [("DB_PASSWORD", "wrong"), ("DB_NAME", "there_is_no_such_database")])
def test_a_start_with_wrong_settings(
    start_app: StartApp, engine: Engine, database: str, setting: str, value: str
) -> None:
    """Up and not ready, with a cause that names no password."""
    environment = engine.environment(database) | {setting: value}
    if setting == "DB_PASSWORD":
        environment["DB_USER"] = "nobody_by_this_name"
    app = start_app(environment, settings=SHARP, ready=False)
    unready = app.wait_ready(503)
    assert unready.json()["code"]
    assert value not in unready.text
    assert app.client.get("/healthz").status_code == 200
