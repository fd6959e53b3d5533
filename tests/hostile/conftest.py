"""Prints the figures at the end of a run that sent generated requests."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each engine: how many, of which seed, how long, and the answers by status."""
    from tests.hostile.run import FIGURES

    if FIGURES:
        terminalreporter.section("generated requests")
        terminalreporter.write_line("\n".join(FIGURES))
