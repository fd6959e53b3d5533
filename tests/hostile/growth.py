"""Judges how the cost of a request grows with it: each kind is doubled until it is as large or as dear as needed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import log2

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.hostile.corpus import Hostile
from tests.hostile.growing import SOCKET, Kind
from tests.hostile.usage import MB, Usage, measured

RATIO = 2.2
"""How many times as much as the half a request may cost, in CPU or in memory."""
SECONDS, SECONDS_A_MB = 1.0, 0.5
"""CPU that one request may take, and that a larger one may for each of its megabytes: ten of rows are rows."""
MEMORY, BYTES_A_BYTE = 200 * MB, 60
"""Memory that one request may take, and that a larger one may for each of its bytes."""
NOTICED = 0.15
"""CPU seconds below which a cost is no part of a growth: the constant part and the noise are as much."""
NOTICED_MEMORY = 60 * MB
ENOUGH = 0.6
"""CPU seconds at which growth can be judged."""
TRIES = 8
_TIMEOUT = 120.0
_PROTOCOL = Subprotocol("graphql-transport-ws")


def send(port: int, request: Hostile) -> int:
    """Sends a request on a connection of its own and reads all of the answer: its status; 0 where there was none."""
    return _operate(port, request.body) if request.method == SOCKET else _request(port, request)


def _operate(port: int, payload: bytes) -> int:
    """The same of an operation over a WebSocket: 200 for an answer, 400 for a refusal, or the code of closing."""
    address = f"ws://127.0.0.1:{port}/graphql"
    with connect(address, subprotocols=[_PROTOCOL], compression=None, max_size=None, close_timeout=1) as socket:
        socket.send('{"type":"connection_init"}')
        socket.recv(_TIMEOUT)
        try:
            socket.send(b'{"id":"1","type":"subscribe","payload":%b}' % payload, text=True)
            heard = json.loads(socket.recv(_TIMEOUT))["type"]
        except ConnectionClosed as error:
            return 0 if error.rcvd is None else error.rcvd.code
        return {"next": 200, "error": 400}.get(heard, 0)


def _request(port: int, request: Hostile) -> int:
    wire = request.wire.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before it was read to its end
            connection.sendall(wire)
        with suppress(ConnectionResetError):
            while part := connection.recv(1 << 20):
                answer += part
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a request of so many parts and bytes cost, and the status of its answer."""

    parts: int
    size: int
    status: int
    usage: Usage

    def __str__(self) -> str:
        usage = self.usage
        return (
            f"{self.parts} parts, {self.size:,} bytes: status {self.status}, {usage.cpu:.2f} s, {usage.memory // MB} MB"
        )


def steps(port: int, pid: int, kind: Kind, most_bytes: int) -> Iterator[Step]:
    """Doubles a kind until its requests have `most_bytes`, or cost enough to be judged."""
    parts = kind.first
    while parts <= kind.most:
        request = kind.make(parts)
        size = len(request.wire)
        if size > most_bytes:
            return
        step = step_of(port, pid, parts, request)
        yield step
        if step.usage.cpu > ENOUGH:
            return
        parts *= 2


def step_of(port: int, pid: int, parts: int, request: Hostile) -> Step:
    """Sends one request and measures it."""
    status = 0

    def work() -> None:
        nonlocal status
        status = send(port, request)

    usage = measured(pid, work)
    return Step(parts, len(request.wire), status, usage)


def _again(port: int, pid: int, kind: Kind, step: Step) -> Step:
    """The cheaper of a step and another try of it: what others do on the machine makes nothing cheaper."""
    tried = step_of(port, pid, step.parts, kind.make(step.parts)).usage
    usage = Usage(min(tried.cpu, step.usage.cpu), min(tried.memory, step.usage.memory))
    return Step(step.parts, step.size, step.status, usage)


def complaints(port: int, pid: int, kind: Kind, most_bytes: int) -> tuple[list[Step], list[str]]:
    """How a kind grows, and what is wrong with that."""
    found = list(steps(port, pid, kind, most_bytes))
    wrong = [f"no answer, or a failure of ours: {step}" for step in found if step.status in (0, 500)]
    last = found[-1]
    # Over two doublings where there are: one alone may hold the first look of the garbage collector through everything.
    half = next(step for step in found[-3:] if step.status == last.status)
    tries = 1
    while judged(half, last) and tries < TRIES:
        # In turns: the machine is as busy for the one as for the other.
        half, last = _again(port, pid, kind, half), _again(port, pid, kind, last)
        tries += 1
    return found, wrong + judged(half, last)


def judged(half: Step, whole: Step) -> list[str]:
    """What is wrong with what a request costs, beside the half of it, or a quarter."""
    wrong = []
    usage = whole.usage
    seconds, memory = max(SECONDS, whole.size / MB * SECONDS_A_MB), max(MEMORY, whole.size * BYTES_A_BYTE)
    if usage.cpu > seconds or usage.memory > memory:
        wrong.append(f"costs too much: {whole}")
    # What is refused for its size is less work, not more.
    alike = half.status == whole.status and half.parts < whole.parts
    ratio = RATIO ** log2(whole.parts / half.parts)
    cpu = usage.cpu > max(NOTICED, ratio * half.usage.cpu)
    if alike and (cpu or usage.memory > max(NOTICED_MEMORY, ratio * half.usage.memory)):
        wrong.append(f"grows faster than the request: {half}; {whole}")
    return wrong
