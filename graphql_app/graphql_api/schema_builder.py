"""Builds the GraphQL schema of each new catalog, off the event loop, and hands it to the GraphQL service."""

from __future__ import annotations

import gc
import time
from typing import Literal

from strawberry.extensions import DisableValidation

from graphql_app.engine.live.catalog import Snapshot
from graphql_app.graphql_api.additions import NO_ADDITIONS, Additions
from graphql_app.graphql_api.execution import SpliceExecution, resolve_root
from graphql_app.graphql_api.service import GraphQLService
from graphql_app.observability.events import Observer, SchemaBuilt
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.model import Catalog
from schema_gen.graphql.schema import BuiltSchema, build_schema
from schema_gen.names.naming import build_names

LARGE = 200
"""More tables than this weigh on the garbage collector."""


class SchemaBuilder:
    """Listens for catalogs."""

    def __init__(
        self,
        service: GraphQLService,
        naming: Literal["snake", "camel"],
        observer: Observer,
        additions: Additions = NO_ADDITIONS,
    ) -> None:
        self._service = service
        self._naming: Literal["snake", "camel"] = naming
        self._observer = observer
        self._additions = additions

    async def build(self, snapshot: Snapshot) -> None:
        """Builds and serves the schema of `snapshot`."""
        start = time.perf_counter()
        built = await run_in_thread(schema_of, snapshot.catalog, self._naming, self._additions)
        self._service.serve(snapshot, built)
        if snapshot.generation == 1:
            _freeze(collect=len(snapshot.catalog.tables) <= LARGE)
        catalog = snapshot.catalog
        seconds = time.perf_counter() - start
        roles = None if snapshot.roles is None else ",".join(snapshot.roles)
        self._observer(SchemaBuilt(len(catalog.tables), len(catalog.skipped), seconds, catalog.fingerprint, roles))


def _freeze(*, collect: bool) -> None:
    """What is there now stays: looking through all of it for garbage would stop everything for a moment.

    Once in a process: what is frozen and refers to itself never goes away.
    """
    if not gc.get_freeze_count():
        if collect:
            gc.collect()
        gc.freeze()


def schema_of(catalog: Catalog, naming: Literal["snake", "camel"], additions: Additions = NO_ADDITIONS) -> BuiltSchema:
    """The GraphQL schema of a catalog, answered by the engine."""
    names = build_names(catalog, naming)
    return build_schema(
        catalog,
        names,
        resolver=resolve_root,
        execution_context_class=SpliceExecution,
        # Documents are validated before, by rules whose work is bounded.
        extensions=(DisableValidation, *additions.extensions),
        added=additions.added,
    )
