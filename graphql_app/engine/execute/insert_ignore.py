"""Writes many rows by one statement that passes over refused ones, where the server tells which and why.

IGNORE also bends values that do not fit instead of refusing them. So what it did stays only
if the server warns of nothing but rows that are not in, and these and the rows that are in
are all there were.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Result, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_errors import PASSED_OVER, Phase, classify, to_app_error
from graphql_app.errors import AppError

MOST = 1000
"""Refused rows that are looked up after one statement."""

_SAVEPOINT, _UNDO = b"SAVEPOINT passing_over", b"ROLLBACK TO SAVEPOINT passing_over"
_LIMITED = b"SET STATEMENT max_error_count=%d FOR " % (MOST + 1)
_LOOK_UP = b"GET DIAGNOSTICS CONDITION %(n)d @row%(n)d=ROW_NUMBER,@code%(n)d=MYSQL_ERRNO,@text%(n)d=MESSAGE_TEXT"
_SHOWN = b"@row%(n)d,@code%(n)d,@text%(n)d"

Found = list[tuple[int, AppError]]
"""Refused rows by place, and why."""


async def insert_ignoring(session: Session, head: bytes, rows: Sequence[bytes]) -> Found | None:
    """Writes `rows`, which stand behind `head` (it ends in IGNORE's VALUES), within the session's transaction.

    None if it cannot be told what became of each row: nothing is written then. Needs a
    server that numbers its warnings (`Features.numbers_warnings`), and tables that can roll back.
    Raises as `Session.query`.
    """
    try:
        _, result = await session.query(_SAVEPOINT, _LIMITED + head + b",".join(rows))
    except ServerError as error:
        if classify(error, session.phase) is not FailureClass.PERMANENT:
            raise
        # What a trigger does is refused as ever, and the statement with it.
        return None
    found = await _refused(session, result)
    if found is not None and len({place for place, _ in found}) == len(found) == len(rows) - result.affected:
        return found
    await session.query(_UNDO)
    return None


async def _refused(session: Session, result: Result) -> Found | None:
    count = result.warnings
    if not 0 < count <= MOST:
        return None if count else []
    numbers = [{b"n": number} for number in range(1, count + 1)]
    shown = b"SELECT " + b",".join(_SHOWN % number for number in numbers)
    *_, last = await session.query(*(_LOOK_UP % number for number in numbers), shown)
    (cells,) = last.rows
    found = []
    for row, code, text in zip(cells[::3], cells[1::3], cells[2::3], strict=True):
        if int(code) not in PASSED_OVER:
            return None
        error = ServerError(int(code), "", text.decode("utf-8", "replace"))
        found.append((int(row) - 1, to_app_error(error, Phase.TRANSACTION)))
    return found
