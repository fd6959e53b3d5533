"""The schema as GraphQL's reference implementation sees it: by introspection, and as `graphql-app schema` prints it."""

from __future__ import annotations

import pytest

from tests.clients.fix_node import ErrorOf
from tests.clients.node import names_of

SCRIPT = "introspection.test.mjs"


@pytest.mark.parametrize("name", names_of(SCRIPT))
def test_graphql_js(name: str, printed_schema: str, error_of: ErrorOf) -> None:
    """Each test of the script."""
    assert printed_schema.startswith("schema {")
    assert error_of(SCRIPT, name) == ""
