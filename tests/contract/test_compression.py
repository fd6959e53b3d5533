"""Answers in the coding that the client takes: whole ones, streams, and what is never compressed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator

import httpx
import pytest
import zstandard

from graphql_app.http.compression import ASIDE, LEAST
from graphql_app.http.negotiation import preferred_coding
from tests.fix_app import OpenApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

ROWS = 4_000
LIST = {"query": "{ notes(order_by: {id: asc}) { id body } }"}
FEW = {"query": "{ notes(order_by: {id: asc}, limit: 80) { id body } }"}
CODINGS = {
    "gzip": "gzip",
    "zstd": "zstd",
    "gzip, deflate, br, zstd": "zstd",
    "gzip, zstd;q=0.5": "gzip",
    "*": "zstd",
    "zstd;q=0, *": "gzip",
    "X-GZIP": "gzip",
    "GZip;q=0.001": "gzip",
    "identity;q=0, gzip": "gzip",
    "": None,
    "br": None,
    "gzip;q=0": None,
    "*;q=0": None,
    "identity, gzip;q=0.5": None,
    "gzip;q=2": None,
    "br, identity;q=0": None,
}


@pytest.mark.parametrize(("header", "coding"), CODINGS.items())
def test_the_best_coding_is_found_by_weight(header: str, coding: str | None) -> None:
    assert preferred_coding(header.encode(), ("zstd", "gzip")) == coding


@pytest.fixture(scope="module")
def database(engine: Engine) -> Iterator[str]:
    with engine.database("CREATE TABLE notes (id INT PRIMARY KEY, body VARCHAR(80), n INT)") as name:
        with engine.connect(name) as connection, connection.cursor() as cursor:
            rows = [(number, f"note {number % 97} of {number}", number % 7) for number in range(ROWS)]
            cursor.executemany("INSERT INTO notes VALUES (%s,%s,%s)", rows)
        yield name


def unpacked(coding: str | None, body: bytes) -> bytes:
    """The text; what does not end as its coding wants is an error."""
    if coding is None:
        return body
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    unpacking = zlib.decompressobj(31)
    text = unpacking.decompress(body)
    assert unpacking.eof
    assert not unpacking.unused_data
    return text


async def asked(client: httpx.AsyncClient, path: str, accept: str, **given: object) -> tuple[httpx.Response, bytes]:
    """An answer, and its bytes as they came."""
    method = "POST" if "json" in given else "GET"
    headers = {"Accept-Encoding": accept, **given.pop("headers", {})}  # type: ignore[dict-item]
    async with client.stream(method, path, headers=headers, **given) as answer:  # type: ignore[arg-type]
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/graphql", {"json": LIST}),
        ("/graphql", {"json": FEW}),
        ("/graphql", {"json": [FEW, LIST]}),
        ("/api/notes/query?limit=60", {}),
        ("/api/notes/query", {}),
        ("/api/notes/query", {"headers": {"Accept": "text/csv"}}),
        ("/api/notes/query", {"headers": {"Accept": "application/x-ndjson"}}),
        ("/api/notes/query", {"json": {"input": {"n": 3}}}),
        ("/api/notes/export", {}),
        ("/api/batch/notes/export?n=eq.3", {}),
    ],
)
async def test_the_same_is_answered_in_every_coding(app: RunningApp, path: str, given: dict[str, object]) -> None:
    async with httpx.AsyncClient(base_url=app.url) as client:
        _, expected = await asked(client, path, "identity", **given)
        assert len(expected) >= LEAST
        for accept in ("gzip", "zstd", "zstd, gzip;q=0.1", "br"):
            answer, body = await asked(client, path, accept, **given)
            coding = answer.headers.get("content-encoding")
            assert coding == (None if accept == "br" else accept.partition(",")[0])
            assert "accept-encoding" in answer.headers["vary"].lower()
            assert answer.headers.get("content-length") in (None, str(len(body)))
            assert coding is None or len(body) < len(expected) / 2
            assert without_time(unpacked(coding, body)) == without_time(expected)


def without_time(text: bytes) -> object:
    """An answer, without when it was given."""
    if not text.startswith(b'{"timestamp"'):
        return text
    return {**json.loads(text), "timestamp": None}


async def test_what_is_not_compressed(app: RunningApp) -> None:
    """What is small, and what a cookie was sent with: its length would tell of what a page cannot read."""
    async with httpx.AsyncClient(base_url=app.url) as client:
        for path, given in (
            ("/graphql", {"json": {"query": "{ notes_by_pk(id: 1) { body } }"}}),
            ("/graphql", {"json": LIST, "headers": {"Cookie": "a=b"}}),
            ("/api/notes/query", {"headers": {"Cookie": "a=b"}}),
            ("/api/notes/query?id=eq.1", {}),
            ("/api/nothing/query", {}),
        ):
            answer, body = await asked(client, path, "gzip, zstd", **given)
            assert "content-encoding" not in answer.headers
            assert body[:1] == b"{"


async def test_head_varies_as_get_does(app: RunningApp) -> None:
    async with httpx.AsyncClient(base_url=app.url) as client:
        for path in ("/api/notes/query", "/api/notes/query?id=eq.1", "/api/notes/export"):
            head, full = await client.head(path), await client.get(path)
            assert head.headers["vary"] == full.headers["vary"]
            assert "accept-encoding" in head.headers["vary"]


async def test_a_client_unpacks_by_itself(app: RunningApp) -> None:
    async with httpx.AsyncClient(base_url=app.url) as client:
        answer = await client.post("/graphql", json=LIST)
        assert answer.headers["content-encoding"] == "zstd", "httpx takes it where the package is there"
        assert len(answer.content) > ASIDE
        assert len(answer.json()["data"]["notes"]) == ROWS


async def test_off_means_plain(open_app: OpenApp, engine: Engine, database: str) -> None:
    async with open_app(engine.environment(database) | {"COMPRESS": "off"}) as client:
        for path, given in (("/graphql", {"json": LIST}), ("/api/notes/query", {}), ("/api/notes/export", {})):
            answer, body = await asked(client, path, "gzip, zstd", **given)
            assert "content-encoding" not in answer.headers
            assert len(body) > 100_000
