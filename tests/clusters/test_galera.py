"""A Galera cluster of three: a node is killed, frozen, cut off, while clients write and read through the program."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.clusters.load import SCHEMA, Judged, Load
from tests.clusters.run import environment, under_load
from tests.clusters.table import row
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


def ready(members: Members) -> bool:
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
    while not ready(members):
        assert time.monotonic() < until, "the cluster does not become whole again"
        time.sleep(0.1)


@pytest.fixture
def database(members: Members) -> Iterator[str]:
    """A database, and a cluster that is whole before and after."""
    wait_until_whole(members)
    with members[0][1].database(SCHEMA) as name:
        yield name


def check(what: str, load: Load, judged: Judged, *, away: float) -> None:
    """Writes the row, and fails where a promise is broken."""
    row("Galera of 3", what, load, judged)
    assert (judged.lost, judged.twice, judged.misjudged, load.stale) == (0, 0, 0, 0)
    assert load.failed_writes + load.failed_reads == []
    assert load.write_gap < away


async def test_a_node_that_is_killed(members: Members, database: str) -> None:
    node = members[0][0]
    engines = [engine for _, engine in members]
    load, judged = await under_load(
        environment(engines, database), lambda: node.signal(signal.SIGKILL), lambda: engines[1], lasts=6
    )
    started(node)
    wait_until_whole(members)
    check("kill -9 of the writer", load, judged, away=5)


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
    check("SIGSTOP of the writer", load, judged, away=5)


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
    check("the writer cut off from its group", load, judged, away=6)
