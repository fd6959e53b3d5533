"""The same read asked by REST and by GraphQL is an equal request: conditions, columns, relations, orders, pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, given, settings, strategies as st

from graphql_app.engine.request.calls import Operator
from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.graphql_api.prepared_operations import root_fields, root_type
from graphql_app.graphql_api.translate.operation import Translator
from graphql_app.graphql_api.translate.variables import bind
from graphql_app.rest_api.query_language.filters import SPELLINGS
from graphql_app.rest_api.query_language.pairs import parse_pairs
from graphql_app.rest_api.query_language.read_request import read_request
from tests.rest_samples import CATALOG
from tests.unit.schema_shop import built

BUILT = built(CATALOG)
SAME = settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
"""The same examples each time, however busy the machine."""


def by_graphql(text: str) -> object:
    """The request of the only root field."""
    schema = BUILT.schema.graphql
    assert not validate(schema, parse(text)), text
    operation = Documents(schema, DocumentLimits()).get(text).operation(None)
    bound = bind(schema, operation, {})
    ((key, nodes),) = root_fields(operation, bound).items()
    return Translator(BUILT, operation.fragments, bound.variables).root(key, nodes, root_type(BUILT, operation)).request


def by_rest(table: str, query: str) -> object:
    """The request of `GET /api/{table}/query`."""
    return read_request(CATALOG, CATALOG.tables[table], (), parse_pairs(query.encode()))


# --- conditions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Condition:
    """One comparison, in both languages; `rest` is its operator in a URL, `value` one or several texts."""

    column: str
    rest: str
    value: str | tuple[str, ...]

    def graphql(self) -> str:
        """As a `bool_exp`."""
        operator = SPELLINGS[self.rest].operator
        if self.rest == "isdistinct":
            assert isinstance(self.value, str)
            present = f"{{{self.column}: {{_is_null: false}}}}"
            other = f"{{{self.column}: {{_neq: {literal(self.column, self.value)}}}}}"
            either = f"{{_or: [{other}, {{{self.column}: {{_is_null: true}}}}]}}"
            return present if self.value.lower() == "null" else either
        if operator is Operator.IS_NULL:
            return f"{{{self.column}: {{_is_null: {'true' if self.value == 'null' else 'false'}}}}}"
        literals = [
            literal(self.column, each) for each in ((self.value,) if isinstance(self.value, str) else self.value)
        ]
        given = literals[0] if isinstance(self.value, str) else f"[{', '.join(literals)}]"
        return f"{{{self.column}: {{{operator.value}: {given}}}}}"

    def member(self) -> str:
        """Inside of a group of a URL."""
        if isinstance(self.value, str):
            return f"{self.column}.{self.rest}.{quoted(self.value)}"
        return f"{self.column}.{self.rest}.({','.join(map(quoted, self.value))})"

    def parameter(self) -> str:
        """Alone in a URL."""
        text = self.value if isinstance(self.value, str) else f"({','.join(map(quoted, self.value))})"
        return f"{self.column}={quote(f'{self.rest}.{text}', safe='')}"


@dataclass(frozen=True)
class Group:
    """Several conditions together, or not."""

    word: str
    items: tuple[Any, ...]
    negated: bool

    def graphql(self) -> str:
        """As a `bool_exp`."""
        inside = f"{{_{self.word}: [{', '.join(item.graphql() for item in self.items)}]}}"
        return f"{{_not: {inside}}}" if self.negated else inside

    def member(self) -> str:
        """Inside of a group of a URL."""
        return f"{self._name()}({','.join(item.member() for item in self.items)})"

    def parameter(self) -> str:
        """Alone in a URL."""
        return f"{self._name()}={quote(self.member()[len(self._name()) :], safe='')}"

    def _name(self) -> str:
        return f"not.{self.word}" if self.negated else self.word


NUMBERS = ("id", "age")
WORDS = ("name", "email")
PATTERNS = tuple(word for word, row in SPELLINGS.items() if row.build.__name__ in ("_plain", "_pattern"))


def literal(column: str, text: str) -> str:
    """The value in GraphQL."""
    return text if column in NUMBERS else json.dumps(text)


def quoted(text: str) -> str:
    """The value inside of a list or a group of a URL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# `*` stands for `%` in the patterns of URLs, as in PostgREST.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="*", exclude_categories=["Cs", "Cc"]), max_size=8)
INTEGER = st.integers(-(2**31), 2**31 - 1).map(str)


def values(column: str) -> st.SearchStrategy[str]:
    """Values of a column, as text."""
    return INTEGER if column in NUMBERS else TEXT


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Any operator on a column that has it."""
    column = draw(st.sampled_from(NUMBERS + WORDS))
    rest = draw(st.sampled_from([word for word in SPELLINGS if column in WORDS or word not in PATTERNS]))
    if rest == "is":
        return Condition(column, rest, draw(st.sampled_from(["null", "not_null"])))
    if rest in ("in", "nin"):
        return Condition(column, rest, tuple(draw(st.lists(values(column), max_size=3))))
    if rest == "between":
        return Condition(column, rest, (draw(values(column)), draw(values(column))))
    return Condition(column, rest, draw(values(column)))


def _groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Group, st.sampled_from(["and", "or"]), items, st.booleans())


FILTER = st.recursive(conditions(), _groups, max_leaves=5)


@SAME
@given(FILTER)
def test_conditions(condition: Condition | Group) -> None:
    """Alone, and inside of a group."""
    asked = by_graphql(f"{{ users(where: {condition.graphql()}) {{ id }} }}")
    assert by_rest("users", f"select=id&{condition.parameter()}") == asked
    both = f"{{ users(where: {{_or: [{condition.graphql()}, {{id: {{_eq: 1}}}}]}}) {{ id }} }}"
    assert by_rest("users", f"select=id&or={quote(f'({condition.member()},id.eq.1)', safe='')}") == by_graphql(both)


@pytest.mark.parametrize("word", SPELLINGS)
def test_every_operator(word: str) -> None:
    value: str | tuple[str, ...] = {"is": "null"}.get(word, "a")
    if word in ("in", "nin", "between"):
        value = ("a", "b,\"c'")
    found = Condition("name", word, value)
    asked = by_graphql(f"{{ users(where: {found.graphql()}) {{ id }} }}")
    assert by_rest("users", f"select=id&{found.parameter()}") == asked


def test_every_operator_of_graphql_has_a_spelling() -> None:
    assert {row.operator for row in SPELLINGS.values()} == set(Operator)


@pytest.mark.parametrize(
    ("column", "value", "given"),
    [
        ("total", "1.50", '"1.50"'),
        ("paid", "true", "true"),
        ("placed_at", "2024-01-31T10:00:00", '"2024-01-31T10:00:00"'),
        ("state", "sent", "sent"),
        ("user_id", "-7", "-7"),
    ],
)
def test_values_of_every_kind(column: str, value: str, given: str) -> None:
    asked = by_graphql(f"{{ orders(where: {{{column}: {{_eq: {given}}}}}) {{ id }} }}")
    assert by_rest("orders", f"select=id&{column}=eq.{value}") == asked


# --- orders, pages, columns, relations --------------------------------------------------------------------------------

TERM = st.tuples(
    st.sampled_from(["id", "total", "user.name", "user.age"]),
    st.sampled_from(["asc", "desc"]),
    st.sampled_from(["", "first", "last"]),
)


def rest_term(term: tuple[str, str, str]) -> str:
    """An order term of a URL."""
    column, direction, nulls = term
    relation, _, far = column.rpartition(".")
    return f"{f'{relation}({far})' if relation else far}.{direction}{f'.nulls{nulls}' if nulls else ''}"


def graphql_term(term: tuple[str, str, str]) -> str:
    """An order term in GraphQL."""
    column, direction, nulls = term
    relation, _, far = column.rpartition(".")
    value = f"{far}: {direction}{f'_nulls_{nulls}' if nulls else ''}"
    return f"{{{relation}: {{{value}}}}}" if relation else f"{{{value}}}"


@SAME
@given(
    st.lists(TERM, min_size=1, max_size=3, unique_by=lambda term: term[0]),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_orders_and_pages(terms: Sequence[tuple[str, str, str]], limit: int, offset: int) -> None:
    order = ", ".join(map(graphql_term, terms))
    asked = f"{{ orders(order_by: [{order}], limit: {limit}, offset: {offset}) {{ id }} }}"
    rest = f"select=id&order={','.join(map(rest_term, terms))}&limit={limit}&offset={offset}"
    assert by_rest("orders", rest) == by_graphql(asked)


@SAME
@given(
    st.lists(st.sampled_from(["id", "name", "age"]), min_size=1, unique=True),
    st.lists(st.sampled_from(["id", "total", "state"]), min_size=1, unique=True),
    st.booleans(),
    st.integers(0, 9),
    conditions(),
)
def test_columns_and_relations(
    near: list[str], far: list[str], renamed: bool, limit: int, condition: Condition
) -> None:
    """Both ends of a relation, with arguments of their own."""
    prefix = "mine:" if renamed else ""
    name = "mine" if renamed else "orders"
    inside = f"{' '.join(far)} user {{ name }}"
    orders = f'{prefix}orders(limit: {limit}, order_by: [{{id: desc}}], where: {{total: {{_gt: "5"}}}}) {{ {inside} }}'
    asked = f"{{ users(where: {condition.graphql()}) {{ {' '.join(near)} {orders} }} }}"
    rest = (
        f"select={','.join(near)},{prefix}orders({','.join(far)},user(name))&{name}.limit={limit}"
        f"&{name}.order=id.desc&{name}.total=gt.5&{condition.parameter()}"
    )
    assert by_rest("users", rest) == by_graphql(asked)
