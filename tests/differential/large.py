"""Small tables read in the ways that pay on large ones, so that these ways are tested too."""

from __future__ import annotations

import pytest

from graphql_app.engine.compile.sources import bounded


def read_as_if_large(patch: pytest.MonkeyPatch) -> None:
    """Lets a page below each parent be read one parent at a time where more than one row is below one, on average."""
    patch.setattr(bounded, "ENOUGH", 1)
    patch.setattr(bounded, "ENOUGH_UNORDERED", 1)
    patch.setattr(bounded, "PAGES", 0)
