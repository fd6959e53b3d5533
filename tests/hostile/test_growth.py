"""No request costs more than 2.2 times what its half costs, nor more than a request may: measured in a real process.

FUZZ_GROWTH_BYTES is the size up to which each kind is doubled: small by default, megabytes in `make fuzz`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fix_app import StartApp, end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.hostile.corpus import JSON, Hostile
from tests.hostile.growing import KINDS, SCHEMA, Kind
from tests.hostile.growth import Step, complaints, judged
from tests.hostile.run import FIGURES, GROWTH_BYTES
from tests.hostile.usage import MB, Usage, measured, worker

pytestmark = pytest.mark.engines("mariadb")

CLEAN = "DELETE FROM orders; UPDATE users SET parent_id = NULL WHERE id > 2; DELETE FROM users WHERE id > 2"
"""Only the rows of `growing.SCHEMA` are left."""


@pytest.fixture(scope="module")
def tables(engine: Engine) -> Iterator[str]:
    """The database of the requests, which may write to it."""
    with engine.database(SCHEMA) as name:
        yield name


@pytest.fixture(scope="module")
def program(engine: Engine, tables: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The program on it."""
    app = RunningApp(engine.environment(tables), ("serve",), tmp_path_factory.mktemp("growth"))
    try:
        app.wait_ready()
        yield app
    finally:
        end([(app, True)])


@pytest.fixture
def growing_app(program: RunningApp, engine: Engine, tables: str) -> Iterator[RunningApp]:
    """The same; what a kind inserts is no burden to those after it, whose conditions are then asked of a few rows."""
    yield program
    engine.execute(CLEAN, tables)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", KINDS)
def test_a_request_costs_what_it_is_long(growing_app: RunningApp, name: str) -> None:
    """In CPU and in memory, whatever it is long by."""
    app = growing_app
    found, wrong = complaints(app.port, worker(app.process.pid), KINDS[name], GROWTH_BYTES)
    FIGURES.append(f"growth of {name}: {found[-1]}")
    assert not wrong, "\n".join(wrong)
    assert app.client.get("/healthz").status_code == 200


def _step(parts: int, cpu: float, memory: int, status: int = 200, size: int = MB) -> Step:
    return Step(parts, size, status, Usage(cpu, memory))


@pytest.mark.parametrize(
    ("half", "whole", "words"),
    [
        (_step(1, 0.3, 0), _step(2, 0.6, 0), ()),
        (_step(1, 0.2, 0), _step(2, 0.8, 0), ("grows faster",)),
        (_step(1, 0.01, 0), _step(2, 0.04, 0), ()),
        (_step(1, 0.15, 0), _step(4, 0.7, 0), ()),
        (_step(1, 0.1, 0), _step(4, 0.8, 0), ("grows faster",)),
        (_step(1, 0.01, 40 * MB), _step(2, 0.01, 100 * MB), ("grows faster",)),
        (_step(1, 0.2, 0), _step(2, 0.8, 0, 400), ()),
        (_step(1, 0.9, 0), _step(2, 1.3, 0), ("costs too much",)),
        (_step(1, 1.0, 0, size=4 * MB), _step(2, 2.0, 0, size=8 * MB), ()),
        (_step(1, 0.0, 190 * MB), _step(2, 0.0, 210 * MB), ("costs too much",)),
    ],
)
def test_what_is_judged_wrong(half: Step, whole: Step, words: tuple[str, ...]) -> None:
    found = judged(half, whole)
    assert len(found) == len(words)
    assert all(word in complaint for word, complaint in zip(words, found, strict=True))


@pytest.fixture
def fresh_app(start_app: StartApp, engine: Engine, database: str) -> RunningApp:
    """A program that has no memory to spare from larger requests."""
    return start_app(engine.environment(database))


def test_the_process_that_works_is_measured(fresh_app: RunningApp) -> None:
    """A request of megabytes costs it something, and is not free."""
    body = b'{"query":"{__typename}","extensions":{"x":"' + b"x" * 4 * MB + b'"}}'
    kind = Kind(lambda n: Hostile("", "POST", b"/graphql", JSON, body * n), first=1, most=1)
    pid = worker(fresh_app.process.pid)
    (step,), wrong = complaints(fresh_app.port, pid, kind, 10 * MB)
    assert (step.status, wrong) == (200, [])
    assert step.usage.memory > MB // 2
    usage = measured(pid, lambda: None)
    assert usage.memory < 10 * MB
