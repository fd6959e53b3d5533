"""Configuration of every test run: the fixture modules, one subject each, and the default event loop."""

from __future__ import annotations

import os

import hypothesis
import pytest

pytest_plugins = ["tests.fix_engines", "tests.fix_private", "tests.fix_app", "tests.fix_shop"]

# The same examples in every run, and no clock in the verdict; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the one loop the program supports."""
    return "asyncio"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--update-golden`."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what golden files should hold instead of comparing; read the diff",
    )


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written. Without pytest-xdist only: engines share files."""
    return bool(request.config.getoption("--update-golden"))
