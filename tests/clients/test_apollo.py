"""Apollo Client, as an application without React uses it: cache, policies, pages, links."""

from __future__ import annotations

import pytest

from graphql_app.errors import RequestError
from graphql_app.graphql_api.http_protocol import parse_body, parse_query
from tests.clients.fix_node import ErrorOf
from tests.clients.node import names_of

SCRIPT = "apollo.test.mjs"


@pytest.mark.parametrize("name", names_of(SCRIPT))
def test_apollo(name: str, error_of: ErrorOf) -> None:
    """Each test of the script."""
    assert error_of(SCRIPT, name) == ""


def test_a_hash_without_a_query_is_answered_in_the_words_that_clients_wait_for() -> None:
    """Apollo, urql and others then send the whole query, and hashes no more."""
    with pytest.raises(RequestError, match=r"^PersistedQueryNotSupported$"):
        parse_body(b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}}')
    with pytest.raises(RequestError, match=r"^PersistedQueryNotSupported$"):
        parse_query(b"extensions=%7B%22persistedQuery%22%3A%7B%7D%7D")
    asked = parse_body(b'{"query": "{ users { id } }", "extensions": {"persistedQuery": {}}}')
    assert not isinstance(asked, list)
    assert asked.query == "{ users { id } }"
