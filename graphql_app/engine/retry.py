"""The retry policy: which failures are tried again, and after what pause. Pure: no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a unit of work does. Decides what may be repeated when the outcome is not known."""

    READ = "read"
    WRITE = "write"
    CONTROL = "control"


class FailureClass(StrEnum):
    """What is known about the unit of work after a failure."""

    A = "A"
    """Not started: no byte of a statement reached the server."""
    B = "B"
    """Surely rolled back."""
    B_PRIME = "B'"
    """Refused by a node that may not write; nothing done."""
    C = "C"
    """Unknown: it may be committed."""
    D = "D"
    """Permanent: repeating cannot help."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The limit of each attempt and the pause after each but the last, in seconds."""

    timeouts: tuple[float, ...] = (0.2, 0.4, 0.8, 1.6)
    delays: tuple[float, ...] = (0.4, 0.8, 1.6)

    def __post_init__(self) -> None:
        if not self.timeouts or len(self.delays) != len(self.timeouts) - 1:
            raise ValueError("a schedule needs one more timeout than delays, and at least one timeout")
        if min(self.timeouts) <= 0 or min(self.delays, default=0.0) < 0:
            raise ValueError("timeouts must be positive and delays not negative")

    def rest(self, attempt: int) -> Schedule:
        """What is left from the `attempt`-th attempt (from 0) on."""
        return Schedule(self.timeouts[attempt:], self.delays[attempt:])


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after `delay` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again."""


_FINAL: dict[Kind, frozenset[FailureClass]] = {
    Kind.READ: frozenset({FailureClass.D}),
    Kind.CONTROL: frozenset({FailureClass.D}),
    Kind.WRITE: frozenset({FailureClass.C, FailureClass.D}),
}


def decide(
    schedule: Schedule, failure: FailureClass, attempt: int, kind: Kind, *, settled: bool = False
) -> Wait | GiveUp:
    """What follows when the `attempt`-th attempt (from 0) of a unit of work of `kind` ended in `failure`.

    `settled`: the next attempt begins by asking the ledger whether this one counts.
    """
    final = failure in _FINAL[kind] and not (settled and failure is FailureClass.C)
    if final or attempt >= len(schedule.delays):
        return GiveUp()
    return Wait(schedule.delays[attempt])
