"""What a client can ask and the server refuses for its own limits: a clear refusal, never an internal error."""

from __future__ import annotations

import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

TABLES = """
CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, parent_id INT, name VARCHAR(20) DEFAULT 'none',
  CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES t (id));
INSERT INTO t (id) VALUES (1);
CREATE VIEW v AS SELECT id, name FROM t;
"""


@pytest.mark.engines("mariadb", "mysql")  # the embedded engine's views are read only
async def test_a_row_of_defaults_for_a_view(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(TABLES, database)
    async with open_app(engine.environment(database)) as client:
        answer = await client.post("/api/v", json={"input": {}})
        assert answer.status_code == 200, answer.text
        asked = "mutation { insert_v(objects: [{}]) { affected_rows } }"
        assert (await client.post("/graphql", json={"query": asked})).json() == {
            "data": {"insert_v": {"affected_rows": 1}}
        }
    assert engine.execute("SELECT COUNT(*) FROM t WHERE name = 'none'", database) == ((3,),)


@pytest.mark.parametrize("levels", [70, 90])
async def test_more_joins_or_levels_than_the_server_takes(
    open_app: OpenApp, engine: Engine, database: str, levels: int
) -> None:
    joined = "id"
    where = "{id: {_eq: 1}}"
    for _ in range(levels):
        joined, where = f"parent {{ {joined} }}", f"{{parent: {where}}}"
    engine.execute(TABLES, database)
    settings = engine.environment(database) | {"MAX_DEPTH": "500", "MAX_COST": "100000000"}
    async with open_app(settings) as client:
        for asked in (f"{{ t {{ {joined} }} }}", f"{{ t(where: {where}) {{ id }} }}"):
            answer = (await client.post("/graphql", json={"query": asked})).json()
            for error in answer.get("errors", ()):
                assert error["extensions"]["reason"] in ("LIMIT_EXCEEDED", "GRAPHQL_PARSE_FAILED"), error
