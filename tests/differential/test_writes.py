"""Random mutations on every engine: answers and tables equal those of a model in plain Python."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given

from tests.differential.compare import difference
from tests.differential.dice import thrown
from tests.differential.make_writes import story
from tests.differential.model import NewId, Refused, new_ids
from tests.differential.mutations import performed
from tests.differential.printed import Printed, printed
from tests.differential.query import Operation
from tests.differential.rows import insert_rows, make_written
from tests.differential.run import REPEAT, SEED, examples
from tests.differential.schema import Kind, Table
from tests.differential.tables import WRITTEN, definition
from tests.differential.values import Ambiguous, Row, Rows, Runs, document
from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.differential, pytest.mark.timeout(3600)]

INITIAL = make_written(SEED)


class Store:
    """The tables in the database, over the plain driver."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def reset(self) -> None:
        """Gives the tables their first rows."""
        with self._connection.cursor() as cursor:
            cursor.execute("UPDATE members SET referrer_id = NULL")
            for table in reversed(WRITTEN):
                cursor.execute(f"DELETE FROM {table.name}")
            for table in WRITTEN:
                insert_rows(cursor, table, INITIAL[table.name])

    def rows(self) -> Rows:
        """All rows."""
        return {table.name: self._rows(table) for table in WRITTEN}

    def _rows(self, table: Table) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT {','.join(table.columns)} FROM {table.name}")
            found = [dict(zip(table.columns, row, strict=True)) for row in cursor.fetchall()]
        for column in table.of(Kind.JSON):
            for row in found:
                row[column.name] = None if row[column.name] is None else document(json.loads(row[column.name]))
        return found


@pytest.fixture(scope="module")
def store(engine: Engine, module_database: str) -> Iterator[Store]:
    """Tables of this engine."""
    engine.execute(definition(WRITTEN), module_database)
    with engine.connect(module_database) as connection:
        yield Store(connection)


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, store: Store, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on them."""
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


@examples(0.5)
@given(requests=thrown(story))
async def test_mutations(client: GraphQLClient, store: Store, requests: list[Operation]) -> None:
    store.reset()
    rows = INITIAL
    said = REPEAT
    for operation in requests:
        request = printed(operation)
        said += f"\n{request.text}\nvariables: {request.variables}"
        try:
            expected, after = performed(operation, rows)
        except Ambiguous:
            continue
        except Refused as refused:
            await _assert_refused(client, request, refused, said)
            assert _by_key(store.rows()) == _by_key(rows), f"a request that failed left something behind\n{said}"
            continue
        answer = await client.answer(request.text, request.variables)
        assert "errors" not in answer, f"{answer['errors']}\n{said}"
        actual = store.rows()
        ids = new_ids(after, actual)
        rows = {name: [_with_ids(row, ids) for row in found] for name, found in after.items()}
        assert _by_key(actual) == _by_key(rows), said
        wrong = difference(_with_ids(expected, ids), answer["data"])
        assert wrong is None, f"{wrong}\n{said}"


async def _assert_refused(client: GraphQLClient, request: Printed, refused: Refused, said: str) -> None:
    answer = await client.answer(request.text, request.variables)
    assert "errors" in answer, f"expected one of {refused.reasons}, got {answer}\n{said}"
    assert not answer.get("data"), said
    reason = answer["errors"][0]["extensions"]["reason"]
    assert reason in refused.reasons, f"expected one of {refused.reasons}, got {answer['errors']}\n{said}"


def _by_key(rows: Rows) -> dict[str, dict[tuple[Any, ...], Row]]:
    """The rows by their primary keys."""
    return {table.name: {tuple(row[name] for name in table.key): row for row in rows[table.name]} for table in WRITTEN}


def _with_ids(tree: Any, ids: dict[int, int]) -> Any:
    """The same with the database's own values in place of new ids."""
    match tree:
        case NewId():
            return ids.get(tree, tree)
        case dict():
            return {key: _with_ids(item, ids) for key, item in tree.items()}
        case list():
            return [_with_ids(item, ids) for item in tree]
        case Runs():
            return Runs(tuple(tuple(_with_ids(item, ids) for item in run) for run in tree.runs))
    return tree
