"""Live queries on a virtual clock: a source that says what comes next, a client that notes what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from graphql_app.engine.live import queries as watch
from graphql_app.engine.live.packets import PollOutcome
from graphql_app.engine.live.queries import LiveQueryHub, LiveQuerySettings
from graphql_app.errors import AppError, ServiceUnavailableException as Away
from graphql_app.observability.events import Event
from tests.faults.virtual import run_virtual


@dataclass
class PolledSource:
    """Says at each poll what comes next, the last thing for ever; notes when it was asked."""

    says: list[bytes | Exception | None]
    tables: frozenset[str] = frozenset({"people"})
    in_order: bool = False
    takes: float = 0.0
    asked: list[float] = field(default_factory=list)
    group: Hashable = None
    packets: list[tuple[float, int]] = field(default_factory=list)
    """When how many of its group were asked together; shared by the group."""
    fails: list[Exception] = field(default_factory=list)
    """What the next packets raise as a whole; shared by the group."""

    async def answer(self) -> bytes | None:
        """What comes next; raises it if it is an exception."""
        self.asked.append(now())
        await asyncio.sleep(self.takes)
        found = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(found, Exception):
            raise found
        return found

    async def together(self, sources: Sequence[PolledSource]) -> list[PollOutcome]:
        """What each says next."""
        self.packets.append((now(), len(sources)))
        if self.fails:
            raise self.fails.pop(0)
        found: list[PollOutcome] = []
        for each in sources:
            try:
                found.append(await each.answer())
            except AppError as error:
                found.append(error)
        return found

    def explain(self, error: AppError) -> bytes:
        """An error as its code."""
        return error.code.encode()


@dataclass
class Client:
    """Notes what it is told, and when."""

    told: list[tuple[float, bytes | None]] = field(default_factory=list)
    ended: list[bytes | None] = field(default_factory=list)

    def offer(self, answer: bytes) -> None:
        """Notes an answer."""
        self.told.append((now(), answer))

    def end(self, answer: bytes | None) -> None:
        """Notes the end."""
        self.ended.append(answer)


def now() -> float:
    """The loop's time, to the millisecond."""
    return round(asyncio.get_running_loop().time(), 3)


@dataclass
class Bench:
    """Live queries with a database that is `there` or not."""

    most: int = 10
    at_once: int = 4
    there: bool = True
    probes: list[float] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.live = LiveQueryHub(self.probe, LiveQuerySettings(1.0, self.most, self.at_once), self.events.append)

    async def probe(self) -> None:
        """Says whether the database is there."""
        self.probes.append(now())
        if not self.there:
            raise Away()

    def watch(self, source: PolledSource, key: object = "q") -> tuple[Client, watch.Subscription]:
        """A new client that watches the source."""
        client = Client()
        return client, self.live.watch(key, lambda: source, client)


def runs(work: Callable[[], object]) -> None:
    """Runs an async test on the virtual clock."""
    run_virtual(work())  # type: ignore[arg-type]


async def until(moment: float) -> None:
    """Waits for a moment of the virtual clock."""
    await asyncio.sleep(moment - asyncio.get_running_loop().time())
