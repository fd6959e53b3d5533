"""The addresses that give many rows: CSV export, and `GET …/query` as CSV, as lines of JSON, or as one document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.auth.identity import identity_of
from graphql_app.auth.introspection import Introspection
from graphql_app.csv_io.record_lines import header_line, record_lines, spreadsheet_header
from graphql_app.engine.assemble.json import rows_in
from graphql_app.engine.compile.exports import PreparedRows
from graphql_app.engine.engine import Engine
from graphql_app.engine.request.bulk import RowForm, RowsRead
from graphql_app.engine.request.calls import Call, Read, RootRequest
from graphql_app.errors import Code, RequestError
from graphql_app.http.compression import VARY, compressed
from graphql_app.http.disconnect import CancelOnDisconnect
from graphql_app.http.negotiation import preferred
from graphql_app.observability.events import Observer
from graphql_app.rest_api.counting import asked_counting, count_rows
from graphql_app.rest_api.endpoint import RestEndpoint
from graphql_app.rest_api.envelope import (
    Clock,
    Headers,
    RestResponse,
    respond,
    respond_head,
    success,
    timestamp,
)
from graphql_app.rest_api.permitted import check_may_read, may_count
from graphql_app.rest_api.prepared_reads import PreparedReads, ReadRequest, first_rows
from graphql_app.rest_api.query_language.pairs import Pairs, parse_pairs
from graphql_app.rest_api.query_language.read_request import read_request
from graphql_app.rest_api.spool import Spools
from graphql_app.rest_api.streamed import Lines, send_stream

_MESSAGE = "Records retrieved successfully"
_CSV: Headers = ((b"content-type", b"text/csv; charset=utf-8; header=present"),)
_LINES: Headers = ((b"content-type", b"application/x-ndjson"),)
_JSON: Headers = ((b"content-type", b"application/json"),)
_TYPES: Mapping[str, Headers] = {"application/json": _JSON, "text/csv": _CSV, "application/x-ndjson": _LINES}
_OFFERED = tuple(_TYPES)
_VARY: Headers = ((b"vary", b"accept, prefer, accept-encoding"),)
_JSON_HEADERS: Headers = (*_JSON, *_VARY)
_FORMATS: Mapping[str, RowForm] = {"csv": RowForm.CSV, "spreadsheet": RowForm.SPREADSHEET}
_UNSAFE = re.compile(r"[^A-Za-z0-9_. -]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be sent: rows of which read, as what."""

    read: Read
    form: RowForm
    headers: Headers
    lines: Lines


@dataclass(frozen=True, slots=True)
class _Streaming(RestEndpoint):
    """What the two kinds of endpoint have in common."""

    streams = True
    path: str
    engine: Engine
    observer: Observer
    clock: Clock
    introspection: Introspection
    spools: Spools
    compress: bool

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> RestResponse | None:
        """Streams, or gives the whole answer. Raises `AppError`, `ClientDisconnect`."""
        engine = self.engine.acting(identity_of(scope))
        streamed = compressed(scope["headers"], send) if self.compress else send
        return await engine.live.retry_on_stale_schema(lambda: self.run(engine, scope, receive, streamed))

    async def respond(self, scope: Scope, send: Send, answer: RestResponse) -> None:
        """Sends what was not streamed; of a success that HEAD asks for, the head alone."""
        if scope["method"] == "HEAD" and answer.code is None:
            await respond_head(send, answer)
        else:
            await respond(self.out(scope, send, len(answer.body)), answer)

    async def run(self, engine: Engine, scope: Scope, receive: Receive, send: Send) -> RestResponse | None:
        """Streams, or gives the whole answer, by the engine of the caller. Raises `AppError`, `ClientDisconnect`."""
        raise NotImplementedError

    async def table_read(self, engine: Engine, scope: Scope, pairs: Pairs, page: int | None = None) -> Read:
        """The read that the query string asks for; `page` is the limit where it asks for none."""
        table = await engine.table(scope["path_params"]["table"])
        catalog = engine.catalog
        table = catalog.tables.get(table.name, table)
        check_may_read(table)
        return read_request(catalog, table, (), pairs, page)

    async def stream(self, engine: Engine, receive: Receive, send: Send, wanted: Wanted, rows: PreparedRows) -> None:
        """Sends every row."""
        await send_stream(receive, send, wanted.headers, wanted.lines, lambda: engine.stream(rows), self.spools)


@dataclass(frozen=True, slots=True)
class Export(_Streaming):
    """`GET /api/{table}/export`: the table as a CSV file."""

    async def run(self, engine: Engine, scope: Scope, receive: Receive, send: Send) -> RestResponse | None:
        """Streams the file."""
        form, pairs = _format(parse_pairs(scope["query_string"]))
        read = await self.table_read(engine, scope, pairs)
        rows = engine.prepare(RowsRead(read, form, whole=True))
        headers = (*_CSV, VARY, (b"content-disposition", _attachment(read.table)))
        if scope["method"] == "HEAD":
            return RestResponse(200, b"", headers)
        await self.stream(engine, receive, send, Wanted(read, form, headers, _csv_lines(read, form)), rows)
        return None


@dataclass(frozen=True, slots=True)
class Query(_Streaming):
    """`GET /api/{table}/query` in every form, and `HEAD`, which reads no rows; other methods are `plain`'s."""

    plain: ASGIApp
    reads: PreparedReads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        if scope["method"] not in ("GET", "HEAD"):
            await self.plain(scope, receive, send)
        else:
            await RestEndpoint.__call__(self, scope, receive, send)

    async def run(self, engine: Engine, scope: Scope, receive: Receive, send: Send) -> RestResponse | None:
        """Streams what is long, and answers what is short."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        media = preferred(headers.get(b"accept", b""), _OFFERED)
        if media is None:
            raise RequestError(Code.NOT_ACCEPTABLE, f"This address answers as one of {', '.join(_OFFERED)}")
        if media == "application/json" and scope["method"] == "GET" and b"prefer" not in headers:
            found = self.reads.find(engine, scope["path_params"]["table"], scope["query_string"])
            if found is not None:
                return await self._prepared(found, engine, scope, receive, send)
        read = await self.table_read(engine, scope, parse_pairs(scope["query_string"]), engine.default_page)
        with CancelOnDisconnect(receive, self.observer, "rest"):
            counted = (*_VARY, *await self._counted(engine, read, headers.get(b"prefer", b"").decode("latin-1")))
        if scope["method"] == "HEAD":
            engine.prepare(Call((RootRequest("data", read),)))
            return RestResponse(200, b"", (*_TYPES[media], *counted))
        if media == "text/csv":
            wanted = Wanted(read, RowForm.CSV, (*_CSV, *counted), _csv_lines(read))
        elif media == "application/x-ndjson":
            wanted = Wanted(read, RowForm.JSON, (*_LINES, *counted), Lines(_json_lines))
        else:
            return await self._json(engine, read, counted, receive, send)
        await self.stream(engine, receive, send, wanted, engine.prepare(RowsRead(read, wanted.form)))
        return None

    async def _prepared(
        self, found: ReadRequest, engine: Engine, scope: Scope, receive: Receive, send: Send
    ) -> RestResponse | None:
        """The envelope of a prepared read, as `_json` gives it."""
        with CancelOnDisconnect(receive, self.observer, "rest"):
            reply = await engine.run(found.prepared, found.values)
        if not found.bounded or rows_in(reply.values[0]) < found.bounded:
            return success(_MESSAGE, reply.values[0], reply.retry_count, self.clock(), _JSON_HEADERS)
        retries = reply.retry_count
        del reply
        read = await self.table_read(engine, scope, parse_pairs(scope["query_string"]), engine.default_page)
        return await self._many(engine, read, _VARY, retries, receive, send)

    async def _json(
        self, engine: Engine, read: Read, counted: Headers, receive: Receive, send: Send
    ) -> RestResponse | None:
        """The envelope: as a whole where all rows are known to be few, else streamed."""
        first, bounded = first_rows(read, self.engine.max_page)
        with CancelOnDisconnect(receive, self.observer, "rest"):
            reply = await engine.run(Call((RootRequest("data", first),)))
        if not bounded or rows_in(reply.values[0]) < bounded:
            return success(_MESSAGE, reply.values[0], reply.retry_count, self.clock(), (*_JSON, *counted))
        retries = reply.retry_count
        del reply
        return await self._many(engine, read, counted, retries, receive, send)

    async def _many(
        self, engine: Engine, read: Read, counted: Headers, retries: int, receive: Receive, send: Send
    ) -> RestResponse | None:
        """The envelope, streamed; `retries` attempts had failed before its first rows were there."""
        head = f'{{"timestamp":"{timestamp(self.clock())}","message":"{_MESSAGE}","data":['.encode()
        lines = Lines(b",".join, head, b",", b'],"retry_count":%d}' % retries)
        wanted = Wanted(read, RowForm.JSON, (*_JSON, *counted), lines)
        await self.stream(engine, receive, send, wanted, engine.prepare(RowsRead(read, wanted.form)))
        return None

    async def _counted(self, engine: Engine, read: Read, prefer: str) -> Headers:
        """The headers that tell the number of all rows, where it is asked for."""
        asked = asked_counting(prefer)
        if asked is None or not may_count(engine.catalog.tables.get(read.table)):
            return ()
        total, applied = await count_rows(engine, read, asked)
        start = read.offset if isinstance(read.offset, int) else 0
        end = min(total, start + read.limit) if isinstance(read.limit, int) else total
        place = f"{start}-{end - 1}" if end > start else "*"
        return (
            (b"content-range", f"{place}/{total}".encode()),
            (b"preference-applied", f"count={applied}".encode()),
        )


def _csv_lines(read: Read, form: RowForm = RowForm.CSV) -> Lines:
    header = spreadsheet_header if form is RowForm.SPREADSHEET else header_line
    return Lines(record_lines, header(item.key for item in read.select))


def _json_lines(rows: list[bytes]) -> bytes:
    return b"\n".join(rows) + b"\n"


def _format(pairs: Pairs) -> tuple[RowForm, Pairs]:
    """The form that `format` asks for, and the other parameters."""
    given = [text for name, text in pairs if name == "format"]
    unknown = [text for text in given if text not in _FORMATS]
    if unknown or len(given) > 1:
        raise RequestError(Code.INVALID_PARAMETER, f"Parameter 'format' must be one of {', '.join(_FORMATS)}")
    rest = tuple((name, text) for name, text in pairs if name != "format")
    return _FORMATS[given[0]] if given else RowForm.CSV, rest


def _attachment(table: str) -> bytes:
    """The header that names the file: an ASCII name that no system misreads, and the table's own name."""
    safe = _UNSAFE.sub("_", table).strip(". ") or "table"
    whole = quote(f"{table}.csv", safe="")
    return f"attachment; filename=\"{safe}.csv\"; filename*=UTF-8''{whole}".encode()
