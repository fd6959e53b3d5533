"""A request body is read within its bound, and only as the media type it claims to be."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive

from graphql_app.errors import Code, RequestError
from graphql_app.http.request_body import ClientDisconnect, read_body

pytestmark = pytest.mark.anyio

JSON = (b"content-type", b"application/json")


def receive(*chunks: bytes, gone: bool = False) -> Receive:
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": gone or index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    ]
    left = iter([*messages, {"type": "http.disconnect"}])

    async def take() -> Message:
        return next(left)

    return take


async def refused(headers: Iterable[tuple[bytes, bytes]], *chunks: bytes, limit: int = 100) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await read_body(dict(headers), receive(*chunks), limit)
    return caught.value


async def test_joins_the_chunks() -> None:
    assert await read_body(dict([JSON]), receive(b'{"a"', b"", b": 1}"), 100) == b'{"a": 1}'


async def test_no_body_needs_no_media_type() -> None:
    assert await read_body({}, receive(b""), 100) == b""


async def test_a_body_of_just_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert await read_body(dict([JSON]), receive(b'"', b'aa"'), 4) == b'"aa"'
    assert (await refused([JSON], b'"', b'aaa"', limit=4)).code is Code.PAYLOAD_TOO_LARGE


@pytest.mark.parametrize("length", [b"101", b"9" * 30, b"9" * 5000])
async def test_a_declared_length_beyond_the_limit_is_refused_unread(length: bytes) -> None:
    async def never() -> Message:
        raise AssertionError("the body was read")

    with pytest.raises(RequestError) as caught:
        await read_body(dict([JSON, (b"content-length", length)]), never, 100)
    assert caught.value.code is Code.PAYLOAD_TOO_LARGE


async def test_a_client_that_leaves_is_nobody_to_answer() -> None:
    with pytest.raises(ClientDisconnect):
        await read_body(dict([JSON]), receive(b'{"a":', gone=True), 100)


@pytest.mark.parametrize(
    "media_type",
    [
        b"application/json",
        b"APPLICATION/JSON; charset=UTF-8",
        b'application/json;charset="utf-8"',
        b"application/vnd.api+json",
    ],
)
async def test_takes_every_form_of_json(media_type: bytes) -> None:
    assert await read_body({b"content-type": media_type}, receive(b"{}"), 100) == b"{}"


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ((b"content-type", b"text/plain"),),
        ((b"content-type", b"application/x-www-form-urlencoded"),),
        ((b"content-type", b"multipart/form-data; boundary=x"),),
        ((b"content-type", b"application/jsonp"),),
        ((b"content-type", b"application/json; charset=utf-16"),),
        (JSON, (b"content-encoding", b"gzip")),
    ],
)
async def test_refuses_other_media_types(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    assert (await refused(headers, b"{}")).code is Code.UNSUPPORTED_MEDIA_TYPE
