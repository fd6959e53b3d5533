"""What the kernel tells about processes: CPU time and memory, of a process and of all below it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> Iterator[int]:
    """The process and its living descendants; nothing if it is gone."""
    yield pid
    try:
        lists = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return
    for child in " ".join(lists).split():
        yield from family(int(child))


def cpu_seconds(pid: int) -> float:
    """CPU time so far, user and system, of a process and its living descendants."""
    total = 0.0
    for member in family(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) * _TICK
    return total


def run_seconds(pid: int) -> float:
    """CPU time so far of a process's threads and its living descendants', to the nanosecond; dead threads' is gone."""
    total = 0
    for member in family(pid):
        for file in Path(f"/proc/{member}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(file.read_text().split()[0])
    return total / 1e9


def machine_busy_seconds() -> float:
    """CPU time so far that all cores were not idle, time stolen by the host included."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) * _TICK


def forget_peak(pid: int) -> None:
    """Lets the greatest resident memory of a process and its living descendants count from now."""
    for member in family(pid):
        with contextlib.suppress(OSError):  # gone
            Path(f"/proc/{member}/clear_refs").write_text("5")


def peak_megabytes(pid: int) -> float:
    """The greatest resident memory since the start or `forget_peak`, in 10^6 bytes.

    That of a process and of its living descendants, added up.
    """
    return _megabytes(pid, "VmHWM:")


def resident_megabytes(pid: int) -> float:
    """The resident memory at this moment, counted in the same way."""
    return _megabytes(pid, "VmRSS:")


def _megabytes(pid: int, line_of: str) -> float:
    total = 0
    for member in family(pid):
        try:
            lines = Path(f"/proc/{member}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith(line_of))
    return total * 1024 / 1e6
