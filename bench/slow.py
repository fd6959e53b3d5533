"""`python -m bench.slow`: slow reads by the default settings, once stopped and sent again, once left to go on."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.contenders import StartFailed, spawned
from bench.growth_data import NAME, Database, remove, running
from bench.growth_shapes import ROW
from bench.processes import cpu_seconds
from tests.harness.engines import EngineName
from tests.harness.ports import free_port
from tests.harness.servers import NotInstalled, StartFailed as DatabaseFailed

WAYS: Final = ("restart", "continue")
"""The values of RETRY_SLOW."""


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of read: a query on the table of 1e6 rows, asked by so many clients without a pause."""

    name: str
    query: str
    clients: int = 1
    calls: int = 3
    """Of each client in a round."""


LOADS: Final = (
    Load("the 100 largest, no index, 1 client", f"g6(limit: 100, order_by: {{amount: desc}}) {{ {ROW} }}"),
    Load(
        "sum of each category, 1e6 rows, 1 client", "g6_group(by: [cat]) { key { cat } aggregate { sum { amount } } }"
    ),
    Load("10,000 rows, 16 clients", f"g6(limit: 10000, order_by: {{id: asc}}) {{ {ROW} }}", clients=16, calls=4),
)


@dataclass(slots=True)
class Figures:
    """What came of one load: seconds of each call, how many failed, CPU seconds of database and server in all."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    elapsed: float = 0.0
    database: float = 0.0
    server: float = 0.0

    def cells(self) -> tuple[str, ...]:
        """Median and slowest call, answers a second, failures, CPU for each answer."""
        answered = len(self.seconds) - self.failed
        cpu = (f"{each / answered * 1000:,.0f}" if answered else "" for each in (self.database, self.server))
        median, slowest = statistics.median(self.seconds), max(self.seconds)
        failed = f"{self.failed} of {len(self.seconds)}"
        return f"{median:.2f}", f"{slowest:.2f}", f"{answered / self.elapsed:.2f}", failed, *cpu


@dataclass(frozen=True, slots=True)
class Server:
    """A server that treats slow statements in one way, and its database's process."""

    port: int
    pid: int
    database: int

    def run(self, load: Load, figures: Figures) -> None:
        """One round of a load, added to the figures."""
        started, before = time.perf_counter(), (cpu_seconds(self.database), cpu_seconds(self.pid))
        with ThreadPoolExecutor(load.clients) as clients:
            for calls in clients.map(lambda _: list(self._calls(load)), range(load.clients)):
                figures.seconds += [seconds for seconds, _ in calls]
                figures.failed += sum(not good for _, good in calls)
        figures.elapsed += time.perf_counter() - started
        figures.database += cpu_seconds(self.database) - before[0]
        figures.server += cpu_seconds(self.pid) - before[1]

    def _calls(self, load: Load) -> Iterator[tuple[float, bool]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps({"query": f"{{ {load.query} }}"})
        for _ in range(load.calls):
            started = time.perf_counter()
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
            answer = connection.getresponse().read()
            yield time.perf_counter() - started, b'"errors"' not in answer[:200]
        connection.close()


@contextmanager
def _server(database: Database, way: str) -> Iterator[Server]:
    """The program by its defaults, but for the log."""
    port = free_port()
    environment = {"DB_SOCKET": database.socket, "DB_USER": "root", "DB_NAME": NAME, "PORT": str(port)}
    environment |= {"LOG_LEVEL": "error", "ENV_FILE": os.devnull, "RETRY_SLOW": way}
    command = [sys.executable, "-m", "graphql_app", "serve"]
    with spawned(way, command, environment, port, database.folder, "/readyz") as pid:
        yield Server(port, pid, database.pid)


def of_engine(engine: EngineName, folder: Path, rounds: int) -> dict[str, dict[str, Figures]]:
    """The figures by load and way, in interleaved rounds. Raises what keeps a server from starting."""
    found = {load.name: {way: Figures() for way in WAYS} for load in LOADS}
    with ExitStack() as stack:
        database = stack.enter_context(running(engine, folder, ["g6"]))
        servers = {way: stack.enter_context(_server(database, way)) for way in WAYS}
        for number in range(rounds):
            for load in LOADS:
                for way in WAYS if number % 2 else reversed(WAYS):
                    servers[way].run(load, found[load.name][way])
                    sys.stderr.write(f"{engine}, {load.name}, {way}: {found[load.name][way].cells()}\n")
    return found


def table(found: dict[str, dict[str, Figures]]) -> str:
    """The figures as a table in Markdown."""
    head = ("", "RETRY_SLOW", "median s", "slowest s", "answers/s", "failed", "db CPU ms", "server CPU ms")
    lines: list[Sequence[str]] = [head, ("---", "---", *["---:"] * (len(head) - 2))]
    for name, by_way in found.items():
        lines += [(name, way, *figures.cells()) for way, figures in by_way.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> int:
    """The command. 1 if a server does not start."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(prog="python -m bench.slow", description=__doc__)
    parser.add_argument("--engines", default="mariadb", help="comma-separated (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, help="a folder that keeps the databases, as that of bench.growth")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(prefix="graphql-app-slow-") as temporary:
        folder = Path(temporary) if options.data is None else options.data.absolute()
        for engine in map(EngineName, options.engines.split(",")):
            try:
                found = of_engine(engine, folder, options.rounds)
                sys.stdout.write(f"**{engine}**\n\n{table(found)}\n\n")
            except (StartFailed, DatabaseFailed, NotInstalled) as error:
                sys.stderr.write(f"{engine}: {error}\n")
                failed = True
            finally:
                if options.data is None:
                    remove(engine, folder)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
