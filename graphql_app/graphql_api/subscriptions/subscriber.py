"""One subscription of one client: between the live query that it watches and the send queue of its connection."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Generic, TypeVar

from graphql_app.engine.live.queries import AGAIN
from graphql_app.errors import Code, RequestError
from graphql_app.graphql_api.service import GraphQLRequest
from graphql_app.graphql_api.subscriptions.registry import Subscriptions, Watched
from graphql_app.graphql_api.subscriptions.send_queue import ConflatedMessage, SendQueue
from graphql_app.observability.events import Observer, SubscriptionClosed, SubscriptionOpened
from graphql_app.runtime.budget import Client

T = TypeVar("T")


class Subscriber(Generic[T]):
    """Watches until it is closed. `write` makes an answer a message; `ended` is told that no more will come."""

    def __init__(
        self,
        observer: Observer,
        transport: str,
        name: str,
        send_queue: SendQueue[T],
        write: Callable[[bytes], T],
        ended: Callable[[bytes | None], None],
    ) -> None:
        self._observer = observer
        self._transport = transport
        self._name = name
        self._latest = ConflatedMessage(send_queue, write)
        self._ended = ended
        self._watch: Watched | None = None
        self._give_back: Callable[[], None] = _nothing
        self._ask_again: Callable[[], object] | None = None
        self._started = perf_counter()

    async def open(self, subscriptions: Subscriptions, asked: GraphQLRequest, size: int, client: Client) -> None:
        """Begins; `size` are the bytes that `client` asked with. Raises as `Subscriptions.open`, and LIMIT_EXCEEDED."""
        if not subscriptions.texts.take(client, size):
            raise RequestError(Code.LIMIT_EXCEEDED, "The subscriptions ask with more bytes than MAX_SUBSCRIPTION_BYTES")
        try:
            watch = self._watch = await subscriptions.open(asked, self, client)
        except BaseException:
            subscriptions.texts.free(client, size)
            raise
        self._give_back = lambda: subscriptions.texts.free(client, size)
        self._latest.taken = watch.taken
        self._ask_again = lambda: subscriptions.live.start(self._reopen(subscriptions, asked, client))
        self._observer(SubscriptionOpened(self._transport, self._name))

    async def _reopen(self, subscriptions: Subscriptions, asked: GraphQLRequest, client: Client) -> None:
        """Watches anew, by the rules of now."""
        try:
            watch = await subscriptions.open(asked, self, client)
        except Exception as error:
            self.end(subscriptions.service.failed(error).body)
            return
        if self._ask_again is None:
            watch.close()  # closed meanwhile
            return
        self._watch, self._latest.taken = watch, watch.taken

    def offer(self, answer: bytes) -> None:
        """A new answer."""
        self._latest.offer(answer)

    def end(self, answer: bytes | None) -> None:
        """Nothing more will come of what it watches."""
        if answer == AGAIN and self._ask_again is not None:
            self._watch = None
            self._ask_again()
            return
        self.close()
        self._ended(answer)

    def close(self) -> None:
        """Stops watching; what waits to be sent is dropped."""
        watch, self._watch = self._watch, None
        opened, self._ask_again = self._ask_again is not None, None
        if watch is not None:
            watch.close()
        if opened:
            self._give_back()
            self._latest.drop()
            elapsed = perf_counter() - self._started
            self._observer(SubscriptionClosed(self._transport, self._name, elapsed, self._latest.sent))


def _nothing() -> None:
    """Nothing was taken yet."""
