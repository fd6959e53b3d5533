"""Schemathesis makes operations from the GraphQL schema: every answer is well formed and none tells of a defect."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
import schemathesis
from graphql import (
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    build_client_schema,
    build_schema,
    get_introspection_query,
    is_non_null_type,
    is_scalar_type,
    is_specified_scalar_type,
    parse,
    print_schema,
)
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from schemathesis.graphql import nodes

from graphql_app.errors import Code
from tests.fix_app import StartApp
from tests.harness.engine import Engine

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

EXAMPLES = int(os.environ.get("GRAPHQL_EXAMPLES", "200"))
ANY_SCALAR = st.one_of(
    st.text(max_size=10).map(nodes.String),
    st.integers().map(nodes.Int),
    st.floats(allow_nan=False, allow_infinity=False).map(nodes.Float),
    st.sampled_from(["2024-02-29", "12:00:00", "2024-02-29T01:02:03", "1.5", "YQ=="]).map(nodes.String),
)
"""What any scalar may be given: at times what it takes."""

FITTING: Mapping[str, st.SearchStrategy[Any]] = {
    "bigint": st.integers(-(2**63), 2**63 - 1).map(nodes.Int),
    "decimal": st.decimals(-1000, 1000, places=2).map(str).map(nodes.String),
    "date": st.dates().map(str).map(nodes.String),
    "datetime": st.datetimes().map(lambda each: nodes.String(each.isoformat())),
    "timestamp": st.integers(2000, 2030).map(lambda year: nodes.String(f"{year}-02-03T04:05:06Z")),
    "time": st.integers(0, 23).map(lambda hour: nodes.String(f"{hour:02}:30:00")),
    "year": st.integers(1901, 2155).map(nodes.Int),
    "binary": st.binary(max_size=6).map(lambda each: nodes.String(b64encode(each).decode())),
}
"""Values of a scalar's own kind."""


def mostly(usual: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """`rare` once in ten times. `st.one_of` has no weights: it takes the same strategy given several times for one."""
    return st.integers(0, 9).flatmap(lambda number: rare if number == 9 else usual)


def fault(schema: GraphQLSchema, query: str, answer: httpx.Response) -> str:
    """What is wrong with an answer; nothing if it is data of the form that was asked for, or errors as documented."""
    if answer.status_code != 200:
        return f"status {answer.status_code}"
    body = answer.json()
    if not set(body) <= {"data", "errors", "extensions"} or not ({"data", "errors"} & set(body)):
        return f"the keys {sorted(body)}"
    if "errors" in body:
        return _fault_of_errors(body["errors"])
    operation = next(each for each in parse(query).definitions if isinstance(each, OperationDefinitionNode))
    root = schema.get_root_type(operation.operation)
    assert root is not None
    asked = [field for field in operation.selection_set.selections if isinstance(field, FieldNode)]
    keys = [field.alias.value if field.alias else field.name.value for field in asked]
    if list(body["data"]) != list(dict.fromkeys(keys)):
        return f"the data's keys {list(body['data'])} for {keys}"
    for key, field in zip(keys, asked, strict=True):
        kind = root.fields[field.name.value].type if field.name.value in root.fields else None
        if body["data"][key] is None and kind is not None and is_non_null_type(kind):
            return f"null for '{key}', which is never null"
    return ""


def _fault_of_errors(errors: Sequence[Mapping[str, Any]]) -> str:
    if not errors:
        return "an empty list of errors"
    for error in errors:
        extensions = error.get("extensions", {})
        if not isinstance(error.get("message"), str) or extensions.get("reason") not in set(Code):
            return f"an error as {error}"
        if extensions["reason"] == Code.INTERNAL_ERROR:
            return "an error of the program's own"
    return ""


@pytest.mark.engines("mariadb")
def test_operations_of_the_schema(engine: Engine, own_shop: str, start_app: StartApp) -> None:
    """Reads and writes of every table, their arguments drawn at random within their types."""
    client = start_app(engine.environment(own_shop)).client
    described = client.post("/graphql", json={"query": get_introspection_query()}).json()
    schema = build_client_schema(described["data"])
    for name, kind in schema.type_map.items():
        if is_scalar_type(kind) and not is_specified_scalar_type(kind):
            schemathesis.graphql.scalar(name, mostly(FITTING.get(name, ANY_SCALAR), ANY_SCALAR))
    made = schemathesis.graphql.from_file(print_schema(schema))
    operations: Any = made.get_all_operations()
    strategies = [found.ok().as_strategy() for found in operations]
    assert len(strategies) > 100
    answered: list[bool] = []

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(strategies))
    def ask(case: Any) -> None:
        query = str(case.body)
        answer = client.post("/graphql", json={"query": query})
        wrong = fault(schema, query, answer)
        assert not wrong, f"{wrong}\n{query}\n{answer.text[:2000]}"
        answered.append("errors" not in answer.json())

    ask()
    assert len(answered) >= EXAMPLES
    # Hypothesis also draws from the constants of every loaded module: the share varies from run to run (0.2 to 0.4).
    # Most refusals are of nulls, negative pages, and columns given in two operators, which no type rules out.
    assert sum(answered) > EXAMPLES / 10, "nearly all was refused: nothing was tried"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json={"data": {"users": []}}),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"errors": []}),
        httpx.Response(200, json={"errors": [{"message": "m", "extensions": {"reason": "INTERNAL_ERROR"}}]}),
        httpx.Response(200, json={"errors": [{"message": "m"}]}),
        httpx.Response(200, json={"data": {"other": []}}),
        httpx.Response(200, json={"data": {"users": None}}),
    ],
)
def test_a_wrong_answer_is_found(answer: httpx.Response) -> None:
    """The check can fail."""
    schema = build_schema("type Query { users: [Int!]! }")
    assert fault(schema, "{users}", answer)
    assert not fault(schema, "{users}", httpx.Response(200, json={"data": {"users": []}}))
