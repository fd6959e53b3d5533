"""How many workers, connections and database servers a load takes: `python -m bench.capacity`.

The CPU time of each kind of request comes from a run of `make bench`: its JSON, or the table in docs/performance.md.
Sizes follow from it by division; a simulation (`bench/queueing.py`) then shows what requests wait there, and how many
connections a worker has in use. What it leaves out: the network, disks, locks, and rows that are not in memory.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

from bench.queueing import Kind, Outcome, Site, simulate

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
WRITES: Final = frozenset({"insert_one", "insert_10000", "rest_insert"})
MOST_REQUESTS: Final = 150_000
"""Requests of one simulation: some seconds of work."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds that one request of a workload takes of the server and of the database."""

    server: float
    database: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be sized: cores are busy for at most `busy` of the time, a database server has `cores` cores."""

    rate: float
    busy: float
    cores: int


@dataclass(frozen=True, slots=True)
class Size:
    """The answer: database cores are those in use at that share, `replicas` stand beside the writer."""

    workers: int
    writer_cores: int
    replicas: int
    replica_cores: int


def costs_of_page(page: str) -> dict[str, Cost]:
    """The costs of `ours` in the table of docs/performance.md, by workload.

    Raises:
        ValueError: The page has no such table.
    """
    found: dict[str, Cost] = {}
    workload = ""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        named = re.fullmatch(r"\*\*(\w+)\*\*.*", cells[0])
        if named:
            workload = named[1]
        elif cells[0] == "ours" and len(cells) == 9 and workload not in found:
            found[workload] = Cost(float(cells[4]), float(cells[5]))
    if not found:
        msg = "docs/performance.md has no row of `ours` with its CPU times"
        raise ValueError(msg)
    return found


def costs_of_run(run: Mapping[str, object]) -> dict[str, Cost]:
    """The same from what `python -m bench --json FILE` wrote: medians of the rounds; a failed window counts not."""
    cells = run["cells"]
    assert isinstance(cells, dict)
    found = {}
    for workload, contenders in cells.items():
        rounds = [cell for cell in contenders.get("ours", ()) if isinstance(cell, dict)]
        if rounds:
            found[workload] = Cost(
                median(cell["server"] for cell in rounds), median(cell["database"] for cell in rounds)
            )
    return found


def mix(text: str, costs: Mapping[str, Cost]) -> tuple[Kind, ...]:
    """Reads `by_key=90,list=9,insert_one=1`; the shares are made to sum up to 1.

    Raises:
        ValueError: A workload that was not measured, or a share that is not above 0.
    """
    shares = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        if name not in costs:
            msg = f"{name!r} was not measured; there are {', '.join(costs)}"
            raise ValueError(msg)
        shares[name] = float(share)
        if not 0 < shares[name] < math.inf:
            msg = f"the share of {name} has to be above 0"
            raise ValueError(msg)
    whole = sum(shares.values())
    return tuple(Kind(name, share / whole, costs[name].server, costs[name].database) for name, share in shares.items())


def sized(wanted: Wanted, kinds: Sequence[Kind]) -> Size:
    """Workers by their CPU time. Reads move to replicas once the writer alone would be too small for all.

    A write costs each replica what it costs the writer.

    Raises:
        ValueError: The writes alone are too much for one writer: no number of replicas helps.
    """
    a_core = 1000 * wanted.busy
    server = wanted.rate * sum(kind.share * kind.server for kind in kinds) / a_core
    writes = wanted.rate * sum(kind.share * kind.database for kind in kinds if kind.name in WRITES) / a_core
    reads = wanted.rate * sum(kind.share * kind.database for kind in kinds if kind.name not in WRITES) / a_core
    workers = max(1, math.ceil(server))
    if writes >= wanted.cores:
        msg = f"{wanted.rate:,.0f} requests/s write more than a writer of {wanted.cores} cores can: shards are needed"
        raise ValueError(msg)
    if writes + reads <= wanted.cores:
        return Size(workers, max(1, math.ceil(writes + reads)), 0, 0)
    replicas = math.ceil(reads / (wanted.cores - writes))
    return Size(workers, max(1, math.ceil(writes)), replicas, math.ceil(writes + reads / replicas))


def simulated(wanted: Wanted, size: Size, kinds: Sequence[Kind]) -> Outcome:
    """One database server and its share of the workers: the writer without replicas, else a replica.

    Each replica does all writes again, for which no worker of its share does anything. A worker takes turns over the
    replicas: it has as many connections in use at all of them together as a worker of the share has at the one.
    """
    parts = max(1, size.replicas)
    rates = {kind: wanted.rate * kind.share / (1 if kind.name in WRITES else parts) for kind in kinds}
    rate = sum(rates.values())
    site = Site(
        rate=rate,
        workers=max(1, round(size.workers / parts)),
        cores=size.replica_cores or size.writer_cores,
        kinds=[
            replace(kind, share=its / rate, server=kind.server / (parts if kind.name in WRITES else 1))
            for kind, its in rates.items()
        ],
    )
    return simulate(site, seconds=min(10.0, MOST_REQUESTS / rate))


HEAD: Final = (
    "requests/s",
    "workers",
    "writer's cores",
    "replicas x cores",
    "p50 ms",
    "p99 ms",
    "connections a worker",
    "connections in all",
)


def row(wanted: Wanted, kinds: Sequence[Kind]) -> tuple[str, ...]:
    """One line of the table."""
    try:
        size = sized(wanted, kinds)
    except ValueError as error:
        return (f"{wanted.rate:,.0f}", str(error), *[""] * (len(HEAD) - 2))
    outcome = simulated(wanted, size, kinds)
    return (
        f"{wanted.rate:,.0f}",
        f"{size.workers:,}",
        str(size.writer_cores),
        f"{size.replicas} x {size.replica_cores}" if size.replicas else "none",
        f"{outcome.p50:.2f}",
        f"{outcome.p99:.2f}",
        str(outcome.statements),
        f"{outcome.statements * size.workers:,}",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    add = parser.add_argument
    add("--figures", type=Path, help="JSON of a run of `python -m bench`; else docs/performance.md")
    add("--mix", default="by_key=90,list=9,insert_one=1", help="workloads and their shares (%(default)s)")
    add("--rates", type=float, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="N", help="requests a second")
    add("--busy", type=float, default=0.6, help="how busy cores are at most (%(default)s)")
    add("--cores", type=int, default=16, help="cores of a database server (%(default)s)")
    given = parser.parse_args(arguments)
    if not 0 < given.busy < 1:
        parser.error("--busy is between 0 and 1")
    try:
        costs = (
            costs_of_run(json.loads(given.figures.read_text())) if given.figures else costs_of_page(PAGE.read_text())
        )
        kinds = mix(given.mix, costs)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    lines = [HEAD, ("---:",) * len(HEAD)]
    lines += [row(Wanted(rate, given.busy, given.cores), kinds) for rate in given.rates]
    sys.stdout.write("".join(f"| {' | '.join(line)} |\n" for line in lines))


if __name__ == "__main__":
    main()
