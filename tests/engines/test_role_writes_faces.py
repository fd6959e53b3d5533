"""Writes of roles by GraphQL and REST on every engine: what is hidden is unknown, checks fail in Hasura's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.engine import Engine
from tests.harness.roles import Program, opened_with_roles

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20), wealth INT);
CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, title VARCHAR(20) UNIQUE,
  stars INT DEFAULT 1,
  secret VARCHAR(20), data JSON, CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id));
INSERT INTO users VALUES (1, 'Ann', 10), (2, 'Bob', 20);
INSERT INTO notes (id, user_id, title, stars, data) VALUES (1, 1, 'one', 1, '[]'), (2, 1, 'two', 2, '[]'),
  (3, 2, 'three', 3, '[]')
"""
OWN = {"user_id": {"_eq": "X-Hasura-User-Id"}}
SHOWN = ["id", "user_id", "title", "stars", "data"]
ROLES: dict[str, Any] = {
    "user": {
        "users": {
            "select": {"columns": ["id", "name"], "filter": {"id": {"_eq": "X-Hasura-User-Id"}}},
            "insert": {"columns": ["id", "name"], "check": {"wealth": {"_is_null": True}}},
        },
        "notes": {
            "select": {"columns": SHOWN, "filter": OWN, "allow_aggregations": True},
            "insert": {
                "columns": ["id", "title", "stars"],
                "check": {**OWN, "stars": {"_lt": 9}},
                "set": {"user_id": "X-Hasura-User-Id", "secret": "s"},
            },
            "update": {
                "columns": ["title", "stars", "user_id", "data"],
                "filter": OWN,
                "check": OWN,
                "set": {"secret": "changed"},
            },
            "delete": {"filter": OWN},
        },
    },
    "writer": {"notes": {"insert": {"columns": ["title", "user_id"], "check": OWN}}},
    "reader": {"notes": {"select": {"columns": ["id", "title"], "filter": {}}}},
    "job": {
        "notes": {
            "select": {"columns": SHOWN, "filter": {}},
            "insert": {"columns": ["title"], "check": {}, "backend_only": True},
        }
    },
}
FAILED = "check constraint of an insert/update permission has failed"


@pytest.fixture
async def program(engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[Program]:
    engine.execute(SCHEMA, database)
    async with opened_with_roles(engine.environment(database), tmp_path, ROLES) as found:
        yield found


def _rows(engine: Engine, database: str) -> list[Any]:
    return list(engine.execute("SELECT user_id, title, stars, secret FROM notes ORDER BY id", database))


BEFORE = [(1, "one", 1, None), (1, "two", 2, None), (2, "three", 3, None)]


async def test_a_failed_check_is_told_as_hasura_does(program: Program, engine: Engine, database: str) -> None:
    ann = program.graphql("user", user_id="1")
    for field, path in (
        (
            'insert_notes(objects: [{title: "x", stars: 9}]) { affected_rows }',
            "$.selectionSet.insert_notes.args.objects",
        ),
        ('insert_notes_one(object: {title: "x", stars: 9}) { id }', "$.selectionSet.insert_notes_one.args.object"),
        ("update_notes(where: {}, _set: {user_id: 2}) { affected_rows }", "$"),
        ("update_notes_by_pk(pk_columns: {id: 1}, _set: {user_id: 2}) { id }", "$"),
        ("update_notes_many(updates: [{where: {}, _set: {user_id: 2}}]) { affected_rows }", "$"),
    ):
        error = await ann.error("mutation { " + field + " }")
        assert error["message"] == FAILED
        assert (error["extensions"]["code"], error["extensions"]["path"]) == ("permission-error", path)
        assert error["extensions"]["outcome"] == "not_applied"
    assert _rows(engine, database) == BEFORE


async def test_a_failed_check_by_rest(program: Program, engine: Engine, database: str) -> None:
    ann = program.acting("user", user_id="1")
    for made in (
        await ann.post("/api/notes", json={"input": {"title": "x", "stars": 9}}),
        await ann.post("/api/notes", json={"input": [{"title": "y"}, {"title": "x", "stars": 9}]}),
        await ann.put("/api/notes", json={"input": {"user_id": 2}, "where": {"id": 1}}),
    ):
        assert made.status_code == 403, made.text
        assert made.json()["message"] == FAILED
        assert made.json()["details"]["code"] == "PERMISSION_DENIED"
    assert _rows(engine, database) == BEFORE


async def test_every_form_of_change_stays_within_its_rows(program: Program, engine: Engine, database: str) -> None:
    """Bypass 7: by key, by condition, several, increments, documents; and REST's."""
    ann, rest = program.graphql("user", user_id="1"), program.acting("user", user_id="1")
    for field, nothing in (
        ("update_notes_by_pk(pk_columns: {id: 3}, _set: {stars: 0}) { id }", None),
        ("update_notes_by_pk(pk_columns: {id: 3}, _inc: {stars: 1}) { id }", None),
        ("update_notes_by_pk(pk_columns: {id: 3}, _append: {data: 1}) { id }", None),
        ("update_notes(where: {id: {_eq: 3}}, _set: {stars: 0}) { affected_rows }", {"affected_rows": 0}),
        ("update_notes(where: {id: {_eq: 3}}, _inc: {stars: 1}) { affected_rows }", {"affected_rows": 0}),
        ("update_notes(where: {id: {_eq: 3}}, _prepend: {data: 1}) { affected_rows returning { id } }",
         {"affected_rows": 0, "returning": []}),
        ("update_notes_many(updates: [{where: {id: {_eq: 3}}, _set: {stars: 0}}]) { affected_rows }",
         [{"affected_rows": 0}]),
        ("delete_notes_by_pk(id: 3) { id }", None),
        ("delete_notes(where: {id: {_eq: 3}}) { affected_rows }", {"affected_rows": 0}),
        ('insert_notes(objects: [{title: "three"}], on_conflict: {constraint: title, update_columns: [stars]}) '
         "{ affected_rows }", {"affected_rows": 0}),
    ):  # fmt: skip
        data = await ann.data("mutation { made: " + field + " }")
        assert data == {"made": nothing}, field
    told = []
    for key in (3, 99):
        changed = await rest.put("/api/notes", json={"input": {"stars": 0}, "where": {"id": key}})
        gone = await rest.request("DELETE", "/api/notes", json={"input": {"id": key}})
        told.append([(answer.status_code, _told(answer, "-")) for answer in (changed, gone)])
    assert told[0] == told[1]
    assert _rows(engine, database) == BEFORE
    data = await ann.data("mutation { update_notes(where: {}) { affected_rows } }")
    assert data == {"update_notes": {"affected_rows": 2}}
    assert [row[3] for row in _rows(engine, database)] == ["changed", "changed", None]


async def test_an_upsert_changes_rows_it_may_and_is_checked(program: Program, engine: Engine, database: str) -> None:
    ann = program.graphql("user", user_id="1")
    query = """mutation($o: [notes_insert_input!]!) { insert_notes(objects: $o,
      on_conflict: {constraint: title, update_columns: [stars]}) { affected_rows returning { title stars } } }"""
    rows = [{"title": "two", "stars": 7}, {"title": "three", "stars": 7}, {"title": "new", "stars": 7}]
    made = (await ann.data(query, {"o": rows}))["insert_notes"]
    returning = [{"title": "two", "stars": 7}, {"title": "new", "stars": 7}]
    assert made == {"affected_rows": 2, "returning": returning}
    assert _rows(engine, database) == [*BEFORE[:1], (1, "two", 7, "changed"), BEFORE[2], (1, "new", 7, "s")]
    # An updated row has to satisfy the update's check, which says nothing of stars; an inserted one the insert's.
    assert (await ann.data(query, {"o": [{"title": "two", "stars": 11}]}))["insert_notes"]["affected_rows"] == 1
    assert (await ann.error(query, {"o": [{"title": "newer", "stars": 11}]}))["message"] == FAILED


async def test_rows_nested_in_others_by_their_own_rules(program: Program, engine: Engine, database: str) -> None:
    """The owner that comes from the row above has to be the one that the preset says."""
    query = """mutation($id: Int!) { insert_users_one(object: {id: $id, name: "new",
      notes: {data: [{title: "inner"}]}}) { id notes { title user_id } } }"""
    names = await program.graphql("user", user_id="7").data(
        '{ __type(name: "users_insert_input") { inputFields { name } } }'
    )
    relation = next(each["name"] for each in names["__type"]["inputFields"] if each["name"] not in ("id", "name"))
    query = query.replace("notes: {", f"{relation}: {{").replace("notes {", f"{relation} {{")
    data = await program.graphql("user", user_id="7").data(query, {"id": 7})
    assert data["insert_users_one"] == {"id": 7, relation: [{"title": "inner", "user_id": 7}]}
    error = await program.graphql("user", user_id="7").error(query, {"id": 8})
    assert error["message"] == FAILED
    assert engine.execute("SELECT id FROM users ORDER BY id", database) == ((1,), (2,), (7,))


def _told(answer: httpx.Response, name: str) -> Any:
    """What an answer says, but for the name that was asked for and the moment."""
    found = answer.json()
    found.pop("timestamp", None)
    return str(found).replace(name, "NAME")


@pytest.mark.parametrize(("hidden", "absent"), [("secret", "secrex"), ("user_id", "user_ix")])
async def test_a_hidden_column_is_told_as_an_unknown_one(program: Program, hidden: str, absent: str) -> None:
    ann = program.acting("user", user_id="1")
    pairs = []
    for name in (hidden, absent):
        query = "mutation($o: notes_insert_input!) { insert_notes_one(object: $o) { id } }"
        pairs.append(
            [
                _told(answer, name)
                for answer in (
                    await ann.post(
                        "/graphql", json={"query": f"mutation {{ insert_notes_one(object: {{{name}: 1}}) {{ id }} }}"}
                    ),
                    await ann.post("/graphql", json={"query": query, "variables": {"o": {name: 1}}}),
                    await ann.post("/api/notes", json={"input": {name: 1}}),
                    await ann.post("/api/notes", json={"input": [{"title": "x"}, {name: 1}]}),
                    await ann.request("DELETE", "/api/notes", json={"input": {name: 1}})
                    if hidden == "secret"
                    else await ann.post("/api/notes", json={"input": {name: 2}}),
                    await ann.put("/api/notes", json={"input": {"title": "x"}, "where": {name: 1}})
                    if hidden == "secret"
                    else await ann.post("/api/notes", json={"input": {name: 2}}),
                )
            ]
        )
    assert pairs[0] == pairs[1]


async def test_roles_that_only_write_or_only_read(program: Program, engine: Engine, database: str) -> None:
    writer, reader = program.graphql("writer", user_id="1"), program.graphql("reader")
    made = await writer.data('mutation { insert_notes(objects: [{title: "w", user_id: 1}]) { affected_rows } }')
    assert made == {"insert_notes": {"affected_rows": 1}}
    error = await writer.error('mutation { insert_notes(objects: [{title: "v", user_id: 2}]) { affected_rows } }')
    assert error["message"] == FAILED
    error = await writer.error("mutation { insert_notes(objects: []) { returning { id } } }")
    assert error["extensions"]["code"] == "validation-failed"
    error = await reader.error("mutation { insert_notes(objects: []) { affected_rows } }")
    assert error["extensions"]["code"] == "validation-failed"
    rest = program.acting("reader")
    for answer in (
        await rest.post("/api/notes", json={"input": {"title": "x"}}),
        await rest.put("/api/notes", json={"input": {"title": "x"}, "where": {"id": 1}}),
        await rest.request("DELETE", "/api/notes", json={"input": {"id": 1}}),
    ):
        assert answer.status_code == 403, answer.text
        assert answer.json()["details"]["code"] == "PERMISSION_DENIED"
    row = {"input": {"title": "r", "user_id": 1}}
    made_by_rest = await program.acting("writer", user_id="1").post("/api/notes", json=row)
    assert made_by_rest.status_code == 200, made_by_rest.text
    assert "id" not in (made_by_rest.json()["data"] or {})


async def test_what_is_for_the_backend_only(program: Program) -> None:
    error = await program.graphql("job").error('mutation { insert_notes(objects: [{title: "x"}]) { affected_rows } }')
    assert error["extensions"]["code"] == "validation-failed"


async def test_an_import_by_upload(program: Program, engine: Engine, database: str) -> None:
    ann = program.acting("user", user_id="1")
    files = {"file": ("notes.csv", b"title,stars\na,1\nb,9\nthree,1\n")}
    answer = await ann.post("/api/batch/import", files=files)
    assert answer.status_code == 207, answer.text
    found = [(error["line"], error["code"]) for error in answer.json()["data"]["errors"]]
    assert found == [(3, "PERMISSION_DENIED"), (4, "DUPLICATE_ENTRY")]
    assert _rows(engine, database)[3:] == [(1, "a", 1, "s")]
    files = {"file": ("notes.csv", b"title,secret\na,1\n")}
    answer = await ann.post("/api/batch/import", files=files)
    assert "Unknown column 'secret'" in answer.text


async def test_a_clients_key_is_its_own(program: Program, engine: Engine, database: str) -> None:
    """Bypass 30: the same key of another user is another write."""
    query = {"query": "mutation { insert_notes(objects: [{stars: 5}]) { affected_rows returning { user_id } } }"}
    answers = []
    for user in ("1", "2", "1"):
        client = program.acting("user", user_id=user)
        answer = await client.post("/graphql", json=query, headers={"idempotency-key": "k"})
        answers.append(answer.json()["data"]["insert_notes"]["returning"])
    assert answers == [[{"user_id": 1}], [{"user_id": 2}], [{"user_id": 1}]]
    assert len(_rows(engine, database)) == 5
