"""The figures: medians over the rounds, ratios within each round, and whether they reach what was set. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from statistics import median
from typing import Any, Final

from bench.contenders import BY_HAND, CONTENDERS, DEFAULTS, LIMIT, NO_LEDGER, OURS, POSTGRAPHILE
from bench.measure import Cell, Plan, Results
from bench.workloads import LARGE_ANSWER, MOST_MEGABYTES, OF_QUIET, WORKLOADS

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
    memory: float
    foreign: float
    spread: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """One contender over another: medians of the ratios in each round. Above 1 the first one is faster.

    `cpu` counts the CPU time of server and database, `server` that of the server alone.
    """

    requests: float
    cpu: float
    server: float


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of `one` to reach in a workload, in requests and in CPU time; `ahead`: it is to be beaten, not met.

    CPU time is the server's and the database's, for work can be moved from one to the other.
    `server_only` leaves the database out: where it does the same for both, what it takes
    hides how much less the server takes.
    """

    workload: str
    other: str
    least: float
    ahead: bool = False
    server_only: bool = False
    one: str = OURS

    @property
    def wanted(self) -> str:
        """The goal in words."""
        beside = f"ahead of {self.other}" if self.ahead else f"{self.least:g} x {self.other}"
        return beside if self.one == OURS else f"{self.one}: {beside}"

    def worse(self, found: Ratio) -> float:
        """The less favourable of the two ratios that count."""
        return min(found.requests, found.server if self.server_only else found.cpu)


def goals() -> list[Goal]:
    """Every ratio that was set."""
    made = [Goal(each.name, LIMIT, each.of_limit) for each in WORKLOADS if each.of_limit is not None]
    made += [
        Goal(each.name, BY_HAND, each.of_by_hand, server_only=True) for each in WORKLOADS if each.of_by_hand is not None
    ]
    made += [Goal(each.name, POSTGRAPHILE, 1, ahead=True) for each in WORKLOADS]
    made += [Goal(each.name, OURS, OF_QUIET, one=DEFAULTS) for each in WORKLOADS]
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
        memory=max(cell.memory for cell in good),
        foreign=median(cell.foreign for cell in good),
        spread=max(rates) / min(rates),
    )


def beside_its_own(contender: str, by_contender: Mapping[str, Sequence[Cell | str]]) -> Ratio | None:
    """A contender beside the one that its ratios are with; None where that one took no part."""
    other = CONTENDERS[contender].beside if contender in CONTENDERS else LIMIT
    return ratio(by_contender[contender], by_contender.get(other, ()))


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
        cpu=median(_over(right.cpu, left.cpu) for left, right in pairs),
        server=median(_over(right.server, left.server) for left, right in pairs),
    )


def _over(one: float, other: float) -> float:
    # A window of a slow server may hold less than a tick of CPU time of the fast one's kind of work.
    return one / max(other, 1e-9)


def verdict(found: Ratio, goal: Goal) -> Verdict:
    """Whether both ratios reach the goal. To be ahead takes a gap that is resolved."""
    worse = goal.worse(found)
    if worse >= goal.least * (RESOLVED if goal.ahead else 1):
        return Verdict.REACHED
    return Verdict.UNRESOLVED if worse >= goal.least / RESOLVED else Verdict.MISSED


_COLUMNS: Final = (
    ("requests/s", 11, ",.1f"),
    ("p50 ms", 9, ".2f"),
    ("p99 ms", 9, ".2f"),
    ("server ms", 11, ".3f"),
    ("db ms", 9, ".3f"),
    ("of limit", 10, ".2f"),
    ("cpu", 7, ".2f"),
    ("server", 8, ".2f"),
    ("peak MB", 9, ",.0f"),
    ("spread", 8, ".2f"),
    ("foreign", 9, ".2f"),
)
LEGEND: Final = """\
server ms, db ms: CPU time a request. of limit: requests/s over the limit's (by TCP: over limit-tcp's); cpu: its
CPU time over this one's, server and database; server: the same of the server alone. peak MB: the server's memory.
spread: fastest over slowest round. foreign: cores busy with something else. Medians over the rounds; ratios are taken
within each round."""


def table(results: Results) -> str:
    """Everything, for people."""
    titles = {workload.name: workload.title for workload in WORKLOADS}
    head = f"{'':14}" + "".join(f"{title:>{width}}" for title, width, _ in _COLUMNS)
    lines = [LEGEND]
    for name, by_contender in results.cells.items():
        lines += ["", f"{name}: {titles[name]}", head, *(_line(contender, by_contender) for contender in by_contender)]
    lines += ["", f"{'goals of ours':38}{'requests/s':>11}{'cpu':>8}{'server':>8}", *_goal_lines(results)]
    return "\n".join(lines)


def _line(contender: str, by_contender: Mapping[str, Sequence[Cell | str]]) -> str:
    cells = by_contender[contender]
    found = summary(cells)
    if found is None:
        return f"{contender:14} {cells[0]}"
    beside = beside_its_own(contender, by_contender)
    ratios = (beside.requests, beside.cpu, beside.server) if beside else (None, None, None)
    values = (found.requests, found.p50, found.p99, found.server, found.database, *ratios, found.memory)
    values += (found.spread, found.foreign)
    shown = [
        f"{'' if value is None else format(value, form):>{width}}"
        for value, (_, width, form) in zip(values, _COLUMNS, strict=True)
    ]
    failed = sum(isinstance(cell, str) for cell in cells)
    return f"{contender:14}" + "".join(shown) + (f"  {failed} rounds failed" if failed else "")


def judged(results: Results) -> list[tuple[Goal, Ratio, Verdict]]:
    """Every goal about which this run says something."""
    made = []
    for goal in goals():
        cells = results.cells.get(goal.workload, {})
        found = ratio(cells.get(goal.one, ()), cells.get(goal.other, ()))
        if found is not None:
            made.append((goal, found, verdict(found, goal)))
    return made


def peak(results: Results, contender: str) -> float | None:
    """The most memory a contender took in any window, in 10^6 bytes; None if it was in none."""
    cells = [cell for each in results.cells.values() for cell in each.get(contender, ()) if isinstance(cell, Cell)]
    return max((cell.memory for cell in cells), default=None)


def ledger_costs(results: Results) -> list[tuple[str, Ratio]]:
    """Each workload that ours did with the ledger and without, and how it does with it beside without."""
    found = [(name, ratio(cells.get(OURS, ()), cells.get(NO_LEDGER, ()))) for name, cells in results.cells.items()]
    return [(name, each) for name, each in found if each is not None]


def _goal_lines(results: Results) -> list[str]:
    lines = [_goal_line(*each) for each in judged(results)]
    lines += [
        f"{name:15}{'with the ledger':23}{each.requests:11.2f}{each.cpu:8.2f}{'':8}  of what it does without"
        for name, each in ledger_costs(results)
    ]
    lines += [f"{f'memory {what}':38}{found:11,.1f}{'':16}  {said}" for what, found, said in memory_goals(results)]
    return lines or ["(ours did not take part)"]


def memory_goals(results: Results) -> list[tuple[str, float, Verdict]]:
    """What was set for our memory, what was found, and whether that reaches it."""
    made: list[tuple[str, float, float]] = []
    memory = peak(results, OURS)
    if memory is not None:
        made.append((f"at most {MOST_MEGABYTES} MB", memory, MOST_MEGABYTES))
    if OURS in results.large:
        most = LARGE_ANSWER.most_times
        made.append((f"at most {most:g} x {LARGE_ANSWER.workload}", results.large[OURS].times, most))
    return [(what, found, Verdict.REACHED if found <= most else Verdict.MISSED) for what, found, most in made]


def _goal_line(goal: Goal, found: Ratio, said: Verdict) -> str:
    cpu, server = ("", f"{found.server:.2f}") if goal.server_only else (f"{found.cpu:.2f}", "")
    return f"{goal.workload:15}{goal.wanted:23}{found.requests:11.2f}{cpu:>8}{server:>8}  {said}"


def document(plan: Plan, results: Results, machine: Mapping[str, str | int]) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "plan": asdict(plan),
        "machine": dict(machine),
        "cells": {
            workload: {
                contender: [cell if isinstance(cell, str) else asdict(cell) for cell in cells]
                for contender, cells in by_contender.items()
            }
            for workload, by_contender in results.cells.items()
        },
        "ledger": {name: asdict(each) for name, each in ledger_costs(results)},
        "large_answers": {name: {**asdict(each), "times": each.times} for name, each in results.large.items()},
        "goals": [{**asdict(goal), **asdict(found), "verdict": said} for goal, found, said in judged(results)],
    }
