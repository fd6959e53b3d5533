"""Introspection as clients ask for it: with variables, beside rows, for what Strawberry fails at, and too much."""

from __future__ import annotations

import logging

import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.engines("mariadb")

ONE_OF = "{__schema{types{isOneOf fields{type{isOneOf ofType{isOneOf}}args{type{isOneOf}}}inputFields{type{isOneOf}}}}}"


async def test_questions_that_were_internal_errors(
    open_app: OpenApp, engine: Engine, shop_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each has its answer, and none writes into the log."""
    async with open_app(engine.environment(shop_database)) as client:
        caplog.set_level(logging.WARNING)
        caplog.clear()
        answer = await client.post("/graphql", json={"query": ONE_OF})
        assert "errors" not in answer.json()
        number = (
            b'{"query":"query($n:String!){__type(name:$n){name}}","variables":{"n":"users","m":' + b"9" * 900 + b"}}"
        )
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/graphql", content=number, headers=headers)
        assert answer.json() == {"data": {"__type": {"name": "users"}}}
        answer = await client.post("/graphql", content=number.replace(b'"users"', b"9" * 900), headers=headers)
        assert answer.json()["errors"][0]["extensions"]["reason"] == "GRAPHQL_VALIDATION_FAILED"
        assert not caplog.records


async def test_rows_and_the_schema_in_one_answer(open_app: OpenApp, engine: Engine, shop_database: str) -> None:
    """In the order of the question, under any alias, with variables and directives."""
    query = (
        "query($n:String!,$s:Boolean!){a:users(limit:1){id} t:__type(name:$n){name} __schema{queryType{name}}"
        " __typename users(limit:1){id @skip(if:$s) name}}"
    )
    async with open_app(engine.environment(shop_database)) as client:
        answer = await client.post("/graphql", json={"query": query, "variables": {"n": "users", "s": True}})
        data = answer.json()["data"]
        assert list(data) == ["a", "t", "__schema", "__typename", "users"]
        assert data["t"] == {"name": "users"}
        assert data["__schema"] == {"queryType": {"name": "query_root"}}
        assert data["__typename"] == "query_root"
        assert list(data["users"][0]) == ["name"]
        failed = await client.post("/graphql", json={"query": '{users(limit:-1){id} __type(name:"users"){name}}'})
        assert failed.json()["errors"]
    async with open_app(engine.environment(shop_database) | {"INTROSPECTION": "false"}) as client:
        hidden = await client.post("/graphql", json={"query": query, "variables": {"n": "users", "s": True}})
        assert hidden.json()["errors"][0]["extensions"]["reason"] == "PERMISSION_DENIED"
