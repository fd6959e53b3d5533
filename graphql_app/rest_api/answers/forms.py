"""How REST answers look: in envelopes, at the addresses below `/api`. Those of `/rest` have a form of their own."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from urllib.parse import quote

import orjson

from graphql_app.engine.assemble.json import Value
from graphql_app.errors import AppError
from graphql_app.http.idempotency import REPLAYED
from graphql_app.http.preferences import Return
from graphql_app.rest_api.answers.written import WriteReply, new_key
from graphql_app.rest_api.envelope import JSON, Headers, RestResponse, failure, success, timestamp
from graphql_app.rest_api.requests.records import Answering, PreparedRequest, RestRequest
from graphql_app.rest_api.streamed import Lines
from schema_gen.catalog.model import Catalog


class Form:
    """Answers in envelopes."""

    path: ClassVar = "/api"
    bare: ClassVar = False
    json: ClassVar = JSON
    object: ClassVar = JSON

    def check(self, headers: Headers, catalog: Catalog) -> None:
        """Raises `RequestError` where headers ask for what these addresses do not have."""

    def failure(self, error: AppError, moment: datetime, *, suggests: bool, extra: Headers = ()) -> RestResponse:
        """The answer of a call that failed; `suggests`: it may tell the name that was probably meant."""
        return failure(error, moment, suggests=suggests, extra=extra)

    def read(
        self,
        message: str,
        value: Value,
        retries: int,
        moment: datetime,
        headers: Headers = JSON,
        status: int = 200,
        *,
        tagged: bool = False,
    ) -> RestResponse:
        """The answer of a read, `tagged` with its ETag, or of a write that says of itself what it says."""
        return success(message, value, retries, moment, headers, status, tagged=tagged)

    def lines(self, message: str, retries: int, moment: datetime) -> Lines:
        """The answer of a read row by row, in JSON."""
        head = f'{{"timestamp":"{timestamp(moment)}","message":"{message}","data":['.encode()
        return Lines(b",".join, head, b",", b'],"retry_count":%d}' % retries)

    def written(
        self,
        root: str,
        asked: RestRequest,
        prepared: PreparedRequest,
        reply: WriteReply,
        retries: int,
        moment: datetime,
    ) -> RestResponse:
        """The answer of a write that is shown as its preferences say; `root` stands before the program's addresses."""
        answering = prepared.answering
        assert answering is not None
        data = reply.data
        if answering.returned is Return.REPRESENTATION and reply.rows is not None:
            data = reply.row if answering.one else reply.rows
        headers = (*JSON, *answering.applied, *self.location(root, asked, answering, reply))
        return success(prepared.message, data, retries, moment, headers)

    def location(self, root: str, asked: RestRequest, answering: Answering, reply: WriteReply) -> Headers:
        """The header that says where the new row is."""
        found = new_key(answering, reply)
        if found is None:
            return ()
        table = quote(asked.table.name, safe="")
        return ((b"location", f"{root}{self.path}/{table}/{found[1]}".encode()),)


ENVELOPES = Form()


def packed(answer: RestResponse) -> bytes:
    """An answer as the ledger keeps it; one that is nothing but a body in JSON is kept as it is."""
    if answer.status == 200 and answer.headers == JSON and answer.body[:1] != b"[":
        return answer.body
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in answer.headers]
    return b"%b\n%b" % (orjson.dumps([answer.status, headers]), answer.body)


def unpacked(kept: bytes, retries: int, *, replayed: bool) -> RestResponse:
    """The answer that the ledger kept, marked where it was given before."""
    status, headers, body = 200, JSON, kept
    if kept[:1] == b"[":
        head, _, body = kept.partition(b"\n")
        status, pairs = orjson.loads(head)
        headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)
    return RestResponse(status, body, (*headers, REPLAYED) if replayed else headers, retries)
