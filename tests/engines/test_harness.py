"""The harness itself: each engine is real, each test has its own database, private servers die and come back."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pymysql
import pytest

from tests.fix_engines import obtain
from tests.fix_private import PrivateServers
from tests.harness import keeper_client
from tests.harness.engine import Engine
from tests.harness.engines import EngineName
from tests.harness.ports import is_free
from tests.harness.source_rules import ROOT

MARKS = {EngineName.EMBEDDED: "OceanBase", EngineName.MARIADB: "MariaDB", EngineName.MYSQL: ""}


def test_each_engine_is_the_server_it_claims_to_be(engine: Engine) -> None:
    """The three ids stand for three different products."""
    version = str(engine.execute("SELECT VERSION()")[0][0])
    assert MARKS[engine.name] in version
    assert engine.name is not EngineName.MYSQL or not any(mark in version for mark in ("OceanBase", "MariaDB"))


def test_a_script_of_several_statements_gives_the_last_result(engine: Engine, database: str) -> None:
    """Hand-written SQL files may hold whole scripts, with text beyond ASCII."""
    make = "CREATE TABLE t (id INT PRIMARY KEY, n VARCHAR(9)); INSERT INTO t VALUES (1, '鳥🐦'), (2, NULL)"
    result = engine.select(f"{make}; SELECT * FROM t ORDER BY id", database)
    assert result.columns == ("id", "n")
    assert result.rows == ((1, "鳥🐦"), (2, None))


def test_an_error_in_the_midst_of_a_script_is_raised(engine: Engine, database: str) -> None:
    """No statement of a script fails unseen."""
    with pytest.raises(pymysql.MySQLError):
        engine.execute("SELECT 1; SELECT * FROM missing; SELECT 2", database)


def test_a_database_is_gone_after_use(engine: Engine) -> None:
    """Databases are new each time and leave nothing behind."""
    with engine.database("CREATE TABLE t (id INT)") as first, engine.database() as second:
        assert first != second
        assert engine.execute("SELECT COUNT(*) FROM t", first) == ((0,),)
    left = {row[0] for row in engine.execute("SHOW DATABASES")}
    assert not left & {first, second}


@pytest.mark.engines("mariadb", "mysql")
def test_the_environment_leads_to_the_database_over_tcp(engine: Engine, database: str) -> None:
    """Servers that have a port answer there with the settings given to the program."""
    settings = engine.environment(database, tcp=True)
    with pymysql.connect(
        host=settings["DB_HOST"], port=int(settings["DB_PORT"]), user="root", database=database
    ) as connection:
        assert engine.version in connection.get_server_info()


def _close_input(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin is not None
    keeper.stdin.close()


@pytest.mark.engine
@pytest.mark.parametrize("end", [_close_input, subprocess.Popen.terminate])
def test_no_server_outlives_its_keeper(
    end: Callable[[subprocess.Popen[bytes]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when pytest ends or is killed, which closes the keeper's input, nor when the keeper is told to end."""
    folder = Path(tempfile.mkdtemp(prefix="ga-"))
    command = [sys.executable, "-m", "tests.harness", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=keeper_client.ROOT) as keeper:
        monkeypatch.setenv(keeper_client.VARIABLE, str(folder))
        address = obtain(EngineName.MARIADB, lambda: keeper_client.shared(EngineName.MARIADB)).address
        assert address.port is not None
        assert not is_free(address.port)
        end(keeper)
        assert keeper.wait(60) == 0
    assert is_free(address.port)
    assert not folder.exists()


@pytest.mark.faults
@pytest.mark.parametrize("name", EngineName)
def test_a_private_server_keeps_what_was_committed_through_kill_9(
    name: EngineName, private_server: PrivateServers
) -> None:
    """Committed rows survive; the server comes back on the same socket and port."""
    server = private_server(name)
    server.engine.execute("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY); INSERT INTO d.t VALUES (7)")
    server.kill()
    with socket.socket(socket.AF_UNIX) as connection, pytest.raises(ConnectionRefusedError):
        connection.connect(server.engine.socket)
    server.start()
    assert server.engine.execute("SELECT id FROM d.t") == ((7,),)


@pytest.mark.faults
@pytest.mark.parametrize("name", EngineName)
def test_a_frozen_private_server_is_silent_until_it_is_thawed(name: EngineName, private_server: PrivateServers) -> None:
    """A frozen server takes connections and never greets."""
    server = private_server(name, durable=False)
    server.freeze()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.3)
        connection.connect(server.engine.socket)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    server.thaw()
    assert server.engine.execute("SELECT 1") == ((1,),)


def collected(*arguments: str) -> set[str]:
    """The tests of two files that a run would have."""
    files = ("tests/engines/test_harness.py", "tests/engines/test_generated_keys.py")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "-m", "engine", *arguments, *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT)
    return {line for line in done.stdout.splitlines() if "::" in line}


def test_runs_on_one_engine_each_are_the_whole_run() -> None:
    """`make test` runs on one engine, CI on the others afterwards: no test is left out, and none is run for nothing."""
    runs = {name: collected("--engines", name) for name in EngineName}
    assert set().union(*runs.values()) == collected()
    others = {
        name: {test for test in runs[name] if any(f"[{other}" in test for other in EngineName if other != name)}
        for name in runs
    }
    assert others == {name: set() for name in EngineName}
    assert runs[EngineName.EMBEDDED] != runs[EngineName.MARIADB]
