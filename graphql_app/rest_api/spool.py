"""What the database gives ahead of a slow reader: in memory first, then on disk, so that its connection is free early.

A reader who keeps up never has anything on disk. Files have no name, so none outlives its stream, nor the process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Final

from graphql_app.errors import Code, RequestError
from graphql_app.observability.events import Observer, UnexpectedError, ignore
from graphql_app.runtime.budget import Budget, Client

MEMORY_BYTES: Final = 1024 * 1024
"""Bytes that one stream keeps in memory; beside them one piece always may."""
ALL_MEMORY_BYTES: Final = 32 * 1024 * 1024
"""The same for all streams of a process."""
PATIENCE: Final = 5.0
"""Seconds for which a stream may wait for its reader before it goes to disk although nobody wants its connection."""
LOOK_SECONDS: Final = 0.1
"""How often a stream that waits for its reader looks whether others wait for its connection."""
HELD_SECONDS: Final = 20.0
"""Seconds in which a reader who keeps others waiting must take `MUST_TAKE`; the first attempt of those lasts 30."""
MUST_TAKE: Final = 8 * 1024 * 1024
SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one file: it goes once they are read."""
CHUNK_BYTES: Final = 256 * 1024
"""Bytes that are read from a file together."""
_FAILED_SECONDS: Final = 5.0
"""Seconds for which a disk that took nothing is not tried again."""


class Spools:
    """What the streams of one process may keep: some memory, and `disk` bytes of temporary files, in fair shares."""

    def __init__(self, disk: int, observer: Observer = ignore) -> None:
        self.memory = Budget(ALL_MEMORY_BYTES)
        self.disk = Budget(disk)
        self._observer = observer
        self._broken_until = 0.0

    def usable(self, now: float) -> bool:
        """Whether the disk may be written to."""
        return now >= self._broken_until

    def failed(self, now: float, error: OSError) -> None:
        """The disk did not take what there was room for."""
        self._broken_until = now + _FAILED_SECONDS
        self._observer(UnexpectedError("spool", error))


class _Segment:
    """One temporary file, written at its end and read from its begin, in whichever threads."""

    def __init__(self) -> None:
        self.size = 0
        self.taken = 0
        self.counted = 0
        self._file: IO[bytes] | None = None
        self._closed = False
        self._lock = Lock()

    def append(self, data: bytes) -> None:
        """Raises `OSError`, and then nothing was appended."""
        with self._lock:
            if self._closed:
                return
            if self._file is None:
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the segment
            self._file.seek(self.size)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            self.size += len(data)

    def read(self) -> bytes:
        """Some of what was not read yet. Raises `OSError`."""
        with self._lock:
            if self._closed or self._file is None:
                return b""
            self._file.seek(self.taken)
            data = self._file.read(min(CHUNK_BYTES, self.size - self.taken))
            self.taken += len(data)
            return data

    def close(self) -> None:
        """The file is gone."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()


class Spool:
    """The pieces of one stream, in order: one task puts them, one gets them. Close it."""

    def __init__(self, spools: Spools, client: Client, wanted: Callable[[], bool]) -> None:
        """`wanted` says whether others wait for the connection from which the pieces come."""
        self._spools = spools
        self._client = client
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._memory: deque[tuple[bytes, int]] = deque()
        self._in_memory = 0
        self._segments: deque[_Segment] = deque()
        self._writing = self._ended = False
        self._more, self._less = asyncio.Event(), asyncio.Event()
        self._got = 0
        self._held: tuple[float, int] | None = None

    # --- the database's side

    async def put(self, piece: bytes) -> None:
        """Takes the next piece, as soon as there is room.

        Raises `RequestError` where the reader has kept others waiting for too long.
        """
        began = self._loop.time()
        kept = self._keep(piece)
        if kept:
            self._held = None
        while not kept:
            spills = self._segments or self._wanted() or self._loop.time() - began >= PATIENCE
            if spills and await self._spill(piece):
                self._held = None
                break
            self._judge()
            self._less.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._less.wait()
            kept = self._keep(piece)
        self._more.set()

    def end(self) -> None:
        """There are no further pieces."""
        self._ended = True
        self._more.set()

    def _keep(self, piece: bytes) -> bool:
        """Whether there was room in memory; behind what is on disk there is none."""
        if self._segments:
            return False
        counted = 0
        if self._memory:
            counted = len(piece)
            if self._in_memory + counted > MEMORY_BYTES or not self._spools.memory.take(self._client, counted):
                return False
        self._in_memory += counted
        self._memory.append((piece, counted))
        return True

    async def _spill(self, piece: bytes) -> bool:
        """Whether there was room on disk."""
        spools, size = self._spools, len(piece)
        if not (spools.usable(self._loop.time()) and spools.disk.take(self._client, size)):
            return False
        if not self._segments or self._segments[-1].size >= SEGMENT_BYTES:
            self._segments.append(_Segment())
        segment = self._segments[-1]
        segment.counted += size
        self._writing = True
        try:
            await asyncio.to_thread(segment.append, piece)
        except OSError as error:
            segment.counted -= size
            spools.disk.free(self._client, size)
            spools.failed(self._loop.time(), error)
            # The reader may have come to the end of the file meanwhile, and has to give it up.
            self._more.set()
            return False
        finally:
            self._writing = False
        return True

    def _judge(self) -> None:
        now = self._loop.time()
        if not self._wanted():
            self._held = None
            return
        if self._held is None:
            self._held = now, self._got
        since, got = self._held
        if now - since < HELD_SECONDS:
            return
        if self._got - got < MUST_TAKE:
            raise RequestError(Code.REQUEST_TIMEOUT, "The client took too little of the answer while others waited")
        self._held = now, self._got

    # --- the reader's side

    async def get(self) -> bytes | None:
        """The next piece, once there is one; None at the end. Raises `OSError`."""
        while True:
            piece = self._from_memory() if self._memory else await self._from_disk()
            if piece:
                self._got += len(piece)
                self._less.set()
                return piece
            if self._ended and not (self._memory or self._segments):
                return None
            self._more.clear()
            await self._more.wait()

    def _from_memory(self) -> bytes:
        piece, counted = self._memory.popleft()
        self._forget(counted)
        return piece

    async def _from_disk(self) -> bytes:
        while self._segments:
            segment = self._segments[0]
            data = await asyncio.to_thread(segment.read) if segment.taken < segment.size else b""
            if segment.taken == segment.size and not (self._writing and segment is self._segments[-1]):
                self._drop(self._segments.popleft())
            elif not data:
                break
            if data:
                return data
        return b""

    def _forget(self, counted: int) -> None:
        self._in_memory -= counted
        self._spools.memory.free(self._client, counted)

    def _drop(self, segment: _Segment) -> None:
        segment.close()
        self._spools.disk.free(self._client, segment.counted)

    def close(self) -> None:
        """Forgets what was not got. Neither side may be at work."""
        while self._memory:
            self._forget(self._memory.popleft()[1])
        while self._segments:
            self._drop(self._segments.popleft())
