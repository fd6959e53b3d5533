"""Configuration of every test run: the fixture modules, one subject each, and the default event loop."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.fix_engines", "tests.fix_private", "tests.fix_app"]


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
