"""Updates that change related rows along with their own, on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE countries (code VARCHAR(5) COLLATE utf8mb4_bin PRIMARY KEY, title VARCHAR(20));
CREATE TABLE authors (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL,
  country VARCHAR(5) COLLATE utf8mb4_bin,
  CONSTRAINT fk_country FOREIGN KEY (country) REFERENCES countries (code));
CREATE TABLE posts (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(20) NOT NULL, likes INT NOT NULL DEFAULT 0,
  author_id INT, CONSTRAINT fk_author FOREIGN KEY (author_id) REFERENCES authors (id));
CREATE TABLE comments (id INT AUTO_INCREMENT PRIMARY KEY, post_id INT NOT NULL, body VARCHAR(20) NOT NULL,
  CONSTRAINT fk_post FOREIGN KEY (post_id) REFERENCES posts (id));
CREATE TABLE tags (id INT PRIMARY KEY, word VARCHAR(20) NOT NULL);
CREATE TABLE post_tags (post_id INT NOT NULL, tag_id INT NOT NULL, place INT NOT NULL DEFAULT 0,
  PRIMARY KEY (post_id, tag_id), CONSTRAINT fk_of_post FOREIGN KEY (post_id) REFERENCES posts (id),
  CONSTRAINT fk_of_tag FOREIGN KEY (tag_id) REFERENCES tags (id));
CREATE TABLE profiles (id INT AUTO_INCREMENT PRIMARY KEY, author_id INT UNIQUE, bio VARCHAR(20),
  CONSTRAINT fk_profile FOREIGN KEY (author_id) REFERENCES authors (id))
"""
ROWS = """
DELETE FROM profiles; DELETE FROM post_tags; DELETE FROM tags; DELETE FROM comments; DELETE FROM posts;
DELETE FROM authors; DELETE FROM countries;
INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France');
INSERT INTO authors (id, name, country) VALUES (1, 'Ann', 'de'), (2, 'Bob', NULL), (3, 'Cem', 'fr');
INSERT INTO posts (id, title, likes, author_id)
  VALUES (1, 'a', 1, 1), (2, 'b', 2, 1), (3, 'c', 3, 2), (4, 'd', 4, NULL);
INSERT INTO comments (id, post_id, body) VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z');
INSERT INTO tags VALUES (1, 'red'), (2, 'green'), (3, 'blue');
INSERT INTO post_tags VALUES (1, 1, 10), (1, 2, 20), (2, 1, 30)
"""


@pytest.fixture
async def shop(client: GraphQLClient, engine: Engine, module_database: str) -> Any:
    """Executes SQL in the module's database."""
    return lambda sql: engine.execute(sql, module_database)


async def update_author(client: GraphQLClient, key: int, change: str) -> Any:
    """The author's posts after an update by key."""
    query = f"""mutation {{ update_authors_by_pk(pk_columns: {{id: {key}}}, _set: {change})
      {{ name posts(order_by: {{id: asc}}) {{ id title likes }} }} }}"""
    return (await client.data(query))["update_authors_by_pk"]


def ids(author: Any) -> list[int]:
    """The ids of an author's posts."""
    return [post["id"] for post in author["posts"]]


async def test_all_at_once_in_order(client: GraphQLClient, shop: Any) -> None:
    author = await update_author(
        client,
        1,
        """{name: "Anna", posts: {disconnect: {title: {_eq: "a"}},
        update: [{where: {likes: {_gte: 2}}, _inc: {likes: 10}}], upsert: [{id: 3, title: "cc"},
        {title: "new", likes: 7}], insert: [{title: "more"}], connect: [{id: 4}]}}""",
    )
    assert author["name"] == "Anna"
    assert [(post["title"], post["likes"]) for post in author["posts"] if post["id"] <= 4] == [
        ("b", 12),
        ("cc", 3),
        ("d", 4),
    ]
    assert sorted(post["title"] for post in author["posts"] if post["id"] > 4) == ["more", "new"]
    assert shop("SELECT author_id FROM posts WHERE id = 1") == ((None,),)


async def test_rows_of_no_change_to_their_own_columns(client: GraphQLClient) -> None:
    query = """mutation { update_authors(where: {id: {_in: [1, 2]}},
      _set: {posts: {update: [{where: {}, _inc: {likes: 1}}]}})
      { affected_rows returning { id posts_aggregate { aggregate { sum { likes } } } } } }"""
    made = (await client.data(query))["update_authors"]
    assert made["affected_rows"] == 3
    sums = {row["id"]: row["posts_aggregate"]["aggregate"]["sum"]["likes"] for row in made["returning"]}
    assert sums == {1: "5", 2: "4"} or sums == {1: 5, 2: 4}


async def test_insert_goes_under_every_updated_row(client: GraphQLClient, shop: Any) -> None:
    query = """mutation { update_authors(where: {},
      _set: {posts: {insert: [{title: "n", comments: {data: [{body: "c"}]}}]}})
      { affected_rows } }"""
    assert (await client.data(query))["update_authors"]["affected_rows"] == 6
    assert shop("SELECT author_id, COUNT(*) FROM posts WHERE title = 'n' GROUP BY author_id ORDER BY 1") == (
        (1, 1),
        (2, 1),
        (3, 1),
    )
    assert shop("SELECT COUNT(*) FROM comments WHERE body = 'c'") == ((3,),)


async def test_changes_go_as_deep_as_relations(client: GraphQLClient, shop: Any) -> None:
    author = await update_author(
        client,
        1,
        """{posts: {update: [{where: {id: {_eq: 1}}, _set: {title: "A", comments: {delete: {body: {_eq: "x"}},
        update: [{where: {body: {_eq: "y"}}, _set: {body: "Y"}}], insert: [{body: "w"}]}}}]}}""",
    )
    assert [post["title"] for post in author["posts"]] == ["A", "b"]
    assert shop("SELECT body FROM comments WHERE post_id = 1 ORDER BY id") == (("Y",), ("w",))
    assert shop("SELECT body FROM comments WHERE post_id = 2") == (("z",),)


async def test_set_leaves_these_rows_and_no_others(client: GraphQLClient, shop: Any) -> None:
    author = await update_author(client, 1, '{posts: {set: [{id: 2}, {id: 3, title: "C"}, {title: "new"}]}}')
    assert ids(author)[:2] == [2, 3]
    assert [post["title"] for post in author["posts"]] == ["b", "C", "new"]
    assert shop("SELECT author_id FROM posts WHERE id = 1") == ((None,),)


async def test_an_empty_list_is_written_out_to_take_all_away(client: GraphQLClient) -> None:
    assert ids(await update_author(client, 1, "{posts: {set: []}}")) == []


async def test_the_list_behind_a_link_table(client: GraphQLClient, shop: Any) -> None:
    query = """mutation($tags: [post_tags_insert_input!]!) {
      update_posts_by_pk(pk_columns: {id: 1}, _set: {post_tags: {set: $tags}})
      { post_tags(order_by: {tag_id: asc}) { place tag { word } } } }"""
    made = await client.data(query, {"tags": [{"tag_id": 2}, {"tag_id": 3, "place": 5}]})
    assert made["update_posts_by_pk"]["post_tags"] == [
        {"place": 20, "tag": {"word": "green"}},
        {"place": 5, "tag": {"word": "blue"}},
    ]
    assert shop("SELECT post_id, tag_id FROM post_tags ORDER BY 1, 2") == ((1, 2), (1, 3), (2, 1))


async def test_rows_whose_key_is_needed_are_deleted_by_set(client: GraphQLClient, shop: Any) -> None:
    query = """mutation { update_posts_by_pk(pk_columns: {id: 1},
      _set: {comments: {set: [{id: 2, body: "Y"}, {body: "n"}]}})
      { comments(order_by: {id: asc}) { body } } }"""
    assert (await client.data(query))["update_posts_by_pk"]["comments"] == [{"body": "Y"}, {"body": "n"}]
    assert shop("SELECT COUNT(*) FROM comments WHERE id = 1") == ((0,),)


async def test_what_a_row_refers_to(client: GraphQLClient, shop: Any) -> None:
    async def post(change: str, key: int = 1) -> Any:
        query = f"""mutation {{ update_posts_by_pk(pk_columns: {{id: {key}}}, _set: {{author: {change}}})
          {{ author_id author {{ name }} }} }}"""
        return (await client.data(query))["update_posts_by_pk"]

    assert await post("{connect: {id: 3}}") == {"author_id": 3, "author": {"name": "Cem"}}
    assert await post('{update: {name: "Cemil"}}') == {"author_id": 3, "author": {"name": "Cemil"}}
    made = await post('{insert: {name: "Dot", country: "fr"}}')
    assert made["author"] == {"name": "Dot"}
    assert made["author_id"] > 3
    assert await post("{disconnect: true}") == {"author_id": None, "author": None}
    assert await post('{update: {name: "Nobody"}}') == {"author_id": None, "author": None}
    assert await post("{connect: {id: 3}}") == {"author_id": 3, "author": {"name": "Cemil"}}
    assert await post("{delete: true}") == {"author_id": None, "author": None}
    assert shop("SELECT COUNT(*) FROM authors WHERE id = 3") == ((0,),)
    assert await post("{disconnect: false}", 3) == {
        "author_id": 2,
        "author": {"name": "Bob"},
    }


async def test_one_new_row_for_all_that_refer_to_it(client: GraphQLClient) -> None:
    query = """mutation { update_posts(where: {id: {_lte: 2}}, _set: {author: {insert: {name: "Eve"}}})
      { affected_rows returning { author { name posts { id } } } } }"""
    made = (await client.data(query))["update_posts"]
    assert made["affected_rows"] == 3
    assert [sorted(post["id"] for post in row["author"]["posts"]) for row in made["returning"]] == [[1, 2], [1, 2]]


async def test_text_keys(client: GraphQLClient, shop: Any) -> None:
    query = """mutation { update_countries_by_pk(pk_columns: {code: "fr"}, _set: {title: "F",
      authors: {connect: [{id: 2}], update: [{where: {name: {_eq: "Cem"}}, _set: {name: "C"}}],
      insert: [{name: "new"}]}})
      { title authors(order_by: {id: asc}) { name } } }"""
    made = (await client.data(query))["update_countries_by_pk"]
    assert made == {"title": "F", "authors": [{"name": "Bob"}, {"name": "C"}, {"name": "new"}]}


async def test_a_row_that_one_row_at_most_refers_to(client: GraphQLClient) -> None:
    query = """mutation($c: profiles_related_updates_input!) {
      update_authors_by_pk(pk_columns: {id: 1}, _set: {profiles: $c})
      { profiles { bio } } }"""
    for change, bio in (
        ({"insert": [{"bio": "x"}]}, {"bio": "x"}),
        ({"update": [{"where": {}, "_set": {"bio": "y"}}]}, {"bio": "y"}),
        ({"set": [{"bio": "z"}]}, {"bio": "z"}),
        ({"delete": {}}, None),
    ):
        assert (await client.data(query, {"c": change}))["update_authors_by_pk"] == {"profiles": bio}


async def test_many_updates_with_related_rows(client: GraphQLClient) -> None:
    query = """mutation { update_authors_many(updates: [
      {where: {id: {_eq: 1}}, _set: {name: "A", posts: {set: [{id: 3}]}}},
      {where: {id: {_eq: 2}}, _set: {posts: {connect: [{id: 1}, {id: 2}]}}}])
      { affected_rows returning { name posts(order_by: {id: asc}) { id } } } }"""
    made = (await client.data(query))["update_authors_many"]
    assert [each["returning"] for each in made] == [
        [{"name": "A", "posts": [{"id": 3}]}],
        [{"name": "Bob", "posts": [{"id": 1}, {"id": 2}]}],
    ]


async def test_a_missing_row_leaves_everything_as_it_was(client: GraphQLClient, shop: Any) -> None:
    before = shop("SELECT id, title, likes, author_id FROM posts ORDER BY id")
    for change in (
        '{name: "X", posts: {delete: {}, connect: [{id: 4}, {id: 99}]}}',
        '{name: "X", posts: {connect: [{id: 99}]}}',
    ):
        query = f"mutation {{ update_authors_by_pk(pk_columns: {{id: 2}}, _set: {change}) {{ id }} }}"
        error = await client.error(query)
        assert (error["extensions"]["reason"], error["extensions"]["outcome"]) == ("NOT_FOUND", "not_applied")
    query = "mutation { update_posts_by_pk(pk_columns: {id: 1}, _set: {author: {connect: {id: 99}}}) { id } }"
    assert (await client.error(query))["extensions"]["reason"] == "NOT_FOUND"
    assert shop("SELECT id, title, likes, author_id FROM posts ORDER BY id") == before
    assert shop("SELECT name FROM authors WHERE id = 2") == (("Bob",),)


async def test_a_key_that_has_no_row_changes_nothing(client: GraphQLClient, shop: Any) -> None:
    query = """mutation {
      update_authors_by_pk(pk_columns: {id: 99}, _set: {name: "x", posts: {insert: [{title: "n"}]}}) { id }
      update_authors(where: {id: {_eq: 99}}, _set: {posts: {set: []}}) { affected_rows returning { id } } }"""
    made = await client.data(query)
    assert made == {"update_authors_by_pk": None, "update_authors": {"affected_rows": 0, "returning": []}}
    assert shop("SELECT COUNT(*) FROM posts") == ((4,),)


async def test_the_guard_counts_all_rows(client: GraphQLClient, shop: Any) -> None:
    query = """mutation($most: Int!) { update_authors(where: {id: {_eq: 1}}, max_affected: $most,
      _set: {name: "x", posts: {update: [{where: {}, _set: {likes: 0}}]}}) { affected_rows } }"""
    assert (await client.error(query, {"most": 2}))["extensions"]["reason"] == "MAX_AFFECTED_EXCEEDED"
    assert shop("SELECT COUNT(*) FROM posts WHERE likes = 0") == ((0,),)
    assert (await client.data(query, {"most": 3}))["update_authors"] == {"affected_rows": 3}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("update_authors(where: {}, _set: {posts: {connect: [{id: 4}]}}) { affected_rows }", "CONFLICT"),
        ("update_authors(where: {}, _set: {posts: {set: []}}) { affected_rows }", "CONFLICT"),
        ("update_posts(where: {}, _set: {comments: {disconnect: {}}}) { affected_rows }", "NOT_NULL_VIOLATION"),
        ("update_posts(where: {}, _set: {author_id: 1, author: {connect: {id: 2}}}) { affected_rows }", "INVALID_BODY"),
        (
            "update_posts(where: {}, _set: {author: {connect: {id: 2}, disconnect: true}}) { affected_rows }",
            "INVALID_BODY",
        ),
        ("update_authors(where: {}, _set: {posts: {set: [], delete: {}}}) { affected_rows }", "INVALID_BODY"),
        (
            'update_authors(where: {}, _set: {posts: {insert: [{author_id: 1, title: "x"}]}}) { affected_rows }',
            "INVALID_BODY",
        ),
        ("update_authors(where: {}, _set: {posts: {delete: null}}) { affected_rows }", "NULL_COMPARISON"),
        ("update_authors(where: {}, _set: {id: 9, posts: {delete: {}}}) { affected_rows }", "INVALID_BODY"),
    ],
)
async def test_what_makes_no_sense(client: GraphQLClient, shop: Any, query: str, reason: str) -> None:
    before = shop("SELECT id, author_id FROM posts ORDER BY id"), shop("SELECT COUNT(*) FROM comments")
    assert (await client.error(f"mutation {{ {query} }}"))["extensions"]["reason"] == reason
    assert (shop("SELECT id, author_id FROM posts ORDER BY id"), shop("SELECT COUNT(*) FROM comments")) == before


async def test_a_condition_without_its_variable_widens_nothing(client: GraphQLClient, shop: Any) -> None:
    query = """mutation($id: Int) { update_authors(where: {id: {_eq: 1}}, _set: {posts: {delete: {id: {_eq: $id}}}})
      { affected_rows } }"""
    assert (await client.error(query))["extensions"]["reason"] == "NULL_COMPARISON"
    query = """mutation($where: posts_bool_exp) {
      update_authors(where: {id: {_eq: 1}}, _set: {posts: {delete: $where}}) { affected_rows } }"""
    assert (await client.data(query))["update_authors"]["affected_rows"] == 0
    assert shop("SELECT COUNT(*) FROM posts") == ((4,),)
