"""GraphQL writes on every engine: the true rows come back, and the tables hold what was said."""

from __future__ import annotations

import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL, email VARCHAR(40),
  age INT DEFAULT 18, initial CHAR(1) GENERATED ALWAYS AS (LEFT(name, 1)) STORED, UNIQUE KEY uq_email (email));
CREATE TABLE pets (id INT AUTO_INCREMENT PRIMARY KEY, owner_id INT NOT NULL, name VARCHAR(20),
  CONSTRAINT fk_owner FOREIGN KEY (owner_id) REFERENCES people (id));
CREATE TABLE words (lang VARCHAR(5) NOT NULL, word VARCHAR(20) NOT NULL, hits INT NOT NULL DEFAULT 0,
  kind ENUM('noun','verb'), PRIMARY KEY (lang, word), CONSTRAINT positive CHECK (hits >= 0));
CREATE TABLE log_ (line VARCHAR(20))
"""
ROWS = """
DELETE FROM pets; DELETE FROM people; DELETE FROM words; DELETE FROM log_;
INSERT INTO people (id, name, email, age) VALUES (1,'Ann','ann@x',30),(2,'Bob','bob@x',40),(3,'Cem',NULL,NULL);
INSERT INTO pets (id, owner_id, name) VALUES (1,1,'Rex'),(2,1,'Tom');
INSERT INTO words (lang, word, hits) VALUES ('en','dog',3),('de','Hund',1)
"""


async def test_insert_one_gives_the_row_as_the_database_made_it(client: GraphQLClient) -> None:
    query = 'mutation { insert_people_one(object: {name: "Dee"}) { name age initial email pets_by_owner { id } } }'
    made = (await client.data(query))["insert_people_one"]
    assert made == {"name": "Dee", "age": 18, "initial": "D", "email": None, "pets_by_owner": []}


async def test_absent_is_the_default_and_null_is_null(client: GraphQLClient) -> None:
    query = "mutation($o: people_insert_input!) { insert_people_one(object: $o) { age } }"
    assert (await client.data(query, {"o": {"name": "x", "age": None}}))["insert_people_one"] == {"age": None}
    assert (await client.data(query, {"o": {"name": "x"}}))["insert_people_one"] == {"age": 18}


async def test_insert_of_many_rows_keeps_their_order(client: GraphQLClient) -> None:
    query = """mutation($rows: [people_insert_input!]!) {
      insert_people(objects: $rows) { affected_rows returning { name age } } }"""
    rows = [{"name": f"n{place}", **({"age": place} if place % 2 else {})} for place in range(50)]
    made = (await client.data(query, {"rows": rows}))["insert_people"]
    assert made["affected_rows"] == 50
    assert made["returning"] == [{"name": row["name"], "age": row.get("age", 18)} for row in rows]


async def test_insert_by_a_key_of_texts(client: GraphQLClient) -> None:
    query = """mutation { insert_words(objects: [{lang: "fr", word: "été"}, {lang: "fr", word: "a'b", kind: verb}]) {
      returning { word hits kind } } }"""
    made = (await client.data(query))["insert_words"]["returning"]
    assert made == [{"word": "été", "hits": 0, "kind": None}, {"word": "a'b", "hits": 0, "kind": "verb"}]


async def test_update_by_key(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = """mutation { update_people_by_pk(pk_columns: {id: 1}, _set: {name: "Zoe"}, _inc: {age: 2}) {
      id name age initial pets_by_owner(order_by: {id: asc}) { name } }
      none: update_people_by_pk(pk_columns: {id: 99}, _set: {name: "x"}) { id } }"""
    assert await client.data(query) == {
        "update_people_by_pk": {
            "id": 1,
            "name": "Zoe",
            "age": 32,
            "initial": "Z",
            "pets_by_owner": [{"name": "Rex"}, {"name": "Tom"}],
        },
        "none": None,
    }
    assert engine.execute("SELECT name, age FROM people WHERE id = 1", module_database) == (("Zoe", 32),)


async def test_update_of_a_key_gives_the_row_under_its_new_key(client: GraphQLClient) -> None:
    query = (
        """mutation { update_words_by_pk(pk_columns: {lang: "en", word: "dog"}, _set: {word: "cat"}) { word hits } }"""
    )
    assert (await client.data(query))["update_words_by_pk"] == {"word": "cat", "hits": 3}


async def test_an_update_of_no_row_gives_none_though_another_has_the_new_key(client: GraphQLClient) -> None:
    query = """mutation { update_words_by_pk(pk_columns: {lang: "de", word: "none"}, _set: {word: "Hund"}) { hits } }"""
    assert (await client.data(query))["update_words_by_pk"] is None


async def test_update_where_gives_all_rows_also_unchanged_ones(client: GraphQLClient) -> None:
    query = """mutation { update_people(where: {age: {_gte: 30}}, _set: {age: 40}) {
      affected_rows returning { id age } } }"""
    made = (await client.data(query))["update_people"]
    assert made["affected_rows"] == 2
    assert sorted(made["returning"], key=lambda row: int(row["id"])) == [{"id": 1, "age": 40}, {"id": 2, "age": 40}]


async def test_an_update_may_be_meant_by_other_rows(client: GraphQLClient) -> None:
    query = "mutation { update_people(where: {pets_by_owner: {}}, _inc: {age: 1}) { affected_rows } }"
    assert (await client.data(query))["update_people"] == {"affected_rows": 1}


async def test_delete_gives_the_rows_as_they_were(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = """mutation { delete_pets(where: {owner: {name: {_eq: "Ann"}}}) {
      affected_rows returning { name owner { name } } } delete_people_by_pk(id: 1) { name pets_by_owner { id } }
      none: delete_people_by_pk(id: 1) { id } }"""
    made = await client.data(query)
    ann = {"name": "Ann"}
    assert made["delete_pets"]["affected_rows"] == 2
    assert sorted(row["name"] for row in made["delete_pets"]["returning"]) == ["Rex", "Tom"]
    assert all(row["owner"] == ann for row in made["delete_pets"]["returning"])
    assert made["delete_people_by_pk"] == {"name": "Ann", "pets_by_owner": []}
    assert made["none"] is None
    assert engine.execute("SELECT COUNT(*) FROM people", module_database) == ((2,),)


async def test_an_empty_condition_written_out_means_all(client: GraphQLClient) -> None:
    assert (await client.data("mutation { delete_words(where: {}) { affected_rows } }"))["delete_words"] == {
        "affected_rows": 2
    }


@pytest.mark.parametrize(
    ("mutation", "reason", "column", "constraint"),
    [
        ('insert_people_one(object: {name: "x", email: "ann@x"}) { id }', "DUPLICATE_ENTRY", None, "uq_email"),
        ("insert_people_one(object: {name: null}) { id }", "NOT_NULL_VIOLATION", "name", None),
        ("insert_people_one(object: {age: 1}) { id }", "NOT_NULL_VIOLATION", "name", None),
        ('insert_people_one(object: {name: "123456789012345678901"}) { id }', "*", "name", None),
        ('insert_people_one(object: {name: "x", age: 2147483647}) { id }', None, None, None),
        ("insert_pets_one(object: {owner_id: 77}) { id }", "FOREIGN_KEY_VIOLATION", None, "fk_owner"),
        ("delete_people_by_pk(id: 1) { id }", "FOREIGN_KEY_VIOLATION", None, "fk_owner"),
        ('insert_words_one(object: {lang: "x", word: "y", hits: -1}) { hits }', "CHECK_VIOLATION", None, "positive"),
        ('insert_words_one(object: {lang: "x"}) { hits }', "NOT_NULL_VIOLATION", "word", None),
        ('insert_log__one(object: {line: "x"}) { line }', "NO_KEY", None, None),
        ("delete_people(where: {id: {_eq: null}}) { affected_rows }", "NULL_COMPARISON", None, None),
        ("delete_people(where: {id: null}) { affected_rows }", "NULL_COMPARISON", None, None),
    ],
)
async def test_wrong_values_are_named(
    client: GraphQLClient,
    engine: Engine,
    module_database: str,
    mutation: str,
    reason: str | None,
    column: str | None,
    constraint: str | None,
) -> None:
    query = f'mutation {{ first: insert_log_(objects: [{{line: "kept?"}}]) {{ affected_rows }} {mutation} }}'
    if reason is None:
        await client.data(query)
        return
    extensions = (await client.error(query))["extensions"]
    assert extensions["reason"] == reason or reason == "*"
    assert extensions.get("column") == column or column is None
    # seekdb names the constraint of a duplicate only.
    told = reason == "DUPLICATE_ENTRY" or engine.name is not EngineName.EMBEDDED
    assert extensions.get("constraint") == (constraint if told else None)
    assert engine.execute("SELECT COUNT(*) FROM log_", module_database) == ((0,),)


async def test_a_column_in_two_operators_is_an_error(client: GraphQLClient) -> None:
    query = "mutation { update_people(where: {}, _set: {age: 1}, _inc: {age: 1}) { affected_rows } }"
    assert (await client.error(query))["extensions"]["reason"] == "INVALID_BODY"


async def test_no_assignment_touches_nothing(client: GraphQLClient) -> None:
    query = "mutation { update_people(where: {}, _set: {}) { affected_rows returning { id } } }"
    assert (await client.data(query))["update_people"] == {"affected_rows": 0, "returning": []}


@pytest.mark.parametrize(
    ("mutation", "allowed"),
    [
        ("update_people(where: {{}}, _set: {{age: 1}}, max_affected: {most}) {{ affected_rows }}", 3),
        ("update_people(where: {{}}, _set: {{age: 1}}, max_affected: {most}) {{ returning {{ id }} }}", 3),
        ("delete_pets(where: {{}}, max_affected: {most}) {{ affected_rows }}", 2),
        ("delete_pets(where: {{owner: {{}}}}, max_affected: {most}) {{ returning {{ id }} }}", 2),
        (
            """update_people_many(updates: [{{where: {{id: {{_eq: 1}}}}, _set: {{age: 1}}}},
            {{where: {{id: {{_gte: 2}}}}, _inc: {{age: 1}}}}], max_affected: {most}) {{ affected_rows }}""",
            3,
        ),
    ],
)
async def test_more_rows_than_allowed_are_left_alone(
    client: GraphQLClient, engine: Engine, module_database: str, mutation: str, allowed: int
) -> None:
    def rows() -> tuple[tuple[object, ...], ...]:
        return engine.execute("SELECT id, age FROM people UNION ALL SELECT id, -1 FROM pets", module_database)

    before = sorted(rows(), key=str)
    query = 'mutation($most: Int) { insert_log_(objects: [{line: "x"}]) { affected_rows } '
    error = await client.error(query + mutation.format(most="$most") + "}", {"most": allowed - 1})
    assert error["extensions"]["reason"] == "MAX_AFFECTED_EXCEEDED"
    assert error["extensions"]["outcome"] == "not_applied"
    assert sorted(rows(), key=str) == before
    assert engine.execute("SELECT COUNT(*) FROM log_", module_database) == ((0,),)
    await client.data(f"mutation {{ {mutation.format(most=allowed)} }}")
    assert sorted(rows(), key=str) != before


async def test_the_guard_takes_null_for_none_and_no_negative_number(client: GraphQLClient) -> None:
    await client.data("mutation { delete_words(where: {}, max_affected: null) { affected_rows } }")
    error = await client.error("mutation { delete_words(where: {}, max_affected: -1) { affected_rows } }")
    assert error["extensions"]["reason"] == "INVALID_PARAMETER"


FINE = 'good: insert_people_one(object: {name: "New"}) { id }'


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        # The database refuses it, by its own statement or among others.
        ('insert_people_one(object: {name: "x", email: "ann@x"}) { id }', "DUPLICATE_ENTRY"),
        ("insert_pets(objects: [{owner_id: 1}, {owner_id: 99}]) { affected_rows }", "FOREIGN_KEY_VIOLATION"),
        ("update_words(where: {}, _set: {hits: -1}) { affected_rows }", "CHECK_VIOLATION"),
        # We refuse it: while it runs, and before anything does.
        ("delete_words(where: {}, max_affected: 1) { affected_rows }", "MAX_AFFECTED_EXCEEDED"),
        ("update_people(where: {}, _set: {age: 1}, _inc: {age: 1}) { affected_rows }", "INVALID_BODY"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_the_failure_of_one_of_several_names_its_field(
    client: GraphQLClient, bad: str, reason: str, place: int
) -> None:
    fields = [FINE, "__typename"]
    fields.insert(place, f"bad: {bad}")
    error = await client.error("mutation { " + " ".join(fields) + " }")
    assert (error["path"], error["extensions"]["path"]) == (["bad"], "$.selectionSet.bad")
    assert error["extensions"]["reason"] == reason
    assert (await client.data("{ people_aggregate { aggregate { count } } }"))["people_aggregate"]["aggregate"] == {
        "count": 3
    }


async def test_the_failure_of_one_of_several_reads_names_its_field(client: GraphQLClient) -> None:
    error = await client.error("{ good: people { id } bad: people(limit: -1) { id } }")
    assert error["path"] == ["bad"]
