"""The limit's server: a bare Starlette endpoint for each workload. Its query is written by hand; no GraphQL is read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.limit import texts, trees
from bench.limit.reader import Query, open_query

Variables = Mapping[str, Any]
Answer = Callable[[Query, Variables], Awaitable[bytes]]


async def by_key(query: Query, given: Variables) -> bytes:
    """One album."""
    (rows,) = await query(texts.BY_KEY % given["id"])
    return b'{"data":{"albums_by_pk":%b}}' % (rows[0] if rows else b"null")


async def list_(query: Query, given: Variables) -> bytes:
    """A hundred tracks."""
    (rows,) = await query(texts.LIST % given["offset"])
    return b'{"data":{"tracks":[%b]}}' % b",".join(rows)


async def filtered(query: Query, given: Variables) -> bytes:
    """The twenty longest tracks of a genre above a length."""
    (rows,) = await query(texts.FILTERED % (given["genre"], given["longer"]))
    return b'{"data":{"tracks":[%b]}}' % b",".join(rows)


async def rows_10000(query: Query, given: Variables) -> bytes:
    """Ten thousand events."""
    (rows,) = await query(texts.EVENTS % given["after"])
    return b'{"data":{"events":[%b]}}' % b",".join(rows)


async def insert_one(query: Query, given: Variables) -> bytes:
    """A comment, and the row as it is stored: one transaction in one round trip."""
    _, rows, _ = await query(texts.BEGIN, texts.INSERT_ONE % _values([given["object"]]), texts.COMMIT)
    return b'{"data":{"insert_comments_one":%b}}' % rows[0]


async def insert_10000(query: Query, given: Variables) -> bytes:
    """Many comments in one statement, a few requests at a time: more at once hinder each other in InnoDB."""
    async with _few:
        await query(texts.INSERT_MANY % _values(given["objects"]))
    return b'{"data":{"insert_comments":{"affected_rows":%d}}}' % len(given["objects"])


def _values(objects: list[dict[str, Any]]) -> bytes:
    quoted = texts.quoted
    return ",".join(
        [f"({int(o['track_id'])},{quoted(o['author'])},{quoted(o['body'])},{int(o['rating'])})" for o in objects]
    ).encode()


def _enveloped(rows: list[bytes]) -> bytes:
    moment = datetime.now(UTC).isoformat(timespec="microseconds")[:-6].encode()
    return b'{"timestamp":"%bZ","message":"Query executed successfully","data":[%b],"retry_count":0}' % (
        moment,
        b",".join(rows),
    )


async def rest_by_key(query: Query, given: Variables) -> bytes:
    """One album, in the envelope of the REST layer."""
    (rows,) = await query(texts.BY_KEY % int(given["id"]))
    return _enveloped(rows)


async def rest_insert(query: Query, given: Variables) -> bytes:
    """A comment, and the key it got, in the envelope of the REST layer."""
    _, rows, _ = await query(texts.BEGIN, texts.INSERT_KEY % _values([given["input"]]), texts.COMMIT)
    moment = datetime.now(UTC).isoformat(timespec="microseconds")[:-6].encode()
    return _INSERTED % (moment, rows[0])


async def rest_list(query: Query, given: Variables) -> bytes:
    """A hundred tracks, in the envelope of the REST layer."""
    (rows,) = await query(texts.LIST % int(given["offset"]))
    return _enveloped(rows)


_few: Final = asyncio.Semaphore(4)
_INSERTED: Final = (
    b'{"timestamp":"%bZ","message":"Record inserted successfully","data":{"rows_affected":1,"id":%b},"retry_count":0}'
)
ANSWERS: Mapping[str, Answer] = {
    "by_key": by_key,
    "list": list_,
    "nested": trees.nested,
    "filtered": filtered,
    "big_nested": trees.big_nested,
    "rows_10000": rows_10000,
    "insert_one": insert_one,
    "insert_10000": insert_10000,
    "rest_insert": rest_insert,
}
"""By the workload's name: what answers a POST of variables (of a REST body: `rest_insert`)."""

REST_ANSWERS: Mapping[str, Answer] = {"rest_by_key": rest_by_key, "rest_list": rest_list}
"""By the workload's name: what answers a GET with a query string."""


def _post(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await answer(request.app.state.query, orjson.loads(await request.body()))
        return Response(body, media_type="application/json")

    return endpoint


def _get(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await answer(request.app.state.query, request.query_params)
        return Response(body, media_type="application/json")

    return endpoint


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with open_query(os.environ["BENCH_DRIVER"], os.environ["BENCH_ADDRESS"]) as query:
        app.state.query = query
        yield


app = Starlette(
    routes=[Route(f"/{name}", _post(answer), methods=["POST"]) for name, answer in ANSWERS.items()]
    + [Route(f"/{name}", _get(answer)) for name, answer in REST_ANSWERS.items()],
    lifespan=_lifespan,
)
