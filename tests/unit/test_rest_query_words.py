"""What query strings have of PostgREST beside the words of GraphQL: relations by tables' names, hints, any and all."""

from __future__ import annotations

import pytest

from graphql_app.engine.request.calls import And, Compare, Not, Operator, Or, Related
from graphql_app.errors import Code, RequestError
from graphql_app.rest_api.query_language.pairs import parse_pairs
from graphql_app.rest_api.query_language.read_request import read_request
from tests.rest_samples import CATALOG


def refused(text: str) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read_request(CATALOG, CATALOG.tables["users"], (), parse_pairs(text.encode()))
    return caught.value


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("select=user:users(id)", "select=user(id)"),
        ("select=user:users!fk_user(id)", "select=user(id)"),
        ("select=user:users!user_id!inner(id)", "select=user!inner(id)"),
        ("select=user!left(id)", "select=user(id)"),
    ],
)
def test_relations_by_the_names_of_tables(text: str, same: str) -> None:
    tables = CATALOG, CATALOG.tables["orders"], ()
    assert read_request(*tables, parse_pairs(text.encode())) == read_request(*tables, parse_pairs(same.encode()))


@pytest.mark.parametrize(
    ("text", "where"), [("not.is.null", Related("user", None)), ("is.null", Not(Related("user", None)))]
)
def test_rows_that_have_related_ones(text: str, where: object) -> None:
    pairs = (("select", "id,user()"), ("user", text))
    assert read_request(CATALOG, CATALOG.tables["orders"], (), pairs).where == where


@pytest.mark.parametrize(
    "text", ["name=like(any).{A*,b}", "or=(name.like.A*,name.like.b)", "or=(name.like(any).{A*,b})"]
)
def test_any_of_a_list(text: str) -> None:
    found = read_request(CATALOG, CATALOG.tables["users"], (), parse_pairs(text.encode())).where
    likes = tuple(Compare("name", Operator.LIKE, value) for value in ("A%", "b"))
    assert found in (Or(likes), Or((Or(likes),)))


def test_all_of_a_list() -> None:
    found = read_request(CATALOG, CATALOG.tables["users"], (), (("age", "not.gt(all).{1,2}"),)).where
    assert found == Not(And((Compare("age", Operator.GT, 1), Compare("age", Operator.GT, 2))))
    assert refused("age=in(any).{1}").code is Code.INVALID_VALUE
    assert refused("age=gt(any).1").code is Code.INVALID_PARAMETER
