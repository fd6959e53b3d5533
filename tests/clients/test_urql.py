"""urql, with its document cache and with Graphcache that knows the schema."""

from __future__ import annotations

import pytest

from tests.clients.fix_node import ErrorOf
from tests.clients.node import names_of

SCRIPT = "urql.test.mjs"


@pytest.mark.parametrize("name", names_of(SCRIPT))
def test_urql(name: str, error_of: ErrorOf) -> None:
    """Each test of the script."""
    assert error_of(SCRIPT, name) == ""
