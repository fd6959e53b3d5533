"""A head leaves together with what follows it, by itself a moment later, and never out of order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from graphql_app.cli.whole_answers import Bytes, WholeAnswers

pytestmark = pytest.mark.anyio

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

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 7


def over(line: Line) -> WholeAnswers:
    return WholeAnswers(line, asyncio.get_running_loop())


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
