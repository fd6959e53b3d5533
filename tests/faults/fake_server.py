"""A server of our own that speaks just enough of the MySQL protocol to misbehave exactly as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from pymysql.constants import CLIENT

CAPABILITIES = (
    CLIENT.LONG_PASSWORD
    | CLIENT.PROTOCOL_41
    | CLIENT.TRANSACTIONS
    | CLIENT.SECURE_CONNECTION
    | CLIENT.MULTI_STATEMENTS
    | CLIENT.MULTI_RESULTS
    | CLIENT.PLUGIN_AUTH
    | CLIENT.CONNECT_WITH_DB
    | CLIENT.FOUND_ROWS
)
SERVER_VERSION = b"10.11.1-MariaDB"
IN_TRANSACTION, MORE_RESULTS = 0x0001, 0x0008
COM_QUIT, COM_QUERY = 1, 3


def lenenc(value: bytes) -> bytes:
    """A length-encoded string."""
    size = len(value)
    if size < 251:
        return bytes([size]) + value
    if size < 1 << 16:
        return b"\xfc" + size.to_bytes(2, "little") + value
    return b"\xfd" + size.to_bytes(3, "little") + value


def packet(payload: bytes, number: int) -> bytes:
    """A packet of less than 16 MB."""
    return len(payload).to_bytes(3, "little") + bytes([number & 0xFF]) + payload


def greeting(capabilities: int = CAPABILITIES, plugin: bytes = b"mysql_native_password", number: int = 1) -> bytes:
    """The first packet of a handshake."""
    payload = (
        b"\x0a" + SERVER_VERSION + b"\0" + number.to_bytes(4, "little") + b"saltsalt" + b"\0"
        + (capabilities & 0xFFFF).to_bytes(2, "little") + b"\x2d" + b"\x02\0"
        + (capabilities >> 16).to_bytes(2, "little") + b"\x15" + bytes(10) + b"saltsaltsalt\0" + plugin + b"\0"
    )  # fmt: skip
    return packet(payload, 0)


class Reply:
    """Builds the answer to one command, packet by packet."""

    def __init__(self) -> None:
        self._payloads: list[bytes] = []

    def ok(self, *, affected: int = 0, more: bool = False, inside: bool = False) -> Reply:
        """A statement without rows succeeded; `inside` a transaction, which goes on."""
        status = ((MORE_RESULTS if more else 0) | (IN_TRANSACTION if inside else 0)).to_bytes(2, "little")
        self._payloads.append(b"\0" + bytes([affected]) + b"\0" + status + b"\0\0")
        return self

    def rows(self, *rows: tuple[bytes | None, ...], more: bool = False, name: bytes = b"c%d") -> Reply:
        """A statement gave rows; a column's `name` may have its place in it."""
        width = len(rows[0])
        self._payloads.append(bytes([width]))
        for place in range(width):
            names = lenenc(b"def") + lenenc(b"") * 3 + lenenc(name % place if b"%" in name else name) * 2
            self._payloads.append(names + b"\x0c\x2d\0\xff\0\0\0\xfd\0\0\0\0\0")
        self._payloads.append(b"\xfe\0\0\0\0")
        self._payloads += [b"".join(b"\xfb" if cell is None else lenenc(cell) for cell in row) for row in rows]
        self._payloads.append(b"\xfe\0\0" + (MORE_RESULTS if more else 0).to_bytes(2, "little"))
        return self

    def error(self, code: int, message: bytes = b"", state: bytes = b"HY000") -> Reply:
        """A statement failed; those after it did not run."""
        self._payloads.append(b"\xff" + code.to_bytes(2, "little") + b"#" + state + message)
        return self

    def bytes(self) -> bytes:
        """The packets, numbered."""
        return b"".join(packet(payload, number) for number, payload in enumerate(self._payloads, 1))


Handler = Callable[[bytes], "Reply | Act"]
"""What to do about the statements of one command."""


class Act:
    """Something else than an answer."""

    def __init__(self, *, close: bool = False, delay: float = 0.0, then: Reply | None = None) -> None:
        self.close = close
        self.delay = delay
        self.then = then


STALL = Act(delay=1e9)
"""No answer, ever."""
CLOSE = Act(close=True)
"""The connection is closed without an answer."""


def later(seconds: float, reply: Reply) -> Act:
    """An answer that takes its time."""
    return Act(delay=seconds, then=reply)


def all_ok(sql: bytes) -> Reply:
    """Every statement succeeds; each SELECT gives one row of one cell."""
    statements = sql.split(b";")
    reply = Reply()
    for place, statement in enumerate(statements):
        more = place < len(statements) - 1
        if statement.lstrip().upper().startswith(b"SELECT"):
            reply.rows((b"1",), more=more)
        else:
            reply.ok(more=more)
    return reply


class FakeServer:
    """Listens on a port; answers session setup and KILL itself, everything else by `handler`.

    `statements` holds what came in, with the loop's time; `killed` the numbers of KILL QUERY,
    `severed` those of KILL, `looks` those of which somebody asked whether a statement runs on them.
    """

    def __init__(self, handler: Handler = all_ok, *, silent: bool = False) -> None:
        self.handler = handler
        self.silent = silent
        self.kill_error = 0
        self.version = SERVER_VERSION
        """What it says it is."""
        self.own_number: Callable[[int], int] = lambda number: number
        """What CONNECTION_ID() says on the connection that the greeting numbered so."""
        self.host: Callable[[int], bytes] = lambda number: b"fake"
        """The server behind the address that a connection leads to."""
        self.greeting: Callable[[int], bytes] = lambda number: greeting(number=number)
        self.read_only = False
        self.galera: dict[bytes, bytes | None] = {}
        """What it says of itself as a node of Galera, if it is one."""
        self.port = 0
        self.dials: list[float] = []
        self.statements: list[tuple[float, bytes]] = []
        self.look: Callable[[int], Reply | Act] = self._look
        """What the list of processes says of a connection."""
        self.looks: list[tuple[float, int]] = []
        self.killed: list[int] = []
        self.severed: list[int] = []
        self.received = bytearray()
        self._server: asyncio.Server | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._stalled: dict[int, asyncio.Event] = {}

    async def __aenter__(self) -> FakeServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port or None)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stops listening, closes every connection."""
        assert self._server is not None
        self._server.close()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
            await asyncio.sleep(0.01)  # the sockets of aborted transports are closed a turn later

    @property
    def connections(self) -> int:
        """Connections of this moment."""
        return len(self._tasks)

    def shout(self, data: bytes) -> None:
        """Sends bytes that nobody asked for on every connection."""
        for writer in self._writers.values():
            writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.dials) + 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks[number] = task
        self._writers[number] = writer
        self.dials.append(asyncio.get_running_loop().time())
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await self._talk(number, reader, writer)
        finally:
            del self._tasks[number], self._writers[number]
            writer.transport.abort()

    async def _talk(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.silent:
            await reader.read()
            return
        writer.write(self.greeting(number))
        await self._read(reader)
        writer.write(packet(b"\0\0\0\x02\0\0\0", 2))
        while True:
            command = await self._read(reader)
            if command[0] == COM_QUIT:
                return
            act: Reply | Act | None = self._answer(number, command[1:])
            if isinstance(act, Act) and act.delay:
                act = await self._held(number, reader, act)
            if act is None or (isinstance(act, Act) and act.close):
                return
            reply = act if isinstance(act, Reply) else act.then
            if reply is not None:
                writer.write(reply.bytes())

    async def _held(self, number: int, reader: asyncio.StreamReader, act: Act) -> Reply | Act | None:
        """What comes of an answer that takes its time: it, an interruption, or nothing if the client leaves."""
        stop = self._stalled[number] = asyncio.Event()
        leaves = asyncio.ensure_future(reader.read(1))
        killed = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait({leaves, killed}, timeout=act.delay, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaves.cancel()
            killed.cancel()
            with suppress(asyncio.CancelledError):
                await leaves
            del self._stalled[number]
        if killed in done:
            return Reply().error(1317, b"Query execution was interrupted", b"70100")
        return None if leaves in done else act

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(4)
        body = await reader.readexactly(int.from_bytes(head[:3], "little"))
        self.received += body
        return body

    def _answer(self, number: int, sql: bytes) -> Reply | Act:
        if sql.startswith(b"SELECT VERSION()"):
            own, host = self.own_number(number), self.host(number)
            identity = (self.version, b"fake", b"%d" % own, b"16777216", host, b"%d" % self.port)
            rest = sql.split(b";")[1:]
            reply = Reply().rows(identity, more=bool(rest))
            return self._set_up(reply, rest)
        if sql.startswith(b"SELECT @@GLOBAL.read_only"):
            return self._set_up(Reply(), sql.split(b";"))
        if sql.startswith(b"SELECT COMMAND "):
            about = int(sql.split()[-1])
            self.looks.append((asyncio.get_running_loop().time(), about))
            return self.look(about)
        if sql.startswith(b"KILL QUERY "):
            return self._kill(int(sql.split()[-1]))
        if sql.startswith(b"KILL "):
            self.severed.append(int(sql.split()[-1]))
            return Reply().ok()
        self.statements.append((asyncio.get_running_loop().time(), sql))
        return self.handler(sql)

    def _set_up(self, reply: Reply, statements: list[bytes]) -> Reply:
        for place, statement in enumerate(statements):
            more = place < len(statements) - 1
            if statement.startswith(b"SELECT @@GLOBAL.read_only"):
                reply.rows((b"1" if self.read_only else b"0", b"0"), more=more)
            elif statement.startswith(b"SHOW SESSION VARIABLES LIKE 'wsrep_on'") and self.galera:
                reply.rows((b"wsrep_on", b"ON"), more=more)
            elif statement.startswith(b"SHOW GLOBAL STATUS") and self.galera:
                reply.rows(*self.galera.items(), more=more)
            else:
                reply.ok(more=more)
        return reply

    def _look(self, number: int) -> Reply:
        return Reply().rows((b"Query" if number in self._stalled else b"Sleep",))

    def _kill(self, number: int) -> Reply:
        self.killed.append(number)
        if self.kill_error:
            return Reply().error(self.kill_error)
        if number not in self._tasks:
            return Reply().error(1094, b"Unknown thread id")
        if number in self._stalled:
            self._stalled[number].set()
        return Reply().ok()
