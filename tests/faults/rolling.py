"""Programs that are replaced one after the other under load, as an upgrade does it, behind a balancer of our own."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from tests.harness.app_process import RunningApp

CLIENTS = 8
WRITE = ("/api/t", {"input": {"v": 1}})


@dataclass(slots=True)
class Rolled:
    """What the clients saw (statuses, and the names of broken connections), and how long each end took, in seconds."""

    seen: Counter[str] = field(default_factory=Counter)
    told: list[float] = field(default_factory=list)
    """From SIGTERM until `/readyz` said 503."""
    gone: list[float] = field(default_factory=list)
    """From SIGTERM until the process had ended."""
    statuses: list[int] = field(default_factory=list)
    """The exit statuses."""
    seconds: float = 0.0

    @property
    def dropped(self) -> int:
        """Requests that were not answered with 200."""
        return self.seen.total() - self.seen["200"]


def roll(start: Callable[[], RunningApp], turns: int) -> Rolled:
    """Replaces a program so many times while clients write (`WRITE`): they turn away when `/readyz` says so."""
    found = Rolled()
    serving = [start()]
    with ThreadPoolExecutor(CLIENTS) as threads:
        ended = threading.Event()
        try:
            work = [threads.submit(_client, serving, ended) for _ in range(CLIENTS)]
            started = time.monotonic()
            for _ in range(turns):
                _replace(serving, start(), found)
            found.seconds = time.monotonic() - started
        finally:
            ended.set()
    for future in work:
        found.seen += future.result()
    return found


def _replace(serving: list[RunningApp], follower: RunningApp, found: Rolled) -> None:
    (before,) = serving
    asked = time.monotonic()
    with httpx.Client(base_url=before.url, timeout=30) as balancer:
        before.process.send_signal(signal.SIGTERM)
        while balancer.get("/readyz").status_code != 503:
            assert time.monotonic() - asked < 10
    found.told.append(time.monotonic() - asked)
    serving[:] = [follower]
    found.statuses.append(before.process.wait(10))
    found.gone.append(time.monotonic() - asked)


def _client(serving: list[RunningApp], ended: threading.Event) -> Counter[str]:
    """Writes to whichever program serves, on a connection kept open as long as that is."""
    seen: Counter[str] = Counter()
    while not ended.is_set():
        app = serving[0]
        with httpx.Client(base_url=app.url, timeout=30) as mine:
            while serving[0] is app and not ended.is_set():
                try:
                    seen[str(mine.post(WRITE[0], json=WRITE[1]).status_code)] += 1
                except httpx.TransportError as error:
                    seen[type(error).__name__] += 1
    return seen
