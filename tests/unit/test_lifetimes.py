"""How long the caller of a connection counts, where it takes time to tell who it is, or nobody can."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from graphql_app.auth.identity import Identity
from graphql_app.errors import AppError, Code, RequestError
from graphql_app.graphql_api.subscriptions import lifetime
from graphql_app.graphql_api.subscriptions.lifetime import AT_ONCE, TRIES, Connected, Connections, Lifetime

pytestmark = pytest.mark.anyio

ANN = Identity("user", subject="ann", client=b"ann")


class Authority:
    """Tells who one is, when it may."""

    def __init__(self) -> None:
        self.now: dict[str, Identity | AppError] = {}
        self.asked: list[str] = []
        self.asking = self.most = 0
        self.may_tell = asyncio.Event()
        self.may_tell.set()
        self.connections = Connections(self.again, lambda _role: False)
        self.ended: dict[str, AppError] = {}

    async def again(self, connected: Connected) -> Identity:
        """As `Connections` wants it."""
        name = connected.identity.subject
        self.asked.append(name)
        self.asking += 1
        self.most = max(self.most, self.asking)
        await self.may_tell.wait()
        self.asking -= 1
        found = self.now.get(name, connected.identity)
        if isinstance(found, AppError):
            raise found
        return found

    def come(self, name: str = "ann", version: int | None = None) -> Lifetime:
        """Another connection."""
        scope = {} if version is None else {"graphql_app.credentials": version}
        connected = Connected(replace(ANN, subject=name), scope)
        return Lifetime(self.connections, lambda: 0.0, connected, lambda error: self.ended.update({name: error}))

    async def reviewed(self) -> None:
        """Until nobody is in doubt."""
        async with asyncio.timeout(30):
            while self.connections._task is not None:  # noqa: ASYNC110
                await asyncio.sleep(0)


UNAVAILABLE = AppError(Code.AUTH_UNAVAILABLE, "nobody there")


async def test_all_are_asked_for_a_few_at_a_time() -> None:
    authority = Authority()
    for number in range(3 * AT_ONCE):
        authority.come(str(number))
    authority.now["7"] = RequestError(Code.ACCESS_DENIED, "no")
    authority.may_tell.clear()
    authority.connections.review()
    for _ in range(100):
        await asyncio.sleep(0)
    assert authority.asking == authority.most == AT_ONCE
    authority.may_tell.set()
    await authority.reviewed()
    assert sorted(map(int, authority.asked)) == list(range(3 * AT_ONCE))
    assert list(authority.ended) == ["7"]


async def test_a_change_while_they_are_asked_for() -> None:
    """What was found out by what counted before is found out again."""
    authority = Authority()
    authority.come()
    authority.may_tell.clear()
    authority.connections.review()
    async with asyncio.timeout(30):
        while not authority.asked:  # noqa: ASYNC110
            await asyncio.sleep(0)
    authority.connections.review()
    authority.may_tell.set()
    await authority.reviewed()
    assert authority.asked == ["ann", "ann"]


async def test_a_connection_that_was_known_by_what_counts_no_more() -> None:
    """The credentials changed between the beginning of its request and its stream."""
    authority = Authority()
    version = authority.connections.version
    authority.connections.review()
    authority.now["ann"] = RequestError(Code.ACCESS_DENIED, "no")
    authority.come("ann", version)
    authority.come("bob", authority.connections.version)
    await authority.reviewed()
    assert authority.asked == ["ann"]
    assert list(authority.ended) == ["ann"]


async def test_where_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection stays for a while, and ends where that goes on; it stays where it turns out to be good."""
    monkeypatch.setattr(lifetime, "PAUSE", 0.001)
    authority = Authority()
    authority.now = {"ann": UNAVAILABLE, "bob": UNAVAILABLE}
    ann, bob = authority.come("ann"), authority.come("bob")
    authority.connections.review()
    async with asyncio.timeout(30):
        while bob.unknown < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
    del authority.now["bob"]
    assert await ann.holds(), "no more is known than before"
    await authority.reviewed()
    assert authority.asked.count("ann") == TRIES
    assert authority.ended == {"ann": UNAVAILABLE}
    assert not await ann.holds()
    assert await bob.holds()
    bob.close()


async def test_the_last_one_that_leaves_ends_the_asking() -> None:
    authority = Authority()
    ann = authority.come()
    authority.may_tell.clear()
    authority.connections.review()
    await asyncio.sleep(0)
    task = authority.connections._task
    ann.close()
    assert task is not None
    await asyncio.wait([task])
    assert task.cancelled()
    assert not authority.ended


async def test_another_end_of_the_same_identity() -> None:
    """It is waited for in the place of the one before."""
    authority = Authority()
    ann = authority.come()
    authority.now["ann"] = replace(ANN, expires=0.0)
    assert await ann.holds()
    authority.connections.review()
    assert not await ann.holds()
    assert authority.ended["ann"].message == "What showed who is asking has expired"
