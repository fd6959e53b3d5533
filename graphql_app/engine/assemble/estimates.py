"""What a server's planner thinks of a statement -> how many rows it gives, and how many are read for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import orjson

from graphql_app.engine.mysql.dial import Result

Row = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Expected:
    """Rows that a statement is expected to give, and to read."""

    given: float
    read: float


def expected(result: Result, alias: str) -> Expected:
    """What EXPLAIN says, in the form of MySQL and MariaDB, of OceanBase (JSON) or of TiDB.

    `alias` is the name of the table whose rows the statement gives. Raises `ValueError` or `LookupError` where it is
    none of these.
    """
    if len(result.columns) == 1:
        text = b"".join(row if isinstance(row, bytes) else b"" for row in result.rows)
        found = list(_operators(orjson.loads(text)))
        return Expected(found[0], max(found))
    rows: list[Row] = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    if "estRows" in result.columns:
        counts = [float(row["estRows"] or b"0") for row in rows]
        return Expected(counts[0], max(counts))
    return _of_steps(rows, alias)


def _operators(operator: object) -> Iterator[float]:
    """The rows of each operator of a plan, the outermost first."""
    if isinstance(operator, dict):
        yield float(operator["EST.ROWS"])
        for name, child in operator.items():
            if name.startswith("CHILD_"):
                yield from _operators(child)


def _of_steps(rows: list[Row], alias: str) -> Expected:
    """One row a table: tables of the statement itself are joined in this order, those of others stand by themselves.

    What is joined after the table only leaves out some of its rows: a related row is looked for, or looked at.
    """
    steps = [row for row in rows if row["id"] == rows[0]["id"]]
    others = [row for row in rows if row["id"] != rows[0]["id"]]
    if steps[0]["rows"] is None:
        return Expected(0.0, 0.0)  # no row can satisfy the condition
    given, passed = 1.0, False
    for step in steps:
        shown = _number(step, "rows") * _number(step, "filtered") / 100
        given *= min(shown, 1.0) if passed else shown
        passed = passed or step["table"] == alias.encode()
    outer = prod(_number(step, "rows") for step in steps)
    inner = [_number(row, "rows") for row in others if row["rows"] is not None]
    again = any(b"DEPENDENT" in (row["select_type"] or b"") for row in others)
    return Expected(given, outer * (1 + sum(inner)) if again else outer + sum(inner))


def _number(row: Row, column: str) -> float:
    if column == "filtered":
        return float(row.get(column) or b"100")
    return float(row[column] or b"1")
