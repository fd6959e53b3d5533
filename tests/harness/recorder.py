"""Writes down the SQL that a program sends to a real server, by listening on the wire between them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_QUERY = 0x03
_HEADER = 4
_FIRST = "SELECT VERSION()"
"""How the first statements of a new connection begin."""
_SESSION = ("SET ", "START TRANSACTION READ ONLY")
"""How statements begin that depend on what a connection did before."""
_STATEMENT = re.compile(r"""(?:'(?:[^'\\]|\\.)*'|`[^`]*`|[^;'`])+""", re.DOTALL)


class Recorder:
    """The statements seen so far. `socket` is the path to connect to instead of the server's.

    `before` is called with the statements of each round trip before the server gets them.
    """

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self.before: Callable[[str], object] = str
        self._seen: list[str] = []

    def take(self) -> str:
        """The statements since the last call, one a line, an empty line between round trips.

        Without what sets up a session or a read's transaction: which connection a call gets is chance.
        """
        trips = [
            [part for part in _STATEMENT.findall(text) if not part.startswith(_SESSION)] for text in self.take_all()
        ]
        return "\n\n".join("\n".join(f"{part};" for part in trip) for trip in trips if trip) + "\n"

    def take_all(self) -> list[str]:
        """The round trips since the last call, as they were sent; without the first of a new connection."""
        seen, self._seen = self._seen, []
        return [text for text in seen if not text.startswith(_FIRST)]

    async def watch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes a client's packets on to the server and notes the queries among them."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header = await reader.readexactly(_HEADER)
                payload = await reader.readexactly(int.from_bytes(header[:3], "little"))
                # A command starts a new count of packets; what else begins with this byte belongs to the handshake.
                if header[3] == 0 and payload[:1] == bytes([_QUERY]):
                    self._seen.append(payload[1:].decode())
                    self.before(self._seen[-1])
                writer.write(header + payload)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def recording(server: str, folder: Path) -> AsyncIterator[Recorder]:
    """A recorder before the server whose socket is `server`; its own socket is in `folder`."""
    recorder = Recorder(str(folder / "r.sock"))
    links: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        links.add(asyncio.create_task(_link(recorder, server, reader, writer)))

    listener = await asyncio.start_unix_server(accept, recorder.socket)
    async with listener:
        yield recorder
    for task in links:
        task.cancel()
    await asyncio.gather(*links, return_exceptions=True)


async def _link(recorder: Recorder, server: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Joins one client to the server, in both directions, until either leaves."""
    below, above = await asyncio.open_unix_connection(server)
    answers = asyncio.create_task(_pass(below, writer))
    try:
        await recorder.watch(reader, above)
        await answers
    finally:
        answers.cancel()
        above.close()
        writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
