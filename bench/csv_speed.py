"""`python -m bench.csv_speed`: import and export of CSV beside the database's own client, memory, reads meanwhile."""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import csv_data
from bench.contenders import StartFailed, spawned
from bench.csv_client import Failed, download, reading, upload
from bench.database import FLAGS, NAME
from bench.processes import forget_peak, peak_megabytes
from tests.harness.engines import MariaDB
from tests.harness.ports import free_port
from tests.harness.servers import NotInstalled, StartFailed as DatabaseFailed, program

_READ: Final = f"/api/{csv_data.SMALL}/query?id=eq.7"
_READS_A_SECOND: Final = 100
_IDLE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A database with the empty table, a server on it, and the files."""

    socket: str
    port: int
    pid: int
    rows: int
    good: Path
    bad: Path
    bad_lines: list[int]

    def client(self, *arguments: str) -> str:
        """What the database's own client prints."""
        command = [program("mariadb", "the client of MariaDB"), "-S", self.socket, "-uroot", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def empty(self, table: str = csv_data.TABLE) -> None:
        """No rows in the table."""
        self.client(NAME, "-e", f"TRUNCATE TABLE {table}")

    def count(self, table: str = csv_data.TABLE) -> int:
        """Rows in the table."""
        return int(self.client(NAME, "-N", "-e", f"SELECT COUNT(*) FROM {table}"))


@dataclass(slots=True)
class Figures:
    """What was measured: seconds of each round, megabytes (10^6 bytes), milliseconds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, seconds: float) -> None:
        """A round's time."""
        self.seconds.setdefault(name, []).append(seconds)

    def ratio(self, limit: str, ours: str) -> float:
        """How fast `ours` is beside `limit`: the median of the rounds, each compared within itself."""
        pairs = zip(self.seconds[limit], self.seconds[ours], strict=True)
        return statistics.median(one / other for one, other in pairs)


# --- the measurements -------------------------------------------------------------------------------------------------


def load(stage: Stage) -> float:
    """Seconds that `LOAD DATA LOCAL INFILE` takes for the file without bad rows."""
    stage.empty()
    start = time.perf_counter()
    stage.client("--local-infile=1", NAME, "-e", csv_data.load_statement(stage.good))
    return time.perf_counter() - start


def import_good(stage: Stage) -> float:
    """Seconds of an import of the same file. Raises `Failed`."""
    stage.empty()
    seconds, status, body = upload(stage.port, stage.good, csv_data.TABLE)
    _expect("import", (status, stage.count()), (200, stage.rows), body)
    return seconds


def import_bad(stage: Stage) -> float:
    """Seconds of an import with bad rows, every one of which is told by its line. Raises `Failed`."""
    stage.empty()
    seconds, status, body = upload(stage.port, stage.bad, csv_data.TABLE, "?errors=csv")
    _expect("import with bad rows", (status, stage.count()), (207, stage.rows - len(stage.bad_lines)), body)
    lines = [int(line.split(b",", 1)[0]) for line in body.splitlines()[1:]]
    _expect("lines of bad rows", lines, stage.bad_lines)
    return seconds


def dump(stage: Stage) -> float:
    """Seconds that the database's client takes to print the table."""
    command = [program("mariadb", "the client of MariaDB"), "-S", stage.socket, "-uroot", "--batch", "--quick", NAME]
    start = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        subprocess.run([*command, "-e", f"SELECT * FROM {csv_data.TABLE}"], check=True, stdout=nowhere)
    return time.perf_counter() - start


def export(stage: Stage) -> tuple[float, float]:
    """Seconds to the first byte of the export and to its end. Raises `Failed`."""
    first, seconds, lines = download(stage.port, f"/api/{csv_data.TABLE}/export")
    _expect("exported lines", lines, stage.rows + 1)
    return first, seconds


def _expect(what: str, found: object, expected: object, answer: bytes = b"") -> None:
    if found != expected:
        raise Failed(f"{what}: {found!r:.300} instead of {expected!r:.300}; the answer was {answer[:600]!r}")


def growth(stage: Stage, work: str, figures: Figures, *, table: str, file: Path | None = None) -> None:
    """Memory that an import of `file`, or an export of `table`, takes on top of what the server held before."""
    forget_peak(stage.pid)
    before = peak_megabytes(stage.pid)
    if file is None:
        download(stage.port, f"/api/{table}/export")
    else:
        stage.empty(table)
        _, status, body = upload(stage.port, file, table)
        _expect(work, status, 200, body)
    figures.others[f"memory of {work}, MB"] = peak_megabytes(stage.pid) - before


def reads(stage: Stage, figures: Figures) -> None:
    """Small reads at a steady pace: alone, then during an import."""
    with reading(stage.port, _READ, _READS_A_SECOND) as idle:
        time.sleep(_IDLE_SECONDS)
    with reading(stage.port, _READ, _READS_A_SECOND) as busy:
        import_good(stage)
    _expect("failed reads", idle.failures + busy.failures, 0)
    for name, found in (("alone", idle), ("during an import", busy)):
        for share in (0.5, 0.99):
            figures.others[f"reads {name}, p{share * 100:.0f}, ms"] = found.quantile(share) * 1000


# --- the run ----------------------------------------------------------------------------------------------------------


def measure(stage: Stage, rounds: int, large: Path | None) -> Figures:
    """Everything. Raises `Failed`."""
    figures = Figures()
    _warm_up(stage)
    growth(stage, "import", figures, table=csv_data.TABLE, file=stage.good)
    growth(stage, "export", figures, table=csv_data.TABLE)
    for number in range(rounds):
        figures.add("load", load(stage))
        figures.add("import", import_good(stage))
        figures.add("dump", dump(stage))
        first, seconds = export(stage)
        figures.add("export", seconds)
        figures.add("first byte", first)
        figures.add("import, bad rows", import_bad(stage))
        last = ", ".join(f"{name} {each[-1]:.2f} s" for name, each in figures.seconds.items())
        _say(f"round {number + 1} of {rounds}: {last}")
    reads(stage, figures)
    if large is not None:
        growth(stage, "import, large file", figures, table=csv_data.LARGE, file=large)
        growth(stage, "export, large table", figures, table=csv_data.LARGE)
    return figures


def _warm_up(stage: Stage) -> None:
    few = stage.good.with_name("few.csv")
    csv_data.write(few, 2_000, bad=False)
    for _ in range(3):
        stage.empty()
        upload(stage.port, few, csv_data.TABLE)
        download(stage.port, f"/api/{csv_data.TABLE}/export")
        download(stage.port, _READ)


def table(figures: Figures, rows: int) -> str:
    """The figures as a table in Markdown."""
    lines = ["| | seconds | rows a second | beside the client |", "| --- | ---: | ---: | ---: |"]
    for name, limit in (
        ("load", None),
        ("import", "load"),
        ("import, bad rows", "load"),
        ("dump", None),
        ("export", "dump"),
    ):
        seconds = statistics.median(figures.seconds[name])
        ratio = "" if limit is None else f"{figures.ratio(limit, name):.2f}"
        lines.append(f"| {name} | {seconds:.2f} | {rows / seconds:,.0f} | {ratio} |")
    lines += ["", "| | |", "| --- | ---: |"]
    others = figures.others | {"first byte of an export, ms": statistics.median(figures.seconds["first byte"]) * 1000}
    lines += [f"| {name} | {value:.1f} |" for name, value in others.items()]
    return "\n".join(lines)


@contextmanager
def staged(rows: int) -> Iterator[Stage]:
    """A database, the server, and the files, for the length of a `with`."""
    MariaDB.installed()
    with tempfile.TemporaryDirectory(prefix="graphql-app-bench-") as name:
        folder = Path(name)
        database = MariaDB(folder, FLAGS, durable=True)
        try:
            database.prepare()
            address = database.start()
            _say(f"MariaDB {address.version}; writing files of {rows:,} rows")
            good, bad, port = folder / "good.csv", folder / "bad.csv", free_port()
            csv_data.write(good, rows, bad=False)
            lines = csv_data.write(bad, rows, bad=True)
            stage = Stage(address.socket, port, 0, rows, good, bad, lines)
            stage.client("-e", f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
            stage.client(NAME, "-e", csv_data.DDL)
            environment = {
                "DB_SOCKET": address.socket,
                "DB_USER": "root",
                "DB_NAME": NAME,
                "PORT": str(port),
                "LOG_LEVEL": "warning",
                "ENV_FILE": os.devnull,
            }
            command = [sys.executable, "-m", "graphql_app", "serve"]
            with spawned("ours", command, environment, port, folder, "/readyz") as pid:
                yield Stage(address.socket, port, pid, rows, good, bad, lines)
        finally:
            database.remove()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.csv_speed", description=__doc__)
    add = parser.add_argument
    add("--rows", type=int, default=1_000_000)
    add("--rounds", type=int, default=3)
    add("--large", type=int, default=1024, help="megabytes of the large file, 0 for none (%(default)s)")
    add("--quick", action="store_true", help="100,000 rows, one round, no large file: a look, not a result")
    add("--json", type=Path, help="where the figures are written for programs")
    return parser.parse_args()


def main() -> int:
    """The command. 1 if a server does not start or an import is not what it must be."""
    # Ended from outside, it still ends the servers and the database.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = _arguments()
    rows, rounds, megabytes = arguments.rows, arguments.rounds, arguments.large
    if arguments.quick:
        rows, rounds, megabytes = 100_000, 1, 0
    try:
        with staged(rows) as stage:
            large = csv_data.write_large(stage.good, megabytes) if megabytes else None
            figures = measure(stage, rounds, large)
    except (StartFailed, DatabaseFailed, NotInstalled, Failed) as error:
        _say(str(error))
        return 1
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"seconds": figures.seconds, "others": figures.others}, indent=1) + "\n")
    sys.stdout.write(table(figures, rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
