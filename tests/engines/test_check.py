"""`graphql-app check` and `schema` on each engine: what they find, and when they complain."""

from __future__ import annotations

import re

import pytest

from graphql_app.cli.check import run_check
from graphql_app.cli.sdl import print_schema
from graphql_app.config.settings import Settings
from graphql_app.server.errors import CannotRun
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

SCRIPT = """
CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(50) UNIQUE) COMMENT 'People';
CREATE TABLE posts (id INT PRIMARY KEY, user_id INT, FOREIGN KEY posts_user (user_id) REFERENCES users (id));
CREATE TABLE heap (n INT);
CREATE TABLE hidden (n INT);
CREATE VIEW emails AS SELECT email FROM users
"""
FLAVOURS = {EngineName.EMBEDDED: "oceanbase", EngineName.MARIADB: "mariadb", EngineName.MYSQL: "mysql"}


def settings(engine: Engine, database: str, **more: object) -> Settings:
    """The settings for `database`, and nothing of the tester's own."""
    given = {name.lower(): value for name, value in engine.environment(database).items()}
    return Settings.model_validate(given | more)


@pytest.fixture
def shop(engine: Engine, database: str) -> str:
    """A database with tables that have something to say."""
    engine.execute(SCRIPT, database)
    return database


def test_a_sound_database_is_described(engine: Engine, shop: str) -> None:
    """Version, flavour, privileges, clock, charset, tables and what is left out."""
    lines: list[str] = []
    assert run_check(settings(engine, shop, exclude_tables="hid*"), lines.append)
    text = "\n".join(lines)
    assert f"engine     {FLAVOURS[engine.name]} " in text
    assert re.search(r"clock      differs by [+-]0\.\d s from ours; the session is at \+00:00", text)
    assert "charset    session utf8mb4, database utf8mb4" in text
    assert "may SELECT, INSERT, UPDATE, DELETE, CREATE on *.*" in text
    assert "tables     3 tables and 1 views, 1 foreign keys" in text
    assert "users: 2 columns\n" in text
    assert "heap: 1 columns; no key, so single rows cannot be addressed" in text
    assert "emails: 1 columns; a view" in text
    assert "skipped    hidden: among EXCLUDE_TABLES" in text
    assert "ledger     auto: graphql_app_ledger is not there yet" in text
    assert lines[-1] == "result     all is well"


def test_a_database_that_is_not_there_ends_the_check(engine: Engine) -> None:
    """In words that name it."""
    with pytest.raises(CannotRun, match="has no database 'no_such_database'"):
        run_check(settings(engine, "no_such_database"), lambda _line: None)


@pytest.mark.engines("mariadb", "mysql")
def test_a_user_without_rights_is_trouble(engine: Engine, shop: str) -> None:
    """Only what the user may see is served, and here that is nothing."""
    user = f"u_{shop}"[:32]
    engine.execute(f"CREATE USER '{user}'@'localhost' IDENTIFIED BY 'hunter2'")
    engine.execute(f"GRANT CREATE ROUTINE ON {shop}.* TO '{user}'@'localhost'")
    lines: list[str] = []
    try:
        sound = run_check(settings(engine, shop, db_user=user, db_password="hunter2"), lines.append)
    finally:
        engine.execute(f"DROP USER '{user}'@'localhost'")
    assert not sound
    text = "\n".join(lines)
    assert f"TROUBLE: {user}@localhost may do nothing in {shop}" in text
    assert lines[-1] == "result     1 to be seen to"
    assert "hunter2" not in text


def test_the_schema_is_printed(engine: Engine, shop: str) -> None:
    """With the settings' names and tables."""
    written: list[str] = []
    print_schema(settings(engine, shop, exclude_tables="hidden", naming="camel"), written.append)
    (text,) = written
    assert "type Users " in text
    assert "insertUsersOne(" in text
    assert "hidden" not in text
