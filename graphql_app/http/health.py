"""`/healthz`: the process lives. `/readyz`: the database answers and a schema is served, or why not.

`/readyz?for=write` asks besides that the database takes writes; `for=read` is what is asked without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from graphql_app.engine.execute.executor import Executor
from graphql_app.engine.live.catalog import CatalogWatcher
from graphql_app.errors import AppError, ServiceUnavailableException
from graphql_app.runtime.shutdown import Draining
from schema_gen.catalog.model import TableKind

_FOR = ("read", "write")


@dataclass(frozen=True, slots=True)
class Health:
    """What says how the program is."""

    live: CatalogWatcher
    executor: Executor
    draining: Draining
    waiting: Callable[[], str | None] = lambda: None
    """The host whose keys are waited for, without which no caller can be told."""


def health_routes(current: Callable[[], Health | None]) -> list[BaseRoute]:
    """The two addresses that load balancers and orchestrators ask; `current` gives None before the start."""

    async def healthz(_request: Request) -> Response:
        return _json(200, {"status": "ok"})

    async def readyz(request: Request) -> Response:
        health = current()
        if health is None:
            return _unready(None, "The program has not started")
        host = health.waiting()
        if host is not None and not health.draining.begun:
            return _unready(None, f"The keys of tokens have not been fetched from {host} yet", "AUTH_UNAVAILABLE")
        wanted = request.query_params.get("for", "read")
        if wanted not in _FOR:
            return _json(400, {"status": "error", "cause": f"for takes one of {', '.join(_FOR)}"})
        return await _readiness(health.live, health.executor, health.draining, writes=wanted == "write")

    return [Route("/healthz", healthz, name="healthz"), Route("/readyz", readyz, name="readyz")]


async def _readiness(live: CatalogWatcher, executor: Executor, draining: Draining, *, writes: bool) -> Response:
    if draining.begun:
        return _unready(None, "The program is ending", "ENDING")
    if executor.away is not None:
        return _unready(ServiceUnavailableException(executor.away), "")
    if not live.ready:
        return _unready(live.failure, "The schema has not been read yet")
    try:
        await executor.probe(_a_table(live), writes=writes)
    except AppError as error:
        return _unready(error, error.message)
    return _json(200, _state(live))


def _a_table(live: CatalogWatcher) -> str | None:
    tables = (table.name for table in live.snapshot.catalog if table.kind is TableKind.TABLE)
    return next(tables, None)


def _state(live: CatalogWatcher) -> dict[str, object]:
    """What is served. A structure that could not be read or built leaves the last good one, and is told of.

    Where there are roles, whoever asks here is nobody: nothing is told of a structure that is not shown to everyone.
    """
    snapshot, failure = live.snapshot, live.failure
    if snapshot.roles is not None:
        told: dict[str, object] = {"status": "ok"}
        return told if failure is None else told | {"schema_failure": {"code": failure.code}}
    found: dict[str, object] = {"status": "ok", "tables": len(snapshot.catalog.tables)}
    found |= {"generation": snapshot.generation, "fingerprint": snapshot.catalog.fingerprint}
    if failure is not None:
        found["schema_failure"] = {"cause": failure.message, "code": failure.code}
    return found


def _unready(error: AppError | None, otherwise: str, state: str = "STARTING") -> Response:
    cause = error.message if error else otherwise
    code = error.code if error else state
    response = _json(503, {"status": "unavailable", "cause": cause, "code": code})
    response.headers["retry-after"] = "1"
    return response


def _json(status: int, body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
