"""The families of docs/types.md: every row of the table of types is in one, and each example is as the page says."""

from __future__ import annotations

from collections import Counter

import pytest

from schema_gen.types.column_types import encode, type_of
from schema_gen.types.type_rows import ROWS
from tests.harness.type_families import FAMILIES, Family
from tests.unit.type_page import graphql_takes, schema_of_samples


def test_every_type_is_in_one_family() -> None:
    """No row of the table of types goes undocumented, and none is told of twice."""
    assert Counter(name for family in FAMILIES for name in family.names.split(",")) == Counter(list(ROWS))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_the_types_of_a_family_are_served_alike(family: Family) -> None:
    """What the page says of one of them goes for all, and its column is of one of them."""
    rows = [ROWS[name] for name in family.names.split(",")]
    uses = {(row.scalar, row.is_list, row.encoder, row.operators, row.summable, row.ranked) for row in rows}
    own = type_of(family.column)
    assert uses == {(own.scalar, own.is_list, own.encoder, own.operators, own.summable, own.ranked)}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_what_a_family_takes_and_refuses(family: Family) -> None:
    """What is shown is taken again, in GraphQL too; refused values are refused with a message."""
    for value in (family.shown, *family.given):
        assert encode(value, family.column)
    assert graphql_takes(schema_of_samples(), family, family.shown)
    for value in family.refused:
        with pytest.raises(ValueError, match=r"^expected "):
            encode(value, family.column)
