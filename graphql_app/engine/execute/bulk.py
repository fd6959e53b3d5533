"""Writes many rows in few statements, and finds the ones that the database refuses without giving up the others."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from graphql_app.engine.compile.bulk import BulkTarget
from graphql_app.engine.execute.bulk_checked import write_checked
from graphql_app.engine.execute.insert_ignore import MOST, insert_ignoring
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_errors import Phase, classify, is_unexpected, to_app_error
from graphql_app.engine.request.bulk import BulkMode
from graphql_app.errors import AppError, Code, DatabaseError

# Refusals that say nothing of the row at hand: the next one would fare no better.
_HOPELESS = frozenset(
    {Code.UNKNOWN_TABLE, Code.UNKNOWN_COLUMN, Code.PERMISSION_DENIED, Code.STORAGE_FULL, Code.READ_ONLY}
)
_FEWEST, _TOGETHER = 4, 64
"""Statements of one round trip while refused rows are looked for."""
_RARE = 1 / 2000
"""With fewer refused rows a whole batch is tried as one statement."""
_LEAST, _MOST = 1, 256
"""Rows of a statement while refused ones are looked for."""
_FEW = 8
"""A refused statement of so many rows is repeated row by row."""
_MOST_ODD = 1 / 100
"""With more rows that make passing over useless it is not tried."""


@dataclass(slots=True)
class RefusedRows:
    """What a batch came to: the refused rows by their place in it, and the number of those passed over.

    `unexpected` is the first failure of a row whose reason has no name here.
    """

    rows: list[tuple[int, AppError]] = field(default_factory=list)
    ignored: int = 0
    unexpected: ServerError | None = None

    def take(self, place: int, error: AppError, mode: BulkMode) -> None:
        """The row at `place` is refused, or passed over where the mode says so."""
        if mode is BulkMode.IGNORE and error.code is Code.DUPLICATE_ENTRY:
            self.ignored += 1
        else:
            self.rows.append((place, error))


@dataclass(slots=True)
class BulkWriter:
    """Writes batches to a target. What it learns of one, how often rows are refused, serves the next.

    `odd` is the share of rows that made a statement useless which passes over refused ones; `tell` is told, once for a
    batch, of a row that was refused for a reason without a name here. `shown` takes out of what is told of a row what
    the caller may not know of.
    """

    target: BulkTarget
    tell: Callable[[ServerError], None]
    shown: Callable[[AppError], None]
    share: float = 0.0
    odd: float = 0.0

    async def write(self, session: Session, text: bytes, separator: bytes) -> RefusedRows:
        """Writes the rows of `text` within the session's transaction.

        Raises what ends the transaction, and `DatabaseError` where no row can be written.
        """
        text = self.target.whole(text, separator)
        if self.share <= _RARE and self.target.together and await self._at_once(session, text, separator):
            self.share /= 2
            return RefusedRows()
        rows, refused = text.split(separator), RefusedRows()
        if self.target.checked:
            await self._checked(session, rows, refused)
        else:
            await self._each(session, rows, refused)
        if refused.unexpected is not None:
            self.tell(refused.unexpected)
            refused.unexpected = None  # with the rows that it holds
        for _, error in refused.rows:
            self.shown(error)
        return refused

    async def _checked(self, session: Session, rows: list[bytes], refused: RefusedRows) -> None:
        def refusal(error: ServerError) -> AppError:
            told = _refusal(session, error)
            if refused.unexpected is None and is_unexpected(error):
                refused.unexpected = error
            return told

        for place, error in sorted((await write_checked(session, rows, refusal)).items()):
            refused.take(place, error, self.target.mode)

    async def _each(self, session: Session, rows: list[bytes], refused: RefusedRows) -> None:
        self.share = max(self.share, 1 / len(rows))
        if session.features.numbers_warnings and self.target.can_pass_over and self.odd <= _MOST_ODD:
            await self._pass_over(session, rows, refused)
        else:
            await self._search(session, 0, rows, refused)
            self.odd /= 2
        self.share = (len(refused.rows) + refused.ignored) / len(rows)

    async def _at_once(self, session: Session, text: bytes, separator: bytes) -> bool:
        """Whether the database took all rows in one statement."""
        try:
            await session.query(self.target.head + text.replace(separator, b",") + self.target.tail)
        except ServerError as error:
            _refusal(session, error)
            return False
        return True

    async def _pass_over(self, session: Session, rows: list[bytes], refused: RefusedRows) -> None:
        step = max(1, int(min(MOST / 2 / self.share, 1 / 2 / self.odd if self.odd else math.inf)))
        waiting = deque((at, rows[at : at + step]) for at in range(0, len(rows), step))
        useless = 0
        while waiting:
            start, part = waiting.popleft()
            found = await insert_ignoring(session, self.target.insert_ignore, part)
            if found is None and len(part) > MOST:
                waiting.extendleft((start + at, part[at : at + MOST]) for at in reversed(range(0, len(part), MOST)))
            elif found is None:
                useless += 1
                await self._search(session, start, part, refused)
            else:
                for place, error in found:
                    refused.take(start + place, error, self.target.mode)
        self.odd = useless / len(rows)

    async def _search(self, session: Session, first: int, rows: list[bytes], refused: RefusedRows) -> None:
        step = self._step()
        # What stands behind a refused row is sent once more.
        together = max(_FEWEST, min(_TOGETHER, round(1 / self.share / step)))
        await _Search(session, self.target, first, rows, refused).run(step, together)

    def _step(self) -> int:
        # What a statement of several rows had written would stay where it cannot be rolled back.
        # Long statements save time, short ones lose less where a row is refused.
        return max(_LEAST, min(_MOST, round(1.3 / math.sqrt(self.share)))) if self.target.together else 1


_Piece = tuple[int, int, bytes]
"""The places of the first row and behind the last, and the statement that writes them."""


@dataclass(slots=True)
class _Search:
    """Rows, the first of which has place `first` in its batch, and where those go that are refused."""

    session: Session
    target: BulkTarget
    first: int
    rows: list[bytes]
    refused: RefusedRows

    async def run(self, step: int, together: int) -> None:
        """Writes all rows, `step` in a statement and so many `together`; one that is refused is repeated in parts."""
        waiting = deque(self._pieces(0, len(self.rows), step))
        while waiting:
            pieces = [waiting.popleft() for _ in range(min(together, len(waiting)))]
            done, row = await self._some(pieces)
            if done == len(pieces):
                continue
            start, end, _ = pieces[done]
            waiting.extendleft(reversed(pieces[done + 1 :]))
            if end - start > 1:
                waiting.extendleft(reversed(self._parts(start, end, row)))

    def _parts(self, start: int, end: int, row: int | None) -> list[_Piece]:
        """A refused statement in parts. The `row` that the server names stands alone: it may be a trigger's."""
        if row is None or start + row >= end:
            return self._pieces(start, end, math.isqrt(end - start) if end - start > _FEW else 1)
        place = start + row
        parts = ((start, place), (place, place + 1), (place + 1, end))
        return [self._piece(*part) for part in parts if part[0] < part[1]]

    def _pieces(self, start: int, end: int, step: int) -> list[_Piece]:
        return [self._piece(at, min(at + step, end)) for at in range(start, end, step)]

    def _piece(self, start: int, end: int) -> _Piece:
        return start, end, self.target.statement(self.rows[start:end])

    async def _some(self, pieces: list[_Piece]) -> tuple[int, int | None]:
        """Writes rows in one round trip; the piece that was refused, and its row if that is known.

        The number of pieces where none was.
        """
        try:
            results = await self.session.query(*(statement for _, _, statement in pieces))
        except ServerError as error:
            refusal = _refusal(self.session, error)
            if self.refused.unexpected is None and is_unexpected(error):
                self.refused.unexpected = error
            start, end, _ = pieces[error.statement]
            if end - start == 1:
                self.refused.take(self.first + start, refusal, self.target.mode)
            return error.statement, refusal.row
        if self.target.mode is BulkMode.UPDATE:
            for (start, _, _), result in zip(pieces, results, strict=True):
                if not result.affected:
                    missing = DatabaseError(Code.NOT_FOUND, "There is no row with this key")
                    self.refused.take(self.first + start, missing, self.target.mode)
        return len(pieces), None


def _refusal(session: Session, error: ServerError) -> AppError:
    """What is told of a refused row. Raises `error` where it is more than that."""
    if classify(error, session.phase) is not FailureClass.PERMANENT:
        raise error
    found = to_app_error(error, Phase.TRANSACTION)
    if found.code in _HOPELESS:
        raise error
    return found
