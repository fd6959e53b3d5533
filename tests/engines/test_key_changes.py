"""Updates that change primary keys to known values give the rows under their new keys, on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE pets (id INT PRIMARY KEY, owner_id INT,
  CONSTRAINT fk_owner FOREIGN KEY (owner_id) REFERENCES people (id) ON UPDATE CASCADE);
CREATE TABLE words (lang VARCHAR(5) NOT NULL, word VARCHAR(20) NOT NULL, hits INT NOT NULL DEFAULT 0, at DATETIME,
  PRIMARY KEY (lang, word))
"""
ROWS = """
DELETE FROM pets; DELETE FROM people; DELETE FROM words;
INSERT INTO people VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cem'); INSERT INTO pets VALUES (1, 1), (2, 1);
INSERT INTO words (lang, word, hits) VALUES ('en','dog',3),('en','cat',4),('de','Hund',1),('de','x\\ty',2)
"""


def by(rows: list[Any], key: str) -> list[Any]:
    """The rows in the order of a field."""
    return sorted(rows, key=lambda row: row[key])


async def test_one_row_found_by_a_condition(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = """mutation($id: Int!) { update_people(where: {name: {_eq: "Ann"}}, _set: {id: $id}) {
      affected_rows returning { id name pets_by_owner(order_by: {id: asc}) { id } } } }"""
    for id_ in (7, 8, 8):
        assert (await client.data(query, {"id": id_}))["update_people"] == {
            "affected_rows": 1,
            "returning": [{"id": id_, "name": "Ann", "pets_by_owner": [{"id": 1}, {"id": 2}]}],
        }
    assert engine.execute("SELECT id FROM people ORDER BY id", module_database) == ((2,), (3,), (8,))


async def test_a_part_of_the_keys_of_many_rows(client: GraphQLClient) -> None:
    query = """mutation { update_words(where: {lang: {_in: ["en", "de"]}}, _set: {lang: "xx"}, _inc: {hits: 1}) {
      affected_rows returning { lang word hits } } }"""
    made = (await client.data(query))["update_words"]
    assert made["affected_rows"] == 4
    assert by(made["returning"], "hits") == [
        {"lang": "xx", "word": word, "hits": hits} for word, hits in (("Hund", 2), ("x\ty", 3), ("dog", 4), ("cat", 5))
    ]


async def test_rows_that_have_the_new_key_already_are_not_others(client: GraphQLClient) -> None:
    query = """mutation { update_words(where: {hits: {_gte: 3}}, _set: {lang: "en"}) {
      affected_rows returning { lang word } } }"""
    made = (await client.data(query))["update_words"]
    assert by(made["returning"], "word") == [{"lang": "en", "word": "cat"}, {"lang": "en", "word": "dog"}]


async def test_no_row_gives_none_though_one_has_the_new_key(client: GraphQLClient) -> None:
    query = """mutation { a: update_people(where: {id: {_eq: 99}}, _set: {id: 1}) { affected_rows returning { id } }
      b: update_words(where: {word: {_eq: "none"}}, _set: {lang: "en", word: "dog"}) { returning { word } } }"""
    assert await client.data(query) == {"a": {"affected_rows": 0, "returning": []}, "b": {"returning": []}}


async def test_two_rows_cannot_have_one_key(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = "mutation { update_people(where: {id: {_lte: 2}}, _set: {id: 50}) { returning { id } } }"
    assert (await client.error(query))["extensions"]["reason"] == "DUPLICATE_ENTRY"
    assert engine.execute("SELECT id FROM people ORDER BY id", module_database) == ((1,), (2,), (3,))


async def test_many_updates_one_after_the_other(client: GraphQLClient) -> None:
    query = """mutation { update_people_many(updates: [{where: {id: {_eq: 1}}, _set: {id: 10}},
      {where: {id: {_eq: 10}}, _set: {id: 11, name: "Zoe"}}, {where: {id: {_eq: 1}}, _set: {id: 12}}]) {
      affected_rows returning { id name } } }"""
    assert (await client.data(query))["update_people_many"] == [
        {"affected_rows": 1, "returning": [{"id": 10, "name": "Ann"}]},
        {"affected_rows": 1, "returning": [{"id": 11, "name": "Zoe"}]},
        {"affected_rows": 0, "returning": []},
    ]


async def test_the_guard_holds(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = """mutation { update_words(where: {}, _set: {lang: "zz"}, max_affected: 3) { returning { word } } }"""
    assert (await client.error(query))["extensions"]["reason"] == "MAX_AFFECTED_EXCEEDED"
    assert engine.execute("SELECT COUNT(*) FROM words WHERE lang = 'zz'", module_database) == ((0,),)


async def test_a_key_that_is_counted_on_is_not_known(client: GraphQLClient) -> None:
    for query in (
        "mutation { update_people(where: {}, _inc: {id: 10}) { returning { id } } }",
        "mutation { update_people_by_pk(pk_columns: {id: 1}, _inc: {id: 10}) { id } }",
    ):
        assert (await client.error(query))["extensions"]["reason"] == "NO_KEY"
    query = "mutation { update_people(where: {}, _inc: {id: 10}) { affected_rows } }"
    assert (await client.data(query))["update_people"] == {"affected_rows": 3}
