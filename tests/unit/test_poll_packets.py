"""Polls of one group are asked together: by their times, by writes, and without harm to each other."""

from __future__ import annotations

import asyncio

from graphql_app.engine.live.packets import MOST
from graphql_app.errors import Code, DatabaseError, GatewayTimeoutException, RequestError
from tests.unit.live_bench import Bench, Client, PolledSource, runs, until


def group(number: int, **more: object) -> list[PolledSource]:
    """Sources that are asked together."""
    first = PolledSource([b"0"], group="g", **more)  # type: ignore[arg-type]
    return [first] + [
        PolledSource([b"%d" % place], group="g", packets=first.packets, fails=first.fails, **more)  # type: ignore[arg-type]
        for place in range(1, number)
    ]


def watched(bench: Bench, sources: list[PolledSource]) -> list[Client]:
    """A client of each."""
    return [bench.watch(source, place)[0] for place, source in enumerate(sources)]


def test_those_that_come_together_are_asked_together() -> None:
    async def work() -> None:
        bench, sources = Bench(most=200), group(60)
        clients = watched(bench, sources)
        await until(0.5)
        assert sorted(number for _, number in sources[0].packets) == [60 - MOST, MOST]
        assert [[answer for _, answer in client.told] for client in clients] == [[b"%d" % each] for each in range(60)]
        bench.live.wrote({"people"})
        await until(0.6)
        assert sum(number for _, number in sources[0].packets) == 120
        assert len(sources[0].packets) == 4
        await bench.live.close()

    runs(work)


def test_polls_that_began_at_other_times_come_together() -> None:
    async def work() -> None:
        bench, sources = Bench(most=200), group(10)
        for place, source in enumerate(sources):
            await until(place / 10)
            bench.watch(source, place)
        await until(5.0)
        sources[0].packets.clear()
        await until(9.0)
        assert len(sources[0].packets) <= 10
        assert sum(number for _, number in sources[0].packets) >= 30
        await bench.live.close()

    runs(work)


def test_other_groups_and_queries_of_none_are_asked_apart() -> None:
    async def work() -> None:
        bench, sources, alone = Bench(most=200), group(3), PolledSource([b"x"])
        other = PolledSource([b"y"], group="h")
        clients = watched(bench, [*sources, alone, other])
        await until(0.5)
        assert [number for _, number in sources[0].packets] == [3]
        assert [number for _, number in other.packets] == [1]
        assert [client.told[0][1] for client in clients] == [b"0", b"1", b"2", b"x", b"y"]
        await bench.live.close()

    runs(work)


def test_a_failure_is_that_of_one_query_alone() -> None:
    async def work() -> None:
        bench, sources = Bench(), group(3)
        sources[1].says = [RequestError(Code.INVALID_VALUE, "no")]
        clients = watched(bench, sources)
        await until(2.5)
        assert [len(client.ended) for client in clients] == [0, 1, 0]
        assert [client.told[0][1] for client in (clients[0], clients[2])] == [b"0", b"2"]
        assert bench.live.distinct == 2
        await bench.live.close()

    runs(work)


def test_packets_that_take_too_long_become_smaller_and_larger_again() -> None:
    async def work() -> None:
        bench, sources = Bench(), group(8)
        sources[0].fails += [GatewayTimeoutException(), GatewayTimeoutException()]
        clients = watched(bench, sources)
        await until(8.0)
        sizes = [number for _, number in sources[0].packets]
        assert sizes[0] == 8
        assert max(sizes[1:4]) <= 4
        assert sizes[-1] == 8
        assert all(client.told for client in clients)
        await bench.live.close()

    runs(work)


def test_who_leaves_is_not_asked_and_harms_nobody() -> None:
    async def work() -> None:
        bench, sources = Bench(), group(3, takes=0.2)
        watches = [bench.watch(source, place) for place, source in enumerate(sources)]
        await until(0.1)
        watches[0][1].close()
        await until(2.0)
        assert [client.told[0][1] for client, _ in watches[1:]] == [b"1", b"2"]
        assert bench.live.distinct == 2
        for _, watch in watches[1:]:
            watch.close()
        await until(4.0)
        assert bench.live.distinct == 0
        assert not bench.live.groups
        await bench.live.close()

    runs(work)


def test_an_unexpected_failure_ends_nothing() -> None:
    async def work() -> None:
        bench, sources = Bench(), group(2)
        sources[0].fails.append(ValueError("oops"))
        clients = watched(bench, sources)
        await until(4.0)
        assert all(client.told for client in clients)
        await bench.live.close()
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    runs(work)


def test_what_the_database_refuses_is_told_as_an_answer() -> None:
    async def work() -> None:
        bench, sources = Bench(), group(2)
        sources[1].says = [DatabaseError(Code.DATABASE_REFUSED, "no")]
        clients = watched(bench, sources)
        await until(0.5)
        assert [client.told[0][1] for client in clients] == [b"0", b"DATABASE_REFUSED"]
        await bench.live.close()

    runs(work)
