"""Dials a database that is away, alone and in steady steps, so that waiting callers need not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from graphql_app.engine.mysql.dial import Connection, ConnectionLost, ServerError
from graphql_app.observability.events import Observer, Probed

STEP = 0.05
"""Seconds between the end of a dial that failed and the next one."""

REFUSED_STEP = 0.25
"""The same where the server answered, and would not let us in."""


class Probe:
    """`dial` is tried until it gives a connection, which `take` gets."""

    def __init__(
        self, dial: Callable[[], Awaitable[Connection]], take: Callable[[Connection], None], observer: Observer
    ) -> None:
        self._dial = dial
        self._take = take
        self._observer = observer
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Goes on in the background until a dial succeeds; does nothing where one is under way."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Gives up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        pause = STEP
        while True:
            await asyncio.sleep(pause)
            started = asyncio.get_running_loop().time()
            try:
                connection = await self._dial()
            except (ConnectionLost, ServerError) as error:
                self._tell(error.code, started)
                # A server that refuses may count how often it has to.
                pause = STEP if isinstance(error, ConnectionLost) else REFUSED_STEP
                continue
            self._tell(0, started)
            self._take(connection)
            return

    def _tell(self, code: int, started: float) -> None:
        self._observer(Probed(code, asyncio.get_running_loop().time() - started))
