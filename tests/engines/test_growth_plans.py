"""How servers read what the growth bench asks: no table whole and no rows sorted where SQL by hand does neither.

The plans stand in golden files, one an engine, beside the statements that they are of.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from bench.growth_data import parents_statements, table_statements
from bench.growth_shapes import SHAPES, Shape
from tests.fix_app import OpenApp
from tests.harness import golden
from tests.harness.engine import Engine
from tests.harness.engines import EngineName
from tests.harness.recorder import Recorder, recording

pytestmark = pytest.mark.anyio

ROWS: Final = 20_000
"""Enough for the optimizer to prefer an index where there is one to prefer."""
EXACT: Final = "ALTER TABLE {} STATS_SAMPLE_PAGES = 4096"
"""Statistics of all pages: the same plans in each run."""
GOLDEN: Final = Path(__file__).parent / "plans"


@dataclass(frozen=True, slots=True)
class Step:
    """A line of EXPLAIN: how one table of a statement is read."""

    table: str
    how: str
    key: str
    extra: str

    @property
    def whole(self) -> str | None:
        """The table, where all of it is read without an index."""
        return self.table if self.how == "ALL" and not self.derived else None

    @property
    def derived(self) -> bool:
        """Whether it is one that the statement itself makes."""
        return self.table.startswith("<")

    @property
    def sorted(self) -> bool:
        """Whether rows of a table are sorted. Those of a page, found by their keys, are few."""
        return "filesort" in self.extra and not self.derived


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans of ours and of the SQL by hand for one shape; `sent` is what ours sends."""

    sent: tuple[str, ...]
    ours: tuple[Step, ...]
    hand: tuple[Step, ...]

    def text(self, name: str) -> str:
        """As a golden file has it."""
        lines = [f"## {name}", *map(_source, self.sent)]
        for who, steps in (("ours", self.ours), ("by hand", self.hand)):
            lines.append(f"-- {who}")
            lines += (
                f"{count}{step.table}: {step.how} {step.key} {step.extra}".rstrip() for count, step in _runs(steps)
            )
        return "\n".join(lines) + "\n"


def _source(statement: str) -> str:
    """A statement from its FROM on, of parts that are written for each parent only the first."""
    source = statement.partition(" FROM ")[2]
    parts = source.split(_NEXT)
    return f"FROM {source}" if len(parts) < _SHOWN else f"FROM {parts[0]}{_NEXT}…{parts[-1].partition(')')[2]}"


_NEXT: Final = ") UNION ALL ("
_SHOWN: Final = 5


def _runs(steps: Iterable[Step]) -> Iterator[tuple[str, Step]]:
    """Equal lines once, with their number."""
    found: dict[Step, int] = {}
    for step in steps:
        found[step] = found.get(step, 0) + 1
    return ((f"{count} x " if count > 1 else "", step) for step, count in found.items())


@dataclass(frozen=True, slots=True)
class Explainer:
    """The program on the growth bench's table, which is called `g`."""

    engine: Engine
    database: str
    client: httpx.AsyncClient
    recorder: Recorder

    async def plans(self, shape: Shape) -> Plans:
        """Both plans for a shape."""
        cells = self.engine.execute(_filled(shape.given), self.database)[0] if shape.given else ()
        asked = _filled(shape.asked, cells)
        if shape.start:
            page = await self._ask(_filled(shape.start, cells))
            asked = asked.replace("@after", page["pageInfo"]["endCursor"])
        self.recorder.take()
        await self._ask(asked)
        sent = tuple(line.rstrip(";") for line in self.recorder.take().split("\n") if line.startswith("SELECT"))
        ours = tuple(step for statement in sent for step in self._steps(statement))
        return Plans(sent, ours, tuple(self._steps(_filled(shape.sql, cells))))

    async def _ask(self, asked: str) -> Any:
        if asked.startswith("/"):
            answer = await self.client.get(asked)
        else:
            answer = await self.client.post("/graphql", json={"query": f"{{ {asked} }}"})
        data = answer.json()["data"]
        return data if asked.startswith("/") else next(iter(data.values()))

    def _steps(self, statement: str) -> Iterator[Step]:
        """The plan of a statement, its aliases replaced by the tables' names."""
        named = re.findall(r"`?\b(g|parents)\b`? (?:AS )?`?(\w+)`?", statement)
        tables = {alias: table for table, alias in named}
        found = self.engine.select(f"{_EXPLAIN[self.engine.name]} {statement}", self.database)
        for row in found.rows:
            line = {
                name.lower(): "" if cell is None else str(cell) for name, cell in zip(found.columns, row, strict=True)
            }
            table = re.sub(r"<(\D+)[\d,.]*>", r"<\1>", tables.get(line["table"], line["table"]))
            extra = [part for part in line["extra"].split("; ") if part in _TOLD]
            yield Step(table, line["type"], line["key"], ", ".join(extra).lower().replace("using ", ""))


_EXPLAIN: Final = {EngineName.MARIADB: "EXPLAIN", EngineName.MYSQL: "EXPLAIN FORMAT=TRADITIONAL"}
_TOLD: Final = ("Using index", "Using filesort", "Using temporary", "Using index for group-by")


def _filled(text: str, cells: Iterable[object] = ()) -> str:
    text = text.replace("@table", "g").replace("@middle", str(ROWS // 2))
    for index, cell in enumerate(cells):
        text = text.replace(f"@{index}", str(cell))
    return text


@pytest.fixture(scope="module")
async def plans(
    engine: Engine, module_database: str, open_app: OpenApp, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Plans]]:
    if engine.name is EngineName.EMBEDDED:
        pytest.skip("its EXPLAIN is a drawing")
    for statement in (*parents_statements(), *table_statements("g", ROWS)):
        engine.execute(statement, module_database)
    for table in ("parents", "g"):
        engine.execute(EXACT.format(table), module_database)
    engine.execute("ANALYZE TABLE parents, g", module_database)
    async with recording(engine.socket, tmp_path_factory.mktemp("plans")) as recorder:
        settings = engine.environment(module_database) | {"DB_SOCKET": recorder.socket, "SCHEMA_POLL_SECONDS": "0"}
        async with open_app(settings) as client:
            explainer = Explainer(engine, module_database, client, recorder)
            yield {shape.name: await explainer.plans(shape) for shape in SHAPES}


@pytest.mark.parametrize("name", [shape.name for shape in SHAPES])
async def test_a_shape_reads_no_more_than_by_hand(plans: dict[str, Plans], name: str) -> None:
    """No table is read whole, and no rows are sorted, where neither is by hand."""
    found = plans[name]
    whole = {step.whole for step in found.ours} - {None}
    assert whole <= {step.whole for step in found.hand}, found.text(name)
    assert any(step.sorted for step in found.hand) or not any(step.sorted for step in found.ours), found.text(name)


async def test_the_plans(plans: dict[str, Plans], engine: Engine, update_golden: bool) -> None:
    """Each shape's plan, beside that of the SQL by hand."""
    text = "\n".join(found.text(name) for name, found in plans.items())
    golden.check(GOLDEN / f"{engine.name}.txt", text, update=update_golden)
