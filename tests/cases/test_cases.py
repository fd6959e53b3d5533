"""The golden cases: what is asked, on every engine, against what hand-written SQL gives and what the files hold."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from graphql_app.engine.compile.sources import small_tables as lookups
from graphql_app.engine.sql.dialects import SQL_MODE
from tests.fix_app import OpenApp
from tests.harness.cases import Case, HttpCall, all_cases
from tests.harness.engine import Engine
from tests.harness.expected import expected
from tests.harness.recorder import Recorder, recording

CASES = all_cases()
SETTINGS = {"SCHEMA_POLL_SECONDS": "0", "LEDGER": "off", "DB_POOL_SIZE": "1", "DB_POOL_MIN": "1"}
"""Nothing but the request's own statements on the wire."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The program on a database, with a recorder between them."""

    client: httpx.AsyncClient
    recorder: Recorder
    database: str

    async def graphql(self, case: Case) -> Any:
        """The answer to the case's GraphQL."""
        answer = await self.client.post("/graphql", json={"query": case.graphql, "variables": case.variables})
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content)

    async def http(self, call: HttpCall) -> Any:
        """The answer to a REST call, without its timestamp."""
        headers = {"Content-Type": "application/json"} | dict(call.headers)
        answer = await self.client.request(call.method, call.address, headers=headers, content=call.body)
        assert answer.status_code == 200, answer.text
        body = json.loads(answer.content)
        assert body.pop("timestamp")
        return body


@pytest.fixture(autouse=True, scope="module")
def joined() -> Iterator[None]:
    """Small tables are joined whatever the engine believes of their sizes, which is its own affair."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "WORTH", 10**9)
        yield


@asynccontextmanager
async def staged(engine: Engine, database: str, open_app: OpenApp, folder: Path) -> AsyncIterator[Stage]:
    """Opens the program on `database` through a recorder."""
    async with recording(engine.socket, folder) as recorder:
        settings = engine.environment(database) | {"DB_SOCKET": recorder.socket} | SETTINGS
        async with open_app(settings) as client:
            yield Stage(client, recorder, database)


@pytest.fixture(scope="module")
async def shop(
    engine: Engine, shop_database: str, open_app: OpenApp, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The program on the sample database."""
    async with staged(engine, shop_database, open_app, tmp_path_factory.mktemp("shop")) as stage:
        yield stage


@pytest.mark.parametrize("case", [case for case in CASES if case.setup is None], ids=lambda case: case.name)
async def test_a_case_on_the_sample_database(case: Case, engine: Engine, shop: Stage, update_golden: bool) -> None:
    """Reads of the shared sample data."""
    await check(case, engine, shop, update=update_golden)


@pytest.mark.parametrize("case", [case for case in CASES if case.setup is not None], ids=lambda case: case.name)
async def test_a_case_on_a_database_of_its_own(
    case: Case, engine: Engine, database: str, open_app: OpenApp, tmp_path: Path, update_golden: bool
) -> None:
    """Writes, and reads of odd structures."""
    engine.execute(f"SET SESSION sql_mode = '{SQL_MODE}'; {case.setup_on(engine.name)}", database)
    async with staged(engine, database, open_app, tmp_path) as stage:
        await check(case, engine, stage, update=update_golden)


async def check(case: Case, engine: Engine, stage: Stage, *, update: bool) -> None:
    """What the case asks is answered as the hand-written SQL says, with the statements and in the form of its files."""
    stage.recorder.take()
    if case.graphql is not None:
        answer = await stage.graphql(case)
        case.check_sql(engine.name, stage.recorder.take(), update=update)
        assert answer.get("data") == expected(engine, stage.database, case.expected)
        case.check_answer(answer, update=update)
    if case.http is not None:
        answer = await stage.http(case.http)
        assert [answer["data"]] == list(expected(engine, stage.database, case.expected).values())
        case.check_http_answer(answer, update=update)


def test_there_are_cases() -> None:
    """An empty folder would pass all of the above."""
    assert CASES
