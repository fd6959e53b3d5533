"""The endpoint of /openapi.json: bytes that are made again only when the structure has changed."""

from __future__ import annotations

import asyncio

import orjson
from starlette.types import Receive, Scope, Send

from graphql_app.engine.engine import Engine
from graphql_app.errors import AppError
from graphql_app.rest_api.envelope import Answer, failure, respond, utc_now
from graphql_app.rest_api.openapi import openapi_document
from schema_gen.catalog import Catalog


class CachedDocument:
    """An ASGI endpoint; `stringify` as in `openapi_document`."""

    def __init__(self, engine: Engine, *, stringify: bool) -> None:
        self._engine = engine
        self._stringify = stringify
        self._fingerprint: str | None = None
        self._answer = Answer(200, b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the document of the catalog being served."""
        try:
            answer = await self._current()
        except AppError as error:
            answer = failure(error, utc_now())
        await respond(send, answer)

    async def _current(self) -> Answer:
        catalog = self._engine.catalog
        if catalog.fingerprint != self._fingerprint:
            # A thousand tables take a moment: other requests go on meanwhile.
            body = await asyncio.to_thread(_document_bytes, catalog, self._stringify)
            self._answer, self._fingerprint = Answer(200, body), catalog.fingerprint
        return self._answer


def _document_bytes(catalog: Catalog, stringify: bool) -> bytes:
    return orjson.dumps(openapi_document(catalog, stringify=stringify))
