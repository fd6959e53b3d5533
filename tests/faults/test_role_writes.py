"""Writes of roles while connections break: what a check refuses never stays, what it lets through is done once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson
import pytest

from graphql_app.auth.permissions import InsertPermission, SelectPermission, TablePermissions, UpdatePermission
from graphql_app.engine.engine import Once, Reply
from graphql_app.engine.execute.ledger import TABLE, LedgerEntry, entry_of
from graphql_app.engine.execute.retry import Schedule
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.request.calls import (
    AffectedRows,
    Call,
    Compare,
    Insert,
    Operator,
    Returning,
    RootRequest,
    SelectColumn,
    Update,
    Write,
)
from graphql_app.errors import CheckFailed, Outcome, RequestError
from graphql_app.observability.events import AttemptFailed, OutcomeSettled
from tests.faults.proxy import Break, Fault, Proxy
from tests.harness.engine import Engine
from tests.role_rig import RoleRig, role_rig

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, title VARCHAR(20), stars INT DEFAULT 1);
INSERT INTO notes VALUES (1, 1, 'one', 1), (2, 2, 'two', 1)
"""
ROOMY = Schedule((1.5, 5.0, 5.0, 5.0), (0.05, 0.05, 0.05))
OWN = {"user_id": {"_eq": "X-Hasura-User-Id"}}
ROWS = Returning("returning", (SelectColumn("title", "title"), SelectColumn("user_id", "user_id")))
COUNT = AffectedRows("affected_rows")
PERMISSIONS = TablePermissions(
    SelectPermission(None, OWN),
    InsertPermission(frozenset({"title", "stars"}), {"stars": {"_lt": 5}}, {"user_id": "X-Hasura-User-Id"}),
    UpdatePermission(frozenset({"stars"}), OWN, {"stars": {"_lt": 5}}),
)


@dataclass(slots=True)
class Stage:
    """Roles on MariaDB, with a proxy between them."""

    roles: RoleRig
    proxy: Proxy
    mariadb: Engine
    database: str

    def stars(self) -> list[tuple[object, ...]]:
        """What the database says, not through the proxy."""
        return list(self.mariadb.execute("SELECT user_id, title, stars FROM notes ORDER BY id", self.database))

    def noted(self) -> int:
        """Entries of the ledger."""
        ((count,),) = self.mariadb.execute(f"SELECT COUNT(*) FROM {TABLE}", self.database)
        return int(count)


@pytest.fixture
async def stage(mariadb: Engine) -> AsyncIterator[Stage]:
    with mariadb.database(SCHEMA) as database:
        async with Proxy(mariadb.socket) as proxy:
            target = Target(host="127.0.0.1", port=proxy.port, database=database)
            async with role_rig(mariadb, database, target, ROOMY) as roles:
                await roles.permit({"notes": PERMISSIONS})
                made = Stage(roles, proxy, mariadb, database)
                await roles.write(_update(1), user_id="1")  # the ledger is made
                mariadb.execute(f"DELETE FROM {TABLE}", database)
                roles.rig.events.clear()
                yield made


def _update(stars: int, answer: tuple[AffectedRows | Returning, ...] = (COUNT,)) -> Update:
    return Update("notes", Compare("id", Operator.LT, 100), (("stars", stars),), answer)


def _insert(stars: int, answer: tuple[AffectedRows | Returning, ...] = (COUNT,), rows: int = 1) -> Insert:
    return Insert("notes", tuple((("title", "new"), ("stars", stars)) for _ in range(rows)), answer)


BREAKS = [Break.DROP_BEFORE, Break.DROP_AFTER, Break.RESET]


@pytest.mark.parametrize("what", BREAKS)
@pytest.mark.parametrize(
    ("write", "bad", "after"),
    [
        (_update(3), _update(9), [(1, "one", 3), (2, "two", 1)]),
        (_update(3, (ROWS,)), _update(9, (ROWS,)), [(1, "one", 3), (2, "two", 1)]),
        (_insert(3), _insert(9), [(1, "one", 1), (2, "two", 1), (1, "new", 3)]),
        (_insert(3, (ROWS,)), _insert(9, (ROWS,)), [(1, "one", 1), (2, "two", 1), (1, "new", 3)]),
        (_insert(3, (ROWS,), 2), _insert(9, (ROWS,), 2), [(1, "one", 1), (2, "two", 1), *[(1, "new", 3)] * 2]),
    ],
    ids=["update", "update returned", "insert", "insert told", "inserts"],
)
async def test_a_connection_that_breaks_at_the_check(
    stage: Stage, write: Write, bad: Write, after: list[tuple[object, ...]], what: Break
) -> None:
    before = stage.stars()
    stage.proxy.on(b"SELECT COUNT(*)", what)
    with pytest.raises(CheckFailed) as refused:
        await stage.roles.write(bad, user_id="1")
    assert refused.value.outcome is Outcome.NOT_APPLIED
    assert stage.stars() == before
    # It was tried again because the connection broke, and not because the check failed.
    assert refused.value.retry_count == 1
    assert len(stage.roles.rig.of(AttemptFailed)) == 1
    stage.proxy.on(b"SELECT COUNT(*)", what)
    await stage.roles.write(write, user_id="1")
    assert stage.stars() == after


@pytest.mark.parametrize("what", BREAKS)
async def test_a_lost_commit_is_settled(stage: Stage, what: Break) -> None:
    stage.proxy.on(b"COMMIT", what)
    answer = await stage.roles.write(_insert(3, (COUNT, ROWS)), user_id="2")
    assert answer == {"affected_rows": 1, "returning": [{"title": "new", "user_id": 2}]}
    assert stage.stars()[2:] == [(2, "new", 3)]


async def test_an_answer_that_stays_away_is_read_again_with_the_sessions_values(stage: Stage) -> None:
    stage.proxy.on(b"RETURNING", Break.STALL_ANSWER)
    answer = await stage.roles.write(_insert(3, (COUNT, ROWS)), user_id="2")
    assert answer == {"affected_rows": 1, "returning": [{"title": "new", "user_id": 2}]}
    assert [event.applied for event in stage.roles.rig.of(OutcomeSettled)] == [True]
    assert stage.stars()[2:] == [(2, "new", 3)]


async def _once(stage: Stage, write: Write, entry: LedgerEntry, user: str) -> tuple[object, bool]:
    def render(reply: Reply) -> bytes:
        return reply.texts[0]

    call = Call((RootRequest("", write),))
    found = await stage.roles.acting(user_id=user).run(call, once=Once(entry, render))
    return orjson.loads(found.answer), found.replayed


async def test_a_clients_key_is_free_after_a_check_that_failed(stage: Stage) -> None:
    entry = entry_of(b"client", "key", b"payload")
    for _ in range(2):
        with pytest.raises(CheckFailed):
            await _once(stage, _insert(9, (COUNT, ROWS)), entry, "1")
        assert stage.noted() == 0
    first = await _once(stage, _insert(3, (COUNT, ROWS)), entry, "1")
    assert first == ({"affected_rows": 1, "returning": [{"title": "new", "user_id": 1}]}, False)
    assert await _once(stage, _insert(3, (COUNT, ROWS)), entry, "1") == (first[0], True)
    assert stage.stars()[2:] == [(1, "new", 3)]
    with pytest.raises(RequestError):
        await _once(stage, _insert(3, (COUNT, ROWS)), entry_of(b"client", "key", b"another"), "1")


async def test_a_checked_insert_takes_one_round_trip(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check stands between the row and the COMMIT."""
    sent: list[bytes] = []
    meets = stage.proxy.meets

    def noting(chunk: bytes) -> Fault | None:
        sent.append(chunk)
        return meets(chunk)

    monkeypatch.setattr(stage.proxy, "meets", noting)
    await stage.roles.write(_insert(3, (COUNT, ROWS)), user_id="2")
    (packet,) = sent
    assert packet.count(b"SELECT IF((SELECT COUNT(*)") == 1
    assert packet.endswith(b";COMMIT")
    sent.clear()
    await stage.roles.write(_insert(3, (COUNT,)), user_id="2")
    assert len(sent) == 2
