"""Starts the server's processes, looks that their loops turn, replaces what died or is stuck, and ends all in time.

It runs in a process of its own, because whatever holds a worker's interpreter holds every thread in it too.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from graphql_app.observability.events import Lifecycle, Observer, WorkerReplaced
from graphql_app.server.errors import CannotRun
from graphql_app.server.family import SIGNALS, Family, ended
from graphql_app.server.heartbeat import BEAT_SECONDS, Beats, stack_of

START_SECONDS = 120.0
"""How long a worker may take until its loop turns for the first time."""
STUCK_AT_END = 4.0
"""At the end a loop that has not turned for so long is not waited for any more."""
LOOK_SECONDS = 0.5
GAP_SECONDS = 2.0
"""If the supervisor itself did not run for so long, the machine or the whole program stood still: all begin anew."""
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a worker is started again; one that lived for a minute counts as sound."""
SOUND_AFTER = 60.0

Work = Callable[[int, int], int]
"""What a worker does, given its number and where to write its stack; its exit status."""


@dataclass(slots=True)
class Worker:
    """A server process. `stack` is where its stack can be read; `deaths` counts the short lives before this one."""

    number: int
    pid: int
    stack: int
    started: float
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a loop may stand still (0: for ever), and that workers have to end."""

    stuck: float
    end: float


class Supervisor:
    """Runs `work` in so many processes of `family`, until a signal ends it."""

    def __init__(
        self,
        family: Family,
        work: Work,
        beats: Beats,
        patience: Patience,
        observer: Observer,
        gone: Callable[[int], None],
    ) -> None:
        self._family = family
        self._work = work
        self._beats = beats
        self._patience = patience
        self._observer = observer
        self._gone = gone
        self._workers: dict[int, Worker] = {}
        self._due: dict[int, tuple[float, int]] = {}
        self._told: list[int] = []
        self._fresh = 0.0
        self._ever_begun = False

    def run(self, workers: int) -> None:
        """Returns when a signal ended it and all workers are gone. Raises `CannotRun` where the first do not start."""
        with _signals(self._told) as woken:
            try:
                for number in range(workers):
                    self._start(number, 0)
                self._watch(woken)
            finally:
                self._end(woken)

    def _start(self, number: int, deaths: int) -> None:
        self._beats.set(number, 0.0)
        read, write = self._family.pipe_from_child()
        pid = self._family.fork(lambda: self._work(number, write))
        os.close(write)
        self._workers[number] = Worker(number, pid, read, time.monotonic(), deaths)

    def _watch(self, woken: int) -> None:
        looked = time.monotonic()
        while not {signal.SIGTERM, signal.SIGINT}.intersection(self._told):
            _wait(woken, LOOK_SECONDS)
            now = time.monotonic()
            if now - looked > GAP_SECONDS:
                self._fresh = now
            looked = now
            if signal.SIGHUP in self._told:
                self._told.remove(signal.SIGHUP)
                self._tell(signal.SIGHUP)
            for worker in list(self._workers.values()):
                self._look_at(worker, now)
            for number, (due, deaths) in list(self._due.items()):
                if now >= due:
                    del self._due[number]
                    self._start(number, deaths)

    def _look_at(self, worker: Worker, now: float) -> None:
        begun = self._beats.last(worker.number)
        self._ever_begun = self._ever_begun or begun > 0
        status = ended(worker.pid)
        if status is not None:
            if not self._ever_begun:
                self._forget(worker)
                raise CannotRun("the server did not start; the log says why")
            self._again(worker, now, f"ended with status {status}", "")
            return
        patience = self._patience.stuck
        if not patience:
            return
        silent = now - max(begun or worker.started, self._fresh)
        if silent > (patience if begun else max(patience, START_SECONDS)):
            stack = stack_of(worker.pid, worker.stack)
            self._kill(worker)
            self._again(worker, now, f"did not turn its loop for {silent:.0f} seconds", stack)

    def _again(self, worker: Worker, now: float, why: str, stack: str) -> None:
        self._forget(worker)
        self._observer(WorkerReplaced(worker.pid, why, stack or None))
        deaths = 0 if now - worker.started > SOUND_AFTER else worker.deaths + 1
        self._due[worker.number] = now + PAUSES[min(max(deaths - 1, 0), len(PAUSES) - 1)], deaths

    def _forget(self, worker: Worker) -> None:
        del self._workers[worker.number]
        self._family.close(worker.stack)
        self._gone(worker.pid)

    def _kill(self, worker: Worker) -> None:
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(worker.pid, 0)

    def _tell(self, number: int) -> None:
        for worker in self._workers.values():
            with suppress(ProcessLookupError):
                os.kill(worker.pid, number)

    def _end(self, woken: int) -> None:
        """Every worker is told, and waited for as long as it gets on."""
        self._tell(signal.SIGTERM)
        began = time.monotonic()
        while self._workers:
            _wait(woken, BEAT_SECONDS)
            now = time.monotonic()
            for worker in list(self._workers.values()):
                if ended(worker.pid) is not None:
                    self._forget(worker)
                elif self._hopeless(worker, began, now):
                    stack = stack_of(worker.pid, worker.stack)
                    self._kill(worker)
                    self._forget(worker)
                    self._observer(Lifecycle(f"worker {worker.pid} did not end by itself: {stack}"))

    def _hopeless(self, worker: Worker, began: float, now: float) -> bool:
        silent = now - max(self._beats.last(worker.number), began)
        return now - began > self._patience.end or silent > STUCK_AT_END


def _wait(woken: int, seconds: float) -> None:
    """Until a signal comes, at most so long."""
    if select.select([woken], [], [], seconds)[0]:
        with suppress(BlockingIOError):
            os.read(woken, 4096)


@contextmanager
def _signals(told: list[int]) -> Iterator[int]:
    """While it lasts, signals are noted in `told`; what it gives can be read from when one came."""

    def note(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    before = {number: signal.signal(number, note) for number in SIGNALS}
    waker = signal.set_wakeup_fd(wake)
    try:
        yield woken
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(woken)
        os.close(wake)
