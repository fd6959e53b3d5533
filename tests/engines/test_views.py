"""Views whose columns may be null although the database declares them NOT NULL."""

from __future__ import annotations

import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

TABLES = """CREATE TABLE a (id INT PRIMARY KEY, name VARCHAR(9) NOT NULL);
CREATE TABLE b (id INT PRIMARY KEY, a_id INT NOT NULL, n INT NOT NULL, day DATE NOT NULL, word TEXT NOT NULL);
INSERT INTO a VALUES (1, 'x'), (2, 'y'); INSERT INTO b VALUES (1, 1, 5, '2024-02-29', 'w');
CREATE VIEW v AS SELECT a.id, a.name, b.n, b.day, b.word FROM a LEFT JOIN b ON b.a_id = a.id"""


async def test_an_outer_join(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(TABLES, database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        data = await client.data(
            '{ v(order_by: {id: asc}) { id name n day word } __type(name: "v") { fields { name type { kind } } } }'
        )
        assert data["v"] == [
            {"id": 1, "name": "x", "n": 5, "day": "2024-02-29", "word": "w"},
            {"id": 2, "name": "y", "n": None, "day": None, "word": None},
        ]
        kinds = {each["name"]: each["type"]["kind"] for each in data["__type"]["fields"]}
        assert {kinds[name] for name in ("n", "day", "word")} == {"SCALAR"}
        rest = await http.get("/api/v/query?order=id&id=eq.2")
        assert rest.json()["data"] == [{"id": 2, "name": "y", "n": None, "day": None, "word": None}]
        assert (await http.get("/api/v/export")).text.splitlines()[2] == '2,"y",,,'
