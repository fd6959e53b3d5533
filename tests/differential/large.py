"""Small tables read in the ways that pay on large ones, so that these ways are tested too."""

from __future__ import annotations

import pytest

from graphql_app.engine.compile.sources import bounded, deep_pages, parent_order, related_order, split_nulls


def read_as_if_large(patch: pytest.MonkeyPatch) -> None:
    """Lets pages be found by keys, and aggregates to order by be made all at once, wherever that can be done, as if
    tables were large and each column had an index.

    A page below each parent is read one parent at a time where more than one row is below one, on average.
    """
    patch.setattr(bounded, "ENOUGH", 1)
    patch.setattr(bounded, "ENOUGH_UNORDERED", 1)
    patch.setattr(bounded, "PAGES", 0)
    patch.setattr(deep_pages, "DEEP", 1)
    patch.setattr(deep_pages, "SHARE", 0)
    patch.setattr(parent_order, "LARGE", 0)
    patch.setattr(parent_order, "CHILDLESS", 10**9)
    patch.setattr(parent_order, "has_index", lambda *_: True)
    patch.setattr(split_nulls, "LARGE", 0)
    patch.setattr(split_nulls, "has_index", lambda *_: True)
    patch.setattr(related_order, "LARGE", 0)
    patch.setattr(related_order, "has_index", lambda *_: False)
