"""The engine's answer to a write, taken apart: how many rows were touched, and which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from graphql_app.errors import AppError, Code, DatabaseError, RequestError
from graphql_app.http.preferences import Return
from graphql_app.rest_api.query_language.keys import key_text
from graphql_app.rest_api.requests.answers import AFFECTED, ROWS
from graphql_app.rest_api.requests.records import Answering, RestRequest
from graphql_app.runtime.hot_record import hot_record

_HEAD = f'{{"{AFFECTED}":'.encode()
_ROWS = f',"{ROWS}":'.encode()


@hot_record
class WriteReply:
    """`data` is the answer without its rows, `rows` a JSON list, where they were asked for."""

    affected: int
    data: bytes
    rows: bytes | None

    @property
    def row(self) -> bytes:
        """The one row; null where it is not shown."""
        return (self.rows or b"[]")[1:-1] or b"null"


def taken_apart(text: bytes) -> WriteReply:
    """What a write's answer says: it begins with the number of rows, and ends with the rows."""
    head, mark, rows = text.partition(_ROWS)
    number = head[len(_HEAD) :].partition(b",")[0].rstrip(b"}")
    return WriteReply(int(number), head + b"}" if mark else text, rows[:-1] if mark else None)


def check_found(asked: RestRequest, answering: Answering, written: WriteReply) -> None:
    """Raises `RequestError` where the one row that is meant was not there: nothing was written then."""
    if not answering.one or written.affected:
        return
    if asked.key is not None:
        raise no_such_row(asked)
    raise not_one_row(0)


def no_such_row(asked: RestRequest) -> RequestError:
    """The error for a key that no row has, or none that the caller may see."""
    return RequestError(Code.NOT_FOUND, f"No row of '{asked.table.name}' has this key")


def not_one_row(count: int | None) -> RequestError:
    """The error where one row was to be answered, and there are `count` (None: more than one)."""
    found = "more than one" if count is None else "none" if count == 0 else str(count)
    return RequestError(Code.NOT_ONE_ROW, f"One row is to be answered, and there is {found}")


def too_many(asked: RestRequest, error: AppError) -> AppError:
    """What a client is told that asked for one row, where several would have been written."""
    most = asked.prefer.max_affected
    if asked.single and (most is None or most > 0) and error.code is Code.MAX_AFFECTED_EXCEEDED:
        told = DatabaseError(Code.NOT_ONE_ROW, not_one_row(None).message, outcome=error.outcome)
        told.retry_count = error.retry_count
        return told
    return error


def new_key(answering: Answering, written: WriteReply) -> tuple[Mapping[str, Any], str] | None:
    """The key of the one row that is new, and the last part of its address; None where there is none to name."""
    if answering.returned is not Return.HEADERS_ONLY or not answering.keys or written.rows is None:
        return None
    rows = orjson.loads(written.rows)
    if len(rows) != 1:
        return None
    return rows[0], key_text(rows[0][name] for name in answering.keys)
