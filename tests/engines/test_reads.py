"""GraphQL reads on every engine: answers against rows known by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE authors (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, mentor_id INT, rank_ DECIMAL(6,2),
  CONSTRAINT fk_mentor FOREIGN KEY (mentor_id) REFERENCES authors (id)) COMMENT 'Who writes';
CREATE TABLE shelves (code VARCHAR(10) PRIMARY KEY, room INT NOT NULL);
CREATE TABLE books (id INT PRIMARY KEY, title VARCHAR(60) NOT NULL, author_id INT NOT NULL, editor_id INT,
  shelf_id VARCHAR(10), price DECIMAL(8,2), sold BIGINT UNSIGNED NOT NULL DEFAULT 0,
  CONSTRAINT fk_author FOREIGN KEY (author_id) REFERENCES authors (id),
  CONSTRAINT fk_editor FOREIGN KEY (editor_id) REFERENCES authors (id),
  CONSTRAINT fk_shelf FOREIGN KEY (shelf_id) REFERENCES shelves (code));
CREATE TABLE tags (id INT PRIMARY KEY, word VARCHAR(20) NOT NULL);
CREATE TABLE book_tags (book_id INT NOT NULL, tag_id INT NOT NULL, weight INT, PRIMARY KEY (book_id, tag_id),
  CONSTRAINT fk_book FOREIGN KEY (book_id) REFERENCES books (id),
  CONSTRAINT fk_tag FOREIGN KEY (tag_id) REFERENCES tags (id));
CREATE VIEW cheap AS SELECT id, title, price FROM books WHERE price < 15;
INSERT INTO authors VALUES (1,'Ada',NULL,9.5),(2,'Ben',1,NULL),(3,'Cleo',1,7.25),(4,'Dan "D"',2,NULL);
INSERT INTO shelves VALUES ('A1',1),('b2',2);
INSERT INTO books VALUES (1,'One',1,2,'A1',10.00,18446744073709551615),(2,'Two',1,NULL,'A1',NULL,5),
  (3,'Three',2,1,'b2',12.50,0),(4,'Four\\nlines \\U0001F600',3,1,NULL,99.99,7),(5,'Five',1,3,'b2',10.00,1);
INSERT INTO tags VALUES (1,'new'),(2,'old'),(3,'none');
INSERT INTO book_tags VALUES (1,1,5),(1,2,3),(3,1,NULL),(5,2,1)
""".replace("\\U0001F600", "\U0001f600")


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on the books."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


def ids(rows: Any) -> list[int]:
    """The ids of rows."""
    return [row["id"] for row in rows]


async def test_three_levels_both_ways(client: GraphQLClient) -> None:
    query = """{ authors(order_by: {id: asc}) { name mentor { name }
      books(order_by: {id: desc}, limit: 2) { id shelf { room books(order_by: {id: asc}) { id } }
        book_tags(order_by: {tag_id: asc}) { weight tag { word } } } } }"""
    assert await client.data(query) == {
        "authors": [
            {
                "name": "Ada",
                "mentor": None,
                "books": [
                    {
                        "id": 5,
                        "shelf": {"room": 2, "books": [{"id": 3}, {"id": 5}]},
                        "book_tags": [{"weight": 1, "tag": {"word": "old"}}],
                    },
                    {"id": 2, "shelf": {"room": 1, "books": [{"id": 1}, {"id": 2}]}, "book_tags": []},
                ],
            },
            {
                "name": "Ben",
                "mentor": {"name": "Ada"},
                "books": [
                    {
                        "id": 3,
                        "shelf": {"room": 2, "books": [{"id": 3}, {"id": 5}]},
                        "book_tags": [{"weight": None, "tag": {"word": "new"}}],
                    }
                ],
            },
            {"name": "Cleo", "mentor": {"name": "Ada"}, "books": [{"id": 4, "shelf": None, "book_tags": []}]},
            {"name": 'Dan "D"', "mentor": {"name": "Ben"}, "books": []},
        ]
    }


async def test_every_value_is_whole(client: GraphQLClient) -> None:
    rows = (await client.data("{ books(order_by: {id: asc}) { id title price sold __typename } }"))["books"]
    assert rows[0] == {"id": 1, "title": "One", "price": "10.00", "sold": "18446744073709551615", "__typename": "books"}
    assert rows[1]["price"] is None
    assert rows[3]["title"] == "Four\nlines \U0001f600"


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("{}", [1, 2, 3, 4, 5]),
        ("{price: {_is_null: true}}", [2]),
        ("{price: {_gt: 10}}", [3, 4]),
        ("{price: {_between: [10, 12.5]}}", [1, 3, 5]),
        ("{sold: {_eq: 18446744073709551615}}", [1]),
        ("{id: {_in: []}}", []),
        ("{id: {_nin: []}}", [1, 2, 3, 4, 5]),
        ("{id: {_in: [1, 4]}}", [1, 4]),
        ("{_or: [{id: {_eq: 1}}, {id: {_eq: 2}}]}", [1, 2]),
        ("{_or: []}", []),
        ("{_and: []}", [1, 2, 3, 4, 5]),
        ("{_or: {id: {_eq: 1}}}", [1]),
        ('{_not: {author: {name: {_eq: "Ada"}}}}', [3, 4]),
        ('{title: {_like: "T%"}}', [2, 3]),
        ('{title: {_like: "t%"}}', []),
        ('{title: {_ilike: "t%"}}', [2, 3]),
        ('{title: {_nilike: "t%"}}', [1, 4, 5]),
        ('{title: {_regex: "^F"}}', [4, 5]),
        ('{title: {_regex: "^f"}}', []),
        ('{title: {_nregex: ""}}', []),
        ('{title: {_iregex: "^f"}}', [4, 5]),
        ('{title: {_starts_with: "F"}}', [4, 5]),
        ('{title: {_contains: "%"}}', []),
        ("{shelf: {}}", [1, 2, 3, 5]),
        ("{shelf: {room: {_eq: 2}}}", [3, 5]),
        ('{book_tags: {tag: {word: {_eq: "old"}}}}', [1, 5]),
        ("{book_tags_aggregate: {count: {predicate: {_gte: 2}}}}", [1]),
        ("{book_tags_aggregate: {count: {predicate: {_eq: 1}, arguments: [weight]}}}", [5]),
        ("{book_tags_aggregate: {count: {predicate: {_eq: 1}, filter: {weight: {_gt: 4}}}}}", [1]),
        ("{editor: {books_by_editor: {id: {_eq: 4}}}}", [3, 4]),
    ],
)
async def test_conditions(client: GraphQLClient, where: str, found: list[int]) -> None:
    data = await client.data(f"{{ books(where: {where}, order_by: {{id: asc}}) {{ id }} }}")
    assert ids(data["books"]) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("{id: desc}", [5, 4, 3, 2, 1]),
        ("[{price: asc}, {id: desc}]", [2, 5, 1, 3, 4]),
        ("[{price: asc_nulls_last}, {id: asc}]", [1, 5, 3, 4, 2]),
        ("[{price: desc_nulls_first}, {id: asc}]", [2, 4, 3, 1, 5]),
        ("[{author: {name: desc}}, {id: asc}]", [4, 3, 1, 2, 5]),
        ("[{shelf: {room: desc_nulls_last}}, {id: asc}]", [3, 5, 1, 2, 4]),
        ("[{book_tags_aggregate: {count: desc}}, {id: asc}]", [1, 3, 5, 2, 4]),
        ("[{book_tags_aggregate: {sum: {weight: desc_nulls_last}}}, {id: asc}]", [1, 5, 2, 3, 4]),
    ],
)
async def test_orders(client: GraphQLClient, order: str, found: list[int]) -> None:
    assert ids((await client.data(f"{{ books(order_by: {order}) {{ id }} }}"))["books"]) == found


async def test_pages_and_distinct(client: GraphQLClient) -> None:
    query = """{ a: books(limit: 2, offset: 1, order_by: {id: asc}) { id }
      b: books(offset: 3, order_by: {id: asc}) { id }
      c: books(limit: null, where: null, order_by: {id: asc}) { id } none: books(limit: 0) { id }
      d: books(distinct_on: [author_id], order_by: [{author_id: asc}, {id: desc}]) { id }
      e: authors(order_by: {id: asc}) { books(distinct_on: [shelf_id], order_by: {id: desc}, limit: 1) { id } } }"""
    data = await client.data(query)
    assert {key: ids(rows) for key, rows in data.items() if key != "e"} == {
        "a": [2, 3],
        "b": [4, 5],
        "c": [1, 2, 3, 4, 5],
        "none": [],
        "d": [5, 3, 4],
    }
    assert [ids(row["books"]) for row in data["e"]] == [[5], [3], [4], []]


async def test_aggregates_without_a_figure(client: GraphQLClient) -> None:
    """They are the same over any rows: however many there are, an object is shown once."""
    query = """query ($not: Boolean = false) {
      skipped: books_aggregate { aggregate { count @include(if: $not) max { id @include(if: $not) } } }
      nothing: books_aggregate { aggregate { count @include(if: $not) } nodes { id @include(if: $not) } }
      named: books_aggregate(where: {id: {_lt: 0}}) { aggregate { __typename sum { __typename } } }
      authors(order_by: {id: asc}, limit: 2) { books_aggregate { aggregate { __typename } nodes { __typename } } } }"""
    data = await client.data(query)
    assert data["skipped"] == {"aggregate": {"max": {}}}
    assert data["nothing"] == {"aggregate": {}, "nodes": [{}] * 5}
    names = {"__typename": "books_aggregate_fields", "sum": {"__typename": "books_sum_fields"}}
    assert data["named"] == {"aggregate": names}
    assert [len(row["books_aggregate"]["nodes"]) for row in data["authors"]] == [3, 1]
    assert [row["books_aggregate"]["aggregate"] for row in data["authors"]] == [
        {"__typename": "books_aggregate_fields"}
    ] * 2


async def test_aggregates(client: GraphQLClient) -> None:
    query = """{ books_aggregate(where: {id: {_lt: 5}}) { aggregate { count n: count(columns: [price])
        d: count(columns: [author_id], distinct: true) sum { sold price } max { price title } min { id } avg { id }
        stddev { id } var_pop { id } } nodes { id } __typename }
      empty: books_aggregate(where: {id: {_lt: 0}}) { aggregate { count max { id } sum { price } } nodes { id } }
      page: books_aggregate(limit: 2, order_by: {id: desc}) { aggregate { count sum { id } } nodes { id } }
      authors(order_by: {id: asc}) { books_aggregate(where: {price: {_gt: 5}}) {
        aggregate { count max { price } } nodes { id } } } }"""
    data = await client.data(query)
    aggregates = data["books_aggregate"]
    assert aggregates["aggregate"] == {
        "count": 4,
        "n": 3,
        "d": 3,
        "sum": {"sold": "18446744073709551627", "price": "122.49"},
        "max": {"price": "99.99", "title": "Two"},
        "min": {"id": 1},
        "avg": {"id": 2.5},
        "stddev": {"id": pytest.approx(1.2909944487358056)},
        "var_pop": {"id": 1.25},
    }
    assert sorted(ids(aggregates["nodes"])) == [1, 2, 3, 4]
    assert aggregates["__typename"] == "books_aggregate"
    assert data["empty"] == {"aggregate": {"count": 0, "max": {"id": None}, "sum": {"price": None}}, "nodes": []}
    assert data["page"] == {"aggregate": {"count": 2, "sum": {"id": "9"}}, "nodes": [{"id": 5}, {"id": 4}]}
    assert [row["books_aggregate"]["aggregate"] for row in data["authors"]] == [
        {"count": 2, "max": {"price": "10.00"}},
        {"count": 1, "max": {"price": "12.50"}},
        {"count": 1, "max": {"price": "99.99"}},
        {"count": 0, "max": {"price": None}},
    ]


async def test_by_key_and_views(client: GraphQLClient) -> None:
    data = await client.data(
        """{ one: books_by_pk(id: 3) { title author { name } } none: books_by_pk(id: 33) { title }
             pair: book_tags_by_pk(tag_id: 2, book_id: 1) { weight } cheap(order_by: {id: asc}) { id price } }"""
    )
    assert data == {
        "one": {"title": "Three", "author": {"name": "Ben"}},
        "none": None,
        "pair": {"weight": 3},
        "cheap": [{"id": 1, "price": "10.00"}, {"id": 3, "price": "12.50"}, {"id": 5, "price": "10.00"}],
    }


async def test_the_order_of_fields_is_that_of_the_query(client: GraphQLClient) -> None:
    response = await client.http.post(
        "/graphql",
        json={"query": "{ b: books_by_pk(id: 1) { title a: id id __typename author { name id } } a: __typename }"},
    )
    assert response.text == (
        '{"data":{"b":{"title":"One","a":1,"id":1,"__typename":"books","author":{"name":"Ada","id":1}},"a":"query_root"}}'
    )


async def test_variables_fragments_and_directives(client: GraphQLClient) -> None:
    query = """query Q($ids: [Int!], $where: books_bool_exp = {id: {_gt: 4}}, $n: Int, $yes: Boolean = true,
        $word: String) {
        a: books(where: {id: {_in: $ids}}, limit: $n, order_by: {id: asc}) { ...part title @skip(if: $yes) }
        b: books(where: $where) { ...part ... on books { price @include(if: $yes) } }
        c: books(where: {title: {_ilike: $word}}) { ...part } }
      fragment part on books { id author { ...who } } fragment who on authors { name }"""
    ada = {"name": "Ada"}
    first = await client.data(query, {"ids": [1, 2, 5], "n": 2, "word": "five"})
    assert first == {
        "a": [{"id": 1, "author": ada}, {"id": 2, "author": ada}],
        "b": [{"id": 5, "author": ada, "price": "10.00"}],
        "c": [{"id": 5, "author": ada}],
    }
    again = await client.data(
        query, {"ids": [3], "n": None, "word": "nothing", "where": {"id": {"_eq": 4}}, "yes": False}
    )
    assert again["a"] == [{"id": 3, "author": {"name": "Ben"}, "title": "Three"}]
    assert again["b"] == [{"id": 4, "author": {"name": "Cleo"}}]
    assert again["c"] == []


async def test_a_null_variable_never_widens(client: GraphQLClient) -> None:
    query = "query($id: Int) { books(where: {id: {_eq: $id}}) { id } }"
    error = await client.error(query, {"id": None})
    assert error["extensions"]["reason"] == "NULL_COMPARISON"
    assert error["extensions"]["code"] == "validation-failed"


async def test_combinations_are_counted_under_any_condition(client: GraphQLClient) -> None:
    """The embedded engine refused several columns beside a relation under `_or`."""
    query = """{ books_aggregate(where: {_or: [{shelf: {room: {_eq: 1}}}, {author_id: {_eq: 1}}]}) {
      aggregate { count(columns: [author_id, editor_id], distinct: true) all: count } } }"""
    assert await client.data(query) == {"books_aggregate": {"aggregate": {"count": 2, "all": 3}}}
