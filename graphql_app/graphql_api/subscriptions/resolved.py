"""A subscription whose field a developer added: its answers come from Strawberry, each when the last was taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from graphql_app.engine.live.queries import COMPLETE, AnswerListener, LiveQueryHub


class ResolvedSubscription:
    """Hands `answers` to a listener until they end, or it is closed. `failed` makes an answer of what was raised."""

    def __init__(
        self,
        hub: LiveQueryHub,
        answers: AsyncIterator[bytes],
        listener: AnswerListener,
        failed: Callable[[Exception], bytes],
    ) -> None:
        self._hub = hub
        self._answers = answers
        self._listener = listener
        self._failed = failed
        self._taken = asyncio.Event()
        hub.attach(listener)
        self._task = hub.start(self._run())

    def taken(self) -> None:
        """The last answer has left: the next may be asked for."""
        self._taken.set()

    def close(self) -> None:
        """Ends it, and the resolver with it."""
        self._hub.detach(self._listener)
        self._task.cancel()

    async def _run(self) -> None:
        try:
            async for answer in self._answers:
                self._taken.clear()
                self._listener.offer(answer)
                await self._taken.wait()
        except Exception as error:
            self._listener.end(self._failed(error))
        else:
            self._listener.end(COMPLETE)
