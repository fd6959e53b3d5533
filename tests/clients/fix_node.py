"""Fixtures of the clients that run on Node: their packages, and the program on a sample database they may write to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.clients.node import Npm, installed_packages
from tests.fix_app import end
from tests.fix_shop import load_shop
from tests.harness.app_process import ROOT, RunningApp
from tests.harness.engine import Engine
from tests.harness.servers import NotInstalled

ErrorOf = Callable[[str, str], str]
"""(script, name of a test in it) -> what went wrong in it; nothing where it passed."""


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Npm:
    """A folder with the clients' packages. A loud skip where they cannot be had, a failure where CI=true."""
    try:
        packages = installed_packages()
    except NotInstalled as error:
        reason = f"CLIENTS NOT TESTED: {error}"
    else:
        return Npm.at(tmp_path_factory.mktemp("npm") / "work", packages)
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"{reason} (required by CI)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def client_settings(npm: Npm, embedded: Engine) -> Iterator[dict[str, str]]:
    """The settings that lead to sample data of the clients' own. Asks for `npm` first: without it, nothing is loaded.

    Shared by all clients: each takes away again what it adds, and undoes what it changes.
    """
    with embedded.database() as database:
        load_shop(embedded, database)
        yield embedded.environment(database)


@pytest.fixture(scope="session")
def client_app(client_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The program on the clients' database."""
    app = RunningApp(client_settings, ("serve",), tmp_path_factory.mktemp("client_app"))
    try:
        app.wait_ready()
        yield app
    finally:
        end([(app, True)])


@pytest.fixture(scope="session")
def printed_schema(client_settings: dict[str, str], npm: Npm) -> str:
    """What `graphql-app schema` prints; also in the clients' folder, as `schema.graphql`."""
    done = subprocess.run(
        [sys.executable, "-m", "graphql_app", "schema"],
        cwd=npm.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **client_settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (npm.folder / "schema.graphql").write_text(done.stdout)
    return done.stdout


@pytest.fixture(scope="session")
def error_of(npm: Npm, client_app: RunningApp) -> ErrorOf:
    """Runs each script of tests once, when the first of its tests is asked for."""
    errors: dict[str, dict[str, str]] = {}

    def find(script: str, name: str) -> str:
        if script not in errors:
            errors[script] = npm.tests(script, client_app.url)
        return errors[script][name]

    return find
