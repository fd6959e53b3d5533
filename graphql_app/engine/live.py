"""The catalog being served: loaded at start, read again when asked, swapped whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from graphql_app.engine.features import Features
from graphql_app.errors import AppError, ServiceUnavailableException, unknown_table
from graphql_app.events import Observer, SchemaFailed, UnexpectedError
from schema_gen.catalog import Catalog, Table

RETRY_SECONDS = 0.5
"""How long after a failed load the next one starts, until one succeeds."""
LOOK_AGAIN_SECONDS = 1.0
"""Unknown names make the schema be read again at most this often."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A catalog and the engine it was read from. `generation` counts loads, and keys caches."""

    catalog: Catalog
    features: Features
    generation: int


Loader = Callable[[], Awaitable[tuple[Catalog, Features]]]
Listener = Callable[[Snapshot], Awaitable[None]]


class LiveCatalog:
    """Holds the current snapshot. Listeners are told of a new one before it is served."""

    def __init__(self, load: Loader, observer: Observer) -> None:
        self._load = load
        self._observer = observer
        self._listeners: list[Listener] = []
        self._snapshot: Snapshot | None = None
        self._lock = asyncio.Lock()
        self._looked_again = float("-inf")
        self.failure: AppError | None = None

    def listen(self, listener: Listener) -> None:
        """`listener` is awaited with each new snapshot before it is served."""
        self._listeners.append(listener)

    @property
    def ready(self) -> bool:
        """Whether a catalog is being served."""
        return self._snapshot is not None

    @property
    def snapshot(self) -> Snapshot:
        """What is being served; raises `ServiceUnavailableException` before the first load."""
        if self._snapshot is None:
            raise ServiceUnavailableException()
        return self._snapshot

    async def reload(self) -> Snapshot:
        """Reads the schema and serves it. Raises what the load raised; the old snapshot then stays."""
        async with self._lock:
            return await self._reload()

    async def _reload(self) -> Snapshot:
        try:
            catalog, features = await self._load()
            current = self._snapshot
            if current is not None and (current.catalog.fingerprint, current.features) == (
                catalog.fingerprint,
                features,
            ):
                snapshot = current
            else:
                generation = current.generation + 1 if current else 1
                snapshot = Snapshot(catalog, features, generation)
                for listener in self._listeners:
                    await listener(snapshot)
        except AppError as error:
            self._fail(error)
            raise
        self.failure = None
        self._snapshot = snapshot
        return snapshot

    def _fail(self, error: AppError) -> None:
        # The same trouble is told once, not at every try.
        if self.failure is None or self.failure.message != error.message:
            self._observer(SchemaFailed(error.message))
        self.failure = error

    async def keep_loading(self) -> None:
        """Tries to load until it succeeds once."""
        while not self.ready:
            try:
                await self.reload()
            except AppError:
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                # A defect of ours: told, and tried again, for the database may change under it.
                self._observer(UnexpectedError("schema", error))
                await asyncio.sleep(RETRY_SECONDS)

    async def table(self, name: str) -> Table:
        """The table called `name`; an unknown one is looked for in the database once more.

        Raises:
            RequestError: there is none (UNKNOWN_TABLE).
            ServiceUnavailableException: no schema could be read yet.
        """
        found = self.snapshot.catalog.tables.get(name)
        if found is None:
            found = (await self._looked_for(name)).catalog.tables.get(name)
        if found is None:
            raise unknown_table(name)
        return found

    async def _looked_for(self, name: str) -> Snapshot:
        async with self._lock:
            now = asyncio.get_running_loop().time()
            known = name in self.snapshot.catalog.tables
            if known or now - self._looked_again < LOOK_AGAIN_SECONDS:
                return self.snapshot
            self._looked_again = now
            return await self._reload()
