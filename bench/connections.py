"""`python -m bench.connections`: calls by key over 16 to 1,000 connections, by the settings as they come."""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from bench import contenders, database
from bench.contenders import CONTENDERS, DEFAULTS, LIMIT, Running
from bench.database import Database
from bench.measure import Cell, Plan, Results, measure
from bench.workloads import WORKLOADS
from tests.harness import servers
from tests.harness.ports import free_port

COUNTS = (16, 64, 256, 1000)
WARNING = "warning"
"""The settings as they come, without a log line for each request."""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def _without_lines(data: Database) -> Iterator[Running]:
    port = free_port()
    command, environment = contenders._command(DEFAULTS, data, port)
    quiet = environment | {"LOG_LEVEL": "warning"}
    with contenders.spawned(WARNING, command, quiet, port, data.folder, "/readyz") as pid:
        yield Running(replace(CONTENDERS[DEFAULTS], name=WARNING), port, pid, data.pid)


def _medians(cells: Sequence[Cell | str], value: Callable[[Cell], float]) -> float:
    return statistics.median(value(cell) for cell in cells if isinstance(cell, Cell))


def _row(count: int, workload: str, results: Results) -> str:
    """One row of the table: requests a second, CPU of the server, p50/p99; ratios are medians of each round's."""
    found = results.cells[workload]
    broken = [f"{name}: {cell}" for name, cells in found.items() for cell in cells if isinstance(cell, str)]
    if broken:
        return f"| {count:,} | {'; '.join(broken)} |"
    cells = [
        f"{_medians(each, lambda cell: cell.requests):,.0f}, {_medians(each, lambda cell: cell.server):.3f} ms, "
        f"{_medians(each, lambda cell: cell.p50):.0f}/{_medians(each, lambda cell: cell.p99):.0f}"
        for each in (found[LIMIT], found[WARNING], found[DEFAULTS])
    ]
    cells += [_ratio(found[WARNING], found[LIMIT]), _ratio(found[DEFAULTS], found[WARNING])]
    return f"| {count:,} | {' | '.join(cells)} |"


def _ratio(above: Sequence[Cell | str], below: Sequence[Cell | str]) -> str:
    """By requests a second, and by the server's CPU (more than 1: takes less)."""
    pairs = [(a, b) for a, b in zip(above, below, strict=True) if isinstance(a, Cell) and isinstance(b, Cell)]
    requests = statistics.median(a.requests / b.requests for a, b in pairs)
    cpu = statistics.median(b.server / a.server for a, b in pairs)
    return f"{requests:.2f} (CPU {cpu:.2f})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.connections", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=float, default=5.0, help="seconds measured in each round")
    parser.add_argument("--counts", type=lambda text: [int(each) for each in text.split(",")], default=COUNTS)
    parser.add_argument("--workload", default="by_key", choices=[each.name for each in WORKLOADS])
    return parser.parse_args()


def main() -> int:
    """The command. 1 if a server does not start."""
    options = _arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    workload = next(each for each in WORKLOADS if each.name == options.workload)
    with ExitStack() as stack:
        try:
            data = stack.enter_context(database.running())
            running = [stack.enter_context(contenders.running(name, data)) for name in (LIMIT, DEFAULTS)]
            running.append(stack.enter_context(_without_lines(data)))
        except (contenders.StartFailed, servers.StartFailed, servers.NotInstalled) as error:
            sys.stderr.write(f"{error}\n")
            return 1
        _say("| connections | limit | ours, LOG_LEVEL=warning | ours, default | ours/limit | default/warning |")
        _say("|---|---|---|---|---|---|")
        for count in options.counts:
            plan = Plan(options.rounds, options.window, 1.0, count)
            _say(_row(count, workload.name, measure(plan, {workload: running}, data, lambda _: None)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
