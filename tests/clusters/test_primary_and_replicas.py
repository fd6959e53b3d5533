"""A primary with two replicas: it is killed under load, a replica is promoted, what was acknowledged is looked for."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.clusters.load import SCHEMA
from tests.clusters.run import environment, under_load
from tests.clusters.table import check_answered, row
from tests.harness.replication import Members, primary_and_replicas, promote
from tests.harness.servers import NotInstalled

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

NOTICED = 0.3
"""Seconds after which whoever watches the primary promotes a replica."""


@contextmanager
def members(*, semi_sync: bool) -> Iterator[Members]:
    """Three servers, the first of them the primary."""
    try:
        with primary_and_replicas(3, semi_sync=semi_sync) as found:
            yield found
    except NotInstalled as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"MySQL replication NOT TESTED: {error}")


def fail_over(found: Members) -> None:
    """Kills the primary, and promotes the second server."""
    found[0][0].signal(signal.SIGKILL)
    time.sleep(NOTICED)
    promote(found[1][1])


@pytest.mark.parametrize("semi_sync", [False, True], ids=["asynchronous", "semi-synchronous"])
async def test_a_replica_is_promoted(semi_sync: bool) -> None:
    with members(semi_sync=semi_sync) as found:
        engines = [engine for _, engine in found]
        database = engines[0].create_database(SCHEMA)
        load, judged = await under_load(
            environment(engines, database), lambda: fail_over(found), lambda: engines[1], lasts=4
        )
    kind = "semi-synchronous" if semi_sync else "asynchronous"
    row(f"primary, 2 replicas, {kind}", "kill -9, a replica promoted after 0.3 s", load, judged)
    check_answered(load)
    assert (judged.twice, judged.misjudged) == (0, 0)
    if semi_sync:
        assert (judged.lost, load.stale) == (0, 0)
