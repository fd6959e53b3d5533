"""Sends bytes to a server and reads its answer as far as a verdict needs it."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

LIMIT = 30.0
"""Seconds for an answer."""
SLOW = 1.0
"""Seconds, as the clock of a run counts them, after which it is asked again what a request costs."""
LEAKS = re.compile(
    rb"Traceback|site-packages|File \"|aiomysql|pymysql|graphql_app[/.]|asyncio|You have an error in your SQL"
    rb"|SQLSTATE|SELECT .* FROM|INSERT INTO|information_schema\.|\.py\b|object at 0x",
)
"""What belongs inside; none of it is in a request whose text an answer may repeat."""
TRIES = 3
"""How often a whole request may be left without an answer before that is a fault."""
AT_ONCE = 8
"""Requests on their way at the same time."""
_CONTINUE = b"HTTP/1.1 100 "
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request's bytes. `torn` ones need not be HTTP any more: a connection that is closed answers them too."""

    name: str
    wire: bytes
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by status, and what is wrong with those that should not be."""

    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slow: list[Sent] = field(default_factory=list)
    """Those that took longer than `SLOW`, which may be the doing of the machine or of others on their way."""


async def exchange(port: int, sent: bytes) -> bytes:
    """The answer to one request on a connection of its own; empty if the server sent none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        async with asyncio.timeout(LIMIT):
            return await _answer(reader, head=sent.startswith(b"HEAD "))
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, *, head: bool) -> bytes:
    try:
        start = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    if start.startswith(_CONTINUE):
        return await _answer(reader, head=head)
    if head or start.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
        return start
    length = _LENGTH.search(start)
    if length is not None:
        return start + await reader.readexactly(int(length[1]))
    body = bytearray(start)
    while not body.endswith(b"\r\n0\r\n\r\n"):
        part = await reader.read(65536)
        if not part:
            return b""
        body += part
    return bytes(body)


async def _patient(port: int, sent: Sent) -> bytes:
    """Its answer. One without is sent again: the program rightly cuts who says nothing for a while after connecting,
    and on a busy machine that may be this client between two of its own turns."""
    for _ in range(TRIES):
        answer = await exchange(port, sent.wire)
        if answer or sent.torn:
            break
    return answer


def complaint(answer: bytes) -> str:
    """What is wrong with an answer to a hostile request; nothing if it is a refusal, or a true answer."""
    if not answer.startswith(b"HTTP/1.1 "):
        return "no answer"
    status = int(answer[9:12])
    if status >= 500:
        return f"status {status}: {answer[-300:]!r}"
    leak = LEAKS.search(answer)
    return f"leak {leak[0]!r}" if leak else ""


async def answers(
    port: int, requests: Iterable[Sent], found: Answers | None = None, clock: Callable[[], float] = time.monotonic
) -> Answers:
    """What came back for all of them, put into `found`: counts by status, and what is wrong.

    With the CPU time of the program as its `clock` none that costs too much is missed, however busy the machine is.
    """
    found = Answers() if found is None else found
    left = iter(requests)

    async def work(mine: Iterable[Sent]) -> None:
        for sent in mine:
            started = clock()
            try:
                answer = await _patient(port, sent)
                wrong = "" if sent.torn and not answer else complaint(answer)
                found.statuses[answer[9:12].decode("ascii", "replace") or "none"] += 1
            except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
                wrong = repr(error)
            if clock() - started > SLOW:
                found.slow.append(sent)
            if wrong:
                found.wrong.append(f"{sent.name}: {wrong}\n    {sent.wire[:600]!r}")

    await asyncio.gather(*(work(left) for _ in range(AT_ONCE)))
    return found


async def complaints(port: int, requests: Iterable[tuple[str, bytes]]) -> list[str]:
    """What is wrong with the answers to all of them."""
    return (await answers(port, (Sent(name, wire) for name, wire in requests))).wrong
