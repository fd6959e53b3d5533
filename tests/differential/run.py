"""What a run of the differential tests is given: how many examples, which seed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings

EXAMPLES: Final = int(os.environ.get("DIFFERENTIAL_EXAMPLES", "150"))
"""Requests for each engine and test."""
SEED: Final = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
"""Makes the rows and the requests; the same seed makes the same ones."""

REPEAT: Final = f"DIFFERENTIAL_SEED={SEED} DIFFERENTIAL_EXAMPLES={EXAMPLES}"
"""What to set to have the same run again."""

DONE: Final[list[str]] = []
"""What was really compared, for the end of the run."""


def examples(share: float = 1.0) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Runs a hypothesis test on this run's seed, on `share` of its examples."""
    bounds = settings(
        max_examples=max(1, round(EXAMPLES * share)),
        derandomize=False,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(SEED)(bounds(test))
