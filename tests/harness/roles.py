"""The program with roles, inside the test's own process, asked by callers who show tokens."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import jwt
from fastapi import FastAPI

from tests.graphql_client import GraphQLClient
from tests.harness.app_process import PATIENT

SECRET = "a secret that is long enough, even for an admin"
ISSUER = "https://tokens.example.com/"
NAMESPACE = "https://hasura.io/jwt/claims"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs. `acting` gives clients of it, who show tokens; `http` is one that shows nothing."""

    http: httpx.AsyncClient
    app: FastAPI

    def acting(self, role: str, **variables: str) -> httpx.AsyncClient:
        """A client in a role; variables by their names behind `x-hasura-`, with `_` for `-`."""
        session = {f"x-hasura-{name.replace('_', '-')}": value for name, value in variables.items()}
        return self.holding(token(role, session))

    def holding(self, text: str) -> httpx.AsyncClient:
        """A client that shows a token."""
        headers = {"authorization": f"Bearer {text}"}
        return httpx.AsyncClient(transport=self.http._transport, base_url="http://program", headers=headers)

    def graphql(self, role: str, **variables: str) -> GraphQLClient:
        """The same, for GraphQL."""
        return GraphQLClient(self.acting(role, **variables))


def token(role: str, session: Mapping[str, str]) -> str:
    """A token that says who asks."""
    claims = {"x-hasura-default-role": role, "x-hasura-allowed-roles": [role], **session}
    body = {"iss": ISSUER, "exp": int(time.time()) + 24 * 3600, NAMESPACE: claims}
    return jwt.encode(body, SECRET, "HS256")


@asynccontextmanager
async def opened_with_roles(
    environment: Mapping[str, str], folder: Path, roles: Mapping[str, Any], **settings: str
) -> AsyncIterator[Program]:
    """The program on a database, with rules by role in the words of `graphql_app.yaml`, or by role and table."""
    from graphql_app.app import create_app
    from graphql_app.config.settings import Settings

    file = folder / "graphql_app.yaml"
    secret = folder / "secret"
    secret.write_text(SECRET)
    issuer = {"issuer": ISSUER, "audience": {"any": True}, "algorithms": ["HS256"], "secret_file": str(secret)}
    rules = {
        name: given if given.keys() <= {"tables", "role_set"} else {"tables": given} for name, given in roles.items()
    }
    # YAML does not put JSON's surrogate pairs together.
    file.write_text(json.dumps({"auth": {"jwt": [issuer]}, "roles": rules}, ensure_ascii=False), "utf-8")
    given = PATIENT | dict(environment) | {"CONFIG_FILE": str(file), "ADMIN_SECRET": SECRET} | settings
    options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
    application = create_app(Settings(**options))
    transport = httpx.ASGITransport(application, raise_app_exceptions=True)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url="http://program") as http,
    ):
        await _until_ready(http)
        yield Program(http, application)


async def _until_ready(http: httpx.AsyncClient) -> None:
    """The program says why it is not ready: mostly a rule that it cannot honour."""
    for _ in range(1200):
        answer = await http.get("/readyz")
        if answer.status_code == 200:
            return
        await anyio.sleep(0.05)
    raise AssertionError(answer.text)
