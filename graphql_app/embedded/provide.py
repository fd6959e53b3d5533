"""The embedded engine for the length of a server's life: our own, or the one that the command line holds for us."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from graphql_app.config.database_settings import EMBEDDED_DATABASE
from graphql_app.embedded.engine import EmbeddedEngine
from graphql_app.embedded.folder import Folder, last_served, remove_short_socket, short_socket
from graphql_app.embedded.locks import FolderTaken, ProgramLock
from graphql_app.observability.events import Observer

SOCKET_VARIABLE = "GRAPHQL_APP_ENGINE_SOCKET"
"""Set by the command line for its server processes: where the engine that it holds listens."""


@asynccontextmanager
async def embedded_engine(data_dir: Path, database: str, observer: Observer) -> AsyncIterator[str]:
    """Gives the socket of the embedded engine, with `database` in it, to a server. Raises `EmbeddedError`."""
    given = os.environ.get(SOCKET_VARIABLE)
    if given:
        yield given
        return
    engine = EmbeddedEngine(data_dir, database, observer)
    async with _held(engine) as socket:
        engine.note_served()
        yield socket


@asynccontextmanager
async def _held(engine: EmbeddedEngine) -> AsyncIterator[str]:
    starting = asyncio.create_task(asyncio.to_thread(engine.start))
    try:
        socket = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # A thread cannot be cancelled; what it started must not stay behind.
        await starting
        await asyncio.to_thread(engine.stop)
        raise
    try:
        yield socket
    finally:
        await asyncio.to_thread(engine.stop)


@asynccontextmanager
async def visited_engine(data_dir: Path, database: str, observer: Observer) -> AsyncIterator[str]:
    """The same for a mere look: where a running program has the folder, its engine is used. Raises `EmbeddedError`."""
    if not await asyncio.to_thread(in_use, data_dir):
        async with _held(EmbeddedEngine(data_dir, database, observer)) as socket:
            yield socket
        return
    socket, link = await asyncio.to_thread(lambda: short_socket(Folder(data_dir.resolve())))
    try:
        yield socket
    finally:
        remove_short_socket(link)


def visited_database(data_dir: Path) -> str:
    """The database that a command looks at where DB_NAME names none: the one that was served last."""
    return last_served(Folder(data_dir)) or EMBEDDED_DATABASE


def in_use(data_dir: Path) -> bool:
    """Whether a running program has the folder."""
    file = Folder(data_dir).lock
    if not file.exists():
        return False
    lock = ProgramLock(file)
    try:
        with lock.join():
            pass
    except FolderTaken:
        return True
    with lock.leave():
        return False
