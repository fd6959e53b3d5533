"""Clients that leave take their work along, on both APIs; and the program that ends finishes what it accepted."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest
from websockets.sync.client import connect

from tests.faults.rolling import roll
from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.harness.ports import free_port
from tests.harness.processes import children

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
IMPORT = b'--x\r\nContent-Disposition: form-data; name="file"; filename="u.csv"\r\n\r\nid\r\n1\r\n2\r\n\r\n--x--\r\n'
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
SUBSCRIPTION = {"query": "subscription { slow { id s } }"}
LONG = {
    "export": ("GET", "/api/slow/export", None, {}),
    "csv": ("GET", "/api/slow/query", None, {"Accept": "text/csv"}),
    "import": ("POST", "/api/batch/import", IMPORT, MULTIPART),
    "dry run": ("POST", "/api/batch/import?dry_run=true", IMPORT, MULTIPART),
    "subscription": ("POST", "/graphql", SUBSCRIPTION, {"Accept": "text/event-stream"}),
}
"""Requests of one statement that runs when the client leaves."""
LIMIT = 0.5
"""Seconds after which nothing may run any more; 200 ms are the aim on a quiet machine."""


def sent(
    app: RunningApp, method: str, path: str, body: object, headers: Mapping[str, str] = MappingProxyType({})
) -> socket.socket:
    """A connection on which a request was sent."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    given = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": len(data)} | dict(headers)
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    head = f"{method} {path} HTTP/1.1\r\n{lines}\r\n"
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
    until(lambda: "client_disconnected" in app.log, 5)
    assert engine.execute("SELECT * FROM u", database) == ()
    assert app.client.get("/api/t/query").status_code == 200


def reset(client: socket.socket) -> None:
    """Ends a connection without a word."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


WAYS: dict[str, Callable[[socket.socket], None]] = {
    "close": socket.socket.close,
    "half-close": lambda client: client.shutdown(socket.SHUT_WR),
    "reset": reset,
}


@pytest.mark.engines("mariadb")
@pytest.mark.parametrize("server", ["ours", "uvicorn"])
def test_every_way_to_leave(start_app: StartApp, engine: Engine, database: str, server: str) -> None:
    """Behind answers on the same connection, with requests sent ahead that are never begun, and in each way."""
    engine.execute(SCHEMA, database)
    environment = dict(engine.environment(database))
    if server == "ours":
        app = start_app(environment)
    else:
        environment["PORT"] = port = str(free_port())
        app = start_app(environment, "graphql_app.main:app", "--port", port, module="uvicorn")
    quick = b"GET /api/t/query?id=eq.1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    slow = b"GET /api/slow/query HTTP/1.1\r\nHost: localhost\r\n\r\n"
    # uvicorn by itself tells the last of requests sent ahead, and not the one that runs.
    for ahead in (0, 1, 5) if server == "ours" else (0,):
        for way, leave in WAYS.items():
            with socket.create_connection(("127.0.0.1", app.port)) as client:
                for _ in range(2):
                    client.sendall(quick)
                    answer = b""
                    while not answer.endswith(b'"retry_count":0}'):
                        answer += client.recv(65536)
                client.sendall(slow + slow * ahead)
                until(lambda: running(engine, database) == 1, 10)
                leave(client)
                until(lambda: running(engine, database) == 0, LIMIT * 4)
                time.sleep(0.05)
                assert running(engine, database) == 0, f"{way}: what was sent ahead is begun"
    assert app.client.get("/api/t/query").status_code == 200


@pytest.mark.engines("mariadb", "mysql")
@pytest.mark.parametrize("request_", LONG.values(), ids=LONG)
def test_a_client_of_a_long_answer_that_leaves(
    start_app: StartApp,
    engine: Engine,
    database: str,
    request_: tuple[str, str, object, dict[str, str]],
) -> None:
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database))
    with sent(app, *request_):
        until(lambda: running(engine, database) == 1, 10)
    until(lambda: running(engine, database) == 0, LIMIT * 4)
    assert engine.execute("SELECT * FROM u", database) == ()
    assert app.client.get("/api/t/query").status_code == 200


@pytest.mark.engines("mariadb", "mysql")
def test_a_socket_that_leaves_before_its_first_answer(start_app: StartApp, engine: Engine, database: str) -> None:
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database))
    address = f"{app.url.replace('http', 'ws')}/graphql"
    with connect(address, subprotocols=["graphql-transport-ws"], close_timeout=0.1) as client:  # type: ignore[list-item]
        client.send('{"type":"connection_init"}')
        client.recv()
        client.send(json.dumps({"id": "1", "type": "subscribe", "payload": SUBSCRIPTION}))
        until(lambda: running(engine, database) == 1, 10)
        client.socket.shutdown(socket.SHUT_RDWR)
        until(lambda: running(engine, database) == 0, LIMIT * 4)
    assert app.client.get("/api/t/query").status_code == 200


def cpu(pid: int) -> float:
    """The seconds of CPU that a process has taken."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.engines("mariadb")
def test_introspection_of_clients_that_left(start_app: StartApp, engine: Engine, database: str) -> None:
    """Each of them would take more than a second; no two are the same, so that no cache helps."""
    tables = ";".join(f"CREATE TABLE t{number} (id INT PRIMARY KEY, v INT)" for number in range(150))
    engine.execute(tables, database)
    app = start_app(engine.environment(database))
    [worker] = children(app.process.pid)
    body = "types{name fields{name args{name type{name ofType{name}}} type{name ofType{name ofType{name}}}}"
    query = f"{{__schema{{{body} inputFields{{name type{{name ofType{{name}}}}}}}}}}}}"
    started = cpu(worker)
    answer = app.client.post("/graphql", json={"query": query}, timeout=60)
    assert "errors" not in answer.json()
    one, started = cpu(worker) - started, cpu(worker)
    for number in range(30):
        with sent(app, "POST", "/graphql", {"query": query.replace("{name", f"{{n{number}:name")}):
            pass
    assert app.client.get("/api/t1/query", timeout=60).status_code == 200
    time.sleep(1)
    left = cpu(worker)
    assert left - started < one * 15
    time.sleep(1)
    assert cpu(worker) - left < 0.5


@pytest.mark.engines("mariadb")
def test_a_client_that_stays_is_answered(start_app: StartApp, engine: Engine, database: str) -> None:
    """Also where it has its half of the connection open, and sends the next request before its answer is there."""
    engine.execute(SCHEMA.replace("20", "0.2"), database)
    app = start_app(engine.environment(database))
    with sent(app, "GET", "/api/slow/query", None) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 200") == 2
    assert "client_disconnected" not in app.log


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
