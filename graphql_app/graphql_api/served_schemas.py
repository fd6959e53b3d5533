"""The schemas of one catalog that are served: everybody's, and those that roles see, each built when first asked."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from graphql_app.auth.identity import ADMIN, Identity
from graphql_app.engine.access.access import FULL, Access
from graphql_app.engine.live.catalog import Snapshot
from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.graphql_api.introspection_cache import Introspections
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.graphql.schema import BuiltSchema

SHAPES = 32
"""Schemas of roles that are kept; the least recently used one is built again when it is asked for."""


@dataclass(slots=True, eq=False)
class Served:
    """A schema being served, with everything that is cached for it. Roles that see the same share one."""

    snapshot: Snapshot
    built: BuiltSchema
    documents: Documents
    introspections: Introspections


class ServedSchemas:
    """The schemas of one snapshot. `whole` is that of callers without rules."""

    def __init__(self, snapshot: Snapshot, built: BuiltSchema, limits: DocumentLimits, *, suggests: bool) -> None:
        """`limits` and `suggests` as in `Documents`."""
        self._limits = limits
        self._suggests = suggests
        self._shapes: OrderedDict[str, Served] = OrderedDict()
        self._building = asyncio.Lock()
        self.snapshot = snapshot
        self.whole = self._served(snapshot.access(ADMIN), built)

    async def seen_by(self, identity: Identity) -> Served:
        """The schema that a caller sees; it is built beside the event loop where nobody has asked for it yet."""
        if self.snapshot.roles is None:
            return self.whole
        access = self.snapshot.access(identity)
        if access.shape == FULL:
            return self.whole
        found = self._shapes.get(access.shape)
        if found is None:
            async with self._building:
                found = self._shapes.get(access.shape) or await self._build(access)
        if access.shape in self._shapes:
            self._shapes.move_to_end(access.shape)
        return found

    def __iter__(self) -> Iterator[Served]:
        yield self.whole
        yield from self._shapes.values()

    def _served(self, access: Access, built: BuiltSchema) -> Served:
        documents = Documents(built.schema.graphql, self._limits, suggests=self._suggests)
        return Served(self.snapshot, built, documents, Introspections(access.catalog, built))

    async def _build(self, access: Access) -> Served:
        """Builds a schema and keeps it."""
        built = await run_in_thread(self.whole.built.of_view, access.catalog)
        found = self._shapes[access.shape] = self._served(access, built)
        if len(self._shapes) > SHAPES:
            self._shapes.popitem(last=False)
        return found
