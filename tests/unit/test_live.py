"""The catalog being served: what is read when, and what stays when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from graphql_app.auth.identity import Identity
from graphql_app.auth.permissions import Roles
from graphql_app.auth.rules_file import read_roles
from graphql_app.engine.live import catalog as live_module
from graphql_app.engine.live.catalog import CatalogWatcher, Loaded, Snapshot
from graphql_app.engine.mysql.server_errors import StaleSchema
from graphql_app.engine.sql.dialects import Features, Flavour
from graphql_app.errors import AppError, Code, Outcome, RequestError, ServiceUnavailableException
from graphql_app.observability.events import Event, RulesBroken, SchemaChanged, SchemaFailed, UnexpectedError
from schema_gen.catalog.build import build_catalog
from tests.unit.schema_rows import column_row, rows

pytestmark = pytest.mark.anyio


@dataclass
class Database:
    """A source whose structure a test changes: the columns of table `t`."""

    columns: list[str] = field(default_factory=lambda: ["id"])
    loads: int = 0
    marks: int = 0
    failure: Exception | None = None
    roles: Roles | None = None

    async def load(self) -> Loaded:
        self.loads += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        made = rows(*(column_row("int", name=name, ordinal=place) for place, name in enumerate(self.columns)))
        return Loaded(build_catalog(made), Features(Flavour.MYSQL), ",".join(self.columns), self.roles)

    async def schema_version(self) -> str:
        self.marks += 1
        return ",".join(self.columns)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def live(database: Database, events: list[Event]) -> CatalogWatcher:
    made = CatalogWatcher(database, events.append)
    await made.reload()
    return made


def stale(outcome: Outcome | None = None) -> StaleSchema:
    return StaleSchema(Code.UNKNOWN_COLUMN, "Unknown column", outcome=outcome)


async def test_nothing_is_read_twice_for_nothing(live: CatalogWatcher, database: Database) -> None:
    before = live.snapshot
    assert await live.refresh() is before
    assert (database.loads, database.marks) == (1, 1)
    assert await live.reload() is before
    assert database.loads == 2


async def test_a_change_is_served_and_told(live: CatalogWatcher, database: Database, events: list[Event]) -> None:
    database.columns = ["id", "name"]
    snapshot = await live.refresh()
    assert snapshot.generation == 2
    assert [str(change) for change in snapshot.changes] == ["column added t.name"]
    database.columns = ["name"]
    await live.refresh()
    assert events == [
        SchemaChanged(2, 1, 0, "column added t.name"),
        SchemaChanged(3, 1, 1, "column removed t.id (breaking)"),
    ]


async def test_callers_that_wait_share_one_reading(live: CatalogWatcher, database: Database) -> None:
    database.columns.append("more")
    snapshots = await asyncio.gather(*(live.reload() for _ in range(20)))
    assert {snapshot.generation for snapshot in snapshots} == {2}
    assert database.loads <= 3


@pytest.mark.parametrize("failure", [ServiceUnavailableException(), RuntimeError("a defect")])
async def test_the_last_good_one_stays(
    live: CatalogWatcher, database: Database, events: list[Event], failure: Exception
) -> None:
    before = live.snapshot
    database.columns, database.failure = ["other"], failure
    for _ in range(2):
        with pytest.raises(AppError):
            await live.refresh()
    assert live.snapshot is before
    assert live.failure is not None
    assert len([event for event in events if isinstance(event, SchemaFailed)]) == 1
    assert any(isinstance(event, UnexpectedError) for event in events) is isinstance(failure, RuntimeError)
    database.failure = None
    assert (await live.refresh()).generation == 2
    assert live.failure is None


async def test_a_listener_that_fails_leaves_the_last_good_one(live: CatalogWatcher, database: Database) -> None:
    async def refuse(_snapshot: Snapshot) -> None:
        raise RuntimeError("no schema can be made of it")

    live.listen(refuse)
    database.columns.append("more")
    with pytest.raises(AppError, match="could not be built"):
        await live.refresh()
    assert live.snapshot.generation == 1
    assert live.failure is not None


NAMED: Roles = read_roles({"user": {"tables": {"t": {"select": {"columns": ["name"], "filter": {}}}}}}, source="rules")


async def test_rules_of_what_is_not_there_are_an_error_at_start(database: Database, events: list[Event]) -> None:
    database.roles = NAMED
    live = CatalogWatcher(database, events.append)
    with pytest.raises(AppError, match=r"rules: roles.user.tables.t.select: 't' has no column 'name'") as caught:
        await live.reload()
    assert caught.value.code is Code.CONFLICT
    assert not live.ready
    database.columns.append("name")
    await live.reload()
    assert live.ready


async def test_rules_of_what_is_gone_deny_and_are_told_once(database: Database, events: list[Event]) -> None:
    database.roles, database.columns = NAMED, ["id", "name"]
    live = CatalogWatcher(database, events.append)
    user = Identity("user")
    assert list((await live.reload()).access(user).catalog.tables["t"].columns) == ["name"]
    database.columns = ["id"]
    assert not (await live.refresh()).access(user).catalog.tables
    database.columns = ["id", "more"]
    await live.refresh()
    database.columns = ["name"]
    assert list((await live.refresh()).access(user).catalog.tables) == ["t"]
    told = [event for event in events if isinstance(event, RulesBroken)]
    assert told == [RulesBroken(1, "rules: roles.user.tables.t.select: 't' has no column 'name'"), RulesBroken(0, "")]


async def test_a_refused_statement_is_asked_once_more_of_the_new_structure(
    live: CatalogWatcher, database: Database
) -> None:
    asked = []

    async def ask() -> int:
        asked.append(live.snapshot.generation)
        if live.snapshot.generation == 1:
            raise stale(Outcome.NOT_APPLIED)
        return live.snapshot.generation

    database.columns.append("more")
    assert await live.retry_on_stale_schema(ask) == 2
    assert asked == [1, 2]


async def test_a_refusal_that_is_not_about_a_change_is_final(live: CatalogWatcher, database: Database) -> None:
    asked = []

    async def ask() -> None:
        asked.append(1)
        raise stale()

    for _ in range(5):
        with pytest.raises(StaleSchema):
            await live.retry_on_stale_schema(ask)
    assert len(asked) == 5
    assert database.marks == 1, "a view that is broken for good must not keep the database busy"


async def test_what_may_have_been_done_is_not_asked_again(live: CatalogWatcher, database: Database) -> None:
    asked = []

    async def ask() -> None:
        asked.append(1)
        raise stale(Outcome.UNKNOWN)

    database.columns.append("more")
    with pytest.raises(StaleSchema):
        await live.retry_on_stale_schema(ask)
    assert asked == [1]


async def test_unknown_tables_do_not_keep_the_database_busy(live: CatalogWatcher, database: Database) -> None:
    for number in range(20):
        with pytest.raises(RequestError):
            await live.table(f"t{number}")
    assert database.marks + database.loads <= 2
    assert (await live.table("t")).name == "t"


@pytest.fixture
async def watched(live: CatalogWatcher, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CatalogWatcher]:
    """A catalog that is kept current, but not by itself."""
    monkeypatch.setattr(live_module, "RETRY_SECONDS", 0.01)
    task = asyncio.create_task(live.keep_current(0))
    yield live
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(live: CatalogWatcher, generation: int) -> None:
    async with asyncio.timeout(10):
        while live.snapshot.generation != generation:  # noqa: ASYNC110 - it has no other sign
            await asyncio.sleep(0.001)


async def test_reading_on_demand(watched: CatalogWatcher, database: Database) -> None:
    database.columns.append("more")
    watched.demand()
    await until(watched, 2)


async def test_watching_goes_on_after_a_failure(
    database: Database, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first load on, and whatever fails."""
    monkeypatch.setattr(live_module, "RETRY_SECONDS", 0.01)
    made = CatalogWatcher(database, events.append)
    database.failure = RuntimeError("a defect")
    task = asyncio.create_task(made.keep_current(0.01))
    async with asyncio.timeout(10):
        while database.loads < 3:  # noqa: ASYNC110 - it has no other sign
            await asyncio.sleep(0.001)
        database.failure = None
        while not made.ready:  # noqa: ASYNC110 - it has no other sign
            await asyncio.sleep(0.001)
    database.columns.append("more")
    await until(made, 2)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
