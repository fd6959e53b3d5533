"""PostgREST's answers, at the addresses below `/rest`: rows without an envelope, its error object, its statuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import quote

import orjson

from graphql_app.engine.assemble.json import Value, text_of
from graphql_app.errors import AppError, Code, RequestError
from graphql_app.http.etags import etag
from graphql_app.http.preferences import Return
from graphql_app.rest_api.answers.forms import Form
from graphql_app.rest_api.answers.written import WriteReply, new_key
from graphql_app.rest_api.envelope import STATUS, Headers, RestResponse, retry_after
from graphql_app.rest_api.query_language.keys import key_text
from graphql_app.rest_api.requests.records import Answering, PreparedRequest, RestRequest
from graphql_app.rest_api.streamed import Lines
from graphql_app.runtime.suggestions import hint
from schema_gen.catalog.model import Catalog

_JSON: Final[Headers] = ((b"content-type", b"application/json; charset=utf-8"),)
_OBJECT: Final[Headers] = ((b"content-type", b"application/vnd.pgrst.object+json; charset=utf-8"),)
_PROFILES: Final = (b"accept-profile", b"content-profile")

CODES: Final[Mapping[Code, tuple[str, int | None]]] = {
    Code.UNKNOWN_TABLE: ("PGRST205", None),
    Code.UNKNOWN_COLUMN: ("42703", None),
    Code.UNKNOWN_RELATION: ("PGRST200", None),
    Code.UNKNOWN_OPERATOR: ("PGRST100", None),
    Code.UNKNOWN_PARAMETER: ("PGRST100", None),
    Code.INVALID_PARAMETER: ("PGRST100", None),
    Code.EMPTY_CONDITION: ("21000", None),
    Code.NULL_COMPARISON: ("PGRST100", None),
    Code.MALFORMED_JSON: ("PGRST102", None),
    Code.INVALID_BODY: ("PGRST102", 400),
    Code.INVALID_VALUE: ("22P02", None),
    Code.VALUE_OUT_OF_RANGE: ("22003", None),
    Code.VALUE_TOO_LONG: ("22001", None),
    Code.NOT_NULL_VIOLATION: ("23502", None),
    Code.DUPLICATE_ENTRY: ("23505", None),
    Code.FOREIGN_KEY_VIOLATION: ("23503", None),
    Code.CHECK_VIOLATION: ("23514", 400),
    Code.READ_ONLY: ("25006", 405),
    Code.PERMISSION_DENIED: ("42501", None),
    Code.ACCESS_DENIED: ("PGRST302", None),
    Code.INVALID_JWT: ("PGRST301", None),
    Code.JWT_INVALID_CLAIMS: ("PGRST303", None),
    Code.JWT_MISSING_ROLE_CLAIMS: ("PGRST303", None),
    Code.MAX_AFFECTED_EXCEEDED: ("PGRST124", 400),
    Code.NOT_ONE_ROW: ("PGRST116", None),
    Code.NOT_ACCEPTABLE: ("PGRST107", None),
    Code.UNSUPPORTED_MEDIA_TYPE: ("PGRST102", None),
    Code.RANGE_NOT_SATISFIABLE: ("PGRST103", None),
    Code.METHOD_NOT_ALLOWED: ("PGRST117", None),
    Code.NOT_FOUND: ("PGRST125", None),
    Code.SERVICE_UNAVAILABLE: ("PGRST001", None),
    Code.GATEWAY_TIMEOUT: ("PGRST003", None),
}
"""PostgREST's and PostgreSQL's codes, and the status where it is another than below `/api`. Other codes are ours."""


class BareForm(Form):
    """Answers as PostgREST gives them."""

    path: ClassVar = "/rest"
    bare: ClassVar = True
    json: ClassVar = _JSON
    object: ClassVar = _OBJECT

    def check(self, headers: Headers, catalog: Catalog) -> None:
        """Raises `RequestError` (NOT_ACCEPTABLE) where another schema is asked for than the one there is."""
        for name, value in headers:
            if name in _PROFILES and value not in (b"public", catalog.database.encode()):
                raise RequestError(
                    Code.NOT_ACCEPTABLE, "There is no such schema: leave Accept-Profile and the like out"
                )
            if name == b"accept" and b"nulls=stripped" in value:
                raise RequestError(Code.NOT_ACCEPTABLE, "Nulls are never left out: ask without nulls=stripped")

    def failure(self, error: AppError, moment: datetime, *, suggests: bool, extra: Headers = ()) -> RestResponse:
        """PostgREST's error object; `details` holds the name of the failure that the other addresses give."""
        code, status = CODES.get(error.code, (str(error.code), None))
        status = STATUS[error.code] if status is None else status
        known = {"column": error.column, "constraint": error.constraint, "outcome": error.outcome, "row": error.row}
        more = ", ".join(f"{name} {value}" for name, value in known.items() if value is not None)
        body = {
            "code": code,
            "details": f"{error.code} ({more})" if more else str(error.code),
            "hint": (hint(*error.unknown).removeprefix("; ") or None) if suggests and error.unknown else None,
            "message": error.message,
        }
        headers = (*_JSON, *extra, *retry_after(error, status))
        return RestResponse(status, orjson.dumps(body), headers, error.retry_count, error.code)

    def read(
        self,
        message: str,
        value: Value,
        retries: int,
        moment: datetime,
        headers: Headers = _JSON,
        status: int = 200,
        *,
        tagged: bool = False,
    ) -> RestResponse:
        """The rows."""
        body = text_of(value)
        return RestResponse(status, body, (*headers, etag(body)) if tagged else headers, retries)

    def lines(self, message: str, retries: int, moment: datetime) -> Lines:
        """The rows one by one."""
        return Lines(b",".join, b"[", b",", b"]")

    def written(
        self,
        root: str,
        asked: RestRequest,
        prepared: PreparedRequest,
        reply: WriteReply,
        retries: int,
        moment: datetime,
    ) -> RestResponse:
        """The rows, or nothing but headers."""
        answering = prepared.answering
        assert answering is not None
        place = f"*/{reply.affected if answering.counted else '*'}"
        headers = (
            *answering.applied,
            (b"content-range", place.encode()),
            *self.location(root, asked, answering, reply),
        )
        if answering.returned is Return.REPRESENTATION and reply.rows is not None:
            body, kind = (reply.row, _OBJECT) if asked.single else (reply.rows, _JSON)
            return RestResponse(201 if answering.created else 200, body, (*kind, *headers), retries)
        return RestResponse(201 if answering.created else 204, b"", headers, retries)

    def location(self, root: str, asked: RestRequest, answering: Answering, reply: WriteReply) -> Headers:
        """The header that says where the new row is: the table's address with a filter for each column of the key."""
        found = new_key(answering, reply)
        if found is None:
            return ()
        filters = "&".join(f"{quote(name, safe='')}=eq.{key_text((value,))}" for name, value in found[0].items())
        return ((b"location", f"{root}{self.path}/{quote(asked.table.name, safe='')}?{filters}".encode()),)


BARE: Final = BareForm()
