"""Documents that are kept: bounded in bytes, together with what is compiled of them."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import pytest

from graphql_app.graphql_api.documents import cache as documents
from graphql_app.graphql_api.documents.cache import CACHED_SHAPES, Documents
from graphql_app.graphql_api.documents.limits import DocumentLimits
from tests.hostile.documents import users_schema

SCHEMA = users_schema()
BOUND = 400_000
SHAPES = {
    "small": lambda number: f"{{users(limit:{number}){{id}}}}",
    "wide": lambda number: "{" + " ".join(f"a{each}:users(limit:{number}){{id name}}" for each in range(90)) + "}",
    "long": lambda number: '{users(where:{name:{_eq:"' + "x" * 60_000 + f'{number}"}}}}){{id}}}}',
    "refused": lambda number: "{users{" + " ".join(f"nope{number}_{each}" for each in range(90)) + "}}",
    "no GraphQL": lambda number: f"{{users{{id}} # {number}",
}


@pytest.fixture
def traced() -> Iterator[None]:
    """Memory is counted."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("kind", SHAPES)
def test_memory_stays_within_the_bound(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the documents are like; the older ones go."""
    monkeypatch.setattr(documents, "CACHED_BYTES", BOUND)
    kept = Documents(SCHEMA, DocumentLimits())
    kept.get(SHAPES[kind](0))
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    number = 0
    while len(kept) == number + 1 and number < 300:
        number += 1
        kept.get(SHAPES[kind](number))
    gc.collect()
    assert len(kept) <= number, "the bound was never met"
    assert kept.bytes <= BOUND
    assert tracemalloc.get_traced_memory()[0] - before <= 1.3 * BOUND


def test_what_is_compiled_counts() -> None:
    """As long as it is kept: for the newest shapes of an operation, and until its document goes."""
    kept = Documents(SCHEMA, DocumentLimits())
    operation = kept.get("{users{id}}").operation(None)
    alone = kept.bytes
    for number in range(CACHED_SHAPES):
        operation.keep(number, b"x" * 10_000)
    assert CACHED_SHAPES * 10_000 < kept.bytes - alone < CACHED_SHAPES * 10_200
    full = kept.bytes
    operation.keep(CACHED_SHAPES, b"x" * 10_000)
    assert kept.bytes == full
    assert len(operation.cache) == len(operation.weights) == CACHED_SHAPES
    operation.keep("huge", b"x" * documents.CACHED_BYTES)
    assert (len(kept), kept.bytes) == (0, 0)
    operation.keep("later", b"x")
    assert kept.bytes == 0
