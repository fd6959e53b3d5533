"""Export then import gives an equal table: every column type with its extremes, and any texts, on every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.introspect import introspect
from schema_gen.types.column_types import encode
from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.harness.raw_session import raw_session
from tests.harness.type_cases import CASES

pytestmark = pytest.mark.anyio

COLUMNS = """
 (id INT PRIMARY KEY, whole INT, big BIGINT UNSIGNED, exact DECIMAL(20,6), approximate DOUBLE, short FLOAT,
 name VARCHAR(60), body TEXT NOT NULL, data VARBINARY(60), day DATE, moment DATETIME(6), span TIME(3), truth TINYINT(1),
 doc JSON, color ENUM('red','it''s','a,b'), tags SET('x','y','z'), computed INT AS (whole))
"""


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on two tables of the same columns, `every` and `mixed` with a copy each."""
    cases = [case for case in CASES if engine.name not in case.not_on]
    columns = ", ".join(f"c{index} {case.declared}" for index, case in enumerate(cases))
    for name in ("every", "every_copy"):
        engine.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY, {columns})", module_database)
    for name in ("mixed", "mixed_copy"):
        engine.execute(f"CREATE TABLE {name} {COLUMNS}", module_database)
    with raw_session(engine, module_database) as session:
        table = build_catalog(await introspect(session.fetch, module_database)).tables["every"]
        row = 0
        for index, case in enumerate(cases):
            column = table.columns[f"c{index}"]
            for value, _ in case.values:
                head = f"INSERT INTO every (id, c{index}) VALUES ({row}, ".encode()
                session.rows(head + encode(value, column) + b")")
                row += 1
    async with open_app(engine.environment(module_database)) as found:
        yield found


async def copied(client: httpx.AsyncClient, table: str) -> dict[str, Any]:
    """Exports `table` and imports the file into its copy; what the import says."""
    exported = await client.get(f"/api/{table}/export?order=id")
    assert exported.status_code == 200, exported.text
    response = await client.post("/api/batch/import", files={"file": (f"{table}_copy.csv", exported.content)})
    assert response.status_code == 200, response.text
    again = await client.get(f"/api/{table}_copy/export?order=id")
    assert again.content == exported.content
    data: dict[str, Any] = response.json()["data"]
    return data


async def test_every_column_type(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    """The database finds no difference either, bytes for bytes."""
    data = await copied(client, "every")
    count = engine.execute("SELECT COUNT(*) FROM every", module_database)[0][0]
    assert (data["rows_imported"], data["rows_failed"]) == (count, 0)
    columns = engine.execute("SHOW COLUMNS FROM every", module_database)
    # The embedded engine shows no bytes of these; their texts are compared by `copied`.
    hidden = ("geom", "point", "line", "poly", "multi", "vector") if engine.name == "embedded" else ("-",)
    names = [row[0] for row in columns if not row[1].lower().startswith(hidden)]
    for name in names:
        query = f"SELECT COUNT(*) FROM every a JOIN every_copy b ON b.id=a.id AND NOT (HEX(a.{name}) <=> HEX(b.{name}))"
        assert engine.execute(query, module_database) == ((0,),), name


TEXT = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["", '"', '""', ",", "\r\n", "\\", "\0", "NULL"]
)
ROW = st.fixed_dictionaries(
    {
        "whole": st.none() | st.integers(-(2**31), 2**31 - 1),
        "big": st.none() | st.integers(0, 2**64 - 1),
        "exact": st.none() | st.decimals(-(10**13), 10**13, places=6),
        "approximate": st.none() | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number or 0.0),
        "short": st.none() | st.floats(-(2.0**80), 2.0**80, width=32).map(lambda number: number or 0.0),
        "name": st.none() | TEXT,
        "body": TEXT,
        "data": st.none() | st.binary(max_size=60),
        "day": st.none() | st.dates(date(1000, 1, 1)),
        "moment": st.none() | st.datetimes(datetime(1000, 1, 1)),
        "span": st.none() | st.integers(-3_000_000, 3_000_000).map(lambda number: timedelta(seconds=number)),
        "truth": st.none() | st.integers(-128, 127),
        "doc": st.none() | st.sampled_from(['{"a": [1, "é\\"\\\\"]}', "null", '""', "12"]),
        "color": st.none() | st.sampled_from(["red", "it's", "a,b"]),
        "tags": st.none() | st.sampled_from(["", "x", "x,z"]),
    }
)


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.lists(ROW, min_size=1, max_size=8))
async def test_any_rows(
    client: httpx.AsyncClient, engine: Engine, module_database: str, rows: list[dict[str, Any]]
) -> None:
    with engine.connect(module_database) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM mixed; DELETE FROM mixed_copy")
        for number, row in enumerate(rows):
            names, marks = ",".join(row), ",".join(["%s"] * len(row))
            cursor.execute(f"INSERT INTO mixed (id,{names}) VALUES (%s,{marks})", (number, *row.values()))
    assert (await copied(client, "mixed"))["rows_imported"] == len(rows)
    assert engine.execute("SELECT * FROM mixed ORDER BY id", module_database) == engine.execute(
        "SELECT * FROM mixed_copy ORDER BY id", module_database
    )
