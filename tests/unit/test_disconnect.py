"""Who watches whether a client stays: its connection, at no task's cost; under other servers a task, a little later."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from graphql_app.http.disconnect import PATIENCE, CancelOnDisconnect, CancelOnUploadDisconnect
from graphql_app.http.request_body import ClientDisconnect
from graphql_app.observability.events import ClientDisconnected, Event
from graphql_app.observability.request_context import CURRENT, RequestContext
from graphql_app.runtime.client_connection import ClientConnection


async def never() -> Message:
    """A client that says nothing more."""
    await asyncio.Event().wait()
    raise AssertionError


async def gone() -> Message:
    """A client that has left."""
    return {"type": "http.disconnect"}


def test_no_request_has_a_task_of_its_own_that_watches() -> None:
    async def work() -> None:
        connection = ClientConnection()
        CURRENT.set(RequestContext("r", connection=connection))
        with CancelOnDisconnect(never, lambda _: None, "rest"):
            await asyncio.sleep(PATIENCE * 3)
            assert len(asyncio.all_tasks()) == 1
            assert connection
        assert not connection

    asyncio.run(work())


@pytest.mark.parametrize("told", [True, False], ids=["our server", "another server"])
@pytest.mark.parametrize("before", [True, False], ids=["before it began", "meanwhile"])
def test_work_ends_soon_after_its_client_has_left(told: bool, before: bool) -> None:
    seen: list[Event] = []

    async def work() -> None:
        loop, connection = asyncio.get_running_loop(), ClientConnection()
        if told:
            CURRENT.set(RequestContext("r", connection=connection))
            if before:
                connection.leave()
            else:
                loop.call_later(0.05, connection.leave)
        with pytest.raises(ClientDisconnect), CancelOnDisconnect(gone, seen.append, "rest"):
            await asyncio.sleep(60)
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
        await asyncio.sleep(0)
        assert not connection
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(work())
    assert [type(event) for event in seen] == [ClientDisconnected]


def test_work_that_ends_at_once_is_left_alone() -> None:
    """Such are most writes: to stop them would cost more than to let them end."""

    async def work() -> int:
        connection = ClientConnection()
        CURRENT.set(RequestContext("r", connection=connection))
        with CancelOnDisconnect(never, lambda _: None, "rest"):
            connection.leave()
            await asyncio.sleep(0)
        await asyncio.sleep(PATIENCE * 3)
        return 7

    assert asyncio.run(work()) == 7


def test_two_on_one_connection_and_a_cancellation_from_outside() -> None:
    """As parts of one batch are."""

    async def work() -> None:
        connection = ClientConnection()
        CURRENT.set(RequestContext("r", connection=connection))

        async def one() -> None:
            with CancelOnDisconnect(never, lambda _: None, "rest"):
                await asyncio.sleep(60)

        first, second, third = [asyncio.create_task(one()) for _ in range(3)]
        await asyncio.sleep(0)
        third.cancel()
        await asyncio.sleep(0)
        connection.leave()
        ended = await asyncio.gather(first, second, third, return_exceptions=True)
        assert [type(each) for each in ended] == [ClientDisconnect, ClientDisconnect, asyncio.CancelledError]

    asyncio.run(work())


@pytest.mark.parametrize("told", [True, False], ids=["our server", "another server"])
def test_an_upload_is_watched_from_its_end_on(told: bool) -> None:
    async def work() -> None:
        connection = ClientConnection()
        CURRENT.set(RequestContext("r", connection=connection if told else None))
        messages: list[Message] = [{"type": "http.request", "body": b"x", "more_body": more} for more in (True, False)]

        async def receive() -> Message:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        upload = CancelOnUploadDisconnect(receive, lambda _: None, "rest")

        async def read() -> None:
            with upload:
                await upload.receive()
                await asyncio.sleep(PATIENCE * 3)
                assert not connection
                await upload.receive()
                assert bool(connection) == told
                connection.leave()
                await asyncio.sleep(60)

        with pytest.raises(ClientDisconnect):
            await read()

    asyncio.run(work())
