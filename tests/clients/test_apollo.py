"""Apollo Client, as an application without React uses it: cache, policies, pages, links."""

from __future__ import annotations

import pytest

from tests.clients.fix_node import ErrorOf
from tests.clients.node import names_of

SCRIPT = "apollo.test.mjs"


@pytest.mark.parametrize("name", names_of(SCRIPT))
def test_apollo(name: str, error_of: ErrorOf) -> None:
    """Each test of the script."""
    assert error_of(SCRIPT, name) == ""
