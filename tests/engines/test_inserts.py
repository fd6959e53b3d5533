"""Inserts with conflicts and nested rows on every engine."""

from __future__ import annotations

import anyio
import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE makers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, hits INT NOT NULL DEFAULT 0);
CREATE TABLE cars (id INT AUTO_INCREMENT PRIMARY KEY, maker_id INT NOT NULL, plate VARCHAR(10), seats INT,
  UNIQUE KEY uq_plate (plate), CONSTRAINT fk_maker FOREIGN KEY (maker_id) REFERENCES makers (id));
CREATE TABLE trips (car_id INT NOT NULL, day DATE NOT NULL, km INT, PRIMARY KEY (car_id, day),
  CONSTRAINT fk_car FOREIGN KEY (car_id) REFERENCES cars (id));
"""
ROWS = "DELETE FROM trips; DELETE FROM cars; DELETE FROM makers"


# A condition whose variable is not given would be an error: it must not widen the write.
UPSERT = """mutation(
  $rows: [makers_insert_input!]!, $columns: [makers_update_column!]!, $where: makers_bool_exp! = {}) {
  insert_makers(objects: $rows, on_conflict: {constraint: name, update_columns: $columns, where: $where}) {
    affected_rows returning { name hits } } }"""


async def test_an_upsert_updates_the_columns_named(client: GraphQLClient) -> None:
    await client.data(UPSERT, {"rows": [{"name": "A", "hits": 1}], "columns": ["hits"]})
    rows = [{"name": "B", "hits": 5}, {"name": "A", "hits": 7}, {"name": "C"}]
    made = (await client.data(UPSERT, {"rows": rows, "columns": ["hits"]}))["insert_makers"]
    assert made == {
        "affected_rows": 3,
        "returning": [{"name": "B", "hits": 5}, {"name": "A", "hits": 7}, {"name": "C", "hits": 0}],
    }


async def test_an_upsert_whose_condition_reads_the_table_it_writes(client: GraphQLClient) -> None:
    """MySQL refuses an UPDATE that does (1093). Each row sees what became of those before it."""
    rows = [{"name": name, "hits": 1, "cars": {"data": [{"plate": name}]}} for name in "AB"]
    await client.data(UPSERT, {"rows": [*rows, {"name": "C", "hits": 1}], "columns": []})
    where = {"cars": {"maker": {"hits": {"_eq": 1}}}}
    again = [{"name": "B", "hits": 2}, {"name": "A", "hits": 3}, {"name": "C", "hits": 4}, {"name": "B", "hits": 5}]
    made = (await client.data(UPSERT, {"rows": again, "columns": ["hits"], "where": where}))["insert_makers"]
    assert made["affected_rows"] == 2
    stored = await client.data("{ makers(order_by: {name: asc}) { name hits } }")
    assert [(row["name"], row["hits"]) for row in stored["makers"]] == [("A", 3), ("B", 2), ("C", 1)]


async def test_an_upsert_of_many_rows_is_that_of_each(client: GraphQLClient) -> None:
    """More than go in one round trip, every third of them there before."""
    old = [{"name": f"m{number}", "hits": 1} for number in range(0, 2400, 3)]
    await client.data(UPSERT, {"rows": old, "columns": []})
    rows = [{"name": f"m{number}", "hits": number} for number in range(2400)]
    made = (await client.data(UPSERT, {"rows": rows, "columns": ["hits"]}))["insert_makers"]
    assert made == {"affected_rows": 2400, "returning": rows}
    count = '{ makers_aggregate(where: {name: {_starts_with: "m"}}) { aggregate { count sum { hits } } } }'
    assert (await client.data(count))["makers_aggregate"]["aggregate"]["count"] == 2400


async def test_without_columns_the_row_is_ignored(client: GraphQLClient) -> None:
    await client.data(UPSERT, {"rows": [{"name": "A", "hits": 1}], "columns": []})
    made = (await client.data(UPSERT, {"rows": [{"name": "A", "hits": 9}, {"name": "B"}], "columns": []}))[
        "insert_makers"
    ]
    assert made == {"affected_rows": 1, "returning": [{"name": "B", "hits": 0}]}
    one = 'mutation { insert_makers_one(object: {name: "A"}, on_conflict: {constraint: name}) { hits } }'
    assert await client.data(one) == {"insert_makers_one": None}


async def test_the_condition_is_on_the_existing_row(client: GraphQLClient) -> None:
    await client.data(UPSERT, {"rows": [{"name": "A", "hits": 1}, {"name": "B", "hits": 5}], "columns": []})
    variables = {
        "rows": [{"name": "A", "hits": 10}, {"name": "B", "hits": 10}],
        "columns": ["hits"],
        "where": {"hits": {"_lt": 3}},
    }
    made = (await client.data(UPSERT, variables))["insert_makers"]
    assert made == {"affected_rows": 1, "returning": [{"name": "A", "hits": 10}]}


async def test_another_key_than_the_one_named_still_refuses(client: GraphQLClient) -> None:
    await client.data('mutation { insert_makers(objects: [{id: 1, name: "A"}]) { affected_rows } }')
    query = """mutation { insert_makers(objects: [{id: 1, name: "B"}],
      on_conflict: {constraint: name, update_columns: [hits]}) { affected_rows } }"""
    error = await client.error(query)
    assert error["extensions"]["reason"] == "DUPLICATE_ENTRY"
    by_key = query.replace("constraint: name", "constraint: PRIMARY")
    assert (await client.data(by_key))["insert_makers"]["affected_rows"] == 1


async def test_a_row_may_meet_one_of_the_same_insert(client: GraphQLClient) -> None:
    """As if one had come after the other, also where the one before was there already."""
    await client.data('mutation { insert_makers(objects: [{name: "old", hits: 1}]) { affected_rows } }')
    rows: list[dict[str, object]] = [
        {"name": "new", "hits": 3},
        {"name": "old", "hits": 4},
        {"name": "new", "hits": 5},
        {"name": "other"},
    ]
    made = (await client.data(UPSERT, {"rows": rows, "columns": ["hits"]}))["insert_makers"]
    shown = {
        "new": {"name": "new", "hits": 5},
        "old": {"name": "old", "hits": 4},
        "other": {"name": "other", "hits": 0},
    }
    assert made == {"affected_rows": 4, "returning": [shown[str(row["name"])] for row in rows]}
    ignored = await client.data(UPSERT, {"rows": [{"name": "x"}, {"name": "x", "hits": 9}], "columns": []})
    assert ignored["insert_makers"] == {"affected_rows": 1, "returning": [{"name": "x", "hits": 0}]}


async def test_an_id_of_null_is_made_by_the_database(client: GraphQLClient) -> None:
    query = "mutation($o: makers_insert_input!) { insert_makers_one(object: $o) { id name } }"
    made = (await client.data(query, {"o": {"id": None, "name": "null"}}))["insert_makers_one"]
    assert made["name"] == "null"
    assert made["id"] > 0
    for id_ in (0, -3):
        made = (await client.data(query, {"o": {"id": id_, "name": f"id {id_}"}}))["insert_makers_one"]
        assert made == {"id": id_, "name": f"id {id_}"}


async def test_simultaneous_upserts_all_count(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    """Whoever comes second finds the row of who came first."""
    query = """mutation($n: Int!) { insert_makers_one(object: {name: "same", hits: $n},
      on_conflict: {constraint: name, update_columns: [hits]}) { name hits } }"""
    answers: list[int] = []

    async def one(number: int) -> None:
        made = (await client.data(query, {"n": number}))["insert_makers_one"]
        answers.append(made["hits"] == number)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(one, number)
    assert answers == [True] * 8
    assert engine.execute("SELECT COUNT(*) FROM makers", module_database) == ((1,),)


async def test_rows_are_nested_both_ways(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = """mutation { insert_cars(objects: [
        {plate: "p1", maker: {data: {name: "M1"}}, trips: {data: [{day: "2024-01-01", km: 5},
          {day: "2024-01-02"}]}},
        {plate: "p2", maker: {data: {name: "M2"}}, trips: {data: []}},
        {plate: "p3", maker: {data: {name: "M3"}}, trips: null}]) {
      affected_rows returning { plate maker { name } trips(order_by: {day: asc}) { day km } } } }"""
    made = (await client.data(query))["insert_cars"]
    assert made["affected_rows"] == 8
    assert made["returning"] == [
        {
            "plate": "p1",
            "maker": {"name": "M1"},
            "trips": [{"day": "2024-01-01", "km": 5}, {"day": "2024-01-02", "km": None}],
        },
        {"plate": "p2", "maker": {"name": "M2"}, "trips": []},
        {"plate": "p3", "maker": {"name": "M3"}, "trips": []},
    ]
    assert engine.execute("SELECT COUNT(*) FROM trips", module_database) == ((2,),)


async def test_a_nested_row_may_be_there_already(client: GraphQLClient) -> None:
    query = """mutation($plate: String!) { insert_cars_one(object: {plate: $plate, maker: {data: {name: "M", hits: 3},
      on_conflict: {constraint: name, update_columns: [hits]}}}) { maker { name hits } } }"""
    first = (await client.data(query, {"plate": "a"}))["insert_cars_one"]
    assert (await client.data(query, {"plate": "b"}))["insert_cars_one"] == first
    counted = await client.data('{ makers(where: {name: {_eq: "M"}}) { cars_aggregate { aggregate { count } } } }')
    assert counted["makers"] == [{"cars_aggregate": {"aggregate": {"count": 2}}}]


async def test_one_row_may_name_its_relation_and_another_bring_it(client: GraphQLClient) -> None:
    await client.data('mutation { insert_makers(objects: [{id: 7, name: "there"}]) { affected_rows } }')
    query = """mutation { insert_cars(objects: [{plate: "a", maker_id: 7},
        {plate: "b", maker: {data: {name: "new", hits: 2},
          on_conflict: {constraint: name, update_columns: [hits], where: {hits: {_in: [0, 1]}}}}},
        {plate: "c", maker: {data: {name: "there", hits: 1},
          on_conflict: {constraint: name, update_columns: [hits], where: {hits: {_in: [0, 1]}}}}}]) {
      affected_rows returning { plate maker { name hits } } } }"""
    assert (await client.data(query))["insert_cars"] == {
        "affected_rows": 5,
        "returning": [
            {"plate": "a", "maker": {"name": "there", "hits": 1}},
            {"plate": "b", "maker": {"name": "new", "hits": 2}},
            {"plate": "c", "maker": {"name": "there", "hits": 1}},
        ],
    }


@pytest.mark.parametrize(
    ("mutation", "reason"),
    [
        (
            'insert_cars_one(object: {maker_id: 1, maker: {data: {name: "x"}}}) { id }',
            "INVALID_BODY",
        ),
        (
            """insert_makers_one(object: {name: "there", cars: {data: [{plate: "q"}]}},
              on_conflict: {constraint: name}) { id }""",
            "INVALID_BODY",
        ),
        (
            'insert_makers_one(object: {name: "z", cars: {data: [{plate: "d"}, {plate: "d"}]}}) { id }',
            "DUPLICATE_ENTRY",
        ),
    ],
)
async def test_what_cannot_be_nested_changes_nothing(
    client: GraphQLClient, engine: Engine, module_database: str, mutation: str, reason: str
) -> None:
    engine.execute("INSERT INTO makers (name) VALUES ('there')", module_database)
    error = await client.error(f"mutation {{ {mutation} }}")
    assert error["extensions"]["reason"] == reason
    assert engine.execute("SELECT COUNT(*) FROM makers", module_database) == ((1,),)
    assert engine.execute("SELECT COUNT(*) FROM cars", module_database) == ((0,),)


async def test_updates_of_many_kinds_are_done_in_order(client: GraphQLClient) -> None:
    await client.data('mutation { insert_makers(objects: [{name: "A"}, {name: "B"}]) { affected_rows } }')
    query = """mutation { update_makers_many(updates: [{where: {name: {_eq: "A"}}, _set: {hits: 5}},
        {where: {hits: {_eq: 5}}, _inc: {hits: 1}}, {where: {name: {_eq: "none"}}, _set: {hits: 0}}, {where: {}}]) {
      affected_rows returning { name hits } } }"""
    assert (await client.data(query))["update_makers_many"] == [
        {"affected_rows": 1, "returning": [{"name": "A", "hits": 5}]},
        {"affected_rows": 1, "returning": [{"name": "A", "hits": 6}]},
        {"affected_rows": 0, "returning": []},
        {"affected_rows": 0, "returning": []},
    ]


async def test_ten_thousand_rows_are_a_few_statements(
    client: GraphQLClient, engine: Engine, module_database: str
) -> None:
    query = "mutation($rows: [makers_insert_input!]!) { insert_makers(objects: $rows) { affected_rows } }"
    rows = [{"name": f"maker {place}", "hits": place} for place in range(10_000)]
    assert (await client.data(query, {"rows": rows}))["insert_makers"] == {"affected_rows": 10_000}
    assert engine.execute("SELECT COUNT(*), SUM(hits) FROM makers", module_database)[0][0] == 10_000


ODD = ("plain", "it's", "back\\slash", "nul\0l", "line\nbreak\r", "\x1a", "", "é\U0001f600", "%_", "\\'", "null")


@pytest.mark.parametrize("shown", ["affected_rows", "affected_rows returning { name hits }"])
async def test_many_rows_alike_hold_what_was_given(
    client: GraphQLClient, engine: Engine, module_database: str, shown: str
) -> None:
    """Read, checked and written column by column, also with odd texts."""
    query = f"mutation($rows: [makers_insert_input!]!) {{ insert_makers(objects: $rows) {{ {shown} }} }}"
    for odd in ODD:
        rows = [{"name": f"{odd}{place}", "hits": place - 20} for place in range(40)]
        made = (await client.data(query, {"rows": rows}))["insert_makers"]
        assert made == {"affected_rows": 40} | ({"returning": rows} if "returning" in shown else {})
        stored = engine.execute("SELECT name, hits FROM makers ORDER BY hits", module_database)
        assert stored == tuple((row["name"], row["hits"]) for row in rows)
        engine.execute(ROWS, module_database)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": None}, "NOT_NULL_VIOLATION"),
        ({"name": 3}, "GRAPHQL_VALIDATION_FAILED"),
        ({"hits": 2**31}, "GRAPHQL_VALIDATION_FAILED"),
        ({"hits": True}, "GRAPHQL_VALIDATION_FAILED"),
        ({"hits": "1"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"nope": 1}, "GRAPHQL_VALIDATION_FAILED"),
        ({"name": "m1"}, "DUPLICATE_ENTRY"),
    ],
)
async def test_one_wrong_row_of_many_is_found(
    client: GraphQLClient, engine: Engine, module_database: str, change: dict[str, object], reason: str
) -> None:
    query = "mutation($rows: [makers_insert_input!]!) { insert_makers(objects: $rows) { affected_rows } }"
    rows: list[dict[str, object]] = [{"name": f"m{place}", "hits": place} for place in range(40)]
    rows[33] |= change
    assert (await client.error(query, {"rows": rows}))["extensions"]["reason"] == reason
    assert engine.execute("SELECT COUNT(*) FROM makers", module_database) == ((0,),)


async def test_many_rows_alike_may_leave_columns_to_the_database(client: GraphQLClient) -> None:
    """Absent is the default in every row, null is null in each."""
    query = """mutation($rows: [cars_insert_input!]!) { insert_makers(objects: [{id: 1, name: "x"}]) { affected_rows }
      insert_cars(objects: $rows, on_conflict: {constraint: uq_plate}) { affected_rows returning { plate seats } } }"""
    rows = [{"maker_id": 1, "plate": f"p{place}", "seats": None if place % 2 else place} for place in range(30)]
    made = (await client.data(query, {"rows": rows}))["insert_cars"]
    assert made["returning"] == [{"plate": row["plate"], "seats": row["seats"]} for row in rows]
