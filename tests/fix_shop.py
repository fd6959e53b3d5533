"""The sample database of `make run`, loaded once on each engine: for tests that only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphql_app.embedded.sample import statements
from graphql_app.engine.sql.dialects import SQL_MODE
from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine


def load_shop(engine: Engine, database: str) -> None:
    """Puts the sample data into `database`, over the plain driver.

    In the program's own sql_mode: the embedded engine warns of generated columns made in another one, and the program
    looks into every warning.
    """
    with engine.connect(database, sql_mode=SQL_MODE) as connection, connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(statement)


@pytest.fixture(scope="session")
def shop_database(engine: Engine) -> Iterator[str]:
    """A database with the sample data. Shared by all tests of this process: do not write to it."""
    with engine.database() as name:
        load_shop(engine, name)
        yield name


@pytest.fixture
def own_shop(engine: Engine, database: str) -> str:
    """A database with the sample data for one test, which may write to it."""
    load_shop(engine, database)
    return database


@pytest.fixture(scope="session")
def shop_app(engine: Engine, shop_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The program, as a process, on `shop_database`. Shared: do not write through it."""
    app = RunningApp(engine.environment(shop_database), ("serve",), tmp_path_factory.mktemp("shop"))
    try:
        app.wait_ready()
        yield app
    finally:
        end([(app, True)])
