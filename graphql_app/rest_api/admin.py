"""`POST /admin/reload`: reads the database's structure again at once, and tells what changed."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from time import perf_counter

import orjson
from starlette.types import Receive, Scope, Send

from graphql_app.engine.live import LiveCatalog, Snapshot
from graphql_app.errors import AppError, Code, RequestError
from graphql_app.events import Observer, RequestDone
from graphql_app.rest_api.envelope import Answer, Clock, failure, respond, success

PATH = "/admin/reload"
SHOWN = 1000
"""The most changes that are listed."""


@dataclass(frozen=True, slots=True)
class Reload:
    """The endpoint. `secret` is what callers must show, nothing if anybody may call."""

    live: LiveCatalog
    secret: str
    observer: Observer
    clock: Clock

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        started = perf_counter()
        answer = await self._answer(scope)
        await respond(send, answer)
        self.observer(RequestDone("rest", f"POST {PATH}", answer.status, perf_counter() - started, 0, answer.code))

    async def _answer(self, scope: Scope) -> Answer:
        if not _permitted(scope, self.secret):
            error = RequestError(Code.PERMISSION_DENIED, "The admin secret is missing or wrong")
            return failure(error, self.clock(), status=401, extra=((b"www-authenticate", b"Bearer"),))
        before = self.live.snapshot.generation if self.live.ready else 0
        try:
            snapshot = await self.live.reload()
        except AppError as error:
            return failure(error, self.clock())
        changed = snapshot.generation != before
        message = "Schema reloaded" if changed else "Schema is up to date"
        return success(message, orjson.dumps(_report(snapshot, changed)), 0, self.clock())


def _permitted(scope: Scope, secret: str) -> bool:
    if not secret:
        return True
    given: dict[bytes, bytes] = dict(scope["headers"])
    scheme, _, token = given.get(b"authorization", b"").partition(b" ")
    shown = token.strip() if scheme.lower() == b"bearer" else given.get(b"x-hasura-admin-secret", b"")
    return hmac.compare_digest(shown, secret.encode())


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
