"""What fake servers answer, and how a unit of work ends against them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from graphql_app.engine.execute.retry import Kind
from graphql_app.errors import (
    AppError,
)
from graphql_app.observability.events import AttemptFailed
from tests.faults.fake_server import Act, Reply, all_ok
from tests.faults.rig import Rig, change, one


def now() -> float:
    """The running loop's time."""
    return asyncio.get_running_loop().time()


async def failing(rig: Rig, kind: Kind = Kind.READ, *, transactional: bool = True) -> tuple[AppError, float]:
    """The error of a unit of work, and the time it took."""
    started = now()
    with pytest.raises(AppError) as caught:
        await rig.executor.run(kind, change if kind is Kind.WRITE else one, transactional=transactional)
    return caught.value, now() - started


def failures(rig: Rig) -> list[str]:
    """The classes of the attempts that failed."""
    return [event.failure for event in rig.of(AttemptFailed)]


def scripted(*acts: Reply | Act) -> Callable[[bytes], Reply | Act]:
    """Answers with one act after the other; the last one for all that follow. ROLLBACK always succeeds."""
    left = list(acts)

    def handle(sql: bytes) -> Reply | Act:
        if sql == b"ROLLBACK":
            return Reply().ok()
        return left.pop(0) if len(left) > 1 else left[0]

    return handle


def on_commit(act: Reply | Act) -> Callable[[bytes], Reply | Act]:
    """Everything succeeds but COMMIT."""
    return lambda sql: act if sql == b"COMMIT" else all_ok(sql)


OK_ROW = Reply().ok(more=True).rows((b"1",))
"""The answer to a read that sets the statement limit first."""
