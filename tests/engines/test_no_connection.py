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
    return [
        line
        for line in app.log.splitlines()
        if re.search(r"database_down|attempt_failed|retries_exhausted|retrying", line)
    ]


@pytest.mark.parametrize("setting", WRONG)
def test_a_refusal_is_told_once_and_in_words(start_app: StartApp, engine: Engine, database: str, setting: str) -> None:
    """Not eight lines a second; `/readyz` is 503 with the cause, and goes on to ask."""
    value, code, words = WRONG[setting]
    app = start_app(engine.environment(database) | {setting: value}, ready=False)
    assert app.wait_ready(503).json()["status"] == "unavailable"
    before = app.client.get("/metrics").text
    while probes(app.client.get("/metrics").text) < probes(before) + 8:
        assert app.client.get("/api/users/query").status_code == 503
    (line,) = [line for line in refused(app) if "database_down" in line]
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


def test_a_user_that_must_encrypt_is_told_of_the_setting(
    engine: Engine, database: str, tmp_path: pytest.TempPathFactory
) -> None:
    """The server's answer is that of a wrong password."""
    user = f"s_{database}"[:32]
    engine.execute(
        f"CREATE USER '{user}'@'%' IDENTIFIED BY 'right' REQUIRE SSL; GRANT ALL ON {database}.* TO '{user}'@'%'"
    )
    try:
        settings = engine.environment(database, tcp=True) | {"DB_USER": user, "DB_PASSWORD": "right"}
        done = run(tmp_path, "check", **settings)  # type: ignore[arg-type]
        assert done.returncode == 1
        assert "then set DB_SSL=required or verify" in done.stderr
    finally:
        engine.execute(f"DROP USER '{user}'@'%'")


def test_a_locked_account_is_named(engine: Engine, database: str, tmp_path: pytest.TempPathFactory) -> None:
    user = f"l_{database}"[:32]
    engine.execute(f"CREATE USER '{user}'@'localhost' IDENTIFIED BY 'right' ACCOUNT LOCK")
    try:
        settings = engine.environment(database) | {"DB_USER": user, "DB_PASSWORD": "right"}
        done = run(tmp_path, "check", **settings)  # type: ignore[arg-type]
        assert f"has locked the account of user '{user}'" in done.stderr
    finally:
        engine.execute(f"DROP USER '{user}'@'localhost'")


@pytest.mark.engines("mysql")
def test_an_expired_password_is_named(engine: Engine, database: str, tmp_path: pytest.TempPathFactory) -> None:
    """MySQL lets such a user in, or refuses at once; either way nothing can be asked."""
    user = f"e_{database}"[:32]
    engine.execute(f"CREATE USER '{user}'@'localhost' IDENTIFIED BY 'right' PASSWORD EXPIRE")
    try:
        settings = engine.environment(database) | {"DB_USER": user, "DB_PASSWORD": "right"}
        done = run(tmp_path, "check", **settings)  # type: ignore[arg-type]
        assert f"says that the password of user '{user}' has expired" in done.stderr
    finally:
        engine.execute(f"DROP USER '{user}'@'localhost'")
