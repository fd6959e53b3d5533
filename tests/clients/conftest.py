"""Marks the tests that drive a browser or Node, so that the default suite leaves them out."""

from __future__ import annotations

import pytest

from tests.clients.fix_node import client_app, client_settings, error_of, npm, printed_schema

__all__ = ["client_app", "client_settings", "error_of", "npm", "printed_schema"]

MARKS = {"browser": {"browser", "window"}, "clients": {"npm"}}
"""By marker, the fixtures that open Chromium, and that run other people's packages."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test with one of these fixtures, directly or through another, has the marker."""
    for marker, fixtures in MARKS.items():
        if fixtures & set(getattr(item, "fixturenames", ())):
            item.add_marker(marker)
