"""The program's own export through pandas (`read_csv`, `to_csv`) and back leaves rows as they were, on every engine.

pandas itself makes no difference between an empty text and NULL, and holds whole numbers beside NULL as doubles.
"""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE kept (id INT PRIMARY KEY, whole INT, big BIGINT, exact DECIMAL(12,3), near DOUBLE, name VARCHAR(20),
 day DATE, moment DATETIME(3), span TIME, truth TINYINT(1), born YEAR, doc JSON, tags SET('x','y'), data VARBINARY(9));
INSERT INTO kept VALUES
 (1, 3, 4000000000, 1.500, 0.25, 'a,"b"\\nc', '2024-02-29', '2024-02-29 13:45:00.120', '01:02:03', 1, 2024,
  '{"a": [1, "x"]}', 'x,y', X'00FF'),
 (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (3, -7, 0, 10.000, 1e30, '12', '1999-12-31', '1999-12-31 00:00:00', '-00:00:01', 0, 1999, '[]', 'y', X'41');
"""


@pytest.fixture
async def client(engine: Engine, database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on a table of three rows."""
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as found:
        yield found


def by_hand(exported: str) -> str:
    """What pandas makes of it: numbers beside NULL become doubles, and quotes stand where they must."""
    rows = list(csv.reader(io.StringIO(exported, newline="")))
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows[1:]:
        writer.writerow([_number(cell) if name in DOUBLES else cell for name, cell in zip(rows[0], row, strict=True)])
    return made.getvalue()


DOUBLES = ("whole", "big", "exact", "near", "truth", "born")


def _number(cell: str) -> str:
    return repr(float(cell)) if cell else ""


def by_truths(exported: str) -> str:
    """The same, of a frame whose column was made one of truths."""
    rows = list(csv.reader(io.StringIO(by_hand(exported), newline="")))
    place = rows[0].index("truth")
    for row in rows[1:]:
        row[place] = {"1.0": "True", "0.0": "False"}.get(row[place], "")
    made = io.StringIO(newline="")
    csv.writer(made, lineterminator="\n").writerows(rows)
    return made.getvalue()


def by_nan(exported: str) -> str:
    """The same, written with `na_rep="nan"`."""
    lines = by_truths(exported).split("\n")
    return "\n".join(line if not line.startswith("2,") else "2" + ",nan" * line.count(",") for line in lines)


def by_pandas(exported: str) -> str:
    """What pandas itself makes of it, where it is there."""
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        pytest.skip("pandas is not installed; what it makes is tried as made by hand")
    text: str = pandas.read_csv(io.StringIO(exported, newline="")).to_csv(index=False)
    return text


@pytest.mark.parametrize("mode", ["upsert", "update", "insert"])
@pytest.mark.parametrize("made", [by_hand, by_truths, by_nan, by_pandas])
async def test_nothing_is_lost(
    client: httpx.AsyncClient, engine: Engine, database: str, made: object, mode: str
) -> None:
    before = engine.execute("SELECT * FROM kept ORDER BY id", database)
    exported = (await client.get("/api/kept/export?order=id")).text
    assert callable(made)
    file = made(exported)
    if mode == "insert":
        engine.execute("DELETE FROM kept", database)
    response = await client.post(f"/api/batch/import?mode={mode}", files={"file": ("kept.csv", file.encode())})
    assert (response.status_code, response.json()["data"]["rows_imported"]) == (200, 3), response.text
    assert engine.execute("SELECT * FROM kept ORDER BY id", database) == before
