"""The load: a closed loop of keep-alive connections in a process of its own. `python -m bench.load` reads a `Task`.

Its requests are bytes made beforehand and its answers are not parsed beyond their length,
so that on a machine of few cores it takes as little as it can from the server. Load runs
on from the warm-up through the window; what is in flight at the window's start makes up
for what is in flight at its end, so that slow servers are not under-counted.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.processes import cpu_seconds, machine_busy_seconds

_BUFFER = 1 << 18
_FEWEST = 1  # answers a connection that a window must hold, however long it takes
_SEEN = 300  # bytes of a body that are searched for GraphQL's errors
_PATIENCE = 120.0  # seconds without any answer after which a server is given up


class Unanswered(Exception):
    """The server closed a connection, answered with a failure, or not at all."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to run: seconds of warm-up and window; `watched` are processes by name, whose CPU time is taken."""

    port: int
    requests: str  # a file written by `write_requests`
    connections: int
    warm_up: float
    window: float
    watched: dict[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. Latencies in seconds; `cpu` in seconds by name; `foreign`: cores that others kept busy."""

    answers: int
    seconds: float
    p50: float
    p99: float
    received: int
    foreign: float
    cpu: dict[str, float] = field(default_factory=dict)


def write_requests(requests: Sequence[bytes], file: Path) -> None:
    """Writes requests to a file, each after its length."""
    file.write_bytes(b"".join(len(request).to_bytes(4, "little") + request for request in requests))


def read_requests(file: Path) -> list[bytes]:
    """Reads what `write_requests` wrote."""
    data = file.read_bytes()
    requests, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        requests.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return requests


class _Connection:
    __slots__ = ("_body_seen", "_chunked", "_head", "left", "sent", "socket", "view")

    def __init__(self, port: int, view: memoryview) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.view = view
        self.sent = 0.0
        self.left = 0
        self._head = b""
        self._chunked = False
        self._body_seen = False

    def send(self, request: bytes) -> None:
        """Sends a request. The socket blocks: it can be full only while the server reads a large body."""
        self.left = -1
        self._head = b""
        self._body_seen = False
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int:
        """Takes what has arrived; `left` is then 0 if the answer is complete."""
        size = self.socket.recv_into(self.view)
        if not size:
            raise Unanswered("the server closed a connection")
        if self.left > 0:
            if not self._body_seen:
                self._see_body(bytes(self.view[: min(size, _SEEN)]))
            self.left -= size
        elif self._chunked and self.left == -2:
            self._end_chunks(bytes(self.view[max(0, size - 5) : size]))
        else:
            self._take_head(bytes(self.view[:size]))
        return size

    def _take_head(self, data: bytes) -> None:
        self._head += data
        head, blank, body = self._head.partition(b"\r\n\r\n")
        if not blank:
            return
        if head[9:12] != b"200":
            raise Unanswered(f"{head[:12].decode()}: {body[:_SEEN].decode(errors='replace')}")
        if body:
            self._see_body(body[:_SEEN])
        lowered = head.lower()
        self._chunked = b"transfer-encoding: chunked" in lowered
        if self._chunked:
            self._head = b""
            self._end_chunks(body)
            return
        at = lowered.index(b"content-length:") + 15
        self.left = int(lowered[at:].split(b"\r\n", 1)[0]) - len(body)

    def _see_body(self, start: bytes) -> None:
        """Looks at how the body begins: servers often send it apart from the head."""
        self._body_seen = True
        if b'"errors"' in start:
            raise Unanswered(start.decode(errors="replace"))

    def _end_chunks(self, data: bytes) -> None:
        # JSON without line breaks never holds these bytes, so chunks need not be followed one by one.
        self._head = (self._head + data)[-5:]
        self.left = 0 if self._head == b"0\r\n\r\n" else -2


class _Load:
    """Runs requests in a circle over all connections."""

    def __init__(self, task: Task) -> None:
        self._requests = read_requests(Path(task.requests))
        self._next = 0
        self._poll = select.epoll()
        self.received = 0
        view = memoryview(bytearray(_BUFFER))
        self._connections: dict[int, _Connection] = {}
        for _ in range(task.connections):
            connection = _Connection(task.port, view)
            self._connections[connection.socket.fileno()] = connection
            self._poll.register(connection.socket, select.EPOLLIN)
            self._send(connection)

    def _send(self, connection: _Connection) -> None:
        connection.send(self._requests[self._next])
        self._next = (self._next + 1) % len(self._requests)

    def close(self) -> None:
        """Closes every connection."""
        for connection in self._connections.values():
            connection.socket.close()
        self._poll.close()

    def run(self, seconds: float, fewest: int) -> list[float]:
        """Goes on for so long, and until there are so many answers; their latencies."""
        latencies: list[float] = []
        connections, clock, poll = self._connections, time.perf_counter, self._poll.poll
        now = clock()
        until = now + seconds
        while now < until or len(latencies) < fewest:
            ready = poll(_PATIENCE)
            if not ready:
                raise Unanswered(f"no answer for {_PATIENCE:.0f} s")
            for descriptor, _ in ready:
                connection = connections[descriptor]
                self.received += connection.receive()
                if connection.left == 0:
                    now = clock()
                    latencies.append(now - connection.sent)
                    self._send(connection)
        return latencies


def run(task: Task) -> Outcome:
    """Warms up, then measures. Raises `Unanswered`."""
    with closing(_Load(task)) as load:
        return _measure(load, task)


def _measure(load: _Load, task: Task) -> Outcome:
    load.run(task.warm_up, task.connections)
    watched = task.watched
    load.received = 0
    began = time.perf_counter()
    own, busy = time.process_time(), machine_busy_seconds()
    before = {name: cpu_seconds(pid) for name, pid in watched.items()}
    latencies = sorted(load.run(task.window, _FEWEST * task.connections))
    seconds = time.perf_counter() - began
    cpu = {name: cpu_seconds(pid) - before[name] for name, pid in watched.items()}
    cpu["load"] = time.process_time() - own
    foreign = machine_busy_seconds() - busy - sum(cpu.values())
    count = len(latencies)
    return Outcome(
        answers=count,
        seconds=seconds,
        p50=latencies[count // 2],
        p99=latencies[min(count - 1, count * 99 // 100)],
        received=load.received,
        foreign=max(0.0, foreign / seconds),
        cpu=cpu,
    )


def main() -> int:
    """Reads a task as JSON from the standard input and writes its outcome; 1, and why, if the server failed."""
    task = Task(**json.load(sys.stdin))
    try:
        outcome = run(task)
    except (Unanswered, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(asdict(outcome), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
