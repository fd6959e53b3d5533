"""One subscription of one client: between the live query that it watches and the outbox of its connection."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Generic, TypeVar

from graphql_app.engine.watch import Watch
from graphql_app.events import Observer, SubscriptionClosed, SubscriptionOpened
from graphql_app.graphql_api.face import Asked
from graphql_app.graphql_api.outbox import Latest, Outbox
from graphql_app.graphql_api.subscriptions import Subscriptions

T = TypeVar("T")


class Subscriber(Generic[T]):
    """Watches until it is closed. `write` makes an answer a message; `ended` is told that no more will come."""

    def __init__(
        self,
        observer: Observer,
        transport: str,
        name: str,
        outbox: Outbox[T],
        write: Callable[[bytes], T],
        ended: Callable[[bytes | None], None],
    ) -> None:
        self._observer = observer
        self._transport = transport
        self._name = name
        self._latest = Latest(outbox, write)
        self._ended = ended
        self._watch: Watch | None = None
        self._started = perf_counter()

    def open(self, subscriptions: Subscriptions, asked: Asked) -> None:
        """Begins. Raises as `Subscriptions.open`."""
        watch = self._watch = subscriptions.open(asked, self)
        self._latest.taken = watch.taken
        self._observer(SubscriptionOpened(self._transport, self._name))

    def offer(self, answer: bytes) -> None:
        """A new answer."""
        self._latest.offer(answer)

    def end(self, answer: bytes | None) -> None:
        """Nothing more will come."""
        self.close()
        self._ended(answer)

    def close(self) -> None:
        """Stops watching; what waits to be sent is dropped."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()
            self._latest.drop()
            elapsed = perf_counter() - self._started
            self._observer(SubscriptionClosed(self._transport, self._name, elapsed, self._latest.sent))
