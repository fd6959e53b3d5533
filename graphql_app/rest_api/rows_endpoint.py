"""The addresses that give rows by a query string: as one document, as one object, as CSV, or as lines of JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.engine.assemble.json import Value, rows_in, text_of
from graphql_app.engine.engine import Engine
from graphql_app.engine.request.bulk import RowForm, RowsRead
from graphql_app.engine.request.calls import Call, Counting, Read, RootRequest
from graphql_app.errors import Code, RequestError
from graphql_app.http.disconnect import CancelOnDisconnect
from graphql_app.http.negotiation import preferred
from graphql_app.http.preferences import READS, Preference, Preferences, preferences
from graphql_app.rest_api.answers.forms import ENVELOPES, Form
from graphql_app.rest_api.answers.pages import RowRange, asked_range
from graphql_app.rest_api.answers.written import not_one_row
from graphql_app.rest_api.counting import count_rows
from graphql_app.rest_api.endpoint import RestEndpoint
from graphql_app.rest_api.envelope import Headers, RestResponse
from graphql_app.rest_api.export import CSV, StreamingEndpoint, Wanted, csv_lines
from graphql_app.rest_api.permitted import may_count
from graphql_app.rest_api.prepared_reads import PreparedReads, ReadRequest, first_rows
from graphql_app.rest_api.query_language.pairs import parse_pairs
from graphql_app.rest_api.streamed import Lines
from graphql_app.rest_api.table_endpoint import OBJECT

_MESSAGE: Final = "Records retrieved successfully"
_LINES: Final[Headers] = ((b"content-type", b"application/x-ndjson"),)
_VARY: Final[Headers] = ((b"vary", b"accept, prefer, range, accept-encoding"),)
_LIST: Final = "application/vnd.pgrst.array+json"
_OFFERED: Final = ("application/json", "text/csv", "application/x-ndjson", OBJECT, _LIST)


@dataclass(frozen=True, slots=True)
class Query(StreamingEndpoint):
    """`GET` in every form, and `HEAD`, which reads no rows; other methods are `plain`'s."""

    plain: ASGIApp
    reads: PreparedReads
    form: Form = ENVELOPES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        if scope["method"] not in ("GET", "HEAD"):
            await self.plain(scope, receive, send)
        else:
            await RestEndpoint.__call__(self, scope, receive, send)

    async def run(self, engine: Engine, scope: Scope, receive: Receive, send: Send) -> RestResponse | None:
        """Streams what is long, and answers what is short."""
        self.form.check(scope["headers"], engine.catalog)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        media = preferred(headers.get(b"accept", b""), _OFFERED)
        if media is None:
            raise RequestError(Code.NOT_ACCEPTABLE, f"This address answers as one of {', '.join(_OFFERED)}")
        plain = b"prefer" not in headers and b"range" not in headers
        if media == "application/json" and scope["method"] == "GET" and plain:
            found = self.reads.find(engine, scope["path_params"]["table"], scope["query_string"])
            if found is not None:
                return await self._prepared(found, engine, scope, receive, send)
        prefer = preferences(scope["headers"])
        prefer.check(READS)
        return await self._read(engine, scope, receive, send, media, prefer, headers)

    async def _read(
        self,
        engine: Engine,
        scope: Scope,
        receive: Receive,
        send: Send,
        media: str,
        prefer: Preferences,
        headers: dict[bytes, bytes],
    ) -> RestResponse | None:
        pairs, ranged = asked_range(parse_pairs(scope["query_string"]), headers)
        read = await self.table_read(engine, scope, pairs, engine.default_page)
        with CancelOnDisconnect(receive, self.observer, "rest"):
            total, counting = await self._total(engine, read, prefer)
        page = RowRange.of(read, total, always=self.form.bare, ranged=ranged)
        told = (*_VARY, *prefer.applied(READS - {Preference.COUNT}, counting))
        if scope["method"] == "HEAD":
            engine.prepare(Call((RootRequest("data", read),)))
            return RestResponse(page.status(None), b"", (*_type(media, self.form), *told, *page.headers(None)))
        if media == "text/csv":
            wanted = Wanted(read, RowForm.CSV, (*CSV, *told, *page.headers(None)), csv_lines(read))
        elif media == "application/x-ndjson":
            wanted = Wanted(read, RowForm.JSON, (*_LINES, *told, *page.headers(None)), Lines(_json_lines))
        elif media == OBJECT:
            return await self._object(engine, read, told, page, receive)
        else:
            return await self._json(engine, read, told, page, receive, send)
        await self.stream(engine, receive, send, wanted, engine.prepare(RowsRead(read, wanted.form)))
        return None

    async def _prepared(
        self, found: ReadRequest, engine: Engine, scope: Scope, receive: Receive, send: Send
    ) -> RestResponse | None:
        """The answer of a prepared read, as `_json` gives it."""
        with CancelOnDisconnect(receive, self.observer, "rest"):
            reply = await engine.run(found.prepared, found.values)
        if not found.bounded or rows_in(reply.values[0]) < found.bounded:
            page = RowRange(found.offset, always=self.form.bare)
            return self._whole(reply.values[0], reply.retry_count, _VARY, page)
        retries = reply.retry_count
        del reply
        read = await self.table_read(engine, scope, parse_pairs(scope["query_string"]), engine.default_page)
        return await self._many(engine, read, _VARY, retries, receive, send)

    async def _json(
        self, engine: Engine, read: Read, told: Headers, page: RowRange, receive: Receive, send: Send
    ) -> RestResponse | None:
        """One document: as a whole where all rows are known to be few, else streamed."""
        first, bounded = first_rows(read, self.engine.max_page)
        with CancelOnDisconnect(receive, self.observer, "rest"):
            reply = await engine.run(Call((RootRequest("data", first),)))
        if not bounded or rows_in(reply.values[0]) < bounded:
            return self._whole(reply.values[0], reply.retry_count, told, page)
        retries = reply.retry_count
        del reply
        return await self._many(engine, read, (*told, *page.headers(None)), retries, receive, send)

    def _whole(self, value: Value, retries: int, told: Headers, page: RowRange) -> RestResponse:
        if not page.said:
            return self.form.read(_MESSAGE, value, retries, self.clock(), (*self.form.json, *told), tagged=True)
        count = rows_in(value)
        headers = (*self.form.json, *told, *page.headers(count))
        # What says how many rows there are in all may change while these stay.
        same = page.total is None
        return self.form.read(_MESSAGE, value, retries, self.clock(), headers, page.status(count), tagged=same)

    async def _object(
        self, engine: Engine, read: Read, told: Headers, page: RowRange, receive: Receive
    ) -> RestResponse:
        """The one row that there must be."""
        two = read if isinstance(read.limit, int) and read.limit < 2 else replace(read, limit=2)
        with CancelOnDisconnect(receive, self.observer, "rest"):
            reply = await engine.run(Call((RootRequest("data", two),)))
        count = rows_in(reply.values[0])
        if count != 1:
            raise not_one_row(None if count else 0)
        row = text_of(reply.values[0])[1:-1]
        headers = (*_type(OBJECT, self.form), *told, *page.headers(1))
        return self.form.read(_MESSAGE, row, reply.retry_count, self.clock(), headers, tagged=page.total is None)

    async def _many(
        self, engine: Engine, read: Read, told: Headers, retries: int, receive: Receive, send: Send
    ) -> RestResponse | None:
        """One document, streamed; `retries` attempts had failed before its first rows were there."""
        lines = self.form.lines(_MESSAGE, retries, self.clock())
        wanted = Wanted(read, RowForm.JSON, (*self.form.json, *told), lines)
        await self.stream(engine, receive, send, wanted, engine.prepare(RowsRead(read, wanted.form)))
        return None

    async def _total(self, engine: Engine, read: Read, prefer: Preferences) -> tuple[int | None, Counting | None]:
        """The number of all rows, and how they were counted, where that is asked for."""
        counting = prefer.count
        if counting is None or not may_count(engine.catalog.tables.get(read.table)):
            return None, None
        return await count_rows(engine, read, counting)


def _type(media: str, form: Form) -> Headers:
    """What an answer is said to be; in an envelope an object is JSON as all else."""
    if media == "text/csv":
        return CSV
    if media == "application/x-ndjson":
        return _LINES
    return form.object if media == OBJECT else form.json


def _json_lines(rows: list[bytes]) -> bytes:
    return b"\n".join(rows) + b"\n"
