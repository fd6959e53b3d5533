"""The schemas of one catalog that are served: everybody's, and those that roles see, each built when first asked."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphql_app.auth.identity import ADMIN, NOBODY, Identity
from graphql_app.auth.introspection import Introspection
from graphql_app.engine.access.access import FULL, Access
from graphql_app.engine.live.catalog import Snapshot
from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.graphql_api.introspection_cache import Introspections
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.graphql.schema import BuiltSchema

SHAPES = 32
"""Schemas of roles that are kept; the least recently used one is built again when it is asked for."""
BYTES_OF_SHAPE = 2_000_000
"""Documents that are kept for each of them, and as much again of answers to introspection."""


@dataclass(slots=True, eq=False)
class Served:
    """A schema being served, with everything that is cached for it. Roles that see the same share one.

    `told`: those whom it is for are told of it, by introspection and by names that were probably meant.
    """

    snapshot: Snapshot
    built: BuiltSchema
    documents: Documents
    introspections: Introspections
    told: bool


class ServedSchemas:
    """The schemas of one snapshot. `whole` is that of callers without rules."""

    def __init__(
        self, snapshot: Snapshot, built: BuiltSchema, limits: DocumentLimits, introspection: Introspection
    ) -> None:
        """`limits` as in `Documents`."""
        self._limits = limits
        self._introspection = introspection
        self._shapes: OrderedDict[tuple[str, bool, int | None], Served] = OrderedDict()
        self._building = asyncio.Lock()
        self.snapshot = snapshot
        told = introspection.shown_to(NOBODY if snapshot.roles is None else ADMIN)
        self.whole = self._served(snapshot.access(ADMIN), built, told=told)

    async def seen_by(self, identity: Identity) -> Served:
        """The schema that a caller sees; it is built beside the event loop where nobody has asked for it yet."""
        if self.snapshot.roles is None:
            return self.whole
        access = self.snapshot.access(identity)
        if access.shape == FULL:
            return self.whole
        key = access.shape, self._introspection.shown_to(identity), access.limits.depth
        found = self._shapes.get(key)
        if found is None:
            async with self._building:
                found = self._shapes.get(key) or await self._build(access, told=key[1])
        if key in self._shapes:
            self._shapes.move_to_end(key)
        return found

    def __iter__(self) -> Iterator[Served]:
        yield self.whole
        yield from self._shapes.values()

    def _served(self, access: Access, built: BuiltSchema, *, told: bool) -> Served:
        limits, most = self._limits, access.limits.depth
        if most is not None and most < limits.depth:
            limits = replace(limits, depth=most)
        kept = None if access.shape == FULL else BYTES_OF_SHAPE
        documents = Documents(built.schema.graphql, limits, suggests=told, most=kept)
        return Served(self.snapshot, built, documents, Introspections(access.catalog, built, kept), told)

    async def _build(self, access: Access, *, told: bool) -> Served:
        """Builds a schema and keeps it."""
        built = await run_in_thread(self.whole.built.of_view, access.catalog)
        found = self._shapes[access.shape, told, access.limits.depth] = self._served(access, built, told=told)
        if len(self._shapes) > SHAPES:
            self._shapes.popitem(last=False)
        return found
