"""The OpenAPI document is valid, typed per table, and true to what the endpoints take and give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it publishes no types
from openapi_spec_validator import validate
from pydantic import BaseModel

from graphql_app.errors import Code
from graphql_app.rest_api.envelope import STATUS
from graphql_app.rest_api.models import CRUDRequest, DeleteRequest, UpdateRequest, validate_body
from graphql_app.rest_api.openapi.columns import _ROWS
from graphql_app.rest_api.openapi.components import COMPONENTS
from graphql_app.rest_api.openapi.csv_paths import CSV_SCHEMAS
from graphql_app.rest_api.openapi.document import openapi_pieces
from graphql_app.rest_api.query_language.filters import SPELLINGS
from schema_gen.catalog.model import EMPTY_CATALOG, Catalog, Column, ColumnType, Table
from schema_gen.types.column_types import encode
from schema_gen.types.type_rows import ROWS, SCALARS
from tests.rest_samples import CATALOG, column, table

Json = dict[str, Any]


def document(catalog: Catalog, *, stringify: bool = True) -> Json:
    """The document as clients see it."""
    found: Json = orjson.loads(b"".join(openapi_pieces(catalog, stringify=stringify)))
    return found


def catalog_of(*tables: Table) -> Catalog:
    return Catalog("test", {each.name: each for each in tables})


@pytest.fixture(scope="module")
def shop() -> Json:
    return document(CATALOG)


def schema_accepts(whole: Json, schema: Json, value: object) -> bool:
    return bool(Draft202012Validator({**schema, "components": whole["components"]}).is_valid(value))


def body_of(operation: Json) -> Json:
    found: Json = operation["requestBody"]["content"]["application/json"]
    return found


@pytest.mark.parametrize("catalog", [EMPTY_CATALOG, CATALOG])
@pytest.mark.parametrize("stringify", [True, False])
def test_is_valid_openapi(catalog: Catalog, stringify: bool) -> None:
    validate(document(catalog, stringify=stringify))


def test_every_table_has_its_addresses(shop: Json) -> None:
    assert {path: sorted(operations) for path, operations in shop["paths"].items()} == {
        "/api/users": ["delete", "patch", "post", "put"],
        "/api/users/{key}": ["delete", "get", "patch", "put"],
        "/api/users/query": ["get", "post"],
        "/api/users/export": ["get"],
        "/api/orders": ["delete", "patch", "post", "put"],
        "/api/orders/{key}": ["delete", "get", "patch", "put"],
        "/api/orders/query": ["get", "post"],
        "/api/orders/export": ["get"],
        "/api/weekly%20report/query": ["get", "post"],
        "/api/weekly%20report/export": ["get"],
        "/api/weekly%20report/{key}": ["get"],
        "/api/batch/{table}/export": ["get"],
        "/api/batch/import": ["post"],
    }


def test_columns_are_typed_and_described(shop: Json) -> None:
    users = shop["components"]["schemas"]["users"]
    assert users["description"] == "People"
    assert users["properties"]["id"] == {
        "type": "integer",
        "format": "int32",
        "minimum": -(2**31),
        "maximum": 2**31 - 1,
    }
    assert users["properties"]["name"] == {
        "type": ["string", "null"],
        "maxLength": 100,
        "description": "How to call them",
    }
    orders = shop["components"]["schemas"]["orders"]["properties"]
    assert orders["total"] == {"type": "string", "format": "decimal"}
    assert orders["state"] == {"type": ["string", "null"], "enum": ["new", "sent", None]}
    assert orders["double_total"]["readOnly"] is True


def test_numbers_follow_the_setting() -> None:
    numbers = catalog_of(table("t", column("id", "bigint", nullable=False), column("price", "decimal")))
    texts, plain = (document(numbers, stringify=flag)["components"]["schemas"]["t"] for flag in (True, False))
    assert (texts["properties"]["id"]["type"], texts["properties"]["price"]["type"]) == ("string", ["string", "null"])
    assert (plain["properties"]["id"]["type"], plain["properties"]["price"]["type"]) == ("integer", ["number", "null"])


def test_inserts_need_what_has_no_default_and_take_no_generated_column(shop: Json) -> None:
    insert = shop["components"]["schemas"]["orders.insert"]
    assert insert["required"] == ["user_id"]
    assert "double_total" not in insert["properties"]
    assert "required" not in shop["components"]["schemas"]["users.insert"]
    assert "required" not in shop["components"]["schemas"]["orders.set"]


def test_views_have_no_writes(shop: Json) -> None:
    assert "weekly report.insert" not in shop["components"]["schemas"]
    assert "/api/weekly%20report" not in shop["paths"]


def test_every_example_fits_its_schema_and_its_model(shop: Json) -> None:
    models: dict[str, type[BaseModel]] = {
        "insert": CRUDRequest,
        "query": CRUDRequest,
        "update": UpdateRequest,
        "patch": UpdateRequest,
        "store": CRUDRequest,
        "change": UpdateRequest,
        "delete": DeleteRequest,
    }
    seen = set()
    for operations in shop["paths"].values():
        for operation in operations.values():
            if "application/json" in operation.get("requestBody", {}).get("content", ()):
                verb = operation["operationId"].partition(".")[0]
                body = body_of(operation)
                assert schema_accepts(shop, body["schema"], body["example"]), operation["operationId"]
                validate_body(models[verb], body["example"])
                seen.add(verb)
    assert seen == set(models)


@pytest.mark.parametrize(
    ("path", "method", "body", "fits"),
    [
        ("/api/users", "post", {"input": {"name": "x"}}, True),
        ("/api/users", "post", {"input": [{"name": "x"}, {}]}, True),
        ("/api/users", "post", {"input": {"nope": "x"}}, False),
        ("/api/users", "post", {"input": {"age": "x"}}, False),
        ("/api/orders", "post", {"input": {"total": 1.5}}, False),
        ("/api/orders", "post", {"input": {"user_id": 1, "total": 1.5}}, True),
        ("/api/users/query", "post", {"input": {}}, True),
        ("/api/users/query", "post", {"input": {"age": None, "name": ["a", None]}}, True),
        ("/api/users/query", "post", {"input": {"age": "x"}}, False),
        ("/api/users", "put", {"input": {"age": 1}, "where": {"id": 1}}, True),
        ("/api/users", "put", {"input": {"age": 1}, "where": {}}, False),
        ("/api/users", "put", {"input": {"age": 1}}, False),
        ("/api/users", "delete", {"input": {}}, False),
        ("/api/users", "delete", {"input": {"id": [1, 2]}}, True),
    ],
)
def test_bodies_are_typed(shop: Json, path: str, method: str, body: Json, fits: bool) -> None:
    assert schema_accepts(shop, body_of(shop["paths"][path][method])["schema"], body) is fits


def test_answers_are_typed(shop: Json) -> None:
    responses = shop["paths"]["/api/users/query"]["get"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"]
    row = {"id": 1, "name": "x", "email": None, "age": 3}
    answer = {"timestamp": "2025-12-29T10:30:45.123456Z", "message": "m", "data": [row], "retry_count": 0}
    assert schema_accepts(shop, schema, answer)
    assert not schema_accepts(shop, schema, {**answer, "data": [{**row, "age": "x"}]})
    failure = shop["components"]["responses"]["BadRequest"]["content"]["application/json"]["schema"]
    assert schema_accepts(
        shop,
        failure,
        {**answer, "error_code": "400", "details": {"code": "UNKNOWN_COLUMN", "column": "x"}},
    )


def test_every_status_of_a_failure_is_described(shop: Json) -> None:
    """Beside those of wrong addresses and of our own defects."""
    described = {
        int(status)
        for path in shop["paths"].values()
        for operation in path.values()
        for status in operation["responses"]
    }
    before_the_address = {401, 405, 408, 414, 429, 431}
    assert described == (set(STATUS.values()) | {200, 206, 207, 304}) - before_the_address - {500}


def test_shared_parts_are_complete(shop: Json) -> None:
    details = shop["components"]["schemas"]["Failure"]["properties"]["details"]
    assert details["properties"]["code"]["enum"] == [code.value for code in Code]
    assert all(name in shop["components"]["schemas"]["Filter"]["description"] for name in SPELLINGS)


def test_every_scalar_has_a_row() -> None:
    assert {row.scalar for row in ROWS.values()} | set(SCALARS) <= set(_ROWS)


BASES: Mapping[str, Mapping[str, object]] = {
    "char": {"length": 3},
    "varchar": {"length": 2},
    "enum": {"members": ("a", "b")},
    "set": {"members": ("a", "b")},
    "bit": {"length": 8},
    "decimal": {"precision": 10, "scale": 2},
    "vector": {"length": 3},
}


TYPED = tuple(
    Column(base, ColumnType(base, **BASES.get(base, {})), nullable=True, ordinal=1)  # type: ignore[arg-type]
    for base in sorted({name.partition(" ")[0] for name in ROWS} - {"boolean"})
)


@pytest.fixture(scope="module", params=[True, False])
def every_type(request: pytest.FixtureRequest) -> Json:
    return document(catalog_of(table("t", *TYPED)), stringify=request.param)


def test_every_type_makes_a_valid_document(every_type: Json) -> None:
    validate(every_type)


@pytest.mark.parametrize("tested", TYPED, ids=lambda each: each.name)
def test_every_type_has_a_schema_and_an_example_that_the_database_takes(every_type: Json, tested: Column) -> None:
    value = body_of(every_type["paths"]["/api/t"]["post"])["example"]["input"][tested.name]
    for kind in ("t", "t.insert", "t.set"):
        schema = every_type["components"]["schemas"][kind]["properties"][tested.name]
        assert schema_accepts(every_type, schema, value)
        assert schema_accepts(every_type, schema, None)
    assert encode(value, tested)


def test_names_that_openapi_does_not_allow_stay_apart() -> None:
    names = ("a b", "a_b", "a/b", "Failure", "\u00e9t\u00e9", "x{y}")
    found = document(catalog_of(*(table(name, column("id", "int")) for name in names)))
    validate(found)
    ids = [operation["operationId"] for path in found["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids)) == 11 * len(names) + 2
    assert "/api/%C3%A9t%C3%A9/query" in found["paths"]
    assert "/api/x%7By%7D/query" in found["paths"]


def test_columns_called_like_parameters_are_quoted() -> None:
    found = document(catalog_of(table("t", column("limit", "int"), column("or", "int"))))
    validate(found)
    names = [each["name"] for each in found["paths"]["/api/t/query"]["get"]["parameters"] if "name" in each]
    assert names == ['"limit"', '"or"']


@pytest.mark.parametrize("names", [("a", "a.conditions", "a.set"), ("a.set", "a.conditions", "a"), ("é", "ß", "_")])
def test_no_name_stands_twice(names: tuple[str, ...]) -> None:
    """Of two schemas with one name a reader keeps the last, and the other table would be described by it."""

    def once(pairs: list[tuple[str, Any]]) -> Json:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    tables = catalog_of(*(table(name, column("id", "int", nullable=False)) for name in names))
    whole = json.loads(b"".join(openapi_pieces(tables)), object_pairs_hook=once)
    assert len(whole["components"]["schemas"]) == len(COMPONENTS["schemas"]) + len(CSV_SCHEMAS) + 4 * len(names)


def test_a_large_document_comes_in_small_pieces() -> None:
    columns = [column(f"c{number}", "varchar") for number in range(30)]
    tables = catalog_of(*(table(f"t{number}", *columns) for number in range(100)))
    sizes = [len(piece) for piece in openapi_pieces(tables)]
    assert sum(sizes) > 1_500_000
    assert max(sizes) < 64_000
