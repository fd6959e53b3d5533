"""Answers to introspection: what is kept of them, in bytes, and that work for nobody ends."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest
from graphql import get_introspection_query

from graphql_app.errors import Code
from graphql_app.graphql_api import introspection_cache as introspections
from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.graphql_api.errors import RequestFailed
from graphql_app.graphql_api.introspection_cache import Introspections
from graphql_app.http.gzipped import PIECE, GzippedText, Joined, gzipped_text
from graphql_app.runtime import worker_thread as run_in_thread
from schema_gen.catalog.model import Catalog
from tests.unit.schema_shop import SHOP, built, catalog, column, table

MANY = catalog([table(f"t{n}", [column(f"c{m}", "int") for m in range(10)]) for n in range(60)])


class Asking:
    """Questions about one catalog."""

    def __init__(self, of: Catalog) -> None:
        schema = built(of)
        self.documents = Documents(schema.schema.graphql, DocumentLimits())
        self.answers = Introspections(of, schema)

    async def ask(self, query: str, **variables: object) -> GzippedText:
        """The answer, as the service asks for it."""
        return await self.answers.answer(self.documents.get(query).operation(None), query, variables)

    @property
    def kept(self) -> int:
        """How many answers are kept."""
        return len(self.answers._made)


async def test_what_is_not_declared_is_not_part_of_the_question() -> None:
    """Neither long texts nor numbers without end are kept, and the answer is the same one."""
    asking = Asking(SHOP)
    query = "query($n:String!){__type(name:$n){name}}"
    first = await asking.ask(query, n="orders")
    for junk in ("x" * 1_000_000, 10**5000, {"a": [None]}):
        assert await asking.ask(query, n="orders", junk=junk) is first
    assert asking.kept == 1
    assert first.whole() == b'{"data":{"__type":{"name":"orders"}}}'
    assert (await asking.ask(query, n="x" * 1_000_000)).whole() == b'{"data":{"__type":null}}'
    assert sum(len(key) for key in asking.answers._made) == 64


async def test_answers_are_kept_up_to_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go, and one that is larger than all of it is not kept at all."""
    monkeypatch.setattr(introspections, "MOST_BYTES", 8_000)
    asking = Asking(SHOP)
    for number in range(40):
        await asking.ask(f'{{a{number}:__type(name:"orders"){{name}}}}')
    assert 5 < asking.kept <= 8_000 // introspections.ENTRY_BYTES
    assert (await asking.ask(get_introspection_query())).length > 100_000
    assert asking.kept == 0


async def test_an_answer_may_take_so_much_work() -> None:
    """Three times the standard question is too much, whatever the database; the standard one passes."""
    for of in (SHOP, MANY):
        asking = Asking(of)
        assert (await asking.ask(get_introspection_query(input_value_deprecation=True))).length > 100_000
        many = " ".join(f"a{number}:types{{fields{{name args{{name}}}}}}" for number in range(90))
        with pytest.raises(RequestFailed) as refused:
            await asking.ask(f"{{__schema{{{many}}}}}")
        assert refused.value.code is Code.LIMIT_EXCEEDED


async def test_work_ends_when_nobody_waits_for_it() -> None:
    """The thread is free again at once, and the next question is answered."""
    asking = Asking(MANY)
    started = time.process_time()
    await asking.ask(get_introspection_query(descriptions=False))
    whole = time.process_time() - started
    task = asyncio.ensure_future(asking.ask(get_introspection_query()))
    while not run_in_thread._running:  # noqa: ASYNC110 - a thread tells no event
        await asyncio.sleep(0)
    started = time.process_time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await asking.ask("{__schema{queryType{name}}}")).length > 0
    while run_in_thread._running:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert time.process_time() - started < whole / 2


async def test_arguments_that_do_not_fit_are_told() -> None:
    """A null for a name is an error of the request, not of the program."""
    asking = Asking(SHOP)
    with pytest.raises(RequestFailed) as refused:
        await asking.ask('query($n:String="orders"){__type(name:$n){name}}', n=None)
    assert refused.value.code is Code.GRAPHQL_VALIDATION_FAILED


def test_long_texts_one_after_the_other() -> None:
    """Unpacked piece by piece; joined at once where none is long."""
    rows = b"".join(b'{"id":%d},' % number for number in range(100_000))
    joined = Joined.of(b"[", b",", (b"1", gzipped_text([rows]), b"2"), b"]")
    assert isinstance(joined, Joined)
    assert joined.whole() == b"[1," + rows + b",2]"
    assert joined.length == len(joined.whole())
    assert max(map(len, joined.pieces())) <= PIECE
    assert Joined.of(b"[", b",", (b"1", b"2"), b"]") == b"[1,2]"
    assert Joined.of(b"[", b",", (), b"]") == b"[]"


async def test_the_collector_looks_less_often_while_a_thread_computes() -> None:
    """And as before when the last one is done, also where one of them fails."""
    usual = gc.get_threshold()
    inside = asyncio.Event()
    loop, go_on = asyncio.get_running_loop(), threading.Event()

    def compute() -> tuple[int, int, int]:
        loop.call_soon_threadsafe(inside.set)
        go_on.wait(10)
        return gc.get_threshold()

    first = asyncio.ensure_future(run_in_thread.run_in_thread(compute))
    await inside.wait()
    with pytest.raises(ZeroDivisionError):
        await run_in_thread.run_in_thread(lambda: 1 // 0)
    assert gc.get_threshold() == run_in_thread.THRESHOLDS
    go_on.set()
    assert await first == run_in_thread.THRESHOLDS
    assert gc.get_threshold() == usual
