"""The program on its embedded engine, as a process: first steps, several workers, deaths, and an orderly end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from graphql_app.embedded.folder import Folder
from graphql_app.embedded.locks import locked
from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.ports import free_port
from tests.harness.source_rules import ROOT

pytestmark = pytest.mark.engine
STOP_SECONDS = 10
"""The program is gone that soon after it was told to stop."""


def engine_of(folder: Folder) -> int | None:
    """The process of the engine in `folder`, if it lives."""
    return folder.pid if locked(folder.pid_file) else None


def wait_until(true: Callable[[], bool]) -> None:
    """Returns as soon as it is true."""
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def stop(app: RunningApp) -> None:
    """SIGTERM; the end is orderly and soon."""
    started = time.monotonic()
    assert app.stop() == 0
    assert time.monotonic() - started < STOP_SECONDS


def answers(client: httpx.Client, status: int) -> bool:
    """Whether /readyz gives `status` now."""
    try:
        return client.get("/readyz").status_code == status
    except httpx.TransportError:
        return False


def test_the_first_steps_work_on_a_fresh_machine(start_app: StartApp, tmp_path: Path) -> None:
    """As the documentation writes them; a database that the environment names is left alone; changes stay."""
    folder = Folder((tmp_path / "data").resolve())
    named = {"DATA_DIR": str(folder.root), "DATABASE_URL": "mysql://nobody@127.0.0.1:1/elsewhere"}
    app = start_app({}, "demo", settings=named)
    assert f"GraphiQL    {app.url}/graphiql" in app.log
    api = "/api/users"
    john = {"input": {"name": "John Doe", "email": "john@example.com", "age": 30}}
    assert app.client.post(api, json=john).json()["data"]["rows_affected"] == 1
    assert len(app.client.get(f"{api}/query").json()["data"]) == 6
    thirty = app.client.post(f"{api}/query", json={"input": {"age": 30}}).json()["data"]
    assert john["input"].items() <= thirty[-1].items()
    change = {"input": {"age": 31, "email": "newemail@example.com"}, "where": {"id": 1}}
    assert app.client.put(api, json=change).json()["data"]["rows_affected"] == 1
    assert app.client.request("DELETE", api, json={"input": {"id": 1}}).json()["data"]["rows_affected"] == 1
    query = (
        "{ orders(limit: 1, order_by: {id: asc}) { customer { name } order_items { product { category { name } } } } }"
    )
    assert "errors" not in app.client.post("/graphql", json={"query": query}).json()
    stop(app)
    assert engine_of(folder) is None

    again = start_app({}, "demo", settings=named)
    assert len(again.client.get(f"{api}/query").json()["data"]) == 5
    stop(again)


def ready_anew(url: str) -> bool:
    """Whether the worker that takes a new connection is ready."""
    answer = httpx.get(f"{url}/readyz", timeout=30).json()
    return bool(answer["status"] == "ok" and answer["tables"] == 0)


def test_several_workers_share_the_engine_of_their_parent(start_app: StartApp, tmp_path: Path) -> None:
    """All of them answer, none of them owns it, and a request in flight ends before it does."""
    folder = Folder((tmp_path / "data").resolve())
    app = start_app({}, settings={"DATA_DIR": str(folder.root), "WORKERS": "2", "DB_NAME": "shop"})
    # New connections, so that now the one worker answers and now the other; each reads the schema for itself.
    wait_until(lambda: all(ready_anew(app.url) for _ in range(8)))
    assert app.log.count("Started server process") == 2
    assert engine_of(folder) is not None
    stop(app)
    assert engine_of(folder) is None


@pytest.mark.parametrize("workers", ["1", "2"])
def test_another_server_can_run_the_app(tmp_path: Path, workers: str) -> None:
    """`uvicorn graphql_app.main:app` starts the engine itself, once for all its workers."""
    folder, port = Folder((tmp_path / "data").resolve()), free_port()
    command = [sys.executable, "-m", "uvicorn", "graphql_app.main:app", "--port", str(port), "--workers", workers]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_until(lambda: server.poll() is not None or answers(client, 200))
            assert client.get("/api/nothing/query").status_code == 404
    finally:
        server.terminate()
        server.wait(STOP_SECONDS)
    log_text = (tmp_path / "log").read_text()
    assert engine_of(folder) is None, log_text
    assert "Traceback" not in log_text
    assert "leaked" not in log_text


@pytest.mark.faults
def test_the_program_outlives_its_engine(start_app: StartApp, tmp_path: Path) -> None:
    """It says so at /readyz meanwhile, and serves again when the engine is back."""
    folder = Folder((tmp_path / "data").resolve())
    app = start_app({}, settings={"DATA_DIR": str(folder.root)})
    dead = engine_of(folder)
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: answers(app.client, 503))
    wait_until(lambda: answers(app.client, 200))
    assert engine_of(folder) not in (None, dead)
    assert "the embedded engine died; starting it again" in app.log
    stop(app)


@pytest.mark.faults
def test_a_killed_program_leaves_no_process_behind(start_app: StartApp, tmp_path: Path) -> None:
    """Neither workers, which would hold the port, nor the engine, which would hold the data."""
    folder = Folder((tmp_path / "data").resolve())
    environment = {"DATA_DIR": str(folder.root), "WORKERS": "2", "PORT": str(free_port())}
    app = start_app({}, settings=environment, sound=False)
    app.process.kill()
    app.process.wait()
    again = start_app({}, settings=environment)
    assert again.client.get("/readyz").json()["status"] == "ok"
    stop(again)
