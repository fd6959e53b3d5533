"""One HTTP request of the program's own, in a thread: no redirects, and bounds on time and size.

The standard library is enough for a document a minute; connections are not kept. Neither proxies of the environment
nor cookies count.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final

from graphql_app.auth.safe_url import HttpAddress

THREADS: Final = 16
"""Requests at a time; further ones wait, within their time."""
_PIECE: Final = 65_536
_AGENT: Final = "graphql-app"


class HttpFailed(Exception):
    """There is no answer. The text says why, without what was sent or received."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer; the names of its headers are in lower case, and of two with one name the first counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is asked, with bounds on the time of all of it and on the bytes of the answer."""

    address: HttpAddress
    seconds: float
    most_bytes: int
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    body: bytes | None = None


async def ask(request: HttpRequest) -> HttpAnswer:
    """The answer. Raises `HttpFailed`."""
    exchange = _Exchange(request)
    answer = asyncio.get_running_loop().run_in_executor(_threads(), exchange.answer)
    try:
        return await asyncio.wait_for(asyncio.shield(answer), request.seconds)
    except TimeoutError:
        raise HttpFailed(f"no answer within {request.seconds:g} s") from None
    except UnicodeError:
        raise HttpFailed("the request holds what HTTP cannot") from None
    finally:
        if not answer.done():
            answer.cancel()
            # What the thread waits for ends.
            exchange.sever()
            answer.add_done_callback(_look_away)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="auth-http")


@cache
def _tls() -> ssl.SSLContext:
    # Reading the system's authorities takes tens of milliseconds.
    return ssl.create_default_context()


def _look_away(answer: asyncio.Future[HttpAnswer]) -> None:
    if not answer.cancelled():
        answer.exception()


class _Exchange:
    """One request and its answer, in a thread of its own; `sever` may be called from another."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._until = time.monotonic() + request.seconds
        self._socket: socket.socket | None = None

    def sever(self) -> None:
        """Ends what the thread waits for."""
        if self._socket is not None:
            with suppress(OSError):
                # Not TLS's own: it would take the session away from under the thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def answer(self) -> HttpAnswer:
        """The answer. Raises `HttpFailed`, `UnicodeError`."""
        self._in_time()
        connection = self._connection()
        try:
            connection.connect()
            self._socket = connection.sock
            self._in_time()
            headers = {"User-Agent": _AGENT, "Accept": "application/json", **(self._request.headers or {})}
            connection.request(self._request.method, self._request.address.target, self._request.body, headers)
            with connection.getresponse() as response:
                return self._read(response)
        except TimeoutError:
            raise self._late() from None
        except ssl.SSLError as error:
            raise HttpFailed(f"TLS failed ({error.reason or type(error).__name__})") from None
        except UnicodeError:
            raise
        except (OSError, HTTPException, ValueError) as error:
            raise HttpFailed(f"no answer ({type(error).__name__})") from None
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        address, seconds = self._request.address, self._request.seconds
        if address.secure:
            return HTTPSConnection(address.host, address.port, timeout=seconds, context=_tls())
        return HTTPConnection(address.host, address.port, timeout=seconds)

    def _read(self, response: HTTPResponse) -> HttpAnswer:
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            headers.setdefault(name.lower(), value)
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise HttpFailed("the answer is compressed")
        body = bytearray()
        while piece := response.read1(_PIECE):
            body += piece
            if len(body) > self._request.most_bytes:
                raise HttpFailed(f"the answer has more than {self._request.most_bytes} bytes")
            self._in_time()
        return HttpAnswer(response.status, headers, bytes(body))

    def _in_time(self) -> None:
        if time.monotonic() >= self._until:
            raise self._late()

    def _late(self) -> HttpFailed:
        return HttpFailed(f"no answer within {self._request.seconds:g} s")


def fresh_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """How long an answer may be kept, as `Cache-Control` or else `Expires` says; None where neither does."""
    said = [part.strip().lower() for part in headers.get("cache-control", "").split(",")]
    if "no-store" in said or "no-cache" in said:
        return 0.0
    for part in said:
        name, _, value = part.partition("=")
        value = value.strip('"')
        if name == "max-age" and value.isascii() and value.isdigit():
            age = headers.get("age", "0").strip()
            return max(0.0, float(value[:10]) - (float(age[:10]) if age.isascii() and age.isdigit() else 0.0))
    if "expires" not in headers:
        return None
    try:
        return max(0.0, parsedate_to_datetime(headers["expires"]).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0  # "0" means: it has expired
