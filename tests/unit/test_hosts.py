"""Several servers: the writer is found by asking, a silent one costs a moment, a demoted one is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from graphql_app.engine.execute.executor import Executor
from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.mysql.dial import NO_WRITER, ConnectionLost
from graphql_app.engine.mysql.host_roles import CATCH_UP
from graphql_app.engine.mysql.pool import Bulkhead, Pool, PoolSettings
from graphql_app.engine.mysql.topology import LOOK_SECONDS
from graphql_app.observability.events import Event, HostChanged, WriterMoved
from tests.faults.fake_server import Act, FakeServer, Reply, all_ok
from tests.faults.rig import at, change, one
from tests.faults.virtual import run_virtual

SYNCED: dict[bytes, bytes | None] = {
    b"wsrep_ready": b"ON",
    b"wsrep_local_state": b"4",
    b"wsrep_cluster_status": b"Primary",
    b"wsrep_cluster_state_uuid": b"cluster",
}
CUT_OFF = SYNCED | {b"wsrep_ready": b"OFF", b"wsrep_local_state": b"0", b"wsrep_cluster_status": b"non-Primary"}
NEVER = Act(delay=1000)


class Servers:
    """Servers, a pool over all of them, and its events."""

    def __init__(self, servers: list[FakeServer], pool: Pool, events: list[Event]) -> None:
        self.servers = servers
        self.pool = pool
        self.events = events

    async def place(self) -> int:
        """The number of the server that a connection leads to."""
        connection = await self.pool.acquire()
        self.pool.release(connection)
        return [f"127.0.0.1:{server.port}" for server in self.servers].index(connection.place)

    @property
    def moves(self) -> list[int]:
        """The servers that became the writer."""
        places = [f"127.0.0.1:{server.port}" for server in self.servers]
        return [places.index(event.host) for event in self.events if isinstance(event, WriterMoved)]


@asynccontextmanager
async def over(*servers: FakeServer, settings: PoolSettings | None = None) -> AsyncIterator[Servers]:
    events: list[Event] = []
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(server)
        pool = Pool([at(server.port) for server in servers], settings, events.append)
        yield Servers(list(servers), pool, events)
        await pool.close(grace=0.1)


def galera(count: int = 3) -> list[FakeServer]:
    """Nodes of one cluster."""
    servers = [FakeServer() for _ in range(count)]
    for server in servers:
        server.galera = dict(SYNCED)
    return servers


def primary_and_replica() -> tuple[FakeServer, FakeServer]:
    """Two servers of which the first takes writes."""
    primary, replica = FakeServer(), FakeServer()
    replica.read_only = True
    return primary, replica


def silence(server: FakeServer) -> None:
    """From now on it accepts connections and says nothing, on those that are open neither."""
    server.silent = True
    server.handler = lambda _sql: NEVER
    server.look = lambda _number: NEVER


def virtually(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """A test on a clock that jumps."""

    def run() -> None:
        async def work() -> None:
            await test()

        run_virtual(work())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@virtually
async def test_one_server_is_asked_nothing_more() -> None:
    server = FakeServer()
    async with over(server) as found:
        assert await found.place() == 0
        assert b"@@GLOBAL.read_only" not in server.received
        assert found.moves == []


@virtually
async def test_the_first_in_order_that_takes_writes_is_used() -> None:
    async with over(*galera()) as found:
        assert await found.place() == 0
        assert found.moves == [0]
        assert not any(b";".join(CATCH_UP) in server.received for server in found.servers[1:])
    replica, primary = reversed(primary_and_replica())
    async with over(replica, primary) as found:
        assert await found.place() == 1


@pytest.mark.parametrize("state", [CUT_OFF, SYNCED | {b"wsrep_local_state": b"2"}, SYNCED | {b"wsrep_ready": b"OFF"}])
def test_a_node_that_is_no_sound_member_is_passed_over(state: dict[bytes, bytes | None]) -> None:
    async def work() -> None:
        nodes = galera()
        nodes[0].galera = dict(state)
        async with over(*nodes) as found:
            assert await found.place() == 1
            assert found.pool.loop.time() < 0.1

    run_virtual(work())


@virtually
async def test_a_silent_server_costs_a_moment() -> None:
    nodes = galera()
    silence(nodes[0])
    async with over(*nodes) as found:
        assert await found.place() == 1
        assert 0.14 < found.pool.loop.time() < 0.2
        changed = [event for event in found.events if isinstance(event, HostChanged)]
        assert [(event.role, event.host) for event in changed][-1] == ("away", f"127.0.0.1:{nodes[0].port}")
        # A node that takes another's place has applied what was committed there.
        assert b";".join(CATCH_UP) in nodes[1].received


@virtually
async def test_a_frozen_writer_is_left_with_all_its_connections() -> None:
    nodes = galera()
    async with over(*nodes) as found:
        executor = Executor(found.pool)
        held = [await found.pool.acquire() for _ in range(5)]
        for connection in held:
            found.pool.release(connection)
        silence(nodes[0])
        before = found.pool.loop.time()
        jobs = [asyncio.create_task(executor.run(Kind.READ, one)) for _ in range(4)]
        assert {value for value, _ in await asyncio.gather(*jobs)} == {b"1"}
        assert found.pool.loop.time() - before < 1.2
        assert found.moves == [0, 1]
        again = found.pool.loop.time()
        assert await executor.run(Kind.READ, one) == (b"1", 0)
        assert found.pool.loop.time() - again < 0.05
        await executor.close()


@virtually
async def test_a_demoted_writer_is_left_at_once() -> None:
    primary, replica = primary_and_replica()
    async with over(primary, replica) as found:
        executor = Executor(found.pool)
        assert (await executor.run(Kind.WRITE, change))[1] == 0

        def refuse(sql: bytes) -> Reply:
            if b"UPDATE" not in sql:
                return all_ok(sql)
            return Reply().ok(more=True).error(1290, b"running with --read-only")

        primary.handler, primary.read_only, replica.read_only = refuse, True, False
        before = found.pool.loop.time()
        assert (await executor.run(Kind.WRITE, change))[1] == 1
        assert found.pool.loop.time() - before < 0.5
        assert found.moves == [0, 1]
        await executor.close()


@virtually
async def test_callers_wait_until_a_server_takes_writes() -> None:
    servers = [FakeServer(), FakeServer()]
    for server in servers:
        server.read_only = True
    async with over(*servers) as found:
        with pytest.raises(ConnectionLost) as caught:
            await found.pool.acquire()
        assert caught.value.code == NO_WRITER
        assert caught.value.reason == "; ".join(
            f"the server at 127.0.0.1:{each.port} takes no writes" for each in servers
        )
        waiting = asyncio.create_task(found.pool.acquire())
        await asyncio.sleep(3)
        servers[1].read_only = False
        found.pool.release(await waiting)
        assert found.pool.loop.time() < 3.3
        assert await found.place() == 1


@virtually
async def test_two_that_take_writes_and_are_no_cluster_are_no_choice() -> None:
    async with over(FakeServer(), FakeServer()) as found:
        with pytest.raises(ConnectionLost, match="both take writes: set read_only"):
            await found.pool.acquire()


@virtually
async def test_a_primary_that_comes_back_writable_takes_nothing_over() -> None:
    old, new = primary_and_replica()
    async with over(old, new) as found:
        assert await found.place() == 0
        silence(old)
        new.read_only = False
        found.pool.leave((await found.pool.acquire()).node)
        assert await found.place() == 1
        old.silent = False
        await asyncio.sleep(3 * LOOK_SECONDS)
        assert await found.place() == 1
        assert found.moves == [0, 1]


@virtually
async def test_an_earlier_node_of_the_cluster_gets_its_place_back() -> None:
    """All processes come to use the same one; it has to be there twice."""
    nodes = galera()
    nodes[0].galera = dict(CUT_OFF)
    async with over(*nodes) as found:
        assert await found.place() == 1
        nodes[0].galera = dict(SYNCED)
        await asyncio.sleep(1.5 * LOOK_SECONDS)
        assert await found.place() == 1
        await asyncio.sleep(LOOK_SECONDS)
        assert await found.place() == 0
        assert found.moves == [1, 0]


@virtually
async def test_a_writer_that_is_none_any_more_is_found_out_without_a_write() -> None:
    primary, replica = primary_and_replica()
    async with over(primary, replica) as found:
        assert await found.place() == 0
        primary.read_only, replica.read_only = True, False
        await asyncio.sleep(1.5 * LOOK_SECONDS)
        assert await found.place() == 1


@virtually
async def test_any_writer_means_all_of_them() -> None:
    async with over(*galera(), settings=PoolSettings(size=6, any_writer=True)) as found:
        held = [await found.pool.acquire() for _ in range(6)]
        assert {connection.place for connection in held} == {f"127.0.0.1:{each.port}" for each in found.servers}
        assert all(b"SET SESSION wsrep_sync_wait = 1" in server.received for server in found.servers)
        for connection in held:
            found.pool.release(connection)


@virtually
async def test_a_kill_goes_to_the_server_that_runs_the_statement() -> None:
    nodes = galera(2)
    async with over(*nodes) as found:
        connection = await found.pool.acquire()
        nodes[0].galera = dict(CUT_OFF)
        found.pool.leave(connection.node)
        other = await found.pool.acquire(Bulkhead.STOP)
        assert other.place != connection.place
        found.pool.release(other)
        assert not found.pool.leads_to(connection)
        way = await found.pool.reach(connection)
        assert way is not None
        assert way.place == connection.place
        found.pool.release(way)
        assert not way.usable
        found.pool.release(connection)
