"""`graphql-app schema`: the SDL of the database's GraphQL schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

from graphql_app.cli.database import opened, read_catalog
from graphql_app.config.settings import Settings
from schema_gen.graphql.schema import build_schema, sdl
from schema_gen.names.naming import build_names


def print_schema(settings: Settings, write: Callable[[str], None]) -> None:
    """Writes the SDL. Raises `CannotRun` and `EmbeddedError`."""
    write(asyncio.run(_sdl(settings)))


async def _sdl(settings: Settings) -> str:
    async with opened(settings) as (connection, address):
        catalog = await read_catalog(connection, settings, address.name)
    return sdl(build_schema(catalog, build_names(catalog, settings.naming), resolver=_unused).schema)


def _unused(*_arguments: Any) -> NoReturn:
    raise AssertionError("a printed schema answers nothing")
