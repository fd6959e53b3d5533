"""GraphQL's errors about unknown names: the name that was probably meant, only where the structure is told, cheaply."""

from __future__ import annotations

import contextlib
import time
from typing import cast

import pytest
from graphql import GraphQLObjectType

from graphql_app.graphql_api.did_you_mean import FIRST, hint
from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.graphql_api.errors import RequestFailed
from graphql_app.graphql_api.translate.variables import bind
from schema_gen.strawberry_core.lazy_mapping import LazyMapping
from tests.hostile.documents import KINDS, users_schema
from tests.unit.schema_shop import SHOP, built, catalog, column, table

SCHEMA = built(SHOP).schema.graphql
MANY = catalog([table(f"t{n:04}", [column(f"c{m}", "int") for m in range(5)]) for n in range(1000)])
ORDERS = "query($where:orders_bool_exp){orders(where:$where){id}}"


def refused(text: str, variables: dict[str, object] | None = None, *, suggests: bool = True, name: str = "") -> str:
    """The messages that a request is refused with, a line each."""
    try:
        operation = Documents(SCHEMA, DocumentLimits(), suggests=suggests).get(text).operation(name or None)
        bind(SCHEMA, operation, variables or {}, suggests=suggests)
    except RequestFailed as failed:
        return "\n".join(error["message"] for error in failed.errors)
    raise AssertionError("it was not refused")


UNKNOWN = [
    ("{ordrs{id}}", {}, "orders"),
    ("mutation{insert_ordesr(objects:[]){affected_rows}}", {}, "insert_orders"),
    ("{orders{idd}}", {}, "id"),
    ("{orders{__typenam}}", {}, "__typename"),
    ("{orders(wher:{}){id}}", {}, "where"),
    ("{orders(where:{idd:{_eq:1}}){id}}", {}, "id"),
    ("{orders(where:{id:{_eqq:1}}){id}}", {}, "_eq"),
    ("{orders(order_by:{id:decs}){id}}", {}, "desc"),
    ('{orders(order_by:{id:"desc"}){id}}', {}, "desc"),
    ("query($a:orders_bool_ex){orders(where:$a){id}}", {}, "orders_bool_exp"),
    ("{orders{...on orderz{id}}}", {}, "orders"),
    ("{orders{id @skp(if:true)}}", {}, "skip"),
    ("{orders{id @skip(iff:true)}}", {}, "if"),
    (ORDERS, {"where": {"idd": {"_eq": 1}}}, "id"),
    (ORDERS, {"where": {"_and": [{}, {"id": {"_eqq": 1}}]}}, "_eq"),
    (ORDERS, {"where": {"id'": {"_eq": 1}}}, "id"),
    ("query($o:[orders_order_by!]){orders(order_by:$o){id}}", {"o": [{"id": "decs"}]}, "desc"),
]


@pytest.mark.parametrize(("text", "variables", "meant"), UNKNOWN)
def test_the_name_that_was_meant(text: str, variables: dict[str, object], meant: str) -> None:
    assert f"Did you mean '{meant}'?" in refused(text, variables)


@pytest.mark.parametrize(("text", "variables", "meant"), UNKNOWN)
def test_nothing_is_told_where_the_structure_is_not(text: str, variables: dict[str, object], meant: str) -> None:
    told = refused(text, variables, suggests=False)
    assert "mean" not in told
    assert meant in text or f"'{meant}'" not in told.partition(", found")[0]


def test_an_operation_of_the_document() -> None:
    text = "query First{orders{id}} query Second{orders{id}}"
    assert refused(text, name="Frist") == "Unknown operation named 'Frist'. Did you mean 'First'?"
    assert refused(text, name="Frist", suggests=False) == "Unknown operation named 'Frist'."
    assert len(refused(text, name="x" * 1_000_000)) < 300


def test_nothing_alike_nothing_told() -> None:
    assert "mean" not in refused("{zzzz{id}}")
    assert "mean" not in refused("{orders{" + "i" * 5000 + "}}")
    assert "mean" not in refused(ORDERS, {"where": {"id" * 100_000: 1}})


def test_only_the_first_errors_end_in_a_suggestion() -> None:
    told = refused("{orders{" + " ".join(f"a{number}:idd" for number in range(9)) + "}}")
    assert told.count("Cannot query") == 9
    assert told.count("Did you mean") == FIRST


def test_a_name_that_only_looks_possible_is_not_suggested() -> None:
    known = LazyMapping[str, int]({"b_one": 1}.get, list, names=lambda: ["a_one", "b_one"])
    assert hint("a_onee", known) == ""
    assert hint("b_onee", known) == " Did you mean 'b_one'?"


def test_no_type_is_made_to_suggest_a_name() -> None:
    """Of a thousand tables only those that are looked at have types and fields."""
    schema = built(MANY).schema.graphql
    documents = Documents(schema, DocumentLimits(), suggests=True)
    started = time.process_time()
    for text in ("{t0500x{c1}}", "{t0501{cc1}}", "query($a:t0502_bool_ex){t0502(where:$a){c1}}"):
        assert "Did you mean" in documents.get(text).errors[0].message
    assert time.process_time() - started < 2.0
    query = cast(GraphQLObjectType, schema.query_type)
    assert isinstance(query.fields, LazyMapping)
    assert len(query.fields.made) < 10


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_documents_cost_hardly_more(kind: str) -> None:
    """A fixed part of CPU time more, whatever the document."""
    schema, text = users_schema(), KINDS[kind](3000)
    spent = []
    for suggests in (False, True):
        started = time.process_time()
        with contextlib.suppress(RequestFailed):
            Documents(schema, DocumentLimits(), suggests=suggests).get(text)
        spent.append(time.process_time() - started)
    assert spent[1] < 3 * spent[0] + 0.3
