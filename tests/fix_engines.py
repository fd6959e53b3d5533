"""Fixtures for the three engines: shared servers with databases of one's own.

`engine` runs a test once on each engine; `embedded`, `mariadb` and `mysql` ask for one by
name. `@pytest.mark.engines("mariadb", ...)` narrows `engine` for a test, `--engines` for a run.
An engine this machine does not have is a skip that the summary names; where CI=true or the
engine is listed in REQUIRE_ENGINES it is a failure. All processes of a run share one server
an engine; tests keep apart by databases of their own names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.harness import keeper_client
from tests.harness.engine import Engine, engine_at
from tests.harness.engines import EngineName, installed
from tests.harness.servers import Held, NotInstalled

__all__ = ["Engine", "EngineName", "Held"]

ALL_ENGINES = tuple(EngineName)
FIXTURES = {
    "embedded": (EngineName.EMBEDDED,),
    "mariadb": (EngineName.MARIADB,),
    "mysql": (EngineName.MYSQL,),
}
"""Fixtures that ask for a shared engine by name."""
PRIVATE = {
    "private_embedded": EngineName.EMBEDDED,
    "private_mariadb": EngineName.MARIADB,
    "private_mysql": EngineName.MYSQL,
}
"""Fixtures that start a server for one test; `private_server` starts whichever the test names."""


def required(name: EngineName) -> bool:
    """Whether a run without this engine is a failed run."""
    listed = os.environ.get("REQUIRE_ENGINES", "").replace(",", " ").split()
    return name in listed or os.environ.get("CI", "").lower() in ("true", "1")


def obtain(name: EngineName, ask: Callable[[], Held]) -> Held:
    """What `ask` gives; a skip, or a failure where required, if this machine does not have the engine."""
    try:
        return ask()
    except NotInstalled as error:
        reason = f"{name} NOT TESTED: {error}"
    if required(name):
        pytest.fail(f"{reason} (required by CI or REQUIRE_ENGINES)", pytrace=False)
    pytest.skip(reason)


def _shared(name: EngineName) -> Engine:
    return engine_at(name, obtain(name, lambda: keeper_client.shared(name)).address)


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The shared server of each engine in turn (parametrised by `pytest_generate_tests`)."""
    return _shared(request.param)


@pytest.fixture(scope="session")
def embedded() -> Engine:
    """The shared embedded engine."""
    return _shared(EngineName.EMBEDDED)


@pytest.fixture(scope="session")
def mariadb() -> Engine:
    """The shared MariaDB."""
    return _shared(EngineName.MARIADB)


@pytest.fixture(scope="session")
def mysql() -> Engine:
    """The shared MySQL."""
    return _shared(EngineName.MYSQL)


@pytest.fixture
def database(engine: Engine) -> Iterator[str]:
    """An empty database on `engine`, dropped after the test."""
    with engine.database() as name:
        yield name


@pytest.fixture(scope="module")
def module_database(engine: Engine) -> Iterator[str]:
    """An empty database on `engine`, dropped after the module's tests."""
    with engine.database() as name:
        yield name


# --- hooks ------------------------------------------------------------------

_keeper = pytest.StashKey[keeper_client.KeeperProcess]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--engines`."""
    parser.addoption(
        "--engines",
        default=",".join(ALL_ENGINES),
        help="run the tests that need a server on these engines only (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Starts the keeper in the process that owns the run; workers of xdist find it by their environment."""
    for name in _chosen(config):
        if name not in ALL_ENGINES:
            raise pytest.UsageError(f"--engines: {name!r} is none of {', '.join(ALL_ENGINES)}")
    if keeper_client.VARIABLE not in os.environ and not config.option.collectonly:
        config.stash[_keeper] = keeper_client.KeeperProcess()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the keeper and every server with it."""
    if _keeper in config.stash:
        config.stash[_keeper].close()


def _chosen(config: pytest.Config) -> list[str]:
    return str(config.getoption("--engines")).replace(",", " ").split()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs tests of the `engine` fixture once on each engine that the run and the test's mark ask for."""
    if "engine" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("engines")
    wanted = [name for name in ALL_ENGINES if name in _chosen(metafunc.config) and (mark is None or name in mark.args)]
    metafunc.parametrize("engine", wanted, indirect=True, ids=str, scope="session")


def _engines_of(item: pytest.Item) -> tuple[EngineName, ...]:
    """The shared engines that a test runs on."""
    names = getattr(item, "fixturenames", ())
    by_name = tuple(engine for fixture, engines in FIXTURES.items() if fixture in names for engine in engines)
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    found = parameters.get("engine")
    # A test whose marks and `--engines` leave no engine has a place holder there, and is skipped.
    return by_name + ((found,) if isinstance(found, EngineName) else ())


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks every test that needs a server with `engine`."""
    if _engines_of(item) or any(name in getattr(item, "fixturenames", ()) for name in ("private_server", *PRIVATE)):
        item.add_marker("engine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests that need none of the engines of a run that was narrowed."""
    chosen = set(_chosen(config))
    if chosen == set(ALL_ENGINES):
        return
    left_out = [item for item in items if _elsewhere(item, chosen)]
    items[:] = [item for item in items if item not in set(left_out)]
    config.hook.pytest_deselected(items=left_out)


def _elsewhere(item: pytest.Item, chosen: set[str]) -> bool:
    names = getattr(item, "fixturenames", ())
    named = getattr(getattr(item, "callspec", None), "params", {}).values()
    needed = {
        *_engines_of(item),
        *(engine for fixture, engine in PRIVATE.items() if fixture in names),
        *(value for value in named if isinstance(value, EngineName)),
    }
    # The place holder of a test whose mark and run leave no engine is of no use in any run.
    return bool(needed or "engine" in names) and not needed & chosen


def pytest_collection_finish(session: pytest.Session) -> None:
    """Has the servers that the chosen tests need started now, all at once."""
    engines = {engine for item in session.items for engine in _engines_of(item)}
    if engines and not session.config.option.collectonly:
        keeper_client.warm(tuple(sorted(engines)))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The versions of the engines this machine has."""
    return [f"engine {name}: {_version(name)}" for name in ALL_ENGINES]


def _version(name: EngineName) -> str:
    try:
        return installed(name)
    except NotInstalled as error:
        return f"{'REQUIRED BUT ABSENT' if required(name) else 'absent'}: {error}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the servers that were run on, and those that were not, where nobody can miss it."""
    lines = keeper_client.report() if keeper_client.VARIABLE in os.environ else {}
    if lines:
        terminalreporter.section("engines")
    for name, outcome in sorted(lines.items()):
        terminalreporter.line(f"{name}: {outcome}", red="TESTED" in outcome or "FAILED" in outcome)
