"""Subscriptions as the clients of others make them: graphql-ws, graphql-sse, Apollo Client and urql."""

from __future__ import annotations

import pytest

from tests.clients.fix_node import ErrorOf
from tests.clients.node import names_of

SCRIPT = "subscriptions.test.mjs"


@pytest.mark.parametrize("name", names_of(SCRIPT))
def test_subscriptions(name: str, error_of: ErrorOf) -> None:
    """Each test of the script."""
    assert error_of(SCRIPT, name) == ""
