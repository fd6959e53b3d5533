"""What the database is asked, by its own record: a value changes no statement's form, and makes none of its own."""

from __future__ import annotations

import pytest

from tests.fix_app import StartApp
from tests.harness.engine import Engine
from tests.hostile.corpus import PLACES, VALUES, Hostile
from tests.hostile.wire import Sent, answers

HARMLESS: tuple[object, ...] = (
    "x",
    "1",
    "id",
    "name",
    "users",
    "id.desc",
    "eq.1",
    "(id.eq.1)",
    "users.csv",
    "a'b",
    "*",
    "__typename",
    "",
)
"""Values of which each place takes one at least, and so makes the statements that it can make."""
FORMS = "SELECT DISTINCT DIGEST_TEXT FROM performance_schema.events_statements_summary_by_digest WHERE SCHEMA_NAME = %s"


def forms(engine: Engine, database: str) -> set[str]:
    """Every form of statement that was executed in a database so far, literals taken out."""
    return {str(text) for (text,) in engine.select(FORMS, values=(database,)).rows}


def requests(values: tuple[object, ...]) -> list[Sent]:
    """Each value in each place."""
    made = [Hostile(f"{place} {value!r:.40}", *make(value)) for place, make in PLACES.items() for value in values]
    return [Sent(each.name, each.wire) for each in made]


@pytest.mark.engines("mysql")
async def test_hostile_values_make_no_statement_of_their_own(
    start_app: StartApp, engine: Engine, own_shop: str
) -> None:
    """The forms after the corpus are those after harmless values."""
    # The record has room for a bounded number of forms; other tests have left theirs.
    engine.execute("TRUNCATE TABLE performance_schema.events_statements_summary_by_digest")
    app = start_app(engine.environment(own_shop))
    # Twice, for a key of idempotency that comes again is looked up.
    await answers(app.port, requests(HARMLESS * 2))
    expected = forms(engine, own_shop)
    assert len(expected) > 10
    found = await answers(app.port, requests(VALUES))
    assert not found.wrong
    new = forms(engine, own_shop) - expected
    assert not new, "\n".join(sorted(new))
    # Another form would have been seen.
    app.client.post("/graphql", json={"query": "{users(order_by:{age:asc_nulls_last}){age}}"}).raise_for_status()
    assert len(forms(engine, own_shop) - expected) == 1
