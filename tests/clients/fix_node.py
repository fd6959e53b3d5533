"""Fixtures of the clients that run on Node: their packages, and the program on a sample database they may write to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.clients.node import Npm, Outcome, installed_packages
from tests.fix_app import end
from tests.fix_shop import load_shop
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.harness.servers import NotInstalled

Outcomes = Callable[[str], Mapping[str, Outcome]]


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Npm:
    """A folder with the clients' packages. A loud skip where they cannot be had, a failure where CI=true."""
    try:
        packages = installed_packages()
    except NotInstalled as error:
        reason = f"CLIENTS NOT TESTED: {error}"
        if os.environ.get("CI", "").lower() in ("true", "1"):
            pytest.fail(f"{reason} (required by CI)", pytrace=False)
        pytest.skip(reason)
    return Npm.at(tmp_path_factory.mktemp("npm") / "work", packages)


@pytest.fixture(scope="session")
def client_app(embedded: Engine, npm: Npm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The program on sample data of the clients' own.

    Shared by all of them: a script changes only rows it added, and takes them away again.
    """
    with embedded.database() as database:
        load_shop(embedded, database)
        app = RunningApp(embedded.environment(database), ("serve",), tmp_path_factory.mktemp("client_app"))
        try:
            app.wait_ready()
            yield app
        finally:
            end([(app, True)])


@pytest.fixture(scope="session")
def outcomes(npm: Npm, client_app: RunningApp) -> Outcomes:
    """Runs a script of tests, each script once, and gives the outcome of each test in it."""
    known: dict[str, Mapping[str, Outcome]] = {}

    def run(script: str) -> Mapping[str, Outcome]:
        if script not in known:
            known[script] = npm.tests(script, client_app.url)
        return known[script]

    return run
