"""Geometries of a column without an SRID of its own: each keeps the reference system that it has."""

from __future__ import annotations

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb", "mysql")]

RING = "((0 0,4 0,4 4,0 0))"
SHAPES = (
    *("POINT(1 2)", "LINESTRING(0 0,1 2)", f"POLYGON{RING}", f"POLYGON({RING[1:-1]},(1 1,2 1,2 2,1 1))"),
    *("MULTIPOINT(1 2,3 4)", "MULTILINESTRING((0 0,1 1),(2 2,3 4))", f"MULTIPOLYGON(({RING[1:-1]}))"),
    "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 2))",
)


async def test_export_and_import(open_app: OpenApp, engine: Engine, database: str) -> None:
    """Every kind of geometry, in three reference systems; through JSON too."""
    rows = [f"(ST_GeomFromText('{shape}',{srid}))" for shape in SHAPES for srid in (0, 4326, 3857)]
    engine.execute(
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, g GEOMETRY NOT NULL);"
        f"INSERT INTO t (g) VALUES {', '.join(rows)}",
        database,
    )
    stored = "SELECT id, HEX(g) FROM t ORDER BY id"
    before = engine.execute(stored, database)
    async with open_app(engine.environment(database)) as http:
        exported = (await http.get("/api/t/export")).content
        shown = (await http.get("/api/t/query?order=id")).json()["data"]
        engine.execute("DELETE FROM t", database)
        answer = await http.post("/api/batch/import", files={"file": ("t.csv", exported)})
        assert answer.json()["data"]["rows_imported"] == len(rows), answer.text
        assert engine.execute(stored, database) == before
        engine.execute("DELETE FROM t", database)
        assert (await http.post("/api/t", json={"input": shown})).status_code == 200
        assert engine.execute(stored, database) == before
        client = GraphQLClient(http)
        assert (await client.data("{ t_by_pk(id: 2) { g } }"))["t_by_pk"]["g"]["crs"] == {
            "type": "name",
            "properties": {"name": "urn:ogc:def:crs:EPSG::4326"},
        }
        geometry = {"type": "Point", "coordinates": [1, 2], "crs": {"type": "link"}}
        refused = await http.post("/api/t", json={"input": {"g": geometry}})
        assert (refused.status_code, refused.json()["details"]["code"]) == (400, "INVALID_VALUE")
