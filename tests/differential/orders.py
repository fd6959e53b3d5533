"""Orders of rows, and pages of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from tests.differential.conditions import listed
from tests.differential.database import Database
from tests.differential.figures import figure
from tests.differential.schema import Column, Table
from tests.differential.tables import TABLES
from tests.differential.values import Ambiguous, Near, OneOf, Row, comparable, sort_value, stored

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Term:
    """One term: the value to order by (`None` for NULL) of each item."""

    value: Callable[[Any], Any]
    descending: bool = False
    nulls_first: bool = True


def term(direction: str, value: Callable[[Any], Any]) -> Term:
    """A term in one of the six directions; NULL is the least value where nothing is said."""
    descending = direction.startswith("desc")
    nulls_first = direction.endswith("first") if "nulls" in direction else not descending
    return Term(value, descending, nulls_first)


def in_order(items: Iterable[T], terms: Sequence[Term]) -> list[list[T]]:
    """The items in runs of equal ones. Raises `Ambiguous` where computed values are too close to call."""
    runs = [list(items)]
    for each in terms:
        runs = [finer for run in runs for finer in _split(run, each)]
    return [run for run in runs if run]


def _split(run: list[T], by: Term) -> list[list[T]]:
    if len(run) < 2:
        return [run]
    nulls: list[T] = []
    groups: dict[Any, list[T]] = {}
    for item in run:
        value = by.value(item)
        (nulls if value is None else groups.setdefault(_plain(value), [])).append(item)
    _assert_apart([value for value in groups if isinstance(value, Near)])
    keys = sorted(groups, key=lambda key: key.value if isinstance(key, Near) else key, reverse=by.descending)
    ordered = [groups[key] for key in keys]
    return [nulls, *ordered] if by.nulls_first else [*ordered, nulls]


def _plain(value: Any) -> Any:
    if isinstance(value, OneOf):
        raise Ambiguous
    return Near(value.value, 0, 0) if isinstance(value, Near) and not value.noise else value


def _assert_apart(values: list[Near]) -> None:
    for low, high in pairwise(sorted(values, key=lambda each: each.value)):
        noise = low.noise + high.noise
        if noise and high.value - low.value <= noise:
            raise Ambiguous


class Orders:
    """Orders of the rows of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def terms(self, table: Table, given: Any) -> list[Term]:
        """The terms of an `order_by` argument."""
        return [
            each for item in listed(given) if given is not None for each in self._object(table, item, lambda row: row)
        ]

    def _object(self, table: Table, given: dict[str, Any], reach: Callable[[Row], Row | None]) -> Iterable[Term]:
        for name, value in given.items():
            if value is None:
                continue
            if name in table.columns:
                yield term(value, self._column(table, name, reach))
            elif name in table.relations:
                yield from self._object(TABLES[table.relations[name].to_table], value, self._step(table, name, reach))
            else:
                yield from self._figures(table, name.removesuffix("_aggregate"), value, reach)

    def _column(self, table: Table, name: str, reach: Callable[[Row], Row | None]) -> Callable[[Row], Any]:
        def value(row: Row) -> Any:
            far = reach(row)
            return None if far is None or far[name] is None else sort_value(far[name], table.columns[name])

        return value

    def _step(self, table: Table, name: str, reach: Callable[[Row], Row | None]) -> Callable[[Row], Row | None]:
        def step(row: Row) -> Row | None:
            near = reach(row)
            far = [] if near is None else self._database.related(table.relations[name], near, table)
            return far[0] if far else None

        return step

    def _figures(
        self, table: Table, name: str, given: dict[str, Any], reach: Callable[[Row], Row | None]
    ) -> Iterable[Term]:
        far = TABLES[table.relations[name].to_table]

        def rows(row: Row) -> list[Row]:
            near = reach(row)
            return [] if near is None else self._database.related(table.relations[name], near, table)

        yield from figure_terms(far, given, rows)


def figure_terms(table: Table, given: dict[str, Any], rows: Callable[[Any], list[Row]]) -> Iterable[Term]:
    """`{count: …}`, `{function: {column: …}}` as terms; `rows` gives the rows that the figures are of."""
    for function, inner in given.items():
        if function == "count":
            if inner is not None:
                yield term(inner, lambda item: len(rows(item)))
            continue
        for name, way in (inner or {}).items():
            if way is not None:
                yield term(way, _figure_value(table, function, name, rows))


def _figure_value(table: Table, function: str, name: str, rows: Callable[[Any], list[Row]]) -> Callable[[Any], Any]:
    column = table.columns[name]

    def value(item: Any) -> Any:
        found = figure(function, column, rows(item))
        if isinstance(found, OneOf):
            found = found.values[0]  # equal to the order, whichever it is
        return found if found is None or isinstance(found, Near) else comparable(found, column.kind)

    return value


def total(table: Table, terms: Sequence[Term]) -> list[Term]:
    """The terms, and then the key's columns in the direction of the last of them."""
    descending = bool(terms) and terms[-1].descending
    return [*terms, *(Term(_sorted_by(table.columns[name]), descending) for name in table.key)]


def _sorted_by(column: Column) -> Callable[[Row], Any]:
    return lambda row: sort_value(stored(row, column.name), column)
