"""A Galera cluster of three: a node is killed, frozen, cut off, while clients write and read through the program."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.clusters.load import SCHEMA, Judged, Load
from tests.clusters.run import environment, programs, under_load
from tests.clusters.table import FULL, check_answered, row, told
from tests.harness.engine import Engine
from tests.harness.galera import QUICK, Node, galera_nodes, started
from tests.harness.servers import NotInstalled

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

Members = list[tuple[Node, Engine]]
_CUT_OFF = "SET GLOBAL wsrep_provider_options = 'gmcast.isolate={}'"


@pytest.fixture(scope="module")
def members() -> Iterator[Members]:
    """Three nodes that vote a dead one out after a second."""
    try:
        with galera_nodes(3, QUICK) as nodes:
            yield nodes
    except NotInstalled as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Galera NOT TESTED: {error}")


def _ready(members: Members) -> bool:
    """Whether every node is a sound member of the whole cluster."""
    wanted = str(len(members))
    for _, engine in members:
        told = dict(engine.execute("SHOW STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_cluster_size')"))
        state = engine.execute("SHOW STATUS LIKE 'wsrep_local_state'")[0][1]
        if (told["wsrep_ready"], told["wsrep_cluster_size"], state) != ("ON", wanted, "4"):
            return False
    return True


def wait_until_whole(members: Members) -> None:
    until = time.monotonic() + 90
    while not _ready(members):
        assert time.monotonic() < until, "the cluster does not become whole again"
        time.sleep(0.1)


@pytest.fixture
def database(members: Members) -> Iterator[str]:
    """A database, and a cluster that is whole before and after."""
    wait_until_whole(members)
    with members[0][1].database(SCHEMA) as name:
        yield name


def kept(what: str, load: Load, judged: Judged) -> None:
    """Writes the row, and fails where something is lost, done twice, told wrongly or not seen."""
    row("Galera of 3", what, load, judged)
    assert (judged.lost, judged.twice, judged.misjudged, load.stale) == (0, 0, 0, 0)


def check(what: str, load: Load, judged: Judged, *, away: float) -> None:
    """Writes the row, and fails where a promise is broken."""
    kept(what, load, judged)
    check_answered(load, away=away)


async def test_a_node_that_is_killed(members: Members, database: str) -> None:
    node = members[0][0]
    engines = [engine for _, engine in members]
    load, judged = await under_load(
        environment(engines, database), lambda: node.signal(signal.SIGKILL), lambda: engines[1], lasts=6
    )
    started(node)
    wait_until_whole(members)
    check("kill -9 of the writer", load, judged, away=8)


async def test_a_node_that_is_frozen(members: Members, database: str) -> None:
    node = members[0][0]
    engines = [engine for _, engine in members]
    try:
        load, judged = await under_load(
            environment(engines, database), lambda: node.signal(signal.SIGSTOP), lambda: engines[1], lasts=6
        )
    finally:
        node.signal(signal.SIGCONT)
    wait_until_whole(members)
    check("SIGSTOP of the writer", load, judged, away=8)


async def test_nodes_that_are_restarted_one_after_the_other(members: Members, database: str) -> None:
    """As in an upgrade: SIGTERM, start, wait until it is a sound member again."""
    if not FULL:
        # On a busy machine a node may take longer than a minute and a half to come back, whoever uses it.
        pytest.skip("minutes of restarts: make clusters")
    restarts = 20 if FULL else 3

    def restart_each() -> None:
        for turn in range(restarts):
            node = members[turn % len(members)][0]
            node.signal(signal.SIGTERM)
            started(node)
            wait_until_whole(members)

    engines = [engine for _, engine in members]
    load, judged = await under_load(environment(engines, database), restart_each, lambda: engines[0], lasts=2)
    # On a busy machine the nodes themselves stand still for longer than a request waits; that is told in the row.
    kept(f"{restarts} restarts, one node after the other", load, judged)


async def test_all_nodes_take_writes_and_one_is_killed(members: Members, database: str) -> None:
    """Two processes, each over all nodes; what was written is read through another node at once."""
    node = members[2][0]
    engines = [engine for _, engine in members]
    load, judged = await under_load(
        environment(engines, database) | {"WRITERS": "any"},
        lambda: node.signal(signal.SIGKILL),
        lambda: engines[1],
        lasts=6,
        count=2,
    )
    started(node)
    wait_until_whole(members)
    check("2 processes, WRITERS=any, kill -9 of a node", load, judged, away=8)


async def test_one_key_through_two_processes_on_two_nodes(members: Members, database: str) -> None:
    """Each is done once, and both get the same answer."""
    engines = [engine for _, engine in members]
    pairs = 10_000 if FULL else 300
    async with (
        programs(environment(engines, database)) as one,
        programs(environment([*engines[1:], engines[0]], database)) as two,
        httpx.AsyncClient(timeout=60) as client,
    ):
        urls = (one[0].url, two[0].url)
        gate = asyncio.Semaphore(6)

        async def ask(url: str, number: int) -> object:
            while True:
                answer = await client.post(
                    f"{url}/api/written", json={"input": {"n": number}}, headers={"idempotency-key": f"pair {number}"}
                )
                if answer.status_code == 200:
                    return answer.json()["data"]
                assert answer.status_code in (409, 503, 504), answer.text
                assert answer.json()["details"].get("outcome") in (None, "not_applied", "unknown"), answer.text

        async def pair(number: int) -> bool:
            async with gate:
                first, second = await asyncio.gather(*(ask(url, number) for url in urls))
            return first == second

        alike = await asyncio.gather(*(pair(number) for number in range(pairs)))
    rows = engines[2].execute("SELECT n, COUNT(*) FROM written GROUP BY n", database)
    twice = sum(count - 1 for _, count in rows)
    told("Galera of 3", "one Idempotency-Key to two nodes at once", 2 * pairs, twice)
    assert (len(rows), twice, all(alike)) == (pairs, 0, True)


async def test_a_node_that_is_cut_off(members: Members, database: str) -> None:
    engines = [engine for _, engine in members]
    try:
        load, judged = await under_load(
            environment(engines, database),
            lambda: engines[0].execute(_CUT_OFF.format(1)),
            lambda: engines[1],
            lasts=7,
        )
    finally:
        engines[0].execute(_CUT_OFF.format(0))
    wait_until_whole(members)
    check("the writer cut off from its group", load, judged, away=8)
