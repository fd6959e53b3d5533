"""What one request costs a running program: CPU seconds and memory of its process, as Linux counts them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MB = 1024 * 1024
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of all threads, and bytes of memory at the peak above what was held before."""

    cpu: float
    memory: int


def worker(pid: int) -> int:
    """The process that answers requests: the only child of the program's own."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has had, that of threads that ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_exactly(pid: int) -> float:
    """The same to the nanosecond, of the threads that there are: a pool's threads stay."""
    found = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has ended meanwhile
            found += int((task / "schedstat").read_text().split()[0])
    return found / 1e9


def _memory(pid: int, which: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(which))
    return int(line.split()[1]) * 1024


def peak_begins(pid: int) -> int:
    """The memory that a process holds; from now on its peak is looked for."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _memory(pid, "VmRSS:")


def peak_since(pid: int, held: int) -> int:
    """Bytes beyond those `held` when the peak began to be looked for."""
    return max(0, _memory(pid, "VmHWM:") - held)


def measured(pid: int, work: Callable[[], None]) -> Usage:
    """What `work` costs the process `pid`."""
    held, started = peak_begins(pid), cpu_exactly(pid)
    work()
    return Usage(cpu_exactly(pid) - started, peak_since(pid, held))
