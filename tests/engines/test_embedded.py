"""The embedded engine: its data outlive it, it ends with its program and not before, and says what hinders it."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pymysql
import pytest

from graphql_app.embedded.engine import EmbeddedEngine
from graphql_app.embedded.errors import EmbeddedError
from graphql_app.embedded.folder import SOCKET_LIMIT, Folder
from graphql_app.embedded.locks import locked
from graphql_app.embedded.provide import in_use, visited_engine
from graphql_app.observability.events import Event, Lifecycle, ignore
from tests.fix_engines import required
from tests.harness.engines import EngineName, installed
from tests.harness.servers import NotInstalled

pytestmark = pytest.mark.engine
LIMIT = 60.0
"""Seconds after which a test gives up waiting; everything happens much sooner."""

HOLDER = """
import signal, sys
from pathlib import Path
from graphql_app.embedded.engine import EmbeddedEngine
engine = EmbeddedEngine(Path(sys.argv[1]), "app")
print(engine.start(), engine.process, flush=True)
signal.sigwait([signal.SIGTERM])
engine.stop()
"""
"""A program that holds an engine until SIGTERM."""

Start = Callable[..., EmbeddedEngine]


@pytest.fixture(autouse=True)
def _engine_is_there() -> None:
    """A loud skip, or a failure where the engine is required, on a platform without it."""
    try:
        installed(EngineName.EMBEDDED)
    except NotInstalled as error:
        (pytest.fail if required(EngineName.EMBEDDED) else pytest.skip)(f"embedded NOT TESTED: {error}")


@pytest.fixture
def start() -> Iterator[Start]:
    """A factory for started engines; each is stopped after the test."""
    with contextlib.ExitStack() as stack:

        def started(folder: Path, observer: Callable[[Event], None] = ignore) -> EmbeddedEngine:
            engine = EmbeddedEngine(folder, "app", observer)
            engine.start()
            stack.callback(engine.stop)
            return engine

        yield started


class Program:
    """Another program with an engine in `folder`."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", HOLDER, str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self.process.stdout is not None
        self.socket, engine = self.process.stdout.readline().split()
        self.engine = int(engine)

    def close(self) -> None:
        """Its end, and that of its pipe."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def program() -> Iterator[Callable[[Path], Program]]:
    """A factory for programs that hold an engine; each is killed after the test."""
    made: list[Program] = []

    def make(folder: Path) -> Program:
        made.append(Program(folder))
        return made[-1]

    yield make
    for each in made:
        each.close()


def ask(path: str, statement: str) -> Any:
    """The first cell of what `statement` gives in the database."""
    with (
        contextlib.closing(
            pymysql.connect(unix_socket=path, user="root", database="app", autocommit=True)
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        row = cursor.fetchone()
    return row and row[0]


def gone(process: int) -> bool:
    """Whether there is no such process, not even as a zombie of ours."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    try:
        state, parent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return Path("/proc/self").exists()  # it vanished just now, or there is no /proc
    # A process whose parent has gone belongs to the first process, which may take its time.
    return (state, parent) == ("Z", "1")


def wait_until(true: Callable[[], bool]) -> None:
    """Returns as soon as it is true."""
    until = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_data_outlive_the_engine(tmp_path: Path) -> None:
    """Started, stopped, started again; nobody else may look in."""
    folder = tmp_path / "data"
    engine = EmbeddedEngine(folder, "app")
    address = engine.start()
    assert ask(address, "SELECT CONCAT(DATABASE(), ' ', @@character_set_database)") == "app utf8mb4"
    ask(address, "CREATE TABLE t (n INT)")
    ask(address, "INSERT INTO t VALUES (7)")
    process = engine.process
    assert process is not None
    engine.stop()
    assert gone(process)
    assert engine.process is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    again = EmbeddedEngine(folder, "app")
    try:
        assert again.start() == address
        assert ask(address, "SELECT n FROM t") == 7
    finally:
        again.stop()
    assert not in_use(folder)


@pytest.mark.faults
def test_an_engine_that_dies_is_started_again(start: Start, tmp_path: Path) -> None:
    """With what was committed, at the same address, and the observer is told."""
    told: queue.Queue[Event] = queue.Queue()
    engine = start(tmp_path, told.put)
    assert told.get(timeout=LIMIT) == Lifecycle("starting the embedded database")
    address = str(Folder(tmp_path).socket)
    ask(address, "CREATE TABLE t (n INT)")
    for number in range(2):
        ask(address, f"INSERT INTO t VALUES ({number})")
        process = engine.process
        assert process is not None
        os.kill(process, signal.SIGKILL)
        assert told.get(timeout=LIMIT) == Lifecycle("the embedded engine died; starting it again")
        assert told.get(timeout=LIMIT) == Lifecycle("the embedded engine is back")
        assert gone(process)
        assert ask(address, "SELECT COUNT(*) FROM t") == number + 1
    assert told.empty()


def test_ctrl_c_leaves_the_engine_to_its_program(start: Start, tmp_path: Path) -> None:
    """A terminal sends it to every process at once, and requests in flight still need the engine."""
    engine = start(tmp_path)
    process = engine.process
    assert process is not None
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        os.kill(process, number)
    assert ask(str(Folder(tmp_path).socket), "SELECT 1") == 1
    assert engine.process == process


def test_nothing_is_reported_to_the_engines_makers(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine asks this variable before it reports a first start; a user's own word counts more."""
    monkeypatch.delenv("TELEMETRY_ENABLED", raising=False)
    start(tmp_path)
    assert os.environ["TELEMETRY_ENABLED"] == "false"
    monkeypatch.setenv("TELEMETRY_ENABLED", "true")
    start(tmp_path)
    assert os.environ["TELEMETRY_ENABLED"] == "true"


def test_two_programs_cannot_have_one_folder(program: Callable[[Path], Program], tmp_path: Path) -> None:
    """The second is told so at once; a mere look is allowed."""
    first = program(tmp_path)
    with pytest.raises(EmbeddedError) as failed:
        EmbeddedEngine(tmp_path, "app").start()
    assert str(failed.value) == (
        f"DATA_DIR: {tmp_path.resolve()} is in use by another graphql-app (process {first.process.pid}); stop it, "
        "or name another folder"
    )
    assert in_use(tmp_path)
    assert ask(first.socket, "SELECT 1") == 1


async def test_a_look_uses_the_engine_that_runs(program: Callable[[Path], Program], tmp_path: Path) -> None:
    """And leaves it running."""
    first = program(tmp_path)
    async with visited_engine(tmp_path, "app", ignore) as address:
        assert ask(address, "SELECT 1") == 1
    assert not gone(first.engine)


@pytest.mark.faults
def test_a_killed_program_leaves_nothing_that_hinders(
    program: Callable[[Path], Program], start: Start, tmp_path: Path
) -> None:
    """The engine notices and ends, and the next start waits for that."""
    first = program(tmp_path)
    ask(first.socket, "CREATE TABLE t (n INT)")
    first.process.kill()
    first.process.wait()
    engine = start(tmp_path)
    assert engine.process != first.engine
    wait_until(lambda: gone(first.engine))
    assert ask(str(Folder(tmp_path.resolve()).socket), "SELECT COUNT(*) FROM t") == 0
    assert not list(Path("/tmp").glob(f"pylibseekdb-uds-{first.process.pid}-*"))


@pytest.mark.faults
def test_a_first_start_that_was_cut_off_is_begun_anew(start: Start, tmp_path: Path) -> None:
    """The engine itself would never recover from it."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.DEVNULL)
    folder = Folder(tmp_path.resolve())
    wait_until(lambda: folder.pid is not None and locked(folder.pid_file))
    half_made = folder.pid
    assert half_made is not None
    process.kill()
    os.kill(half_made, signal.SIGKILL)
    process.wait()
    assert folder.unfinished.exists()
    start(tmp_path)
    assert ask(str(folder.socket), "SELECT 1") == 1
    assert not folder.unfinished.exists()


def test_a_long_path_is_no_hindrance(tmp_path: Path) -> None:
    """A socket's path is bounded to a hundred characters or so."""
    folder = tmp_path / ("long" * 40) / "ünd mit Leerzeichen"
    engine = EmbeddedEngine(folder, "app")
    address = engine.start()
    try:
        assert len(os.fsencode(address)) <= SOCKET_LIMIT
        assert ask(address, "SELECT 1") == 1
    finally:
        engine.stop()
    assert not Path(address).parent.parent.exists()


def test_the_engine_keeps_nothing_of_ours_open(start: Start, tmp_path: Path) -> None:
    """A server's socket may be inheritable, and would stay open with the engine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        start(tmp_path)
        assert listener.get_inheritable()
        address = listener.getsockname()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def work(folder: Path, pipe: Connection) -> None:
    """A worker of a server with several: starts, says so, stops when told."""
    engine = EmbeddedEngine(folder, "app")
    pipe.send((engine.start(), engine.process))
    pipe.recv()
    engine.stop()
    pipe.send(None)


def test_workers_of_one_server_share_the_engine(tmp_path: Path) -> None:
    """As with `uvicorn --workers 2`: the last one ends it."""
    spawn = multiprocessing.get_context("spawn")
    pipes, workers = [], []
    for _ in range(2):
        ours, theirs = spawn.Pipe()
        pipes.append(ours)
        workers.append(spawn.Process(target=work, args=(tmp_path, theirs)))
        workers[-1].start()
    (address, process), other = [pipe.recv() for pipe in pipes]
    assert (address, process) == other
    for pipe, worker, is_gone in zip(pipes, workers, (False, True), strict=True):
        pipe.send(None)
        pipe.recv()
        # Waits for everyone who has the worker's end of a pipe: that must not be the engine.
        worker.join(LIMIT / 2)
        assert worker.exitcode == 0
        assert multiprocessing.connection.wait([worker.sentinel], 0)
        assert gone(process) is is_gone


def test_the_sample_is_loaded_once(start: Start, tmp_path: Path) -> None:
    """What a user changed stays; what was cut off is done again."""
    engine, address = start(tmp_path), str(Folder(tmp_path.resolve()).socket)
    assert engine.load_sample()
    ask(address, "DELETE FROM users")
    assert not engine.load_sample()
    assert ask(address, "SELECT COUNT(*) FROM users") == 0
    (tmp_path / "sample-unfinished").touch()
    assert engine.load_sample()
    assert ask(address, "SELECT COUNT(*) FROM users") == 5
    # The session of the embedded engine is not at UTC by itself.
    assert ask(address, "SELECT UNIX_TIMESTAMP(a_timestamp) FROM type_samples WHERE label = 'ordinary'") == 1751371200


def test_the_sample_is_made_anew_when_asked_to(start: Start, tmp_path: Path) -> None:
    """As it was at first; what somebody added stays, also a table that refers to one of the sample's."""
    engine, address = start(tmp_path), str(Folder(tmp_path.resolve()).socket)
    assert engine.load_sample()
    ask(address, "UPDATE users SET age = 1")
    ask(address, "CREATE TABLE mine (id INT PRIMARY KEY, u INT, FOREIGN KEY (u) REFERENCES users (id))")
    ask(address, "INSERT INTO mine VALUES (1, 1)")
    assert engine.load_sample(reset=True)
    assert ask(address, "SELECT COUNT(*) FROM users WHERE age = 1") == 0
    assert ask(address, "SELECT COUNT(*) FROM mine") == 1
