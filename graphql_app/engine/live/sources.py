"""What is polled, and who is told of its answers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

from graphql_app.engine.live.packets import PollOutcome
from graphql_app.errors import AppError


class Ended(Exception):
    """A query cannot be answered any more; `answer` says why."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer


class PolledSource(Protocol):
    """What is polled. `in_order`: every answer counts (a stream), so the next waits until the last was taken."""

    in_order: bool

    @property
    def group(self) -> Hashable:
        """What sources have in common that can be asked in one packet, by `together`; None for one that cannot."""

    async def together(self, sources: Sequence[Any]) -> list[PollOutcome]:
        """The answers of sources of the group, asked in one packet. Raises `AppError` for all of them."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables whose writes are to be looked at at once."""

    async def answer(self) -> bytes | None:
        """The answer now, None if there is nothing to tell. Raises `AppError` to be asked again later, `Ended`."""

    def explain(self, error: AppError) -> bytes:
        """An error as an answer."""


COMPLETE = b""
"""In place of a last answer: everything was told."""
AGAIN = b" "
"""In place of a last answer: those who shared a query may see different rows by now, and each is to ask again."""


class AnswerListener(Protocol):
    """Who is told."""

    def offer(self, answer: bytes) -> None:
        """A new answer; one not yet sent may be replaced by it."""

    def end(self, answer: bytes | None) -> None:
        """Nothing more will come: it cannot be answered, it is `COMPLETE` or `AGAIN`, or (None) the program ends."""
