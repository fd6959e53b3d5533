"""Marks the tests that drive a browser, so that the default suite leaves them out."""

from __future__ import annotations

import pytest

FIXTURES = {"browser", "window"}
"""Fixtures that open Chromium."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test with one of these fixtures, directly or through another, is a browser test."""
    if FIXTURES & set(getattr(item, "fixturenames", ())):
        item.add_marker("browser")
