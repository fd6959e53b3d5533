"""What a tracing backend sees of requests, and what the database's own logs show of a trace."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from graphql_app.middleware.tracing import FAREWELL_SECONDS, Tracing
from tests.fix_app import OpenApp, StartApp
from tests.harness.engine import Engine
from tests.harness.recorder import Recorder, recording

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TOLD = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
QUERY = {"query": "query Mine { customers(limit: 2) { id orders(limit: 1) { id } } }", "operationName": "Mine"}
TABLES = """
    CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20), email VARCHAR(50), age INT);
    CREATE TABLE customers (id INT PRIMARY KEY);
    CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, FOREIGN KEY (customer_id) REFERENCES customers (id));
    INSERT INTO customers VALUES (1), (2);
    INSERT INTO orders VALUES (1, 1);
"""
DATABASE = {"db.system.name": "mysql", "db.namespace": "shop"}


class Traced:
    """A program in this process whose spans stay here, and the statements that it sends."""

    def __init__(self, client: httpx.AsyncClient, spans: InMemorySpanExporter, recorder: Recorder) -> None:
        self.client = client
        self._spans = spans
        self._recorder = recorder
        self.take()

    def take(self) -> tuple[list[ReadableSpan], list[str]]:
        """The spans and the statements since the last call, without those that no request asked for."""
        found = list(self._spans.get_finished_spans())
        self._spans.clear()
        sent = [line for line in self._recorder.take().splitlines() if "INFORMATION_SCHEMA" not in line.upper()]
        return found, [line for line in sent if line]


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def small(engine: Engine) -> Iterator[str]:
    """A database of three small tables."""
    with engine.database(TABLES) as name:
        yield name


@pytest.fixture
async def traced(
    open_app: OpenApp, engine: Engine, small: str, spans: InMemorySpanExporter, tmp_path: Path
) -> AsyncIterator[Traced]:
    async with tracing(open_app, engine, small, TracerProvider(shutdown_on_exit=False), spans, tmp_path) as found:
        yield found


@asynccontextmanager
async def tracing(
    open_app: OpenApp,
    engine: Engine,
    database: str,
    provider: TracerProvider,
    spans: InMemorySpanExporter,
    folder: Path,
) -> AsyncIterator[Traced]:
    """The program with spans of `provider`, behind a recorder of what it sends."""
    provider.add_span_processor(SimpleSpanProcessor(spans))
    async with recording(engine.socket, folder) as recorder:
        environment = engine.environment(database) | {"DB_SOCKET": recorder.socket, "SCHEMA_POLL_SECONDS": "0"}
        async with open_app(environment, tracing=Tracing(provider, DATABASE)) as client:
            yield Traced(client, spans, recorder)


def server_span(spans: list[ReadableSpan]) -> ReadableSpan:
    """The only span of a request."""
    (found,) = (span for span in spans if span.kind is SpanKind.SERVER)
    return found


def mark(span: ReadableSpan) -> str:
    """The comment by which statements lead to `span`."""
    at = ids(span)
    return f"/*traceparent='00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}'*/"


async def test_a_request_is_a_span_in_the_trace_of_its_client(traced: Traced) -> None:
    """Its stages are below it, the database is named, and its statement bears the trace."""
    response = await traced.client.post("/graphql", json=QUERY, headers=TOLD | {"X-Request-Id": "mine-1"})
    assert response.status_code == 200
    spans, sent = traced.take()
    server = server_span(spans)
    assert server.name == "POST /graphql"
    assert server.parent is not None
    assert (f"{server.parent.trace_id:032x}", f"{server.parent.span_id:016x}") == (TRACE, PARENT)
    shown = dict(server.attributes or {})
    for name, value in {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "url.path": "/graphql",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "http.response.header.x-request-id": ("mine-1",),
        "graphql.operation.name": "Mine",
        "graphql.operation.type": "query",
    }.items():
        assert shown.pop(name) == value, name
    assert set(shown) <= {"server.address", "server.port", "client.address", "client.port", "network.protocol.version"}
    stages = {span.name: span for span in spans if span is not server}
    assert {"plan", "compile", "execute"} == set(stages)
    for span in stages.values():
        assert span.parent is not None
        assert span.parent.span_id == ids(server).span_id
        assert server.start_time <= span.start_time <= span.end_time <= server.end_time  # type: ignore[operator]
    assert stages["execute"].kind is SpanKind.CLIENT
    assert dict(stages["execute"].attributes or {}) == DATABASE
    work = [line for line in sent if "`customers`" in line or "`orders`" in line]
    assert work
    assert [line for line in work if not line.endswith(f"{mark(server)};")] == []


def ids(span: ReadableSpan) -> SpanContext:
    """The ids of a span, which every one of ours has."""
    found = span.get_span_context()
    assert found is not None
    return found


async def test_every_statement_of_a_write_bears_the_trace(traced: Traced) -> None:
    """Those of its transaction that do its work; without a client's trace the request begins one."""
    made = await traced.client.post("/api/users", json={"input": {"name": "Ann", "email": "ann@example.com"}})
    assert made.is_success
    spans, sent = traced.take()
    server = server_span(spans)
    assert (server.name, server.parent) == ("POST /api/{table}", None)
    work = [line for line in sent if line.startswith(("INSERT INTO `users`", "SELECT"))]
    assert work
    assert [line for line in work if mark(server) not in line] == []
    assert "ann@example.com" not in str([span.attributes for span in spans])


async def test_the_trace_is_seen_in_the_server(open_app: OpenApp, mariadb: Engine, spans: InMemorySpanExporter) -> None:
    """A statement that waits for a lock shows its trace in the process list."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    with mariadb.database("CREATE TABLE t (id INT PRIMARY KEY)") as database:
        async with open_app(mariadb.environment(database), tracing=Tracing(provider, DATABASE)) as client:
            with mariadb.connect(database) as connection, connection.cursor() as cursor:
                cursor.execute("LOCK TABLES t WRITE")
                waiting = asyncio.create_task(client.get("/api/t/query", headers=TOLD))
                async with asyncio.timeout(10):
                    while not (shown := _waiting(mariadb, database)):  # noqa: ASYNC110 - the server tells it so alone
                        await asyncio.sleep(0.01)
            assert (await waiting).status_code == 200
    assert mark(server_span(list(spans.get_finished_spans()))) in shown


def _waiting(engine: Engine, database: str) -> str:
    found = engine.execute(
        "SELECT info FROM information_schema.processlist WHERE db = %s AND state LIKE '%%metadata lock%%'",
        values=(database,),
    )
    return str(found[0][0]) if found else ""


async def test_an_export_bears_the_trace(traced: Traced) -> None:
    assert (await traced.client.get("/api/users/export")).status_code == 200
    spans, sent = traced.take()
    assert [line for line in sent if "`users`" in line and mark(server_span(spans)) not in line] == []
    assert any("`users`" in line for line in sent)


async def test_what_no_one_samples_leaves_nothing(
    open_app: OpenApp, engine: Engine, small: str, spans: InMemorySpanExporter, tmp_path: Path
) -> None:
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    async with tracing(open_app, engine, small, provider, spans, tmp_path) as traced:
        assert (await traced.client.post("/graphql", json=QUERY)).status_code == 200
        found, sent = traced.take()
    assert found == []
    assert sent
    assert [line for line in sent if "traceparent" in line] == []


@pytest.mark.parametrize(
    "header", ["", "00-zz", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}'*/-{PARENT}-01", "x" * 9000]
)
async def test_a_wrong_trace_of_the_client_is_none(traced: Traced, header: str) -> None:
    """The request begins a trace of its own, and nothing of the header reaches a statement."""
    response = await traced.client.get("/api/users/query?limit=1", headers={"traceparent": header})
    assert response.status_code == 200
    spans, sent = traced.take()
    assert server_span(spans).parent is None
    assert all(re.search(r"/\*traceparent='00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]'\*/;$", line) for line in sent)


async def test_failures_are_told_by_code_and_without_values(traced: Traced) -> None:
    """A client's mistake is no error of the server; the query string stays out of the span."""
    response = await traced.client.get("/api/users/query?age=gte.secret")
    assert response.status_code == 400
    server = server_span(traced.take()[0])
    assert server.status.status_code is StatusCode.UNSET
    shown = dict(server.attributes or {})
    assert shown["graphql_app.error.code"] == "INVALID_VALUE"
    assert shown["http.response.status_code"] == 400
    assert "secret" not in str(shown)


async def test_probes_and_scrapes_have_no_span(traced: Traced) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await traced.client.get(path)).status_code == 200
    assert traced.take()[0] == []
    assert (await traced.client.get("/docs")).status_code == 200
    assert [span.name for span in traced.take()[0]] == ["GET /docs"]


class Collector:
    """An OTLP collector: what programs send by HTTP."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.received: SimpleQueue[ExportTraceServiceRequest] = SimpleQueue()

    def spans(self, wanted: str) -> dict[str, str]:
        """The spans by name, with their service, once one called `wanted` has come."""
        found: dict[str, str] = {}
        while wanted not in found:
            for resource in self.received.get(timeout=20).resource_spans:
                service = {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"]
                found |= {span.name: service for scope in resource.scope_spans for span in scope.spans}
        return found


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                collector.received.put(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield collector
        server.shutdown()
        thread.join()


def test_a_program_sends_its_spans_to_a_collector(start_app: StartApp, mariadb: Engine) -> None:
    """The SDK's own variables say where; what is not sent yet goes out at the program's end."""
    with collecting() as collector, mariadb.database("CREATE TABLE t (id INT PRIMARY KEY)") as database:
        settings = {"OTEL": "on", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
        app = start_app(mariadb.environment(database), settings=settings)
        assert app.client.get("/api/t/query").status_code == 200
        assert app.stop() == 0
        found = collector.spans("GET /api/{table}/query")
    assert found == dict.fromkeys(("GET /api/{table}/query", "plan", "compile", "execute"), "graphql-app")


def test_a_collector_that_is_away_holds_nothing_up(start_app: StartApp, mariadb: Engine) -> None:
    with mariadb.database("CREATE TABLE t (id INT PRIMARY KEY)") as database:
        settings = {"OTEL": "on", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
        app = start_app(mariadb.environment(database), settings=settings)
        assert app.client.get("/api/t/query").status_code == 200
        began = time.monotonic()
        assert app.stop() == 0
        assert time.monotonic() - began < FAREWELL_SECONDS + 5
