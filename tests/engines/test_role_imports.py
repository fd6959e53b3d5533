"""Imports of roles on every engine: columns, presets, and checks row by row, refused by line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from graphql_app.auth.permissions import InsertPermission, SelectPermission, TablePermissions, UpdatePermission
from graphql_app.csv_io.cells import BadRow
from graphql_app.csv_io.importing import Options, Report, import_csv
from graphql_app.engine.request.bulk import BulkMode
from graphql_app.errors import AppError, Code
from tests.harness.engine import Engine
from tests.role_rig import RoleRig, role_rig

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT PRIMARY KEY, active INT NOT NULL);
CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, title VARCHAR(20) NOT NULL, stars INT DEFAULT 1,
  secret VARCHAR(20) UNIQUE, doubled INT GENERATED ALWAYS AS (stars * 2) STORED,
  CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id));
CREATE TABLE words (lang VARCHAR(5), word VARCHAR(20), user_id INT NOT NULL DEFAULT 2, hits INT, needed INT NOT NULL,
  PRIMARY KEY (lang, word));
INSERT INTO users VALUES (1, 1), (2, 1), (3, 0);
INSERT INTO notes (id, user_id, title) VALUES (1,1,'one'),(2,2,'two');
INSERT INTO words VALUES ('en','dog',1,3,0),('en','cat',2,1,0)
"""
OWN = {"user_id": {"_eq": "X-Hasura-User-Id"}}
PRESET = {"user_id": "X-Hasura-User-Id"}
READ = SelectPermission(frozenset({"id", "title", "stars", "doubled"}), OWN)


@pytest.fixture
async def roles(engine: Engine, database: str) -> AsyncIterator[RoleRig]:
    engine.execute(SCHEMA, database)
    async with role_rig(engine, database) as made:
        yield made


async def _import(
    roles: RoleRig, table: str, text: str, mode: BulkMode = BulkMode.INSERT, *, dry_run: bool = False
) -> tuple[Report, list[BadRow]]:
    async def file() -> AsyncIterator[bytes]:
        yield text.encode()

    engine, bad = roles.acting(user_id="1"), list[BadRow]()
    options = Options(mode, dry_run, json_lines=text.startswith("{"))
    report = await import_csv(engine, await engine.table(table), options, file(), bad.append)
    return report, bad


def _notes(engine: Engine, database: str) -> list[Any]:
    return list(engine.execute("SELECT user_id, title, stars FROM notes ORDER BY id", database))


BEFORE = [(1, "one", 1), (2, "two", 1)]


async def test_presets_are_set(roles: RoleRig, engine: Engine, database: str) -> None:
    insert = InsertPermission(frozenset({"title"}), OWN, {**PRESET, "stars": 7})
    await roles.permit({"notes": TablePermissions(READ, insert)})
    report, bad = await _import(roles, "notes", "title,doubled\na,1\n\"b),(2,'x')\",2\n")
    assert (report.imported, bad) == (2, [])
    await _import(roles, "notes", '{"title": "c"}\n')
    assert _notes(engine, database) == [*BEFORE, (1, "a", 7), (1, "b),(2,'x')", 7), (1, "c", 7)]
    # With rows that are refused, others come in all the same.
    report, bad = await _import(roles, "notes", "title\n" + "x" * 30 + "\nd\n")
    assert (report.imported, [row.line for row in bad]) == (1, [2])
    assert _notes(engine, database)[-1] == (1, "d", 7)


@pytest.mark.parametrize("name", ["secret", "user_id", "nothing"])
async def test_a_hidden_column_is_unknown(roles: RoleRig, name: str) -> None:
    await roles.permit({"notes": TablePermissions(READ, InsertPermission(frozenset({"title"}), {}, PRESET))})
    with pytest.raises(AppError) as refused:
        await _import(roles, "notes", f"title,{name}\na,1\n")
    assert refused.value.message == f"Unknown column '{name}' in table 'notes'"
    assert refused.value.unknown is not None
    assert set(refused.value.unknown[1]) == {"title", "doubled"}


async def test_checks_refuse_rows_by_line(roles: RoleRig, engine: Engine, database: str) -> None:
    """By the row as it became, by related rows, and among rows that the database refuses."""
    check = {**OWN, "stars": {"_gt": 0}, "user": {"active": {"_eq": 1}}}
    insert = InsertPermission(frozenset({"id", "user_id", "title", "stars"}), check)
    await roles.permit({"notes": TablePermissions(READ, insert)})
    assert [rule.reason for rule in roles.broken()] == []
    good = "".join(f",1,g{number},{number}\n" for number in range(1, 201))
    rows = f"id,user_id,title,stars\n,1,a,1\n,2,b,1\n2,1,dup,1\n,1,c,0\n,1,d,\n{good}50,1,e,5\n"
    for dry_run in (True, False):
        report, bad = await _import(roles, "notes", rows, dry_run=dry_run)
        assert [(row.line, row.code) for row in bad] == [
            (3, Code.PERMISSION_DENIED),
            (4, Code.DUPLICATE_ENTRY),
            (5, Code.PERMISSION_DENIED),
            (6, Code.PERMISSION_DENIED),
            *([(207, Code.DUPLICATE_ENTRY)] if bad[4:] else []),
        ]
        assert report.imported + len(bad) == 206
        titles = [row[1] for row in _notes(engine, database)]
        assert len(titles) == 2 if dry_run else len(titles) == 2 + report.imported
    assert not {"b", "c", "d", "dup"} & set(titles)


async def test_checks_by_a_key_of_texts(roles: RoleRig, engine: Engine, database: str) -> None:
    read = SelectPermission(frozenset({"lang", "word"}), {})
    insert = InsertPermission(frozenset({"lang", "word", "user_id"}), OWN, {"needed": 0, "hits": 1})
    await roles.permit({"words": TablePermissions(read, insert)})
    report, bad = await _import(roles, "words", "lang,word,user_id\nen,a'b,1\nde,b,2\nde,c,1\n")
    assert (report.imported, [row.line for row in bad]) == (2, [3])
    # A default says whose it is.
    report, bad = await _import(roles, "words", "lang,word\nde,d\n")
    assert (report.imported, [row.code for row in bad]) == (0, [Code.PERMISSION_DENIED])
    found = engine.execute("SELECT lang, word FROM words WHERE needed = 0 AND user_id = 1 ORDER BY word", database)
    assert found == (("en", "a'b"), ("de", "c"), ("en", "dog"))


async def test_a_hidden_column_that_is_needed_is_not_named(roles: RoleRig) -> None:
    read = SelectPermission(frozenset({"lang", "word"}), {})
    await roles.permit({"words": TablePermissions(read, InsertPermission(frozenset({"lang", "word"}), {}))})
    report, bad = await _import(roles, "words", "lang,word\nen,x\nen,dog\n")
    assert report.imported == 0
    assert [row.column for row in bad] == [None, None]
    assert not any("needed" in row.message for row in bad)


async def test_updates_reach_the_rows_they_may(roles: RoleRig, engine: Engine, database: str) -> None:
    read = SelectPermission(frozenset({"lang", "word", "hits"}), {})
    update = UpdatePermission(frozenset({"hits"}), OWN, {"hits": {"_lt": 100}}, {"needed": 5})
    await roles.permit({"words": TablePermissions(read, None, update)})
    text = "lang,word,hits\nen,dog,50\nen,cat,50\nen,none,50\nen,dog,100\n"
    _, bad = await _import(roles, "words", text, BulkMode.UPDATE)
    told = [(row.line, row.code) for row in bad]
    assert told == [(3, Code.NOT_FOUND), (4, Code.NOT_FOUND), (5, Code.PERMISSION_DENIED)]
    assert bad[0].message == bad[1].message
    rows = engine.execute("SELECT word, hits, needed FROM words ORDER BY word", database)
    assert rows == (("cat", 1, 0), ("dog", 50, 5))
    await roles.permit({"words": TablePermissions(read, None, UpdatePermission(frozenset({"hits"}), OWN))})
    _, bad = await _import(roles, "words", "lang,word,hits\nen,dog,51\nen,cat,51\n", BulkMode.UPDATE)
    assert [row.line for row in bad] == [3]


async def test_upserts_only_without_rules_of_rows(roles: RoleRig, engine: Engine, database: str) -> None:
    read, given = SelectPermission(None, {}), frozenset({"lang", "word", "hits", "needed"})
    insert = InsertPermission(given, {}, {"user_id": "X-Hasura-User-Id"})
    await roles.permit({"words": TablePermissions(read, insert, UpdatePermission(frozenset({"hits", "needed"}), OWN))})
    text = "lang,word,hits,needed\nen,dog,50,0\nen,cow,5,0\n"
    with pytest.raises(AppError) as refused:
        await _import(roles, "words", text, BulkMode.UPSERT)
    assert refused.value.code is Code.PERMISSION_DENIED
    every = UpdatePermission(frozenset({"hits", "needed"}), {}, None, {"user_id": 2})
    await roles.permit({"words": TablePermissions(read, insert, every)})
    report, _ = await _import(roles, "words", text, BulkMode.UPSERT)
    assert report.imported == 2
    rows = engine.execute("SELECT word, user_id, hits FROM words WHERE lang = 'en' ORDER BY word", database)
    assert rows == (("cat", 2, 1), ("cow", 1, 5), ("dog", 2, 50))
    await roles.permit({"words": TablePermissions(read, insert, UpdatePermission(frozenset({"hits"}), {}))})
    with pytest.raises(AppError, match="Unknown column 'needed'"):
        await _import(roles, "words", text, BulkMode.UPSERT)


async def test_what_may_not_be_imported(roles: RoleRig) -> None:
    await roles.permit({"notes": TablePermissions(READ)})
    for mode in BulkMode:
        with pytest.raises(AppError) as refused:
            await _import(roles, "notes", "id,title\n1,a\n", mode)
        assert refused.value.code is Code.PERMISSION_DENIED


async def test_ignored_rows_are_checked_too(roles: RoleRig, engine: Engine, database: str) -> None:
    insert = InsertPermission(frozenset({"id", "user_id", "title"}), OWN)
    await roles.permit({"notes": TablePermissions(READ, insert)})
    report, bad = await _import(roles, "notes", "id,user_id,title\n1,1,x\n7,2,y\n8,1,z\n", BulkMode.IGNORE)
    assert (report.ignored, report.imported, [row.line for row in bad]) == (1, 1, [3])
    assert [row[1] for row in _notes(engine, database)] == ["one", "two", "z"]
