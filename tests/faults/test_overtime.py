"""Attempts that are out of time and go on beside the schedule, on a virtual clock, against servers that fail."""

from __future__ import annotations

import asyncio

import pytest

from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.pool import Bulkhead, PoolSettings
from graphql_app.errors import DatabaseError, GatewayTimeoutException, Outcome, ServiceUnavailableException
from graphql_app.observability.events import AttemptFailed, RetriesExhausted, Retrying, StatementKilled
from tests.faults.fake_server import CLOSE, STALL, Act, FakeServer, Reply, all_ok, later
from tests.faults.rig import Rig, at, change, one, rig
from tests.faults.scripts import OK_ROW, failing, now, on_commit, scripted
from tests.faults.virtual import run_virtual

GOING_ON = Schedule(continues=True)
STARTS = [0.0, 0.6, 1.8, 4.2]
"""When the four attempts of the schedule start."""
TOTAL = 5.8
AT_REST = Reply().rows((b"Sleep",))


def sent(server: FakeServer) -> list[float]:
    """When work was sent to the server, as it comes in one packet for each attempt."""
    return [time for time, sql in server.statements if sql not in (b"ROLLBACK", b"COMMIT")]


def told(r: Rig) -> list[tuple[int, bool]]:
    """The attempts that failed, and whether they went on."""
    return [(event.attempt, event.continues) for event in r.of(AttemptFailed)]


class TestSlow:
    @pytest.mark.parametrize(
        ("seconds", "timed_out"), [(0.19, 0), (0.3, 1), (0.7, 1), (1.2, 2), (3.0, 3), (4.1, 3), (5.7, 3)]
    )
    def test_a_slow_read_is_sent_once_and_answers_when_it_is_done(self, seconds: float, timed_out: int) -> None:
        async def work() -> None:
            slow = scripted(later(seconds, OK_ROW))
            async with FakeServer(slow) as server, rig(at(server.port), schedule=GOING_ON) as r:
                assert await r.executor.run(Kind.READ, one) == (b"1", timed_out)
                assert now() == pytest.approx(seconds, abs=1e-3)
                assert sent(server) == pytest.approx([0.0], abs=1e-3)
                assert told(r) == [(number, True) for number in range(timed_out)]
                limits = [event.seconds for event in r.of(AttemptFailed)]
                assert limits == pytest.approx([0.2, 0.4, 0.8][:timed_out], abs=1e-3)
                assert (r.of(Retrying), server.killed) == ([], [])
                server.handler = all_ok
                assert await r.executor.run(Kind.READ, one) == (b"1", 0)
                assert r.pool.stats()[Bulkhead.INTERACTIVE].used == 0

        run_virtual(work())

    def test_a_read_that_never_ends_is_stopped_at_the_end_of_the_schedule(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port), schedule=GOING_ON) as r:
                error, seconds = await failing(r)
                assert type(error) is GatewayTimeoutException
                assert error.retry_count == 4
                assert seconds == pytest.approx(TOTAL, abs=1e-3)
                assert sent(server) == pytest.approx([0.0], abs=1e-3)
                assert told(r) == [(0, True), (1, True), (2, True), (3, False)]
                assert r.of(RetriesExhausted) == [RetriesExhausted("read", 4, "GATEWAY_TIMEOUT")]
                await r.executor.close()
                assert len(server.killed) == 1
                assert [event.confirmed for event in r.of(StatementKilled)] == [True]
                assert len(server.dials) == 2, "the statement's connection is fit for use, and one asked and killed"
                assert [time for time, _ in server.looks] == pytest.approx([0.2, 1.0, 2.6], abs=1e-3)

        run_virtual(work())

    def test_a_write_that_waits_is_one_transaction(self) -> None:
        async def work() -> None:
            def handle(sql: bytes) -> Reply | Act:
                return later(3.0, all_ok(sql)) if b"UPDATE" in sql else all_ok(sql)

            async with FakeServer(handle) as server, rig(at(server.port), schedule=GOING_ON) as r:
                assert await r.executor.run(Kind.WRITE, change) == (0, 3)
                assert now() == pytest.approx(3.0, abs=1e-3)
                assert [b"UPDATE" in sql for _, sql in server.statements] == [True, False]

        run_virtual(work())

    def test_a_commit_that_takes_its_time(self) -> None:
        async def work() -> None:
            answers = on_commit(later(0.9, Reply().ok()))
            async with FakeServer(answers) as server, rig(at(server.port), schedule=GOING_ON) as r:
                assert await r.executor.run(Kind.WRITE, change) == (0, 1)
                assert now() == pytest.approx(0.9, abs=1e-3)
                assert told(r) == [(0, True)]

        run_virtual(work())

    def test_the_server_is_told_the_time_of_the_whole_schedule(self) -> None:
        async def work() -> None:
            acts = (Reply().error(1213), OK_ROW, Reply().ok(more=True).rows((b"1",)))
            async with FakeServer(scripted(*acts)) as server, rig(at(server.port), schedule=GOING_ON) as r:
                assert await r.executor.run(Kind.READ, one) == (b"1", 1)
                await r.executor.run(Kind.READ, one)
                limits = [sql.split(b";")[0] for _, sql in server.statements if sql.startswith(b"SET")]
                assert limits == [
                    b"SET SESSION max_statement_time = %s" % n for n in (b"5.780000", b"5.180000", b"5.780000")
                ]

        run_virtual(work())

    def test_others_of_its_answer_keep_the_attempts_that_it_took(self) -> None:
        """An answer that is stored under a client's key says how many attempts it took."""

        async def work() -> None:
            async def noting(session: Session) -> int:
                await one(session)
                return session.failed

            answers = scripted(later(1.2, OK_ROW))
            async with FakeServer(answers) as server, rig(at(server.port), schedule=GOING_ON) as r:
                assert await r.executor.run(Kind.READ, noting) == (2, 2)

        run_virtual(work())


class TestLost:
    @pytest.mark.parametrize("kind", [Kind.READ, Kind.WRITE])
    def test_a_statement_that_the_server_does_not_know_is_sent_again(self, kind: Kind) -> None:
        async def work() -> None:
            acts = iter((STALL, STALL))

            def handle(sql: bytes) -> Reply | Act:
                return all_ok(sql) if sql in (b"COMMIT", b"ROLLBACK") else next(acts, None) or all_ok(sql)

            async with FakeServer(handle) as server, rig(at(server.port), schedule=GOING_ON) as r:
                server.look = lambda _: AT_REST
                _, failed = await r.executor.run(kind, change if kind is Kind.WRITE else one)
                assert failed == 2
                assert sent(server) == pytest.approx(STARTS[:3], abs=1e-3)
                assert told(r) == [(0, True), (1, True)]
                assert [event.attempt for event in r.of(Retrying)] == [1, 2]

        run_virtual(work())

    @pytest.mark.parametrize("kind", [Kind.READ, Kind.WRITE])
    def test_a_server_that_is_silent_on_every_connection(self, kind: Kind) -> None:
        async def work() -> None:
            def handle(sql: bytes) -> Reply | Act:
                return Reply().ok() if sql == b"ROLLBACK" else STALL

            async with FakeServer(handle) as server, rig(at(server.port), schedule=GOING_ON) as r:
                server.look = lambda _: STALL
                error, seconds = await failing(r, kind)
                assert type(error) is GatewayTimeoutException
                assert error.retry_count == 4
                assert error.outcome is (None if kind is Kind.READ else Outcome.NOT_APPLIED)
                assert seconds == pytest.approx(TOTAL, abs=1e-3)
                assert sent(server) == pytest.approx(STARTS, abs=1e-3)

        run_virtual(work())

    def test_an_answer_on_its_way_is_waited_for(self) -> None:
        """The server has said everything, and it arrives a moment after it was asked."""

        async def work() -> None:
            answers = scripted(later(0.25, OK_ROW))
            async with FakeServer(answers) as server, rig(at(server.port), schedule=GOING_ON) as r:
                server.look = lambda _: AT_REST
                assert await r.executor.run(Kind.READ, one) == (b"1", 1)
                assert now() == pytest.approx(0.25, abs=1e-3)

        run_virtual(work())

    def test_who_may_not_ask_waits(self) -> None:
        async def work() -> None:
            answers = scripted(later(3.0, OK_ROW))
            async with FakeServer(answers) as server, rig(at(server.port), schedule=GOING_ON) as r:
                server.look = lambda _: Reply().error(1142)
                assert await r.executor.run(Kind.READ, one) == (b"1", 3)
                assert len(sent(server)) == 1

        run_virtual(work())

    @pytest.mark.parametrize(
        ("closed", "again", "attempts"),
        [(0.3, 0.6, [(0, True)]), (0.8, 1.6, [(0, True), (1, False)]), (1.2, 1.8, [(0, True), (1, True)])],
    )
    @pytest.mark.parametrize("how", [CLOSE, Act(then=Reply().error(1213))], ids=["lost", "deadlock"])
    def test_what_fails_and_can_be_repeated_is_repeated_when_its_turn_comes(
        self, how: Act, closed: float, again: float, attempts: list[tuple[int, bool]]
    ) -> None:
        async def work() -> None:
            acts = (Act(delay=closed, close=how.close, then=how.then), OK_ROW)
            async with FakeServer(scripted(*acts)) as server, rig(at(server.port), schedule=GOING_ON) as r:
                assert await r.executor.run(Kind.READ, one) == (b"1", len(attempts))
                assert sent(server) == pytest.approx([0.0, again], abs=1e-3)
                assert told(r) == attempts

        run_virtual(work())

    @pytest.mark.parametrize(("refused", "failed"), [(0.3, 1), (0.8, 1), (1.2, 2)])
    def test_what_is_refused_for_good_is_told_at_once(self, refused: float, failed: int) -> None:
        async def work() -> None:
            def handle(sql: bytes) -> Reply | Act:
                return later(refused, Reply().error(1062)) if b"UPDATE" in sql else all_ok(sql)

            async with FakeServer(handle) as server, rig(at(server.port), schedule=GOING_ON) as r:
                error, seconds = await failing(r, Kind.WRITE)
                assert type(error) is DatabaseError
                assert (error.retry_count, error.outcome) == (failed, Outcome.NOT_APPLIED)
                assert seconds == pytest.approx(refused, abs=1e-3)

        run_virtual(work())

    def test_a_commit_that_nothing_can_settle_is_waited_for_to_the_end(self) -> None:
        """Without a ledger it cannot be repeated: so nothing is won by giving it up."""

        async def work() -> None:
            answers = on_commit(later(3.0, Reply().ok()))
            async with FakeServer(answers) as server, rig(at(server.port), schedule=GOING_ON) as r:
                server.look = lambda _: AT_REST
                assert await r.executor.run(Kind.WRITE, change) == (0, 3)
                assert len(sent(server)) == 1

        run_virtual(work())


class TestSilent:
    """A server that answers nobody for a while: a read is listened to and sent again, and the first answer counts."""

    @pytest.mark.parametrize(
        ("first", "second", "answered", "failed"),
        [(1.3, 1e9, 1.3, 2), (2.0, 1e9, 2.0, 2), (1e9, 0.1, 0.7, 1), (1e9, 0.7, 1.3, 2), (5.5, 1e9, 5.5, 3)],
    )
    def test_whatever_answers_first(self, first: float, second: float, answered: float, failed: int) -> None:
        async def work() -> None:
            acts = scripted(later(first, OK_ROW), later(second, OK_ROW))
            async with FakeServer(acts) as server, rig(at(server.port), schedule=GOING_ON) as r:
                server.look = lambda _: STALL
                assert await r.executor.run(Kind.READ, one) == (b"1", failed)
                assert now() == pytest.approx(answered, abs=1e-3)
                assert sent(server)[:2] == pytest.approx([0.0, 0.6], abs=1e-3)
                server.handler = all_ok
                await r.executor.close()
                assert r.pool.stats()[Bulkhead.INTERACTIVE].used == 0
                assert await r.executor.run(Kind.READ, one) == (b"1", 0)

        run_virtual(work())

    def test_the_old_one_holds_no_place_in_the_pool(self) -> None:
        async def work() -> None:
            acts = scripted(STALL, OK_ROW)
            async with FakeServer(acts) as server, rig(at(server.port), PoolSettings(size=1), GOING_ON) as r:
                server.look = lambda _: STALL
                assert await r.executor.run(Kind.READ, one) == (b"1", 1)
                await r.executor.close()
                assert now() < 2.0
                assert server.killed + server.severed

        run_virtual(work())

    def test_a_write_has_one_transaction_at_a_time(self) -> None:
        async def work() -> None:
            left = [STALL]

            def handle(sql: bytes) -> Reply | Act:
                return left.pop() if left and b"UPDATE" in sql else all_ok(sql)

            async with FakeServer(handle) as server, rig(at(server.port), schedule=GOING_ON) as r:
                server.look = lambda _: STALL
                assert await r.executor.run(Kind.WRITE, change) == (0, 1)
                assert server.killed, "the first was stopped"
                assert [sql for _, sql in server.statements].count(b"COMMIT") == 1

        run_virtual(work())

    def test_a_client_that_leaves_stops_all_of_them(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port), schedule=GOING_ON) as r:
                server.look = lambda _: STALL
                running = asyncio.create_task(r.executor.run(Kind.READ, one))
                await asyncio.sleep(2.0)
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
                await asyncio.sleep(0)
                await r.executor.close()
                assert len(sent(server)) == 3
                assert len(server.killed) >= 3
                assert r.pool.stats()[Bulkhead.INTERACTIVE].used == 0

        run_virtual(work())


class TestAround:
    def test_who_waits_for_a_connection_fails_as_before(self) -> None:
        async def work() -> None:
            async with FakeServer() as server, rig(at(server.port), PoolSettings(size=1), GOING_ON) as r:
                held = await r.pool.acquire()
                error, seconds = await failing(r)
                assert type(error) is ServiceUnavailableException
                assert seconds == pytest.approx(TOTAL, abs=1e-3)
                assert told(r) == [(number, False) for number in range(4)]
                assert server.looks == []
                r.pool.release(held)

        run_virtual(work())

    def test_while_others_wait_a_fifth_of_the_pool_is_not_held(self) -> None:
        async def work() -> None:
            slow = scripted(later(3.0, OK_ROW))
            async with FakeServer(slow) as server, rig(at(server.port), PoolSettings(size=5), GOING_ON) as r:
                work = [asyncio.create_task(r.executor.run(Kind.READ, one)) for _ in range(5)]
                await asyncio.sleep(0.1)
                server.handler = all_ok
                assert (await r.executor.run(Kind.READ, one))[0] == b"1"
                assert now() < 0.5, "one of five was stopped, and its connection serves others"
                assert {value for value, _ in await asyncio.gather(*work)} == {b"1"}
                assert sum(event.continues for event in r.of(AttemptFailed) if event.attempt == 0) == 4

        run_virtual(work())

    def test_a_client_that_leaves_has_its_statement_stopped(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port), schedule=GOING_ON) as r:
                for seconds in (0.3, 0.8, 2.0):
                    running = asyncio.create_task(r.executor.run(Kind.READ, one))
                    await asyncio.sleep(seconds)
                    running.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await running
                await r.executor.close()
                assert len(server.killed) == 3
                assert r.pool.stats()[Bulkhead.INTERACTIVE].used == 0
                assert len(asyncio.all_tasks()) <= 1 + len(server.dials), "nothing watches what has ended"

        run_virtual(work())

    def test_an_error_of_the_work_itself_passes_through(self) -> None:
        async def work() -> None:
            async def job(session: Session) -> None:
                await asyncio.sleep(0.3)
                raise KeyError("a defect")

            async with FakeServer() as server, rig(at(server.port), schedule=GOING_ON) as r:
                with pytest.raises(KeyError, match="a defect"):
                    await r.executor.run(Kind.WRITE, job)
                assert r.pool.stats()[Bulkhead.INTERACTIVE].used == 0

        run_virtual(work())
