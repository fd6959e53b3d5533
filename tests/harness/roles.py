"""The program with roles, inside the test's own process, asked as anyone: the caller is put where requests carry it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.auth.identity import SCOPE_KEY, Identity
from tests.graphql_client import GraphQLClient
from tests.harness.app_process import PATIENT

SECRET = "a secret that is long enough for an admin"


@dataclass(frozen=True, slots=True)
class _Carrying:
    """An ASGI caller that says itself who asks, as the program's own authentication does."""

    app: ASGIApp
    identity: Identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, SCOPE_KEY: self.identity}, receive, send)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs. `acting` gives clients of it."""

    app: ASGIApp

    def acting(self, role: str, **variables: str) -> httpx.AsyncClient:
        """A client in a role; variables by their names behind `x-hasura-`, with `_` for `-`."""
        session = {f"x-hasura-{name.replace('_', '-')}": value for name, value in variables.items()}
        transport = httpx.ASGITransport(_Carrying(self.app, Identity(role, session)), raise_app_exceptions=True)
        return httpx.AsyncClient(transport=transport, base_url="http://program")

    def graphql(self, role: str, **variables: str) -> GraphQLClient:
        """The same, for GraphQL."""
        return GraphQLClient(self.acting(role, **variables))


@asynccontextmanager
async def opened_with_roles(
    environment: Mapping[str, str], folder: Path, roles: Mapping[str, Any], **settings: str
) -> AsyncIterator[Program]:
    """The program on a database, with rules by role and table in the words of `graphql_app.yaml`."""
    from graphql_app.app import create_app
    from graphql_app.config.settings import Settings

    file = folder / "graphql_app.yaml"
    file.write_text(json.dumps({"roles": {name: {"tables": tables} for name, tables in roles.items()}}))
    given = PATIENT | dict(environment) | {"CONFIG_FILE": str(file), "ADMIN_SECRET": SECRET} | settings
    options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
    application = create_app(Settings(**options))
    async with application.router.lifespan_context(application):
        program = Program(application)
        with anyio.fail_after(60):
            while (await program.acting("admin").get("/readyz")).status_code != 200:  # noqa: ASYNC110 - HTTP tells
                await anyio.sleep(0.01)
        yield program
