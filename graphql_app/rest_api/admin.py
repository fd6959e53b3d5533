"""`POST /admin/reload`: reads the database's structure again at once, and tells what changed."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from starlette.types import Receive, Scope, Send

from graphql_app.auth.introspection import Introspection
from graphql_app.engine.live.catalog import CatalogWatcher, Snapshot
from graphql_app.observability.events import Observer
from graphql_app.rest_api.endpoint import RestEndpoint
from graphql_app.rest_api.envelope import Clock, RestResponse, success

PATH = "/admin/reload"
SHOWN = 1000
"""The most changes that are listed."""


@dataclass(frozen=True, slots=True)
class Reload(RestEndpoint):
    """The endpoint. Who may call it is decided before."""

    path = PATH
    compress = False
    introspection = Introspection(on=False)
    live: CatalogWatcher
    observer: Observer
    clock: Clock

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> RestResponse:
        """Reloads. Raises `AppError`."""
        before = self.live.snapshot.generation if self.live.ready else 0
        snapshot = await self.live.reload()
        changed = snapshot.generation != before
        message = "Schema reloaded" if changed else "Schema is up to date"
        return success(message, orjson.dumps(_report(snapshot, changed)), 0, self.clock())


def _report(snapshot: Snapshot, changed: bool) -> dict[str, object]:
    catalog = snapshot.catalog
    return {
        "changed": changed,
        "generation": snapshot.generation,
        "tables": len(catalog.tables),
        "breaking": sum(change.breaking for change in snapshot.changes),
        "changes": [
            {"what": change.what, "name": change.name, "breaking": change.breaking}
            for change in snapshot.changes[:SHOWN]
        ],
        "skipped": [{"name": each.name, "reason": each.reason} for each in catalog.skipped[:SHOWN]],
    }
