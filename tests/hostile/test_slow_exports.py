"""Clients that read an export slowly: the database's connection is free all the same, and memory stays flat."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.harness.processes import children, forget_peak, peak, resident

pytestmark = pytest.mark.engines("mariadb", "mysql")

MEGABYTE = 1_000_000
ROWS = 12_000
"""Of 5 KB each: more than everything on the way holds."""
SCHEMA = "CREATE TABLE long_texts (id INT PRIMARY KEY, body TEXT NOT NULL)"
NDJSON = "application/x-ndjson"
FORMS = {"export": ("/api/long_texts/export", "*/*"), "lines": ("/api/long_texts/query", NDJSON)}


@pytest.fixture(scope="module")
def database(engine: Engine) -> Iterator[str]:
    with engine.database(SCHEMA) as name:
        with engine.connect(name) as connection, connection.cursor() as cursor:
            for start in range(0, ROWS, 1000):
                rows = [(number, f"{number:05}" * 1000) for number in range(start, start + 1000)]
                cursor.executemany("INSERT INTO long_texts VALUES (%s,%s)", rows)
        yield name


def unchunked(data: bytes) -> tuple[bytes, bool]:
    """What the chunks of a body hold, and whether the last one is there."""
    parts: list[bytes] = []
    place = 0
    while (end := data.find(b"\r\n", place)) > place:
        size = int(data[place:end], 16)
        if size == 0:
            return b"".join(parts), True
        parts.append(data[end + 2 : end + 2 + size])
        place = end + 2 + size + 2
    return b"".join(parts), False


def same(one: bytes, other: bytes) -> bool:
    """Whether they are; by size and digest, for a test's report of 60 MB that differ would never end."""
    assert len(one) == len(other)
    return sha256(one).digest() == sha256(other).digest()


class SlowReader:
    """Asks for an answer and takes 20 KB of it a second, until it is told otherwise."""

    def __init__(self, app: RunningApp, path: str, accept: str) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", app.port))
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: {accept}\r\n\r\n"
        self.socket.sendall(head.encode())
        self.socket.setblocking(False)
        self.taken = bytearray()
        self.slowly = asyncio.create_task(self._read())

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(self.socket, 2000):
            self.taken += data
            await asyncio.sleep(0.1)

    async def begun(self) -> None:
        """Waits for the first rows."""
        while len(self.taken) < 4000:  # noqa: ASYNC110 - the kernel tells it no other way
            await asyncio.sleep(0.01)

    async def rest(self) -> tuple[bytes, bool]:
        """Everything of the body, the rest of it as fast as it comes, and whether it has its end."""
        await self.leave(close=False)
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            while data := await loop.sock_recv(self.socket, 1 << 20):
                self.taken += data
        self.socket.close()
        return unchunked(bytes(self.taken).partition(b"\r\n\r\n")[2])

    async def leave(self, *, close: bool = True) -> None:
        """Reads no more."""
        self.slowly.cancel()
        with suppress(asyncio.CancelledError):
            await self.slowly
        if close:
            self.socket.close()


def files(worker: int) -> list[int]:
    """The sizes of the temporary files that a process has open."""
    found = []
    for entry in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(OSError):
            if "(deleted)" in str(entry.readlink()) and str(entry.readlink()).startswith("/"):
                found.append(entry.stat().st_size)
    return found


async def third(app: RunningApp) -> bytes:
    async with httpx.AsyncClient(base_url=app.url, timeout=60) as client:
        answer = await client.get("/api/long_texts/export?order=id")
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("form", FORMS)
async def test_two_slow_readers_leave_the_lane_to_a_third(
    start_app: StartApp, engine: Engine, database: str, form: str, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    app = start_app(engine.environment(database), settings={"TMPDIR": str(spool), "CHANGES": "poll"})
    [worker] = children(app.process.pid)
    whole = await third(app)
    plain = app.client.get(FORMS[form][0], headers={"accept": FORMS[form][1]}).content
    before = resident(worker)
    forget_peak(worker)
    readers = [SlowReader(app, *FORMS[form]) for _ in range(2)]
    for reader in readers:
        await reader.begun()
    async with asyncio.timeout(60):
        assert same(await third(app), whole)
    assert sum(len(reader.taken) for reader in readers) < 5 * MEGABYTE
    assert sum(files(worker)) > ROWS * 5000
    assert peak(worker) - before < 60 * MEGABYTE
    assert list(spool.iterdir()) == []  # they have no names
    await readers[0].leave()
    rest, complete = await readers[1].rest()
    assert same(rest, plain)
    assert complete
    async with asyncio.timeout(30):
        while files(worker):  # noqa: ASYNC110 - the kernel tells it no other way
            await asyncio.sleep(0.05)


async def test_without_room_on_disk_a_reader_who_keeps_others_waiting_is_cut(
    start_app: StartApp, engine: Engine, database: str
) -> None:
    app = start_app(engine.environment(database), settings={"MAX_SPOOL_BYTES": str(2 * MEGABYTE)})
    readers = [SlowReader(app, *FORMS["export"]) for _ in range(2)]
    for reader in readers:
        await reader.begun()
    async with asyncio.timeout(120):
        whole = await third(app)
    rests = [await reader.rest() for reader in readers]
    assert len(whole) > ROWS * 5000
    assert not all(complete for _, complete in rests)


async def test_a_disk_that_takes_nothing_breaks_no_export(start_app: StartApp, engine: Engine, database: str) -> None:
    """As without one: the reader is waited for."""
    app = start_app(engine.environment(database), settings={"TMPDIR": "/proc/nowhere"}, sound=False)
    reader = SlowReader(app, *FORMS["export"])
    await reader.begun()
    await asyncio.sleep(6)
    rest, complete = await reader.rest()
    assert same(rest, await third(app))
    assert complete


def test_the_files_are_seen(tmp_path: Path) -> None:
    """The measure itself."""
    with (tmp_path / "file").open("wb") as file:
        file.write(b"x" * 5000)
        file.flush()
        (tmp_path / "file").unlink()
        assert 5000 in files(os.getpid())
