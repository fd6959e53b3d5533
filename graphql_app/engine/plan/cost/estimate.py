"""What a call may cost: an estimate of the values in its answer, from page sizes and relations, before it is planned.

A column of one row costs one. A list counts as many rows as it asks for, up to `LARGE`; where it does not
say, `ROWS` at the root and `RELATED_ROWS` in a relation. So the estimate depends on the request alone: what
is answered today is answered tomorrow, however the tables grow. Many conditions cost too: see `conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from graphql_app.engine.plan.cost.conditions import conditions_cost
from graphql_app.engine.request.calls import (
    Aggregate,
    AggregateFields,
    Call,
    ConnectionRead,
    Constant,
    Delete,
    Edges,
    Group,
    GroupKey,
    Insert,
    Nodes,
    Query,
    Read,
    Returning,
    SelectColumn,
    Selection,
    SelectNode,
    SelectRelated,
    SelectRelatedAggregate,
    Slot,
    Update,
    UpdateMany,
    Write,
)
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Catalog

ROWS = 100
"""Rows of a list that names no limit."""
RELATED_ROWS = 10
"""Rows of a relation's list that names no limit."""
LARGE = 1_000
"""A limit above this says "all", not how many there are."""


PageSize = Callable[[Slot], object]
"""Page sizes that are left for call time."""


@dataclass(frozen=True, slots=True)
class CostBudget:
    """The most that one call may cost, and the rows that a list has without a limit, if that is set."""

    most: int = 10_000_000
    default_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of calls of one shape, whose page sizes are only known at each call."""

    call: Call
    catalog: Catalog
    budget: CostBudget

    def check(self, slots: Sequence[object]) -> None:
        """Raises `RequestError` (LIMIT_EXCEEDED) where a call costs too much."""
        self.compare(lambda slot: slots[slot.index])

    def compare(self, page_size: PageSize) -> None:
        """As `check`, by a function that tells open page sizes."""
        _compare(self.cost(page_size), self.budget.most)

    def cost(self, page_size: PageSize) -> int:
        """The estimate."""
        estimator = _Estimator(self.catalog, self.budget.default_rows, page_size)
        values = sum(estimator.root(root.request) for root in self.call.roots)
        return values + conditions_cost(root.request for root in self.call.roots)


def checked(call: Call, catalog: Catalog, budget: CostBudget) -> Estimate | None:
    """Checks a call; gives what is to be checked again at each call, where that depends on open page sizes.

    Raises `RequestError` (LIMIT_EXCEEDED) where it costs too much whatever those are.
    """
    estimate = Estimate(call, catalog, budget)
    if estimate.cost(lambda _slot: LARGE) <= budget.most:
        return None
    estimate.compare(lambda _slot: 0)
    return estimate


def check_conditions(read: Read, budget: CostBudget) -> None:
    """Raises `RequestError` (LIMIT_EXCEEDED) where the conditions alone cost too much: for exports of any length."""
    _compare(conditions_cost([read]), budget.most)


def _compare(found: int, most: int) -> None:
    if found > most:
        raise RequestError(
            Code.LIMIT_EXCEEDED,
            f"The request is estimated to ask for {found} values; {most} are allowed."
            " Ask for smaller pages, fewer nested lists or fewer conditions",
        )


@dataclass(frozen=True, slots=True)
class _Estimator:
    """Walks a request. Names that nobody knows cost as others do: the planner refuses them."""

    catalog: Catalog
    default_rows: int | None
    page_size: PageSize

    def root(self, request: Query | Write | Constant) -> int:
        """The cost of one root."""
        match request:
            case Read():
                return 1 + (1 if request.one else self._rows(request.limit)) * self._row(request.table, request.select)
            case Aggregate():
                return self._aggregate(request, ROWS)
            case ConnectionRead():
                size = request.last if request.first is None else request.first
                return 1 + self._rows(size) * self._parts(request.table, request.fields)
            case Group():
                return 1 + self._rows(request.limit) * self._parts(request.table, request.fields)
            case Insert():
                return 1 + len(request.rows) * self._parts(request.table, request.answer)
            case Update() | Delete():
                return 1 + (1 if request.by_key else ROWS) * self._parts(request.table, request.answer)
            case UpdateMany():
                return sum(self.root(update) for update in request.updates)
            case Constant():
                return 1

    def _rows(self, limit: object, otherwise: int = ROWS) -> int:
        if isinstance(limit, Slot):
            limit = self.page_size(limit)
        if isinstance(limit, int):
            return max(0, min(limit, LARGE))
        return min(otherwise, self.default_rows or otherwise)

    def _row(self, table: str, select: Selection) -> int:
        return sum(self._shown(table, item) for item in select)

    def _shown(self, table: str, item: SelectColumn | Constant | SelectRelated | SelectRelatedAggregate) -> int:
        if isinstance(item, SelectRelatedAggregate):
            return self._aggregate(item.aggregate, RELATED_ROWS)
        if not isinstance(item, SelectRelated):
            return 1
        known = self.catalog.tables.get(table)
        relation = known.relations.get(item.relation) if known else None
        one = relation is not None and relation.to_one
        rows = 1 if one else self._rows(item.read.limit, RELATED_ROWS)
        return 1 + rows * self._row(item.read.table, item.read.select)

    def _aggregate(self, request: Aggregate, otherwise: int) -> int:
        """Every row is looked at, and counts as one."""
        rows = self._rows(request.limit, otherwise)
        return (
            1
            + rows
            + sum(
                rows * self._row(request.table, item.select) if isinstance(item, Nodes) else 1
                for item in request.fields
            )
        )

    def _parts(self, table: str, parts: Iterable[object]) -> int:
        """What is answered for each row of a connection, a group or a write."""
        total = 0
        for part in parts:
            match part:
                case Nodes(select=select) | Returning(select=select) | SelectNode(select=select):
                    total += self._row(table, select)
                case Edges(fields=fields):
                    total += self._parts(table, fields)
                case AggregateFields(fields=fields) | GroupKey(fields=fields):
                    total += len(fields)
                case _:
                    total += 1
        return total
