"""Files on the page of rows: dropped, looked into, imported, and rows taken away as files."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tests.clients.browser import Browser, open_browser
from tests.clients.test_start_page import served
from tests.harness.engine import Engine

TABLES = """
CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, price DECIMAL(8,2), born DATE);
CREATE VIEW names AS SELECT COUNT(*) AS n FROM people;
"""
DROP = """
const carried = new DataTransfer();
carried.items.add(new File([arguments[0]], arguments[1]));
for (const kind of ["dragover", "drop"]) {
  const event = new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true });
  document.querySelector(".grid").dispatchEvent(event);
}
"""


@pytest.fixture(scope="module")
def site(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program on a table without rows."""
    yield from served(embedded, TABLES, tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        yield browser


@pytest.fixture
def browser(window: Browser, site: str) -> Iterator[Browser]:
    """The window at the table, which is empty."""
    httpx.post(f"{site}/graphql", json={"query": "mutation { delete_people(where: {}) { affected_rows } }"})
    window.forget(site)
    window.open(f"{site}/data#people")
    window.wait_text(".grid-told", "No row here")
    yield window
    assert [line for line in window.complaints() if "/api/batch/import" not in line] == []
    assert len(window.hosts()) == 1


def rows(site: str) -> list[object]:
    """The names that are stored."""
    return [row["name"] for row in httpx.get(f"{site}/api/people/query?order=id").json()["data"]]


def test_a_dropped_file_is_looked_into_before_it_is_imported(browser: Browser, site: str) -> None:
    browser.script(DROP, "name;price\nAda;12,50\nBob;cheap\n", "people of <b>old</b>.csv")
    told = browser.wait_text(".file-preview", "2 rows: 1 row would be refused")
    assert "Ada;12,50" in told
    assert "delimiter ;" in told
    assert "Line 3:" in told
    assert rows(site) == []
    browser.screenshot("data-import")
    browser.click(".import .main:not([disabled])")
    browser.wait_text(".result", "1 imported, 1 refused")
    browser.wait_text(".grid-body", "12.50")
    assert rows(site) == ["Ada"]
    sent = [each for each in browser.sent() if "batch/import" in each.url]
    assert ["dry_run=true" in each.url for each in sent] == [True, False]
    assert "Idempotency-Key" in sent[1].headers


def test_how_a_file_is_written_can_be_said(browser: Browser, site: str) -> None:
    browser.script(DROP, "name,born\nAda,01/02/2024\n", "x.csv")
    browser.wait_text(".file-preview", "1 row would be refused")
    browser.click(".file-form summary")
    Select(browser.element("select[name='dates']")).select_by_value("dmy")
    browser.wait_text(".file-preview", "1 row: all fit")
    browser.click(".import .main:not([disabled])")
    browser.wait_text(".grid-body", "2024-02-01")
    assert rows(site) == ["Ada"]


def test_only_the_beginning_of_a_long_file_is_looked_into(browser: Browser, site: str) -> None:
    lines = "".join(f"name {n}\n" for n in range(20_000))
    browser.script(DROP, f"name\n{lines}", "long.csv")
    assert "Its first 6," in browser.wait_text(".file-preview", "all fit")
    browser.click(".import .main:not([disabled])")
    browser.wait_text("#count", "20,000 rows")


def test_a_file_without_a_table_to_take_it_is_let_alone(browser: Browser, site: str) -> None:
    browser.open(f"{site}/data#names")
    browser.element(".grid-body .cell")
    browser.script(DROP, "n\n1\n", "x.csv")
    assert browser.visible("#sheet") == []
    assert browser.driver.find_elements(By.XPATH, "//button[.='Import']") == []


def test_what_is_seen_is_exported_in_three_forms(browser: Browser, site: str) -> None:
    httpx.post(f"{site}/api/people", json={"input": [{"name": "Ada"}, {"name": "Bob", "price": 1}]})
    browser.open(f"{site}/data#people?price=is.null&select=name")
    browser.wait_text("#count", "1 row")
    browser.driver.find_element(By.XPATH, "//button[.='Export']").click()
    links = [link.get_attribute("href") for link in browser.visible(".popover a")]
    texts = [httpx.get(str(link)).text.splitlines() for link in links]
    assert [[each.replace('"', "") for each in text] for text in texts[:2]] == [["name", "Ada"], ["\ufeffname", "Ada"]]
    browser.driver.find_element("link text", "JSON lines").click()
    json_lines = "application/x-ndjson"
    browser.until(
        lambda: any(each.headers.get("Accept") == json_lines for each in browser.sent()), "the rows asked for"
    )
