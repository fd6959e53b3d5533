"""OpenTelemetry traces: a span for each HTTP request, its stages below it, and the mark that its statements bear.

Imported only where `OTEL` is on. The names of attributes are those of OpenTelemetry's semantic conventions; none
holds a value of a request or a row. Where spans go and which requests are sampled is said to the SDK, by its own
environment variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, …).
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_app.engine.sql.fragment import trace_comment
from graphql_app.middleware.admission import ALWAYS, HEADER
from graphql_app.observability import events
from graphql_app.observability.events import Event, RequestDone, StageTimed
from graphql_app.rest_api.envelope import STATUS

FAREWELL_SECONDS: Final = 2.0
"""How long the end of the program waits for the last spans to be sent."""
SERVICE: Final = "graphql-app"
"""The service's name where OTEL_SERVICE_NAME gives none."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
_STREAMS = (b"text/event-stream", b"multipart/mixed")
_FAULTS = frozenset(code for code, status in STATUS.items() if status >= 500)
_NOTED: Final[frozenset[type[Event]]] = frozenset(
    {
        events.AttemptFailed,
        events.Retrying,
        events.RetriesExhausted,
        events.RetryBudgetExhausted,
        events.OutcomeSettled,
        events.AnswerReplayed,
        events.WaitedForDatabase,
        events.PoolQueueFull,
        events.ClientDisconnected,
    }
)
"""What happened to a request on its way: span events of the same name and fields."""
_EVENT_NAMES = {kind: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower() for kind in _NOTED}

Attributes = Mapping[str, str | int]


class Tracing:
    """The traces of one process: stands before the app, and observes what happens to the requests in it.

    `database` are the attributes of every span of the stage `execute`.
    """

    def __init__(self, provider: TracerProvider, database: Attributes) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("graphql_app")
        self._database = database

    def before(self, app: ASGIApp) -> ASGIApp:
        """`app` with a span around each HTTP request but probes and scrapes, under the client's `traceparent`."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] in ALWAYS:
                await app(scope, receive, send)
                return
            method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
            span = self._tracer.start_span(
                "HTTP" if method == "_OTHER" else method,
                context=_parent(scope),
                kind=SpanKind.SERVER,
                attributes=_request(scope, method),
            )
            with trace.use_span(span, record_exception=False, set_status_on_exception=False, end_on_exit=True):
                await app(scope, receive, _told(span, scope, send))

        return traced

    def __call__(self, event: Event) -> None:
        """Takes note of what happens to the current request. A stage that ended becomes a span of its own."""
        span = trace.get_current_span()
        if not span.is_recording():
            return
        if isinstance(event, StageTimed):
            self._stage(event)
        elif isinstance(event, RequestDone):
            _describe(span, event)
        elif type(event) in _NOTED:
            span.add_event(_EVENT_NAMES[type(event)], asdict(event))
        elif isinstance(event, events.UnexpectedError):
            span.set_attribute("error.type", type(event.error).__qualname__)
            span.set_status(StatusCode.ERROR)

    @staticmethod
    def mark() -> bytes:
        """The comment of the statements that are sent for the current request; empty if it is not sampled."""
        span = trace.get_current_span()
        at = span.get_span_context()
        if not (span.is_recording() and at.trace_flags.sampled):
            return b""
        ids = f"{trace.format_trace_id(at.trace_id)}-{trace.format_span_id(at.span_id)}"
        return trace_comment(f"00-{ids}-{at.trace_flags:02x}")

    def _stage(self, event: StageTimed) -> None:
        ended = time.time_ns()
        execute = event.stage == "execute"
        span = self._tracer.start_span(
            event.stage,
            kind=SpanKind.CLIENT if execute else SpanKind.INTERNAL,
            attributes=self._database if execute else None,
            start_time=ended - round(event.seconds * 1e9),
        )
        span.end(ended)

    async def close(self) -> None:
        """Sends the last spans. A collector that does not answer holds the program's end up only shortly."""
        thread = threading.Thread(target=self._provider.shutdown, daemon=True)
        thread.start()
        await asyncio.to_thread(thread.join, FAREWELL_SECONDS)


def exporting(database: Attributes) -> Tracing:
    """Traces that leave by OTLP over HTTP, as the environment says (http://localhost:4318 if it does not)."""
    # The end of the program is ours, and bounded; the SDK's own waits for as long as an export may take.
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider, database)


def _resource() -> Resource:
    found = Resource.create()
    given = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return found if given else found.merge(Resource({SERVICE_NAME: SERVICE}))


def _parent(scope: Scope) -> Context:
    """What the client said of the trace it is in. Without it the request begins a trace."""
    fields = propagate.get_global_textmap().fields
    carrier: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1")
        if key in fields:
            carrier.setdefault(key, []).append(value.decode("latin-1"))
    # Nothing of whatever else is current: a request's only parent is the client's span.
    return propagate.extract(carrier, trace.set_span_in_context(INVALID_SPAN, Context()))


def _request(scope: Scope, method: str) -> Attributes:
    """What is known when a request arrives. Its query string holds values and is left out."""
    found: dict[str, str | int] = {
        "http.request.method": method,
        "url.path": scope["path"],
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope["http_version"],
    }
    for key, address in (("server", scope.get("server")), ("client", scope.get("client"))):
        if address is not None:
            found[f"{key}.address"] = address[0]
            if address[1] is not None:
                found[f"{key}.port"] = address[1]
    return found


def _told(span: Span, scope: Scope, send: Send) -> Send:
    """`send`, which also tells the span what is answered. A stream's span ends when its answer begins."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            if "endpoint" in scope and not scope["path_params"]:
                _route(span, scope["path"])
            _answered(span, message["status"], message.get("headers", ()))
        await send(message)

    return told


def _answered(span: Span, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(StatusCode.ERROR)
    for name, value in headers:
        if name == HEADER:
            span.set_attribute("http.response.header.x-request-id", [value.decode("latin-1")])
        elif name == b"content-type" and value.startswith(_STREAMS):
            span.end()


def _route(span: Span, route: str) -> None:
    span.set_attribute("http.route", route)
    if isinstance(span, ReadableSpan):
        span.update_name(f"{span.name.partition(' ')[0]} {route}")


def _describe(span: Span, done: RequestDone) -> None:
    """What the request turned out to be: the address or the GraphQL operation, and how it went."""
    route = "/graphql" if done.api == "graphql" else done.name.rpartition(" ")[2]
    _route(span, route)
    if done.kind is not None:
        span.set_attribute("graphql.operation.type", done.kind)
        if done.name:
            span.set_attribute("graphql.operation.name", done.name)
    if done.retries:
        span.set_attribute("graphql_app.retry_count", done.retries)
    if done.code is not None:
        span.set_attribute("graphql_app.error.code", done.code)
        if done.code in _FAULTS:
            span.set_attribute("error.type", done.code)
            span.set_status(StatusCode.ERROR)
