"""Rules of `graphql_app.yaml` on the real engines: what a role reads, with which session variables."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from graphql_app.auth.identity import Identity
from graphql_app.cli.engine import opened_engine
from graphql_app.config.settings import Settings
from graphql_app.engine.engine import Engine as ServingEngine
from graphql_app.engine.request.calls import Call, Compare, Filter, Operator, Order, Read, RootRequest, SelectColumn
from graphql_app.errors import AppError, Code, RequestError
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, org INT NOT NULL, active BOOLEAN NOT NULL);
CREATE TABLE notes (
  id INT PRIMARY KEY, owner_id INT NOT NULL, org INT NOT NULL, low INT NULL, high INT NULL, line VARCHAR(40) NOT NULL,
  FOREIGN KEY (owner_id) REFERENCES people (id)
);
CREATE TABLE openings (org INT PRIMARY KEY);
INSERT INTO people VALUES (1, 'Ann', 1, TRUE), (2, 'Ben', 1, FALSE), (3, 'Cat', 2, TRUE);
INSERT INTO notes VALUES
  (1, 1, 1, 1, 2, 'one'), (2, 1, 1, 2, 1, 'two'), (3, 2, 1, NULL, 3, 'three'), (4, 3, 2, 5, 5, 'four');
INSERT INTO openings VALUES (2)
"""
RULES: dict[str, dict[str, Any]] = {
    "all": {},
    "owner": {"owner_id": "X-Hasura-User-Id"},
    "either": {"_or": [{"owner_id": "x-hasura-user-id"}, {"line": "four"}]},
    "neither": {"_not": {"owner_id": {"_eq": "x-hasura-user-id"}}},
    "listed": {"id": {"_in": "x-hasura-ids"}},
    "unlisted": {"_not": {"id": {"_in": "x-hasura-ids"}}},
    "nin": {"id": {"_nin": "x-hasura-ids"}},
    "some": {"id": {"_in": [1, "x-hasura-user-id"]}},
    "pattern": {"line": {"_like": "x-hasura-line"}},
    "range": {"id": {"_between": ["x-hasura-user-id", 3]}},
    "columns": {"low": {"_clt": "high"}},
    "active": {"owner": {"active": {"_eq": "x-hasura-active"}}},
    "actives": {"owner": {"active": {"_in": "x-hasura-actives"}}},
    "root": {"owner": {"id": {"_ceq": ["$", "id"]}}},
    "opening": {"_exists": {"_table": "openings", "_where": {"org": {"_ceq": ["$", "org"]}}}},
    "many": {"owner": {"notes_by_owner_aggregate": {"count": {"predicate": {"_gt": 1}}}}},
}
IDS = {role: {"tables": {"notes": {"select": {"columns": ["id"], "filter": rule}}}} for role, rule in RULES.items()}


@pytest.fixture
async def serving(engine: Engine, module_database: str, tmp_path: Path) -> AsyncIterator[ServingEngine]:
    if not engine.execute("SHOW TABLES LIKE 'people'", module_database):
        engine.execute(SCHEMA, module_database)
    file = tmp_path / "graphql_app.yaml"
    file.write_text(json.dumps({"roles": IDS}))
    options: dict[str, Any] = {name.lower(): value for name, value in engine.environment(module_database).items()}
    async with opened_engine(Settings(config_file=file, **options)) as opened:
        yield opened


async def ids(
    serving: ServingEngine, role: str, variables: dict[str, str] | None = None, where: Filter | None = None
) -> list[int]:
    session = {f"x-hasura-{name.replace('_', '-')}": value for name, value in (variables or {}).items()}
    read = Read("notes", (SelectColumn("id", "id"),), where, (Order("id"),))
    reply = await serving.acting(Identity(role, session)).run(Call((RootRequest("notes", read),)))
    return [row["id"] for row in json.loads(reply.texts[0])]


@pytest.mark.parametrize(
    ("role", "variables", "found"),
    [
        ("all", {}, [1, 2, 3, 4]),
        ("owner", {"user_id": "1"}, [1, 2]),
        ("owner", {"user_id": "9"}, []),
        ("either", {"user_id": "2"}, [3, 4]),
        ("neither", {"user_id": "1"}, [3, 4]),
        ("listed", {"ids": "[1, 4]"}, [1, 4]),
        ("listed", {"ids": "{1,3}"}, [1, 3]),
        ("listed", {"ids": "[]"}, []),
        ("unlisted", {"ids": "[]"}, [1, 2, 3, 4]),
        ("unlisted", {"ids": "{1}"}, [2, 3, 4]),
        ("nin", {"ids": "{}"}, [1, 2, 3, 4]),
        ("some", {"user_id": "2"}, [1, 2]),
        ("pattern", {"line": "t%"}, [2, 3]),
        ("range", {"user_id": "2"}, [2, 3]),
        ("columns", {}, [1]),
        ("active", {"active": "true"}, [1, 2, 4]),
        ("active", {"active": "false"}, [3]),
        ("actives", {"actives": "[false]"}, [3]),
        ("actives", {"actives": "[]"}, []),
        ("root", {}, [1]),
        ("opening", {}, [4]),
        ("many", {}, [1, 2]),
    ],
)
async def test_a_role_reads_what_its_rule_says(
    serving: ServingEngine, role: str, variables: dict[str, str], found: list[int]
) -> None:
    assert await ids(serving, role, variables) == found


async def test_one_prepared_form_serves_every_caller(serving: ServingEngine) -> None:
    for user, found in (("1", [1, 2]), ("2", [3]), ("1", [1, 2]), ("3", [4])):
        assert await ids(serving, "owner", {"user_id": user}) == found
        assert await ids(serving, "owner", where=Compare("id", Operator.GT, 1), variables={"user_id": user}) == [
            n for n in found if n > 1
        ]


async def test_a_variable_that_is_missing_is_named(serving: ServingEngine) -> None:
    with pytest.raises(RequestError) as caught:
        await ids(serving, "owner", {"other": "1"})
    assert caught.value.code is Code.MISSING_SESSION_VARIABLE
    assert caught.value.message == 'missing session variable: "x-hasura-user-id"'


@pytest.mark.parametrize("value", ["", "1 OR 1=1", "1abc", "0x1", "' OR ''='", "NULL", "1.5", "[1]"])
async def test_a_variable_that_does_not_fit_its_column_is_refused(serving: ServingEngine, value: str) -> None:
    with pytest.raises(RequestError) as caught:
        await ids(serving, "owner", {"user_id": value})
    assert caught.value.code is Code.INVALID_VALUE


@pytest.mark.parametrize("value", ["1", "1,2", "[[1]]", '["1) OR (1"]', "[null]", '{"a":1}', ""])
async def test_a_list_that_is_none_is_refused(serving: ServingEngine, value: str) -> None:
    with pytest.raises(AppError):
        await ids(serving, "listed", {"ids": value})


async def test_a_hidden_name_is_an_unknown_one(serving: ServingEngine) -> None:
    for role, hidden in (("owner", "people"), ("nobody", "notes")):
        acting = serving.acting(Identity(role, {"x-hasura-user-id": "1"}))
        assert hidden not in acting.catalog.tables
    with pytest.raises(RequestError) as one:
        await ids(serving, "all", where=Compare("line", Operator.EQ, "x"))
    with pytest.raises(RequestError) as other:
        await ids(serving, "all", where=Compare("lime", Operator.EQ, "x"))
    assert one.value.message.replace("line", "lime") == other.value.message
