"""Rows changed on the page of rows: in cells, in forms, several at once, and never over what somebody else has done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tests.clients.browser import Browser, Keys, open_browser
from tests.clients.test_start_page import served
from tests.fix_app import StartApp
from tests.harness.engine import Engine

TABLES = """
CREATE TABLE teams (id INT PRIMARY KEY, name VARCHAR(40));
CREATE TABLE people (
  id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, email VARCHAR(60) UNIQUE, age INT,
  mood ENUM('well', 'ill') NOT NULL DEFAULT 'well', likes SET('tea', 'ink'), facts JSON, born DATE, fit BOOLEAN,
  team_id INT, FOREIGN KEY (team_id) REFERENCES teams (id)
);
"""
ROWS = (
    {"id": 1, "name": "Ada", "email": "ada@x", "age": 36, "team_id": 1},
    {"id": 2, "name": "Bob", "email": "bob@x", "age": None, "team_id": None},
    {"id": 3, "name": "Cy", "email": "cy@x", "age": 7, "team_id": 2},
)

Stored = Callable[[], list[dict[str, Any]]]
ADDRESS = "people?select=id,name,email,age,mood"


@pytest.fixture(scope="module")
def site(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program on people and their teams."""
    yield from served(embedded, TABLES, tmp_path_factory.mktemp("edits"))


@pytest.fixture
def camel_database(embedded: Engine) -> Iterator[str]:
    """A database with names of two words."""
    tables = "CREATE TABLE odd_people (the_id INT AUTO_INCREMENT PRIMARY KEY, last_name VARCHAR(9), the_boss INT,"
    tables += " FOREIGN KEY (the_boss) REFERENCES odd_people (the_id));"
    with embedded.database(
        f"{tables} INSERT INTO odd_people (last_name) VALUES ('Li'), ('Lu'), ('Ng'), (NULL);"
    ) as name:
        yield name


@pytest.fixture
def stored(site: str) -> Stored:
    """The rows put back as they were; gives what reads them."""

    def read() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = httpx.get(f"{site}/api/people/query?order=id").json()["data"]
        return rows

    mutation = "mutation($p: [people_insert_input!]!, $t: [teams_insert_input!]!) { a: delete_people(where: {}) {"
    mutation += " affected_rows } b: delete_teams(where: {}) { affected_rows } c: insert_teams(objects: $t) {"
    mutation += " affected_rows } d: insert_people(objects: $p) { affected_rows } }"
    given = {"p": ROWS, "t": [{"id": 1, "name": "Red"}, {"id": 2, "name": "Blue"}]}
    answer = httpx.post(f"{site}/graphql", json={"query": mutation, "variables": given})
    assert "errors" not in answer.json(), answer.text
    return read


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        yield browser


@pytest.fixture
def browser(window: Browser, site: str, stored: Stored) -> Iterator[Browser]:
    """The window at the rows."""
    window.forget(site)
    window.open(f"{site}/data#{ADDRESS}")
    window.until(lambda: cell(window, 1, "name").text == "Ada", "the rows")
    yield window
    window.script("dispatchEvent(new Event('pagehide'))")
    assert window.complaints() == []
    assert len(window.hosts()) == 1


def cell(browser: Browser, row: int, name: str) -> Any:
    """The cell in the row at a place, counted from 1, and the column called so."""
    names = ADDRESS.partition("=")[2].split(",")
    path = f".grid-body [aria-rowindex='{row + 1}'] [aria-colindex='{names.index(name) + 2}']"
    return browser.driver.find_element(By.CSS_SELECTOR, path)


def change(browser: Browser, row: int, name: str, text: str) -> None:
    """Types into a cell, and keeps that."""
    ActionChains(browser.driver).double_click(cell(browser, row, name)).perform()
    field = browser.element(".cell-form :is(input, select)")
    if field.tag_name == "select":
        Select(field).select_by_value(text)
    else:
        field.clear()
        field.send_keys(text)
    browser.click(".cell-form .main")
    browser.until(lambda: cell(browser, row, name).text == text, "the new value")


def send(browser: Browser) -> None:
    """Sends what is kept."""
    browser.click("#pending .main")


def test_cells_are_changed_and_sent_together(browser: Browser, stored: Stored) -> None:
    change(browser, 1, "name", "Ada L.")
    change(browser, 2, "mood", "ill")
    change(browser, 2, "age", "41")
    assert "2 changes not sent yet" in browser.element("#pending").text
    assert stored()[0]["name"] == "Ada"
    browser.driver.find_element(By.XPATH, "//button[.='Review']").click()
    text = browser.wait_text(".review", "age: NULL → 41")
    assert "name: Ada → Ada L." in text
    browser.screenshot("data-review")
    browser.click(".review .main")
    browser.wait_text("#told", "2 changes are made")
    rows = stored()
    assert (rows[0]["name"], rows[1]["mood"], rows[1]["age"]) == ("Ada L.", "ill", 41)
    assert browser.visible("#pending") == []
    writes = [each for each in browser.sent() if "Idempotency-Key" in each.headers]
    assert len(writes) == 1


def test_a_value_typed_back_is_no_change(browser: Browser) -> None:
    change(browser, 1, "name", "X")
    change(browser, 1, "name", "Ada")
    assert browser.visible("#pending") == []
    assert browser.visible(".changed") == []


def test_nothing_is_done_over_what_somebody_else_did(browser: Browser, site: str, stored: Stored) -> None:
    change(browser, 1, "name", "Mine")
    httpx.put(f"{site}/api/people", json={"input": {"name": "Theirs"}, "where": {"id": 1}})
    send(browser)
    browser.wait_text("#pending", "Somebody has changed or removed this row meanwhile")
    assert stored()[0]["name"] == "Theirs"


def test_one_refusal_is_told_at_its_cell_and_nothing_is_done(browser: Browser, stored: Stored) -> None:
    change(browser, 1, "name", "Changed")
    change(browser, 2, "email", "cy@x")
    send(browser)
    browser.wait_text("#pending", "Duplicate entry")
    browser.until(lambda: "wrong" in str(cell(browser, 2, "email").get_attribute("class")), "the cell marked")
    assert [row["name"] for row in stored()] == ["Ada", "Bob", "Cy"]
    change(browser, 2, "email", "new@x")
    send(browser)
    browser.wait_text("#told", "2 changes are made")
    assert [stored()[0]["name"], stored()[1]["email"]] == ["Changed", "new@x"]


def test_a_number_that_is_none_is_not_kept(browser: Browser) -> None:
    ActionChains(browser.driver).double_click(cell(browser, 1, "age")).perform()
    browser.element(".cell-form input").send_keys("x", Keys.ENTER)
    browser.wait_text(".cell-form .bad", "is no number")
    browser.keys(Keys.ESCAPE)
    assert browser.visible("#pending") == []


def test_null_is_told_from_an_empty_text(browser: Browser, stored: Stored) -> None:
    ActionChains(browser.driver).double_click(cell(browser, 1, "email")).perform()
    browser.click(".cell-form .null-it input")
    browser.click(".cell-form .main")
    browser.until(lambda: cell(browser, 1, "email").text == "NULL", "NULL")
    ActionChains(browser.driver).double_click(cell(browser, 2, "email")).perform()
    browser.element(".cell-form input").clear()
    browser.click(".cell-form .main")
    browser.until(lambda: cell(browser, 2, "email").text == "empty", "an empty text")
    send(browser)
    browser.wait_text("#told", "2 changes are made")
    assert [row["email"] for row in stored()] == [None, "", "cy@x"]


def field(browser: Browser, name: str) -> Any:
    """What one types into, of a form's field."""
    return browser.element(f"[data-field='{name}'] :is(input, select, textarea)")


def test_a_new_row_needs_what_is_marked_and_is_told_what_is_wrong(browser: Browser, stored: Stored) -> None:
    browser.driver.find_element(By.XPATH, "//button[.='New row']").click()
    browser.click(".row-form .main")
    browser.wait_text("[data-field='name']", "A value is needed")
    assert browser.visible("[data-field='mood'] .bad, [data-field='id'] .bad") == []
    field(browser, "name").send_keys("Di")
    field(browser, "email").send_keys("ada@x")
    browser.click(".row-form .main")
    browser.wait_text("[data-field='email']", "Duplicate entry")
    field(browser, "email").clear()
    field(browser, "email").send_keys("di@x")
    Select(field(browser, "fit")).select_by_value("true")
    field(browser, "facts").send_keys('{"a": [1]}')
    browser.click("[data-field='likes'] [value='ink']")
    team = field(browser, "team_id")
    team.send_keys("Blu")
    browser.until(
        lambda: (
            browser.script("return [...document.querySelectorAll('#picks-team_id option')].map((each) => each.label)")
            == ["2 · Blue"]
        ),
        "the team offered",
    )
    team.clear()
    team.send_keys("2")
    browser.screenshot("data-new-row")
    browser.click(".row-form .main")
    browser.wait_text("#told", "The change is made")
    row = stored()[-1]
    assert {**row, "id": 0} == {
        "id": 0,
        "name": "Di",
        "email": "di@x",
        "age": None,
        "mood": "well",
        "likes": ["ink"],
        "facts": {"a": [1]},
        "born": None,
        "fit": True,
        "team_id": 2,
    }


def test_a_row_is_changed_as_a_whole(browser: Browser, stored: Stored) -> None:
    browser.click(".number")
    browser.driver.find_element(By.XPATH, "//button[.='Close' or @aria-label='Close']")
    browser.wait_text("#sheet", "ada@x")
    browser.driver.find_element(By.XPATH, "//button[.='Edit']").click()
    field(browser, "name").clear()
    field(browser, "name").send_keys("Ada the first")
    browser.script("arguments[0].value = '1815-12-10'; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
                   field(browser, "born"))  # fmt: skip
    browser.click(".row-form .main")
    browser.wait_text("#told", "The change is made")
    browser.wait_text("#sheet", "1815-12-10")
    assert (stored()[0]["name"], stored()[0]["born"]) == ("Ada the first", "1815-12-10")


def test_what_refers_to_a_row_is_told_before_it_goes(browser: Browser, site: str, stored: Stored) -> None:
    browser.open(f"{site}/data#teams/teams?id=eq.1")
    browser.wait_text("#sheet", "people by team_id 1 row")
    browser.driver.find_element(By.XPATH, "//button[.='Delete…']").click()
    browser.wait_text(".review", "1 row of people by team_id")
    browser.click(".review .main")
    browser.until(lambda: browser.visible(".gone") != [], "the row marked")
    send(browser)
    browser.wait_text("#pending", "The row is still referenced")
    browser.driver.find_element(By.XPATH, "//button[.='Discard']").click()
    browser.until(lambda: browser.visible("#pending, .gone") == [], "nothing pending")


def test_the_keyboard_is_enough_to_change_and_delete(browser: Browser, stored: Stored) -> None:
    browser.script("document.querySelector('.grid').focus()")
    browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.F2)
    browser.element(".cell-form input")
    browser.keys("Eve", Keys.ENTER)
    browser.until(lambda: cell(browser, 1, "name").text == "Eve", "the new name")
    browser.until(lambda: browser.script("return document.activeElement.className") == "grid", "the focus back")
    browser.keys(Keys.ARROW_DOWN, Keys.HOME, Keys.DELETE)
    browser.until(lambda: len(browser.visible(".grid-row.gone")) == 1, "the row marked")
    browser.keys(Keys.TAB)
    while browser.script("return document.activeElement.textContent") != "Send":
        browser.keys(Keys.TAB)
    browser.keys(Keys.ENTER)
    browser.wait_text("#told", "2 changes are made")
    assert [row["name"] for row in stored()] == ["Eve", "Cy"]


def test_the_other_style_of_names_is_spoken_too(
    window: Browser, start_app: StartApp, embedded: Engine, camel_database: str
) -> None:
    """Rows are ordered, narrowed, changed, added and deleted where names are in camelCase."""
    app = start_app(embedded.environment(camel_database), settings={"NAMING": "camel"})
    window.forget(app.url)
    window.open(f"{app.url}/data#odd_people?last_name=is.not_null&last_name=starts_with.L&order=last_name.desc")
    names = "return [...document.querySelectorAll('.grid-body [aria-colindex=\"3\"]')].map((each) => each.textContent)"
    window.until(lambda: window.script(names) == ["Lu", "Li"], "two rows")
    window.script("document.querySelector('.grid').focus()")
    window.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    window.element(".cell-form input").send_keys("Lo", Keys.ENTER)
    window.keys(Keys.ARROW_DOWN, Keys.HOME, Keys.DELETE)
    window.click("#pending .main")
    window.wait_text("#told", "2 changes are made")
    window.until(lambda: window.script(names) == ["Lo"], "the changed row")
    window.driver.find_element(By.XPATH, "//button[.='New row']").click()
    field(window, "last_name").send_keys("La")
    window.click(".row-form .main")
    window.until(lambda: window.script(names) == ["Lo", "La"], "the new row")
    window.click(".number")
    window.wait_text("#sheet", "odd_people by the_boss 0 rows")
