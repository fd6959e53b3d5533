"""Who takes part: how each server is started, asked, and understood."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from bench.database import NAME, Database
from bench.workloads import Variables, Workload
from tests.harness.ports import free_port

ROOT: Final = Path(__file__).parent.parent
_START_LIMIT: Final = 60.0
OURS, NO_LEDGER, LIMIT, LIMIT_ASYNCMY = "ours", "no-ledger", "limit", "limit-asyncmy"
LIMIT_ONE_PACKET = "limit-one-packet"
OURS_TCP, LIMIT_TCP, DEFAULTS = "ours-tcp", "limit-tcp", "defaults"
BY_HAND, BY_HAND_ASYNCMY, POSTGRAPHILE = "by-hand", "by-hand-asyncmy", "postgraphile"
_SERVED_BY_US: Final = (OURS, OURS_TCP, DEFAULTS, NO_LEDGER)
_BY_TCP: Final = ("by_key", "rest_by_key", "nested", "insert_one", "rest_insert")
"""What is asked of those who reach the database by TCP: where an answer is long, the way there costs little."""


class StartFailed(Exception):
    """A server did not start; the text ends with its log."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A kind of server.

    `request` gives the bytes for a workload's values, None for what the server does not
    offer; `meaning` brings its answer, parsed, to the form that all are compared in. Its
    ratios are those beside the contender `beside`.
    """

    name: str
    request: Callable[[Workload, Variables], bytes | None]
    meaning: Callable[[Workload, Any], Any]
    beside: str = LIMIT


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that listens; `database` is the process of its database."""

    contender: Contender
    port: int
    pid: int
    database: int


# --- asking -----------------------------------------------------------------------------------------------------------


def post(path: str, body: object) -> bytes:
    """A POST of JSON."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(text)}"
    return head.encode() + b"\r\n\r\n" + text


def get(path: str) -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n".encode()


def _ask_limit(workload: Workload, values: Variables) -> bytes:
    if workload.rest and not workload.writes:
        return get(f"/{workload.name}?" + "&".join(f"{name}={quote(str(value))}" for name, value in values.items()))
    return post(f"/{workload.name}", values)


def _ask_ours(workload: Workload, values: Variables) -> bytes:
    if workload.rest:
        return post(workload.rest, values) if workload.writes else get(workload.rest.format(**values))
    return post("/graphql", {"query": workload.document, "variables": values})


def _by_tcp(ask: Callable[[Workload, Variables], bytes]) -> Callable[[Workload, Variables], bytes | None]:
    return lambda workload, values: ask(workload, values) if workload.name in _BY_TCP else None


def _ask_writes(workload: Workload, values: Variables) -> bytes | None:
    return _ask_ours(workload, values) if workload.writes else None


def _ask_by_hand(workload: Workload, values: Variables) -> bytes | None:
    return post("/graphql", {"query": workload.by_hand, "variables": values}) if workload.by_hand else None


def _meaning(workload: Workload, answer: Any) -> Any:
    """What an answer says: its rows, without what may differ."""
    if workload.rest:
        value = answer["data"]
    else:
        (value,) = answer["data"].values()
    # Each insert makes a row with a key of its own.
    return {name: column for name, column in value.items() if name != "id"} if workload.writes else value


CONTENDERS: Final[Mapping[str, Contender]] = {
    contender.name: contender
    for contender in (
        Contender(LIMIT, _ask_limit, _meaning),
        Contender(LIMIT_ASYNCMY, _ask_limit, _meaning),
        Contender(LIMIT_ONE_PACKET, _ask_limit, _meaning),
        Contender(LIMIT_TCP, _by_tcp(_ask_limit), _meaning),
        Contender(OURS, _ask_ours, _meaning),
        Contender(OURS_TCP, _by_tcp(_ask_ours), _meaning, LIMIT_TCP),
        Contender(DEFAULTS, _ask_ours, _meaning),
        Contender(NO_LEDGER, _ask_writes, _meaning),
        Contender(BY_HAND, _ask_by_hand, _meaning),
        Contender(BY_HAND_ASYNCMY, _ask_by_hand, _meaning),
    )
}
"""By name; PostGraphile, which has a database of its own, is in `bench.postgraphile`."""


# --- starting ---------------------------------------------------------------------------------------------------------


def _uvicorn(app: str, port: int) -> list[str]:
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", app, "--port", str(port), *options]


def _command(name: str, database: Database, port: int) -> tuple[list[str], dict[str, str]]:
    """How one of `CONTENDERS` is started on MariaDB, and its environment."""
    if name in _SERVED_BY_US:
        return [sys.executable, "-m", "graphql_app", "serve"], _settings(name, database, port)
    environment = {
        "BENCH_ADDRESS": str(database.port) if name == LIMIT_TCP else database.socket,
        "BENCH_DRIVER": "asyncmy" if name in (LIMIT_ASYNCMY, BY_HAND_ASYNCMY) else "own",
    }
    if name == LIMIT_ONE_PACKET:
        return [sys.executable, "-m", "bench.limit.one_packet", str(port)], environment
    by_hand = name in (BY_HAND, BY_HAND_ASYNCMY)
    return _uvicorn("bench.by_hand.app:app" if by_hand else "bench.limit.app:app", port), environment


def _settings(name: str, database: Database, port: int) -> dict[str, str]:
    """The settings of our own server."""
    by_tcp = {"DB_HOST": "127.0.0.1", "DB_PORT": str(database.port)}
    least = {"DB_USER": "root", "DB_NAME": NAME, "PORT": str(port), "ENV_FILE": os.devnull}
    least |= by_tcp if name == OURS_TCP else {"DB_SOCKET": database.socket}
    if name == DEFAULTS:
        return least
    return least | {
        "LEDGER": "off" if name == NO_LEDGER else "auto",
        "LOG_LEVEL": "warning",
        # An attempt's time includes its wait for the CPU, and here sixteen requests share one core: a slow
        # workload would be tried again instead of measured.
        "RETRY_TIMEOUTS_MS": "60000,60000,60000,60000",
    }


@contextmanager
def running(name: str, database: Database) -> Iterator[Running]:
    """One of `CONTENDERS` for the length of a `with`. Raises `StartFailed`."""
    port = free_port()
    command, environment = _command(name, database, port)
    ready = "/readyz" if name in _SERVED_BY_US else None
    with spawned(name, command, environment, port, database.folder, ready) as pid:
        yield Running(CONTENDERS[name], port, pid, database.pid)


@contextmanager
def running_with(setting: str, database: Database) -> Iterator[Running]:
    """Ours with one setting (`NAME=value`) of its own, for the length of a `with`. Raises `StartFailed`."""
    port, (name, _, value) = free_port(), setting.partition("=")
    settings = _settings(OURS, database, port) | {name: value}
    command = [sys.executable, "-m", "graphql_app", "serve"]
    with spawned(setting, command, settings, port, database.folder, "/readyz") as pid:
        yield Running(Contender(setting, _ask_ours, _meaning), port, pid, database.pid)


@contextmanager
def spawned(
    name: str, command: list[str], environment: dict[str, str], port: int, folder: Path, ready: str | None = None
) -> Iterator[int]:
    """A process that listens on `port`, and answers 200 at the path `ready`; its pid. Its log is in `folder`.

    Raises `StartFailed`.
    """
    file = folder / f"{name}.log"
    # Settings of whoever runs the bench must not reach the servers.
    kept = {key: value for key, value in os.environ.items() if not re.match("DB_|DATABASE_|LOG_|RETRY_|BENCH_", key)}
    with file.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=kept | environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        _wait(process, port, name, file, ready)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(port: int, path: str | None) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.connect()
        if path is None:
            return True
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _wait(process: subprocess.Popen[bytes], port: int, name: str, log: Path, ready: str | None) -> None:
    until = time.monotonic() + _START_LIMIT
    while not _is_ready(port, ready):
        if process.poll() is not None or time.monotonic() > until:
            ends = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
            raise StartFailed(f"{name} did not start; its log ends:\n{ends}")
        time.sleep(0.05)
