"""Documents that Hasura takes or refuses: empty selections, offsets and enums as texts, variables within JSON."""

from __future__ import annotations

import json

import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE owners (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE notes (id INT PRIMARY KEY, owner_id INT, body JSON, place POINT, state ENUM('open', 'shut'),
  CONSTRAINT fk_owner FOREIGN KEY (owner_id) REFERENCES owners (id));
CREATE TABLE odd (`offset` INT PRIMARY KEY);
INSERT INTO owners VALUES (1, 'Ann');
INSERT INTO odd VALUES (1), (2)
"""
ROWS = """DELETE FROM notes;
INSERT INTO notes (id, owner_id, body, state) VALUES
  (1, 1, '{"a": 1}', 'open'), (2, 1, NULL, 'shut'), (3, 1, NULL, NULL)"""


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("{ notes {} }", "Field 'notes'"),
        ("{ notes { owner {} } }", "Field 'owner'"),
        ("{ notes { id owner {} } }", "Field 'owner'"),
        ("{ n: notes_aggregate { aggregate {} } }", "Field 'aggregate'"),
        ("{ notes_aggregate {} }", "Field 'notes_aggregate'"),
        ("{ notes_connection { edges {} } }", "Field 'edges'"),
        ("mutation { delete_notes(where: {}) {} }", "Field 'delete_notes'"),
        ("{ __schema {} }", "Field '__schema'"),
        ("{}", "The operation"),
        ("mutation {}", "The operation"),
        ("query Q {}", "The operation"),
        ("{ notes { id ... {} } }", "The fragment"),
        ("{ notes { id ...N } } fragment N on notes {}", "Fragment 'N'"),
    ],
)
async def test_a_selection_without_fields_is_refused(
    client: GraphQLClient, engine: Engine, module_database: str, query: str, what: str
) -> None:
    error = await client.error(query)
    assert error["message"] == f"{what} must have a selection of subfields."
    assert error["extensions"]["code"] == "validation-failed"
    assert engine.execute("SELECT COUNT(*) FROM notes", module_database) == ((3,),)


async def test_a_selection_of_which_directives_leave_nothing_is_empty(client: GraphQLClient) -> None:
    assert await client.data("{ notes(limit: 1) { id @skip(if: true) } }") == {"notes": [{}]}


async def test_an_offset_may_be_a_text(client: GraphQLClient) -> None:
    query = """query($o: Int, $p: Int! = 1) {
      a: notes(order_by: {id: asc}, offset: "2") { id }
      b: notes(order_by: {id: asc}, offset: $o) { id }
      c: notes_aggregate(order_by: {id: asc}, offset: $p) { nodes { id } }
      d: notes_group(by: [id], order_by: {key: {id: asc}}, offset: "1") { key { id } }
      owners { notes(offset: "2", order_by: {id: asc}) { id } }
      e: notes(offset: "99999999999") { id } }"""
    assert await client.data(query, {"o": "1", "p": "2"}) == {
        "a": [{"id": 3}],
        "b": [{"id": 2}, {"id": 3}],
        "c": {"nodes": [{"id": 3}]},
        "d": [{"key": {"id": 2}}, {"key": {"id": 3}}],
        "owners": [{"notes": [{"id": 3}]}],
        "e": [],
    }
    # A column that is called so is none.
    assert await client.data('{ odd(where: {offset: {_eq: 1}}, offset: "0") { offset } }') == {"odd": [{"offset": 1}]}


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('{ notes(offset: "x") { id } }', {}),
        ('{ notes(offset: "") { id } }', {}),
        ('{ notes(offset: "1.0") { id } }', {}),
        ('{ notes(offset: "-1") { id } }', {}),
        ('{ notes(offset: "\u0661") { id } }', {}),
        ('{ notes(limit: "1") { id } }', {}),
        ('{ notes(where: {id: {_eq: "1"}}) { id } }', {}),
        ("query($n: Int) { notes(limit: $n) { id } }", {"n": "1"}),
        ("query($n: Int) { notes(limit: $n, offset: $n) { id } }", {"n": "1"}),
        ("query($n: Int) { notes(offset: $n) { id } }", {"n": "x"}),
        ("query($n: [Int!]) { notes(where: {id: {_in: $n}}) { id } }", {"n": ["1"]}),
        ('query($n: Int = "1") { notes(offset: $n) { id } }', {}),
    ],
)
async def test_nothing_else_may(client: GraphQLClient, query: str, variables: dict[str, object]) -> None:
    assert (await client.error(query, variables))["extensions"]["code"] == "validation-failed"


async def test_variables_inside_of_a_documents_literal(
    client: GraphQLClient, engine: Engine, module_database: str
) -> None:
    query = """mutation($h: jsonb, $n: Int, $w: notes_bool_exp, $l: [String!], $b: Boolean, $gone: json,
      $f: Float = 1.5) {
      insert_notes_one(object: {id: 4, body: [{header: $h, n: $n}, $n,
        {w: $w, l: $l, b: $b, gone: $gone, f: $f}, $gone]}) { body }
      update_notes(where: {body: {_eq: {a: $n}}}, _set: {body: {x: {y: [$n, $h]}}}) { returning { id body } }
      update_notes_by_pk(pk_columns: {id: 1}, _append: {body: {more: $l}}) { body } }"""
    where = {"id": {"_in": [1, 2]}, "state": {"_eq": "open"}}
    for header in ({"t": [1, None]}, "text", None, True, 2):
        engine.execute(ROWS, module_database)
        made = await client.data(query, {"h": header, "n": 1, "w": where, "l": ["x", "y"], "b": False})
        body = [
            {"header": header, "n": 1},
            1,
            {"w": where, "l": ["x", "y"], "b": False, "f": 1.5},
            None,
        ]
        assert made["insert_notes_one"] == {"body": body}
        assert made["update_notes"]["returning"] == [{"id": 1, "body": {"x": {"y": [1, header]}}}]
        assert made["update_notes_by_pk"] == {"body": {"x": {"y": [1, header]}, "more": ["x", "y"]}}
        ((stored,),) = engine.execute("SELECT body FROM notes WHERE id = 4", module_database)
        assert json.loads(stored) == body


async def test_variables_inside_of_a_geometrys_literal(client: GraphQLClient) -> None:
    query = """mutation($t: String!, $x: Float!, $y: Float!) {
      update_notes_by_pk(pk_columns: {id: 1}, _set: {place: {type: $t, coordinates: [$x, $y]}}) { place } }"""
    for x in (1, 2.5):
        made = await client.data(query, {"t": "Point", "x": x, "y": -3})
        assert made["update_notes_by_pk"]["place"] == {"type": "Point", "coordinates": [x, -3]}
    wrong = await client.error(query, {"t": "Pint", "x": 1, "y": 2})
    assert wrong["extensions"]["reason"] == "INVALID_VALUE"


async def test_a_literal_with_variables_is_prepared_anew_for_each_call(client: GraphQLClient) -> None:
    query = "query($n: Int) { notes(where: {body: {_eq: {a: $n}}}) { id } }"
    found = [(await client.data(query, {"n": n}))["notes"] for n in (1, 2, 1, None)]
    assert found == [[{"id": 1}], [], [{"id": 1}], []]


async def test_an_enum_column_takes_texts_from_variables(client: GraphQLClient) -> None:
    query = """mutation($s: String!, $some: [String!], $n: String) {
      a: update_notes(where: {state: {_eq: $s}}, _set: {state: shut}) { affected_rows }
      b: update_notes_by_pk(pk_columns: {id: 3}, _set: {state: $s}) { state }
      c: update_notes(where: {state: {_in: $some}}, _set: {state: $n}) { affected_rows }
      d: insert_notes_one(object: {id: 5, state: $s}) { state } }"""
    assert await client.data(query, {"s": "open", "some": ["shut"], "n": None}) == {
        "a": {"affected_rows": 1},
        "b": {"state": "open"},
        "c": {"affected_rows": 2},
        "d": {"state": "open"},
    }
    query = "query($s: String!, $t: String!) { notes(where: {state: {_in: [$s, $t]}}, order_by: {id: asc}) { id } }"
    assert (await client.data(query, {"s": "open", "t": "open"}))["notes"] == [{"id": 3}, {"id": 5}]
    error = await client.error("query($s: String) { notes(where: {state: {_eq: $s}}) { id } }", {"s": "nope"})
    assert error["extensions"]["reason"] == "INVALID_VALUE"
    for query in (
        "query($s: String) { notes(order_by: {id: $s}) { id } }",
        "query($s: [String!]) { notes(distinct_on: $s) { id } }",
        "query($s: String) { notes(where: {state: {_in: [$s]}}) { id } }",
        "query($s: String) { notes(where: {state: {_in: $s}}) { id } }",
        "query($s: Int) { notes(where: {state: {_eq: $s}}) { id } }",
        "query($s: [String]) { notes(where: {state: {_in: $s}}) { id } }",
        "query($s: String) { notes(where: {id: {_eq: $s}}) { id } }",
    ):
        assert (await client.error(query))["extensions"]["reason"] == "GRAPHQL_VALIDATION_FAILED", query
