"""Compressed answers in a real browser: unpacked for the page, varied for its cache, and an error where one is cut."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.clients.browser import Browser, open_browser
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

ROWS = 6_000
ASK = """
const done = arguments[arguments.length - 1];
(async () => {
  const [path, body] = arguments;
  const given = body ? {method: "POST", body, headers: {"content-type": "application/json"}} : {};
  const answer = await fetch(path, given), text = await answer.text();
  await new Promise(ready => setTimeout(ready, 50));
  const entry = performance.getEntriesByType("resource").filter(each => each.name.endsWith(path)).pop();
  done({status: answer.status, coding: answer.headers.get("content-encoding"), vary: answer.headers.get("vary"),
        text, sent: entry.encodedBodySize, size: entry.decodedBodySize});
})().catch(error => done({error: String(error)}));
"""
START = """
window.cut = {size: 0, go: null, end: null};
(async () => {
  const reader = (await fetch("/api/noise/export")).body.getReader();
  for (;;) {
    const {done, value} = await reader.read();
    if (done) { window.cut.end = "complete"; return; }
    window.cut.size += value.length;
    if (window.cut.size > 500000 && !window.cut.go) { await new Promise(go => window.cut.go = go); }
  }
})().catch(error => { window.cut.end = String(error); });
"""


@pytest.fixture(scope="module")
def database(mariadb: Engine) -> Iterator[str]:
    """A table that hardly compresses, and one that does."""
    draw = random.Random(1)
    script = "CREATE TABLE noise (id INT PRIMARY KEY, body TEXT NOT NULL); CREATE TABLE words LIKE noise"
    with mariadb.database(script) as name:
        with mariadb.connect(name) as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO words VALUES (%s,%s)", [(n, f"word é {n % 9}") for n in range(ROWS)])
            for start in range(0, ROWS, 500):
                rows = [(number, f"{draw.getrandbits(24_000):06000x}") for number in range(start, start + 500)]
                cursor.executemany("INSERT INTO noise VALUES (%s,%s)", rows)
        yield name


@pytest.fixture(scope="module")
def site(mariadb: Engine, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = RunningApp(mariadb.environment(database), ("serve",), tmp_path_factory.mktemp("site"))
    try:
        app.wait_ready()
        yield app.url
    finally:
        app.stop()


@pytest.fixture
def browser(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("browser") / "window") as found:
        found.open(f"{site}/healthz")
        yield found


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/words/export?order=id", None),
        ("/api/words/query?order=id", None),
        ("/api/words/query?order=id&limit=300", None),
        ("/graphql", '{"query": "{ words(order_by: {id: asc}) { id body } }"}'),
    ],
)
def test_a_page_reads_the_text(browser: Browser, path: str, body: str | None) -> None:
    found = browser.driver.execute_async_script(ASK, path, body)
    assert found["status"] == 200
    assert found["coding"] in ("gzip", "zstd")
    assert "accept-encoding" in found["vary"]
    assert "word é 8" in found["text"]
    assert found["size"] == len(found["text"].encode())
    assert found["sent"] < found["size"] / 3


def test_a_page_is_told_of_a_cut(browser: Browser, mariadb: Engine, database: str) -> None:
    browser.script(START)
    browser.until(lambda: browser.script("return window.cut.go !== null"), "the first rows")
    rows = mariadb.execute("SHOW FULL PROCESSLIST", database)
    found = [row[0] for row in rows if row[3] == database and "noise" in str(row[7]) and "CONCAT" in str(row[7])]
    assert found
    for number in found:
        mariadb.execute(f"KILL {number}", database)
    browser.script("window.cut.go()")
    browser.until(lambda: browser.script("return window.cut.end"), "an end")
    assert "Error" in browser.script("return window.cut.end")
