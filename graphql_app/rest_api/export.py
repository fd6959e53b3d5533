"""A table as a CSV file, and what every address that gives many rows has in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from graphql_app.auth.identity import identity_of
from graphql_app.auth.introspection import Introspection
from graphql_app.csv_io.record_lines import header_line, record_lines, spreadsheet_header
from graphql_app.engine.compile.exports import PreparedRows
from graphql_app.engine.engine import Engine
from graphql_app.engine.request.bulk import RowForm, RowsRead
from graphql_app.engine.request.calls import Read
from graphql_app.errors import Code, RequestError
from graphql_app.http.compression import VARY, compressed
from graphql_app.observability.events import Observer
from graphql_app.rest_api.endpoint import RestEndpoint
from graphql_app.rest_api.envelope import (
    Clock,
    Headers,
    RestResponse,
)
from graphql_app.rest_api.permitted import check_may_read
from graphql_app.rest_api.query_language.pairs import Pairs, parse_pairs
from graphql_app.rest_api.query_language.read_request import read_request
from graphql_app.rest_api.spool import Spools
from graphql_app.rest_api.streamed import Lines, send_stream

CSV: Headers = ((b"content-type", b"text/csv; charset=utf-8; header=present"),)
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
class StreamingEndpoint(RestEndpoint):
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
class Export(StreamingEndpoint):
    """`GET /api/{table}/export`: the table as a CSV file."""

    async def run(self, engine: Engine, scope: Scope, receive: Receive, send: Send) -> RestResponse | None:
        """Streams the file."""
        form, pairs = _format(parse_pairs(scope["query_string"]))
        read = await self.table_read(engine, scope, pairs)
        rows = engine.prepare(RowsRead(read, form, whole=True))
        headers = (*CSV, VARY, (b"content-disposition", _attachment(read.table)))
        if scope["method"] == "HEAD":
            return RestResponse(200, b"", headers)
        await self.stream(engine, receive, send, Wanted(read, form, headers, csv_lines(read, form)), rows)
        return None


def csv_lines(read: Read, form: RowForm = RowForm.CSV) -> Lines:
    """The lines of a CSV file, its header first."""
    header = spreadsheet_header if form is RowForm.SPREADSHEET else header_line
    return Lines(record_lines, header(item.key for item in read.select))


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
