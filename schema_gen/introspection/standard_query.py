"""Answers to introspection queries, the standard one first."""

from __future__ import annotations

import orjson
from graphql import execute_sync, get_introspection_query, parse

from schema_gen.graphql.schema_class import CatalogSchema
from schema_gen.introspection.writer import NotPlain, introspection_of


def introspection(schema: CatalogSchema, query: str | None = None) -> bytes:
    """The response body to an introspection query, by default the standard one that most tools send.

    Seconds for a thousand tables: to be made once and kept, off the event loop.
    """
    document = parse(query or get_introspection_query())
    try:
        return b'{"data":' + introspection_of(schema.graphql, document) + b"}"
    except NotPlain:
        return orjson.dumps(execute_sync(schema.graphql, document).formatted)
