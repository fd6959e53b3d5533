"""The figures of reliability: short here, at full length by `make faults`, which prints them as a table."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

import pytest

from tests.faults import figures
from tests.faults.proxy import Break
from tests.faults.rolling import roll
from tests.faults.storm import Storm, storm
from tests.fix_app import StartApp
from tests.fix_private import PrivateServer, PrivateServers
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

FULL = os.environ.get("FAULTS") == "full"
ROWS: list[str] = []
"""The table, row by row."""


def row(name: str, what: str, goal: str, measured: str) -> None:
    """Adds a row to the table, which the end of the run prints."""
    ROWS.append(f"| {name} | {what} | {goal} | {measured} |")


def assert_exactly_once(found: Storm) -> None:
    """No write counts twice, none that was acknowledged is lost, no answer is another's."""
    assert found.verdict.duplicates == []
    assert found.verdict.lost == []
    assert found.history.wrong == []
    assert found.verdict.misjudged == []


STORMS = {
    EngineName.MARIADB: (20_000, 20) if FULL else (1_000, 2),
    EngineName.MYSQL: (3_000, 5) if FULL else (300, 1),
    EngineName.EMBEDDED: (3_000, 3) if FULL else (300, 1),
}


@pytest.mark.parametrize("name", STORMS)
async def test_r1_r2_a_storm(private_server: PrivateServers, name: EngineName) -> None:
    writes, kills = STORMS[name]
    found = await storm(private_server(name), writes, kills)
    row("R1", f"writes of 7 kinds through faults, {name}", "0 duplicates, 0 lost, 0 wrong answers", found.summary())
    wrong, failed, unknown = len(found.verdict.misjudged), len(found.history.failed), found.verdict.unknown
    told = f"{failed - wrong} of {failed} right; {unknown} `unknown`"
    row("R2", f"`outcome` of every failure, {name}", "100 % right", told)
    assert_exactly_once(found)
    assert found.share >= 0.2


async def test_r4_nothing_runs_on(mariadb: Engine) -> None:
    wanted = 2_000 if FULL else 100
    with mariadb.database(figures.NUMBERS) as database:
        left, applied = await figures.still_running(mariadb, database, wanted)
    row("R4", f"{wanted:,} statements past their limit", "0 run 100 ms later", f"{left} run, {applied} changes count")
    assert applied == 0
    assert left == 0 or not FULL


async def test_r5_cancellations(mariadb: Engine) -> None:
    wanted = 100_000 if FULL else 2_000
    with mariadb.database() as database:
        found = await figures.cancellations(mariadb, database, wanted)
    told = f"{found.cancelled:,} cancelled: {found.leaked} leaked, {found.strange} rows or errors of others"
    row("R5", "cancellations at random moments", "0 leaked, 0 rows of others", told)
    assert (found.leaked, found.strange) == (0, 0)


@pytest.mark.parametrize("what", [Break.STALL_ANSWER, Break.DRIP])
async def test_r6_the_sick_cost_others_little(mariadb: Engine, what: Break) -> None:
    with mariadb.database() as database:
        alone, beside = await figures.beside_the_sick(mariadb, database, what, 2_000 if FULL else 300)
    told = f"{alone * 1000:.1f} ms alone, {beside * 1000:.1f} ms beside"
    row("R6", f"p99 of reads beside 5 connections that {what}", "at most twice", told)
    assert beside <= 2 * alone + 0.01


async def test_r7_an_outage_under_load(private_mariadb: PrivateServer) -> None:
    found = await figures.outage(private_mariadb, 300, 20 if FULL else 10, 3)
    told = (
        f"{found.succeeded:,} of {found.requests:,} succeed, {found.attempts:.3f} attempts each, "
        f"first after {found.first * 1000:.0f} ms, slowest {found.slowest:.1f} s"
    )
    row("R7", "killed for 3 s under 300 requests/s", "99.9 %, 1.05 attempts, first in 300 ms", told)
    assert found.succeeded >= 0.999 * found.requests
    assert found.attempts <= 1.05
    assert found.first <= (0.3 if FULL else 1.0)


async def test_r9_the_schedule(mariadb: Engine) -> None:
    together = 100 if FULL else 20
    with mariadb.database() as database:
        seconds = await figures.schedules(mariadb, database, together)
    row("R9", f"{together} statements that never end", "5.85 s at most", f"{min(seconds):.2f} to {max(seconds):.2f} s")
    assert min(seconds) > 5.5
    assert max(seconds) <= (5.85 if FULL else 6.3)


@pytest.mark.engines("mariadb")
def test_r12_rolling_ends_under_load(start_app: StartApp, mariadb: Engine) -> None:
    turns = 20 if FULL else 2
    with mariadb.database("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)") as database:
        settings = {"WORKERS": "2", "DRAIN_SECONDS": "1"}
        found = roll(lambda: start_app(mariadb.environment(database), settings=settings), turns)
        ((rows,),) = mariadb.execute("SELECT COUNT(*) FROM t", database)
    total = found.seen.total()
    told = (
        f"{found.dropped} of {total:,} at {total / found.seconds:.0f}/s; `/readyz` 503 after "
        f"{max(found.told) * 1000:.0f} ms, gone after {max(found.gone):.1f} s at most"
    )
    row(
        "R12", f"{turns} programs of 2 workers replaced by SIGTERM under load", "0 dropped, 0 twice, gone in 10 s", told
    )
    assert (found.dropped, rows, set(found.statuses)) == (0, total, {0}), found.seen


@pytest.mark.parametrize("name", EngineName)
async def test_what_the_ledger_costs(private_server: PrivateServers, name: EngineName) -> None:
    """One more row in a transaction that is there anyway, and no further round trip."""
    engine = private_server(name, durable=False).engine
    with engine.database(figures.NUMBERS) as database:
        plain, noted = await figures.ledger_cost(engine, database, 1_000 if FULL else 100)
    told = f"{plain * 1000:.2f} ms without, {noted * 1000:.2f} ms with: x {noted / plain:.2f}"
    row("Ledger", f"median of one insert, {name}", "at most one further round trip", told)
    assert noted < 4 * plain


@pytest.mark.parametrize("name", EngineName)
def test_r13_healing(start_app: StartApp, private_server: PrivateServers, name: EngineName) -> None:
    """A wrong schema, a wrong password, no database at the start: well again a second after the repair."""
    server = private_server(name, durable=False)
    engine = server.engine
    user = {"DB_USER": "late", "DB_PASSWORD": "right"}
    came = "CREATE DATABASE late; CREATE TABLE late.t (id INT PRIMARY KEY)"
    grant = "CREATE USER late IDENTIFIED BY 'right'; GRANT ALL ON late.* TO late"
    seconds = [
        _healing(start_app, engine.environment("late"), lambda: engine.execute(came)),
        _healing(start_app, engine.environment("late") | user, lambda: engine.execute(grant)),
    ]
    server.stop()
    seconds.append(_healing(start_app, engine.environment("late"), server.start))
    told = ", ".join(f"{each:.2f} s" for each in seconds)
    row("R13", f"wrong schema, wrong password, no database at start, {name}", "ready 1 s after the repair", told)
    assert max(seconds) <= (1.0 if FULL and name is not EngineName.EMBEDDED else 3.0)


def _healing(start_app: StartApp, environment: Mapping[str, str], repair: Callable[[], object]) -> float:
    """Seconds from the end of the repair until `/readyz` is 200."""
    app = start_app(environment, ready=False)
    assert app.wait_ready(503).json()["cause"]
    repair()
    started = time.monotonic()
    app.wait_ready()
    seconds = time.monotonic() - started
    app.stop()
    return seconds
