"""The page of rows while others write: what changes is shown and flashes."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from selenium.webdriver.common.by import By

from tests.clients.browser import Browser, open_browser
from tests.fix_app import StartApp
from tests.harness.engine import Engine

ROWS = 120
TABLES = f"""
CREATE TABLE ticks (id INT PRIMARY KEY, n INT);
INSERT INTO ticks VALUES {",".join(f"({n}, 0)" for n in range(1, ROWS + 1))};
"""


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        yield browser


@pytest.fixture
def ticks(embedded: Engine) -> Iterator[str]:
    """A database with a table of rows."""
    with embedded.database(TABLES) as name:
        yield name


def column(browser: Browser, at: int) -> list[str]:
    """The texts of the cells in sight of a column."""
    cells = browser.driver.find_elements(By.CSS_SELECTOR, f".grid-body [aria-colindex='{at + 1}']")
    return [cell.text for cell in cells]


def test_a_watched_table_shows_what_others_write(
    window: Browser, start_app: StartApp, embedded: Engine, ticks: str
) -> None:
    app = start_app(embedded.environment(ticks), settings={"SUBSCRIPTION_POLL_MS": "100"})
    window.forget(app.url)
    window.open(f"{app.url}/data#ticks?id=lt.6")
    window.wait_text("#count", "5 rows")
    window.click("#watch")
    window.script("window.flashed = new Set(); document.addEventListener('animationstart', (event) => "
                  "window.flashed.add(event.target.textContent), true)")  # fmt: skip
    httpx.put(f"{app.url}/api/ticks", json={"input": {"n": 77}, "where": {"id": 3}})
    window.until(lambda: column(window, 2) == ["0", "0", "77", "0", "0"], "the changed row")
    window.wait_text("#told", "1 row changed")
    window.until(lambda: window.script("return [...window.flashed]") == ["77"], "the cell flashed, and no other")
    httpx.request("DELETE", f"{app.url}/api/ticks", json={"input": {"id": 1}})
    window.wait_text("#count", "4 rows")
    window.click("#watch")
    assert window.element("#watch").get_attribute("aria-pressed") == "false"
    assert window.complaints() == []


def test_pages_keep_to_the_servers_limits(window: Browser, start_app: StartApp, embedded: Engine, ticks: str) -> None:
    app = start_app(embedded.environment(ticks), settings={"MAX_LIMIT": "50"})
    window.forget(app.url)
    window.open(f"{app.url}/data#ticks")
    window.element(".grid-body .cell")
    scroll = "document.querySelector('.grid').scrollTop = 1e9"
    window.until(lambda: (window.script(scroll), column(window, 1)[-1:] == [str(ROWS)])[1], "the last row")
    window.script("document.querySelector('.grid').scrollTop = 0")
    window.click("#watch")
    window.element("#watch[aria-pressed='true']")
    httpx.put(f"{app.url}/api/ticks", json={"input": {"n": 9}, "where": {"id": 1}})
    window.until(lambda: column(window, 2)[:1] == ["9"], "the changed row")
