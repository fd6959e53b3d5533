"""The measuring: every workload on every server, round after round, and what comes of each cell."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.contenders import ROOT, Running
from bench.database import Database
from bench.load import Outcome, Task, write_requests
from bench.memory import Memory
from bench.processes import forget_peak, peak_megabytes
from bench.workloads import Workload


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: windows and warm-up in seconds."""

    rounds: int
    window: float
    warm_up: float
    connections: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One window: a workload on a server in a round. CPU in milliseconds a request, latencies in milliseconds."""

    requests: float  # a second
    p50: float
    p99: float
    server: float
    database: float
    memory: float  # the server's peak, in 10^6 bytes
    foreign: float  # cores that were busy with something else

    @property
    def cpu(self) -> float:
        """Server and database together."""
        return self.server + self.database


@dataclass(slots=True)
class Results:
    """All cells by workload, contender and round; a cell that failed is a text that says why.

    `large` is what one large answer took of each contender's memory.
    """

    cells: dict[str, dict[str, list[Cell | str]]] = field(default_factory=dict)
    large: dict[str, Memory] = field(default_factory=dict)

    def add(self, workload: str, contender: str, cell: Cell | str) -> None:
        """Takes the cell of the next round."""
        self.cells.setdefault(workload, {}).setdefault(contender, []).append(cell)


def cell_of(outcome: Outcome, memory: float) -> Cell:
    """An outcome, for each request."""
    each = 1_000 / outcome.answers
    return Cell(
        requests=outcome.answers / outcome.seconds,
        p50=outcome.p50 * 1_000,
        p99=outcome.p99 * 1_000,
        server=outcome.cpu["server"] * each,
        database=outcome.cpu["database"] * each,
        memory=memory,
        foreign=outcome.foreign,
    )


def measure(
    plan: Plan,
    workloads: Mapping[Workload, Sequence[Running]],
    database: Database,
    progress: Callable[[str], None],
) -> Results:
    """Runs the whole plan. Servers take turns, in another order each round; `progress` gets a line a cell."""
    results = Results()
    files = _prepare(workloads, database.folder)
    for number in range(plan.rounds):
        for workload, servers in workloads.items():
            turn = number % len(servers)
            for server in [*servers[turn:], *servers[:turn]]:
                if workload.writes and server.database == database.pid:
                    database.run("TRUNCATE TABLE comments")
                cell = _window(plan, files[workload, server.contender.name], server)
                results.add(workload.name, server.contender.name, cell)
                said = cell if isinstance(cell, str) else f"{cell.requests:,.1f}/s, {cell.cpu:.3f} ms CPU a request"
                progress(f"round {number + 1}/{plan.rounds} {workload.name:14} {server.contender.name:14} {said}")
    return results


def _prepare(workloads: Mapping[Workload, Sequence[Running]], folder: Path) -> dict[tuple[Workload, str], Path]:
    files: dict[tuple[Workload, str], Path] = {}
    for workload, servers in workloads.items():
        variables = workload.variables()
        for server in servers:
            requests = [server.contender.request(workload, values) for values in variables]
            file = folder / f"{workload.name}.{server.contender.name}.requests"
            write_requests([request for request in requests if request is not None], file)
            files[workload, server.contender.name] = file
    return files


def _window(plan: Plan, requests: Path, server: Running) -> Cell | str:
    task = Task(
        port=server.port,
        requests=str(requests),
        connections=plan.connections,
        warm_up=plan.warm_up,
        window=plan.window,
        watched={"server": server.pid, "database": server.database},
    )
    forget_peak(server.pid)
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        input=json.dumps(asdict(task)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"failed: {done.stderr.strip() or done.returncode}"
    return cell_of(Outcome(**json.loads(done.stdout)), peak_megabytes(server.pid))
