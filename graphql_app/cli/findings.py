"""A line of what `graphql-app check` reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the report. `trouble`: it has to be seen to before the program can be relied on."""

    subject: str
    text: str
    trouble: bool = False
