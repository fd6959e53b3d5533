"""The rows that the runs of clusters come to, printed at the end of a run and kept in docs/scaling.md."""

from __future__ import annotations

import os

from tests.clusters.load import Judged, Load

FULL = os.environ.get("CLUSTERS") == "full"
"""Whether runs last as long as the figures of the docs need."""
ROWS: list[str] = []
HEAD = (
    "| Cluster | What happened | Requests | Failed | Lost | Twice | Writes away | Reads away |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def told(cluster: str, what: str, requests: int, twice: int) -> None:
    """Adds a row for a run without a fault."""
    ROWS.append(f"| {cluster} | {what} | {requests:,} | 0 | 0 | {twice} | | |")


def row(cluster: str, what: str, load: Load, judged: Judged) -> None:
    """Adds a row."""
    failed = len(load.failed_writes) + len(load.failed_reads)
    cells = (
        *(cluster, what, f"{load.writes + load.reads:,}", f"{failed}", f"{judged.lost}", f"{judged.twice}"),
        *(f"{load.write_gap:.1f} s", f"{load.read_gap:.1f} s"),
    )
    ROWS.append(f"| {' | '.join(cells)} |")


def check_answered(load: Load, *, away: float = float("inf")) -> None:
    """Fails where requests failed, or writes were away for longer than `away` seconds.

    How long a cluster takes for its own vote is a figure, not a promise: the short form runs beside much else, and
    lets one request in ten fail.
    """
    failed = load.failed_writes + load.failed_reads
    assert len(failed) <= (0 if FULL else (load.writes + load.reads) // 10), failed[:5]
    assert not FULL or load.write_gap < away
