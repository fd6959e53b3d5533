"""The sizes of `bench/capacity.py`: its simulation agrees with queueing theory, its divisions with its input."""

from __future__ import annotations

import math

import pytest

from bench.capacity import PAGE, Cost, Wanted, costs_of_page, costs_of_run, main, mix, row, simulated, sized
from bench.queueing import Kind, Site, simulate

COSTS = {"by_key": Cost(0.1, 0.05), "insert_one": Cost(0.2, 0.1)}


def erlang_wait(rate: float, service: float, cores: int) -> float:
    """Mean milliseconds in a station of exponential services with one line (Erlang C); `rate` is a millisecond's."""
    load = rate * service
    last = load**cores / math.factorial(cores) * cores / (cores - load)
    waiting = last / (sum(load**n / math.factorial(n) for n in range(cores)) + last)
    return service + waiting * service / (cores - load)


@pytest.mark.parametrize(("busy", "cores"), [(0.3, 1), (0.6, 1), (0.6, 4), (0.8, 8)])
def test_a_station_waits_as_erlang_says(busy: float, cores: int) -> None:
    """The workers are so quick that all of the time is the database's."""
    rate = busy * cores * 1000
    kind = Kind("a", 1.0, server=1e-6, database=1.0)
    found = simulate(Site(rate, 1, cores, [kind]), seconds=120_000 / rate, seed=7)
    assert found.mean == pytest.approx(erlang_wait(rate / 1000, 1.0, cores), rel=0.08)


def test_a_worker_that_is_nearly_full_waits_longer_than_one_that_is_not() -> None:
    kind = Kind("a", 1.0, server=1.0, database=0.001)
    calm, full = (simulate(Site(rate, 2, 4, [kind]), seconds=20) for rate in (800, 1_800))
    assert full.p99 > 2 * calm.p99
    assert calm.answered == pytest.approx(0.9 * 20 * 800, rel=0.05)


def test_sizes_are_the_time_over_the_time_of_a_core() -> None:
    kinds = mix("by_key=3,insert_one=1", COSTS)
    assert [kind.share for kind in kinds] == [0.75, 0.25]
    size = sized(Wanted(10_000, 0.5, 16), kinds)
    # Server: 10,000 x (0.75 x 0.1 + 0.25 x 0.2) ms = 1.25 s a second, at most half of each core.
    assert (size.workers, size.writer_cores, size.replicas) == (3, 2, 0)


def test_reads_move_to_replicas_and_writes_reach_them_all() -> None:
    kinds = mix("by_key=3,insert_one=1", COSTS)
    size = sized(Wanted(100_000, 0.5, 8), kinds)
    # Writes keep 5 cores busy everywhere, reads 7.5 of which 3 find room beside them on a server of 8.
    assert (size.writer_cores, size.replicas, size.replica_cores) == (5, 3, 8)
    assert simulated(Wanted(100_000, 0.5, 8), size, kinds).p99 < 5


def test_more_writes_than_a_writer_can_are_no_matter_of_replicas() -> None:
    assert "shards" in row(Wanted(1_000_000, 0.5, 8), mix("by_key=3,insert_one=1", COSTS))[1]


def test_costs_come_from_the_page_and_from_a_run() -> None:
    found = costs_of_page(PAGE.read_text())
    assert {"by_key", "list", "insert_one"} <= found.keys()
    assert all(0 < cost.server < 1_000 for cost in found.values())
    cell = {"server": 0.1, "database": 0.05}
    run = {"cells": {"by_key": {"ours": [cell, {"server": 0.3, "database": 0.07}, cell, "failed"]}, "x": {"limit": []}}}
    assert costs_of_run(run) == {"by_key": Cost(0.1, 0.05)}


@pytest.mark.parametrize("text", ["nothing=1", "by_key=0", "by_key=-1", "by_key=x", "by_key", ""])
def test_a_mix_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"measured|above 0|float"):
        mix(text, COSTS)


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rates", "1000", "--mix", "by_key=1"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| 1,000 | 1 | 1 | none | ")
