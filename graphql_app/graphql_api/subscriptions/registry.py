"""Subscriptions: an operation becomes a live query of the engine, compiled anew whenever another schema is served."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import orjson
from graphql import FieldNode

from graphql_app.engine.compile.call import PreparedCall
from graphql_app.engine.engine import Engine
from graphql_app.engine.execute.calls import joins
from graphql_app.engine.live.packets import PollOutcome
from graphql_app.engine.live.queries import AGAIN, AnswerListener, Ended, LiveQueryHub, Subscription
from graphql_app.engine.mysql.server_errors import StaleSchema
from graphql_app.engine.request.calls import Call, Slot
from graphql_app.errors import AppError, Code, GatewayTimeoutException, RequestError, ServiceUnavailableException
from graphql_app.graphql_api.documents.cache import DocumentOperation
from graphql_app.graphql_api.errors import RequestFailed
from graphql_app.graphql_api.execution import subscribe
from graphql_app.graphql_api.prepared_operations import FieldFailed, root_fields, root_type
from graphql_app.graphql_api.served_schemas import Served
from graphql_app.graphql_api.service import GraphQLRequest, GraphQLService, execution_failure
from graphql_app.graphql_api.subscriptions.resolved import ResolvedSubscription
from graphql_app.graphql_api.subscriptions.send_queue import Unsent
from graphql_app.graphql_api.translate.operation import Translator
from graphql_app.graphql_api.translate.streams import split_batch
from graphql_app.graphql_api.translate.variables import Bound
from graphql_app.runtime.budget import Budget, Client
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.strawberry_core.roles import Action

DEFAULT_TEXTS = 32 * 1024 * 1024
DEFAULT_UNSENT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Live:
    """A subscription's one field, compiled against one schema; `slots` are the values of its variables.

    `engine` is that of the caller.
    """

    served: Served
    engine: Engine
    key: str
    prepared: PreparedCall
    slots: tuple[object, ...]
    tables: frozenset[str]

    def body(self, text: bytes) -> bytes:
        """The answer with the field's JSON text."""
        return b'{"data":{' + orjson.dumps(self.key) + b":" + text + b"}}"


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription being prepared: its operation with the variables of this call."""

    served: Served
    engine: Engine
    operation: DocumentOperation
    bound: Bound
    long: bool

    @property
    def identity(self) -> Hashable:
        """What two calls with the same shape and values have in common."""
        return repr(self.bound.key), repr(list(self.bound.slots))

    @property
    def generated(self) -> bool:
        """Whether its field is one of the schema's own, and none that a developer added."""
        root = root_type(self.served.built, self.operation).name
        return self.served.built.roots.get((root, self.field[1][0].name.value)) is not None

    @property
    def streams(self) -> bool:
        """Whether its field is a stream."""
        root = root_type(self.served.built, self.operation).name
        roots = self.served.built.roots
        return roots[root, self.field[1][0].name.value].action is Action.STREAM

    @property
    def field(self) -> tuple[str, list[FieldNode]]:
        """Its one field: key and nodes. Raises `RequestFailed` if directives leave none."""
        fields = root_fields(self.operation, self.bound)
        if len(fields) != 1:
            raise RequestFailed.because(Code.GRAPHQL_VALIDATION_FAILED, "A subscription must select one field.")
        return next(iter(fields.items()))


@dataclass(slots=True)
class Places:
    """How many clients may be connected at a time."""

    most: int
    taken: int = 0

    def take(self) -> bool:
        """Takes a place if there is one left."""
        if self.taken >= self.most:
            return False
        self.taken += 1
        return True

    def free(self) -> None:
        """Gives a place back."""
        self.taken -= 1


Watched = Subscription | ResolvedSubscription


class Subscriptions:
    """Opens subscriptions, for at most `connections` clients at a time; `texts` are the bytes that they ask with.

    `unsent` counts what waits to be sent to them.
    """

    def __init__(
        self,
        service: GraphQLService,
        engine: Engine,
        live: LiveQueryHub,
        connections: int = 10_000,
        texts: Budget | None = None,
        unsent: Unsent | None = None,
    ) -> None:
        self.service = service
        self.engine = engine
        self.live = live
        self.places = Places(connections)
        self.texts = texts or Budget(DEFAULT_TEXTS)
        self.unsent = unsent or Unsent(Budget(DEFAULT_UNSENT))
        self._streams = itertools.count()

    async def open(self, asked: GraphQLRequest, watcher: AnswerListener, client: Client = "") -> Watched:
        """Watches what a subscription asks for.

        Equal ones share one poll; a stream is polled for itself, because it has come as far as nobody else.
        Raises `RequestFailed`, `FieldFailed` and `AppError`.
        """
        subscribed = await self.prepare(asked)
        if not subscribed.generated:
            return await self._resolved(subscribed, asked, watcher)
        if subscribed.streams:
            first = await self.compile(subscribed)
            return self.live.watch(next(self._streams), lambda: StreamSource(self, asked, first), watcher, client)
        if asked.long:
            live, identity = await run_in_thread(lambda: (self._compiled(subscribed), subscribed.identity))
            key = asked.query, asked.operation_name, identity, _seen_alike(live)
            return self.live.watch(key, lambda: LiveSource(self, asked, live), watcher, client)
        if subscribed.served.snapshot.roles is not None:
            live = self._compiled(subscribed)
            key = asked.query, asked.operation_name, subscribed.identity, _seen_alike(live)
            return self.live.watch(key, lambda: LiveSource(self, asked, live), watcher, client)
        key = asked.query, asked.operation_name, subscribed.identity, ()
        return self.live.watch(key, lambda: LiveSource(self, asked, self._compiled(subscribed)), watcher, client)

    async def _resolved(
        self, subscribed: Subscribed, asked: GraphQLRequest, watcher: AnswerListener
    ) -> ResolvedSubscription:
        context = await self.service.context(subscribed.served, subscribed.operation, subscribed.bound, asked.identity)
        answers = subscribe(context, asked.query, asked.variables, asked.operation_name)
        return ResolvedSubscription(self.live, answers, watcher, lambda error: self.service.failed(error).body)

    async def answer(self, live: Live, *more: object) -> bytes:
        """The field's JSON text, `more` being values of further slots. Raises `AppError`."""
        try:
            reply = await live.engine.run(live.prepared, (*live.slots, *more))
        except StaleSchema:
            # The next poll is by the new structure.
            await self.engine.live.refresh_if_changed(live.served.snapshot)
            raise
        return reply.texts[0]

    async def answer_together(self, lives: Sequence[Live]) -> list[bytes]:
        """The fields' JSON texts, asked in one packet. Raises `AppError` for all of them."""
        return await self.engine.run_together([(live.engine, live.prepared, live.slots) for live in lives])

    async def prepare(self, asked: GraphQLRequest) -> Subscribed:
        """The operation with its variables, by the schema being served. Raises `RequestFailed` and `AppError`."""
        served, bind = await self.service.schemas.seen_by(asked.identity), self.service.bind
        operation = served.documents.get(asked.query).operation(asked.operation_name)
        if asked.long:
            bound = await run_in_thread(bind, served, operation, asked)
        else:
            bound = bind(served, operation, asked)
        return Subscribed(served, self.engine.acting(asked.identity), operation, bound, asked.long)

    async def compile(self, subscribed: Subscribed, *, further: bool = False) -> Live:
        """The operation compiled; `further`: a stream's batch behind a cursor, which is the slot after all others.

        Raises `FieldFailed`.
        """
        if subscribed.long:
            return await run_in_thread(self._compiled, subscribed, further=further)
        return self._compiled(subscribed, further=further)

    def _compiled(self, subscribed: Subscribed, *, further: bool = False) -> Live:
        """As `compile`, here and now.

        Raises `FieldFailed`.
        """
        served, operation, bound = subscribed.served, subscribed.operation, subscribed.bound
        after = Slot(len(bound.slots)) if further else None
        translator = Translator(served.built, operation.fragments, bound.variables, after)
        type_ = root_type(served.built, operation)
        key, nodes = subscribed.field
        try:
            call = Call((translator.root(key, nodes, type_),), live=True)
            if translator.computed:
                raise RequestError(Code.GRAPHQL_VALIDATION_FAILED, "A subscription cannot select computed fields")
            prepared = subscribed.engine.prepare(call, served.snapshot)
        except AppError as error:
            raise FieldFailed(key, error) from None
        return Live(served, subscribed.engine, key, prepared, tuple(bound.slots), prepared.read)


def _seen_alike(live: Live) -> tuple[Hashable, ...]:
    """What callers have in common who see the same rows: their rules, and the session variables that count in them.

    Raises `RequestError` (MISSING_SESSION_VARIABLE).
    """
    return live.engine.access(live.served.snapshot).key, live.engine.needed(live.prepared)


@dataclass(slots=True, eq=False)
class LiveSource:
    """A query that is polled, for all callers who see it alike."""

    subscriptions: Subscriptions
    asked: GraphQLRequest
    live: Live
    in_order: bool = field(default=False, init=False)
    alike: tuple[Hashable, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.alike = _seen_alike(self.live)

    @property
    def tables(self) -> frozenset[str]:
        """The tables that the answer depends on."""
        return self.live.tables

    @property
    def group(self) -> Hashable:
        """What it has in common with queries that differ in their callers' session variables only."""
        prepared = self.live.prepared
        if not prepared.variables or self.asked.long or not joins(prepared):
            return None
        return self.asked.query, self.asked.operation_name, prepared.variables, self.alike[0]

    async def together(self, sources: Sequence[LiveSource]) -> list[PollOutcome]:
        """The answers of several, in one packet; one by one where the structure changed, or one of them fails."""
        snapshot = self.subscriptions.service.schemas.snapshot
        if len(sources) > 1 and all(each.live.served.snapshot is snapshot for each in sources):
            try:
                texts = await self.subscriptions.answer_together([each.live for each in sources])
                return [each.live.body(text) for each, text in zip(sources, texts, strict=True)]
            except (ServiceUnavailableException, GatewayTimeoutException):
                raise
            except AppError:
                pass  # which of them it is about, they say one by one
        return [await _outcome(each) for each in sources]

    async def answer(self) -> bytes | None:
        """The answer now. Raises `Ended` if it cannot be had from the schema being served, and `AppError`."""
        if self.subscriptions.service.schemas.snapshot is not self.live.served.snapshot:
            self.live = await _again(self.subscriptions, self.asked)
            if _seen_alike(self.live) != self.alike:
                raise Ended(AGAIN)
        return self.live.body(await self.subscriptions.answer(self.live))

    def explain(self, error: AppError) -> bytes:
        """An error as an answer."""
        return execution_failure(error, self.live.key).body


async def _outcome(source: LiveSource) -> PollOutcome:
    try:
        return await source.answer()
    except Exception as error:
        return error


@dataclass(slots=True, eq=False)
class StreamSource:
    """A stream: batch after batch, each behind the one before."""

    subscriptions: Subscriptions
    asked: GraphQLRequest
    live: Live
    cursor: str | None = None
    started: bool = False
    in_order: bool = field(default=True, init=False)
    group: None = field(default=None, init=False)

    async def together(self, _sources: Sequence[object]) -> list[PollOutcome]:
        """Each stream has come as far as no other."""
        raise AssertionError("a stream is asked by itself")

    @property
    def tables(self) -> frozenset[str]:
        """The tables that the rows come from."""
        return self.live.tables

    async def answer(self) -> bytes | None:
        """The next batch; an empty one only at the start. Raises as `LiveSource.answer`."""
        if self.subscriptions.service.schemas.snapshot is not self.live.served.snapshot:
            self.live = await _again(self.subscriptions, self.asked, further=self.cursor is not None)
        behind = () if self.cursor is None else (self.cursor,)
        cursor, rows = split_batch(await self.subscriptions.answer(self.live, *behind))
        first, self.started = not self.started, True
        if cursor is None:
            return self.live.body(rows) if first else None
        if self.cursor is None:
            self.live = await _again(self.subscriptions, self.asked, further=True)
        self.cursor = cursor
        return self.live.body(rows)

    def explain(self, error: AppError) -> bytes:
        """An error as an answer."""
        return execution_failure(error, self.live.key).body


async def _again(subscriptions: Subscriptions, asked: GraphQLRequest, *, further: bool = False) -> Live:
    """The subscription by the schema being served now. Raises `Ended` where that has no place for it."""
    try:
        return await subscriptions.compile(await subscriptions.prepare(asked), further=further)
    except (RequestFailed, FieldFailed) as error:
        raise Ended(subscriptions.service.failed(error).body) from None
