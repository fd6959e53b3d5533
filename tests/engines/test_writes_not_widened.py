"""No write touches more rows because a part of its condition has no value: it is refused, wherever that part stands."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE owners (id INT PRIMARY KEY, name VARCHAR(20), age INT, extra JSON, UNIQUE KEY uq_name (name));
CREATE TABLE pets (id INT PRIMARY KEY, owner_id INT, name VARCHAR(20), age INT, extra JSON, UNIQUE KEY uq_name (name),
  CONSTRAINT fk_owner FOREIGN KEY (owner_id) REFERENCES owners (id))
"""
ROWS = """
DELETE FROM pets; DELETE FROM owners;
INSERT INTO owners (id, name, age) VALUES (1, 'Ann', 30), (2, 'Bob', 40);
INSERT INTO pets (id, owner_id, name, age) VALUES (1, 1, 'Rex', 3), (2, 1, 'Tom', 5), (3, NULL, 'Joe', 7)
"""
PETS = ((1, 1, "Rex", 3), (2, 1, "Tom", 5), (3, None, "Joe", 7))

TYPES = {
    "i": "Int",
    "is": "[Int!]",
    "s": "String",
    "b": "Boolean",
    "c": "Int_comparison_exp",
    "w": "pets_bool_exp",
    "ws": "[pets_bool_exp!]",
    "o": "owners_bool_exp",
    "n": "pets_aggregate_bool_exp",
    "k": "pets_aggregate_bool_exp_count",
    "cols": "[pets_select_column!]",
}


def operation(kind: str, body: str) -> str:
    """A document with one operation that declares the variables it uses."""
    used = [name for name in TYPES if re.search(rf"\${name}\b", body)]
    head = f"({', '.join(f'${name}: {TYPES[name]}' for name in used)})" if used else ""
    return f"{kind}{head} {{ {body} }}"


PARTS = [
    "{id: {_eq: $i}}",
    "{id: {_eq: 1, _neq: $i}}",
    "{id: {_in: $is}}",
    "{id: {_nin: $is}}",
    "{id: {_between: $is}}",
    "{id: {_is_null: $b}}",
    "{name: {_like: $s}}",
    "{name: {_contains: $s}}",
    "{id: $c}",
    "{id: {}}",
    "{id: {_gt: 0}, name: {}}",
    "{_and: $ws}",
    "{_or: $ws}",
    "{_not: $w}",
    "{owner: $o}",
    "{owner: {id: {_eq: $i}}}",
    "{owner: {id: {}}}",
    "{owner: {pets: $w}}",
    "{owner: {pets: {id: {_eq: $i}}}}",
    "{owner: {pets_aggregate: {count: {predicate: {_gt: $i}}}}}",
    "{owner: {pets_aggregate: {count: {predicate: {}}}}}",
    "{owner: {pets_aggregate: {count: {predicate: {_gt: 0}, filter: $w}}}}",
    "{owner: {pets_aggregate: {count: {predicate: {_gt: 0}, filter: null}}}}",
    "{owner: {pets_aggregate: {count: {predicate: {_gt: 0}, filter: {id: {_eq: $i}}}}}}",
    "{owner: {pets_aggregate: {count: {predicate: {_gt: 0}, filter: {id: {}}}}}}",
    "{owner: {pets_aggregate: {count: {predicate: {_gt: 0}, distinct: $b}}}}",
    "{owner: {pets_aggregate: {count: {predicate: {_gt: 0}, arguments: $cols}}}}",
    "{owner: {pets_aggregate: {count: $k}}}",
    "{owner: {pets_aggregate: $n}}",
]
WRAPPED = [
    "%s",
    "{_and: [{id: {_gt: 0}}, %s]}",
    "{_or: [{id: {_lt: 0}}, %s]}",
    "{_not: %s}",
    "{_and: {_or: {_not: %s}}}",
]
WRITES = [
    "delete_pets(where: %s) { affected_rows }",
    "delete_pets(where: %s) { returning { id } }",
    "update_pets(where: %s, _set: {age: 1}) { affected_rows }",
    "update_pets(where: %s, _inc: {age: 1}) { affected_rows }",
    """update_pets_many(updates: [{where: {id: {_eq: 1}}, _inc: {age: 1}}, {where: %s, _set: {age: 1}}]) {
      affected_rows }""",
    """insert_pets(objects: [{id: 1, age: 9}], on_conflict: {constraint: PRIMARY, update_columns: [age], where: %s}) {
      affected_rows }""",
    """insert_owners(objects: [{id: 9, pets: {data: [{id: 1, age: 9}],
      on_conflict: {constraint: PRIMARY, update_columns: [age], where: %s}}}]) { affected_rows }""",
]


def pets(engine: Engine, database: str) -> object:
    """The rows of the table."""
    return engine.execute("SELECT id, owner_id, name, age FROM pets ORDER BY id", database)


async def test_a_write_is_refused_where_a_part_of_its_condition_has_no_value(
    client: GraphQLClient, engine: Engine, module_database: str
) -> None:
    for write, wrapped, part in product(WRITES, WRAPPED, PARTS):
        mutation = write % (wrapped % part)
        error = await client.error(operation("mutation", mutation))
        assert error["extensions"]["reason"] == "NULL_COMPARISON", (mutation, error)
        assert error["extensions"]["path"] == "$.selectionSet." + mutation.split("(")[0], mutation
    assert pets(engine, module_database) == PETS


@pytest.mark.parametrize(
    "given",
    [
        {"id": {}},
        {"id": {"_eq": None}},
        {"id": None},
        {"id": {"_gt": 0}, "name": {}},
        {"_and": [{"id": {}}]},
        {"_and": None},
        {"_or": [{"id": {"_lt": 0}}, {"id": {}}]},
        {"_not": {"id": {}}},
        {"owner": {"id": {}}},
        {"owner": {"pets_aggregate": {"count": {"predicate": {}}}}},
        {"owner": {"pets_aggregate": {"count": {"predicate": {"_gt": 0}, "filter": {"id": {}}}}}},
    ],
)
@pytest.mark.parametrize("many", [1, 30])
async def test_a_condition_that_comes_whole_from_a_variable_is_refused_too(
    client: GraphQLClient, engine: Engine, module_database: str, given: object, many: int
) -> None:
    conflict = {"constraint": "PRIMARY", "update_columns": ["age"], "where": given}
    for head, write, variables in (
        ("$w: pets_bool_exp!", "delete_pets(where: $w)", {"w": given}),
        ("$w: pets_bool_exp!", "update_pets(where: $w, _set: {age: 1})", {"w": given}),
        (
            "$u: [pets_updates!]!",
            "update_pets_many(updates: $u)",
            {"u": [{"where": given, "_set": {"age": 1}}] * many},
        ),
        ("$c: pets_on_conflict", "insert_pets(objects: [{id: 1, age: 9}], on_conflict: $c)", {"c": conflict}),
        (
            "$o: [owners_insert_input!]!",
            "insert_owners(objects: $o)",
            {"o": [{"id": 9, "pets": {"data": [{"id": 1, "age": 9}], "on_conflict": conflict}}] * many},
        ),
    ):
        error = await client.error(f"mutation({head}) {{ {write} {{ affected_rows }} }}", variables)
        assert error["extensions"]["reason"] == "NULL_COMPARISON", (write, error)
    assert pets(engine, module_database) == PETS


@pytest.mark.parametrize("variables", [{}, {"w": None}])
async def test_the_condition_of_an_upsert_must_have_a_value(
    client: GraphQLClient, engine: Engine, module_database: str, variables: dict[str, object]
) -> None:
    query = """mutation($w: pets_bool_exp) { insert_pets(objects: [{id: 1, age: 9}],
      on_conflict: {constraint: PRIMARY, update_columns: [age], where: $w}) { affected_rows } }"""
    assert (await client.error(query, variables))["extensions"]["reason"] == "NULL_COMPARISON"
    assert pets(engine, module_database) == PETS


async def test_a_condition_itself_must_be_given(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = "mutation($w: pets_bool_exp!) { delete_pets(where: $w) { affected_rows } }"
    assert (await client.error(query))["extensions"]["reason"] == "GRAPHQL_VALIDATION_FAILED"
    assert (await client.error(query, {"w": None}))["extensions"]["reason"] == "GRAPHQL_VALIDATION_FAILED"
    query = "mutation($w: pets_bool_exp) { delete_pets(where: $w) { affected_rows } }"
    assert (await client.error(query))["extensions"]["reason"] == "GRAPHQL_VALIDATION_FAILED"
    query = "mutation { delete_pets { affected_rows } }"
    assert (await client.error(query))["extensions"]["reason"] == "GRAPHQL_VALIDATION_FAILED"
    # One with a default may be given as null.
    query = "mutation($w: pets_bool_exp = {id: {_eq: 1}}) { delete_pets(where: $w) { affected_rows } }"
    assert (await client.error(query, {"w": None}))["extensions"]["reason"] == "GRAPHQL_VALIDATION_FAILED"
    query = "mutation($w: pets_bool_exp = {id: {_eq: 1}}) { delete_pets(where: {_and: [$w]}) { affected_rows } }"
    assert (await client.error(query, {"w": None}))["extensions"]["reason"] == "GRAPHQL_VALIDATION_FAILED"
    assert pets(engine, module_database) == PETS
    query = "mutation { delete_pets(where: {id: {_eq: 1}, owner: {}, _and: [{}]}) { affected_rows } }"
    assert (await client.data(query))["delete_pets"] == {"affected_rows": 1}


async def test_values_whose_variables_are_not_given_are_left_out(
    client: GraphQLClient, engine: Engine, module_database: str
) -> None:
    query = """mutation($i: Int, $s: String, $e: json, $u: pets_set_input, $cols: [pets_update_column!]! = []) {
      a: update_pets(where: {id: {_eq: 1}}, _set: {age: $i, name: $s}) { affected_rows }
      b: update_pets(where: {}, _set: {age: $i}, _inc: {id: $i}) { affected_rows }
      c: update_pets(where: {}, _set: $u) { affected_rows }
      d: update_pets_by_pk(pk_columns: {id: 1}, _set: {age: $i, name: "Max"}) { age name }
      e: update_pets(where: {}, _append: {extra: $e}) { affected_rows }
      f: insert_pets_one(object: {id: 1}, on_conflict: {constraint: PRIMARY, update_columns: $cols}) { age } }"""
    assert await client.data(query) == {
        "a": {"affected_rows": 0},
        "b": {"affected_rows": 0},
        "c": {"affected_rows": 0},
        "d": {"age": 3, "name": "Max"},
        "e": {"affected_rows": 0},
        "f": None,
    }
    assert pets(engine, module_database) == ((1, 1, "Max", 3), *PETS[1:])


async def test_a_read_leaves_out_what_has_no_value(client: GraphQLClient) -> None:
    every = "{_and: [{id: {_eq: $i}}], age: $c, name: {}, owner: {id: {_in: $is}, _or: {}}}"
    found = await client.data(
        operation(
            "query",
            f"""one: pets(where: {{id: {{_eq: 1, _neq: $i}}, name: {{_like: $s}}}}) {{ id }}
            none: pets(where: {{_not: {{id: {{_eq: $i}}}}}}) {{ id }}
            owned: pets(where: {every}, limit: $i, offset: $i, order_by: {{id: asc}}) {{ id }}
            every: pets(where: $w, order_by: {{id: asc}}) {{ id }}""",
        )
    )
    first, second, third = {"id": 1}, {"id": 2}, {"id": 3}
    assert found == {"one": [first], "none": [], "owned": [first, second], "every": [first, second, third]}


async def test_what_a_write_shows_is_a_read(client: GraphQLClient) -> None:
    query = """mutation($i: Int) { update_owners(where: {id: {_eq: 1}}, _set: {age: 31}) { returning {
      pets(where: {id: {_eq: $i}}, order_by: {id: asc}) { id } } } }"""
    assert (await client.data(query))["update_owners"]["returning"] == [{"pets": [{"id": 1}, {"id": 2}]}]


@pytest.mark.parametrize("given", [{"id": {}}, {"id": {"_eq": 1}}, {"name": {}}, {}, None, [], {"": 1}, {"nope": 1}])
async def test_bodies_with_empty_conditions_are_refused(
    client: GraphQLClient, engine: Engine, module_database: str, given: object
) -> None:
    update = await client.http.put("/api/pets", json={"input": {"age": 1}, "where": given})
    delete = await client.http.request("DELETE", "/api/pets", json={"input": given})
    assert {update.status_code, delete.status_code} <= {400, 422}, (update.text, delete.text)
    assert pets(engine, module_database) == PETS


async def test_bodies_with_empty_lists_mean_no_row(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    await client.http.put("/api/pets", json={"input": {"age": 1}, "where": {"id": []}})
    await client.http.request("DELETE", "/api/pets", json={"input": {"id": []}})
    assert pets(engine, module_database) == PETS
    await client.http.request("DELETE", "/api/pets", json={"input": {"owner_id": None}})
    assert pets(engine, module_database) == PETS[:2]


async def test_an_empty_document_is_a_value(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    engine.execute("UPDATE pets SET extra = '{}' WHERE id = 2", module_database)
    answer = await client.http.request("DELETE", "/api/pets", json={"input": {"extra": {}}})
    assert answer.json()["data"] == {"rows_affected": 1}
    assert pets(engine, module_database) == (PETS[0], PETS[2])


async def test_each_request_of_a_batch_is_checked(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = "mutation($i: Int) { delete_pets(where: {id: {_eq: $i}}) { affected_rows } }"
    batch = [{"query": query, "variables": {"i": 1}}, {"query": query}, {"query": query, "variables": {"i": None}}]
    first, *others = (await client.http.post("/graphql", json=batch)).json()
    assert first == {"data": {"delete_pets": {"affected_rows": 1}}}
    assert [each["errors"][0]["extensions"]["reason"] for each in others] == ["NULL_COMPARISON"] * 2
    assert pets(engine, module_database) == PETS[1:]
