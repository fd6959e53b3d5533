"""The pages in a browser without internet: GraphiQL, the REST documentation, the start page. As a visitor uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from tests.clients.browser import Browser, Keys, open_browser
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

EDITOR = ".graphiql-query-editor .CodeMirror"
RESULT = ".graphiql-response .result-window"
PANEL = ".graphiql-plugin"
HINTS = ".CodeMirror-hints"
RUN = ".graphiql-execute-button"

TABLES = """
CREATE TABLE users (
  id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), email VARCHAR(100) UNIQUE, age INT
) COMMENT 'People of **all** ages';
CREATE TABLE pets (
  tag INT PRIMARY KEY COMMENT 'Chip <img src=x onerror="window.harmed=1"> ![picture](http://elsewhere.example/x.png)',
  owner_id INT,
  CONSTRAINT owned FOREIGN KEY (owner_id) REFERENCES users (id)
);
INSERT INTO users (name, email, age) VALUES ('Ada', 'ada@example.com', 36), ('Grace', 'grace@example.com', 85);
INSERT INTO pets (tag, owner_id) VALUES (7001, 1);
"""


@pytest.fixture(scope="module")
def site(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the program on a database with two tables."""
    with embedded.database(TABLES) as database:
        app = RunningApp(embedded.environment(database), ("serve",), tmp_path_factory.mktemp("app"))
        try:
            app.wait_ready()
            yield app.url
        finally:
            app.stop()
        app.assert_sound()


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser window for the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as browser:
        yield browser


@pytest.fixture
def browser(window: Browser, site: str) -> Browser:
    """The window in the hands of a new visitor."""
    window.forget(site)
    return window


@pytest.fixture
def quiet(browser: Browser, site: str) -> Iterator[Browser]:
    """The same, for a page that must ask nobody but our server, and must not complain."""
    yield browser
    assert browser.complaints() == []
    assert browser.hosts() == {site.partition("//")[2]}


def open_graphiql(browser: Browser, site: str, path: str = "/graphiql", **parameters: str) -> str:
    """Opens the page and waits until the schema is there; gives the text in the editor."""
    browser.open(f"{site}{path}?{urlencode(parameters, quote_via=quote)}" if parameters else site + path)
    browser.element("[aria-label='Re-fetch GraphQL schema']:not([disabled])")
    browser.element(RUN)
    return text_of(browser, EDITOR)


def text_of(browser: Browser, editor: str) -> str:
    """What an editor holds, also what is scrolled out of sight."""
    return str(browser.script("return document.querySelector(arguments[0]).CodeMirror.getValue()", editor))


def wait_query(browser: Browser, text: str) -> str:
    """Waits until the query holds `text`, also out of sight, and gives all of it."""
    browser.until(lambda: text in text_of(browser, EDITOR), f"{text!r} in the query")
    return text_of(browser, EDITOR)


def write(browser: Browser, text: str) -> None:
    """Replaces the query by typing, with the cursor left at the end."""
    browser.click(f"{EDITOR} .CodeMirror-lines")
    browser.keys("a", held=(Keys.CONTROL,))
    browser.keys(Keys.DELETE, text)


def test_the_first_query_is_made_from_the_schema_and_runs(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site, table="users")
    lines = wait_query(quiet, "users(limit: 10)").split()
    assert lines[lines.index("users(limit:") :] == ["users(limit:", "10)", "{", "id", "name", "email", "age", "}", "}"]
    quiet.click(f"{EDITOR} .CodeMirror-lines")
    quiet.keys(Keys.ENTER, held=(Keys.CONTROL,))
    quiet.wait_text(RESULT, "ada@example.com")
    quiet.screenshot("graphiql")


def test_a_visitor_from_nowhere_gets_a_first_query_too(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    wait_query(quiet, "(limit: 10)")
    quiet.click(RUN)
    quiet.wait_text(RESULT, '"data"')
    assert "errors" not in quiet.element(RESULT).text


def test_a_browser_at_the_graphql_address_gets_the_same_page(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site, "/graphql")
    wait_query(quiet, "(limit: 10)")


def test_the_documentation_shows_roots_tables_and_comments(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    quiet.click("[aria-label='Show Documentation Explorer']")
    assert "mutation_root" in quiet.wait_text(PANEL, "query_root")
    quiet.driver.find_element("link text", "query_root").click()
    fields = quiet.wait_text(PANEL, "users_by_pk")
    assert {"users", "users_aggregate", "pets", "pets_by_pk"} <= set(re.findall(r"\w+", fields))
    assert "People of all ages" in fields
    quiet.screenshot("graphiql-documentation")


def test_comments_of_the_database_cannot_harm_the_reader(browser: Browser, site: str) -> None:
    open_graphiql(browser, site)
    browser.click("[aria-label='Show Documentation Explorer']")
    browser.wait_text(PANEL, "query_root")
    browser.driver.find_element("link text", "pets").click()
    shown = browser.wait_text(PANEL, "Chip")
    assert "onerror" in shown  # as text
    assert browser.script("return window.harmed") is None
    said = browser.complaints()
    assert said
    assert all("elsewhere.example" in line and "Content Security Policy" in line for line in said), said


def test_field_names_are_completed(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    quiet.click(".graphiql-tab-add")
    write(quiet, "{ users_")
    quiet.keys(Keys.ESCAPE)
    quiet.until(lambda: not quiet.visible(HINTS), "no list left over from typing")
    quiet.keys(Keys.SPACE, held=(Keys.CONTROL,))
    assert {"users_by_pk", "users_aggregate"} <= set(quiet.wait_text(HINTS, "users_by_pk").split())
    quiet.screenshot("graphiql-completion")
    first = quiet.element(f"{HINTS} .CodeMirror-hint-active").text
    quiet.keys(Keys.ENTER)
    wait_query(quiet, f"{{ {first}")


def test_operators_are_offered_while_typing(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    write(quiet, "{ users(where: {name: {_il")
    quiet.wait_text(HINTS, "_ilike")


def test_an_unknown_field_is_marked_before_it_is_sent(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    write(quiet, "{ users { nickname } }")
    assert quiet.element(f"{EDITOR} .CodeMirror-lint-mark-error").text == "nickname"


def test_the_explorer_builds_the_query(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site, table="users")
    wait_query(quiet, "users(limit: 10)")
    quiet.click("[aria-label='Show GraphiQL Explorer']")
    quiet.wait_text(PANEL, "users_aggregate")
    quiet.screenshot("graphiql-explorer")
    quiet.click(f"{PANEL} [data-field-name='age'][data-field-type='Int'] .graphiql-explorer-field-view")
    quiet.until(lambda: "age" not in text_of(quiet, EDITOR), "the column gone from the query")
    assert "email" in text_of(quiet, EDITOR)


def test_history_keeps_what_was_run(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    write(quiet, "query remembered { __typename }")
    quiet.wait_text(".graphiql-tabs", "remembered")  # it needs a moment to know the operation's name
    quiet.click(RUN)
    quiet.wait_text(RESULT, "query_root")
    quiet.click("[aria-label='Show History']")
    quiet.wait_text(".graphiql-history", "remembered")


def test_a_link_brings_query_and_variables_until_they_are_edited(quiet: Browser, site: str) -> None:
    query = "query one($id: Int!) { users_by_pk(id: $id) { name } }"
    assert open_graphiql(quiet, site, query=query, variables='{"id": 2}') == query
    quiet.click(RUN)
    quiet.wait_text(RESULT, "Grace")
    assert "query=" in quiet.driver.current_url
    write(quiet, "query mine { __typename }")
    quiet.until(lambda: "?" not in quiet.driver.current_url, "an address without the old query")
    quiet.until(lambda: "mine" in str(quiet.script("return localStorage['graphiql:tabState']")), "the edit stored")
    assert open_graphiql(quiet, site) == "query mine { __typename }"


@pytest.mark.parametrize("path", ["/graphiql", "/graphql"])
def test_a_link_can_be_made(quiet: Browser, site: str, path: str) -> None:
    open_graphiql(quiet, site, path)
    write(quiet, "query shared { __typename } # ä&+=?")
    quiet.click("[aria-label='Copy a link to this query']")
    quiet.until(lambda: "query=" in quiet.driver.current_url, "the query in the address")
    link = quiet.driver.current_url
    quiet.forget(site)
    quiet.open(link)
    wait_query(quiet, "query shared { __typename } # ä&+=?")


def test_a_first_query_never_replaces_a_visitors_own(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    write(quiet, "query mine { __typename }")
    quiet.until(lambda: "mine" in str(quiet.script("return localStorage['graphiql:tabState']")), "the edit stored")
    assert open_graphiql(quiet, site) == "query mine { __typename }"
    open_graphiql(quiet, site, table="pets")
    wait_query(quiet, "pets(limit: 10)")
    assert "mine" in quiet.wait_text(".graphiql-tabs", "mine")


def test_a_header_of_the_visitor_reaches_the_server(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    quiet.click("[data-name='headers']")
    quiet.click("section[aria-label='Headers'] .CodeMirror-scroll")
    quiet.keys('{"X-Mine": "yes"}')
    quiet.click(RUN)
    quiet.wait_text(RESULT, '"data"')
    assert "yes" in [request.headers.get("X-Mine") for request in quiet.sent() if request.url == f"{site}/graphql"]


def test_a_subscription_is_live(quiet: Browser, site: str) -> None:
    query = "subscription people { users(order_by: {id: asc}) { name } }"
    open_graphiql(quiet, site, query=query)
    quiet.click(RUN)
    quiet.wait_text(RESULT, "Grace")
    quiet.click(RUN)  # stops it


def test_settings_open_without_a_breach_of_the_policy(quiet: Browser, site: str) -> None:
    open_graphiql(quiet, site)
    quiet.click("[aria-label='Open settings dialog']")
    quiet.wait_text(".graphiql-dialog", "Theme")
    quiet.click(".graphiql-dialog [data-theme='dark']")
    quiet.element("body.graphiql-dark")


def test_a_reader_of_dark_pages_gets_one(quiet: Browser, site: str) -> None:
    quiet.show(dark=True)
    open_graphiql(quiet, site)
    assert brightness(quiet, ".graphiql-container") < 80
    quiet.open(site)
    assert str(quiet.script("return getComputedStyle(document.documentElement).colorScheme")) == "light dark"


def brightness(browser: Browser, css: str) -> float:
    """The mean of an element's background colours, 0 to 255."""
    colour = browser.script("return getComputedStyle(document.querySelector(arguments[0])).backgroundColor", css)
    parts = str(colour).partition("(")[2].rstrip(")").split(",")[:3]
    return sum(float(part) for part in parts) / 3


@pytest.mark.parametrize("width", [360, 600])
def test_a_narrow_window_has_the_result_below_the_query(quiet: Browser, site: str, width: int) -> None:
    quiet.show(width=width)
    open_graphiql(quiet, site, table="users")
    wait_query(quiet, "users(limit: 10)")
    quiet.click(RUN)
    quiet.wait_text(RESULT, "ada@example.com")
    quiet.screenshot(f"graphiql-{width}")
    editor, result = quiet.element(EDITOR).rect, quiet.element(RESULT).rect
    assert result["y"] >= editor["y"] + editor["height"]
    assert min(editor["width"], result["width"]) > width / 2
    assert_fits(quiet, width)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_other_pages_fit_into_a_narrow_window(quiet: Browser, site: str, path: str) -> None:
    quiet.show(width=360)
    quiet.open(site + path)
    quiet.wait_text("main, #docs", "users")
    quiet.screenshot(f"narrow{path.replace('/', '-')}")
    assert_fits(quiet, 360)


def assert_fits(browser: Browser, width: int) -> None:
    """Nothing of the page is to the right of the window."""
    assert int(browser.script("return document.documentElement.scrollWidth")) <= width


def test_the_rest_documentation_lists_the_tables_and_can_be_tried(quiet: Browser, site: str) -> None:
    quiet.open(f"{site}/docs")
    quiet.wait_text("#docs", "pets")
    quiet.screenshot("docs")
    quiet.click("#operations-tag-users .expand-operation")
    quiet.click(".opblock-get:has([data-path='/api/users/query']) .opblock-control-arrow")
    quiet.click(".try-out__btn")
    quiet.click(".execute")
    quiet.wait_text(".live-responses-table", "ada@example.com")
    quiet.screenshot("docs-tried")
