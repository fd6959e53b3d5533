"""A TCP proxy in front of a server that breaks connections on demand, when a chosen text passes by."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

CHUNK = 64 * 1024


class Break(StrEnum):
    """How a connection is broken."""

    DROP_BEFORE = "drop before"
    """Closed, the statement not passed on."""
    DROP_AFTER = "drop after"
    """The statement passed on; closed when the answer comes, the answer not passed on."""
    STALL = "stall"
    """Nothing passes any more in either direction; the connections stay."""
    STALL_ANSWER = "stall answer"
    """The statement passed on, the answer never."""
    RESET = "reset"
    """Both sides are reset, the statement not passed on."""
    CUT = "cut"
    """The first `size` bytes of the answer passed on, then closed."""
    SLICE = "slice"
    """The answer passed on in pieces of `size` bytes."""
    DRIP = "drip"
    """The answer passed on byte by byte, `seconds` apart."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break, with its measure."""

    what: Break
    size: int = 1
    seconds: float = 0.0


@dataclass(slots=True)
class _Armed:
    """A fault that waits for `trigger` to come by, `times` times."""

    trigger: bytes
    fault: Fault
    times: int


class _Link:
    """One client's connection and its counterpart at the server."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._fault: Fault | None = None

    async def upward(self, reader: asyncio.StreamReader) -> None:
        """Passes statements on, until one of them meets its fault."""
        while chunk := await reader.read(CHUNK):
            fault = self._proxy.meets(chunk)
            if fault is not None:
                self._fault = fault
            match fault.what if fault else None:
                case Break.DROP_BEFORE:
                    break
                case Break.RESET:
                    self.reset()
                    break
                case Break.STALL:
                    await asyncio.Event().wait()
            await self._proxy.open_road()
            self._server.write(chunk)
            await self._server.drain()
        self.close()

    async def downward(self, reader: asyncio.StreamReader) -> None:
        """Passes answers on, in the way that the last statement's fault asks for."""
        while chunk := await reader.read(CHUNK):
            await self._proxy.open_road()
            fault = self._fault
            match fault.what if fault else None:
                case Break.DROP_AFTER:
                    break
                case Break.STALL | Break.STALL_ANSWER:
                    await asyncio.Event().wait()
                case Break.CUT if fault is not None:
                    await self._pass(chunk[: fault.size])
                    break
                case Break.SLICE | Break.DRIP if fault is not None:
                    for start in range(0, len(chunk), fault.size):
                        await self._pass(chunk[start : start + fault.size])
                        await asyncio.sleep(fault.seconds)
                case _:
                    await self._pass(chunk)
        self.close()

    async def _pass(self, chunk: bytes) -> None:
        self._client.write(chunk)
        await self._client.drain()

    def reset(self) -> None:
        """Ends both sides with a RST."""
        for writer in (self._client, self._server):
            end = writer.get_extra_info("socket")
            if end is not None:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Ends both sides."""
        self._client.transport.abort() if self._fault else self._client.close()
        self._server.close()


class Proxy:
    """Listens on a port of its own and relays to a server; `async with` starts and ends it.

    `upstream` is the path of a Unix socket or a (host, port). `seen` counts connections.
    """

    def __init__(self, upstream: str | tuple[str, int]) -> None:
        self.port = 0
        self.seen = 0
        self._upstream = upstream
        self._armed: list[_Armed] = []
        self._links: dict[_Link, asyncio.Task[None]] = {}
        self._road = asyncio.Event()
        self._road.set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port or None)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stops listening and cuts every connection: the server is away."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._links.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
            await asyncio.sleep(0.01)  # the sockets of aborted transports are closed a turn later

    async def restart(self) -> None:
        """Listens again on the same port."""
        await self.__aenter__()

    # --- faults

    def on(self, trigger: bytes, what: Break, *, times: int = 1, size: int = 1, seconds: float = 0.0) -> None:
        """Breaks the next `times` connections on which a client sends `trigger`."""
        self._armed.append(_Armed(trigger, Fault(what, size, seconds), times))

    def clear(self) -> None:
        """Forgets faults that did not happen yet."""
        self._armed.clear()

    def freeze(self) -> None:
        """Holds back everything on every connection, until `thaw`."""
        self._road.clear()

    def thaw(self) -> None:
        """Lets pass again what `freeze` held back."""
        self._road.set()

    def cut(self) -> None:
        """Resets every connection of this moment."""
        for link in tuple(self._links):
            link.reset()

    @property
    def open_links(self) -> int:
        """Connections of this moment."""
        return len(self._links)

    # --- for the links

    def meets(self, chunk: bytes) -> Fault | None:
        """The fault that `chunk` sets off, if any."""
        for armed in self._armed:
            if armed.times > 0 and armed.trigger in chunk:
                armed.times -= 1
                return armed.fault
        return None

    async def open_road(self) -> None:
        """Returns when nothing is held back."""
        await self._road.wait()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, str):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection(*self._upstream)

    async def _serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.seen += 1
        try:
            server_reader, server = await self._dial()
        except OSError:
            client.transport.abort()
            return
        link = _Link(self, client, server)
        task = asyncio.current_task()
        assert task is not None
        self._links[link] = task
        try:
            with suppress(asyncio.CancelledError):  # the proxy stops
                await _first(link.upward(client_reader), link.downward(server_reader))
        finally:
            link.close()
            del self._links[link]


async def _first(*pumps: Awaitable[None]) -> None:
    """Runs both directions until one ends; the other then has nothing to do."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
