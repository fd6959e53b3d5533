"""Prints the table of figures at the end of a run that made some."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, ready for docs/reliability.md."""
    from tests.faults.test_figures import ROWS

    if ROWS:
        terminalreporter.section("figures")
        terminalreporter.write_line("| | What | Goal | Measured |\n| --- | --- | --- | --- |\n" + "\n".join(ROWS))
