"""`python -m bench.growth`: how reads grow with the table, from 1e4 to 1e6 rows, beside SQL written by hand."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any, Final

from bench.contenders import StartFailed, spawned
from bench.growth_data import NAME, SIZES, Database, remove, running
from bench.growth_shapes import SHAPES, Shape
from tests.harness.engines import EngineName
from tests.harness.ports import free_port
from tests.harness.servers import NotInstalled, StartFailed as DatabaseFailed

GOAL: Final = 1.5
"""Of the time by hand, at most."""
FLOOR: Final = 2.0
"""Milliseconds that are good whatever they are by hand."""
_LEAST, _MOST, _SECONDS = 3, 25, 1.0
_IDLE: Final = 10.0
"""Seconds without a request after which the connection is made anew."""
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")


class Failed(Exception):
    """The server answered with an error."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians in milliseconds, and rows that the storage engine read for one call (None where it does not tell).

    `differs` tells where an answer is not what the SQL by hand gives.
    """

    ours: float
    hand: float
    ours_read: int | None
    hand_read: int | None
    differs: str = ""

    @property
    def good(self) -> bool:
        """Whether the goal is reached."""
        return self.ours <= max(FLOOR, GOAL * self.hand)


class Sides:
    """The server and a plain connection to its database: the same shape asked of both."""

    def __init__(self, database: Database, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._hand = database.connect()
        self._tells = database.engine is not EngineName.EMBEDDED
        self._asked = time.monotonic()

    def ask(self, asked: str) -> Any:
        """The server's answer, without what is around it. Raises `Failed`."""
        if time.monotonic() - self._asked > _IDLE:
            self._http.close()  # as the server has
        if asked.startswith("/"):
            self._http.request("GET", asked)
        else:
            body = json.dumps({"query": f"{{ {asked} }}"})
            self._http.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        response = self._http.getresponse()
        text = response.read()
        self._asked = time.monotonic()
        answer = json.loads(text) if response.status == 200 else {}
        if "data" not in answer or "errors" in answer:
            raise Failed(f"{asked}: {response.status} {text[:500].decode(errors='replace')}")
        data = answer["data"]
        return data if asked.startswith("/") else next(iter(data.values()))

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a statement by hand."""
        with self._hand.cursor() as cursor:
            cursor.execute(sql)
            found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return found

    def read_by(self, call: Callable[[], object]) -> int | None:
        """Rows that the storage engine read for a call."""
        if not self._tells:
            return None
        nothing = -self._read() + self._read()
        before = self._read()
        call()
        return self._read() - before - nothing

    def _read(self) -> int:
        return sum(int(value) for _, value in self.rows("SHOW GLOBAL STATUS LIKE 'Handler\\_read%'"))

    def close(self) -> None:
        """Ends both connections."""
        self._http.close()
        self._hand.close()


# --- one shape on one table -------------------------------------------------------------------------------------------


def measure(sides: Sides, shape: Shape, table: str) -> Figures:
    """Times of both sides, in turn. Raises `Failed`."""
    asked, sql = _texts(sides, shape, table)
    said, expected = _cells(sides.ask(asked)), [tuple(map(_plain, row)) for row in sides.rows(sql)]
    if not shape.ordered:
        said.sort(key=repr)
        expected.sort(key=repr)
    differs = _difference(said, expected) if shape.compared and said != expected else ""
    counts = sides.read_by(lambda: sides.ask(asked)), sides.read_by(lambda: sides.rows(sql))
    ours: list[float] = []
    hand: list[float] = []
    until = time.perf_counter() + 2 * _SECONDS
    while len(ours) < _LEAST or (len(ours) < _MOST and time.perf_counter() < until):
        ours.append(_seconds(lambda: sides.ask(asked)))
        hand.append(_seconds(lambda: sides.rows(sql)))
    return Figures(statistics.median(ours) * 1000, statistics.median(hand) * 1000, *counts, differs)


def _texts(sides: Sides, shape: Shape, table: str) -> tuple[str, str]:
    """What is asked of both."""

    def filled(text: str, cells: Sequence[object] = ()) -> str:
        text = text.replace("@table", table).replace("@middle", str(SIZES[table] // 2))
        for index, cell in enumerate(cells):
            text = text.replace(f"@{index}", str(cell))
        return text

    cells = sides.rows(filled(shape.given))[0] if shape.given else ()
    asked = filled(shape.asked, cells)
    if shape.start:
        asked = asked.replace("@after", sides.ask(filled(shape.start, cells))["pageInfo"]["endCursor"])
    return asked, filled(shape.sql, cells)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _cells(value: Any) -> list[tuple[object, ...]]:
    """An answer as rows: objects are the leaves they hold, lists are a row an item."""
    if isinstance(value, list):
        return [row for item in value for row in _cells(item)]
    if isinstance(value, dict):
        parts = product(*(_cells(item) for item in value.values()))
        return [tuple(cell for part in row for cell in part) for row in parts]
    return [(_plain(value),)]


def _plain(value: object) -> object:
    """A cell in the form that both sides are compared in."""
    if isinstance(value, Decimal) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def _difference(said: Sequence[object], expected: Sequence[object]) -> str:
    pairs = zip(said, expected, strict=False)
    where = next((f"row {at}: {one} instead of {other}" for at, (one, other) in enumerate(pairs) if one != other), "")
    return f"{len(said)} rows, {len(expected)} by hand; {where}"


# --- the run ----------------------------------------------------------------------------------------------------------


def of_engine(engine: EngineName, options: argparse.Namespace) -> dict[str, dict[str, Figures]]:
    """The figures of one engine, by shape and table. Raises `Failed`, and what keeps a server from starting."""
    found: dict[str, dict[str, Figures]] = {}
    shapes = [shape for shape in SHAPES if not options.shapes or any(part in shape.name for part in options.shapes)]
    with running(engine, options.data, options.tables) as database, _sides(database) as sides:
        _say(f"{engine} {database.version}")
        for shape in shapes:
            for table in options.tables:
                found.setdefault(shape.name, {})[table] = each = measure(sides, shape, table)
                _say(f"{engine}, {table}, {shape.name}: {each.ours:.2f} ms, by hand {each.hand:.2f} {each.differs}")
    return found


@contextmanager
def _sides(database: Database) -> Iterator[Sides]:
    port = free_port()
    environment = {
        "DB_SOCKET": database.socket,
        "DB_USER": "root",
        "DB_NAME": NAME,
        "PORT": str(port),
        "LOG_LEVEL": "warning",
        "ENV_FILE": os.devnull,
        # The SQL is measured, and not the schedule by which slow statements are tried again.
        "RETRY_TIMEOUTS_MS": "60000,60000,60000,60000",
    }
    command = [sys.executable, "-m", "graphql_app", "serve"]
    with spawned("ours", command, environment, port, database.folder, "/readyz"):
        sides = Sides(database, port)
        try:
            yield sides
        finally:
            sides.close()


def table(found: dict[str, dict[str, Figures]], tables: Sequence[str]) -> str:
    """The figures as a table in Markdown."""
    sizes = [f"{SIZES[each]:.0e}".replace("+0", "") for each in tables]
    last = sizes[-1]
    head = ["shape", *(f"{size}: ours / hand ms" for size in sizes), f"{last}: ratio", f"{last}: rows read", ""]
    lines = [head, ["---", *["---:"] * (len(head) - 2), "---"]]
    for name, by_table in found.items():
        each = by_table[tables[-1]]
        times = (f"{one.ours:.2f} / {one.hand:.2f}" for one in by_table.values())
        read = "" if each.ours_read is None else f"{each.ours_read:,} / {each.hand_read:,}"
        lines.append([name, *times, f"{each.ours / each.hand:.2f}", read, _judged(by_table.values())])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _judged(all_sizes: Iterable[Figures]) -> str:
    """Whether the answers are right, and the goal is reached for the largest table."""
    figures = list(all_sizes)
    wrong = any(each.differs for each in figures)
    return "differs" if wrong else "" if figures[-1].good else "over"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    add = parser.add_argument
    names = [str(engine) for engine in (EngineName.MARIADB, EngineName.MYSQL, EngineName.EMBEDDED)]
    add("--engines", default=",".join(names), help="comma-separated (%(default)s)")
    add("--tables", default=",".join(SIZES), help="comma-separated: g4, g5, g6 have 1e4, 1e5, 1e6 rows (%(default)s)")
    add("--shapes", default="", help="comma-separated parts of the names of shapes (default: all)")
    add("--data", type=Path, help="a folder that keeps the loaded databases for the next run (default: none is kept)")
    options = parser.parse_args()
    options.engines = [EngineName(name) for name in options.engines.split(",")]
    options.tables = [name for name in SIZES if name in options.tables.split(",")]
    options.shapes = [part for part in options.shapes.split(",") if part]
    return options


def _run(options: argparse.Namespace) -> int:
    failed = False
    for engine in options.engines:
        try:
            found = of_engine(engine, options)
        except (StartFailed, DatabaseFailed, NotInstalled, Failed) as error:
            _say(f"{engine}: {error}")
            failed = True
            continue
        failed |= any(each.differs for by_table in found.values() for each in by_table.values())
        sys.stdout.write(f"**{engine}**\n\n{table(found, options.tables)}\n\n")
    return int(failed)


def main() -> int:
    """The command. 1 if a server does not start, or an answer is not what the SQL by hand gives."""
    # Ended from outside, it still ends the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = _arguments()
    if options.data is not None:
        options.data = options.data.absolute()
        return _run(options)
    with tempfile.TemporaryDirectory(prefix="graphql-app-growth-") as name:
        options.data = Path(name)
        try:
            return _run(options)
        finally:
            for engine in options.engines:
                remove(engine, options.data)


if __name__ == "__main__":
    sys.exit(main())
