"""Prints the figures at the end of a run that sent generated requests."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def own_garbage() -> Iterator[None]:
    """What others left is no part of what a document costs: the collector looks at what these tests make only."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each engine: how many, of which seed, how long, and the answers by status."""
    from tests.hostile.run import FIGURES

    if FIGURES:
        terminalreporter.section("generated requests")
        terminalreporter.write_line("\n".join(FIGURES))
