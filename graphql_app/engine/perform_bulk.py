"""Writes many rows in few statements, and finds the ones that the database refuses without giving up the others."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from graphql_app.engine.driver import ServerError
from graphql_app.engine.fragment import finish, join, name, sql
from graphql_app.engine.mysql_errors import Phase, classify, to_app_error
from graphql_app.engine.retry import FailureClass
from graphql_app.engine.session import Session
from graphql_app.errors import AppError, Code, DatabaseError
from schema_gen.catalog import Column, Table


class BulkMode(StrEnum):
    """What becomes of a row whose key is there already, and of one whose key is not."""

    INSERT = "insert"
    UPSERT = "upsert"
    UPDATE = "update"
    IGNORE = "ignore"


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


@dataclass(slots=True)
class Refused:
    """What a batch came to: the refused rows by their place in it, and the number of those passed over."""

    rows: list[tuple[int, AppError]] = field(default_factory=list)
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class BulkTarget:
    """Where rows go: `head` and `tail` stand around rows of literals, if the rows are not statements themselves."""

    table: Table
    mode: BulkMode
    head: bytes
    tail: bytes

    @property
    def whole_statements(self) -> bool:
        """Whether each row is a statement of its own."""
        return self.mode is BulkMode.UPDATE

    def statement(self, rows: Sequence[bytes]) -> bytes:
        """The statement that writes these rows."""
        return rows[0] if self.whole_statements else self.head + b",".join(rows) + self.tail


def bulk_target(table: Table, columns: Sequence[Column], mode: BulkMode) -> BulkTarget:
    """The target for rows of values for `columns`."""
    names = join(",", (name(column.name) for column in columns))
    head = finish(sql("INSERT INTO ", name(table.name), " (", names, ") VALUES ")).render()
    if mode is not BulkMode.UPSERT:
        return BulkTarget(table, mode, head, b"")
    key = table.primary_key.columns if table.primary_key else ()
    changed = [column for column in columns if column.name not in key] or list(columns[:1])
    sets = join(",", (sql(name(each.name), "=VALUES(", name(each.name), ")") for each in changed))
    return BulkTarget(table, mode, head, finish(sql(" ON DUPLICATE KEY UPDATE ", sets)).render())


def update_pieces(table: Table, columns: Sequence[Column]) -> tuple[list[tuple[bytes, int]], bytes]:
    """What stands before each literal of an UPDATE of one row by its key, with the literal's place; and its head."""
    key = table.primary_key.columns if table.primary_key else ()
    places = {column.name: place for place, column in enumerate(columns)}
    pieces: list[tuple[bytes, int]] = []
    for position, column in enumerate(column for column in columns if column.name not in key):
        pieces.append((finish(sql("," if position else " SET ", name(column.name), "=")).render(), places[column.name]))
    for position, part in enumerate(key):
        pieces.append((finish(sql(" AND " if position else " WHERE ", name(part), "=")).render(), places[part]))
    return pieces, finish(sql("UPDATE ", name(table.name))).render()


@dataclass(slots=True)
class BulkWriter:
    """Writes batches to a target. What it learns of one, how often rows are refused, serves the next."""

    target: BulkTarget
    share: float = 0.0

    async def write(self, session: Session, text: bytes, separator: bytes) -> Refused:
        """Writes the rows of `text` within the session's transaction.

        Raises what ends the transaction, and `DatabaseError` where no row can be written.
        """
        refused = Refused()
        careful = self.share > _RARE or self.target.whole_statements or not self.target.table.transactional
        if not careful:
            target = self.target
            try:
                await session.query(target.head + text.replace(separator, b",") + target.tail)
            except ServerError as error:
                _refusal(session, error)
            else:
                self.share /= 2
                return refused
        rows = text.split(separator)
        search = _Search(session, self.target, rows, refused)
        share = max(self.share, 1 / len(rows))
        step = self._step(share)
        # What stands behind a refused row is sent once more.
        await search.run(step, max(_FEWEST, min(_TOGETHER, round(1 / share / step))))
        self.share = (len(refused.rows) + refused.ignored) / len(rows)
        return refused

    def _step(self, share: float) -> int:
        if self.target.whole_statements or not self.target.table.transactional:
            # What a statement of several rows had written would stay when it fails.
            return 1
        # Long statements save time, short ones lose less where a row is refused.
        return max(_LEAST, min(_MOST, round(1.3 / math.sqrt(share))))


_Piece = tuple[int, int, bytes]
"""The places of the first row and behind the last, and the statement that writes them."""


@dataclass(slots=True)
class _Search:
    session: Session
    target: BulkTarget
    rows: list[bytes]
    refused: Refused

    async def run(self, step: int, together: int) -> None:
        """Writes all rows, `step` in a statement and so many `together`; one that is refused is repeated row by row."""
        waiting = deque(self._piece(at, min(at + step, len(self.rows))) for at in range(0, len(self.rows), step))
        while waiting:
            pieces = [waiting.popleft() for _ in range(min(together, len(waiting)))]
            done = await self._some(pieces)
            if done == len(pieces):
                continue
            start, end, _ = pieces[done]
            waiting.extendleft(reversed(pieces[done + 1 :]))
            if end - start > 1:
                waiting.extendleft(self._piece(at, at + 1) for at in reversed(range(start, end)))

    def _piece(self, start: int, end: int) -> _Piece:
        return start, end, self.target.statement(self.rows[start:end])

    async def _some(self, pieces: list[_Piece]) -> int:
        """Writes rows in one round trip; the place of the piece that was refused, or the number of pieces."""
        try:
            results = await self.session.query(*(statement for _, _, statement in pieces))
        except ServerError as error:
            refusal = _refusal(self.session, error)
            start, end, _ = pieces[error.statement]
            if end - start == 1:
                self._refuse(start, refusal)
            return error.statement
        if self.target.whole_statements:
            for (start, _, _), result in zip(pieces, results, strict=True):
                if not result.affected:
                    self._refuse(start, DatabaseError(Code.NOT_FOUND, "There is no row with this key"))
        return len(pieces)

    def _refuse(self, place: int, error: AppError) -> None:
        if self.target.mode is BulkMode.IGNORE and error.code is Code.DUPLICATE_ENTRY:
            self.refused.ignored += 1
        else:
            self.refused.rows.append((place, error))


def _refusal(session: Session, error: ServerError) -> AppError:
    """What is told of a refused row. Raises `error` where it is more than that."""
    if classify(error, session.phase) is not FailureClass.D:
        raise error
    found = to_app_error(error, Phase.TRANSACTION)
    if found.code in _HOPELESS:
        raise error
    return found
