"""Events of several database servers: what each is good for, and which of them gets the writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostChanged:
    """One of several database servers is good for something else than before; `code` says why it does not answer.

    Roles are `writer`, `reader`, `unfit` (answers, and is no sound member of its group) and `away`.
    """

    host: str
    role: str
    before: str
    code: int


@dataclass(frozen=True, slots=True)
class WriterMoved:
    """Another database server gets the writes from now on; `before` is empty for the first."""

    host: str
    before: str
