"""Generated hostile requests against the running program: FUZZ_REQUESTS of seed FUZZ_SEED, the same in every run."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Iterator
from contextlib import suppress

import pytest

from tests.fix_app import StartApp
from tests.harness.engine import Engine
from tests.hostile.generated import generated
from tests.hostile.growth import MEMORY, SECONDS
from tests.hostile.run import FIGURES, FIRST, REQUESTS, SEED
from tests.hostile.usage import MB, Usage, cpu_seconds, peak_begins, peak_since, worker
from tests.hostile.wire import AT_ONCE, Answers, Sent, answers, exchange

IMPATIENT = {"HEADER_TIMEOUT_SECONDS": "3", "BODY_TIMEOUT_SECONDS": "0.5"}
"""Requests whose end was cut off are not waited for."""
SHOWN = 20
TOLD = 5000
"""Requests after which a long run says how far it is."""

TRIES = 3


async def usage_of(pid: int, work: Awaitable[object]) -> Usage:
    """What `work` costs the process."""
    held, started = peak_begins(pid), cpu_seconds(pid)
    await work
    return Usage(cpu_seconds(pid) - started, peak_since(pid, held))


async def costs_too_much(port: int, pid: int, sent: Sent) -> list[str]:
    """A complaint where a request alone takes too much CPU, however often it is asked."""
    cost = 0.0
    for _ in range(TRIES):
        started = cpu_seconds(pid)
        with suppress(TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            await exchange(port, sent.wire)
        cost = cpu_seconds(pid) - started
        if cost <= SECONDS:
            return []
    return [f"{sent.name}: {cost:.2f} s of CPU\n    {sent.wire[:600]!r}"]


def told(engine: str, found: Answers, screen: pytest.CaptureFixture[str]) -> Iterator[Sent]:
    """The requests of this run; a long run says how far it is, what was wrong so far, and how to go on from there."""
    said, started = 0, time.monotonic()
    for done, sent in enumerate(generated(REQUESTS, SEED, FIRST)):
        yield sent
        if done % TOLD == TOLD - 1:
            text = progress(engine, done + 1, time.monotonic() - started, len(found.wrong))
            with screen.disabled():
                sys.stdout.write("\n".join(("", text, *found.wrong[said:][:SHOWN], "")))
                sys.stdout.flush()
            said = len(found.wrong)


def progress(engine: str, done: int, seconds: float, wrong: int) -> str:
    """How far a run is, and what goes on from there: with those too that are on their way."""
    number = FIRST + done - AT_ONCE
    return (
        f"{engine}: {done} of {REQUESTS} in {seconds:.0f} s, {wrong} wrong; to go on:"
        f" FUZZ_FIRST={number} FUZZ_REQUESTS={FIRST + REQUESTS - number} FUZZ_SEED={SEED}"
        f" pytest --engines {engine} tests/hostile/test_generated.py"
    )


@pytest.mark.timeout(7200)
async def test_generated_requests(
    start_app: StartApp, engine: Engine, own_shop: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """No 5xx, no broken connection, nothing leaked, no traceback in the log; and the program goes on."""
    app = start_app(engine.environment(own_shop), settings=IMPATIENT)
    started = time.monotonic()
    pid = worker(app.process.pid)
    found = Answers()
    usage = await usage_of(pid, answers(app.port, told(engine.name, found, capfd), found, lambda: cpu_seconds(pid)))
    seconds = time.monotonic() - started
    dear = [each for sent in found.slow for each in await costs_too_much(app.port, pid, sent)]
    by_status = ", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items()))
    FIGURES.append(
        f"{engine.name}: FUZZ_REQUESTS={REQUESTS} FUZZ_SEED={SEED} FUZZ_FIRST={FIRST}: {seconds:.0f} s,"
        f" {len(found.wrong)} wrong,"
        f" {len(dear)} over {SECONDS:.0f} s of CPU ({len(found.slow)} asked again); in all {usage.cpu:.0f} s of CPU,"
        f" {usage.memory // MB} MB more at the peak;"
        f" answers by status: {by_status}"
    )
    assert not found.wrong, f"{len(found.wrong)} of {REQUESTS}\n" + "\n".join(found.wrong[:SHOWN])
    assert not dear, "\n".join(dear[:SHOWN])
    assert usage.memory < MEMORY, "a request took more than 200 MB, or what was kept of all did"
    assert app.client.get("/readyz").status_code == 200
    answer = app.client.post("/graphql", json={"query": "{users(limit:1){id}}"})
    assert len(answer.json()["data"]["users"]) == 1


def test_a_seed_makes_the_same_requests() -> None:
    """Whatever came before; another seed makes others."""
    first = [each.wire for each in generated(200, 7)]
    assert first == [each.wire for each in generated(200, 7)]
    assert first[150:] == [each.wire for each in generated(50, 7, 150)]
    assert len(set(first)) > 180
    assert first != [each.wire for each in generated(200, 8)]
