"""Workers that are stuck or dead are replaced, and SIGTERM ends the program in its time, whatever its loops do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.faults.stuck import hooked
from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.harness.ports import free_port
from tests.harness.processes import children

pytestmark = pytest.mark.faults

QUICK = {"WATCHDOG_SECONDS": "3"}
TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v INT)"
HOLDS = {"python": "held_in_python", "c": "held_in_c"}
PATIENCE = 60.0
END_SECONDS = 12.0
"""By the default of DRAIN_SECONDS in tests (0): nine seconds for workers that get on, four for those that do not."""


def until(true: Callable[[], bool], what: str) -> None:
    """Returns as soon as it is true."""
    limit = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


def hold(app: RunningApp, how: str) -> None:
    """Has a worker never turn its loop again."""
    with socket.create_connection(("127.0.0.1", app.port)) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nx-hold: " + how.encode() + b"\r\n\r\n")
        client.settimeout(1.5)
        with pytest.raises(TimeoutError):
            client.recv(1)


def answers(app: RunningApp) -> bool:
    """Whether a new connection is served."""
    try:
        return httpx.get(f"{app.url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.engines("mariadb")
@pytest.mark.parametrize("how", HOLDS)
def test_a_stuck_worker_is_replaced(
    start_app: StartApp, engine: Engine, database: str, tmp_path: Path, how: str
) -> None:
    """With one worker too; the log says where it stood, and nothing of the request."""
    app = start_app(engine.environment(database), settings=QUICK | hooked(tmp_path / "hook"))
    [stuck] = children(app.process.pid)
    hold(app, how)
    until(lambda: answers(app), "it is not replaced")
    [fresh] = children(app.process.pid)
    assert fresh != stuck
    [line] = [line for line in app.log.splitlines() if "worker_replaced" in line]
    assert HOLDS[how] in line
    assert f"worker={stuck}" in line
    assert "x-hold" not in app.log
    assert app.stop() == 0


@pytest.mark.engines("mariadb")
def test_the_others_serve_meanwhile(start_app: StartApp, engine: Engine, database: str, tmp_path: Path) -> None:
    app = start_app(engine.environment(database), settings=QUICK | hooked(tmp_path / "hook") | {"WORKERS": "2"})
    until(lambda: app.log.count("Started server process") == 2, "not both are up")
    hold(app, "python")
    until(lambda: "worker_replaced" in app.log, "it is not replaced")
    until(lambda: len(children(app.process.pid)) == 2, "there is one too few")
    assert all(answers(app) for _ in range(8))
    assert app.log.count("worker_replaced") == 1


@pytest.mark.parametrize("how", HOLDS)
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.engines("mariadb")
def test_sigterm_ends_what_is_stuck(
    start_app: StartApp, engine: Engine, database: str, tmp_path: Path, how: str, workers: str
) -> None:
    """Also where nobody would replace it."""
    settings = hooked(tmp_path / "hook") | {"WORKERS": workers, "WATCHDOG_SECONDS": "0"}
    app = start_app(engine.environment(database), settings=settings)
    hold(app, how)
    started = time.monotonic()
    assert app.stop() == 0
    assert time.monotonic() - started < END_SECONDS
    assert "did not end by itself" in app.log


@pytest.mark.engines("embedded")
def test_the_embedded_engine_outlives_its_worker(start_app: StartApp, tmp_path: Path) -> None:
    """What was written is there for the next one."""
    settings = QUICK | hooked(tmp_path / "hook") | {"DATA_DIR": str(tmp_path / "data")}
    app = start_app({}, "demo", settings=settings)
    row = {"input": {"name": "Kept", "email": "kept@example.com", "age": 7}}
    assert app.client.post("/api/users", json=row).status_code == 200
    hold(app, "python")
    until(lambda: answers(app), "it is not replaced")
    found = httpx.post(f"{app.url}/api/users/query", json={"input": {"age": 7}}, timeout=30).json()["data"]
    assert [each["name"] for each in found] == ["Kept"]
    assert app.stop() == 0


@pytest.mark.engines("mariadb")
def test_a_worker_that_dies_is_replaced(start_app: StartApp, engine: Engine, database: str) -> None:
    app = start_app(engine.environment(database))
    [dead] = children(app.process.pid)
    os.kill(dead, signal.SIGKILL)
    until(lambda: answers(app), "it is not replaced")
    [fresh] = children(app.process.pid)
    assert fresh != dead
    assert "ended with status -9" in app.log


@pytest.mark.engines("mariadb")
def test_a_pause_of_the_whole_machine_is_no_fault(start_app: StartApp, engine: Engine, database: str) -> None:
    """A suspended laptop, or Ctrl-Z: nobody was stuck, and nobody is replaced."""
    app = start_app(engine.environment(database), settings=QUICK)
    workers = children(app.process.pid)
    os.killpg(app.process.pid, signal.SIGSTOP)
    time.sleep(4)
    os.killpg(app.process.pid, signal.SIGCONT)
    until(lambda: answers(app), "it does not go on")
    time.sleep(1)
    assert children(app.process.pid) == workers
    assert "worker_replaced" not in app.log


@pytest.mark.engines("mariadb")
def test_workers_end_with_a_supervisor_that_is_killed(start_app: StartApp, engine: Engine, database: str) -> None:
    """They would hold the port for ever."""
    app = start_app(engine.environment(database), sound=False)
    [worker] = children(app.process.pid)
    app.process.kill()
    app.process.wait()
    until(lambda: not Path(f"/proc/{worker}").exists(), "the worker lives on")


@pytest.mark.engines("mariadb")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_under_another_server(engine: Engine, database: str, tmp_path: Path, workers: str) -> None:
    """The stack is told; the process is ended where the other server starts it again, and only there."""
    port, log = free_port(), tmp_path / "log"
    environment = {"PATH": os.environ["PATH"]} | QUICK
    environment |= engine.environment(database) | hooked(tmp_path / "hook")
    command = [sys.executable, "-m", "uvicorn", "graphql_app.main:app", "--port", str(port), "--workers", workers]
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        until(lambda: log.read_text().count("Application startup complete") == int(workers), "it does not start")
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nx-hold: python\r\n\r\n")
            until(lambda: "loop_stuck" in log.read_text(), "nobody notices")
        if workers == "2":
            until(lambda: log.read_text().count("Application startup complete") == 3, "it is not replaced")
        assert "held_in_python" in log.read_text()
        assert server.poll() is None
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # its workers would live on
        server.wait()


def test_a_program_that_cannot_start_says_so(start_app: StartApp, tmp_path: Path) -> None:
    """At once, and is not tried again and again."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text("import sys\nsys.modules['strawberry'] = None\n")
    settings = {"PYTHONPATH": f"{tmp_path / 'hook'}:{hooked(tmp_path / 'other')['PYTHONPATH'].partition(':')[2]}"}
    app = start_app({"DB_HOST": "127.0.0.1", "DB_NAME": "x"}, settings=settings, sound=False, ready=False)
    assert app.process.wait(PATIENCE) == 1
    assert "the server did not start; the log says why" in app.log
