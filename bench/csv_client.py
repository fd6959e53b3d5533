"""Light HTTP clients for the CSV bench: a file sent by the kernel, a body counted and thrown away, paced reads."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_BOUNDARY = "bench-csv-boundary"
_BUFFER = 1024 * 1024
_LIMIT = 3600.0


class Failed(Exception):
    """The server answered otherwise than the bench needs."""


def upload(port: int, file: Path, table: str, query: str = "") -> tuple[float, int, bytes]:
    """Sends `file` as `table`'s to the import: seconds from the first byte to the answer, its status, its body."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{table}.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LIMIT)
    start = time.perf_counter()
    connection.putrequest("POST", f"/api/batch/import{query}")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
    connection.putheader("Content-Length", str(len(head) + file.stat().st_size + len(tail)))
    connection.endheaders(head)
    with file.open("rb") as source:
        connection.sock.sendfile(source)
    connection.send(tail)
    response = connection.getresponse()
    body = response.read()
    seconds = time.perf_counter() - start
    connection.close()
    return seconds, response.status, body


def download(port: int, path: str) -> tuple[float, float, int]:
    """Reads the body of a GET to its end: seconds to its first byte, seconds in all, its lines. Raises `Failed`."""
    buffer = bytearray(_BUFFER)
    first, lines = 0.0, 0
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_LIMIT)) as connection:
        start = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200:
            raise Failed(f"GET {path} says {response.status}")
        while size := response.readinto(buffer):
            first = first or time.perf_counter() - start
            lines += buffer.count(b"\n", 0, size)
        return first, time.perf_counter() - start, lines


@dataclass(slots=True)
class Reads:
    """Times of small reads, in seconds."""

    seconds: list[float] = field(default_factory=list)
    failures: int = 0

    def quantile(self, share: float) -> float:
        """The time that `share` of the reads did not exceed."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def reading(port: int, path: str, each_second: int) -> Iterator[Reads]:
    """Asks for `path` at a steady pace for the length of a `with`."""
    found, ended = Reads(), threading.Event()

    def run() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LIMIT)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.perf_counter()
        while not ended.wait(max(0.0, due - time.perf_counter())):
            # A late answer counts from when it was due: who waits in line waits, too.
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            found.failures += response.status != 200
            found.seconds.append(time.perf_counter() - due)
            due = max(due + 1 / each_second, time.perf_counter())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
