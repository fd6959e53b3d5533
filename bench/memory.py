"""What one large answer costs a server in memory: its peak while it answers, above what it takes when idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.check import raw_answer
from bench.contenders import Running
from bench.processes import forget_peak, peak_megabytes, resident_megabytes
from bench.workloads import LARGE_ANSWER, Workload


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory around one answer, and the answer's size, in 10^6 bytes."""

    idle: float
    peak: float
    answer: float

    @property
    def times(self) -> float:
        """How many times its size the answer took."""
        return (self.peak - self.idle) / self.answer


def of_large_answers(workload: Workload, servers: Sequence[Running]) -> dict[str, Memory]:
    """Each server's memory for the first answer of a workload, by the server's name.

    To be asked of servers that answered nothing large before: what an allocator keeps of an
    earlier answer would hide what this one takes.
    """
    return {server.contender.name: _of_one(workload, server) for server in servers}


def _of_one(workload: Workload, server: Running) -> Memory:
    small = server.contender.request(workload, LARGE_ANSWER.nothing)
    large = server.contender.request(workload, workload.variables()[0])
    assert small is not None
    assert large is not None
    # The statement is made and the connection is there; what follows is the answer alone.
    raw_answer(server, small)
    forget_peak(server.pid)
    idle = resident_megabytes(server.pid)
    size = len(raw_answer(server, large)[1]) / 1e6
    return Memory(idle, peak_megabytes(server.pid), size)
