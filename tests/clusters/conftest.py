"""Prints the table of clusters at the end of a run that made some rows."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, ready for docs/scaling.md."""
    from tests.clusters.table import HEAD, ROWS

    if ROWS:
        terminalreporter.section("clusters")
        terminalreporter.write_line("\n".join((HEAD, *ROWS)))
