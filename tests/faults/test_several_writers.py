"""Several servers behind one address, all of which take writes: what is open stays open, and is settled for good."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graphql_app.engine.execute.ledger import TABLE, IdempotentResult, entry_of
from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import TRANSACTION_LOST
from graphql_app.errors import AppError, Code, Outcome, RequestError
from graphql_app.observability.events import AttemptFailed, OutcomeSettled
from tests.faults.fake_server import CLOSE, Act, FakeServer, Reply, all_ok
from tests.faults.rig import at, change, rig
from tests.faults.scripts import failures
from tests.faults.virtual import run_virtual

DUPLICATE = (1062, b"Duplicate entry", b"23000")
DEADLOCK = (1213, b"Deadlock found when trying to get lock", b"40001")


def failing_at(sql: bytes, word: bytes, error: tuple[int, bytes, bytes]) -> Reply:
    """An answer that fails at the statement that begins with `word`."""
    reply = Reply()
    for statement in sql.split(b";"):
        if statement.startswith(word):
            return reply.error(*error)
        reply.ok(more=True)
    raise AssertionError(sql)


def stored(sql: bytes, answer: bytes | None) -> Reply:
    """The answer to a look at an entry without payload."""
    reply = Reply()
    for _ in range(sql.count(b";")):
        reply.ok(more=True)
    return reply.rows((None, answer))


def nodes(commits: list[str], works: list[str], claims: list[str]) -> Callable[[bytes], Reply | Act]:
    """Answers COMMITs, changes and claims by a script: `ok` where it has ended."""

    def handle(sql: bytes) -> Reply | Act:
        if sql.endswith(b"COMMIT"):
            word = commits.pop(0) if commits else "ok"
            return CLOSE if word == "lost" else Reply().ok() if word == "ok" else Reply().error(*DEADLOCK)
        if b"INSERT INTO" in sql and (claims.pop(0) if claims else "ok") == "met":
            return failing_at(sql, b"INSERT INTO", DUPLICATE)
        if b"UPDATE t" in sql and (works.pop(0) if works else "ok") == "deadlock":
            return failing_at(sql, b"UPDATE t", DEADLOCK)
        return all_ok(sql)

    return handle


def test_an_open_commit_is_not_forgotten_by_a_later_claim_that_is_rolled_back() -> None:
    async def work() -> None:
        server = FakeServer(nodes(["lost"], ["ok", "deadlock"], ["ok", "ok", "met"]))
        async with server, rig(at(server.port), use_ledger=True) as r:
            assert await r.executor.run(Kind.WRITE, change) == (0, 2)
            assert failures(r) == ["unknown", "rolled_back"]
            assert r.of(OutcomeSettled) == [OutcomeSettled(applied=True)]

    run_virtual(work())


@pytest.mark.parametrize("applied", [True, False])
def test_the_last_look_is_taken_however_the_later_attempts_ended(applied: bool) -> None:
    async def work() -> None:
        script = nodes(["lost"], ["ok"] + ["deadlock"] * 3, ["ok"] * 4 + ["met" if applied else "ok"])
        server = FakeServer(script)
        async with server, rig(at(server.port), use_ledger=True) as r:
            if applied:
                assert await r.executor.run(Kind.WRITE, change) == (0, 4)
            else:
                with pytest.raises(AppError) as caught:
                    await r.executor.run(Kind.WRITE, change)
                assert caught.value.outcome is Outcome.NOT_APPLIED
                # The claim of the look is committed: the lost COMMIT comes too late from now on.
                *_, claim, commit = [sql for _, sql in server.statements]
                assert TABLE.encode() in claim
                assert commit == b"COMMIT"
            assert r.of(OutcomeSettled) == [OutcomeSettled(applied)]

    run_virtual(work())


@pytest.mark.parametrize("applied", [True, False])
def test_a_refusal_of_the_work_itself_is_told_only_when_nothing_counts(applied: bool) -> None:
    async def job(session: Session) -> bytes:
        await session.query(b"UPDATE t SET v = v + 1 WHERE id = 1")
        if session.failed:
            raise RequestError(Code.INVALID_VALUE, "no such row")
        return b"done"

    async def work() -> None:
        server = FakeServer(nodes(["lost"], [], ["ok", "ok", "met" if applied else "ok"]))
        async with server, rig(at(server.port), use_ledger=True) as r:
            if applied:
                assert await r.executor.run(Kind.WRITE, job) == (b"done", 1)
                return
            with pytest.raises(RequestError) as caught:
                await r.executor.run(Kind.WRITE, job)
            assert caught.value.outcome is Outcome.NOT_APPLIED

    run_virtual(work())


def test_a_last_look_whose_commit_fails_leaves_it_unknown() -> None:
    async def work() -> None:
        server = FakeServer(nodes(["lost", "deadlock"], ["ok"] + ["deadlock"] * 3, []))
        async with server, rig(at(server.port), use_ledger=True) as r:
            with pytest.raises(AppError) as caught:
                await r.executor.run(Kind.WRITE, change)
            assert caught.value.outcome is Outcome.UNKNOWN

    run_virtual(work())


def test_the_answer_is_that_of_the_attempt_that_counts() -> None:
    """Two COMMITs were lost, and the attempts had different answers: the entry says which of them counts."""

    async def job(session: Session) -> int:
        await session.query(b"UPDATE t SET v = v + 1 WHERE id = 1")
        return session.failed

    async def work() -> None:
        script = nodes(["lost", "lost"], [], ["ok", "ok", "met"])

        def handle(sql: bytes) -> Reply | Act:
            return stored(sql, b"attempt 1") if b"SELECT `payload`" in sql else script(sql)

        async with FakeServer(handle) as server, rig(at(server.port), use_ledger=True) as r:
            assert await r.executor.run(Kind.WRITE, job) == (1, 2)

    run_virtual(work())


@pytest.mark.parametrize("entries", [1, 2, 3])
def test_a_key_whose_entry_stands_for_nothing_is_given_back(entries: int) -> None:
    """The work is done by the same request, after an entry or two of looks that did not get to their end."""

    async def job(session: Session) -> bytes:
        await session.query(b"UPDATE t SET v = v + 1 WHERE id = 1")
        return b"done"

    async def work() -> None:
        script = nodes([], [], ["met"] * entries)

        def handle(sql: bytes) -> Reply | Act:
            return stored(sql, None) if b"SELECT `payload`" in sql else script(sql)

        async with FakeServer(handle) as server, rig(at(server.port), use_ledger=True) as r:
            entry = entry_of(b"client", "key", b"payload")
            if entries == 3:
                with pytest.raises(RequestError) as caught:
                    await r.executor.run_once(job, entry)
                assert caught.value.code is Code.IDEMPOTENCY_KEY_IN_USE
            assert await r.executor.run_once(job, entry) == IdempotentResult(b"done", 0, replayed=False)
            freed = sum(b"`payload` IS NULL" in sql for _, sql in server.statements)
            assert freed == entries

    run_virtual(work())


@pytest.mark.parametrize("place", ["claim", "change"])
def test_a_transaction_that_ended_by_itself_is_told_as_unknown_and_never_repeated(place: str) -> None:
    """The server rolls it back without a word and runs the rest outside it: the ledger cannot tell what counts."""

    def handle(sql: bytes) -> Reply | Act:
        if b"START TRANSACTION" not in sql:
            return all_ok(sql)
        reply, inside = Reply(), False
        for number, statement in enumerate(parts := sql.split(b";")):
            inside = inside or statement == b"START TRANSACTION"
            inside = inside and not statement.startswith(b"INSERT" if place == "claim" else b"UPDATE")
            reply.ok(inside=inside, more=number < len(parts) - 1)
        return reply

    async def work() -> None:
        async with FakeServer(handle) as server, rig(at(server.port), use_ledger=True) as r:
            with pytest.raises(AppError) as caught:
                await r.executor.run(Kind.WRITE, change)
            assert (caught.value.code, caught.value.outcome) == (Code.SERVICE_UNAVAILABLE, Outcome.UNKNOWN)
            assert [(event.failure, event.code) for event in r.of(AttemptFailed)] == [("unknown", TRANSACTION_LOST)]
            assert sum(b"UPDATE" in sql for _, sql in server.statements) == 1
            assert not any(sql == b"COMMIT" for _, sql in server.statements)

    run_virtual(work())


def losing(work: bytes, claims: list[str]) -> Callable[[bytes], Reply | Act]:
    """A server that ends the transaction at the statement that begins with `work`; claims are answered by a script."""
    inside = False

    def handle(sql: bytes) -> Reply | Act:
        nonlocal inside
        reply = Reply()
        for number, statement in enumerate(parts := sql.split(b";")):
            if statement.startswith(b"INSERT") and claims.pop(0) == "met":
                return reply.error(*DUPLICATE)
            inside = (inside or statement == b"START TRANSACTION") and not statement.startswith((work, b"COMMIT"))
            reply.ok(inside=inside, more=number < len(parts) - 1)
        return reply

    return handle


@pytest.mark.parametrize(
    ("lost_at", "claims", "outcome"),
    [
        # Nothing of the work was sent: a claim that stands alone changes nothing in that.
        (b"INSERT", ["ok"], Outcome.NOT_APPLIED),
        (b"SELECT 1", ["ok"], Outcome.NOT_APPLIED),
        # The change went with the claim, or did not: the ledger tells.
        (b"SELECT 2", ["ok", "ok"], Outcome.NOT_APPLIED),
        (b"SELECT 2", ["ok", "met"], Outcome.UNKNOWN),
        # The change may have run outside the transaction.
        (b"UPDATE", ["ok"], Outcome.UNKNOWN),
    ],
)
def test_what_is_left_of_a_lost_transaction_is_told_where_that_is_known(
    lost_at: bytes, claims: list[str], outcome: Outcome
) -> None:
    async def job(session: Session) -> int:
        await session.query(b"SELECT 1 FOR UPDATE")
        await session.query(b"UPDATE t SET v = v + 1 WHERE id = 1")
        await session.query(b"SELECT 2")
        return 1

    async def work() -> None:
        async with FakeServer(losing(lost_at, claims)) as server, rig(at(server.port), use_ledger=True) as r:
            with pytest.raises(AppError) as caught:
                await r.executor.run(Kind.WRITE, job)
            assert (caught.value.code, caught.value.outcome) == (Code.SERVICE_UNAVAILABLE, outcome)
            assert [(event.failure, event.code) for event in r.of(AttemptFailed)] == [("unknown", TRANSACTION_LOST)]
            assert not claims
            assert sum(b"UPDATE t" in sql for _, sql in server.statements) == (lost_at in (b"UPDATE", b"SELECT 2"))

    run_virtual(work())
