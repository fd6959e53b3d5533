"""The page of rows where there is much: 600 tables, a long one, a wide one. CPU time is judged, not the clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.browser import Browser, open_browser
from tests.clients.test_start_page import served
from tests.harness.engine import Engine

TABLES = 600
COLUMNS = 1000
ROWS = 20_000
FRAMES = 80
OPENED = 1.5
SCROLLED = 0.05
"""Seconds of CPU that the page's own thread may take: to open, and for each frame of scrolling by a window's height."""

SCROLL = """
const [axis, step, frames, done] = arguments;
const grid = document.querySelector(".grid");
let left = frames;
(function next() {
  grid[axis] += step;
  if (left-- > 0) requestAnimationFrame(next);
  else done(grid[axis]);
})();
"""


@pytest.fixture(scope="module")
def site(mariadb: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program on so many tables."""
    columns = ", ".join(f"c{n} INT" for n in range(19))
    many = "".join(f"CREATE TABLE t{n} (id INT PRIMARY KEY, {columns});" for n in range(TABLES))
    wide = f"CREATE TABLE wide (id INT PRIMARY KEY, {', '.join(f'c{n} INT' for n in range(COLUMNS))});"
    wide += "INSERT INTO wide (id) VALUES " + ",".join(f"({n})" for n in range(40)) + ";"
    long = "CREATE TABLE far (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20), c VARCHAR(20), d VARCHAR(20));"
    rows = (
        ",".join(f"({n},'{n} a','{n} b','{n} c','{n} d')" for n in range(at, at + 5000)) for at in range(0, ROWS, 5000)
    )
    long += "".join(f"INSERT INTO far VALUES {each};" for each in rows)
    yield from served(mariadb, many + wide + long, tmp_path_factory.mktemp("scale"))


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        browser.driver.set_script_timeout(60)
        browser.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        yield browser


def cpu(browser: Browser) -> float:
    """Seconds of CPU that the page's thread has taken for tasks."""
    found = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(each["value"] for each in found if each["name"] == "TaskDuration"))


def opened(browser: Browser, site: str, table: str) -> float:
    """Opens a table; what that took."""
    browser.forget(site)
    before = cpu(browser)
    browser.open(f"{site}/data#{table}")
    browser.element(".grid-body .cell")
    return cpu(browser) - before


def test_many_tables_open_at_once_and_are_searched(window: Browser, site: str) -> None:
    took = opened(window, site, "far")
    assert len(window.driver.find_elements("css selector", "#tables li")) == TABLES + 2
    assert took < OPENED
    window.keys("/")
    window.keys("t59")
    window.until(lambda: len(window.visible("#tables li")) == 11, "the tables found")


@pytest.mark.parametrize(("table", "axis", "step"), [("far", "scrollTop", 600), ("wide", "scrollLeft", 900)])
def test_scrolling_costs_little(window: Browser, site: str, table: str, axis: str, step: int) -> None:
    assert opened(window, site, table) < OPENED
    before = cpu(window)
    reached = window.driver.execute_async_script(SCROLL, axis, step, FRAMES)
    assert (cpu(window) - before) / FRAMES < SCROLLED
    assert reached > 20_000
    assert len(window.driver.find_elements("css selector", ".cell")) < 1000
