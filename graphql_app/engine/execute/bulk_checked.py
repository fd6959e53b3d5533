"""Writes rows one by one that a permission asks something of, and undoes those that do not satisfy it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from graphql_app.engine.compile.bulk import CHECK_BEHIND
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import ServerError
from graphql_app.errors import AppError, CheckFailed, Code, DatabaseError

TOGETHER = 64
"""Rows of one round trip while none is refused."""
_SAVEPOINT, _UNDO = b"SAVEPOINT checked", b"ROLLBACK TO SAVEPOINT checked"

Row = tuple[int, bytes]
"""A row's place in its batch, and its two statements."""
Refused = dict[int, AppError]


async def write_checked(session: Session, rows: Sequence[bytes], refusal: Callable[[ServerError], AppError]) -> Refused:
    """Writes the rows within the session's transaction; the refused ones by place, of which nothing stays.

    `refusal` gives what is told of a row that the database refuses, and raises what is more than that.
    """
    waiting, refused, step = deque(enumerate(rows)), Refused(), TOGETHER
    while waiting:
        some = [waiting.popleft() for _ in range(min(step, len(waiting)))]
        found, undone = await _some(session, some, refusal)
        refused |= found
        if undone:
            # What was good in them is written again, in smaller parts: more refused rows may be near.
            waiting.extendleft(reversed([row for row in some if row[0] not in found]))
        step = max(1, step // 4) if undone else min(TOGETHER, step * 2)
    return refused


async def _some(
    session: Session, rows: Sequence[Row], refusal: Callable[[ServerError], AppError]
) -> tuple[Refused, bool]:
    """Writes rows in one round trip; the refused ones, and whether all of them were undone because of these."""
    statements = [statement for _, row in rows for statement in row.split(CHECK_BEHIND)]
    try:
        _, *results = await session.query(_SAVEPOINT, *statements)
    except ServerError as error:
        told = refusal(error)
        await session.query(_UNDO)
        return {rows[(error.statement - 1) // 2][0]: told}, True
    refused: Refused = {}
    undone = False
    for (place, _), written, counted in zip(rows, results[::2], results[1::2], strict=True):
        if not written.affected:
            refused[place] = DatabaseError(Code.NOT_FOUND, "There is no row with this key")
        elif int(counted.rows[0]) != 1:
            refused[place] = CheckFailed()
            undone = True
    if undone:
        await session.query(_UNDO)
    return refused, undone
