"""The figures: medians over the rounds, ratios within each round, and whether they reach what was set. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from statistics import median
from typing import Any, Final

from bench.contenders import BY_HAND, LIMIT, OURS, POSTGRAPHILE
from bench.measure import Cell, Plan, Results
from bench.workloads import MOST_MEGABYTES, WORKLOADS

RESOLVED: Final = 1.25
"""A gap smaller than this factor is not resolved by these measurements."""


class Verdict(StrEnum):
    """What a figure says about its goal."""

    REACHED = "reached"
    UNRESOLVED = "unresolved"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Summary:
    """A contender in a workload: medians over its rounds; `spread` is the largest over the smallest requests/s."""

    requests: float
    p50: float
    p99: float
    server: float
    database: float
    foreign: float
    spread: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """One contender over another: medians of the ratios in each round. Above 1 the first one is faster."""

    requests: float
    cpu: float

    @property
    def worse(self) -> float:
        """The less favourable of the two."""
        return min(self.requests, self.cpu)


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of ours to reach in a workload; `ahead`: it is to be beaten, not met."""

    workload: str
    other: str
    least: float
    ahead: bool = False


def goals() -> list[Goal]:
    """Every ratio that was set."""
    made = [Goal(each.name, LIMIT, each.of_limit) for each in WORKLOADS if each.of_limit is not None]
    made += [Goal(each.name, BY_HAND, each.of_by_hand) for each in WORKLOADS if each.of_by_hand is not None]
    made += [Goal(each.name, POSTGRAPHILE, 1, ahead=True) for each in WORKLOADS]
    return made


def summary(cells: Sequence[Cell | str]) -> Summary | None:
    """The medians of the cells that did not fail; None if all did."""
    good = [cell for cell in cells if isinstance(cell, Cell)]
    if not good:
        return None
    rates = [cell.requests for cell in good]
    return Summary(
        requests=median(rates),
        p50=median(cell.p50 for cell in good),
        p99=median(cell.p99 for cell in good),
        server=median(cell.server for cell in good),
        database=median(cell.database for cell in good),
        foreign=median(cell.foreign for cell in good),
        spread=max(rates) / min(rates),
    )


def ratio(one: Sequence[Cell | str], other: Sequence[Cell | str]) -> Ratio | None:
    """How the first does beside the second, in the rounds in which neither failed; None if there are none."""
    pairs = [
        (left, right)
        for left, right in zip(one, other, strict=False)
        if isinstance(left, Cell) and isinstance(right, Cell)
    ]
    if not pairs:
        return None
    return Ratio(
        requests=median(left.requests / right.requests for left, right in pairs),
        cpu=median(right.cpu / left.cpu for left, right in pairs),
    )


def verdict(found: Ratio, goal: Goal) -> Verdict:
    """Whether both ratios reach the goal. To be ahead takes a gap that is resolved."""
    if found.worse >= goal.least * (RESOLVED if goal.ahead else 1):
        return Verdict.REACHED
    return Verdict.UNRESOLVED if found.worse >= goal.least / RESOLVED else Verdict.MISSED


def table(results: Results, memory: Mapping[str, float]) -> str:
    """Everything, for people."""
    titles = {workload.name: workload.title for workload in WORKLOADS}
    head = f"{'':14}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'server ms':>11}{'db ms':>9}{'of limit':>10}{'by CPU':>8}"
    lines = []
    for name, by_contender in results.cells.items():
        lines += ["", f"{name}: {titles[name]}", head + f"{'spread':>8}{'foreign':>9}"]
        lines += [_line(contender, by_contender) for contender in by_contender]
    lines += ["", "server: peak memory in MB", *(f"{name:14}{size:11,.0f}" for name, size in memory.items())]
    lines += ["", "goals of ours: by requests/s, by CPU", *_goal_lines(results, memory)]
    return "\n".join(lines[1:])


def _line(contender: str, by_contender: Mapping[str, Sequence[Cell | str]]) -> str:
    cells = by_contender[contender]
    found = summary(cells)
    if found is None:
        return f"{contender:14} {cells[0]}"
    beside = ratio(cells, by_contender.get(LIMIT, ()))
    ratios = f"{beside.requests:10.2f}{beside.cpu:8.2f}" if beside else f"{'':18}"
    return (
        f"{contender:14}{found.requests:11,.1f}{found.p50:9.2f}{found.p99:9.2f}{found.server:11.3f}"
        f"{found.database:9.3f}{ratios}{found.spread:8.2f}{found.foreign:9.2f}"
    )


def judged(results: Results) -> list[tuple[Goal, Ratio, Verdict]]:
    """Every goal about which this run says something."""
    made = []
    for goal in goals():
        cells = results.cells.get(goal.workload, {})
        found = ratio(cells.get(OURS, ()), cells.get(goal.other, ()))
        if found is not None:
            made.append((goal, found, verdict(found, goal)))
    return made


def _goal_lines(results: Results, memory: Mapping[str, float]) -> list[str]:
    lines = [
        f"{goal.workload:14}{'ahead of' if goal.ahead else f'{goal.least:g} x':>9} {goal.other:14}"
        f"{found.requests:8.2f}{found.cpu:8.2f}  {said}"
        for goal, found, said in judged(results)
    ]
    if OURS in memory:
        said = Verdict.REACHED if memory[OURS] <= MOST_MEGABYTES else Verdict.MISSED
        lines.append(f"{'memory':14}{f'at most {MOST_MEGABYTES} MB':24}{memory[OURS]:8.0f}          {said}")
    return lines or ["(ours did not take part)"]


def document(plan: Plan, results: Results, memory: Mapping[str, float], versions: Mapping[str, str]) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "plan": asdict(plan),
        "versions": dict(versions),
        "cells": {
            workload: {
                contender: [cell if isinstance(cell, str) else asdict(cell) for cell in cells]
                for contender, cells in by_contender.items()
            }
            for workload, by_contender in results.cells.items()
        },
        "peak_megabytes": dict(memory),
        "goals": [{**asdict(goal), **asdict(found), "verdict": said} for goal, found, said in judged(results)],
    }
