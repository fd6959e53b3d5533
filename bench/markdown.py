"""The figures as tables of Markdown, ready for `docs/performance.md`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bench.measure import Cell, Plan, Results
from bench.report import beside_its_own, judged, memory_goals, summary
from bench.workloads import WORKLOADS

_HEAD: Final = ("server", "requests/s", "p50 ms", "p99 ms", "server ms", "db ms", "of limit", "CPU", "peak MB")
_GOALS: Final = ("workload", "goal", "requests/s", "CPU", "server CPU", "")


def page(plan: Plan, results: Results, machine: Mapping[str, str | int]) -> str:
    """Where and how it was measured, a table for all workloads, one for the goals, one for the memory."""
    titles = {workload.name: workload.title for workload in WORKLOADS}
    rows: list[Sequence[str]] = []
    for name, by_contender in results.cells.items():
        rows.append((f"**{name}** {titles[name]}", *[""] * (len(_HEAD) - 1)))
        rows += [_row(contender, by_contender) for contender in by_contender]
    parts = [_said(plan, machine), _table(_HEAD, rows), _table(_GOALS, _goals(results))]
    if results.large:
        parts.append(_table(("server", "idle MB", "peak MB", "answer MB", "times the answer"), _large(results)))
    return "\n\n".join(parts)


def _said(plan: Plan, machine: Mapping[str, str | int]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.items() if name != "cores")
    return (
        f"{plan.rounds} rounds, windows of {plan.window:g} s, concurrency {plan.connections}; "
        f"{machine['cores']} cores, {versions}."
    )


def _row(contender: str, by_contender: Mapping[str, Sequence[Cell | str]]) -> Sequence[str]:
    cells = by_contender[contender]
    found, beside = summary(cells), beside_its_own(contender, by_contender)
    if found is None:
        return (contender, str(cells[0]), *[""] * (len(_HEAD) - 2))
    ratios = (f"{beside.requests:.2f}", f"{beside.cpu:.2f}") if beside else ("", "")
    times = (f"{value:.2f}" for value in (found.p50, found.p99))
    costs = (f"{value:.3f}" for value in (found.server, found.database))
    return (contender, f"{found.requests:,.1f}", *times, *costs, *ratios, f"{found.memory:,.0f}")


def _goals(results: Results) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for goal, found, said in judged(results):
        cpu, server = ("", f"{found.server:.2f}") if goal.server_only else (f"{found.cpu:.2f}", "")
        rows.append((goal.workload, goal.wanted, f"{found.requests:.2f}", cpu, server, said))
    rows += [("memory", what, f"{found:.1f}", "", "", said) for what, found, said in memory_goals(results)]
    return rows


def _large(results: Results) -> list[Sequence[str]]:
    return [
        (name, f"{each.idle:.0f}", f"{each.peak:.0f}", f"{each.answer:.1f}", f"{each.times:.1f}")
        for name, each in results.large.items()
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruled = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ruled, *rows))
