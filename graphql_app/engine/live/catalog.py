"""The catalog being served: loaded at start, watched, read again when the structure changed, swapped whole."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from graphql_app.auth.identity import ADMIN, Identity
from graphql_app.auth.permissions import RolePermissions, Roles
from graphql_app.engine.access.access import Access, BrokenRule, SharedRules, access_of, broken_rules, full_access
from graphql_app.engine.mysql.server_errors import StaleSchema
from graphql_app.engine.sql.dialects import Features
from graphql_app.errors import AppError, Code, Outcome, RequestError, ServiceUnavailableException, unknown_table
from graphql_app.observability.events import Observer, RulesBroken, SchemaChanged, SchemaFailed, UnexpectedError
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.diff import Change, changes
from schema_gen.catalog.model import Catalog, Table

T = TypeVar("T")

RETRY_SECONDS = 0.25
"""How long after a failed load the next one starts, until one succeeds."""
LOOK_AGAIN_SECONDS = 0.5
"""Unknown names and refused statements make the structure be looked at again at most this often."""
JITTER = 0.1
"""The part of the pause between looks by which it varies, so that several workers do not look all at once."""


_UNKNOWN_NAMES = frozenset({Code.UNKNOWN_COLUMN, Code.UNKNOWN_RELATION})
"""Of requests; unknown tables are looked for by `CatalogWatcher.table`."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load gives. `schema_version` is the database's own sign of the structure that was read.

    `roles` are the roles and their permissions; None where there are no roles, and everyone may do everything.
    """

    catalog: Catalog
    features: Features
    schema_version: str = ""
    roles: Roles | None = None


class CatalogSource(Protocol):
    """Where catalogs come from. Both raise `AppError`."""

    async def load(self) -> Loaded:
        """The structure as it is now."""
        ...

    async def schema_version(self) -> str:
        """A sign that changes when the structure does, cheap enough to be asked for every few seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A catalog and the engine it was read from. `generation` counts them; `changes` are those since the one before.

    `roles` as in `Loaded`.
    """

    catalog: Catalog
    features: Features
    generation: int
    changes: tuple[Change, ...] = ()
    roles: Roles | None = None
    resolved_rules: SharedRules = field(default_factory=SharedRules, init=False, repr=False, compare=False)
    _accesses: dict[tuple[str | None, bool], Access] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def access(self, identity: Identity) -> Access:
        """What the caller may see and do. A role without permissions sees nothing."""
        key = self._key(identity)
        found = self._accesses.get(key)
        if found is None:
            found = self._accesses[key] = self._make(*key)
        return found

    def resolved(self, identity: Identity) -> bool:
        """Whether the rules of the caller's role are resolved: those of all of 1,000 tables take 0.1 s."""
        return self._key(identity) in self._accesses

    def _key(self, identity: Identity) -> tuple[str | None, bool]:
        if self.roles is None or identity.admin:
            return None, True
        # All roles that there are no permissions for share one access: their names are the callers' own.
        return identity.role if identity.role in self.roles else "", identity.backend

    def _make(self, role: str | None, backend: bool) -> Access:
        if role is None or self.roles is None:
            return full_access(self.catalog)
        permissions = self.roles.get(role) or RolePermissions(role, {})
        return access_of(self.catalog, permissions, backend=backend, shared=self.resolved_rules)


Listener = Callable[[Snapshot], Awaitable[None]]


class CatalogWatcher:
    """Holds the current snapshot. Listeners are told of a new one before it is served."""

    def __init__(self, source: CatalogSource, observer: Observer) -> None:
        self._source = source
        self._observer = observer
        self._listeners: list[Listener] = []
        self._on_change: list[Callable[[], None]] = []
        self._snapshot: Snapshot | None = None
        self._mark: str | None = None
        self._broken: tuple[BrokenRule, ...] = ()
        self._lock = asyncio.Lock()
        self._woken = asyncio.Event()
        self._demanded = self._told = False
        self._looked = float("-inf")
        self._read = float("-inf")
        self.failure: AppError | None = None
        self.tried = asyncio.Event()
        """Whether the structure was read, or the first try to do so failed."""

    def listen(self, listener: Listener) -> None:
        """`listener` is awaited with each new snapshot before it is served."""
        self._listeners.append(listener)

    def on_change(self, listener: Callable[[], None]) -> None:
        """`listener` is called when this process finds another structure by itself, and after each `reload`."""
        self._on_change.append(listener)

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

    def told(self, role: str) -> bool:
        """Whether the rules let a role ask for the structure; that of the admin, and any that has no rules, may."""
        roles = None if self._snapshot is None else self._snapshot.roles
        found = None if roles is None else roles.get(role)
        return found is None or found.told

    async def resolve(self, identity: Identity) -> None:
        """Has the rules of the caller's role resolved beside the event loop, if they are not yet."""
        snapshot = self._snapshot
        if snapshot is not None and not snapshot.resolved(identity):
            await run_in_thread(snapshot.access, identity)

    # -- reading -------------------------------------------------------------

    async def reload(self) -> Snapshot:
        """Reads the structure and serves it. Raises `AppError`; the old snapshot then stays.

        Callers that wait for one another share what was read after they came.
        """
        before = self._snapshot
        snapshot = await self._reload_since(_now())
        if snapshot is before:
            # This process knew already; another may not.
            self._tell_change()
        return snapshot

    async def _reload_since(self, came: float, *, told: bool = False) -> Snapshot:
        async with self._lock:
            return self.snapshot if self._read > came else await self._reload(told=told)

    async def refresh(self) -> Snapshot:
        """As `reload`, but reads only if the database's `schema_version` is another. Raises `AppError`."""
        async with self._lock:
            return await self._refresh()

    async def _refresh(self) -> Snapshot:
        if self._snapshot is None or await self._source.schema_version() != self._mark:
            return await self._reload()
        self.failure = None
        return self._snapshot

    async def _reload(self, *, told: bool = False) -> Snapshot:
        started = _now()
        try:
            loaded = await self._source.load()
            snapshot = await self._next(loaded)
        except AppError as error:
            self._fail(error)
            raise
        except Exception as error:
            # A defect of ours: told, and tried again, for the database may change under it.
            self._observer(UnexpectedError("schema", error))
            failed = AppError(Code.INTERNAL_ERROR, "The schema could not be built")
            self._fail(failed)
            raise failed from error
        self.failure, self._mark, self._read = None, loaded.schema_version, started
        self._swap(snapshot, told=told)
        return snapshot

    async def _next(self, loaded: Loaded) -> Snapshot:
        """The snapshot of what was loaded; the current one if nothing is different."""
        current, catalog = self._snapshot, loaded.catalog
        if current is None:
            snapshot = Snapshot(catalog, loaded.features, 1, roles=loaded.roles)
        elif (current.catalog.fingerprint, current.features, current.roles) == (
            catalog.fingerprint,
            loaded.features,
            loaded.roles,
        ):
            return current
        else:
            snapshot = Snapshot(
                catalog,
                loaded.features,
                current.generation + 1,
                await run_in_thread(changes, current.catalog, catalog),
                loaded.roles,
            )
        await self._check_rules(snapshot)
        for listener in self._listeners:
            await listener(snapshot)
        return snapshot

    async def _check_rules(self, snapshot: Snapshot) -> None:
        """Tells of rules that name what is not there. At start they are an error; later each denies what it is about.

        Raises `AppError`.
        """
        if snapshot.roles is None:
            return
        broken = await run_in_thread(broken_rules, snapshot.catalog, snapshot.roles, snapshot.resolved_rules)
        if broken and self._snapshot is None:
            raise AppError(Code.CONFLICT, first_broken(broken))
        if broken != self._broken:
            self._observer(RulesBroken(len(broken), "; ".join(map(str, broken[:20]))))
        self._broken = broken

    def _swap(self, snapshot: Snapshot, *, told: bool) -> None:
        before, self._snapshot = self._snapshot, snapshot
        if before is not None and before is not snapshot:
            if not told:
                self._tell_change()
            found = snapshot.changes
            breaking = sum(change.breaking for change in found)
            self._observer(
                SchemaChanged(
                    snapshot.generation, len(found), breaking, "; ".join(str(change) for change in found[:50])
                )
            )

    def _fail(self, error: AppError) -> None:
        # The same trouble is told once, not at every try.
        if self.failure is None or self.failure.message != error.message:
            self._observer(SchemaFailed(error.message))
        self.failure = error

    # -- watching ------------------------------------------------------------

    async def keep_current(self, seconds: float) -> None:
        """Loads until it succeeds once; then looks every `seconds` (0: never by itself) and when woken."""
        while True:
            try:
                await self._look()
            except AppError:
                pass  # told; readiness says it too
            except Exception as error:
                self._observer(UnexpectedError("schema", error))
            self.tried.set()
            pause = seconds * random.uniform(1 - JITTER, 1 + JITTER) if self.ready else RETRY_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause or None)

    async def _look(self) -> None:
        self._woken.clear()
        demanded, told = self._demanded, self._told
        self._demanded = self._told = False
        await (self._reload_since(_now(), told=told) if demanded else self.refresh())

    def demand(self, *, told: bool = False) -> None:
        """Has the structure read again soon, by whoever keeps it current. `told`: a peer said that it changed."""
        self._told = told and (self._told or not self._demanded)
        self._demanded = True
        self._woken.set()

    def _tell_change(self) -> None:
        for listener in self._on_change:
            listener()

    async def retry_on_stale_schema(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` gives, asked once more where it failed because the structure changed meanwhile.

        That is where the request names what is not served, or the statement what is gone: neither
        did anything. `ask` must plan anew. Raises what `ask` raises.
        """
        before = self._snapshot
        try:
            return await ask()
        except AppError as error:
            if not of_structure(error) or not await self.refresh_if_changed(before):
                raise
        return await ask()

    async def refresh_if_changed(self, than: Snapshot | None) -> bool:
        """Whether another snapshot than this is served, once the database was looked at."""
        with suppress(AppError):
            await self._look_again(lambda: self._snapshot is not than)
        return self._snapshot is not than

    async def table(self, name: str, identity: Identity = ADMIN) -> Table:
        """The table called `name` as the caller sees it; an unknown one is looked for in the database once more.

        So is one that is hidden from the caller, who cannot tell the two apart.

        Raises:
            RequestError: there is none (UNKNOWN_TABLE).
            ServiceUnavailableException: no schema could be read yet.
        """
        if name not in self._tables(identity):
            await self._look_again(lambda: name in self._tables(identity))
        found = self._tables(identity).get(name)
        if found is None:
            raise unknown_table(name, self._tables(identity))
        return found

    def _tables(self, identity: Identity) -> Mapping[str, Table]:
        return self.snapshot.access(identity).catalog.tables

    async def _look_again(self, done: Callable[[], bool]) -> None:
        """Looks at the database unless `done` holds by then, or somebody looked a moment ago."""
        async with self._lock:
            if done() or _now() - self._looked < LOOK_AGAIN_SECONDS:
                return
            try:
                await self._refresh()
            finally:
                # From the end on: a database that takes its time to fail is not asked by one caller after the other.
                self._looked = _now()


def first_broken(broken: tuple[BrokenRule, ...]) -> str:
    """The first of rules that cannot be honoured, and how many more there are, in one line."""
    more = f" (and {len(broken) - 1} more; graphql-app check shows all)" if len(broken) > 1 else ""
    return f"{broken[0]}{more}"


def of_structure(error: AppError) -> bool:
    """Whether a failure may be due to a structure that is no longer the database's."""
    if isinstance(error, StaleSchema):
        return error.outcome is not Outcome.UNKNOWN
    return isinstance(error, RequestError) and error.code in _UNKNOWN_NAMES


def _now() -> float:
    return asyncio.get_running_loop().time()
