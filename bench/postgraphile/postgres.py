"""The private PostgreSQL of a run: made, loaded, analysed, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import data
from bench.database import NAME
from bench.tables import TABLES, Table, postgres_ddl
from tests.harness.servers import NotInstalled, StartFailed

_PROGRAMS: Final = Path("/usr/lib/postgresql")
_OWNER: Final = "postgres"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL with the bench's tables; `url` says where."""

    url: str
    pid: int
    version: str
    programs: Path

    def run(self, *statements: str) -> None:
        """Runs statements, each by itself."""
        arguments = [argument for statement in statements for argument in ("-c", statement)]
        _call([str(self.programs / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", self.url, *arguments])


def programs() -> Path:
    """The newest PostgreSQL of this machine. Raises `NotInstalled`."""
    found = sorted(_PROGRAMS.glob("*/bin/initdb"), key=lambda file: float(file.parts[-3]))
    if not found:
        raise NotInstalled("PostgreSQL is not installed; bench/postgraphile/install.sh installs it")
    return found[-1].parent


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StartFailed(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr[-2000:]}")


@contextmanager
def running() -> Iterator[Postgres]:
    """A loaded PostgreSQL for the length of a `with`. Raises `NotInstalled` or `StartFailed`."""
    found = programs()
    # PostgreSQL refuses to run as root.
    unroot = ["setpriv", f"--reuid={_OWNER}", f"--regid={_OWNER}", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="graphql-app-bench-pg-") as name:
        folder = Path(name)
        if unroot:
            shutil.chown(folder, _OWNER)
        rows = folder / "data"
        _call([*unroot, str(found / "initdb"), "-D", str(rows), "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c shared_buffers=512MB"
        log = str(folder / "log")
        control = [*unroot, str(found / "pg_ctl"), "-D", str(rows), "-w", "-l", log]
        _call([*control, "-o", options, "start"])
        try:
            yield _loaded(folder, rows, found)
        finally:
            _call([*control, "-m", "immediate", "stop"])


def _loaded(folder: Path, rows: Path, found: Path) -> Postgres:
    first = f"postgresql:///{_OWNER}?host={folder}&user={_OWNER}"
    pid = int((rows / "postmaster.pid").read_text().split()[0])
    version = (rows / "PG_VERSION").read_text().strip()
    Postgres(first, pid, version, found).run(f"CREATE DATABASE {NAME}")
    made = Postgres(first.replace(f"///{_OWNER}", f"///{NAME}"), pid, version, found)
    for table in TABLES:
        made.run(*postgres_ddl(table))
        _fill(made, table, folder)
    made.run("VACUUM ANALYZE")
    return made


def _fill(database: Postgres, table: Table, folder: Path) -> None:
    file = folder / f"{table.name}.tsv"
    data.write(table.name, file)
    database.run(f"\\copy {table.name} ({','.join(table.names)}) FROM '{file}'")
    file.unlink()
