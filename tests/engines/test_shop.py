"""The sample database loads whole on every engine."""

from __future__ import annotations

from collections import Counter

from graphql_app.embedded.sample_data import rows
from graphql_app.embedded.sample_schema import TABLES, VIEWS
from tests.harness.engine import Engine


def test_the_sample_data_are_whole_on_every_engine(engine: Engine, shop_database: str) -> None:
    """Each table holds as many rows as were made for it, and each view gives some."""
    made: Counter[str] = Counter()
    for table, _, found in rows():
        made[table] += len(found)
    assert set(made) == set(TABLES)
    counted = {name: engine.execute(f"SELECT COUNT(*) FROM {name}", shop_database)[0][0] for name in (*TABLES, *VIEWS)}
    assert {name: counted[name] for name in TABLES} == made
    assert all(counted[name] for name in VIEWS)
