"""Answers to introspection: made once for each question and schema, beside the event loop, and kept compressed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import orjson
from graphql import GraphQLError, parse

from graphql_app.errors import Code
from graphql_app.graphql_api.documents.cache import MAX_ERRORS, DocumentOperation
from graphql_app.graphql_api.errors import RequestFailed, request_error
from graphql_app.http.gzipped import GzippedText, gzipped_text
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.model import Catalog
from schema_gen.graphql.schema import BuiltSchema
from schema_gen.introspection.chunks import introspection_parts
from schema_gen.introspection.writer import Effort, TooMuch

MOST_BYTES = 16_000_000
"""Compressed answers kept for one schema; the whole introspection of a thousand tables is 3 MB."""
ENTRY_BYTES = 500
"""What an answer takes beside its compressed text."""
EFFORT, EFFORT_OF_TABLE, EFFORT_OF_COLUMN = 10_000_000, 300_000, 60_000
"""The work of one answer, in bytes written: nearly three times the standard query's, whatever the database."""


@dataclass(slots=True)
class Introspections:
    """The answers of one schema. One is made at a time: a waiting caller may find its own made.

    `most` bytes are kept, `MOST_BYTES` where that is not said.
    """

    catalog: Catalog
    built: BuiltSchema
    most: int | None = None
    _made: OrderedDict[bytes, GzippedText] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answer(
        self, operation: DocumentOperation, query: str, variables: Mapping[str, object], only: str | None = None
    ) -> GzippedText:
        """The answer to an operation that selects nothing but the schema, or the value of its root field `only`.

        The work ends when the caller is cancelled. Raises `RequestFailed` where it would be too much.
        """
        # What is not declared is no part of the question.
        given = {each.name: variables[each.name] for each in operation.variables if each.name in variables}
        key = _key(query, operation.name, given, only)
        found = self._made.get(key)
        if found is None:
            async with self._lock:
                found = self._made.get(key)
                if found is None:
                    found = await self._make(query, operation.name, given, only)
                    self._keep(key, found)
        if key in self._made:
            self._made.move_to_end(key)
        return found

    async def _make(self, query: str, name: str, given: Mapping[str, object], only: str | None) -> GzippedText:
        effort = Effort(effort_for(self.catalog))
        try:
            return await run_in_thread(self._answer, query, name or None, given, only, effort)
        except TooMuch:
            raise RequestFailed.because(Code.LIMIT_EXCEEDED, "The introspection asks for too much at once.") from None
        except GraphQLError as error:
            code = Code.GRAPHQL_VALIDATION_FAILED
            raise RequestFailed([request_error(error, code)][:MAX_ERRORS], code) from None
        finally:
            effort.stopped = True

    def _answer(
        self, query: str, name: str | None, given: Mapping[str, object], only: str | None, effort: Effort
    ) -> GzippedText:
        # In a schema of its own: the one being served belongs to the event loop.
        parts = introspection_parts(lambda: self.built.again().schema, parse(query), name, given, effort, only)
        return gzipped_text(_body(parts) if only is None else _value(parts))

    def _keep(self, key: bytes, answer: GzippedText) -> None:
        self._made[key] = answer
        self._bytes += _size(answer)
        most = MOST_BYTES if self.most is None else self.most
        while self._bytes > most:
            self._bytes -= _size(self._made.popitem(last=False)[1])


def effort_for(catalog: Catalog) -> int:
    """The work that one answer may take."""
    columns = sum(len(table.columns) for table in catalog.tables.values())
    return EFFORT + EFFORT_OF_TABLE * len(catalog.tables) + EFFORT_OF_COLUMN * columns


def _key(query: str, name: str, given: Mapping[str, object], only: str | None) -> bytes:
    """A digest: questions and values may be long. Values are those of texts and flags, for they were checked."""
    values = [(each, type(value).__name__, str(value)) for each, value in given.items()]
    return sha256(orjson.dumps([query, name, values, only])).digest()


def _size(answer: GzippedText) -> int:
    return len(answer.gzip) + ENTRY_BYTES


def _body(parts: Iterator[bytes]) -> Iterator[bytes]:
    yield HEAD
    yield from parts
    yield b"}"


def _value(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces without the first and the last, which are the object around the only field."""
    next(parts)
    before = next(parts)
    for part in parts:
        yield before
        before = part


HEAD = b'{"data":'
