"""The hand-made server: Strawberry's own ASGI app, answers written by orjson."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL

from bench.by_hand.rows import opened
from bench.by_hand.schema import Context, schema


class Endpoint(GraphQL[Any, None]):
    """`/graphql`."""

    async def get_context(self, request: Any, response: Any) -> Any:
        """Loaders of this request's own, on the pool of all."""
        return Context(request.app.state.rows)

    def encode_json(self, data: object) -> bytes:
        """The answer's bytes."""
        return orjson.dumps(data)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with opened(os.environ["BENCH_DRIVER"], os.environ["BENCH_ADDRESS"]) as rows:
        app.state.rows = rows
        yield


app = Starlette(
    routes=[Route("/graphql", Endpoint(schema, multipart_uploads_enabled=False, graphql_ide=None))], lifespan=_lifespan
)
