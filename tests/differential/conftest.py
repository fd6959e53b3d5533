"""Names the seed of the differential tests at the end of a run."""

from __future__ import annotations

import pytest

from tests.differential.run import DONE, REPEAT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells how to have the same requests again."""
    terminalreporter.section("differential tests")
    terminalreporter.line(f"again: {REPEAT} pytest tests/differential")
    for line in DONE:
        terminalreporter.line(line)
