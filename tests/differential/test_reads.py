"""Random queries on every engine: each answer equals the one that plain Python finds in the same rows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given

from graphql_app.engine.compile.sources import small_tables as lookups
from tests.differential.compare import difference
from tests.differential.database import Database
from tests.differential.dice import thrown
from tests.differential.large import read_as_if_large
from tests.differential.make_operation import operation as make_operation
from tests.differential.oracle import Oracle
from tests.differential.printed import printed
from tests.differential.query import Operation
from tests.differential.rows import load, make_rows
from tests.differential.run import REPEAT, SEED, examples
from tests.differential.tables import READ, definition
from tests.differential.values import Ambiguous
from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.differential, pytest.mark.timeout(3600)]

DATABASE = Database(make_rows(SEED))


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on the rows of this run's seed. Small tables are joined or read whole, as if there were many rows."""
    engine.execute(definition(READ), module_database)
    load(engine, module_database, DATABASE.rows, [table for table in READ if not table.view])
    engine.execute(f"ANALYZE TABLE {', '.join(table.name for table in READ if not table.view)}", module_database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "WORTH", 1)
        read_as_if_large(patch)
        async with open_app(engine.environment(module_database)) as http:
            yield GraphQLClient(http)


@examples()
@given(operation=thrown(make_operation))
async def test_queries(client: GraphQLClient, operation: Operation) -> None:
    request = printed(operation)
    said = f"{REPEAT}\n{request.text}\nvariables: {request.variables}"
    try:
        expected = Oracle(DATABASE).answer(operation)
    except Ambiguous:
        return
    answer = await client.answer(request.text, request.variables)
    assert "errors" not in answer, f"{answer['errors']}\n{said}"
    wrong = difference(expected, answer["data"])
    assert wrong is None, f"{wrong}\n{said}"
