"""A Group Replication group of three: its primary is killed, frozen, and moved on purpose, under load."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pymysql
import pytest

from tests.clusters.load import SCHEMA, Judged, Load
from tests.clusters.run import environment, under_load
from tests.clusters.table import check_answered, row
from tests.harness.engine import Engine
from tests.harness.replication import Members, group, join, member_state, primary_of, start
from tests.harness.servers import NotInstalled

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

PATIENT = {"RETRY_TIMEOUTS_MS": "200,400,800,1600,6000,10000", "RETRY_DELAYS_MS": "400,800,1600,1600,1600"}
"""An election takes longer than the default schedule."""


@pytest.fixture(scope="module")
def members() -> Iterator[Members]:
    """Three members, the first of them the primary at the start."""
    try:
        with group(3) as found:
            yield found
    except NotInstalled as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Group Replication NOT TESTED: {error}")


@pytest.fixture
def database(members: Members) -> Iterator[str]:
    """A database of the group."""
    name = primary_of(members)[1].create_database(SCHEMA)
    yield name
    # A member that was thawed may call itself primary for a moment.
    for left in reversed(range(50)):
        try:
            primary_of(members)[1].drop_database(name)
            return
        except pymysql.MySQLError:
            if not left:
                raise
            time.sleep(0.2)


def engines_of(members: Members) -> list[Engine]:
    return [engine for _, engine in members]


def check(what: str, load: Load, judged: Judged) -> None:
    """Writes the row, and fails where a promise is broken."""
    row("Group Replication of 3", what, load, judged)
    assert (judged.lost, judged.twice, judged.misjudged, load.stale) == (0, 0, 0, 0)
    check_answered(load)


async def test_a_planned_switch(members: Members, database: str) -> None:
    primary = primary_of(members)[1]
    other = next(engine for engine in engines_of(members) if engine is not primary)
    (uuid,) = other.execute("SELECT @@server_uuid")[0]
    load, judged = await under_load(
        environment(engines_of(members), database),
        lambda: primary.execute(f"SELECT group_replication_set_as_primary('{uuid}')"),
        lambda: primary_of(members)[1],
        lasts=3,
    )
    check("planned switch", load, judged)


async def test_a_primary_that_is_killed(members: Members, database: str) -> None:
    server, engine = primary_of(members)
    load, judged = await under_load(
        environment(engines_of(members), database) | PATIENT,
        lambda: server.signal(signal.SIGKILL),
        lambda: primary_of(members)[1],
        lasts=15,
    )
    start(server)
    join(engine)
    check("kill -9 of the primary", load, judged)


async def test_a_primary_that_is_frozen(members: Members, database: str) -> None:
    server, engine = primary_of(members)
    others = [member for member in members if member[0] is not server]
    try:
        load, judged = await under_load(
            environment(engines_of(members), database) | PATIENT,
            lambda: server.signal(signal.SIGSTOP),
            lambda: primary_of(others)[1],
            lasts=18,
        )
    finally:
        server.signal(signal.SIGCONT)
    if member_state(engine)[0] != "ONLINE":
        engine.execute("STOP GROUP_REPLICATION")
        join(engine)
    check("SIGSTOP of the primary", load, judged)
