"""Clients that leave take their work along, on both faces; and the program that ends finishes what it accepted."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.faults.rolling import roll
from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.faults

SCHEMA = """
CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT);
INSERT INTO t (v) VALUES (1),(2);
CREATE VIEW slow AS SELECT id, SLEEP(20) AS s FROM t;
CREATE TABLE u (id INT PRIMARY KEY, v INT);
CREATE TRIGGER brake BEFORE INSERT ON u FOR EACH ROW SET NEW.v = SLEEP(20)
"""
INSERT = {"query": "mutation { insert_u_one(object: {id: 1}) { id } }"}
REQUESTS = {
    "rest read": ("GET", "/api/slow/query", None),
    "rest write": ("POST", "/api/u", {"input": {"id": 1}}),
    "graphql query": ("POST", "/graphql", {"query": "{ slow { id s } }"}),
    "graphql mutation": ("POST", "/graphql", INSERT),
    "graphql batch": ("POST", "/graphql", [{"query": "{ slow { id s } }"}, {"query": "{ slow { s } }"}]),
}
LIMIT = 0.5
"""Seconds after which nothing may run any more; 200 ms are the aim on a quiet machine."""


def sent(app: RunningApp, method: str, path: str, body: object) -> socket.socket:
    """A connection on which a request was sent."""
    data = b"" if body is None else json.dumps(body).encode()
    kind = "Host: localhost\r\nContent-Type: application/json\r\n"
    head = f"{method} {path} HTTP/1.1\r\n{kind}Content-Length: {len(data)}\r\n\r\n"
    client = socket.create_connection(("127.0.0.1", app.port))
    client.sendall(head.encode() + data)
    return client


def running(engine: Engine, database: str) -> int:
    """Statements that the server is executing in `database`."""
    rows = engine.execute("SHOW FULL PROCESSLIST")
    return sum(row[3] == database and str(row[4]).lower() != "sleep" for row in rows)


def until(condition: Callable[[], bool], limit: float) -> float:
    """Seconds until `condition` holds; fails after `limit`."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < limit, "it does not happen"
        time.sleep(0.005)
    return time.monotonic() - started


@pytest.mark.engines("mariadb", "mysql")
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_client_that_leaves(
    start_app: StartApp, engine: Engine, database: str, request_: tuple[str, str, object]
) -> None:
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database))
    statements = 2 if isinstance(request_[2], list) else 1
    with sent(app, *request_):
        until(lambda: running(engine, database) == statements, 10)
    until(lambda: running(engine, database) == 0, LIMIT * 4)
    until(lambda: "client_left" in app.log, 5)
    assert engine.execute("SELECT * FROM u", database) == ()
    assert app.client.get("/api/t/query").status_code == 200


@pytest.mark.engines("mariadb")
def test_a_client_that_stays_is_answered(start_app: StartApp, engine: Engine, database: str) -> None:
    """Also where it has its half of the connection open, and sends the next request before its answer is there."""
    engine.execute(SCHEMA.replace("20", "0.2"), database)
    app = start_app(engine.environment(database))
    with sent(app, "GET", "/api/slow/query", None) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 200") == 2
    assert "client_left" not in app.log


@pytest.mark.engines("mariadb")
class TestTheEnd:
    DRAIN = "1"

    def test_accepted_requests_finish(self, start_app: StartApp, engine: Engine, database: str) -> None:
        engine.execute(SCHEMA.replace("20", "1.0"), database)
        # Time enough for one attempt: those that are stopped and made again seldom all run at one moment.
        settings = {"DRAIN_SECONDS": self.DRAIN, "RETRY_TIMEOUTS_MS": "5000,5000,5000,5000"}
        app = start_app(engine.environment(database), settings=settings)
        with ThreadPoolExecutor() as threads, httpx.Client(base_url=app.url, timeout=30) as client:
            answers = [threads.submit(client.post, "/api/u", json={"input": {"id": i}}) for i in range(3)]
            until(lambda: running(engine, database) == 3, 10)
            started = time.monotonic()
            app.process.send_signal(signal.SIGTERM)
            unready = until(lambda: app.client.get("/readyz").status_code == 503, 1)
            answer = app.client.get("/api/t/query")
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            assert app.client.get("/readyz").json()["code"] == "ENDING"
            assert [answer.result().status_code for answer in answers] == [200] * 3
            assert app.process.wait(10) == 0
        assert unready < 0.3
        assert time.monotonic() - started < 10
        assert engine.execute("SELECT COUNT(*) FROM u", database) == ((3,),)

    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_nothing_is_dropped_under_load(
        self, start_app: StartApp, engine: Engine, database: str, workers: str
    ) -> None:
        """Clients go on until `/readyz` says that they should not, as a load balancer has it."""
        engine.execute(SCHEMA, database)
        settings = {"DRAIN_SECONDS": self.DRAIN, "WORKERS": workers}
        found = roll(lambda: start_app(engine.environment(database), settings=settings), 1)
        assert found.statuses == [0]
        assert (found.dropped, found.seen["200"] > 200) == (0, True), found.seen
        assert engine.execute("SELECT COUNT(*) - 2 FROM t", database) == ((found.seen["200"],),)
