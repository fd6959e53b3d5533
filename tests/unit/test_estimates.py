"""What servers say of their plans, read: rows given and rows read, in each form."""

from __future__ import annotations

import orjson
import pytest

from graphql_app.engine.assemble.estimates import Expected, expected
from graphql_app.engine.mysql.dial import Result

STEPS = ("id", "select_type", "table", "rows", "filtered")


def steps(*rows: tuple[object, ...]) -> Result:
    """A plan as MySQL and MariaDB tell it."""
    return Result([tuple(None if cell is None else str(cell).encode() for cell in row) for row in rows], columns=STEPS)


@pytest.mark.parametrize(
    ("rows", "given", "read"),
    [
        ([(1, "SIMPLE", "t", 900, 100)], 900, 900),
        ([(1, "SIMPLE", "t", 900, 10.5)], 94.5, 900),
        ([(1, "SIMPLE", "t", 900, None)], 900, 900),
        ([(1, "SIMPLE", None, None, None)], 0, 0),
        # A related row that is looked for in each, one that leaves out half, and many that are found in each.
        ([(1, "PRIMARY", "t", 900, 100), (1, "PRIMARY", "b", 1, 50)], 450, 900),
        ([(1, "PRIMARY", "t", 900, 100), (1, "PRIMARY", "b", 20, 100)], 900, 18_000),
        # Related rows come first, and lead to these.
        ([(1, "PRIMARY", "b", 20, 100), (1, "PRIMARY", "t", 3, 100)], 60, 60),
        ([(1, "PRIMARY", "t", 900, 100), (2, "MATERIALIZED", "b", 50, 100)], 900, 950),
        ([(1, "PRIMARY", "t", 900, 100), (2, "DEPENDENT SUBQUERY", "b", 50, 100)], 900, 45_900),
        # A view is read as what is below it.
        ([(1, "SIMPLE", "below", 70, 10)], 7, 70),
    ],
)
def test_steps(rows: list[tuple[object, ...]], given: float, read: float) -> None:
    assert expected(steps(*rows), "t") == Expected(given, read)


def test_operators_of_oceanbase() -> None:
    scan = {"ID": 1, "OPERATOR": "TABLE FULL SCAN", "NAME": "t", "EST.ROWS": 900, "output": ""}
    plan = {"ID": 0, "OPERATOR": "MERGE SEMI JOIN", "EST.ROWS": 49, "CHILD_1": scan, "CHILD_2": scan | {"ID": 2}}
    lines: list[object] = list(orjson.dumps(plan, option=orjson.OPT_INDENT_2).splitlines())
    assert expected(Result(lines, columns=("Query Plan",)), "t") == Expected(49, 900)


def test_rows_of_tidb() -> None:
    rows: list[object] = [(b"TableReader_7", b"12.00", b"root"), (b"TableFullScan_5", b"900.00", b"cop[tikv]")]
    assert expected(Result(rows, columns=("id", "estRows", "task")), "t") == Expected(12, 900)


@pytest.mark.parametrize("lines", [[b"{"], [b"=====", b"|ID|"], [None], []])
def test_what_is_no_plan_is_refused(lines: list[object]) -> None:
    with pytest.raises((ValueError, LookupError)):
        expected(Result(lines, columns=("Query Plan",)), "t")
