"""A pool and an executor on a target, with the events they emit, closed after use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from graphql_app.engine.execute.executor import Executor
from graphql_app.engine.execute.retry import Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.mysql.pool import Pool, PoolSettings
from graphql_app.observability.events import Event
from tests.harness.engine import Engine

E = TypeVar("E")


@dataclass(slots=True)
class Rig:
    """What a test drives and what it looks at."""

    pool: Pool
    executor: Executor
    events: list[Event] = field(default_factory=list)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def rig(
    target: Target,
    settings: PoolSettings | None = None,
    schedule: Schedule | None = None,
    *,
    warm: bool = False,
    use_ledger: bool = False,
    chance: Callable[[], float] = float,
) -> AsyncIterator[Rig]:
    """A pool and an executor on `target`, whose pauses are those of the schedule unless `chance` says otherwise."""
    events: list[Event] = []
    pool = Pool(target, settings, events.append)
    executor = Executor(pool, schedule, events.append, use_ledger=use_ledger, chance=chance)
    if warm:
        await pool.warm()
    try:
        yield Rig(pool, executor, events)
    finally:
        await executor.close()
        await pool.close(grace=0.5)


async def eventually(condition: Callable[[], bool], limit: float = 5.0) -> None:
    """Returns as soon as `condition` holds; fails after `limit` seconds."""
    async with asyncio.timeout(limit):
        holds = condition()
        while not holds:
            await asyncio.sleep(0.002)
            holds = condition()


def target_of(engine: Engine, database: str | None = None) -> Target:
    """The target of an engine over its socket."""
    return Target(socket=engine.socket, user=engine.user, password=engine.password, database=database)


def at(port: int, database: str | None = None) -> Target:
    """The target of something on a local port."""
    return Target(host="127.0.0.1", port=port, database=database)


async def one(session: Session) -> object:
    """A job that reads one cell."""
    (result,) = await session.query(b"SELECT 1", last=True)
    return result.rows[0]


async def change(session: Session) -> int:
    """A job that changes one row."""
    (result,) = await session.query(b"UPDATE t SET v = v + 1 WHERE id = 1")
    return result.affected
