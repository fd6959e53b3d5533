"""Live queries on a virtual clock: when they are polled, who is told, and what an outage, a write and an end do."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from graphql_app.engine.live import queries as watch
from graphql_app.engine.live.queries import Ended
from graphql_app.engine.mysql.server_errors import StaleSchema
from graphql_app.errors import (
    Code,
    DatabaseError,
    GatewayTimeoutException,
    RequestError,
    ServiceUnavailableException as Away,
)
from graphql_app.observability.events import LiveQueryPolled, UnexpectedError
from tests.unit.live_bench import Bench, Client, PolledSource, runs, until

REQUEST: ContextVar[str] = ContextVar("request")


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times can be compared exactly."""
    monkeypatch.setattr(watch, "_JITTER", (1.0, 1.0))


def test_one_poll_for_all_who_watch_and_only_changes_are_told() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1", b"1", b"2"])
        clients = [bench.watch(source)[0] for _ in range(50)]
        await until(3.5)
        assert source.asked == [0, 1, 2, 3]
        assert all(client.told == [(0, b"1"), (2, b"2")] for client in clients)
        polled = [event for event in bench.events if isinstance(event, LiveQueryPolled)]
        assert [(each.changed, each.watchers) for each in polled] == [(True, 50), (False, 50), (True, 50), (False, 50)]
        await bench.live.close()

    runs(work)


def test_who_comes_later_is_told_the_last_answer_unless_it_is_known_to_be_old() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1", b"1", b"2"])
        first, _ = bench.watch(source)
        await until(0.5)
        later, _ = bench.watch(source)
        assert later.told == [(0.5, b"1")]
        bench.live.wrote({"people"})
        after_write, _ = bench.watch(source)
        assert after_write.told == []
        await until(0.6)
        assert after_write.told == [(0.5, b"1")], (
            "asked anew: the answer is told to whom has none, though it is the same"
        )
        assert len(first.told) == len(later.told) == 1
        await bench.live.close()

    runs(work)


def test_a_write_is_looked_at_at_once_and_many_writes_not_too_often() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1"])
        other = PolledSource([b"1"], tables=frozenset({"pets"}))
        bench.watch(source), bench.watch(other, "other")
        await until(0.3)
        bench.live.wrote(("orders", "people"))
        await until(0.301)
        assert source.asked == [0, 0.3]
        for step in range(120):
            bench.live.wrote({"people"})
            await until(0.301 + step / 1000)
        await until(1.2)
        assert source.asked == [0, 0.3, 0.35, 0.4, 0.45]
        assert other.asked == [0, 1]
        await bench.live.close()

    runs(work)


def test_a_write_during_a_poll_is_looked_at_after_it() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1"], takes=0.2)
        bench.watch(source)
        await until(0.1)
        bench.live.wrote({"people"})
        await until(0.9)
        assert source.asked == [0, 0.2]
        await bench.live.close()

    runs(work)


def test_a_slow_query_rests_as_long_as_it_takes_and_never_overlaps() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1"], takes=3.0)
        bench.watch(source)
        await until(13)
        assert source.asked == [0, 6, 12]
        await bench.live.close()

    runs(work)


def test_only_so_many_are_at_the_database_together() -> None:
    async def work() -> None:
        bench = Bench(at_once=2)
        sources = [PolledSource([b"1"], takes=0.1) for _ in range(4)]
        for key, source in enumerate(sources):
            bench.watch(source, key)
        await until(0.35)
        assert sorted(source.asked[0] for source in sources) == [0, 0, 0.1, 0.1]
        await bench.live.close()

    runs(work)


def test_the_last_who_leaves_ends_the_poll_also_while_it_is_at_the_database() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1"], takes=0.2)
        (_, one), (_, two) = bench.watch(source), bench.watch(source)
        one.close()
        await until(0.1)
        two.close()
        assert bench.live.distinct == 1, "it is waited for, which spares the server a kill"
        await until(5)
        assert source.asked == [0]
        assert bench.live.distinct == 0
        _, again = bench.watch(source)
        await until(5.5)
        again.close()
        assert bench.live.distinct == 0
        await until(9)
        assert source.asked == [0, 5]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    runs(work)


def test_a_poll_that_takes_long_is_stopped_when_the_last_has_left() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1"], takes=60)
        _, one = bench.watch(source)
        await until(0.1)
        one.close()
        await until(1)
        assert bench.live.distinct == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    runs(work)


def test_who_comes_back_before_a_poll_has_ended_is_told_its_answer() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1"], takes=0.2)
        _, gone = bench.watch(source)
        await until(0.1)
        gone.close()
        back, _ = bench.watch(source)
        await until(0.3)
        assert back.told == [(0.2, b"1")]
        await bench.live.close()

    runs(work)


def test_an_outage_is_waited_out_by_one_probe_for_all() -> None:
    async def work() -> None:
        bench = Bench()
        sources = [PolledSource([b"1", Away(), Away(), b"2"]) for _ in range(3)]
        clients = [bench.watch(source, key)[0] for key, source in enumerate(sources)]
        await until(0.9)
        bench.there = False
        await until(4)
        assert [len(source.asked) for source in sources] == [2, 2, 2]
        assert bench.probes == [1.1, 1.3, 1.7, 2.5, 3.3]
        bench.there = True
        await until(9)
        assert bench.probes == [1.1, 1.3, 1.7, 2.5, 3.3, 4.1, 4.2], "found away once more, by a poll"
        assert all(client.told == [(0, b"1"), (4.2, b"2")] for client in clients)
        assert all(client.ended == [] for client in clients)
        await bench.live.close()

    runs(work)


def test_a_query_that_runs_out_of_time_is_asked_ever_less() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([GatewayTimeoutException()])
        client, _ = bench.watch(source)
        await until(70)
        assert source.asked == [0, 2, 6, 14, 30, 46, 62]
        assert client.told == []
        await bench.live.close()

    runs(work)


def test_an_error_is_an_answer_told_once() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([DatabaseError(Code.RESULT_TOO_LARGE, "x")] * 2 + [b"1"])
        client, _ = bench.watch(source)
        await until(10)
        assert client.told == [(0, b"RESULT_TOO_LARGE"), (6, b"1")]
        await bench.live.close()

    runs(work)


def test_a_request_that_is_wrong_ends() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([RequestError(Code.INVALID_PARAMETER, "x")])
        client, _ = bench.watch(source)
        await until(5)
        assert (client.told, client.ended, source.asked) == ([], [b"INVALID_PARAMETER"], [0])
        assert bench.live.distinct == 0
        await bench.live.close()

    runs(work)


def test_a_structure_about_to_be_read_again_is_no_error_until_it_stays_so() -> None:
    async def work() -> None:
        stale = StaleSchema(Code.UNKNOWN_COLUMN, "x")
        bench, source = Bench(), PolledSource([stale, stale, b"1", stale])
        client, _ = bench.watch(source)
        await until(7.5)
        assert client.told == [(2, b"1")]
        await until(8.5)
        assert client.told == [(2, b"1"), (8, b"UNKNOWN_COLUMN")]
        await bench.live.close()

    runs(work)


def test_a_defect_of_ours_is_observed_and_the_poll_goes_on() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([ValueError("x"), b"1"])
        client, _ = bench.watch(source)
        await until(3)
        assert [type(event) for event in bench.events][:1] == [UnexpectedError]
        assert client.told == [(2, b"1")]
        await bench.live.close()

    runs(work)


def test_an_end_is_told_to_all_and_the_key_is_free() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"1", Ended(b"gone")])
        clients = [bench.watch(source)[0] for _ in range(3)]
        await until(1.5)
        assert all(client.ended == [b"gone"] for client in clients)
        assert bench.live.distinct == 0
        again, _ = bench.watch(PolledSource([b"3"]))
        await until(2)
        assert again.told == [(1.5, b"3")]
        bench.live.stop()
        assert again.ended == [None]
        with pytest.raises(Away):
            bench.watch(source)
        await bench.live.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    runs(work)


def test_a_stream_waits_until_its_last_batch_has_left() -> None:
    async def work() -> None:
        bench, source = Bench(), PolledSource([b"a", b"b", None, b"c", None], in_order=True)
        client, place = bench.watch(source)
        await until(5)
        assert client.told == [(0, b"a")]
        place.taken()
        await until(5.01)
        assert client.told[1:] == [(5, b"b")]
        place.taken()
        await until(7)
        assert client.told[2:] == [(6.05, b"c")], "nothing at 5.05; then as often as any other"
        await bench.live.close()

    runs(work)


def test_a_poll_belongs_to_no_request() -> None:
    """What a request keeps for itself would be kept, and added to, as long as anybody watches."""

    async def work() -> None:
        seen: list[str] = []

        class Looks(PolledSource):
            async def answer(self) -> bytes | None:
                seen.append(REQUEST.get("none"))
                return b"1"

        REQUEST.set("the first subscriber's")
        bench = Bench()
        bench.watch(Looks([b"1"]))
        await until(2.5)
        assert seen == ["none"] * 3
        await bench.live.close()

    runs(work)


def test_there_are_only_so_many() -> None:
    async def work() -> None:
        bench, source = Bench(most=2), PolledSource([b"1"])
        bench.watch(source, "a"), bench.watch(source, "a"), bench.watch(source, "b")
        with pytest.raises(RequestError) as refused:
            bench.watch(source, "c")
        assert refused.value.code is Code.LIMIT_EXCEEDED
        await bench.live.close()

    runs(work)


def test_a_source_that_cannot_be_made_leaves_no_poll() -> None:
    async def work() -> None:
        bench = Bench()

        def fail() -> PolledSource:
            raise RequestError(Code.INVALID_VALUE, "x")

        with pytest.raises(RequestError):
            bench.live.watch("q", fail, Client())
        assert bench.live.distinct == 0

    runs(work)
