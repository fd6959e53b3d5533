"""The number of all rows beside a page of them, counted as `Prefer` says."""

from __future__ import annotations

from graphql_app.engine.engine import Engine
from graphql_app.engine.request.calls import (
    Aggregate,
    AggregateFields,
    Call,
    Count,
    Counting,
    Read,
    RootRequest,
    TotalCount,
)
from graphql_app.http.request_body import parse_json


async def count_rows(engine: Engine, read: Read, counting: Counting) -> tuple[int, Counting]:
    """How many rows `read` would give without its page, and how that was found out.

    Under rules that hide rows all are counted, whatever is asked: a guess would tell of hidden ones. Raises `AppError`.
    """
    guess = Aggregate(read.table, (TotalCount("n", counting),), read.where)
    if counting is not Counting.EXACT:
        prepared = engine.prepare(Call((RootRequest("data", guess),)))
        if prepared.guesses:
            return _number(parse_json((await engine.run(prepared)).texts[0])), counting
    count = Aggregate(read.table, (AggregateFields("n", (Count("n"),)),), read.where)
    reply = await engine.run(Call((RootRequest("data", count),)))
    return _number(parse_json(reply.texts[0])), Counting.EXACT


def _number(document: object) -> int:
    while isinstance(document, dict):
        document = document["n"]
    return int(str(document))
