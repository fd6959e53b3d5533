"""The pages as axe-core judges them: no violation, whatever is open, in light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver.common.by import By

from tests.clients.browser import Browser, Keys, open_browser
from tests.clients.node import Npm
from tests.harness.app_process import RunningApp

RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(
  ({ violations }) => done(violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" | ")}`)),
  (error) => done([String(error)]),
);
"""


def press(browser: Browser, words: str) -> None:
    """Presses the button that is called so."""
    browser.driver.find_element(By.XPATH, f"//button[.='{words}']").click()


def start(browser: Browser, site: str) -> None:
    browser.open(f"{site}/#products")
    browser.wait_text("#table", "Rows of products")
    browser.element(".preview .grid-body .cell")


def rows(browser: Browser, site: str) -> None:
    browser.open(f"{site}/data#orders?state=eq.open&order=id.desc")
    browser.element(".grid-body .cell")


def types(browser: Browser, site: str) -> None:
    browser.open(f"{site}/data#type_samples?select=id,label,a_json,a_blob,a_point,a_set/type_samples?id=eq.1")
    browser.wait_text("#sheet", "GeometryCollection")


def sheet(browser: Browser, site: str) -> None:
    browser.open(f"{site}/data#orders/customers?id=eq.7")
    browser.wait_text("#sheet", "reviews by customer_id")


def new_row(browser: Browser, site: str) -> None:
    rows(browser, site)
    press(browser, "New row")
    browser.click(".row-form .main")
    browser.wait_text(".row-form", "A value is needed")


def condition(browser: Browser, site: str) -> None:
    rows(browser, site)
    browser.click("#add-filter")
    browser.element(".condition")


def column_menu(browser: Browser, site: str) -> None:
    rows(browser, site)
    browser.click(".grid-head .menu")
    browser.element(".items")


def watched(browser: Browser, site: str) -> None:
    rows(browser, site)
    browser.click("#watch")
    browser.element("#watch[aria-pressed='true']")


def import_form(browser: Browser, site: str) -> None:
    rows(browser, site)
    press(browser, "Import")
    browser.script("document.querySelector('.file-form').hidden = false")
    browser.click(".file-form summary")


def chooser(browser: Browser, site: str) -> None:
    rows(browser, site)
    press(browser, "Columns")
    browser.element(".chooser")


def code(browser: Browser, site: str) -> None:
    rows(browser, site)
    press(browser, "As code")
    browser.element(".take")


def review(browser: Browser, site: str) -> None:
    browser.open(f"{site}/data#tags")
    browser.element(".grid-body .cell")
    browser.script("document.querySelector('.grid').focus()")
    browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    browser.element(".cell-form input").send_keys("x", Keys.ENTER)
    browser.keys(Keys.ARROW_DOWN, Keys.HOME, Keys.DELETE)
    press(browser, "Review")
    browser.wait_text(".review", "product_tags")


@pytest.fixture(scope="module")
def window(npm: Npm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module. Asks for `npm` first: without it, none is opened."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        yield browser


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "page", [start, rows, types, sheet, new_row, condition, column_menu, watched, import_form, chooser, code, review]
)
def test_a_page_has_no_violation(
    window: Browser, npm: Npm, client_app: RunningApp, page: Callable[[Browser, str], None], dark: bool
) -> None:
    window.forget(client_app.url)
    window.show(dark=dark)
    page(window, client_app.url)
    window.script((npm.folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = window.driver.execute_async_script(RUN)
    window.script("dispatchEvent(new Event('pagehide'))")
    assert found == []
