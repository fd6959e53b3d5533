"""Reads as a role on every engine: rows, relations over hidden keys, orders, pages and cursors, by GraphQL and REST."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.engine import Engine
from tests.harness.roles import SECRET, Program, opened_with_roles

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE teams (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, budget INT NOT NULL);
CREATE TABLE users (id INT PRIMARY KEY, team_id INT NOT NULL, login VARCHAR(20) NOT NULL COLLATE utf8mb4_general_ci,
  age INT, secret VARCHAR(20) NOT NULL, boss_id INT, FOREIGN KEY (team_id) REFERENCES teams (id),
  FOREIGN KEY (boss_id) REFERENCES users (id));
CREATE TABLE posts (id INT PRIMARY KEY, author_id INT NOT NULL, title VARCHAR(20) NOT NULL, published BOOLEAN NOT NULL,
  score INT NOT NULL, FOREIGN KEY (author_id) REFERENCES users (id));
CREATE TABLE members (team INT NOT NULL, login VARCHAR(20) NOT NULL COLLATE utf8mb4_general_ci,
  PRIMARY KEY (team, login));
INSERT INTO teams VALUES (1, 'red', 100), (2, 'blue', 200), (3, 'none', 300);
INSERT INTO users VALUES (1, 1, 'ann', 30, 's1', NULL), (2, 1, 'bob', 40, 's2', 1), (3, 2, 'cid', 50, 's3', 2),
  (4, 2, 'ANN', 60, 's4', 3);
INSERT INTO posts VALUES (1, 1, 'p1', TRUE, 5), (2, 1, 'p2', FALSE, 9), (3, 2, 'p3', TRUE, 7), (4, 3, 'p4', TRUE, 1),
  (5, 3, 'p5', FALSE, 3), (6, 4, 'p6', TRUE, 2);
INSERT INTO members VALUES (1, 'ann'), (2, 'ANN'), (2, 'bob');
"""


def _select(columns: Any, rule: Any, **more: Any) -> dict[str, Any]:
    return {"select": {"columns": columns, "filter": rule, **more}}


OWN_TEAM = {"login": {"_eq": "X-Hasura-Login"}, "team": {"_ceq": ["$", "id"]}}
ROLES: dict[str, Any] = {
    "reader": {
        "teams": _select(["name"], {"budget": {"_lt": 200}}),
        "users": _select(["login", "age"], {"age": {"_lt": 50}}, allow_aggregations=True),
        "posts": _select(["id", "title", "score"], {"published": {"_eq": True}}, allow_aggregations=True, limit=3),
    },
    "owner": {"users": _select(["id", "login"], {"login": {"_eq": "X-Hasura-Login"}})},
    **{
        f"range{operator}": {"users": _select(["id"], {"login": {operator: "X-Hasura-Login"}})}
        for operator in ("_gt", "_gte", "_lt", "_lte", "_between")
    },
    "lower": {"users": _select(["id"], {"login": {"_clt": "secret"}})},
    "member": {"teams": _select(["id", "name"], {"_exists": {"_table": "members", "_where": OWN_TEAM}})},
    "boss": {"users": _select(["id"], {"boss": {"team_id": {"_cne": ["$", "team_id"]}}})},
    "nobody": {
        "posts": _select(["id"], {}),
        "users": _select(["login"], {"posts_by_author": {"score": {"_is_null": True, "_neq": 3}}}),
    },
    "hidden": {"posts": _select(["title"], {}), "users": _select(["login"], {})},
}


@pytest.fixture(scope="module")
async def program(
    engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Program]:
    engine.execute(SCHEMA, module_database)
    folder = tmp_path_factory.mktemp("roles")
    async with opened_with_roles(engine.environment(module_database), folder, ROLES) as found:
        yield found


async def test_relations_work_over_hidden_keys_and_end_at_hidden_rows(program: Program) -> None:
    data = await program.graphql("reader").data(
        "{ posts(limit: 9) { title author { login team { name } posts_by_author { title } boss { login } } } users { login posts_by_author { id } } }"  # noqa: E501
    )
    ann = {"login": "ann", "team": {"name": "red"}, "posts_by_author": [{"title": "p1"}], "boss": None}
    bob = {"login": "bob", "team": {"name": "red"}, "posts_by_author": [{"title": "p3"}], "boss": {"login": "ann"}}
    assert data["posts"] == [
        {"title": "p1", "author": ann},
        {"title": "p3", "author": bob},
        {"title": "p4", "author": None},
    ]
    assert data["users"] == [
        {"login": "ann", "posts_by_author": [{"id": 1}]},
        {"login": "bob", "posts_by_author": [{"id": 3}]},
    ]


@pytest.mark.parametrize(
    ("order", "titles"),
    [
        ("{author: {login: asc}}", ["p4", "p6", "p1"]),
        ("{author: {login: desc_nulls_first}}", ["p6", "p4", "p3"]),
        ("{author: {age: asc_nulls_last}}", ["p1", "p3", "p4"]),
        ("[{author: {boss: {login: desc}}}, {id: desc}]", ["p3", "p6", "p4"]),
        ("[{author: {posts_by_author_aggregate: {count: desc}}}, {id: asc}]", ["p1", "p3", "p4"]),
        ("[{author: {posts_by_author_aggregate: {max: {score: asc_nulls_last}}}}, {id: asc}]", ["p1", "p3", "p4"]),
    ],
)
async def test_an_order_knows_nothing_of_hidden_rows(program: Program, order: str, titles: list[str]) -> None:
    data = await program.graphql("reader").data(f"{{ posts(order_by: {order}) {{ title }} }}")
    assert [row["title"] for row in data["posts"]] == titles


async def test_figures_are_of_what_may_be_seen_and_lists_are_bounded(program: Program) -> None:
    data = await program.graphql("reader").data(
        """{ posts_aggregate { aggregate { count max { score } } nodes { id } }
          posts_connection(first: 2) { totalCount nodes { id } pageInfo { hasNextPage } }
          all: posts_connection { nodes { id } pageInfo { hasNextPage } }
          back: posts_connection(last: 9) { nodes { id } pageInfo { hasPreviousPage } }
          posts_group(by: [score], order_by: [{key: {score: asc}}]) { key { score } aggregate { count } }
          users(where: {posts_by_author_aggregate: {count: {predicate: {_gt: 1}}}}) { login }
          few: users(where: {posts_by_author: {title: {_eq: "p2"}}}) { login } }"""
    )
    assert data["posts_aggregate"] == {
        "aggregate": {"count": 4, "max": {"score": 7}},
        "nodes": [{"id": 1}, {"id": 3}, {"id": 4}],
    }
    assert data["posts_connection"] == {
        "totalCount": 4,
        "nodes": [{"id": 1}, {"id": 3}],
        "pageInfo": {"hasNextPage": True},
    }
    assert data["all"] == {"nodes": [{"id": 1}, {"id": 3}, {"id": 4}], "pageInfo": {"hasNextPage": True}}
    assert data["back"] == {"nodes": [{"id": 3}, {"id": 4}, {"id": 6}], "pageInfo": {"hasPreviousPage": True}}
    assert [row["key"]["score"] for row in data["posts_group"]] == [1, 2, 5, 7]
    assert data["users"] == data["few"] == []


async def test_a_read_by_key_has_the_rule_and_no_limit(program: Program) -> None:
    data = await program.graphql("reader").data("{ one: posts_by_pk(id: 6) { title } two: posts_by_pk(id: 2) { id } }")
    assert data == {"one": {"title": "p6"}, "two": None}


async def test_pages_are_walked_to_their_end(program: Program) -> None:
    client, found, after = program.graphql("reader"), [], None
    while True:
        query = """query ($after: String) { posts_connection(first: 50, after: $after, order_by: {author: {login: asc}})
          { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }"""
        page = (await client.data(query, {"after": after}))["posts_connection"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == [4, 6, 1, 3]


async def test_cursors_hold_only_what_may_be_read_and_cannot_be_made(program: Program) -> None:
    query = """query ($after: String) { posts_connection(after: $after, order_by: {author: {age: asc}}) {
      edges { cursor node { id } } } }"""
    client = program.graphql("reader")
    edges = (await client.data(query, {"after": None}))["posts_connection"]["edges"]
    shown = {base64.urlsafe_b64decode(edge["cursor"] + "==")[12:] for edge in edges}
    # Authors of 50 and 60 years are not told of.
    assert shown == {b"\x1d\x1e4", b"\x1d\x1e6", b"30\x1e1"}
    for wrong in (b"50\x1e4", b"\x1d\x1e4"):
        made = base64.urlsafe_b64encode(b"x" * 12 + wrong).rstrip(b"=").decode()
        error = await client.error(query, {"after": made})
        assert error["message"] == "Not a cursor of this connection and order"


async def test_without_a_visible_key_there_are_no_pages_and_no_reads_by_key(program: Program) -> None:
    client = program.graphql("hidden")
    for root in (
        "posts_connection { nodes { title } }",
        "posts_by_pk(id: 1) { title }",
        "posts_aggregate { __typename }",
    ):
        error = await client.error(f"{{ {root} }}")
        assert error["extensions"]["code"] == "validation-failed"
    data = await client.data("{ posts(order_by: {title: desc}, limit: 2) { title author { login } } }")
    assert data["posts"] == [
        {"title": "p6", "author": {"login": "ANN"}},
        {"title": "p5", "author": {"login": "cid"}},
    ]


@pytest.mark.parametrize(("login", "ids"), [("ann", [1]), ("ANN", [4]), ("Ann", []), ("ann ", []), ("", []), ("%", [])])
async def test_owners_are_told_apart_byte_by_byte(program: Program, login: str, ids: list[int]) -> None:
    client = program.graphql("owner", login=login)
    assert [row["id"] for row in (await client.data("{ users { id } }"))["users"]] == ids
    every = await client.data('{ users(where: {_or: [{}, {login: {_neq: "x"}}, {_not: {id: {_eq: 0}}}]}) { id } }')
    assert [row["id"] for row in every["users"]] == ids


@pytest.mark.parametrize(
    ("operator", "login", "ids"),
    [
        # ANN, ann, bob, cid: what the collation takes for one is ordered by its bytes.
        ("_gt", "ANN", [1, 2, 3]),
        ("_gt", "Ann", [1, 2, 3]),
        ("_gt", "ann", [2, 3]),
        ("_gte", "ANN", [1, 2, 3, 4]),
        ("_gte", "ann", [1, 2, 3]),
        ("_gte", "ánn", [2, 3]),
        ("_lt", "ann", [4]),
        ("_lt", "ANN", []),
        ("_lt", "BOB", [1, 4]),
        ("_lte", "ann", [1, 4]),
        ("_lte", "ann ", [1, 4]),
        ("_lte", "Ann", [4]),
        ("_between", '["ANN", "ANN"]', [4]),
        ("_between", '{"ann","ann"}', [1]),
        ("_between", '["Ann", "bob"]', [1, 2]),
        ("_between", '["Ann", "Ann"]', []),
    ],
)
async def test_ranges_are_in_an_order_in_which_no_two_texts_are_equal(
    program: Program, operator: str, login: str, ids: list[int]
) -> None:
    """By the collation, and where that takes two for one, byte by byte."""
    data = await program.graphql(f"range{operator}", login=login).data("{ users(order_by: {id: asc}) { id } }")
    assert [row["id"] for row in data["users"]] == ids


async def test_columns_are_ordered_as_finely(program: Program, engine: Engine, module_database: str) -> None:
    """`ann` comes behind `ANN`, as for a variable."""
    engine.execute(
        "INSERT INTO users VALUES (5, 1, 'dan', 1, 'DAN', NULL), (6, 1, 'EVE', 1, 'eve', NULL)", module_database
    )
    data = await program.graphql("lower").data("{ users(where: {id: {_gt: 4}}) { id } }")
    engine.execute("DELETE FROM users WHERE id > 4", module_database)
    assert data["users"] == [{"id": 6}]


async def test_rows_of_unrelated_tables_and_of_the_row_itself(program: Program) -> None:
    for login, teams in (("ann", ["red"]), ("ANN", ["blue"]), ("bob", ["blue"]), ("nobody", [])):
        data = await program.graphql("member", login=login).data("{ teams { name } }")
        assert [row["name"] for row in data["teams"]] == teams
    assert (await program.graphql("boss").data("{ users { id } }"))["users"] == [{"id": 3}]


async def test_a_condition_that_is_never_true_hides_all_rows(program: Program) -> None:
    """Of a semi-join in ON, MySQL 9.7 forgets such a condition."""
    data = await program.graphql("nobody").data(
        "{ posts(order_by: [{author: {login: desc}}, {id: asc}]) { id author { login } } users { login } }"
    )
    assert data["users"] == []
    assert data["posts"] == [{"id": number, "author": None} for number in range(1, 7)]


async def test_one_prepared_form_serves_all_callers(program: Program) -> None:
    logins = {"ann": 1, "bob": 2, "cid": 3, "ANN": 4}
    clients = {login: program.graphql("owner", login=login) for login in logins}
    missing = program.graphql("owner")

    async def ask(login: str) -> None:
        assert (await clients[login].data("{ users { id } }"))["users"] == [{"id": logins[login]}]
        error = await missing.error("{ users { id } }")
        assert error["message"] == 'missing session variable: "x-hasura-login"'

    await asyncio.gather(*(ask(login) for login in list(logins) * 10))


# --- REST -----------------------------------------------------------------------


async def test_rest_sees_the_same(program: Program) -> None:
    reader = program.acting("reader")
    rows = (await reader.get("/api/posts/query?select=title,author(login)&order=id.asc")).json()["data"]
    assert [(row["title"], row["author"]) for row in rows] == [
        ("p1", {"login": "ann"}),
        ("p3", {"login": "bob"}),
        ("p4", None),
    ]
    assert len((await reader.get("/api/posts/query?limit=100")).json()["data"]) == 3
    inner = (await reader.get("/api/posts/query?select=title,author!inner(login)")).json()["data"]
    assert [row["title"] for row in inner] == ["p1", "p3"]
    exported = (await reader.get("/api/posts/export")).text.splitlines()
    assert exported == ["id,title,score", '1,"p1",5', '3,"p3",7', '4,"p4",1']


@pytest.mark.parametrize(
    "asked",
    [
        "posts/query?published=eq.true",
        "posts/query?author_id=eq.1",
        "posts/query?select=published",
        "posts/query?select=x:author_id",
        "posts/query?order=published",
        "posts/query?select=id,author(secret)",
        "posts/query?select=id,author(login)&author.secret=eq.s1",
        "posts/query?or=(published.eq.true,id.eq.1)",
        "users/query?select=login,team(budget)",
        "members/query",
        "members/export",
        "posts/export?select=published",
    ],
)
async def test_rest_answers_hidden_names_as_unknown_ones(program: Program, asked: str) -> None:
    hidden = await program.acting("reader").get(f"/api/{asked}")
    word = next(name for name in ("published", "author_id", "secret", "budget", "members") if name in asked)
    unknown = await program.acting("reader").get(f"/api/{asked.replace(word, 'q' * len(word))}")
    assert hidden.status_code == unknown.status_code
    assert hidden.status_code in (400, 404)
    one, two = hidden.json(), unknown.json()
    assert one["message"] == two["message"].replace("q" * len(word), word)
    assert one["details"]["code"] == two["details"]["code"]


async def test_a_count_is_not_told_where_none_is_allowed(program: Program) -> None:
    answer = await program.acting("hidden").get("/api/posts/query", headers={"prefer": "count=exact"})
    assert answer.status_code == 200
    assert "content-range" not in answer.headers
    answer = await program.acting("reader").get("/api/posts/query", headers={"prefer": "count=exact"})
    assert answer.headers["content-range"].endswith("/4")


async def test_the_admin_sees_everything(program: Program) -> None:
    client = program.http
    answer = await client.get("/api/posts/query?published=eq.false", headers={"x-hasura-admin-secret": SECRET})
    assert len(answer.json()["data"]) == 2


async def test_a_condition_on_an_embedded_row_empties_it(program: Program) -> None:
    """As PostgREST has it: the row stays, and what is embedded is null."""
    asked = "/api/posts/query?select=id,author(login)&author.age=lt.45&order=id.asc"
    admin = await program.http.get(asked, headers={"x-hasura-admin-secret": SECRET})
    authors = [row["author"] and row["author"]["login"] for row in admin.json()["data"]]
    assert authors == ["ann", "ann", "bob", None, None, None]
    reader = await program.acting("reader").get(asked.replace("45", "35"))
    assert [row["author"] for row in reader.json()["data"]] == [{"login": "ann"}, None, None]
