"""What a role may not see is not there: two databases that differ only in that give the same bytes, on every face."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.roles_shop import CONFIG, ROWS, SCHEMA, RolesApp, configuration, roles_app

pytestmark = [pytest.mark.anyio]

LESS = """
CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price INT NOT NULL, published BOOLEAN NOT NULL,
  kind ENUM('book', 'game') NOT NULL);
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, product_id INT NOT NULL,
  amount INT NOT NULL, FOREIGN KEY (product_id) REFERENCES products (id));
SET FOREIGN_KEY_CHECKS = 0;
INSERT INTO products VALUES (1, 'Emma', 10, TRUE, 'book'), (2, 'Chess', 30, TRUE, 'game');
INSERT INTO orders (id, user_id, product_id, amount) VALUES (1, 1, 1, 2), (2, 1, 3, 1);
"""
"""The shop without tables, columns and rows that the callers below may not see, and that no rule of theirs looks at."""
LESS_CONFIG = CONFIG[: CONFIG.index("  buyer:")]

HIDDEN = [
    # a column: what is shown, conditions, orders, aggregates, groups, keys, writes, streams
    "{ orders { {} } }",
    "{ orders { x: {} } }",
    "{ ...F } fragment F on query_root { orders { {} } }",
    '{ orders(where: {{}: {_eq: "n1"}}) { id } }',
    "{ orders(where: {_or: [{id: {_eq: 1}}, {_not: {{}: {_is_null: true}}}]}) { id } }",
    "{ orders(order_by: {{}: asc}) { id } }",
    "{ orders(distinct_on: [{}]) { id } }",
    "{ orders_by_pk(id: 1) { {} } }",
    "{ orders_aggregate { aggregate { max { {} } } } }",
    "{ orders_aggregate { aggregate { count(columns: [{}]) } } }",
    '{ orders_aggregate(where: {{}: {_like: "n%"}}) { aggregate { count } } }',
    "{ orders_aggregate { nodes { {} } } }",
    "{ orders_connection { edges { node { {} } } } }",
    "{ orders_connection(order_by: {{}: asc}) { nodes { id } } }",
    '{ orders_connection(where: {{}: {_eq: "n1"}}) { totalCount } }',
    "{ orders_group(by: [{}]) { aggregate { count } } }",
    "{ orders_group(by: [id]) { key { {} } } }",
    '{ orders_group(by: [id], having: {max: {{}: {_eq: "n1"}}}) { aggregate { count } } }',
    "{ orders_group(by: [id], order_by: {key: {{}: asc}}) { aggregate { count } } }",
    '{ products(where: {orders: {{}: {_eq: "n1"}}}) { id } }',
    '{ products(where: {orders_aggregate: {count: {predicate: {_gt: 0}, filter: {{}: {_eq: "n1"}}}}}) { id } }',
    "{ products(where: {orders_aggregate: {count: {predicate: {_gt: 0}, arguments: [{}]}}}) { id } }",
    "{ products(order_by: {orders_aggregate: {max: {{}: asc}}}) { id } }",
    '{ products { orders(where: {{}: {_eq: "n1"}}) { id } } }',
    "{ products { orders_aggregate { aggregate { min { {} } } } } }",
    'query ($w: orders_bool_exp = {{}: {_eq: "n1"}}) { orders(where: $w) { id } }',
    'mutation { insert_orders_one(object: {amount: 1, {}: "x"}) { id } }',
    "mutation { insert_orders(objects: [], on_conflict: {constraint: PRIMARY, update_columns: [{}]}) { __typename } }",
    'mutation { update_orders(where: {}, _set: {{}: "x"}) { affected_rows } }',
    'mutation { update_orders(where: {{}: {_eq: "x"}}, _set: {amount: 1}) { affected_rows } }',
    'mutation { update_orders_many(updates: [{where: {{}: {_eq: "x"}}, _set: {amount: 1}}]) { affected_rows } }',
    'mutation { delete_orders(where: {{}: {_eq: "x"}}) { affected_rows } }',
    "mutation { delete_orders(where: {}) { returning { {} } } }",
    "subscription { orders { {} } }",
    'subscription { orders_stream(batch_size: 1, cursor: {initial_value: {{}: "n"}}) { id } }',
]
TABLES = [
    # a table, by every name that is made of it
    "{ {} { id } }",
    "{ {}_by_pk(id: 1) { id } }",
    "{ {}_aggregate { aggregate { count } } }",
    "{ {}_connection { nodes { id } } }",
    "{ {}_group(by: [id]) { aggregate { count } } }",
    "mutation { insert_{}(objects: [{}]) { affected_rows } }",
    "mutation { delete_{}_by_pk(id: 1) { id } }",
    "subscription { {} { id } }",
    "subscription { {}_stream(batch_size: 1, cursor: {initial_value: {id: 1}}) { id } }",
    '{ __type(name: "{}") { name } }',
    '{ __type(name: "{}_bool_exp") { name fields { name } } }',
    "query ($w: {}_bool_exp) { orders { id } }",
    "query ($w: [{}_insert_input!]!) { orders { id } }",
    "{ orders { id ... on {} { id } } }",
    "query { ...F } fragment F on {}_aggregate { __typename }",
    "{ products { {} { id } } }",
    "{ products(where: {{}: {}}) { id } }",
    "mutation { insert_orders_one(object: {amount: 1, {}: {data: {}}}) { id } }",
]

NAMES = ("note", "notes", "nott", "nope"), ("salaries", "salary", "users", "visits", "nowhere")
"""Columns and tables that are hidden, names that are near, and such as are nowhere."""


def asked(text: str, name: str) -> str:
    """The text with the name in it: `{{}:` is a brace before it, and a condition `{}` none."""
    return text.replace("where: {},", "where: {_and: []},").replace("{{}", "{" + name).replace("{}", name)


REST: list[tuple[str, str, Any]] = [
    ("GET", "/api/{t}/query", None),
    ("GET", "/api/{t}/query?select=id&order=id", None),
    ("HEAD", "/api/{t}/query", None),
    ("GET", "/api/{t}/export", None),
    ("GET", "/api/batch/{t}/export?format=spreadsheet", None),
    ("POST", "/api/{t}/query", {"input": {"id": 1}}),
    ("POST", "/api/{t}", {"input": {"id": 1}}),
    ("PUT", "/api/{t}", {"input": {"id": 1}, "where": {"id": 1}}),
    ("DELETE", "/api/{t}", {"input": {"id": 1}}),
    ("GET", "/api/{t}/1", None),
    ("PUT", "/api/{t}/1", {"input": {}}),
    ("PATCH", "/api/{t}/1", {"input": {}}),
    ("DELETE", "/api/{t}/1", None),
    ("PATCH", "/api/{t}?id=eq.1", {"input": {}}),
    ("DELETE", "/api/{t}?id=eq.1", None),
    ("POST", "/api/{t}?on_conflict=id", {"input": {}}),
    ("GET", "/openapi.json?table={t}", None),
    ("GET", "/api/orders/query?select=id,{t}(*)", None),
    ("GET", "/api/orders/query?select=id,user(*)", None),
    ("GET", "/api/orders/query?order=user(name)", None),
    ("GET", "/api/orders/query?{c}=eq.1", None),
    ("GET", "/api/orders/query?not.or=(id.eq.1,{c}.gt.0)", None),
    ("GET", "/api/orders/query?select={c}", None),
    ("GET", "/api/orders/query?select=x:{c}", None),
    ("GET", "/api/orders/query?order={c}.desc.nullslast", None),
    ("GET", "/api/orders/query?{c}=", None),
    ("GET", "/api/products/query?order=id&select=id,orders(amount)&orders.{c}=eq.n1", None),
    ("GET", "/api/products/query?select=id,orders!inner(id)&orders.{c}=like.n*", None),
    ("GET", "/api/products/query?order=orders({c})", None),
    ("GET", "/api/orders/export?select={c}", None),
    ("POST", "/api/orders/query", {"input": {"{c}": "n1"}}),
    ("POST", "/api/orders", {"input": {"amount": 1, "product_id": 1, "{c}": "n1"}}),
    ("PUT", "/api/orders", {"input": {"amount": 1}, "where": {"{c}": "n1"}}),
    ("PUT", "/api/orders", {"input": {"{c}": "n1"}, "where": {"id": 1}}),
    ("DELETE", "/api/orders", {"input": {"{c}": "n1"}}),
    ("GET", "/api/orders/1?select={c}", None),
    ("GET", "/api/orders/1?{c}=eq.n1", None),
    ("PATCH", "/api/orders/1", {"input": {"{c}": "n1"}}),
    ("PATCH", "/api/orders/1?select={c}", {"input": {"amount": 1}}),
    ("PATCH", "/api/orders?{c}=eq.n1", {"input": {"amount": 1}}),
    ("DELETE", "/api/orders?{c}=eq.n1", None),
    ("POST", "/api/orders?columns={c}", {"input": {"amount": 1}}),
    ("POST", "/api/orders?select=id,{c}", {"input": {"amount": 1}}),
    ("POST", "/api/orders?on_conflict={c}", {"input": {"amount": 1}}),
    ("GET", "/rest/{t}", None),
    ("HEAD", "/rest/{t}?select=id", None),
    ("POST", "/rest/{t}", {"id": 1}),
    ("PATCH", "/rest/{t}?id=eq.1", {"id": 2}),
    ("PUT", "/rest/{t}?id=eq.1", {"id": 1}),
    ("DELETE", "/rest/{t}?id=eq.1", None),
    ("GET", "/rest/orders?select=id,{t}(*)", None),
    ("GET", "/rest/orders?select={c}", None),
    ("GET", "/rest/orders?{c}=eq.1", None),
    ("GET", "/rest/orders?order={c}.desc", None),
    ("POST", "/rest/orders", {"amount": 1, "product_id": 1, "{c}": "n1"}),
    ("POST", "/rest/orders?columns={c}", {"amount": 1}),
    ("POST", "/rest/orders?on_conflict={c}", {"amount": 1}),
    ("PATCH", "/rest/orders?id=eq.1", {"{c}": "n1"}),
    ("PATCH", "/rest/orders?{c}=eq.n1", {"amount": 1}),
    ("DELETE", "/rest/orders?{c}=eq.n1", None),
    ("GET", "/openapi.json", None),
    ("GET", "/structure.json", None),
]
CALLERS: list[tuple[str, int | None]] = [("user", 1), ("user", 3), ("user", None), ("visitor", None), ("nobody", None)]


class Twins:
    """The whole shop, and the one with less."""

    def __init__(self, whole: RolesApp, less: RolesApp, names: tuple[str, str]) -> None:
        self._both = (whole, less)
        self._names = names

    async def rest(self, caller: tuple[str, int | None], method: str, path: str, **options: Any) -> str:
        """What both answer, which is the same."""
        role, user = caller
        answers = [await each.rest(role, method, path, user, **options) for each in self._both]
        first, second = (told(each, name) for each, name in zip(answers, self._names, strict=True))
        assert first == second
        return first

    async def graphql(self, caller: tuple[str, int | None], text: str, media: str = "application/json") -> str:
        """The same for a GraphQL request."""
        return await self.rest(caller, "POST", "/graphql", json={"query": text}, headers={"accept": media})


def told(answer: httpx.Response, database: str) -> str:
    """All of an answer but for its moment, its number, and the database's name."""
    moments = re.sub(r'"timestamp":"[^"]*"', "", answer.text)
    left_out = {"x-request-id", "etag", "content-length", "date"}
    headers = [f"{name}: {value}" for name, value in answer.headers.items() if name not in left_out]
    return "\n".join([str(answer.status_code), *headers, moments.replace(database, "*")])


@pytest.fixture(scope="module")
async def twins(engine: Engine, open_app: OpenApp, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Twins]:
    """Both, with rules that say the same of what both have."""
    async with AsyncExitStack() as stack:
        names = tuple(stack.enter_context(engine.database(script)) for script in (SCHEMA + ROWS, LESS))
        apps = []
        for name, text in zip(names, (CONFIG, LESS_CONFIG), strict=True):
            folder: Path = tmp_path_factory.mktemp("roles")
            environment = engine.environment(name) | configuration(folder, text)
            apps.append(await stack.enter_async_context(roles_app(open_app, environment)))
        yield Twins(apps[0], apps[1], (names[0], names[1]))


@pytest.mark.parametrize("text", [*HIDDEN, *TABLES])
async def test_hidden_names_in_graphql(twins: Twins, text: str) -> None:
    """In every place that takes a name: what is hidden is what is nowhere, also in what is suggested."""
    for name in NAMES[text in TABLES]:
        for caller in CALLERS[:3]:
            for media in ("application/json", "text/event-stream"):
                answer = await twins.graphql(caller, asked(text, name), media)
                assert '"errors"' in answer or '"__type":null' in answer, answer


@pytest.mark.parametrize("way", REST)
async def test_hidden_names_in_rest(twins: Twins, way: tuple[str, str, Any]) -> None:
    """Addresses, parameters, bodies, headers, documents."""
    method, path, body = way
    for table, column in zip(NAMES[1], (*NAMES[0], "cost"), strict=True):
        sent = body and _named(body, column)
        for caller in CALLERS:
            answer = await twins.rest(caller, method, path.format(t=table, c=column), json=sent)
            assert answer[:3] in ("400", "404", "403") or ".json" in path, answer


def _named(given: object, name: str) -> object:
    if not isinstance(given, dict):
        return given
    return {key.format(c=name): _named(value, name) for key, value in given.items()}


async def test_files_for_hidden_tables_and_columns(twins: Twins) -> None:
    """By the file's name in any case, by the parameter, by the header."""
    for name in (*NAMES[1], "SALARIES"):
        for address in ("/api/batch/import", f"/api/batch/import?table={name}", "/api/batch/import?errors=csv"):
            await twins.rest(("user", 1), "POST", address, files={"file": (f"{name}.csv", "id\n1\n")})
    for column in NAMES[0]:
        for mode in ("insert", "upsert", "update", "ignore"):
            for file, rows in (
                ("orders.csv", f"id,{column}\n1,x\n"),
                ("orders.ndjson", f'{{"id": 1, "{column}": 1}}\n'),
            ):
                address = f"/api/batch/import?mode={mode}"
                await twins.rest(("user", 1), "POST", address, files={"file": (file, rows)})


async def test_the_schema_is_the_same(twins: Twins) -> None:
    """The whole introspection, in every byte: no type, argument or description tells of what is hidden."""
    for caller in CALLERS:
        answer = await twins.graphql(caller, get_introspection_query(descriptions=True, input_value_deprecation=True))
        assert '"queryType"' in answer


async def test_rows_are_the_same(twins: Twins) -> None:
    """Answers with rows, figures and cursors, for callers with rows, without rows, without variables."""
    for caller in CALLERS:
        for text in (
            "{ orders(order_by: {id: asc}) { id product { name orders { id } orders_aggregate { nodes { id } } } } }",
            "{ orders_aggregate { aggregate { count sum { amount } } nodes { id } } }",
            "{ orders_connection(first: 1) { totalCount edges { cursor } pageInfo { hasNextPage endCursor } } }",
            "{ orders_group(by: [product_id]) { key { product_id } aggregate { count } } }",
            "{ products(order_by: {orders_aggregate: {count: desc}, id: asc}) { id kind orders { amount } } }",
            "{ products(where: {orders: {amount: {_gt: 0}}}) { id } }",
            "{ orders_by_pk(id: 3) { id } }",
            "{ orders(where: {product: {}}) { id } }",
            "{ products(where: {orders_aggregate: {count: {predicate: {_eq: 0}}}}, order_by: {id: desc}) { id } }",
            "{ orders(order_by: [{product: {name: desc}}, {id: desc}]) { id } }",
            "{ orders(limit: -1) { id } }",
            "{ __typename }",
        ):
            await twins.graphql(caller, text)
