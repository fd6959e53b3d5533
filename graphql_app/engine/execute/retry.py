"""The retry policy: which failures are tried again, and after what pause. Pure: no clock, no chance, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil

from graphql_app.engine.mysql.failure_class import FailureClass


class Kind(StrEnum):
    """What a unit of work does. Decides what may be repeated when the outcome is not known."""

    READ = "read"
    WRITE = "write"
    CONTROL = "control"


JITTER = 0.05
"""By what part of itself a pause may be shorter: calls that failed at one moment do not all come back at one moment."""


_MARGIN = 0.02
"""The server ends a statement so many seconds before our limit, so that its answer still arrives."""
_LOCK_WAIT = 2
"""Seconds after which a wait for a lock ends by itself: soon after the longest attempt of the schedule by default."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The limit of each attempt and the pause after each but the last, in seconds.

    `continues`: an attempt that is out of time goes on while its connection is sound, and the schedule runs beside it.
    `statement_limits` is how long the server lets a statement of each attempt run.
    """

    timeouts: tuple[float, ...] = (0.2, 0.4, 0.8, 1.6)
    delays: tuple[float, ...] = (0.4, 0.8, 1.6)
    continues: bool = False
    statement_limits: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.timeouts or len(self.delays) != len(self.timeouts) - 1:
            raise ValueError("a schedule needs one more timeout than delays, and at least one timeout")
        if min(self.timeouts) <= 0 or min(self.delays, default=0.0) < 0:
            raise ValueError("timeouts must be positive and delays not negative")
        limits = map(self.left, range(len(self.timeouts))) if self.continues else self.timeouts
        object.__setattr__(self, "statement_limits", tuple(max(each - _MARGIN, each / 2) for each in limits))

    def left(self, attempt: int) -> float:
        """The seconds from the beginning of the `attempt`-th attempt (from 0) to the end of the last."""
        return sum(self.timeouts[attempt:]) + sum(self.delays[attempt:])

    def over(self, attempt: int, seconds: float) -> int:
        """How many attempts from the `attempt`-th on (from 0) are over so many seconds after it began."""
        count, end = 0, 0.0
        for place in range(attempt, len(self.timeouts)):
            end += self.timeouts[place]
            if seconds < end:
                break
            count += 1
            end += self.delays[place] if place < len(self.delays) else 0.0
        return count

    @property
    def lock_wait(self) -> int:
        """The whole seconds that a statement may wait for a lock."""
        return max(ceil(self.left(0)), _LOCK_WAIT) if self.continues else _LOCK_WAIT

    def pause(self, attempt: int, chance: float) -> float:
        """The pause after the `attempt`-th attempt (from 0), in seconds; `chance`, from 0 to 1, is how short it is."""
        return self.delays[attempt] * (1 - JITTER * chance)


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after `delay` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again."""


class RetryBudget:
    """How many attempts beyond the first there may be, so that a sick database is not stormed.

    Each request adds a share of one and each second a few more; what is not used is kept up
    to a reserve, so that a failing call among healthy ones always has all its attempts.
    """

    __slots__ = ("_counted", "_per_second", "_reserve", "_share", "_since", "_tokens", "requests")

    def __init__(self, share: float = 0.2, per_second: float = 10.0, reserve: float = 500.0) -> None:
        self.requests = 0
        self._share = share
        self._per_second = per_second
        self._reserve = reserve
        self._tokens = reserve
        self._counted = 0
        self._since: float | None = None

    def draw(self, now: float) -> bool:
        """Whether one more attempt may be made at `now`, in seconds of any clock that never goes back."""
        earned = (self.requests - self._counted) * self._share
        if self._since is not None:
            earned += (now - self._since) * self._per_second
        self._tokens = min(self._tokens + earned, self._reserve)
        self._counted, self._since = self.requests, now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


_FINAL: dict[Kind, frozenset[FailureClass]] = {
    Kind.READ: frozenset({FailureClass.PERMANENT}),
    Kind.CONTROL: frozenset({FailureClass.PERMANENT}),
    Kind.WRITE: frozenset({FailureClass.UNKNOWN, FailureClass.PERMANENT}),
}


def decide(
    schedule: Schedule,
    failure: FailureClass,
    attempt: int,
    kind: Kind,
    *,
    settled: bool = False,
    chance: float = 0.0,
) -> Wait | GiveUp:
    """What follows when the `attempt`-th attempt (from 0) of a unit of work of `kind` ended in `failure`.

    `settled`: the next attempt begins by asking the ledger whether this one counts. `chance` as in `Schedule.pause`.
    """
    final = failure in _FINAL[kind] and not (settled and failure is FailureClass.UNKNOWN)
    if final or attempt >= len(schedule.delays):
        return GiveUp()
    return Wait(schedule.pause(attempt, chance))
