"""Random writes by random permissions on every engine come to what a model says. ROLE_WRITES=5000 for a long run."""

from __future__ import annotations

import os
from collections import Counter
from random import Random
from typing import Any

import pytest

from graphql_app.auth.permissions import RolePermissions
from graphql_app.errors import AppError, CheckFailed
from tests.differential.make_role_writes import COLUMNS, SESSION, Maker, Work
from tests.differential.role_write_model import Model, Permission, Refused, Row, State, Touched, attempt
from tests.harness.engine import Engine
from tests.role_rig import RoleRig, role_rig

pytestmark = pytest.mark.anyio

WRITES = int(os.environ.get("ROLE_WRITES", "120"))
SEED = int(os.environ.get("ROLE_WRITES_SEED", "1"))
EACH = 12
"""Writes by the same permissions."""
ROLES = 50
"""Roles that are there at a time."""

SCHEMA = """
CREATE TABLE users (id INT PRIMARY KEY, team INT, level INT NOT NULL DEFAULT 1);
CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, title VARCHAR(20), stars INT DEFAULT 1,
  secret INT, UNIQUE KEY uq_secret (secret), CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id));
CREATE TABLE words (lang VARCHAR(5), word VARCHAR(20), user_id INT DEFAULT 2, hits INT, PRIMARY KEY (lang, word),
  CONSTRAINT fk_word_user FOREIGN KEY (user_id) REFERENCES users (id))
"""
ROWS = """
DELETE FROM notes; DELETE FROM words; DELETE FROM users;
INSERT INTO users VALUES (1, 1, 1), (2, 1, 2), (3, NULL, 3);
INSERT INTO notes VALUES (1, 1, 'a', 1, NULL), (2, 1, 'b', 0, 1), (3, 2, 'c', NULL, 2), (4, NULL, NULL, 3, NULL);
INSERT INTO words VALUES ('a', 'a', 1, 1), ('a', 'b', 2, NULL), ('b', 'b', NULL, 2)
"""


def _state(cursor: Any) -> State:
    found: State = {}
    for table, columns in COLUMNS.items():
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table}")
        found[table] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return found


def _counted(state: State, numbered: set[int]) -> dict[str, Counter[Any]]:
    """The rows of each table, whatever their order."""
    rows = {table: [{name: row[name] for name in COLUMNS[table]} for row in found] for table, found in state.items()}
    return {table: _bag(found, numbered) for table, found in rows.items()}


def _bag(rows: list[Row], numbered: set[int]) -> Counter[Any]:
    """Rows without order; ids that were generated, which only notes have, are as good as each other."""
    return Counter(
        tuple(
            sorted(
                (name, "new" if name == "id" and "title" in row and value in numbered else value)
                for name, value in row.items()
            )
        )
        for row in rows
    )


class _Run:
    """Permissions and writes by one seed."""

    def __init__(self, roles: RoleRig, cursor: Any) -> None:
        self.roles = roles
        self.cursor = cursor
        self.outcomes: Counter[str] = Counter()

    async def seeds(self, seeds: range) -> None:
        """Some writes by the permissions of each seed."""
        made = {seed: Maker(Random(seed)) for seed in seeds}
        given = {seed: maker.permissions() for seed, maker in made.items()}
        for seed, (_, permissions) in given.items():
            self.roles.source.roles[str(seed)] = RolePermissions(str(seed), permissions)
        await self.roles.live.reload()
        for seed, (plain, _) in given.items():
            assert self.roles.broken(str(seed)) == []
            await self.writes(seed, made[seed], plain)

    async def writes(self, seed: int, maker: Maker, plain: dict[str, Permission]) -> None:
        """Writes by the permissions of one seed."""
        for statement in ROWS.split(";"):
            self.cursor.execute(statement)
        for number in range(EACH):
            before = _state(self.cursor)
            works = maker.works()
            model = Model(before, plain, SESSION)
            expected, after = attempt(model, [work.apply for work in works])
            told = await self._ask(str(seed), works)
            found = _state(self.cursor)
            place = f"ROLE_WRITES_SEED={seed}, write {number}: {[work.write for work in works]} under {plain}"
            given = {row["id"] for row in after["notes"]} - model.numbered
            new = {row["id"] for row in found["notes"]} - given if model.numbered else set()
            assert _counted(found, new) == _counted(after, model.numbered), place
            self._compare(expected, told, place, alone=len(works) == 1)
            if not isinstance(expected, Refused) and not isinstance(told, AppError):
                for done, answer in zip(expected, told, strict=True):
                    self._shown(done, answer, model.numbered, new, place)

    async def _ask(self, role: str, works: list[Work]) -> list[Any] | AppError:
        variables = {name.removeprefix("x-hasura-").replace("-", "_"): value for name, value in SESSION.items()}
        try:
            answer = await self.roles.write(*(work.write for work in works), role=role, **variables)
        except AppError as error:
            return error
        return answer if len(works) > 1 else [answer]

    def _compare(
        self, expected: list[Touched] | Refused, told: list[Any] | AppError, place: str, *, alone: bool
    ) -> None:
        if isinstance(expected, Refused):
            assert isinstance(told, AppError), place
            # Names are looked at before anything is done, those of a second write too.
            assert not (expected.check and alone) or isinstance(told, CheckFailed), (told, place)
            self.outcomes["check" if expected.check else "refused"] += 1
            return
        assert not isinstance(told, AppError), (told, place)
        for done, answer in zip(expected, told, strict=True):
            if isinstance(answer, list):
                assert sum(each["affected_rows"] for each in answer) == done.count, place
            elif answer is None or "affected_rows" not in answer:
                assert done.count == (answer is not None), place
            else:
                assert answer["affected_rows"] == done.count, place
        self.outcomes["done" if any(done.count for done in expected) else "nothing"] += 1

    def _shown(self, done: Touched, answer: Any, numbered: set[int], new: set[int], place: str) -> None:
        """The rows that an answer shows are those that were touched, as they are now or were before."""
        if answer is None or isinstance(answer, list):
            return
        shown = answer.get("returning") if "affected_rows" in answer else [answer]
        if shown is not None:
            kept = {name for row in shown for name in row}
            rows = [{name: value for name, value in row.items() if name in kept} for row in done.rows]
            assert _bag(shown, new) == _bag(rows, numbered), place


@pytest.fixture
def made_database(engine: Engine, database: str) -> str:
    engine.execute(SCHEMA, database)
    return database


async def test_random_writes(engine: Engine, made_database: str) -> None:
    connection = engine.connect(made_database)
    async with role_rig(engine, made_database) as roles:
        with connection, connection.cursor() as cursor:
            run = _Run(roles, cursor)
            last = SEED + max(1, WRITES // EACH)
            for first in range(SEED, last, ROLES):
                await run.seeds(range(first, min(first + ROLES, last)))
    assert min(run.outcomes[kind] for kind in ("done", "check", "refused", "nothing")) > 0
