"""One connection to the database that the settings name, for commands that look and do not serve."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from graphql_app.auth.configuration import Configuration
from graphql_app.auth.permissions import RolePermissions, Roles
from graphql_app.config.address import DatabaseAddress
from graphql_app.config.settings import Settings
from graphql_app.embedded.provide import visited_database, visited_engine
from graphql_app.engine.live.loader import catalog_of, configured
from graphql_app.engine.mysql.connect_failures import describe_failure
from graphql_app.engine.mysql.dial import Connection, ConnectionLost, ServerError, Target, connect
from graphql_app.errors import AppError
from graphql_app.observability.logs import log_events
from graphql_app.server.errors import CannotRun
from schema_gen.catalog.introspect import RawRow, introspect
from schema_gen.catalog.model import Catalog

CONNECT_LIMIT = 10.0
"""Seconds to wait for a connection."""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Connection, DatabaseAddress]]:
    """A connection to the database, and where that is. Raises `CannotRun` and `EmbeddedError`."""
    if not settings.embedded:
        async with _dialled(*settings.addresses()) as found:
            yield found
        return
    name = settings.db_name or visited_database(settings.data_dir)
    async with (
        visited_engine(settings.data_dir, name, log_events) as socket,
        _dialled(replace(settings.address(socket), name=name)) as found,
    ):
        yield found


@asynccontextmanager
async def _dialled(*addresses: DatabaseAddress) -> AsyncIterator[tuple[Connection, DatabaseAddress]]:
    """A connection to the first server that answers."""
    failures: list[str] = []
    for address in addresses:
        try:
            connection = await connect(Target.of(address), CONNECT_LIMIT)
        except (ServerError, ConnectionLost) as error:
            failures.append(f"no connection to {where(address)}: {describe_failure(error, Target.of(address))}")
        else:
            break
    else:
        raise CannotRun("; ".join(failures)) from None
    try:
        yield connection, address
    finally:
        connection.close()


def where(address: DatabaseAddress) -> str:
    """The database's place in words, without the password."""
    place = address.socket or f"{address.host}:{address.port}"
    return f"{place}, database {address.name}, user {address.user}"


async def fetch(connection: Connection, statement: str) -> Sequence[RawRow]:
    """The rows of one statement."""
    (result,) = await connection.query(statement.encode())
    return result.rows if len(result.columns) > 1 else [(cell,) for cell in result.rows]


async def read_structure(connection: Connection, settings: Settings, database: str) -> tuple[Catalog, Configuration]:
    """The catalog of the tables that the settings let through, and what is configured. Raises `CannotRun`."""

    async def run(statement: str) -> Sequence[RawRow]:
        return await fetch(connection, statement)

    rows = await introspect(run, database)
    try:
        configuration = configured(settings)
        return catalog_of(rows, settings, configuration), configuration
    except AppError as error:
        raise CannotRun(error.message) from None


def role_named(roles: Roles | None, name: str) -> RolePermissions:
    """The permissions of a role. Raises `CannotRun` where there is none of this name."""
    found = (roles or {}).get(name)
    if found is None:
        raise CannotRun(f"there is no role '{name}' (roles: {', '.join(roles or {}) or 'none'})")
    return found
