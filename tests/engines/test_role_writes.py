"""Writes of roles on every engine: columns, presets, row rules, and checks that hold after the write or undo it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from graphql_app.auth.identity import ADMIN
from graphql_app.auth.permissions import (
    DeletePermission,
    InsertPermission,
    SelectPermission,
    TablePermissions,
    UpdatePermission,
)
from graphql_app.engine.execute.transaction import Transaction
from graphql_app.engine.request.calls import (
    AffectedRows,
    Call,
    Columns,
    Compare,
    Delete,
    GeneratedId,
    Insert,
    OnConflict,
    Operator,
    Returning,
    RootRequest,
    SelectColumn,
    Update,
)
from graphql_app.errors import AppError, CheckFailed, Code, DatabaseError, Outcome
from tests.harness.engine import Engine
from tests.role_rig import RoleRig, role_rig

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, secret VARCHAR(20));
CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, title VARCHAR(20) NOT NULL,
  stars INT DEFAULT 1, secret VARCHAR(20) UNIQUE, doubled INT GENERATED ALWAYS AS (stars * 2) STORED,
  CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id));
CREATE TABLE words (word VARCHAR(20) PRIMARY KEY, user_id INT, hits INT);
INSERT INTO users VALUES (1,'Ann','a'),(2,'Bob','b');
INSERT INTO notes (id, user_id, title, stars) VALUES (1,1,'one',1),(2,1,'two',2),(3,2,'three',3);
INSERT INTO words VALUES ('dog',1,3),('cat',2,1)
"""
OWN = {"user_id": {"_eq": "X-Hasura-User-Id"}}
READ = SelectPermission(frozenset({"id", "title", "stars", "user_id", "doubled"}), OWN)
ROWS = Returning("returning", tuple(SelectColumn(name, name) for name in ("id", "title", "user_id")))
COUNT = AffectedRows("affected_rows")


@pytest.fixture
async def roles(engine: Engine, database: str) -> AsyncIterator[RoleRig]:
    engine.execute(SCHEMA, database)
    async with role_rig(engine, database) as made:
        yield made


def _is(name: str, value: object) -> Compare:
    return Compare(name, Operator.EQ, value)


def _rows(engine: Engine, database: str, what: str = "user_id, title, stars") -> list[Any]:
    return list(engine.execute(f"SELECT {what} FROM notes ORDER BY id", database))


BEFORE = [(1, "one", 1), (1, "two", 2), (2, "three", 3)]


class TestInserts:
    async def test_presets_are_set_and_imply_their_check(self, roles: RoleRig, engine: Engine, database: str) -> None:
        insert = InsertPermission(frozenset({"title"}), OWN, {"user_id": "x-hasura-User-Id", "stars": 5})
        await roles.permit({"notes": TablePermissions(READ, insert)})
        new = Insert("notes", ((("title", "mine"),),), (COUNT, ROWS))
        answer = await roles.write(new, user_id="2")
        assert answer["affected_rows"] == 1
        assert [(row["title"], row["user_id"]) for row in answer["returning"]] == [("mine", 2)]
        await roles.write(Insert("notes", ((("title", "a"),), (("title", "b"),)), (COUNT,)), user_id="1")
        assert _rows(engine, database) == [*BEFORE, (2, "mine", 5), (1, "a", 5), (1, "b", 5)]

    async def test_a_check_is_of_the_row_as_it_became(self, roles: RoleRig, engine: Engine, database: str) -> None:
        """By its defaults, and by its generated columns."""
        insert = InsertPermission(frozenset({"user_id", "title", "stars"}), {**OWN, "doubled": {"_gt": 4}})
        await roles.permit({"notes": TablePermissions(READ, insert)})
        for answer in ((COUNT,), (COUNT, ROWS)):
            given = (("title", "x"), ("user_id", 1), ("stars", 3))
            await roles.write(Insert("notes", (given,), answer), user_id="1")
            for bad in (given[:2], (*given[:1], ("user_id", 2), given[2]), (*given[:2], ("stars", None))):
                for rows in ((bad,), (given, bad), (bad, given)):
                    with pytest.raises(CheckFailed) as failed:
                        await roles.write(Insert("notes", rows, answer), user_id="1")
                    assert failed.value.outcome is Outcome.NOT_APPLIED
                    assert failed.value.root == 0
                    assert failed.value.argument == "objects"
        assert _rows(engine, database) == [*BEFORE, *[(1, "x", 3)] * 2]

    async def test_one_root_that_fails_undoes_all(self, roles: RoleRig, engine: Engine, database: str) -> None:
        await roles.permit({"notes": TablePermissions(READ, InsertPermission(None, OWN))})
        mine = Insert("notes", ((("title", "x"), ("user_id", 1)),), (ROWS,), one=True)
        other = Insert("notes", ((("title", "x"), ("user_id", 2)),), (ROWS,), one=True)
        with pytest.raises(CheckFailed) as failed:
            await roles.write(mine, other, user_id="1")
        assert (failed.value.root, failed.value.argument) == (1, "object")
        assert _rows(engine, database) == BEFORE

    async def test_columns_that_may_not_be_given_are_unknown(self, roles: RoleRig) -> None:
        insert = InsertPermission(frozenset({"title", "stars"}), {}, {"stars": 1, "user_id": "X-Hasura-User-Id"})
        await roles.permit({"notes": TablePermissions(READ, insert)})
        for name in ("secret", "stars", "user_id", "doubled", "nothing"):
            with pytest.raises(AppError) as refused:
                await roles.write(Insert("notes", ((("title", "x"), (name, 1)),), (COUNT,)), user_id="1")
            assert refused.value.message == f"Unknown column '{name}' in table 'notes'"
            assert refused.value.unknown is not None
            assert list(refused.value.unknown[1]) == ["title"]

    async def test_a_missing_variable_is_told_by_name(self, roles: RoleRig) -> None:
        insert = InsertPermission(None, {}, {"user_id": "X-Hasura-User-Id"})
        await roles.permit({"notes": TablePermissions(READ, insert)})
        with pytest.raises(AppError) as refused:
            await roles.write(Insert("notes", ((("title", "x"),),), (COUNT,)))
        assert refused.value.code is Code.MISSING_SESSION_VARIABLE
        assert refused.value.message == 'missing session variable: "x-hasura-user-id"'

    async def test_a_text_is_no_variable(self, roles: RoleRig, engine: Engine, database: str) -> None:
        await roles.permit({"notes": TablePermissions(READ, InsertPermission(None, OWN))})
        given = (("title", "x-hasura-user-id"), ("user_id", 1))
        await roles.write(Insert("notes", (given,), (COUNT,)), user_id="1")
        assert _rows(engine, database)[-1] == (1, "x-hasura-user-id", 1)

    async def test_an_id_that_may_not_be_read_is_not_told(self, roles: RoleRig) -> None:
        insert = InsertPermission(None, {})
        new = Insert("notes", ((("title", "x"), ("user_id", 1)),), (COUNT, GeneratedId("id")))
        await roles.permit({"notes": TablePermissions(READ, insert)})
        assert set(await roles.write(new, user_id="1")) == {"affected_rows", "id"}
        await roles.permit({"notes": TablePermissions(None, insert)})
        assert await roles.write(new, user_id="1") == {"affected_rows": 1}


class TestChanges:
    async def test_rules_narrow_updates_and_deletes(self, roles: RoleRig, engine: Engine, database: str) -> None:
        update = UpdatePermission(frozenset({"title"}), OWN, None, {"stars": 9})
        await roles.permit({"notes": TablePermissions(READ, None, update, DeletePermission(OWN))})
        change = Update("notes", None, (("title", "new"),), (COUNT, ROWS))
        answer = await roles.write(change, user_id="2")
        assert answer == {"affected_rows": 1, "returning": [{"id": 3, "title": "new", "user_id": 2}]}
        answer = await roles.write(Update("notes", None, (), (COUNT,)), user_id="1")
        assert answer == {"affected_rows": 2}
        assert _rows(engine, database) == [(1, "one", 9), (1, "two", 9), (2, "new", 9)]
        assert (await roles.write(Delete("notes", _is("id", 3), (COUNT,)), user_id="1"))["affected_rows"] == 0
        assert (await roles.write(Delete("notes", None, (COUNT, ROWS)), user_id="1"))["affected_rows"] == 2
        assert _rows(engine, database) == [(2, "new", 9)]

    async def test_by_key_a_hidden_row_is_none(self, roles: RoleRig, engine: Engine, database: str) -> None:
        update = UpdatePermission(frozenset({"title"}), OWN)
        await roles.permit({"notes": TablePermissions(READ, None, update, DeletePermission(OWN))})
        for key in (3, 99):
            change = Update("notes", _is("id", key), (("title", "new"),), (ROWS,), by_key=True)
            assert await roles.write(change, user_id="1") is None
            assert await roles.write(Delete("notes", _is("id", key), (ROWS,), by_key=True), user_id="1") is None
        assert _rows(engine, database) == BEFORE
        gone = await roles.write(Delete("notes", _is("id", 3), (ROWS,), by_key=True), user_id="2")
        assert gone == {"id": 3, "title": "three", "user_id": 2}

    async def test_a_row_may_not_be_given_away(self, roles: RoleRig, engine: Engine, database: str) -> None:
        update = UpdatePermission(frozenset({"title", "user_id", "id"}), OWN, OWN)
        await roles.permit({"notes": TablePermissions(READ, None, update)})
        for sets in ((("user_id", 2),), (("user_id", 2), ("id", 7))):
            for answer, by_key in (((COUNT,), False), ((COUNT, ROWS), False), ((ROWS,), True)):
                change = Update("notes", _is("id", 1), sets, answer, by_key=by_key)
                with pytest.raises(CheckFailed) as failed:
                    await roles.write(change, user_id="1")
                assert failed.value.argument is None
        assert _rows(engine, database) == BEFORE
        moved = Update("notes", _is("id", 1), (("id", 7),), (ROWS,), by_key=True)
        assert await roles.write(moved, user_id="1") == {"id": 7, "title": "one", "user_id": 1}
        # Of another's row nothing is checked, since nothing is changed.
        other = Update("notes", _is("id", 3), (("user_id", 1),), (ROWS,), by_key=True)
        assert await roles.write(other, user_id="1") is None

    async def test_without_a_check_a_row_may_leave(self, roles: RoleRig, engine: Engine, database: str) -> None:
        """What is returned is the row written, whether the role could read it or not."""
        update = UpdatePermission(frozenset({"user_id"}), OWN)
        await roles.permit({"notes": TablePermissions(READ, None, update)})
        change = Update("notes", _is("id", 1), (("user_id", 2),), (ROWS,), by_key=True)
        assert await roles.write(change, user_id="1") == {"id": 1, "title": "one", "user_id": 2}

    async def test_a_null_fails(self, roles: RoleRig, engine: Engine, database: str) -> None:
        update = UpdatePermission(frozenset({"stars"}), {}, {"stars": {"_lt": 5}})
        await roles.permit({"notes": TablePermissions(READ, None, update)})
        with pytest.raises(CheckFailed):
            await roles.write(Update("notes", _is("id", 1), (("stars", None),), (COUNT,)), user_id="1")
        assert _rows(engine, database) == BEFORE

    @pytest.mark.parametrize("column", ["user_id", "secret", "stars", "doubled", "nothing"])
    async def test_columns_that_may_not_be_changed_are_unknown(self, roles: RoleRig, column: str) -> None:
        """Readable or not, preset or not: in the words of a column that is not there."""
        update = UpdatePermission(frozenset({"title"}), {}, None, {"stars": 5})
        await roles.permit({"notes": TablePermissions(READ, None, update)})
        with pytest.raises(AppError) as caught:
            await roles.write(Update("notes", _is("id", 1), ((column, 1),), (COUNT,)), user_id="1")
        assert caught.value.code is Code.UNKNOWN_COLUMN
        assert caught.value.message == f"Unknown column '{column}' in table 'notes'"

    @pytest.mark.parametrize("word", ["dog", "cat"])
    async def test_an_upsert_changes_only_rows_that_may_be(
        self, roles: RoleRig, engine: Engine, database: str, word: str
    ) -> None:
        """One that it may not is passed over, as if its own condition did not hold."""
        insert = InsertPermission(frozenset({"word", "hits"}), {})
        update = UpdatePermission(frozenset({"hits"}), OWN)
        await roles.permit({"words": TablePermissions(SelectPermission(frozenset({"word"}), {}), insert, update)})
        change = OnConflict("PRIMARY", ("hits",))
        write = Insert("words", ((("word", word), ("hits", 9)),), (COUNT,), conflict=change)
        mine = word == "dog"
        assert await roles.write(write, user_id="1") == {"affected_rows": int(mine)}
        after = engine.execute("SELECT word, hits FROM words ORDER BY word", database)
        assert list(after) == [("cat", 1), ("dog", 9 if mine else 3)]

    async def test_what_may_not_be_written_at_all(self, roles: RoleRig) -> None:
        await roles.permit({"notes": TablePermissions(READ)})
        for write in (
            Insert("notes", ((("title", "x"),),), (COUNT,)),
            Update("notes", None, (("title", "x"),), (COUNT,)),
            Delete("notes", None, (COUNT,)),
        ):
            with pytest.raises(AppError) as refused:
                await roles.write(write, user_id="1")
            assert refused.value.code is Code.PERMISSION_DENIED


class TestReturning:
    """What is shown of rows written: all of them, or with `returning: visible` those that the role may read."""

    TABLES: ClassVar = {
        "notes": TablePermissions(
            READ, InsertPermission(None, {}), UpdatePermission(None, {}), DeletePermission({"stars": {"_gt": 0}})
        ),
        "words": TablePermissions(
            SelectPermission(None, OWN), InsertPermission(None, {}), UpdatePermission(frozenset({"user_id"}), {})
        ),
    }

    @pytest.mark.parametrize("visible", [False, True])
    async def test_rows(self, roles: RoleRig, visible: bool) -> None:
        await roles.permit(self.TABLES, returning_visible=visible)

        async def users(write: Insert | Update | Delete) -> list[int]:
            answer = await roles.write(write, user_id="1")
            return [row["user_id"] for row in answer["returning"]]

        def new(*users: int) -> Insert:
            return Insert("notes", tuple((("title", "x"), ("user_id", user)) for user in users), (COUNT, ROWS))

        assert await users(new(2)) == ([] if visible else [2])
        assert await users(new(1)) == [1]
        assert await users(new(2, 1, 2)) == ([1] if visible else [2, 1, 2])
        words = Returning("returning", (SelectColumn("user_id", "user_id"),))
        added = tuple((("word", f"w{user}"), ("user_id", user)) for user in (1, 2))
        assert await users(Insert("words", added, (words,))) == ([1] if visible else [1, 2])
        change = Update("words", Compare("word", Operator.EQ, "dog"), (("user_id", 2),), (words,))
        assert await users(change) == ([] if visible else [2])
        gone = await users(Delete("notes", Compare("id", Operator.LT, 4), (ROWS,)))
        assert sorted(gone) == ([1, 1] if visible else [1, 1, 2])

    @pytest.mark.parametrize("visible", [False, True])
    async def test_one_row(self, roles: RoleRig, visible: bool) -> None:
        await roles.permit(self.TABLES, returning_visible=visible)
        one = Insert("notes", ((("title", "x"), ("user_id", 2)),), (ROWS,), one=True)
        answer = await roles.write(one, user_id="1")
        assert (answer is None) == visible
        change = Update("notes", _is("id", 1), (("user_id", 2),), (ROWS,), by_key=True)
        answer = await roles.write(change, user_id="1")
        assert (answer is None) == visible
        answer = await roles.write(Delete("notes", _is("id", 3), (ROWS,), by_key=True), user_id="1")
        assert (answer is None) == visible


async def test_a_failed_check_cannot_be_passed_over(roles: RoleRig, engine: Engine, database: str) -> None:
    """A mutation of a developer's own may catch it: nothing of its transaction stays all the same."""
    await roles.permit({"notes": TablePermissions(READ, InsertPermission(None, OWN))})
    acting = roles.acting(user_id="1")

    async def work(transaction: Transaction) -> None:
        for user in (1, 2):
            call = Call((RootRequest("", Insert("notes", ((("title", "x"), ("user_id", user)),), (COUNT,))),))
            prepared = acting.prepare(call)
            with suppress(CheckFailed):
                await transaction.values(prepared, acting.values(prepared, ()))

    with pytest.raises(CheckFailed):
        await acting.transaction(work)
    assert _rows(engine, database) == BEFORE


async def test_too_many_rows_cannot_be_passed_over(roles: RoleRig, engine: Engine, database: str) -> None:
    """As a failed check: what was written before the rows were counted does not stay."""
    await roles.permit({})
    acting = roles.engine.acting(ADMIN)

    async def work(transaction: Transaction) -> None:
        change = Update("notes", Compare("id", Operator.LT, 4), (("title", "x"),), (COUNT,), max_affected=1)
        prepared = acting.prepare(Call((RootRequest("", change),)))
        with suppress(DatabaseError):
            await transaction.values(prepared, acting.values(prepared, ()))

    with pytest.raises(DatabaseError) as caught:
        await acting.transaction(work)
    assert caught.value.code is Code.MAX_AFFECTED_EXCEEDED
    assert _rows(engine, database) == BEFORE


async def test_many_rows_at_once(roles: RoleRig, engine: Engine, database: str) -> None:
    """Columns of values, as large variables come."""
    insert = InsertPermission(frozenset({"title", "stars"}), {"stars": {"_lt": 5}}, {"user_id": "x-hasura-user-id"})
    await roles.permit({"notes": TablePermissions(READ, insert)})
    titles = tuple(f"t{number}" for number in range(1500))
    for answer in ((COUNT,), (COUNT, ROWS)):
        good = Insert("notes", Columns(("title", "stars"), (titles, (4,) * 1500)), answer)
        made = await roles.write(good, user_id="2")
        assert made["affected_rows"] == 1500
        bad = Insert("notes", Columns(("title", "stars"), (titles, (4,) * 1499 + (5,))), answer)
        with pytest.raises(CheckFailed):
            await roles.write(bad, user_id="2")
    assert _rows(engine, database)[3:] == [(2, title, 4) for title in titles] * 2
