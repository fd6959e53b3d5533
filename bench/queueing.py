"""Queues of requests, simulated: many workers of one core each before one database of several cores. Pure.

An open system: requests come at random (Poisson) whether or not earlier ones are answered, so it shows what a bench
with a fixed number of clients hides. A worker is one core that serves first come, first served: half of its time
before the statement, half behind it. The database serves first come, first served on `cores` cores. Service times are
drawn from exponential distributions, which spread wider than those measured: waits are rather too long than too short.
The network takes no time here.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

_Number = TypeVar("_Number", int, float)
_ARRIVAL, _BEFORE, _DATABASE, _BEHIND = range(4)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: its share of all, and the CPU milliseconds that it takes of a worker and of the database."""

    name: str
    share: float
    server: float
    database: float


@dataclass(frozen=True, slots=True)
class Site:
    """What is simulated: `rate` requests a second over `workers` workers and a database of `cores` cores."""

    rate: float
    workers: int
    cores: int
    kinds: Sequence[Kind]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Milliseconds from arrival to answer, and how many statements a worker had under way at once.

    `statements` is the number that is exceeded in a thousandth of the moments at which a statement begins:
    the connections that a worker needs.
    """

    mean: float
    p50: float
    p99: float
    statements: int
    answered: int


@dataclass(slots=True)
class _Station:
    """`cores` servers and the line before them."""

    cores: int
    busy: int = 0
    line: deque[tuple[int, int]] = field(default_factory=deque)


def simulate(site: Site, seconds: float, seed: int = 1) -> Outcome:
    """Runs the site for `seconds` of its own time; the first tenth fills the queues and is not counted."""
    return _Run(site, seconds, random.Random(seed)).outcome()


class _Run:
    """One simulation: the time is in milliseconds; an event is (time, number, stage, request)."""

    def __init__(self, site: Site, seconds: float, draw: random.Random) -> None:
        self._site, self._until, self._draw = site, seconds * 1000, draw
        self._workers = [_Station(1) for _ in range(site.workers)]
        self._database = _Station(site.cores)
        self._events: list[tuple[float, int, int, int]] = []
        self._number = 0
        self._weights = [kind.share for kind in site.kinds]
        self._begun: list[float] = []
        self._of: list[tuple[Kind, int]] = []
        self._under_way = [0] * site.workers
        self._seen: list[int] = []
        self._times: list[float] = []

    def outcome(self) -> Outcome:
        """Lets the time pass, and sums up."""
        self._push(self._gap(), _ARRIVAL, -1)
        while self._events:
            now, _, stage, request = heapq.heappop(self._events)
            if stage == _ARRIVAL:
                self._arrive(now)
            else:
                self._done(now, stage, request)
        times, seen = sorted(self._times), sorted(self._seen)
        return Outcome(
            mean=sum(times) / len(times),
            p50=_quantile(times, 0.5),
            p99=_quantile(times, 0.99),
            statements=_quantile(seen, 0.999),
            answered=len(times),
        )

    def _gap(self) -> float:
        return self._draw.expovariate(self._site.rate / 1000)

    def _push(self, time: float, stage: int, request: int) -> None:
        self._number += 1
        heapq.heappush(self._events, (time, self._number, stage, request))

    def _arrive(self, now: float) -> None:
        if now > self._until:
            return
        request = len(self._begun)
        self._begun.append(now)
        (kind,) = self._draw.choices(self._site.kinds, self._weights)
        self._of.append((kind, self._draw.randrange(self._site.workers)))
        self._join(now, _BEFORE, request)
        self._push(now + self._gap(), _ARRIVAL, -1)

    def _station(self, stage: int, request: int) -> _Station:
        return self._database if stage == _DATABASE else self._workers[self._of[request][1]]

    def _join(self, now: float, stage: int, request: int) -> None:
        station = self._station(stage, request)
        if station.busy < station.cores:
            station.busy += 1
            self._serve(now, stage, request)
        else:
            station.line.append((stage, request))

    def _serve(self, now: float, stage: int, request: int) -> None:
        kind = self._of[request][0]
        mean = kind.database if stage == _DATABASE else kind.server / 2
        self._push(now + self._draw.expovariate(1 / mean), stage, request)

    def _done(self, now: float, stage: int, request: int) -> None:
        station = self._station(stage, request)
        if station.line:
            self._serve(now, *station.line.popleft())
        else:
            station.busy -= 1
        worker, counted = self._of[request][1], self._begun[request] > self._until / 10
        if stage == _BEFORE:
            self._under_way[worker] += 1
            if counted:
                self._seen.append(self._under_way[worker])
            self._join(now, _DATABASE, request)
        elif stage == _DATABASE:
            self._under_way[worker] -= 1
            self._join(now, _BEHIND, request)
        elif counted:
            self._times.append(now - self._begun[request])


def _quantile(ordered: Sequence[_Number], share: float) -> _Number:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
