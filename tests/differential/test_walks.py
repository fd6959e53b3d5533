"""Connections walked from end to end, both ways: no row is lost, shown twice or out of order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given

from tests.differential.dice import Dice, thrown
from tests.differential.make_order import order
from tests.differential.make_where import condition
from tests.differential.oracle import Oracle
from tests.differential.query import plain
from tests.differential.run import REPEAT, examples
from tests.differential.schema import Table
from tests.differential.tables import READ
from tests.differential.test_reads import (
    DATABASE,
    client as client,  # a fixture
)
from tests.differential.values import shown
from tests.graphql_client import GraphQLClient

pytestmark = [pytest.mark.anyio, pytest.mark.differential, pytest.mark.timeout(3600)]

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Walk:
    """A connection and the size of its pages."""

    table: Table
    where: dict[str, Any] | None
    order_by: Any
    size: int

    def query(self) -> str:
        """A page of any kind."""
        name = self.table.name
        return f"""query($first: Int, $after: String, $last: Int, $before: String, $where: {name}_bool_exp,
            $order_by: [{name}_order_by!]) {{
          page: {name}_connection(first: $first, after: $after, last: $last, before: $before, where: $where,
            order_by: $order_by) {{
            edges {{ cursor node {{ {" ".join(self.table.columns)} }} }} totalCount
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""


def walk(dice: Dice) -> Walk:
    """A connection of any table that has a key."""
    table = dice.pick([table for table in READ if not table.view])
    where = plain(condition(dice, table, 1)) if dice.chance(30) else None
    ordered = order(dice, table, total=dice.chance(20), figures=False) if dice.chance(90) else None
    return Walk(table, where, ordered and plain(ordered), dice.number(2, 25))


class Walker:
    """Asks for pages."""

    def __init__(self, client: GraphQLClient, walk: Walk) -> None:
        self._client = client
        self._walk = walk

    async def page(self, **bounds: object) -> Answer:
        """One page, its cursors looked at."""
        variables = {"where": self._walk.where, "order_by": self._walk.order_by, **bounds}
        found: Answer = (await self._client.data(self._walk.query(), variables))["page"]
        cursors = [edge["cursor"] for edge in found["edges"]]
        assert len(set(cursors)) == len(cursors)
        assert found["pageInfo"]["startCursor"] == (cursors[0] if cursors else None)
        assert found["pageInfo"]["endCursor"] == (cursors[-1] if cursors else None)
        return found

    async def forwards(self, bounds: Answer) -> list[Answer]:
        """All edges, page by page from the start."""
        edges: list[Answer] = []
        more, after = True, None
        while more:
            found = await self.page(first=self._walk.size, after=after, **bounds)
            edges += found["edges"]
            more = found["pageInfo"]["hasNextPage"]
            assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
            assert len(found["edges"]) == self._walk.size or not more
            after = found["pageInfo"]["endCursor"]
        return edges

    async def backwards(self) -> list[Answer]:
        """All edges, page by page from the end."""
        edges: list[Answer] = []
        more, before = True, None
        while more:
            found = await self.page(last=self._walk.size, before=before)
            edges = found["edges"] + edges
            more = found["pageInfo"]["hasPreviousPage"]
            assert found["pageInfo"]["hasNextPage"] is (before is not None)
            assert len(found["edges"]) == self._walk.size or not more
            before = found["pageInfo"]["startCursor"]
        return edges


@examples(0.15)
@given(walk=thrown(walk))
async def test_walks(client: GraphQLClient, walk: Walk) -> None:
    said = f"{REPEAT}\n{walk}"
    columns = walk.table.columns
    rows = Oracle(DATABASE).ordered(walk.table, {"where": walk.where, "order_by": walk.order_by})
    expected = [{name: shown(row[name], column) for name, column in columns.items()} for row in rows]
    walker = Walker(client, walk)

    edges = await walker.forwards({})
    assert [edge["node"] for edge in edges] == expected, said
    assert await walker.backwards() == edges, said
    whole = await walker.page()
    assert (whole["edges"], whole["totalCount"]) == (edges, len(expected)), said

    if len(edges) > 3:
        inner = await walker.page(after=edges[0]["cursor"], before=edges[-1]["cursor"])
        assert inner["edges"] == edges[1:-1], said
        assert await walker.forwards({"before": edges[-1]["cursor"]}) == edges[:-1], said
