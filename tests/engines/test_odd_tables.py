"""Odd tables by the hundred: each is read, written, exported and imported again, and holds then what it held before."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx
import pymysql
import pytest

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.introspect import introspect
from schema_gen.catalog.model import Catalog, Table
from schema_gen.names.naming import build_names
from schema_gen.types.column_types import type_of
from tests.engines.odd_tables import OddTable, odd_tables
from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.harness.raw_session import raw_session

pytestmark = pytest.mark.anyio

COUNT = int(os.environ.get("ODD_TABLES", "12"))
"""Tables for each engine."""
SEED = int(os.environ.get("ODD_TABLES_SEED", "1"))
BATCH = 100
"""Tables that one program serves at once."""
_SETUP = "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; SET time_zone = '+00:00'"


@pytest.mark.timeout(7200)
async def test_odd_tables(open_app: OpenApp, engine: Engine) -> None:
    """All faults are told at once, the kinds of tables with them."""
    faults: list[str] = []
    made = 0
    for start in range(0, COUNT, BATCH):
        with engine.database() as database:
            wanted = odd_tables(engine.name, SEED * 1000 + start, min(BATCH, COUNT - start))
            tables = [table for table in wanted if _created(engine, database, table)]
            made += len(tables)
            with raw_session(engine, database) as session:
                catalog = build_catalog(await introspect(session.fetch, database))
            async with open_app(engine.environment(database) | {"SCHEMA_POLL_SECONDS": "0"}) as client:
                for table in tables:
                    try:
                        await _tried(client, engine, database, catalog, table)
                    except Exception as error:
                        faults.append(f"{table.traits} {type(error).__name__}: {error}\n    {table.script}")
    assert not faults, f"{len(faults)} of {made} tables:\n" + "\n".join(faults)
    assert made > COUNT / 2


def _created(engine: Engine, database: str, table: OddTable) -> bool:
    """Whether the engine takes the table at all, with a row."""
    try:
        engine.execute(f"{_SETUP};{table.script}", database)
        return bool(engine.execute(f"SELECT COUNT(*) FROM {table.name}", database)[0][0])
    except pymysql.Error:
        engine.execute(f"DROP TABLE IF EXISTS {table.name}", database)
        return False


async def _tried(client: httpx.AsyncClient, engine: Engine, database: str, catalog: Catalog, odd: OddTable) -> None:
    table = catalog.tables[odd.name]
    await _reads(client, catalog, table)
    before = _rows(engine, database, odd)
    address = f"/api/{odd.name}"
    exported = await client.get(f"{address}/export")
    assert exported.status_code == 200, exported.text
    engine.execute(f"DELETE FROM {odd.name}", database)
    modes = ("insert", "upsert") if table.primary_key else ("insert",)
    for mode in modes:
        files = {"file": (f"{odd.name}.csv", exported.content)}
        answer = await client.post(f"/api/batch/import?mode={mode}", files=files)
        assert answer.status_code == 200, (mode, answer.text, exported.text)
        after = _rows(engine, database, odd)
        assert after == before, (mode, exported.text, before, after)
    await _writes(client, engine, database, catalog, table)


def _rows(engine: Engine, database: str, odd: OddTable) -> list[Any]:
    shown = ", ".join(odd.columns)
    return sorted(engine.execute(f"{_SETUP};SELECT {shown} FROM {odd.name}", database), key=repr)


async def _data(client: httpx.AsyncClient, query: str, **variables: object) -> Any:
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, (query, variables, answer["errors"][:3])
    return answer["data"]


async def _reads(client: httpx.AsyncClient, catalog: Catalog, table: Table) -> None:
    """Lists over both APIs, pages, orders and conditions on each column by the values shown."""
    own = build_names(catalog).table(table.name)
    shown = " ".join(own.columns.values())
    rows = (await _data(client, f"{{ rows: {own.roots.list} {{ {shown} }} }}"))["rows"]
    rest = await client.get(f"/api/{table.name}/query")
    assert rest.status_code == 200, rest.text
    seen = [own.columns[column.name] for column in table.columns.values() if not column.invisible]
    told = [{name: row[name] for name in seen} for row in rows]
    assert sorted(map(json.dumps, rest.json()["data"])) == sorted(map(json.dumps, told))
    await _conditions(client, table, rest.json()["data"])
    if table.primary_key:
        ids: list[object] = []
        after = None
        for _ in range(len(rows)):
            query = f"""query ($after: String) {{ page: {own.roots.connection}(first: 1, after: $after) {{
              edges {{ node {{ {shown} }} }} pageInfo {{ endCursor }} }} }}"""
            page = (await _data(client, query, after=after))["page"]
            ids += [edge["node"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
        assert sorted(map(json.dumps, ids)) == sorted(map(json.dumps, rows)), "pages"


async def _conditions(client: httpx.AsyncClient, table: Table, rows: list[dict[str, object]]) -> None:
    """Each value that is shown finds its row, and each column orders the rows."""
    for column in table.columns.values():
        # MariaDB keeps JSON as text, so that a number written otherwise is another one.
        if not type_of(column).operators or column.name not in rows[0] or column.type.base == "json":
            continue
        ordered = await client.get(f"/api/{table.name}/query?order={column.name}.desc")
        assert len(ordered.json()["data"]) == len(rows), ordered.text
        for row in rows:
            if (value := row[column.name]) is not None:
                found = await client.post(f"/api/{table.name}/query", json={"input": {column.name: value}})
                if not isinstance(value, list):
                    assert row in found.json()["data"], (column.name, value, found.text)


async def _writes(client: httpx.AsyncClient, engine: Engine, database: str, catalog: Catalog, table: Table) -> None:
    """A row of the defaults, and what the table insists on: it comes back as it is stored."""
    own = build_names(catalog).table(table.name)
    shown = " ".join(own.columns.values())
    (model,) = (await _data(client, f"{{ rows: {own.roots.list}(limit: 1) {{ {shown} }} }}"))["rows"]
    before = (await _data(client, f"{{ rows: {own.roots.list} {{ {shown} }} }}"))["rows"]
    needed = {
        own.columns[column.name]: model[own.columns[column.name]]
        for column in table.columns.values()
        if not column.has_default and not column.generated
    }
    if any(value is None for value in needed.values()):
        return  # a date of zeros is not known from what is shown
    engine.execute(f"DELETE FROM {table.name}", database)
    query = f"mutation ($row: {own.types.insert_input}!) {{ row: {own.roots.insert_one}(object: $row)"
    if not needed:
        query, variables = query.replace("($row: " + own.types.insert_input + "!)", "").replace("$row", "{}"), {}
    else:
        variables = {"row": needed}
    if not table.primary_key:
        answer = await client.post("/graphql", json={"query": f"{query} {{ __typename }} }}", "variables": variables})
        assert answer.json().get("errors", [{}])[0].get("extensions", {}).get("code") != "unexpected", answer.text
        return
    made = (await _data(client, f"{query} {{ {shown} }} }}", **variables))["row"]
    after = (await _data(client, f"{{ rows: {own.roots.list} {{ {shown} }} }}"))["rows"]
    assert after == [made], (before, made)
