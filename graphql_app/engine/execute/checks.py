"""Refuses rows that a role may not have written: counts of those that satisfy its check, beside how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from graphql_app.engine.mysql.dial import Result
from graphql_app.errors import CheckFailed

INSERTED: Final = "objects"
"""The argument that gives the rows of an insert."""
ONE_INSERTED: Final = "object"


def check_counts(counts: Iterable[Result], rows: int, argument: str | None) -> None:
    """Raises `CheckFailed` where fewer of the `rows` written satisfy their check."""
    for count in counts:
        if int(count.rows[0]) != rows:
            raise CheckFailed(argument)
