"""The page of rows in a browser without internet: rows are found, ordered, narrowed, followed and taken away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By

from tests.clients.browser import Browser, Keys, open_browser
from tests.clients.test_start_page import served
from tests.harness.engine import Engine

HOSTILE = "<img src=x onerror=document.title='taken'> \"'&<b>ä"
MANY = 3000

TABLES = f"""
CREATE TABLE people (
  id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) COMMENT '{HOSTILE.replace("'", "''")}', note TEXT,
  mood ENUM('well', 'ill'), facts JSON, picture BLOB, boss_id INT, born DATE,
  FOREIGN KEY (boss_id) REFERENCES people (id)
);
INSERT INTO people VALUES
  (1, 'Ada', 'first\\nsecond', 'well', '{{"a": {{"b": [1, 2]}}}}', x'89504E47', NULL, '1815-12-10'),
  (2, '{HOSTILE.replace("'", "''")}', '', 'ill', '"<i>x</i>"', NULL, 1, NULL),
  (3, 'Bob', NULL, NULL, NULL, NULL, 1, NULL);
CREATE TABLE `<u>t</u> "?#/` (id INT PRIMARY KEY, `<s>c</s> ",.` VARCHAR(20), `order` INT);
INSERT INTO `<u>t</u> "?#/` VALUES (1, 'x, "y"', 7), (2, 'z', 8);
CREATE TABLE log (n INT PRIMARY KEY, words VARCHAR(20));
CREATE TABLE empty_one (n INT PRIMARY KEY);
CREATE VIEW names AS SELECT name FROM people;
CREATE TABLE wide (id INT PRIMARY KEY, {", ".join(f"c{n} INT" for n in range(900))});
INSERT INTO wide (id, c0, c899) VALUES (1, 10, 20);
"""
ODD = '<u>t</u> "?#/'
ODD_VIEW = """
const view = await import("./static/data/view.js");
const { tables } = await (await fetch("structure.json")).json();
const table = tables.find((each) => each.name.startsWith("<u>"));
const [, words, order] = table.columns;
const filters = [{ column: words, operator: "in", value: ['x, "y"'] }, { column: order, operator: "eq", value: "7" }];
location.hash = view.addressOf({
  ...view.whole(table), filters, order: [{ column: words, down: true }], select: [words],
});
"""
ACTIVE = """
const active = document.querySelector(".grid").getAttribute("aria-activedescendant");
return document.getElementById(active)?.textContent;
"""


@pytest.fixture(scope="module")
def site(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program on a few tables, one long and one wide."""
    rows = ",".join(f"({n},'row {n}')" for n in range(MANY))
    yield from served(embedded, f"{TABLES}INSERT INTO log VALUES {rows};", tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        yield browser


@pytest.fixture
def browser(window: Browser, site: str) -> Iterator[Browser]:
    """The window in the hands of a new visitor; at the end others were asked nothing, and nothing was complained of."""
    window.forget(site)
    yield window
    assert window.complaints() == []
    assert len(window.hosts()) == 1


def show(browser: Browser, site: str, address: str) -> None:
    """Opens the page at a view, its first row there."""
    browser.open("about:blank")
    browser.open(f"{site}/data#{address}")
    browser.element(".grid-body .cell")


def column(browser: Browser, at: int) -> list[str]:
    """The texts of the cells in sight of the column at a place, 1 for the first."""
    cells = browser.driver.find_elements(By.CSS_SELECTOR, f".grid-body [aria-colindex='{at + 1}']")
    rows = [(int(cell.find_element(By.XPATH, "..").get_attribute("aria-rowindex") or 0), cell.text) for cell in cells]
    return [text for _, text in sorted(rows)]


def test_rows_are_there_within_a_second_from_one_click(browser: Browser, site: str) -> None:
    browser.open(f"{site}/#log")
    browser.click("#table a[href^='data#']")
    browser.element(".grid-body .cell")
    took = browser.script(
        "return performance.getEntriesByName(performance.getEntriesByType('resource')"
        ".find((each) => each.name.endsWith('/graphql')).name)[0].responseEnd"
    )
    assert browser.element("#title").text == "log"
    assert float(took) < 5000  # a busy machine; a quiet one takes 300 ms
    browser.wait_text("#count", f"{MANY:,} rows")


def test_values_are_told_apart(browser: Browser, site: str) -> None:
    show(browser, site, "people")
    assert column(browser, 3) == ["first ↵ second", "empty", "NULL"]
    assert column(browser, 5)[0] == '{"a":{"b":[1,2]}}'
    show(browser, site, "people?select=id,picture")
    browser.click(".grid-body .link")
    browser.wait_text(".grid-body", "4 bytes")
    browser.click(".number")
    browser.wait_text("#sheet", "first\nsecond")
    assert "Save 4 bytes" in browser.element("#sheet").text
    browser.click("#sheet .tree .tree summary")
    browser.wait_text("#sheet .tree .tree", "b: [2]")


def test_a_reference_opens_its_row_and_what_refers_to_it(browser: Browser, site: str) -> None:
    show(browser, site, "people?order=id.desc&select=id,boss_id")
    browser.click(".grid-body a.refers")
    browser.wait_text("#sheet h2", "people 1")
    browser.wait_text("#sheet", "people by boss_id 2 rows")
    assert browser.script("return location.hash") == "#people?order=id.desc&select=id,boss_id/people?id=eq.1"
    browser.driver.find_element("link text", "2 rows").click()
    browser.wait_text("#filters", "boss_id eq 1")
    browser.until(lambda: column(browser, 1) == ["2", "3"], "the two who refer to it")
    browser.script("history.back()")
    browser.wait_text("#sheet h2", "people 1")
    browser.keys(Keys.ESCAPE)
    browser.until(lambda: browser.visible("#sheet") == [], "the sheet closed")


def test_conditions_and_order_are_in_the_address_in_the_words_of_rest(browser: Browser, site: str) -> None:
    show(browser, site, "people")
    browser.click("#add-filter")
    form = browser.element(".condition")
    form.find_element(By.CSS_SELECTOR, "[aria-label='Column'] [value='name']").click()
    form.find_element(By.CSS_SELECTOR, "[aria-label='Operator'] [value='contains']").click()
    form.find_element(By.CSS_SELECTOR, "[aria-label='Value']").send_keys("<b>", Keys.ENTER)
    browser.until(lambda: column(browser, 1) == ["2"], "the row found")
    browser.wait_text("#count", "1 row")
    assert browser.script("return decodeURIComponent(location.hash)") == "#people?name=contains.<b>"
    browser.click(".drop-it")
    browser.click(".grid-head [aria-colindex='3']")
    browser.wait_text("#filters", "name asc")
    browser.click(".grid-head [aria-colindex='3']")
    browser.wait_text("#filters", "name desc")
    browser.until(lambda: column(browser, 2)[:1] == ["Bob"], "the order")
    assert browser.script("return location.hash") == "#people?order=name.desc"
    assert browser.element(".grid-head [aria-colindex='3']").get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ("boss_id=is.null", ["1"]), ("id=in.(1,3)", ["1", "3"]), ("id=between.(2,3)", ["2", "3"]),
        ("mood=eq.ill", ["2"]), ("note=is.not_null&name=ilike.a*", ["1"]), ("born=lt.1900-01-01", ["1"]),
        ("name=in.(Ada,%22Bob%22)", ["1", "3"]),
    ],
)  # fmt: skip
def test_an_address_shows_what_rest_answers(browser: Browser, site: str, conditions: str, found: list[str]) -> None:
    show(browser, site, f"people?{conditions}")
    assert column(browser, 1) == found
    answer = (
        f"const answer = await fetch('api/people/query?{conditions}&select=id&order=id'); return await answer.json()"
    )
    assert [str(row["id"]) for row in browser.script(answer)["data"]] == found


def test_what_is_not_understood_is_said(browser: Browser, site: str) -> None:
    show(browser, site, "people?or=(id.eq.1)&nobody=eq.1&order=x.desc&id=gt.1")
    told = browser.element("#told").text
    assert "or=(id.eq.1), nobody=eq.1, order=x.desc" in told
    browser.open("about:blank")
    browser.open(f"{site}/data#people?id=eq.word")
    browser.wait_text(".grid-told", "Int cannot represent")


def test_a_view_is_taken_away_as_code(browser: Browser, site: str) -> None:
    show(browser, site, "people?mood=eq.well&order=name.desc&select=id,name")
    browser.driver.find_element(By.XPATH, "//button[.='As code']").click()
    text = browser.wait_text(".popover", "CSV with curl")
    assert f"curl -s '{site}/api/people/query?mood=eq.well&order=name.desc&select=id,name&limit=100'" in text
    assert f"curl -s '{site}/api/people/export?mood=eq.well&order=name.desc&select=id,name' -o 'people.csv'" in text
    browser.driver.find_element("link text", "Open in GraphiQL").click()
    browser.element("[aria-label='Re-fetch GraphQL schema']:not([disabled])")
    browser.click(".graphiql-execute-button")
    assert "errors" not in browser.wait_text(".graphiql-response .result-window", '"Ada"')


def test_columns_are_hidden_pinned_and_sized(browser: Browser, site: str) -> None:
    show(browser, site, "people")
    for item in ("Hide", "Pin to the left", "Wider"):
        browser.click(".grid-head [aria-colindex='3'] .menu")
        browser.driver.find_element(By.XPATH, f"//div[@class='items']/button[.='{item}']").click()
        browser.until(lambda: browser.visible(".popover") == [], "the menu closed")
    assert browser.script("return location.hash") == "#people?select=id,note,mood,facts,picture,boss_id,born"
    note = browser.element(".grid-head [aria-colindex='3']")
    assert (note.text.split("\n")[0], "pinned" in str(note.get_attribute("class"))) == ("note", True)
    width = note.size["width"]
    browser.open("about:blank")
    show(browser, site, "people?select=id,note,mood")
    assert browser.element(".grid-head [aria-colindex='3']").size["width"] == width


def test_many_rows_are_read_as_one_scrolls(browser: Browser, site: str) -> None:
    show(browser, site, "log")
    grid = "document.querySelector('.grid')"
    browser.until(
        lambda: browser.script(f"{grid}.scrollTop = 1e9; return {grid}.scrollHeight") > MANY * 32,
        "all rows scrolled over",
    )
    browser.until(lambda: column(browser, 1)[-1:] == [str(MANY - 1)], "the last row")
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, ".grid-body .grid-row")) < 60


def test_a_thousand_columns_are_drawn_as_one_scrolls(browser: Browser, site: str) -> None:
    show(browser, site, "wide")
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, ".cell")) < 80
    browser.script("document.querySelector('.grid').scrollLeft = 1e9")
    browser.wait_text(".grid-head", "c899")
    assert column(browser, 901) == ["20"]
    assert column(browser, 1) == ["1"]


def test_names_values_and_comments_stay_text(browser: Browser, site: str) -> None:
    show(browser, site, "people/people?id=eq.2")
    browser.wait_text("#sheet", HOSTILE)
    browser.click(".grid-head [aria-colindex='3'] .menu")
    browser.wait_text(".popover", HOSTILE)
    browser.keys(Keys.ESCAPE)
    browser.click("#sheet .close")
    next(item for item in browser.visible("#tables a") if ODD in item.text).click()
    browser.wait_text("#title", ODD)
    browser.wait_text(".grid-body", 'x, "y"')
    browser.click(".grid-head [aria-colindex='4']")
    browser.wait_text("#filters", "order asc")
    for button in ("Columns", "As code"):
        browser.driver.find_element(By.XPATH, f"//button[.='{button}']").click()
        browser.wait_text(".popover", "<u>t</u>" if button == "As code" else "<s>c</s>")
        browser.keys(Keys.ESCAPE)
    browser.script(ODD_VIEW)
    browser.until(lambda: column(browser, 1) == ['x, "y"'], "the row by its odd value")
    assert browser.visible("#told") == []
    found = (
        "return document.querySelectorAll('main :is(img, b, i, u, s):not(.chip b), #sheet :is(img, b, i, u, s)').length"
    )
    assert (browser.script(found), browser.driver.title) == (0, browser.driver.title.replace("taken", ""))


def test_an_empty_table_and_a_view_are_shown(browser: Browser, site: str) -> None:
    browser.open(f"{site}/data#empty_one")
    browser.wait_text(".grid-told", "No row here")
    show(browser, site, "names")
    browser.wait_text("#count", "3 rows")
    browser.click(".number")
    browser.wait_text("#sheet", "Ada")


def test_the_keyboard_is_enough(browser: Browser, site: str) -> None:
    show(browser, site, "people")
    browser.script("document.querySelector('.grid').focus()")

    def active() -> str:
        return str(browser.script(ACTIVE))

    browser.keys(Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    browser.until(lambda: active().startswith("<img"), "the second name")
    browser.keys(Keys.HOME, Keys.ENTER)
    browser.wait_text("#sheet h2", "people 2")
    browser.keys(Keys.ESCAPE)
    browser.until(lambda: browser.script("return document.activeElement.className") == "grid", "the focus back")
    browser.keys(Keys.HOME, held=(Keys.CONTROL,))
    browser.keys(Keys.ARROW_UP, Keys.ARROW_RIGHT, Keys.ENTER)
    browser.wait_text("#filters", "id asc")
    browser.until(
        lambda: browser.script("return document.activeElement.className") == "grid", "the focus in the new grid"
    )


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_into_a_narrow_window_in_any_light(browser: Browser, site: str, dark: bool) -> None:
    browser.show(width=390, dark=dark)
    show(browser, site, "people/people?id=eq.1")
    browser.wait_text("#sheet", "people by boss_id")
    assert int(browser.script("return document.documentElement.scrollWidth")) <= 390
    browser.screenshot(f"data-narrow-{'dark' if dark else 'light'}")
    browser.click("#sheet .close")
    assert browser.element(".grid").size["height"] > 250
