"""Every value of every column type in one table, and what the server says of their order. See test_type_places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.introspect import introspect
from schema_gen.catalog.model import Column
from schema_gen.types.column_types import type_of
from schema_gen.types.type_rows import OperatorGroup, TypeRow
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.raw_session import raw_session
from tests.harness.type_cases import Case


@dataclass(frozen=True, slots=True)
class Typed:
    """A column of the table `every` with its values; `rows[id]` is what is shown of a row, all others are NULL."""

    case: Case
    column: Column
    rows: dict[int, Any]
    ranks: dict[int, int]

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def type(self) -> TypeRow:
        """The row of the column's type."""
        return type_of(self.column)

    @property
    def ordered(self) -> bool:
        """Whether values may be compared by order."""
        return OperatorGroup.ORDER in self.type.operators

    @property
    def equal(self) -> bool:
        """Whether values may be compared at all."""
        return OperatorGroup.EQUALITY in self.type.operators

    @property
    def by_rank(self) -> list[int]:
        """The rows in the server's order, and by id where they are equal."""
        return sorted(self.ranks, key=lambda row: (self.ranks[row], row))

    def wanted(self, operator: str, row: int) -> set[int]:
        """The rows that a comparison with a row's value must find."""
        if not self.ordered:
            return {other for other, value in self.rows.items() if same(value, self.rows[row])}
        mine = self.ranks[row]
        tests: dict[str, Callable[[int], bool]] = {
            "_neq": lambda rank: rank != mine,
            "_nin": lambda rank: rank != mine,
            "_gt": lambda rank: rank > mine,
            "_gte": lambda rank: rank >= mine,
            "_lt": lambda rank: rank < mine,
            "_lte": lambda rank: rank <= mine,
        }
        return {
            other
            for other, rank in self.ranks.items()
            if (tests[operator](rank) if operator in tests else rank == mine)
        }


@dataclass(frozen=True, slots=True)
class World:
    """The program on the table `every` (all values), `blank` (its columns, ids only) and a table for each key type."""

    http: httpx.AsyncClient
    graphql: GraphQLClient
    columns: tuple[Typed, ...]
    engine: Engine
    database: str

    @property
    def cells(self) -> Iterator[tuple[Typed, int, Any]]:
        """Column, id and what is shown, for every value."""
        return ((typed, row, shown) for typed in self.columns for row, shown in typed.rows.items())

    async def rest(self, method: str, path: str, body: object = None) -> Any:
        """The `data` of an answer that must be a success."""
        response = await self.http.request(method, f"/api/{path}", json=body)
        assert response.status_code == 200, f"{method} {path} {body}: {response.text}"
        return response.json()["data"]


def rows_of(cases: Sequence[Case]) -> tuple[list[dict[str, Any]], list[dict[int, Any]]]:
    """The rows to insert, one a value, and what each column must show in which."""
    given: list[dict[str, Any]] = []
    shown: list[dict[int, Any]] = [{} for _ in cases]
    for place, case in enumerate(cases):
        for value, expected in case.values:
            shown[place][len(given)] = expected
            given.append({"id": len(given), f"c{place}": value})
    return given, shown


async def typed_columns(
    engine: Engine, database: str, cases: Sequence[Case], rows: Sequence[dict[int, Any]]
) -> list[Typed]:
    """The columns with their values, and the ranks that the server gives them."""
    with raw_session(engine, database) as session:
        table = build_catalog(await introspect(session.fetch, database)).tables["every"]
    found = []
    for place, case in enumerate(cases):
        column = table.columns[f"c{place}"]
        ranks: dict[int, int] = {}
        if OperatorGroup.ORDER in type_of(column).operators:
            sql = f"SELECT id, DENSE_RANK() OVER (ORDER BY c{place}) FROM every WHERE id IN ({_ids(rows[place])})"
            ranks = {row: int(rank) for row, rank in engine.execute(sql, database)}
        found.append(Typed(case, column, rows[place], ranks))
    return found


def _ids(rows: dict[int, Any]) -> str:
    return ",".join(map(str, rows))


def same(found: object, expected: object) -> bool:
    """Whether two JSON values are equal, and of the same kind."""
    return found == expected and isinstance(found, bool) == isinstance(expected, bool)


Faults = list[str]
"""What went wrong in a place: which type, which value, what came."""


def check(faults: Faults, typed: Typed, what: object, found: object, expected: object) -> None:
    """Adds to `faults` where `found` is not what is expected; `what` was asked for."""
    if not same(found, expected):
        faults.append(f"{typed.case.declared}: {str(what)[:80]}: {str(found)[:120]} instead of {str(expected)[:120]}")
