"""The engine over the database that the settings name, for commands that read and write rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace

from graphql_app.cli.database import opened, where
from graphql_app.config.settings import Settings
from graphql_app.engine.engine import Engine
from graphql_app.engine.live.peers import Peers
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.mysql.pool import Pool
from graphql_app.engine.parts import engine_parts, pool_settings
from graphql_app.errors import AppError
from graphql_app.observability.events import ignore
from graphql_app.server.errors import CannotRun


@asynccontextmanager
async def opened_engine(settings: Settings) -> AsyncIterator[Engine]:
    """An engine that has read the schema. Raises `CannotRun` and `EmbeddedError`; what fails inside is `CannotRun`."""
    # The first connection tells at once, and in words, where there is no database.
    async with opened(settings) as (_connection, address):
        servers = settings.addresses(address.socket)
        pool = Pool([Target.of(replace(each, name=address.name)) for each in servers], pool_settings(settings))
        parts = engine_parts(settings, address.name, pool, ignore)
        peers = Peers(settings.whereabouts(address.name), lambda _tables: None, lambda: None, ignore)
        parts.engine.on_write(peers.tell_written)
        try:
            await parts.live.reload()
            with peers.joined() if settings.changes == "auto" else nullcontext():
                yield parts.engine
        except AppError as error:
            raise CannotRun(f"{error.message} ({error.code}; {where(address)})") from None
        finally:
            await parts.executor.close()
            await pool.close()
