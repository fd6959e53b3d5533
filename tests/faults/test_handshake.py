"""Servers that misbehave before the first statement: no password in clear, no plaintext by stealth, no hanging."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from pymysql.constants import CLIENT

from graphql_app.engine.mysql.dial import ConnectionLost, ServerError, Target, TlsMode, connect
from tests.faults.fake_server import CAPABILITIES, FakeServer, greeting, packet
from tests.faults.virtual import run_virtual

PASSWORD = "correct horse"


async def refused(server: FakeServer, tls: TlsMode = TlsMode.OFF) -> ConnectionLost:
    """How a connection that must not come about fails."""
    target = Target(host="127.0.0.1", port=server.port, password=PASSWORD, tls=tls)
    with pytest.raises(ConnectionLost) as caught:
        await connect(target, 1.0)
    assert not caught.value.sent
    return caught.value


@pytest.mark.parametrize("mode", [TlsMode.REQUIRED, TlsMode.VERIFY])
def test_tls_taken_away_ends_the_handshake_before_anything_is_said(mode: TlsMode) -> None:
    async def work() -> None:
        async with FakeServer() as server:
            assert (await refused(server, tls=mode)).code == 2026
            await asyncio.sleep(0.1)
            assert server.received == b"", "not even the user's name"
            assert server.connections == 0

    run_virtual(work())


def test_no_tls_asked_goes_on_without() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            connection = await connect(Target(port=server.port, password=PASSWORD), 1.0)
            assert PASSWORD.encode() not in server.received
            connection.close()

    run_virtual(work())


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"mysql_old_password"])
def test_a_greeting_that_asks_for_the_password_in_clear(plugin: bytes) -> None:
    async def work() -> None:
        async with FakeServer() as server:
            server.greeting = lambda number: greeting(plugin=plugin, number=number)
            await refused(server)
            assert server.received == b""

    run_virtual(work())


class Rogue:
    """Greets, takes the login and answers with packets of its choice; keeps what it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = answers
        self.received = b""
        self.left = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(greeting())
            for answer in self._answers:
                self.received += await reader.read(4096)
                writer.write(answer)
            while more := await reader.read(4096):
                self.received += more
        writer.transport.abort()
        self.left.set()


async def meet(rogue: Rogue) -> None:
    """Dials `rogue`, in vain, and waits until it is alone again."""
    server = await asyncio.start_server(rogue, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises((ConnectionLost, ServerError)):
        await connect(Target(port=port, password=PASSWORD), 1.0)
    await rogue.left.wait()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "answers",
    [
        (packet(b"\xfemysql_clear_password\0", 2),),
        (packet(b"\xfemysql_old_password\0saltsalt\0", 2),),
        (packet(b"\xfe", 2),),
        (packet(b"\xfesomething_else\0salt", 2),),
        (packet(b"\0\0\0\2\0\0\0", 9),),
        (packet(b"", 2),),
        (b"\xff\xff\xff\x02" + b"x" * 1000,),
        (b"nonsense that is no packet",),
        (packet(b"\0\0\0\2\0\0\0", 2) + packet(b"\0\0\0\2\0\0\0", 1),),
        (packet(b"\0\0\0\2\0\0\0", 2), packet(b"\xfb/etc/passwd\0", 1)),
        (packet(b"\0\0\0\2\0\0\0", 2), packet(b"\xff\xff", 1)),
        (packet(b"\0\0\0\2\0\0\0", 2), packet(b"\1", 1) + packet(b"", 2)),
    ],
    ids=[
        "clear password", "old password", "oldest password", "unknown plugin", "out of order", "empty", "too long",
        "nonsense", "more than asked", "local file", "short error", "malformed rows",
    ],
)  # fmt: skip
def test_rogue_servers(answers: tuple[bytes, ...]) -> None:
    async def work() -> None:
        rogue = Rogue(*answers)
        await meet(rogue)
        assert PASSWORD.encode() not in rogue.received
        assert b"root:" not in rogue.received, "no file of ours"
        assert asyncio.get_running_loop().time() <= 1.001

    run_virtual(work())


class KeyAsker(Rogue):
    """A server that wants the password encrypted with its public key, by one plugin or the other."""

    def __init__(self, plugin: bytes, *answers: bytes) -> None:
        super().__init__(*answers)
        self._plugin = plugin

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(greeting(plugin=self._plugin))
            for answer in self._answers:
                self.received += await reader.read(4096)
                writer.write(answer)
            while more := await reader.read(4096):
                self.received += more
        writer.transport.abort()
        self.left.set()


FULL_LOGIN = packet(b"\x01\x04", 2)
SWITCHES = {
    "caching_sha2 at once": (b"caching_sha2_password", FULL_LOGIN),
    "caching_sha2 by a switch": (
        b"mysql_native_password",
        packet(b"\xfecaching_sha2_password\0saltsaltsaltsaltsalt\0", 2),
    ),
    "sha256 at once": (b"sha256_password", b""),
    "sha256 by a switch": (b"mysql_native_password", packet(b"\xfesha256_password\0saltsaltsaltsaltsalt\0", 2)),
}


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("allowed", [False, True])
def test_a_public_key_is_asked_for_only_where_that_is_allowed(name: str, allowed: bool) -> None:
    """Whoever stands between could send a key of its own, and read the password."""

    async def work() -> None:
        plugin, answer = SWITCHES[name]
        second = (packet(b"\x01\x04", 4),) if name == "caching_sha2 by a switch" else ()
        rogue = KeyAsker(plugin, *((answer,) if answer else ()), *second)
        server = await asyncio.start_server(rogue, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises((ConnectionLost, ServerError)) as caught:
            await connect(Target(port=port, password=PASSWORD, key_retrieval=allowed), 1.0)
        await rogue.left.wait()
        server.close()
        await server.wait_closed()
        asked = packet(b"\x02", 3) in rogue.received or packet(b"\x02", 5) in rogue.received
        asked = asked or rogue.received.endswith(packet(b"\x01", 3)) or b"\x01\x01" in rogue.received
        if allowed:
            assert asked
        else:
            assert isinstance(caught.value, ConnectionLost)
            assert "DB_PUBLIC_KEY=allow" in caught.value.reason
            assert not asked

    run_virtual(work())


@pytest.mark.parametrize("sent", [0, 1, 4, 30, len(greeting()) - 1])
def test_half_a_greeting_is_waited_for_no_longer_than_the_limit(sent: int) -> None:
    async def work() -> None:
        async with FakeServer() as server:
            server.greeting = lambda _: greeting()[:sent]
            await refused(server)
            assert asyncio.get_running_loop().time() == pytest.approx(1.0, abs=1e-3)
            await asyncio.sleep(0.1)
            assert server.connections == 0

    run_virtual(work())


def test_a_greeting_without_the_old_bits() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            server.greeting = lambda number: greeting(CAPABILITIES & ~CLIENT.PLUGIN_AUTH, number=number)
            connection = await connect(Target(port=server.port, password=PASSWORD), 1.0)
            assert connection.usable
            connection.close()

    run_virtual(work())


def test_a_server_that_speaks_unasked_is_left() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            connection = await connect(Target(port=server.port), 1.0)
            server.shout(packet(b"\xff" + (1053).to_bytes(2, "little") + b"#08S01Server shutdown", 0))
            await connection.wait_closed()
            assert not connection.usable
            with pytest.raises(ConnectionLost) as caught:
                await connection.query(b"SELECT 1")
            assert not caught.value.sent

    run_virtual(work())


def test_nothing_was_left_behind() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            connection = await connect(Target(port=server.port), 1.0)
            with pytest.raises(ConnectionLost):
                await connection.settle()
            assert connection.usable
            connection.close()

    run_virtual(work())
