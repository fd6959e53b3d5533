"""`/graphql` as a plain ASGI endpoint: from the socket's messages to the service and back."""

from __future__ import annotations

import asyncio
from asyncio import Semaphore
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graphql_app.auth.identity import identity_of, role_of
from graphql_app.errors import AppError, Code, RequestError
from graphql_app.graphql_api.errors import execution_error
from graphql_app.graphql_api.http_protocol import JSON, RESPONSE_JSON, media_type, parse_body, parse_query, status
from graphql_app.graphql_api.service import GraphQLRequest, GraphQLResponse, GraphQLService, failure
from graphql_app.graphql_api.subscriptions.event_stream import EventStreams, StreamForm, form_for
from graphql_app.http.compression import LEAST, compressed
from graphql_app.http.disconnect import CancelOnDisconnect
from graphql_app.http.endpoint import Endpoint
from graphql_app.http.gzipped import GzippedText, Joined
from graphql_app.http.idempotency import REPLAYED, client_entry, has_key
from graphql_app.http.negotiation import takes_gzip
from graphql_app.http.preferences import preferences
from graphql_app.http.request_body import HEAVY_AT_ONCE, HEAVY_BYTES, LONG_BYTES, Bounds, read_body
from graphql_app.observability.events import Observer, RequestDone
from graphql_app.runtime.worker_thread import run_in_thread

ALLOWED = b"GET, POST"
_STATUS = {
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.NOT_ACCEPTABLE: 406,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.SERVICE_UNAVAILABLE: 503,
}

_CONTENT_TYPES = {media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in (JSON, RESPONSE_JSON)}

Headers = dict[bytes, bytes]
Answered = tuple[str, GraphQLResponse, int]
"""The media type of an answer, the answer, its HTTP status."""
Page = Callable[[Request], Response | None]


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint(Endpoint[Answered]):
    """The GraphQL address. `page` answers browsers that come by GET without a query; None if GraphiQL is off.

    `event_streams` answers subscriptions, and those who take nothing but a stream. `heavy` lets requests with large
    bodies in, a few at a time.
    """

    path = "/graphql"
    service: GraphQLService
    observer: Observer
    bounds: Bounds
    page: Page | None = None
    event_streams: EventStreams | None = None
    heavy: Semaphore = field(default_factory=lambda: Semaphore(HEAVY_AT_ONCE))
    compress: bool = False

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> Answered | None:
        """The answer, its media type and status; None where it was a page, or a stream for what has to be one."""
        headers: Headers = dict(scope["headers"])
        shown = self.page(Request(scope)) if self.page is not None and _without_query(scope) else None
        if shown is not None:
            await shown(scope, receive, send)
            return None
        accept = headers.get(b"accept", b"")
        media = media_type(accept)
        form = form_for(accept) if accept and self.event_streams is not None else None
        if media is None and form is None:
            raise RequestError(Code.NOT_ACCEPTABLE, "The answer is JSON; accept application/json")
        body = await self._body(scope, headers, receive)
        if form is not None or len(body) < HEAVY_BYTES:  # a stream would keep its turn for hours
            return await self._answered(scope, headers, receive, send, body, form, media)
        with CancelOnDisconnect(receive, self.observer, "graphql"):
            await self.heavy.acquire()
        try:
            return await self._answered(scope, headers, receive, send, body, form, media)
        finally:
            self.heavy.release()

    async def _answered(
        self,
        scope: Scope,
        headers: Headers,
        receive: Receive,
        send: Send,
        body: bytes,
        form: StreamForm | None,
        media: str | None,
    ) -> Answered | None:
        if len(body) + len(scope["query_string"]) < LONG_BYTES:
            asked = self._asked(scope, headers, body)
        else:
            asked = await run_in_thread(self._asked, scope, headers, body)
        if form is not None and await self._streamed(scope, receive, send, form, media, asked, len(body)):
            return None
        if media is None:
            raise RequestError(Code.NOT_ACCEPTABLE, "The answer to a batch is JSON; accept application/json")
        with CancelOnDisconnect(receive, self.observer, "graphql"):
            if isinstance(asked, list):
                return media, _together(await self._batch(asked)), 200
            answer = await self.service.answer(asked)
        return media, answer, 405 if answer.failure is Code.METHOD_NOT_ALLOWED else status(answer, media)

    def failed(self, scope: Scope, error: AppError) -> Answered:
        """A refused method or body was never a GraphQL request: its own status in either media type."""
        media = media_type(dict(scope["headers"]).get(b"accept", b"")) or JSON
        code = 500 if error.code is Code.INTERNAL_ERROR else _STATUS.get(error.code, 400)
        return media, failure([execution_error(error, None)], error.code), code

    async def respond(self, scope: Scope, send: Send, answer: Answered) -> None:
        """Sends an answer, compressed where it is kept so, or large and `compress` is set."""
        media, response, code = answer
        if self.compress and isinstance(response.text, bytes) and len(response.text) >= LEAST:
            send = compressed(scope["headers"], send)
        await _send(send, scope["headers"], media, response, code)

    def done(self, scope: Scope, answer: Answered | None, seconds: float) -> RequestDone | None:
        """Pages and streams tell of themselves."""
        if answer is None:
            return None
        _, response, code = answer
        return RequestDone(
            "graphql",
            response.name,
            code,
            seconds,
            response.retry_count,
            response.failure,
            response.kind,
            role_of(scope),
        )

    async def _streamed(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        form: StreamForm,
        media: str | None,
        asked: list[GraphQLRequest] | GraphQLRequest,
        size: int,
    ) -> bool:
        """Answers as a stream what has to be one, or whose client takes nothing else; whether it did."""
        if isinstance(asked, list) or not (media is None or await self.service.subscribes(asked)):
            return False
        assert self.event_streams is not None
        await self.event_streams.run(scope, receive, send, form, asked, size)
        return True

    async def _batch(self, batch: list[GraphQLRequest]) -> list[GraphQLResponse]:
        """All at once, or one after the other where one writes: what follows a write in a batch sees it."""
        if any([await self.service.mutates(asked) for asked in batch]):
            return [await self.service.answer(asked) for asked in batch]
        return list(await asyncio.gather(*(self.service.answer(asked) for asked in batch)))

    async def _body(self, scope: Scope, headers: Headers, receive: Receive) -> bytes:
        if scope["method"] == "GET":
            return b""
        if scope["method"] != "POST":
            raise RequestError(Code.METHOD_NOT_ALLOWED, "Use GET or POST")
        return await read_body(headers, receive, self.bounds.body_bytes)

    def _asked(self, scope: Scope, headers: Headers, body: bytes) -> list[GraphQLRequest] | GraphQLRequest:
        if scope["method"] == "GET":
            return parse_query(scope["query_string"], identity_of(scope))
        asked = parse_body(body, self.bounds, identity_of(scope))
        if b"prefer" in headers and preferences(scope["headers"]).rollback:
            asked = list(map(_on_trial, asked)) if isinstance(asked, list) else _on_trial(asked)
        return _with_entries(scope, body, asked) if has_key(headers) else asked


def _on_trial(asked: GraphQLRequest) -> GraphQLRequest:
    return replace(asked, dry_run=True)


def _with_entries(
    scope: Scope, body: bytes, asked: list[GraphQLRequest] | GraphQLRequest
) -> list[GraphQLRequest] | GraphQLRequest:
    """The requests under their `Idempotency-Key`; each of a batch has its own part of it."""
    if isinstance(asked, GraphQLRequest):
        return replace(asked, entry=client_entry(scope, body))
    return [replace(each, entry=client_entry(scope, body, str(place))) for place, each in enumerate(asked)]


def _together(answers: list[GraphQLResponse]) -> GraphQLResponse:
    replayed = any(answer.replayed for answer in answers)
    return GraphQLResponse(
        Joined.of(b"[", b",", (answer.text for answer in answers), b"]"), replayed=replayed, kind="batch"
    )


def _without_query(scope: Scope) -> bool:
    return scope["method"] == "GET" and b"query=" not in scope["query_string"]


async def _send(send: Send, asked: list[tuple[bytes, bytes]], media: str, answer: GraphQLResponse, code: int) -> None:
    text, headers = answer.text, [_CONTENT_TYPES[media]]
    if isinstance(text, GzippedText):
        headers.append((b"vary", b"accept-encoding"))
        if takes_gzip(dict(asked).get(b"accept-encoding", b"")):
            headers.append((b"content-encoding", b"gzip"))
            text = text.gzip
    headers.append((b"content-length", b"%d" % (len(text) if isinstance(text, bytes) else text.length)))
    if answer.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, round(answer.retry_after))))
    if answer.replayed:
        headers.append(REPLAYED)
    if code == _STATUS[Code.METHOD_NOT_ALLOWED]:
        headers.append((b"allow", ALLOWED))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    if not isinstance(text, bytes):
        for piece in text.pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        text = b""
    await send({"type": "http.response.body", "body": text})
