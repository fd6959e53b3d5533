"""The pages where callers are told apart: an admin says who asks, and looks as a role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By

from tests.clients.browser import Browser, open_browser
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.roles_shop import CONFIG, ROWS, SCHEMA, SECRET, configuration

REFUSED = ("structure.json", "/graphql")
"""What a page asks before it knows who asks."""


@pytest.fixture(scope="module")
def site(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The shop with roles; nobody is anybody without a secret."""
    folder = tmp_path_factory.mktemp("roles")
    settings = configuration(folder, CONFIG.replace("auth:\n  anonymous: visitor\n", ""))
    with embedded.database(SCHEMA + ROWS) as database:
        app = RunningApp(embedded.environment(database) | settings, ("serve",), folder)
        try:
            app.wait_ready()
            yield app.url
        finally:
            app.stop()
        app.assert_sound()


@pytest.fixture
def browser(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A new window."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as found:
        found.forget(site)
        yield found
        assert [line for line in found.complaints() if not any(word in line for word in REFUSED)] == []


def ask_as(browser: Browser, **fields: str) -> None:
    """Fills the form and sends it."""
    if browser.element("#caller").get_attribute("open") is None:
        browser.click("#caller summary")
    for name, text in fields.items():
        field = browser.driver.find_element(By.ID, f"caller-{name}")
        field.clear()
        field.send_keys(text)
    browser.click(".caller button")


def test_an_admin_looks_at_the_start_page_as_a_role(browser: Browser, site: str) -> None:
    """First refused, then all tables, then those of the role, with its rows in GraphiQL and its addresses."""
    browser.open(f"{site}/")
    browser.wait_text("#summary", "x-hasura-admin-secret")
    ask_as(browser, key=SECRET)
    browser.wait_text("#summary", "5 tables")
    ask_as(browser, role="user", variables="x-hasura-user-id=1")
    browser.wait_text("#summary", "2 tables")
    assert browser.element("#caller summary").text == "Asking as user"
    browser.open(f"{site}/#orders")
    browser.wait_text("#table h2", "orders")
    browser.wait_text("#table", "Update rows of orders")
    browser.open(f"{site}/data#orders")
    browser.wait_text("#count", "2 rows")
    browser.click(".number")
    browser.wait_text("#sheet", "product_id")
    browser.driver.find_element(By.XPATH, "//button[.='Edit']").click()
    assert [field.get_attribute("data-field") for field in browser.visible(".field")] == ["amount"]
    browser.click("#sheet .close")
    browser.open(f"{site}/data#products")
    browser.wait_text("#count", "2 rows")
    assert browser.driver.find_elements(By.XPATH, "//button[.='New row']") == []
    browser.open(f"{site}/docs?table=orders")
    browser.wait_text("#docs", "Rows of orders")
    assert "salaries" not in browser.element("#docs").text
    browser.open(f"{site}/graphiql?query=%7Borders%7Bid%20amount%7D%7D")
    browser.element("#caller:not([hidden])")
    browser.click(".graphiql-execute-button")
    assert '"amount": 2' in browser.wait_text(".result-window", '"id": 2')
    assert '"id": 3' not in browser.element(".result-window").text
