"""postgrest-js, PostgREST's own client for JavaScript, against the bare addresses."""

from __future__ import annotations

import pytest

from tests.clients.fix_node import ErrorOf
from tests.clients.node import names_of

SCRIPT = "postgrest.test.mjs"


@pytest.mark.parametrize("name", names_of(SCRIPT))
def test_postgrest_js(name: str, error_of: ErrorOf) -> None:
    """Each test of the script."""
    assert error_of(SCRIPT, name) == ""
