"""Heads of requests: within their bounds taken, beyond them refused in the envelope, and never kept without a bound."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from graphql_app.rest_api.envelope import failure, utc_now
from graphql_app.server.heads import LINE_BYTES, MOST_AHEAD, MOST_HEADERS, SOCKET_URL_BYTES, URL_BYTES
from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.harness.processes import children, forget_peak, peak, resident

pytestmark = pytest.mark.engines("mariadb")

TOTAL = 20_000
SETTINGS = {"MAX_HEADER_BYTES": str(TOTAL)}
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"
HOST = b"Host: localhost\r\n"
CLOSE = HOST + b"Connection: close\r\n"
SLOW = b"GET /api/slow/query HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE = 30.0


@pytest.fixture(scope="module")
def app(engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    engine.execute("CREATE VIEW slow AS SELECT 1 AS id, SLEEP(0.3) AS s", module_database)
    app = RunningApp(engine.environment(module_database) | SETTINGS, ("serve",), tmp_path_factory.mktemp("heads"))
    try:
        app.wait_ready()
        yield app
    finally:
        end([(app, True)])


def get(path: bytes, headers: bytes) -> bytes:
    """A request."""
    return b"GET " + path + b" HTTP/1.1\r\n" + headers + b"\r\n"


def line(size: int, name: bytes = b"x") -> bytes:
    """A header of `size` bytes."""
    return name + b": " + b"v" * (size - len(name) - 4) + b"\r\n"


async def answered(app: RunningApp, *parts: bytes) -> bytes:
    """All that comes to a client that sends so much, piece by piece, until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    try:
        async with asyncio.timeout(PATIENCE):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def envelope(answer: bytes) -> dict[str, Any]:
    """The body of an answer."""
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


ALLOWED = {
    "many headers": get(b"/healthz", CLOSE + b"x: 1\r\n" * (MOST_HEADERS - 2)),
    "a long line": get(b"/healthz", CLOSE + line(LINE_BYTES)),
    "all of them": get(b"/healthz", CLOSE + (line(4000) * 5)[: TOTAL - len(CLOSE) - 2] + b"\r\n"),
    "a long address": get(b"/healthz?a=" + b"x" * (URL_BYTES - len(b"/healthz?a=")), CLOSE),
}
REFUSED = {
    "many headers": (431, get(b"/healthz", CLOSE + b"x: 1\r\n" * (MOST_HEADERS - 1))),
    "a long line": (431, get(b"/healthz", CLOSE + line(LINE_BYTES + 1))),
    "a long name": (431, get(b"/healthz", CLOSE + line(LINE_BYTES + 1, b"n" * 5000))),
    "all of them": (431, get(b"/healthz", CLOSE + line(4000) * 5)),
    "a long address": (414, get(b"/healthz?a=" + b"x" * URL_BYTES, CLOSE)),
    "a WebSocket's headers": (
        431,
        get(b"/graphql", HOST + UPGRADE + KEY + b"x: 1\r\n" * MOST_HEADERS),
    ),
    "a WebSocket's line": (431, get(b"/graphql", HOST + UPGRADE + KEY + line(LINE_BYTES + 1))),
    "a WebSocket's address": (414, get(b"/graphql?" + b"x" * SOCKET_URL_BYTES, HOST + UPGRADE + KEY)),
    "no HTTP": (400, b"hello\r\n\r\n"),
    "a header that is none": (400, get(b"/healthz", b"Host x\r\n")),
}


@pytest.mark.parametrize("name", ALLOWED)
@pytest.mark.parametrize("pieces", [1, 7])
async def test_what_is_within_the_bounds_is_answered(app: RunningApp, name: str, pieces: int) -> None:
    whole = ALLOWED[name]
    size = -(-len(whole) // pieces)
    answer = await answered(app, *(whole[at : at + size] for at in range(0, len(whole), size)))
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:300]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("pieces", [1, 7])
async def test_what_is_beyond_them_is_refused(app: RunningApp, name: str, pieces: int) -> None:
    """In the envelope of every failure, and the connection is closed."""
    status, whole = REFUSED[name]
    size = -(-len(whole) // pieces)
    answer = await answered(app, *(whole[at : at + size] for at in range(0, len(whole), size)))
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    body = envelope(answer)
    from graphql_app.errors import AppError, Code

    assert body.keys() == json.loads(failure(AppError(Code(body["details"]["code"]), "x"), utc_now()).body).keys()
    assert (body["error_code"], body["retry_count"]) == (str(status), 0)
    assert failure(AppError(Code(body["details"]["code"]), ""), utc_now()).status == status


async def test_a_websocket_at_its_bounds_is_taken(app: RunningApp) -> None:
    """Whatever our bounds let pass, the library takes too."""
    headers = HOST + UPGRADE + KEY + line(LINE_BYTES) + b"y: 1\r\n" * (MOST_HEADERS - 7)
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(get(b"/graphql?" + b"x" * (SOCKET_URL_BYTES - 9), headers))
    async with asyncio.timeout(PATIENCE):
        assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")
    writer.close()


@pytest.mark.parametrize("bad", ["many headers", "no HTTP"])
async def test_who_asked_before_is_answered_first(app: RunningApp, bad: str) -> None:
    """A refusal is never taken for the answer to the request before."""
    answer = await answered(app, SLOW + REFUSED[bad][1])
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer


async def test_requests_sent_ahead_are_bounded(app: RunningApp) -> None:
    """So many are answered, the last of them with the word that the connection is closed."""
    answer = await answered(app, SLOW, get(b"/healthz", b"Host: localhost\r\n") * 5000)
    assert answer.count(b"HTTP/1.1 200 ") == MOST_AHEAD + 1
    assert answer.count(b"connection: close") == 1


async def test_trailers_are_not_kept(app: RunningApp) -> None:
    """Small ones are ignored; a trailer without an end is refused."""
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    body = b'Transfer-Encoding: chunked\r\n\r\n17\r\n{"query":"{__typename}"}\r\n0\r\n'.replace(b"17", b"18")
    assert (await answered(app, head + body + b"x-request-id: late\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    answer = await answered(app, head + body, *[b"x: 1\r\n" * 10_000] * 20)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


ENDLESS = {
    "a header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nx: ", b"v" * 65_536),
    "headers": (b"GET / HTTP/1.1\r\n", b"a:\r\n" * 16_384),
    "an address": (b"GET /", b"a" * 65_536),
    "a trailer": (b"POST /graphql HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: ", b"v" * 65_536),
    "a chunk's extension": (b"POST /graphql HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=", b"v" * 65_536),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_a_head_without_an_end_is_not_kept(app: RunningApp, name: str) -> None:
    """Forty clients that send 5 MB each, of what would be kept until it is whole."""
    begin, more = ENDLESS[name]
    [worker] = children(app.process.pid) or [app.process.pid]
    before = resident(worker)
    forget_peak(worker)
    answers = await asyncio.gather(*(answered(app, begin, *[more] * 80) for _ in range(40)))
    assert all(answer == b"" or answer.startswith(b"HTTP/1.1 4") for answer in answers)
    assert peak(worker) - before < 60e6
