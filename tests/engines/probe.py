"""Asks everything of a schema that any schema must answer: introspection, every table, and rows by their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    validate_schema,
)

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.introspect import introspect
from schema_gen.catalog.model import Catalog, Table
from schema_gen.names.naming import Names, build_names
from tests.harness.engine import Engine
from tests.harness.raw_session import raw_session


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found: the tables, as the program must have read them, and how many rows were read by key."""

    catalog: Catalog
    names: Names
    schema: GraphQLSchema
    by_key: int


async def probe(client: httpx.AsyncClient, engine: Engine, database: str) -> Probed:
    """Looks at what `client`'s program serves of `database`. Fails where anything is not answered."""
    with raw_session(engine, database) as session:
        catalog = build_catalog(await introspect(session.fetch, database))
    names = build_names(catalog)
    schema = build_client_schema(await _data(client, get_introspection_query()))
    assert validate_schema(schema) == []
    by_key = 0
    for table in catalog:
        by_key += await _table(client, schema, names, table)
    return Probed(catalog, names, schema, by_key)


async def _data(client: httpx.AsyncClient, query: str, **variables: object) -> Any:
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, (query, answer["errors"][:3])
    return answer["data"]


async def _table(client: httpx.AsyncClient, schema: GraphQLSchema, names: Names, table: Table) -> int:
    """The table's rows by both APIs, and each by its key; how many the latter were."""
    own = names.table(table.name)
    row_type = schema.type_map[own.type]
    assert isinstance(row_type, GraphQLObjectType)
    shown = " ".join(own.columns[name] for name in table.columns)
    rows = (await _data(client, f"{{ rows: {own.roots.list}(limit: 5) {{ __typename {shown} }} }}"))["rows"]
    rest = await client.get(f"/api/{quote(table.name, safe='')}/query")
    assert rest.status_code == 200, rest.text
    assert len(rest.json()["data"]) >= len(rows)
    if table.primary_key is None:
        return 0
    root = schema.query_type
    assert root is not None
    types = root.fields[own.roots.by_pk].args
    key = [own.columns[name] for name in table.primary_key.columns]
    declared = ", ".join(f"$k{place}: {types[name].type}" for place, name in enumerate(key))
    given = ", ".join(f"{name}: $k{place}" for place, name in enumerate(key))
    for row in rows:
        values = {f"k{place}": row[name] for place, name in enumerate(key)}
        query = f"query ({declared}) {{ row: {own.roots.by_pk}({given}) {{ __typename {shown} }} }}"
        assert (await _data(client, query, **values))["row"] == row
    return len(rows)
