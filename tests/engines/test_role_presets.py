"""Roles that give no column, or not those of a key: what the rules set is written, and met, all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.engine import Engine
from tests.harness.roles import Program, opened_with_roles

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE visits (id INT AUTO_INCREMENT PRIMARY KEY, person INT NOT NULL, page VARCHAR(20) DEFAULT 'home',
  seen INT NOT NULL DEFAULT 0, FOREIGN KEY (person) REFERENCES people (id));
CREATE TABLE looks (person INT PRIMARY KEY, theme VARCHAR(20), changes INT NOT NULL DEFAULT 0);
CREATE TABLE pages (id INT AUTO_INCREMENT PRIMARY KEY, tenant INT NOT NULL, slug VARCHAR(20) NOT NULL,
  text VARCHAR(20), UNIQUE KEY uq_tenant_slug (tenant, slug), UNIQUE KEY uq_text (text));
"""
ROWS = """
DELETE FROM visits; DELETE FROM people; DELETE FROM looks; DELETE FROM pages;
INSERT INTO people VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO visits (id, person, page) VALUES (1, 1, 'first'), (2, 2, 'second');
INSERT INTO looks VALUES (2, 'dark', 5);
INSERT INTO pages VALUES (1, 2, 'about', 'of two')
"""
OWN = {"person": {"_eq": "X-Hasura-User-Id"}}
TENANT = {"tenant": {"_eq": "X-Hasura-User-Id"}}
NONE: list[str] = []
VISITS: dict[str, Any] = {
    "select": {"columns": ["id", "page", "seen"], "filter": OWN},
    "insert": {"columns": NONE, "check": {}, "set": {"person": "X-Hasura-User-Id", "page": "set"}},
    "update": {"columns": NONE, "filter": OWN, "check": {}, "set": {"seen": 1}},
}
ROLES: dict[str, Any] = {
    "user": {
        "visits": VISITS,
        "looks": {
            "select": {"columns": ["theme", "changes"], "filter": OWN},
            "insert": {"columns": ["theme"], "check": {}, "set": {"person": "X-Hasura-User-Id"}},
            "update": {"columns": ["theme"], "filter": OWN, "check": {}, "set": {"changes": 1}},
        },
        "pages": {
            "select": {"columns": ["slug", "text"], "filter": TENANT},
            "insert": {"columns": ["slug", "text"], "check": {}, "set": {"tenant": "X-Hasura-User-Id"}},
            "update": {"columns": ["text"], "filter": TENANT, "check": {}},
        },
    },
    "writer": {"visits": {"insert": VISITS["insert"], "update": VISITS["update"]}},
    "parent": {
        "people": {
            "select": {"columns": ["id", "name"], "filter": {}},
            "insert": {"columns": ["id"], "check": {}},
        },
        "visits": {
            "select": {"columns": ["page", "seen"], "filter": {}},
            "insert": {"columns": NONE, "check": {}, "set": {"page": "below"}},
        },
    },
    "idle": {
        "visits": {
            "select": {"columns": ["id"], "filter": {}},
            "update": {"columns": NONE, "filter": {}, "check": {}},
        }
    },
    "outsider": {"pages": {"insert": {"columns": ["text"], "check": {}, "set": {"slug": "x"}}}},
}


@pytest.fixture(scope="module")
async def served(
    engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Program]:
    engine.execute(SCHEMA, module_database)
    folder = tmp_path_factory.mktemp("roles")
    async with opened_with_roles(engine.environment(module_database), folder, ROLES) as found:
        yield found


@pytest.fixture
def program(served: Program, engine: Engine, module_database: str) -> Program:
    """The program, the rows as they were."""
    engine.execute(ROWS, module_database)
    return served


def _visits(engine: Engine, database: str) -> list[Any]:
    return list(engine.execute("SELECT person, page, seen FROM visits ORDER BY id", database))


BEFORE = [(1, "first", 0), (2, "second", 0)]


async def test_rows_of_presets_alone(program: Program, engine: Engine, module_database: str) -> None:
    """One, several, in a variable, and in the place that GraphQL wants in an input."""
    ann = program.graphql("user", user_id="1")
    one = await ann.data("mutation { insert_visits_one(object: {}) { page seen } }")
    assert one == {"insert_visits_one": {"page": "set", "seen": 0}}
    several = await ann.data(
        """mutation ($new: [visits_insert_input!]!) {
          insert_visits(objects: $new) { affected_rows returning { page } }
          named: insert_visits(objects: [{_PLACEHOLDER: true}, {}]) { affected_rows } }""",
        {"new": [{}, {}, {}]},
    )
    assert several["insert_visits"] == {"affected_rows": 3, "returning": [{"page": "set"}] * 3}
    assert several["named"] == {"affected_rows": 2}
    many = "mutation ($new: [visits_insert_input!]!) { insert_visits(objects: $new) { affected_rows } }"
    assert await ann.data(many, {"new": [{}] * 300}) == {"insert_visits": {"affected_rows": 300}}
    assert _visits(engine, module_database) == [*BEFORE, *[(1, "set", 0)] * 306]
    for wrong in ('page: "mine"', "person: 2", "nothing: 1"):
        error = await ann.error(f"mutation {{ insert_visits_one(object: {{{wrong}}}) {{ page }} }}")
        name = wrong.partition(":")[0]
        said = f"Expected value of type 'visits_insert_input' not to include unknown field '{name}'"
        assert error["message"].startswith(said)


async def test_rows_of_presets_alone_by_rest(program: Program, engine: Engine, module_database: str) -> None:
    ann = program.acting("user", user_id="1")
    for body, count in (({}, 1), ([{}, {}], 2)):
        answer = await ann.post("/api/visits", json={"input": body})
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["rows_affected"] == count
    assert (await ann.post("/api/visits", json={"input": {"page": "x"}})).status_code == 400
    changed = await ann.put("/api/visits", json={"input": {}, "where": {"page": "first"}})
    assert changed.json()["data"] == {"rows_affected": 1}
    other = await ann.put("/api/visits", json={"input": {}, "where": {"page": "second"}})
    assert other.json()["data"] == {"rows_affected": 0}
    assert _visits(engine, module_database) == [(1, "first", 1), (2, "second", 0), *[(1, "set", 0)] * 3]


async def test_changes_of_presets_alone(program: Program, engine: Engine, module_database: str) -> None:
    """By condition, by key, several; of the rows that the role may change, and of no more than it says."""
    ann = program.graphql("user", user_id="1")
    changed = await ann.data(
        """mutation { all: update_visits(where: {}) { affected_rows returning { id seen } }
          one: update_visits_by_pk(pk_columns: {id: 1}) { seen }
          other: update_visits_by_pk(pk_columns: {id: 2}) { id }
          several: update_visits_many(updates: [{where: {id: {_eq: 1}}}, {where: {id: {_eq: 2}}}]) {
            affected_rows } }"""
    )
    assert changed == {
        "all": {"affected_rows": 1, "returning": [{"id": 1, "seen": 1}]},
        "one": {"seen": 1},
        "other": None,
        "several": [{"affected_rows": 1}, {"affected_rows": 0}],
    }
    assert _visits(engine, module_database) == [(1, "first", 1), (2, "second", 0)]
    error = await ann.error("mutation { update_visits(where: {}, max_affected: 0) { affected_rows } }")
    assert error["extensions"]["reason"] == "MAX_AFFECTED_EXCEEDED"
    for unknown in ("_set: {seen: 2}", "_inc: {seen: 1}"):
        error = await ann.error(f"mutation {{ update_visits(where: {{}}, {unknown}) {{ affected_rows }} }}")
        assert error["extensions"]["code"] == "validation-failed"


async def test_writes_of_those_who_read_nothing(program: Program, engine: Engine, module_database: str) -> None:
    bob = program.graphql("writer", user_id="2")
    written = await bob.data(
        "mutation { insert_visits(objects: [{}]) { affected_rows } update_visits(where: {}) { affected_rows } }"
    )
    assert written == {"insert_visits": {"affected_rows": 1}, "update_visits": {"affected_rows": 2}}
    assert _visits(engine, module_database) == [BEFORE[0], (2, "second", 1), (2, "set", 1)]


async def test_rows_below_others(program: Program, engine: Engine, module_database: str) -> None:
    made = await program.graphql("parent").data(
        """mutation { insert_people_one(object: {id: 3, visits: {data: [{}, {}]}}) { id visits { page seen } } }"""
    )
    assert made["insert_people_one"] == {"id": 3, "visits": [{"page": "below", "seen": 0}] * 2}
    assert _visits(engine, module_database) == [*BEFORE, *[(3, "below", 0)] * 2]


async def test_an_update_that_could_do_nothing_is_not_there(program: Program) -> None:
    asked = "{ __schema { mutationType { fields { name } } } }"
    assert await program.graphql("idle").data(asked) == {"__schema": {"mutationType": None}}


# --- keys of columns that are set --------------------------------------------


async def test_a_row_meets_a_primary_key_that_is_set(program: Program, engine: Engine, module_database: str) -> None:
    """And no other's row, which it cannot name."""
    change = """mutation ($theme: String, $columns: [looks_update_column!]!) { insert_looks_one(object: {theme: $theme},
      on_conflict: {constraint: PRIMARY, update_columns: $columns}) { theme changes } }"""
    ann = program.graphql("user", user_id="1")
    for theme, columns, shown in (
        ("light", ["theme"], {"theme": "light", "changes": 0}),
        ("blue", ["theme"], {"theme": "blue", "changes": 1}),
        ("red", [], None),
    ):
        made = await ann.data(change, {"theme": theme, "columns": columns})
        assert made["insert_looks_one"] == shown
    rows = engine.execute("SELECT * FROM looks ORDER BY person", module_database)
    assert list(rows) == [(1, "blue", 1), (2, "dark", 5)]
    for root in ("looks_by_pk(person: 1)", "looks_connection"):
        error = await ann.error(f"{{ {root} {{ __typename }} }}")
        assert error["message"].startswith("Cannot query field"), "the key itself stays hidden"


async def test_a_row_meets_a_unique_key_that_is_set_in_part(
    program: Program, engine: Engine, module_database: str
) -> None:
    change = """mutation ($rows: [pages_insert_input!]!) { insert_pages(objects: $rows, on_conflict: {
      constraint: uq_tenant_slug, update_columns: [text]}) { affected_rows returning { slug text } } }"""
    ann = program.graphql("user", user_id="1")
    for text in ("a", "b"):
        made = await ann.data(change, {"rows": [{"slug": "about", "text": text}]})
        assert made["insert_pages"] == {"affected_rows": 1, "returning": [{"slug": "about", "text": text}]}
    rows = engine.execute("SELECT tenant, slug, text FROM pages ORDER BY tenant", module_database)
    assert list(rows) == [(1, "about", "b"), (2, "about", "of two")]
    error = await ann.error(change, {"rows": [{"slug": "new", "text": "of two"}]})
    assert error["extensions"]["reason"] == "DUPLICATE_ENTRY"


async def test_rows_meet_keys_that_are_set_by_rest(program: Program, engine: Engine, module_database: str) -> None:
    """The primary key without being named, another one by the columns that the role knows; no other is told."""
    ann = program.acting("user", user_id="1")
    merge = {"prefer": "resolution=merge-duplicates"}
    for theme in ("light", "blue"):
        made = await ann.post("/api/looks", json={"input": {"theme": theme}}, headers=merge)
        assert made.status_code == 200, made.text
    for text in ("a", "b"):
        body = {"input": {"slug": "about", "text": text}}
        made = await ann.post("/api/pages?on_conflict=slug", json=body, headers=merge)
        assert made.status_code == 200, made.text
    looks = engine.execute("SELECT * FROM looks ORDER BY person", module_database)
    assert list(looks) == [(1, "blue", 1), (2, "dark", 5)]
    pages = engine.execute("SELECT tenant, slug, text FROM pages ORDER BY tenant", module_database)
    assert list(pages) == [(1, "about", "b"), (2, "about", "of two")]
    for names in ("tenant,slug", "tenant", "nothing"):
        refused = await ann.post(f"/api/pages?on_conflict={names}", json={"input": {"slug": "x"}}, headers=merge)
        assert refused.json()["message"] == f"'pages' has no unique key over {names}; it has slug or text"
    refused = await ann.post("/api/looks?on_conflict=person", json={"input": {"theme": "x"}}, headers=merge)
    assert refused.json()["message"] == "'looks' has no unique key over person; it has none"


async def test_keys_that_rows_are_not_given_are_unknown(program: Program) -> None:
    """Among those are keys that the database numbers; of a key that is known the hidden columns are not told."""
    asked = '{ __type(name: "%s") { enumValues { name description } } }'
    user = program.graphql("user", user_id="1")
    shown = {}
    for table in ("looks", "pages", "visits"):
        found = (await user.data(asked % f"{table}_constraint"))["__type"]
        shown[table] = found and {each["name"]: each["description"] for each in found["enumValues"]}
    assert shown == {
        "looks": {"PRIMARY": "(…)"},
        "pages": {"uq_tenant_slug": "(slug, …)", "uq_text": "(text)"},
        "visits": {"PRIMARY": "(id)"},
    }
    for name in ("PRIMARY", "uq_tenant_slug", "nothing"):
        error = await program.graphql("outsider").error(
            f"mutation {{ insert_pages(objects: [{{}}], on_conflict: {{constraint: {name}}}) {{ affected_rows }} }}"
        )
        assert error["message"].startswith(f"Value '{name}' does not exist in 'pages_constraint' enum.")
