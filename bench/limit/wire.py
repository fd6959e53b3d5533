"""The least that reads MariaDB's answers fast: rows of one text column, cut apart by one regular expression.

Made for this server and these statements only. Every row must be one text that ends
with `END`, be shorter than 64 KiB, and come without warnings.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Final, cast

END: Final = "\x02"
"""How a row's text ends. JSON text spells control characters as escapes, so it stands nowhere else in a row."""

_MORE: Final = 8  # status flag: another result follows
_CAPABILITIES: Final = 0x00000200 | 0x00002000 | 0x00008000 | 0x00010000 | 0x00020000 | 0x00080000 | 0x00000008
_UTF8MB4: Final = 45
# A row's end, the next packet's header of four bytes, and the length of its only cell.
_BETWEEN: Final = re.compile(rb"\x02.{4}(?:\xfc..|[\x00-\xfa])", re.DOTALL)
_END_OF_ROWS: Final = re.compile(rb"\x02(?=\x05\x00\x00.\xfe\x00\x00)", re.DOTALL)
KEY: Final = "\n"
"""Stands behind a key that leads a row's text; JSON text holds no bare line break."""
_BETWEEN_KEYED: Final = re.compile(_BETWEEN.pattern + rb"([^\n]*+)\n", re.DOTALL)


class ServerRefused(Exception):
    """The server answered with an error, or with what this reader does not read."""


class Connection(asyncio.Protocol):
    """One connection; one batch of statements at a time."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._transport: asyncio.WriteTransport | None = None
        loop = asyncio.get_running_loop()
        self._new_future = loop.create_future
        self._waiter: asyncio.Future[bytes] = loop.create_future()
        self._handshaken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is closed."""
        if not self._waiter.done():  # somebody waits, for the waiter is made anew for each answer
            self._waiter.set_exception(error or ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        """Gathers the answer; hands it over when it is whole."""
        chunks = self._chunks
        if chunks:
            chunks.append(data)
            tail = data if len(data) > 10 else b"".join(chunks)
            whole = _ends_rows(tail) or _ends_plain(tail) or _ends_refused(data)
        else:
            whole = _ends_rows(data) or not self._handshaken or _ends_plain(data) or _is_short(data)
            whole = whole or _ends_refused(data)
            if whole:
                self._waiter.set_result(data)
                return
            chunks.append(data)
        if whole:
            self._chunks = []
            self._waiter.set_result(b"".join(chunks))

    async def log_in(self, user: str, database: str) -> None:
        """The handshake, for a user without a password."""
        await self._waiter
        self._waiter = self._new_future()
        login = (
            _CAPABILITIES.to_bytes(4, "little")
            + (1 << 24).to_bytes(4, "little")
            + bytes([_UTF8MB4])
            + bytes(23)
            + user.encode()
            + b"\0\0"
            + database.encode()
            + b"\0mysql_native_password\0"
        )
        assert self._transport is not None
        self._transport.write(len(login).to_bytes(3, "little") + b"\1" + login)
        answer = await self._waiter
        if answer[4] != 0:
            raise ServerRefused(answer[4:])
        self._handshaken = True

    def close(self) -> None:
        """Closes the socket."""
        if self._transport is not None:
            self._transport.close()

    async def query(self, *statements: bytes, keyed: bool = False) -> list[list[bytes]]:
        """Runs one or several statements in one round trip; the rows of each. Raises `ServerRefused`.

        `keyed`: every row begins with a key, and the key and the rest of it are two.
        """
        self._waiter = waiter = self._new_future()
        sql = b";".join(statements)
        size = len(sql) + 1
        if size >= 0xFFFFFF:
            raise ServerRefused("too long")
        self._transport.write(size.to_bytes(3, "little") + b"\0\x03" + sql)  # type: ignore[union-attr]
        return _results(await waiter, len(statements), _keyed_rows if keyed else _rows)


def _is_short(data: bytes) -> bool:
    """Whether the answer is one packet that says OK of rows that were written."""
    plain = data[:3] == b"\7\0\0" and data[4:7] == b"\0\0\0"
    return data[4] == 0x00 and not plain and len(data) == 4 + int.from_bytes(data[:3], "little")


def _ends_plain(data: bytes) -> bool:
    """Whether the last packet says OK of a statement that touched no rows, as COMMIT does, and nothing follows."""
    return data[-11:-8] == b"\7\0\0" and data[-7:-4] == b"\0\0\0" and not data[-4] & _MORE


def _ends_refused(data: bytes) -> bool:
    """Whether `data` ends with a packet that names an error. Its text is UTF-8, which never holds the first byte."""
    at = data.rfind(b"\xff")
    return (
        at >= 4 and data[at + 3 : at + 4] == b"#" and int.from_bytes(data[at - 4 : at - 1], "little") == len(data) - at
    )


def _ends_rows(data: bytes) -> bool:
    """Whether the last rows end here. JSON text holds no zero byte, so nothing else looks like it."""
    return data[-5] == 0xFE and data[-9:-6] == b"\5\0\0" and not data[-2] & _MORE and data[-1] == 0


def _results(answer: bytes, count: int, rows: Callable[[bytes, int, int], list[bytes]]) -> list[list[bytes]]:
    results: list[list[bytes]] = []
    at = 0
    while at < len(answer):
        first = answer[at + 4]
        if first == 0xFF:
            raise ServerRefused(answer[at + 4 :])
        at += 4 + int.from_bytes(answer[at : at + 3], "little")
        if first == 0:
            results.append([])
            continue
        for _ in range(first + 1):  # the columns, and the packet that ends them
            at += 4 + int.from_bytes(answer[at : at + 3], "little")
        stop = len(answer) - 9 if len(results) == count - 1 else _stop(answer, at)
        results.append(rows(answer, at, stop))
        at = stop + 9
    return results


def _stop(answer: bytes, at: int) -> int:
    """Where the rows that begin at `at` end, and another result follows."""
    if answer[at + 4] == 0xFE and answer[at : at + 3] == b"\5\0\0":
        return at
    found = _END_OF_ROWS.search(answer, at)
    if found is None:
        raise ServerRefused("rows without an end")
    return found.end()


def _rows(answer: bytes, at: int, stop: int) -> list[bytes]:
    if at == stop:
        return []
    at += 7 if answer[at + 4] == 0xFC else 5
    return _BETWEEN.split(memoryview(answer)[at : stop - 1])


def _keyed_rows(answer: bytes, at: int, stop: int) -> list[bytes]:
    """Keys and texts by turns."""
    if at == stop:
        return []
    at += 7 if answer[at + 4] == 0xFC else 5
    end = answer.index(b"\n", at)
    return [answer[at:end], *_BETWEEN_KEYED.split(memoryview(answer)[end + 1 : stop - 1])]


class Pool:
    """Connections that are all open from the start; whoever finds none free waits for the next."""

    def __init__(self) -> None:
        self._free: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection]] = deque()

    async def open(self, size: int, address: str | int, user: str, database: str) -> None:
        """Opens `size` connections to a socket's path, or to a port of this host."""
        loop = asyncio.get_running_loop()
        for _ in range(size):
            if isinstance(address, str):
                _, connection = await loop.create_unix_connection(Connection, address)
            else:
                _, connection = await loop.create_connection(Connection, "127.0.0.1", address)
            await connection.log_in(user, database)
            self._free.append(connection)

    def close(self) -> None:
        """Closes the connections that are free."""
        for connection in self._free:
            connection.close()

    async def query(self, *statements: bytes, keyed: bool = False) -> list[list[bytes]]:
        """As `Connection.query`, on a connection that is free."""
        if self._free:
            connection = self._free.pop()
        else:
            waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            connection = await waiter
        try:
            return await connection.query(*statements, keyed=keyed)
        finally:
            if self._waiting:
                self._waiting.popleft().set_result(connection)
            else:
                self._free.append(connection)
