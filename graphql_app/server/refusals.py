"""Answers to what never reaches the app: in the envelope of every other failure, and the connection is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import orjson

from graphql_app.errors import Code


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not taken, and the HTTP status that says so."""

    status: HTTPStatus
    code: Code
    message: str

    def answer(self) -> bytes:
        """The whole answer, head and body."""
        moment = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        body = orjson.dumps(
            {
                "timestamp": f"{moment}Z",
                "error_code": str(self.status.value),
                "message": self.message,
                "retry_count": 0,
                "details": {"code": self.code},
            }
        )
        later = "retry-after: 2\r\n" if self.status is HTTPStatus.SERVICE_UNAVAILABLE else ""
        return (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\ncontent-type: application/json\r\n"
            f"{later}content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        ).encode() + body


MALFORMED: Final = Refusal(HTTPStatus.BAD_REQUEST, Code.MALFORMED_REQUEST, "The request is not valid HTTP")
CROWDED: Final = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE, Code.SERVICE_UNAVAILABLE, "Too many connections are open; try again"
)
LATE: Final = Refusal(HTTPStatus.REQUEST_TIMEOUT, Code.REQUEST_TIMEOUT, "The request took too long to arrive")


def large_head(most: int) -> Refusal:
    """The refusal of headers of more than `most` bytes together."""
    message = f"The headers of the request have more than {most} bytes"
    return Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, Code.HEADERS_TOO_LARGE, message)


def long_header(most: int) -> Refusal:
    """The refusal of one header of more than `most` bytes."""
    message = f"A header of the request has more than {most} bytes"
    return Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, Code.HEADERS_TOO_LARGE, message)


def many_headers(most: int) -> Refusal:
    """The refusal of more than `most` headers."""
    message = f"The request has more than {most} headers"
    return Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, Code.HEADERS_TOO_LARGE, message)


def long_url(most: int) -> Refusal:
    """The refusal of an address of more than `most` bytes."""
    message = f"The address of the request has more than {most} bytes; send what is long in a body"
    return Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, Code.URI_TOO_LONG, message)
