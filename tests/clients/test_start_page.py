"""The start page in a browser without internet: as a visitor finds, reads and fills tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.clients.browser import Browser, Keys, open_browser
from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

ODD = "<b>x</b> &'ä"
MANY = 60

TABLES = f"""
CREATE TABLE users (
  id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), email VARCHAR(100) UNIQUE, age INT
) COMMENT 'People of <i>all</i> ages';
CREATE TABLE pets (tag INT PRIMARY KEY, owner_id INT,
  CONSTRAINT owned FOREIGN KEY (owner_id) REFERENCES users (id));
CREATE TABLE `{ODD}` (id INT PRIMARY KEY, `a b` INT);
CREATE VIEW adults AS SELECT name FROM users WHERE age > 17;
INSERT INTO users (name, email, age) VALUES ('Ada', 'ada@example.com', 36);
"""
TREE = "".join(
    f"CREATE TABLE t{n} (id INT PRIMARY KEY, up_id INT, FOREIGN KEY (up_id) REFERENCES t{n // 2} (id));"
    for n in range(MANY)
)


def served(engine: Engine, tables: str, folder: Path) -> Iterator[str]:
    """The address of the program on a database with `tables`."""
    with engine.database(tables) as database:
        app = RunningApp(engine.environment(database), ("serve",), folder)
        try:
            app.wait_ready()
            yield app.url
        finally:
            app.stop()
        app.assert_sound()


@pytest.fixture(scope="module")
def site(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program on three tables and a view."""
    yield from served(embedded, TABLES, tmp_path_factory.mktemp("few"))


@pytest.fixture(scope="module")
def large_site(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program on a tree of `MANY` tables."""
    yield from served(embedded, TREE, tmp_path_factory.mktemp("many"))


@pytest.fixture
def database_of_pages(embedded: Engine) -> Iterator[str]:
    """A database with the same tables."""
    with embedded.database(TABLES) as name:
        yield name


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        yield browser


@pytest.fixture
def browser(window: Browser, site: str) -> Iterator[Browser]:
    """The window in the hands of a new visitor; at the end others were asked nothing, and only refused imports told."""
    window.forget(site)
    yield window
    assert [line for line in window.complaints() if "/api/batch/import" not in line] == []
    assert len(window.hosts()) == 1


def open_table(browser: Browser, site: str, name: str) -> None:
    """Opens the page at a table, all of it there."""
    browser.open(f"{site}/#{name}")
    browser.wait_text("#table h2", name)
    browser.wait_text("#table", f"Rows of {name}")


def upload(browser: Browser, path: Path, text: str) -> str:
    """Imports a file with `text` into the table being shown, and gives what is told of it."""
    path.write_text(text)
    browser.driver.find_element(By.ID, "file").send_keys(str(path))
    browser.click(".import .main:not([disabled])")
    return browser.wait_text(".result", "read")


def test_tables_are_listed_drawn_and_described(browser: Browser, site: str) -> None:
    open_table(browser, site, "users")
    assert "4 tables · 1 relation" in browser.element("#summary").text
    assert [item.text.splitlines()[0] for item in browser.visible("#tables li")] == [ODD, "adults", "pets", "users"]
    boxes = {str(box.get_attribute("data-table")) for box in browser.visible("#diagram .box")}
    assert boxes == {ODD, "adults", "pets", "users"}
    (link,) = browser.visible("#diagram .link.related")
    assert (link.get_attribute("data-from"), link.get_attribute("data-to")) == ("pets", "users")
    shown = browser.element("#table").text
    assert "People of <i>all</i> ages" in shown
    assert "pets.owner_id → users.id" in shown
    assert f"curl -s -X PUT {site}/api/users" in shown
    browser.screenshot("start")


def test_names_and_comments_stay_text(browser: Browser, site: str) -> None:
    browser.open(site)
    browser.element("#table h2")
    next(item for item in browser.visible("#tables a") if ODD in item.text).click()
    browser.wait_text("#table h2", ODD)
    browser.wait_text("#table", "Delete rows of")
    assert browser.driver.find_elements(By.CSS_SELECTOR, "#table b, #tables b") == []
    assert "/api/%3Cb%3Ex%3C%2Fb%3E%20%26%27%C3%A4" in browser.element("#table").text


def test_a_table_opens_in_graphiql_with_its_query(browser: Browser, site: str) -> None:
    open_table(browser, site, "pets")
    browser.driver.find_element("link text", "Open in GraphiQL").click()
    browser.element("[aria-label='Re-fetch GraphQL schema']:not([disabled])")
    browser.click(".graphiql-execute-button")
    assert "errors" not in browser.wait_text(".graphiql-response .result-window", '"pets"')


def test_a_table_leads_to_its_own_rest_documentation(browser: Browser, site: str) -> None:
    open_table(browser, site, "pets")
    browser.driver.find_element("link text", "REST documentation").click()
    assert "users" not in browser.wait_text("#docs", "Rows of pets")


def test_a_csv_file_is_imported_and_its_refused_rows_are_told(browser: Browser, site: str, tmp_path: Path) -> None:
    open_table(browser, site, "users")
    told = upload(browser, tmp_path / "people.csv", "name,email,age\nEve,eve@example.com,9\nBob,ada@example.com,x\n")
    assert "2 rows read, 1 imported, 1 refused" in told
    row = [cell.text for cell in browser.visible(".result td")]
    assert row[:2] == ["3", "age"]
    browser.screenshot("start-import")
    assert "1 row read, 0 imported, 1 refused" in upload(browser, tmp_path / "b.csv", "name,email\nE,eve@example.com\n")
    browser.driver.find_element(By.ID, "dry").click()
    assert "Dry run: nothing was written" in upload(browser, tmp_path / "c.csv", "name,email\nE,new@example.com\n")


def test_a_header_that_does_not_fit_is_refused_in_words(browser: Browser, site: str, tmp_path: Path) -> None:
    open_table(browser, site, "users")
    (tmp_path / "a.csv").write_text("nobody\n1\n")
    browser.driver.find_element(By.ID, "file").send_keys(str(tmp_path / "a.csv"))
    browser.click(".import .main:not([disabled])")
    browser.wait_text(".result .bad", "nobody")


def test_files_of_other_forms_are_taken_and_their_form_is_shown(browser: Browser, site: str, tmp_path: Path) -> None:
    open_table(browser, site, "users")
    told = upload(browser, tmp_path / "list (1).tsv", "name\temail\tage\nTab\ttab@example.com\t3.0\n")
    assert "1 row read, 1 imported, 0 refused" in told
    assert "Recognised: delimiter tab" in told
    told = upload(browser, tmp_path / "any.ndjson", '{"name": "Line", "email": "line@example.com"}\n')
    assert "1 row read, 1 imported, 0 refused" in told
    assert "Recognised" not in told


def test_a_view_takes_no_import(browser: Browser, site: str) -> None:
    open_table(browser, site, "adults")
    assert "read only" in browser.element("#table").text
    assert browser.visible(".drop") == []


def test_the_keyboard_is_enough(browser: Browser, site: str) -> None:
    open_table(browser, site, "users")
    browser.keys("/")
    browser.keys("pe")
    assert [item.text.splitlines()[0] for item in browser.visible("#tables li")] == ["pets"]
    browser.keys(Keys.ARROW_DOWN, Keys.ENTER)
    browser.wait_text("#table h2", "pets")
    browser.wait_text("#table", "Delete rows of pets")
    reached = set()
    for _ in range(60):
        browser.keys(Keys.TAB)
        active = "return [document.activeElement.id, document.activeElement.textContent.trim()].join(' ')"
        reached.add(str(browser.script(active)))
    wanted = ("fit Fit", "diagram", "Open in GraphiQL", "Export CSV", "Copy", "file", "mode", "dry")
    assert all(any(name in found for found in reached) for name in wanted), reached


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_into_a_narrow_window_in_any_light(browser: Browser, site: str, dark: bool) -> None:
    browser.show(width=360, dark=dark)
    open_table(browser, site, "users")
    browser.screenshot(f"start-narrow-{'dark' if dark else 'light'}")
    assert int(browser.script("return document.documentElement.scrollWidth")) <= 360
    colour = str(browser.script("return getComputedStyle(document.querySelector('.card')).backgroundColor"))
    assert (int(colour.partition("(")[2].partition(",")[0]) < 80) == dark


def test_many_tables_are_shown_around_one(browser: Browser, large_site: str) -> None:
    browser.forget(large_site)
    open_table(browser, large_site, "t5")
    near = {str(box.get_attribute("data-table")) for box in browser.visible("#diagram .box")}
    assert near == {"t2", "t5", "t10", "t11"}
    browser.click("[data-scope='all']")
    browser.until(lambda: len(browser.driver.find_elements(By.CSS_SELECTOR, ".box")) == MANY, "all tables")
    browser.click("#fit")
    browser.screenshot("start-many")
    browser.open(f"{large_site}/docs")
    browser.wait_text("#docs", "Rows of t0")
    assert "Rows of t1" not in browser.element("#docs").text


def test_a_layout_lays_no_box_over_another(browser: Browser, large_site: str) -> None:
    browser.forget(large_site)
    browser.open(large_site)
    browser.element("#table h2")
    overlaps = browser.script("""
      const { layout } = await import("./static/layout.js");
      const { tables } = await (await fetch("structure.json")).json();
      const before = (a, b) => a.x + a.width <= b.x || a.y + a.height <= b.y;
      const apart = (a, b) => before(a, b) || before(b, a);
      return [true, false].flatMap((detailed) => {
        const { boxes, width, height } = layout(tables, detailed);
        const outside = boxes.filter((a) => a.x < 0 || a.y < 0 || a.x + a.width > width || a.y + a.height > height);
        return [...outside, ...boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => !apart(a, b)))];
      });
    """)
    assert overlaps == []


def test_a_hidden_structure_is_said_to_be_hidden(
    window: Browser, start_app: StartApp, embedded: Engine, database_of_pages: str
) -> None:
    """The pages of an operator who switched introspection off tell so, and ask no further."""
    app = start_app(embedded.environment(database_of_pages), settings={"INTROSPECTION": "false"})
    for page, place in (("/", "#summary"), ("/docs", "#docs")):
        window.forget(app.url)
        window.open(f"{app.url}{page}")
        window.wait_text(place, "Introspection is switched off.")
        assert "users" not in window.element("body").text
        assert window.visible("#tables li, .swagger-ui") == []
