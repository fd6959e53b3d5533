"""What the log and the commands say where the server is there and does not let the program in: words, and once."""

from __future__ import annotations

import re

import pytest

from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.unit.test_cli import run

pytestmark = pytest.mark.engines("mariadb", "mysql")

WRONG = {
    "DB_PASSWORD": ("nonsense", 1045, "refuses user 'root' or the password (DB_USER, DB_PASSWORD)"),
    "DB_NAME": ("nonsense", 1049, "has no database 'nonsense' (DB_NAME)"),
}


def refused(app: RunningApp) -> list[str]:
    """Lines of the log above the level of debugging that came since the server was asked."""
    return [line for line in app.log.splitlines() if re.search(r"database_away|attempt_failed|gave_up|retrying", line)]


@pytest.mark.parametrize("setting", WRONG)
def test_a_refusal_is_told_once_and_in_words(start_app: StartApp, engine: Engine, database: str, setting: str) -> None:
    """Not eight lines a second; `/readyz` is 503 with the cause, and goes on to ask."""
    value, code, words = WRONG[setting]
    app = start_app(engine.environment(database) | {setting: value}, ready=False)
    assert app.wait_ready(503).json()["status"] == "unavailable"
    before = app.client.get("/metrics").text
    while probes(app.client.get("/metrics").text) < probes(before) + 8:
        assert app.client.get("/api/users/query").status_code == 503
    (line,) = [line for line in refused(app) if "database_away" in line]
    assert f"code={code}" in line
    assert words in line
    assert not [line for line in refused(app) if "kind=control" in line]


def probes(metrics: str) -> int:
    """How often the server was asked in vain."""
    found = re.search(r'^graphql_app_probes_total\{answered="false"\} (\S+)', metrics, re.MULTILINE)
    return int(float(found[1])) if found else 0


@pytest.mark.parametrize("setting", WRONG)
def test_commands_say_the_same(engine: Engine, database: str, tmp_path: pytest.TempPathFactory, setting: str) -> None:
    """In one line."""
    value, code, words = WRONG[setting]
    done = run(tmp_path, "check", **engine.environment(database) | {setting: value})  # type: ignore[arg-type]
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{words} (error {code})\n" in done.stderr
    assert done.stderr.count("\n") == 1
