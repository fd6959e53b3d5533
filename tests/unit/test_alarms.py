"""Limits of time end what runs over them, in their order, and leave alone what does not."""

from __future__ import annotations

import asyncio

import pytest

from graphql_app.runtime.deadlines import Deadline, deadline_queue

pytestmark = pytest.mark.anyio


class Bell:
    """Notes when it rang."""

    def __init__(self) -> None:
        self.rang = asyncio.get_running_loop().create_future()

    def on_timeout(self) -> None:
        self.rang.set_result(asyncio.get_running_loop().time())


async def test_what_runs_over_is_cancelled_and_times_out() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01) as limit:
        await asyncio.Event().wait()
    assert limit.expired
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_what_ends_in_time_is_left_alone() -> None:
    with Deadline(0.01) as limit:
        pass
    bell = Bell()
    deadline_queue(0.01).set(bell)
    await bell.rang  # after the limit would have been reached
    assert not limit.expired


async def test_who_is_cancelled_by_another_stays_cancelled() -> None:
    async def work() -> None:
        with Deadline(60.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_limit_reached_within_another_is_the_inner_ones() -> None:
    with Deadline(60.0) as outer, pytest.raises(TimeoutError), Deadline(0.01):
        await asyncio.Event().wait()
    assert not outer.expired


async def test_all_ring_in_time_and_those_called_off_do_not() -> None:
    loop, due = asyncio.get_running_loop(), deadline_queue(0.02)
    bells = [Bell() for _ in range(50)]
    before = loop.time()
    for bell in bells:
        due.set(bell)
    for bell in bells[::2]:
        due.off(bell)
    rang = await asyncio.gather(*(bell.rang for bell in bells[1::2]))
    assert min(rang) >= before + 0.019
    assert not any(bell.rang.done() for bell in bells[::2])
    later = Bell()
    due.set(later)  # with nothing set the loop's timer is gone; it comes back
    assert await later.rang >= max(rang) + 0.019
