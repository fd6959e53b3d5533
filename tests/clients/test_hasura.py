"""Operations as Hasura v2's documentation writes them, unchanged, over the sample database: all of them are answered.

A file of `hasura/` holds the operations of one page of that documentation; beside it the variables of those that take
any, and the golden answers, which are the same on every engine.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, parse

from tests.fix_app import OpenApp
from tests.fix_shop import load_shop
from tests.graphql_client import GraphQLClient
from tests.harness import golden
from tests.harness.engine import Engine

FOLDER = Path(__file__).resolve().parent / "hasura"
WRITES = ("insert", "upsert", "update", "delete")
READS = sorted({path.stem for path in FOLDER.glob("*.graphql")} - set(WRITES))


@pytest.fixture(scope="module")
async def reading(engine: Engine, shop_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on the shared sample data."""
    async with open_app(engine.environment(shop_database)) as client:
        yield client


@pytest.fixture(scope="module")
async def writing(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on sample data of the module's own; each page writes rows of its own there."""
    load_shop(engine, module_database)
    async with open_app(engine.environment(module_database)) as client:
        yield client


async def answers(client: httpx.AsyncClient, page: str) -> dict[str, Any]:
    """The data of every operation of a page, in order, by its name. The whole page is sent each time."""
    text = (FOLDER / f"{page}.graphql").read_text()
    beside = FOLDER / f"{page}.variables.json"
    variables = json.loads(beside.read_text()) if beside.exists() else {}
    names = [
        each.name.value for each in parse(text).definitions if isinstance(each, OperationDefinitionNode) and each.name
    ]
    assert set(variables) <= set(names)
    graphql = GraphQLClient(client)
    return {name: await graphql.data(text, variables.get(name), name) for name in names}


@pytest.mark.parametrize("page", READS)
async def test_queries(page: str, reading: httpx.AsyncClient, update_golden: bool) -> None:
    """Each page of queries."""
    golden.check(FOLDER / f"{page}.json", golden.json_text(await answers(reading, page)), update=update_golden)


@pytest.mark.parametrize("page", WRITES)
async def test_mutations(page: str, writing: httpx.AsyncClient, update_golden: bool) -> None:
    """Each page of mutations."""
    golden.check(FOLDER / f"{page}.json", golden.json_text(await answers(writing, page)), update=update_golden)


BATCH = (
    'mutation { insert_tags_one(object: {name: "batch"}) { name } }',
    '{ tags(where: {name: {_eq: "batch"}}) { name } }',
    "{ tags { no_such_column } }",
    'mutation { delete_tags(where: {name: {_eq: "batch"}}) { affected_rows } }',
    '{ tags(where: {name: {_eq: "batch"}}) { name } }',
)


async def test_a_batch_is_run_in_order(writing: httpx.AsyncClient) -> None:
    """As Hasura does: what follows a mutation sees its rows, and a request that fails stops none of the others."""
    for _ in range(5):
        response = await writing.post("/graphql", json=[{"query": query} for query in BATCH])
        added, seen, failed, deleted, gone = response.json()
        assert (added["data"], seen["data"]) == ({"insert_tags_one": {"name": "batch"}}, {"tags": [{"name": "batch"}]})
        assert failed["errors"][0]["extensions"]["code"] == "validation-failed"
        assert (deleted["data"], gone["data"]) == ({"delete_tags": {"affected_rows": 1}}, {"tags": []})


def test_there_are_a_few_dozen_operations() -> None:
    """Enough to mean something, and no page is without its answers."""
    pages = {path.stem: parse(path.read_text()) for path in FOLDER.glob("*.graphql")}
    count = sum(isinstance(each, OperationDefinitionNode) for page in pages.values() for each in page.definitions)
    assert count > 90
    assert {path.stem for path in FOLDER.glob("*.json") if "." not in path.stem} == set(pages)
