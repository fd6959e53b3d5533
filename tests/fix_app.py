"""Fixtures for the whole program: as a process on a free port, and inside the test's own process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import httpx
import pytest

from graphql_app.config.settings import Settings
from tests.graphql_client import GraphQLClient
from tests.harness.app_process import PATIENT, RunningApp
from tests.harness.engine import Engine

if TYPE_CHECKING:
    from graphql_app.middleware.tracing import Tracing


def pytest_configure() -> None:
    """Takes the tester's own settings of the program out of the environment, so that no test sees them."""
    settings = set(Settings.model_fields) | {"env_file"}
    for name in [name for name in os.environ if name.lower() in settings]:
        del os.environ[name]


class StartApp(Protocol):
    """Starts the program; `settings` override what `environment` says. `sound=False` allows tracebacks in its log.

    `module` may be another server.
    """

    def __call__(
        self,
        environment: Mapping[str, str],
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        sound: bool = True,
        ready: bool = True,
        module: str = "graphql_app",
    ) -> RunningApp: ...


@pytest.fixture
def start_app(tmp_path: Path) -> Iterator[StartApp]:
    """A factory for programs that run; each is stopped after the test and its log looked through."""
    running: list[tuple[RunningApp, bool]] = []

    def start(
        environment: Mapping[str, str],
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        sound: bool = True,
        ready: bool = True,
        module: str = "graphql_app",
    ) -> RunningApp:
        folder = tmp_path / f"app{len(running)}"
        folder.mkdir()
        app = RunningApp({**environment, **(settings or {})}, arguments or ("serve",), folder, module)
        running.append((app, sound))
        if ready:
            app.wait_ready()
        return app

    yield start
    end(running)


def end(running: list[tuple[RunningApp, bool]]) -> None:
    """Stops programs, all of them before the first complaint; looks through the logs of those said to be sound."""
    complaints = []
    for app, sound in running:
        try:
            app.stop()
            if sound:
                app.assert_sound()
        except AssertionError as error:
            complaints.append(str(error))
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def app(start_app: StartApp, engine: Engine, database: str) -> RunningApp:
    """The program on an empty database of its own on `engine`."""
    return start_app(engine.environment(database))


class OpenApp(Protocol):
    """Opens the program inside this process and gives a client for it.

    `raise_errors` lets defects of ours surface; with `ready=False` the client comes before the schema is read;
    `tracing` takes the place of OTEL.
    """

    def __call__(
        self,
        environment: Mapping[str, str],
        *,
        raise_errors: bool = True,
        ready: bool = True,
        tracing: Tracing | None = None,
    ) -> AbstractAsyncContextManager[httpx.AsyncClient]: ...


@pytest.fixture(scope="session")
def open_app() -> OpenApp:
    """A factory: `async with open_app(engine.environment(database)) as client`."""

    @asynccontextmanager
    async def opened(
        environment: Mapping[str, str],
        *,
        raise_errors: bool = True,
        ready: bool = True,
        tracing: Tracing | None = None,
    ) -> AsyncIterator[httpx.AsyncClient]:
        # Here, so that a program that cannot be put together fails its own tests, and not those of every stage.
        from graphql_app.app import create_app

        given = PATIENT | dict(environment)
        options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
        application = create_app(Settings(**options), tracing=tracing)
        transport = httpx.ASGITransport(application, raise_app_exceptions=raise_errors)
        lifespan = application.router.lifespan_context(application)
        async with lifespan, httpx.AsyncClient(transport=transport, base_url="http://program") as client:
            if ready:
                await _until_ready(client)
            yield client

    return opened


@pytest.fixture(scope="module")
async def module_client(
    request: pytest.FixtureRequest, engine: Engine, module_database: str, open_app: OpenApp
) -> AsyncIterator[httpx.AsyncClient]:
    """The program inside this process, on a database of the module's own with what the module's `SCHEMA` makes."""
    engine.execute(request.module.SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as client:
        yield client


@pytest.fixture
def client(
    request: pytest.FixtureRequest, engine: Engine, module_database: str, module_client: httpx.AsyncClient
) -> GraphQLClient:
    """GraphQL of `module_client`, its rows as the module's `ROWS` makes them before each test."""
    engine.execute(request.module.ROWS, module_database)
    return GraphQLClient(module_client)


async def _until_ready(client: httpx.AsyncClient) -> None:
    """The program answers 503 until it has read the schema; that is for tests of faults to see."""
    with anyio.fail_after(60):
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - it tells by HTTP alone
            await anyio.sleep(0.01)
