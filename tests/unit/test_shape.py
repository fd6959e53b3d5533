"""Reads apart from their values: the SQL is that of the read as it is, and equal shapes are compiled once."""

from __future__ import annotations

import pytest

from graphql_app.engine.compile.exports import compile_rows
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.plan import shapes as shape
from graphql_app.engine.plan.planner import Limits, Planner
from graphql_app.engine.plan.shapes import SHAPES, PreparedCache, parameterize
from graphql_app.engine.request.bulk import RowForm
from graphql_app.engine.request.calls import Read
from graphql_app.engine.sql.dialects import detect
from graphql_app.engine.sql.fragment import Statement
from graphql_app.errors import AppError
from graphql_app.rest_api.query_language.pairs import parse_pairs
from graphql_app.rest_api.query_language.read_request import read_request
from tests.rest_samples import CATALOG

DIALECT = SqlDialect(detect("10.11.4-MariaDB", ""), True)


def read_of(query: str, table: str = "users") -> Read:
    """What `GET /api/{table}/query` asks."""
    return read_request(CATALOG, CATALOG.tables[table], (), parse_pairs(query.encode()))


def compiled(read: Read) -> Statement:
    """Its statement."""
    return compile_rows(DIALECT, Planner(CATALOG, Limits(max_page=1000)).read(read), RowForm.JSON)


@pytest.mark.parametrize(
    ("table", "query"),
    [
        ("users", ""),
        ("users", "age=eq.3&name=like.a*&limit=5&offset=7&order=name.desc"),
        ("users", "age=in.(1,2,3)&name=is.null&email=not.is.null"),
        ("users", "age=in.()&name=nin.()"),
        ("users", "or=(age.between.(1,9),not.and(name.eq.x,age.gt.4))"),
        ("users", "name=match.^a&email=imatch.b&name=starts_with.%25"),
        ("users", "limit=0"),
        ("orders", "paid=is.true&state=eq.sent&total=gt.1.50&select=id,user(name)"),
        ("orders", "select=id,user!inner(name)&user.age=in.(1,2)&placed_at=lt.2024-01-01T00:00:00"),
    ],
)
def test_the_sql_is_the_same(table: str, query: str) -> None:
    read = read_of(query, table)
    found, values = parameterize(read)
    assert hash(found) is not None
    assert compiled(found).render(values) == compiled(read).render()


@pytest.mark.parametrize("query", ["age=eq.x", "limit=-1", "limit=1001", "age=in.(1,x)", "age=between.(1)"])
def test_what_is_refused_is_refused_in_the_same_words(query: str) -> None:
    read = read_of(query)
    found, values = parameterize(read)
    with pytest.raises(AppError) as whole:
        compiled(read).render()
    with pytest.raises(AppError) as apart_from_values:
        compiled(found).render(values)
    assert whole.value.code == apart_from_values.value.code
    assert (whole.value.message, whole.value.column) == (
        apart_from_values.value.message,
        apart_from_values.value.column,
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("age=eq.3&limit=5", "age=eq.4&limit=6", True),
        ("age=in.(1,2)", "age=in.(3)", True),
        ("age=in.(1)", "age=in.()", False),
        ("age=is.null", "age=not.is.null", False),
        ("age=eq.3", "age=gt.3", False),
        ("age=eq.3", "age=eq.3&limit=1", False),
        ("order=age", "order=age.desc", False),
    ],
)
def test_values_make_no_shape_of_their_own(one: str, other: str, same: bool) -> None:
    assert (parameterize(read_of(one))[0] == parameterize(read_of(other))[0]) is same


def test_a_shape_is_compiled_once_for_a_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape, "SHAPES", 3)
    assert SHAPES > 3
    known: PreparedCache[Statement] = PreparedCache()
    made: list[int] = []
    catalogs = (object(), object())

    def get(catalog: object, key: int) -> Statement:
        return known.get(catalog, key, lambda: made.append(key) or compiled(read_of("")))  # type: ignore[func-returns-value]

    for key in (1, 2, 3, 1, 1, 4, 1, 2):
        get(catalogs[0], key)
    # 2 was the one not asked for the longest when 4 came.
    assert made == [1, 2, 3, 4, 2]
    get(catalogs[1], 1)
    get(catalogs[0], 1)
    assert made == [1, 2, 3, 4, 2, 1, 1]
