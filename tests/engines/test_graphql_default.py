"""`NAMING=camel`: documents written for Hasura's `graphql-default` are answered, on every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE app_users (user_id INT AUTO_INCREMENT PRIMARY KEY, full_name VARCHAR(20), last_seen DATETIME,
  favourite_day ENUM('monday', 'sunday'), referrer_id INT, UNIQUE KEY full_name_key (full_name),
  CONSTRAINT fk_referred FOREIGN KEY (referrer_id) REFERENCES app_users (user_id));
CREATE TABLE blog_posts (id INT AUTO_INCREMENT PRIMARY KEY, author_id INT NOT NULL, is_public TINYINT(1),
  view_count INT, CONSTRAINT fk_author FOREIGN KEY (author_id) REFERENCES app_users (user_id))
"""
ROWS = """DELETE FROM blog_posts; UPDATE app_users SET referrer_id = NULL; DELETE FROM app_users;
INSERT INTO app_users VALUES (1, 'Ann', '2024-02-29 10:00:00', 'sunday', NULL), (2, 'Bob', NULL, 'monday', 1);
INSERT INTO blog_posts VALUES (1, 1, 1, 5), (2, 1, 0, 7), (3, 2, 1, NULL)"""


@pytest.fixture(scope="module")
async def opened(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on empty tables."""
    engine.execute(SCHEMA, module_database)
    async with open_app(engine.environment(module_database) | {"NAMING": "camel"}) as http:
        yield GraphQLClient(http)


@pytest.fixture
async def client(opened: GraphQLClient, engine: Engine, module_database: str) -> GraphQLClient:
    """The same with its rows as they were."""
    engine.execute(ROWS, module_database)
    return opened


async def test_reads(client: GraphQLClient) -> None:
    query = """query($where: AppUsersBoolExp, $orderBy: [AppUsersOrderBy!], $posts: BlogPostsBoolExp) {
      appUsers(where: $where, orderBy: $orderBy, limit: 2, offset: 0) { userId fullName lastSeen favouriteDay
        posts: blogPostsByAuthor(where: $posts, orderBy: {viewCount: DESC_NULLS_LAST}) { id viewCount }
        blogPostsByAuthorAggregate { aggregate { count avg { viewCount } stddevPop { viewCount } } } }
      appUsersByPk(userId: 2) { fullName referrer { fullName } }
      appUsersAggregate(distinctOn: referrerId, where: {favouriteDay: {_eq: sunday}, referrerId: {_isNull: true}}) {
        aggregate { count } }
      blogPostsConnection(first: 1, orderBy: {id: ASC}) { pageInfo { hasNextPage } nodes { isPublic __typename } } }"""
    variables = {
        "where": {"blogPostsByAuthorAggregate": {"count": {"predicate": {"_gt": 0}}}},
        "orderBy": [{"lastSeen": "DESC_NULLS_LAST"}, {"userId": "ASC"}],
        "posts": {"_not": {"viewCount": {"_isNull": True}}},
    }
    data = await client.data(query, variables)
    assert [user["fullName"] for user in data["appUsers"]] == ["Ann", "Bob"]
    assert data["appUsers"][0] == {
        "userId": 1,
        "fullName": "Ann",
        "lastSeen": "2024-02-29T10:00:00",
        "favouriteDay": "sunday",
        "posts": [{"id": 2, "viewCount": 7}, {"id": 1, "viewCount": 5}],
        "blogPostsByAuthorAggregate": {
            "aggregate": {"count": 2, "avg": {"viewCount": 6}, "stddevPop": {"viewCount": 1}}
        },
    }
    assert data["appUsersByPk"] == {"fullName": "Bob", "referrer": {"fullName": "Ann"}}
    assert data["appUsersAggregate"] == {"aggregate": {"count": 1}}
    assert data["blogPostsConnection"] == {
        "pageInfo": {"hasNextPage": True},
        "nodes": [{"isPublic": True, "__typename": "BlogPosts"}],
    }


async def test_writes(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    query = """mutation($rows: [AppUsersInsertInput!]!, $set: BlogPostsSetInput, $key: BlogPostsPkColumnsInput!,
      $conflict: AppUsersOnConflict) {
      insertAppUsers(objects: $rows, onConflict: $conflict) { affectedRows returning { fullName favouriteDay } }
      insertBlogPostsOne(object: {authorId: 2, isPublic: true}) { authorId viewCount }
      updateBlogPostsByPk(pkColumns: $key, _set: $set, _inc: {viewCount: 1}) { isPublic viewCount }
      updateBlogPosts(where: {authorId: {_eq: 2}}, _set: {viewCount: 0}) { affectedRows }
      deleteBlogPosts(where: {isPublic: {_eq: false}}, maxAffected: 5) { returning { id } }
      deleteAppUsersByPk(userId: 99) { userId } }"""
    conflict = {"constraint": "full_name_key", "updateColumns": ["favouriteDay"]}
    rows = [{"fullName": "Bob", "favouriteDay": "sunday"}, {"fullName": "Cem", "favouriteDay": "monday"}]
    variables = {"rows": rows, "conflict": conflict, "key": {"id": 1}, "set": {"isPublic": False}}
    data = await client.data(query, variables)
    assert data["insertAppUsers"] == {"affectedRows": 2, "returning": rows}
    assert data["insertBlogPostsOne"] == {"authorId": 2, "viewCount": None}
    assert data["updateBlogPostsByPk"] == {"isPublic": False, "viewCount": 6}
    assert data["updateBlogPosts"] == {"affectedRows": 2}
    assert sorted(row["id"] for row in data["deleteBlogPosts"]["returning"]) == [1, 2]
    assert data["deleteAppUsersByPk"] is None
    assert engine.execute("SELECT COUNT(*) FROM app_users", module_database) == ((3,),)


async def test_names_of_types_and_of_rest(client: GraphQLClient) -> None:
    query = "{ __schema { queryType { name } mutationType { name } types { name kind enumValues { name } } } }"
    schema = (await client.data(query))["__schema"]
    assert (schema["queryType"]["name"], schema["mutationType"]["name"]) == ("query_root", "mutation_root")
    enums = {each["name"]: [value["name"] for value in each["enumValues"] or ()] for each in schema["types"]}
    assert {"AppUsers", "AppUsersBoolExp", "BlogPostsMaxFields", "IntComparisonExp", "datetime"} <= enums.keys()
    assert set(enums["OrderBy"]) == {
        "ASC",
        "ASC_NULLS_FIRST",
        "ASC_NULLS_LAST",
        "DESC",
        "DESC_NULLS_FIRST",
        "DESC_NULLS_LAST",
    }
    assert set(enums["BlogPostsSelectColumn"]) == {"id", "authorId", "isPublic", "viewCount"}
    assert enums["AppUsersFavouriteDayEnum"] == ["monday", "sunday"]
    # The database's own names are REST's.
    rows = (await client.http.get("/api/blog_posts/query?select=author_id&id=eq.1")).json()["data"]
    assert rows == [{"author_id": 1}]


async def test_snake_is_as_it_was(
    engine: Engine, module_database: str, opened: GraphQLClient, open_app: OpenApp
) -> None:
    async with open_app(engine.environment(module_database)) as http:
        query = "query($w: app_users_bool_exp) { app_users(where: $w, order_by: {last_seen: desc}) { user_id } }"
        assert (await GraphQLClient(http).data(query, {"w": {"user_id": {"_eq": 0}}})) == {"app_users": []}
