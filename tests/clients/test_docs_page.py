"""The REST documentation in a browser: it asks the server it came from, and follows the browser's colours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.clients.browser import Browser, open_browser
from tests.harness.app_process import ROOT
from tests.harness.engine import Engine
from tests.harness.ports import free_port

TABLES = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100));
INSERT INTO users (name) VALUES ('Ada');
"""
MOUNTED = """
from contextlib import asynccontextmanager
from fastapi import FastAPI
from graphql_app.main import app

@asynccontextmanager
async def lifespan(_outer):
    async with app.router.lifespan_context(app):
        yield

outer = FastAPI(lifespan=lifespan)
outer.mount("/below/this", app)
"""
"""The program below a prefix, as a proxy or another app shows it."""
READ, INSERT = ".opblock-get[id$='read\\\\.users']", ".opblock-post[id$='insert\\\\.users']"
"""What Swagger UI makes of an operation's id."""
START_LIMIT = 60.0


@pytest.fixture(scope="module")
def site(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the program below a prefix."""
    folder, port = tmp_path_factory.mktemp("mounted"), free_port()
    (folder / "outer.py").write_text(MOUNTED)
    with embedded.database(TABLES) as database, (folder / "log").open("wb") as log:
        settings = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{folder}", **embedded.environment(database)}
        command = [sys.executable, "-m", "uvicorn", "--port", str(port), "outer:outer"]
        process = subprocess.Popen(command, cwd=folder, env=settings, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/below/this"
            _wait(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the program did not start")


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        yield browser


@pytest.mark.parametrize("dark", [False, True])
def test_execute_asks_the_server_the_page_came_from(window: Browser, site: str, dark: bool) -> None:
    """Below a prefix as well; in the colours that the browser asks for."""
    window.show(dark=dark)
    window.open(f"{site}/docs?table=users")
    window.wait_text("#docs", "Rows of users")
    window.click(f"{READ} .opblock-summary-control")
    window.click(".try-out__btn")
    window.click(".execute")
    assert "Ada" in window.wait_text(".live-responses-table", "Records retrieved")
    assert "/below/this/api/users/query" in window.element(".request-url").text
    ground = window.script("return getComputedStyle(document.documentElement).backgroundColor")
    light = (
        sum(map(int, ground.removeprefix("rgb(").removesuffix(")").split(","))) if ground.startswith("rgb(") else 765
    )
    assert (light < 200) is dark, ground
    window.screenshot(f"docs-{dark}")


def test_each_status_has_an_example_of_its_own(window: Browser, site: str) -> None:
    """The one that the server answers with."""
    window.show()
    window.open(f"{site}/docs?table=users")
    window.wait_text("#docs", "Rows of users")
    window.click(f"{INSERT} .opblock-summary-control")
    told = window.wait_text(f"{INSERT} .responses-table", "Database unavailable")
    assert all(f'"error_code": "{status}"' in told for status in (400, 404, 409, 413, 503, 504))
