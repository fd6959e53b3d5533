"""A head leaves together with what follows it, by itself a moment later, and never out of order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
import uvloop

from graphql_app.server.coalescing_transport import Bytes, CoalescingTransport

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Line(asyncio.Transport):
    """Notes what it is told, in order: each of them would be a system call."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []
        self.closing = False

    def write(self, data: Bytes) -> None:
        self.told.append(bytes(data))

    def writelines(self, list_of_data: Iterable[Bytes]) -> None:
        self.told.append([bytes(data) for data in list_of_data])

    def write_eof(self) -> None:
        self.told.append("eof")

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 7


def over(line: Line) -> CoalescingTransport:
    return CoalescingTransport(line, asyncio.get_running_loop())


async def a_turn() -> None:
    """What is due in the loop's next turn has been done."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_head_and_body_are_sent_at_once() -> None:
    line = Line()
    answers = over(line)
    for _ in range(3):
        answers.write(HEAD)
        answers.write(b"body")
    await a_turn()
    assert line.told == [HEAD + b"body"] * 3


async def test_a_large_body_is_not_copied() -> None:
    line, body = Line(), b"x" * 100_000
    answers = over(line)
    answers.write(HEAD)
    answers.write(body)
    answers.write(b"more")
    assert line.told == [[HEAD, body], b"more"]


async def test_a_head_does_not_wait_for_a_body() -> None:
    line = Line()
    answers = over(line)
    answers.write(HEAD)
    assert line.told == []
    assert answers.get_write_buffer_size() == 7 + len(HEAD)
    await a_turn()
    assert line.told == [HEAD]
    answers.write(b"data: 1\n\n")
    assert line.told == [HEAD, b"data: 1\n\n"]
    assert answers.get_write_buffer_size() == 7


async def test_a_head_goes_out_before_the_line_is_closed() -> None:
    line = Line()
    answers = over(line)
    answers.write(HEAD)
    answers.close()
    await a_turn()
    assert line.told == [HEAD, "close"]


async def test_nothing_goes_out_after_the_line_is_cut() -> None:
    line = Line()
    answers = over(line)
    answers.write(HEAD)
    answers.abort()
    await a_turn()
    assert line.told == ["abort"]


async def test_a_line_that_is_closing_is_told_nothing() -> None:
    """uvloop raises for it, where asyncio forgets."""
    line = Line()
    answers = over(line)
    answers.write(HEAD)
    line.closing = True
    await a_turn()
    answers.write(HEAD)
    answers.write(b"body")
    answers.write_eof()
    await a_turn()
    assert line.told == []


async def test_nothing_goes_out_after_its_end_was_said() -> None:
    line = Line()
    answers = over(line)
    answers.write(HEAD)
    answers.write_eof()
    answers.write(HEAD)
    answers.write(b"body")
    answers.write_eof()
    await a_turn()
    assert line.told == [HEAD, "eof"]


async def lost_line(loop: asyncio.AbstractEventLoop) -> CoalescingTransport:
    """A real connection, closed and gone."""
    made: asyncio.Queue[Any] = asyncio.Queue()

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.put_nowait(transport)

    server = await loop.create_server(Protocol, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    transport = await made.get()
    transport.abort()
    for _ in range(5):
        await a_turn()
    writer.close()
    server.close()
    return CoalescingTransport(transport, loop)


async def _failures(body: bytes) -> list[object]:
    """What the loop was told of, and what was raised, while something is written to a connection that is gone."""
    loop = asyncio.get_running_loop()
    failures: list[object] = []
    loop.set_exception_handler(lambda _loop, context: failures.append(context))
    answers = await lost_line(loop)
    try:
        answers.write(HEAD)
        answers.write(body)
        answers.write(b"more")
        answers.write(HEAD)
        await a_turn()
        answers.write_eof()
        answers.close()
        await a_turn()
    except RuntimeError as error:
        failures.append(error)
    return failures


@pytest.mark.parametrize("body", [b"", b"body", b"x" * 100_000])
def test_writing_to_a_line_that_is_gone_is_no_error(body: bytes) -> None:
    """In the loop that the program runs in."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(_failures(body)) == []
