"""Generated hostile requests against the running program: FUZZ_REQUESTS of seed FUZZ_SEED, the same in every run."""

from __future__ import annotations

import time

import pytest

from tests.fix_app import StartApp
from tests.harness.engine import Engine
from tests.hostile.generated import generated
from tests.hostile.run import FIGURES, REQUESTS, SEED
from tests.hostile.wire import answers

IMPATIENT = {"HEADER_TIMEOUT_SECONDS": "0.5", "BODY_TIMEOUT_SECONDS": "0.5"}
"""Requests whose end was cut off are not waited for."""
SHOWN = 20


@pytest.mark.timeout(7200)
async def test_generated_requests(start_app: StartApp, engine: Engine, own_shop: str) -> None:
    """No 5xx, no broken connection, nothing leaked, no traceback in the log; and the program goes on."""
    app = start_app(engine.environment(own_shop), settings=IMPATIENT)
    started = time.monotonic()
    found = await answers(app.port, generated(REQUESTS, SEED))
    seconds = time.monotonic() - started
    by_status = ", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items()))
    FIGURES.append(
        f"{engine.name}: FUZZ_REQUESTS={REQUESTS} FUZZ_SEED={SEED}: {seconds:.0f} s, {len(found.wrong)} wrong;"
        f" answers by status: {by_status}"
    )
    assert not found.wrong, f"{len(found.wrong)} of {REQUESTS}\n" + "\n".join(found.wrong[:SHOWN])
    assert app.client.get("/readyz").status_code == 200
    answer = app.client.post("/graphql", json={"query": "{users(limit:1){id}}"})
    assert len(answer.json()["data"]["users"]) == 1


def test_a_seed_makes_the_same_requests() -> None:
    """Whatever came before; another seed makes others."""
    first = [each.wire for each in generated(200, 7)]
    assert first == [each.wire for each in generated(200, 7)]
    assert len(set(first)) > 180
    assert first != [each.wire for each in generated(200, 8)]
