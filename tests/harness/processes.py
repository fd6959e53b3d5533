"""Processes of a program under test, as the kernel shows them: its children, and the memory that each takes."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")


def children(pid: int) -> list[int]:
    """The living child processes of `pid`."""
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # gone meanwhile
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry.name))
    return sorted(found)


def resident(pid: int) -> int:
    """The bytes of `pid` that are in memory now."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> int:
    """The most bytes of `pid` that were in memory at a time since `forget_peak`, or since its start."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """From now on `peak` counts anew."""
    (_PROC / str(pid) / "clear_refs").write_text("5")


def _status(pid: int, name: str) -> int:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no {name}")
