"""The endpoint of /openapi.json: bytes that are made again only when the structure has changed, or of one table."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from types import MappingProxyType

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from graphql_app.auth.identity import identity_of
from graphql_app.auth.introspection import EVERYBODY, Introspection
from graphql_app.engine.engine import Engine
from graphql_app.errors import AppError, structure_hidden
from graphql_app.http.cached_content import CompressedContent, compress_pieces, compressed_response
from graphql_app.rest_api.envelope import failure, respond, utc_now
from graphql_app.rest_api.openapi.document import openapi_pieces
from graphql_app.rest_api.query_language.pairs import parse_pairs, unknown_parameter
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.model import Catalog

KEPT = 8
"""Documents that are kept, that of the last structure among them."""


class CachedDocument:
    """An ASGI endpoint; `stringify` as in `openapi_pieces`. Whom `introspection` does not let is refused.

    Roles that see the same share a document.

    `?table=` gives the document of one table: a few kilobytes, where that of a large
    database has megabytes.
    """

    def __init__(self, engine: Engine, *, stringify: bool, introspection: Introspection = EVERYBODY) -> None:
        self._introspection = introspection
        self._engine = engine
        self._stringify = stringify
        self._made: OrderedDict[str, CompressedContent] = OrderedDict()
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the document of the catalog being served."""
        try:
            identity = identity_of(scope)
            if not self._introspection.shown_to(identity):
                raise structure_hidden()
            document = await self._wanted(self._engine.acting(identity), scope["query_string"])
        except AppError as error:
            await respond(send, failure(error, utc_now()))
        else:
            await compressed_response(Request(scope), document)(scope, receive, send)

    async def _wanted(self, engine: Engine, query: bytes) -> CompressedContent:
        pairs = parse_pairs(query)
        for name, _ in pairs:
            if name != "table":
                raise unknown_parameter(name, "this address takes table")
        if not pairs:
            return await self._current(engine.catalog)
        table = await engine.table(pairs[-1][1])
        only = MappingProxyType({table.name: table})
        return _document(replace(engine.catalog, tables=only), self._stringify)

    async def _current(self, catalog: Catalog) -> CompressedContent:
        async with self._making:  # callers that wait for the same document share what the first one made
            found = self._made.get(catalog.fingerprint)
            if found is None:
                # Thousands of tables take a second: other requests go on meanwhile.
                found = await run_in_thread(_document, catalog, self._stringify)
                self._made[catalog.fingerprint] = found
                while len(self._made) > KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end(catalog.fingerprint)
            return found


def _document(catalog: Catalog, stringify: bool) -> CompressedContent:
    return compress_pieces(openapi_pieces(catalog, stringify=stringify), "application/json")
