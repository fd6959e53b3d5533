"""Answers to introspection: made once for each question and schema, beside the event loop, and kept compressed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import orjson
from graphql import parse

from graphql_app.aside import aside
from graphql_app.graphql_api.execution import Context, execute
from graphql_app.graphql_api.long_text import LongText, long_text
from schema_gen.introspection import NotPlain
from schema_gen.introspection_parts import introspection_parts

MOST_BYTES = 16_000_000
"""Compressed answers kept for one schema; the whole introspection of a thousand tables is 3 MB."""


@dataclass(slots=True)
class Introspections:
    """The answers of one schema. One is made at a time: who waits may find theirs made."""

    _made: OrderedDict[bytes, LongText] = field(default_factory=OrderedDict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answer(self, context: Context, query: str, name: str | None, variables: object) -> LongText:
        """The answer to an operation that selects nothing but the schema."""
        key = orjson.dumps([query, name, variables], default=str)
        found = self._made.get(key)
        if found is None:
            async with self._lock:
                found = self._made.get(key)
                if found is None:
                    found = await aside(_answer, context, query, name, variables)
                    self._keep(key, found)
        self._made.move_to_end(key)
        return found

    def _keep(self, key: bytes, answer: LongText) -> None:
        self._made[key] = answer
        total = sum(len(each.gzip) for each in self._made.values())
        while total > MOST_BYTES and len(self._made) > 1:
            total -= len(self._made.popitem(last=False)[1].gzip)


def _answer(context: Context, query: str, name: str | None, variables: object) -> LongText:
    if not variables:
        try:
            return long_text(_parts(context, query, name))
        except NotPlain:
            pass
    # In a schema of its own: the one being served belongs to the event loop.
    built = context.built.again()
    given = variables if isinstance(variables, dict) else {}
    return long_text([asyncio.run(execute(replace(context, built=built), query, given, name))])


def _parts(context: Context, query: str, name: str | None) -> Iterator[bytes]:
    yield b'{"data":'
    yield from introspection_parts(lambda: context.built.again().schema, parse(query), name)
    yield b"}"
