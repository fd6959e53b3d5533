"""`graphql-app schema`: the SDL of the database's GraphQL schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

from graphql_app.auth.identity import ADMIN_ROLE
from graphql_app.cli.database import opened, read_structure, role_named
from graphql_app.config.settings import Settings
from graphql_app.engine.access.access import access_of
from schema_gen.graphql.schema import build_schema, sdl
from schema_gen.names.naming import build_names


def print_schema(settings: Settings, write: Callable[[str], None], role: str | None = None) -> None:
    """Writes the SDL, as `role` sees it if one is named. Raises `CannotRun` and `EmbeddedError`."""
    write(asyncio.run(_sdl(settings, role)))


async def _sdl(settings: Settings, role: str | None) -> str:
    async with opened(settings) as (connection, address):
        catalog, configuration = await read_structure(connection, settings, address.name)
    built = build_schema(catalog, build_names(catalog, settings.naming), resolver=_unused)
    if role is not None and role != ADMIN_ROLE:
        permissions = role_named(configuration.roles, role)
        built = built.of_view(access_of(catalog, permissions, backend=False).catalog)
    return sdl(built.schema)


def _unused(*_arguments: Any) -> NoReturn:
    raise AssertionError("a printed schema answers nothing")
