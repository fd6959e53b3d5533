"""The sample database's text: the same everywhere, quick to make, and with the rows that the first steps need."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time

from graphql_app.embedded.sample import statements
from graphql_app.embedded.sample_data import Dice, rows
from graphql_app.embedded.sample_schema import TABLES, VIEWS
from graphql_app.embedded.sample_types import TYPE_SAMPLES

DIGEST = """
import hashlib
from graphql_app.embedded.sample import statements
print(hashlib.sha256("".join(statements()).encode()).hexdigest())
"""


def test_the_text_is_the_same_in_every_process() -> None:
    """Whatever the seed of the hashes."""
    here = hashlib.sha256("".join(statements()).encode()).hexdigest()
    for seed in ("0", "1"):
        command = [sys.executable, "-c", DIGEST]
        done = subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == here


def test_the_dice_give_known_numbers() -> None:
    """The same on every Python version: a change would change everybody's sample."""
    dice = Dice(20251229)
    assert [dice.below(1000) for _ in range(6)] == [771, 798, 920, 663, 487, 639]
    assert dice.some("abcdef", 3) == ["b", "e", "f"]


def test_it_is_made_in_no_time() -> None:
    """What takes time is the database."""
    started = time.process_time()
    assert sum(len(statement) for statement in statements()) > 200_000
    assert time.process_time() - started < 1


def test_every_table_gets_rows_for_columns_it_has() -> None:
    """In the order in which foreign keys allow them."""
    made: dict[str, int] = {}
    for table, columns, table_rows in rows():
        assert all(f"{column} " in TABLES[table] for column in columns)
        assert all(len(row) == len(columns) for row in table_rows)
        made[table] = made.get(table, 0) + len(table_rows)
    assert list(made) == list(TABLES)
    assert all(made.values())
    assert 3000 < sum(made.values()) < 10_000


def test_a_second_load_drops_what_the_first_left() -> None:
    """Each table and view, before any is made."""
    text = list(statements())
    dropped = [statement.split()[-1] for statement in text if statement.startswith("DROP")]
    assert dropped == [*VIEWS, *reversed(TABLES)]
    assert max(map(text.index, [s for s in text if s.startswith("DROP")])) < text.index(TABLES["users"])


def test_the_first_steps_meet_the_rows_they_need() -> None:
    """Inserting John clashes with nobody; there is a first row to change and delete, and someone of thirty."""
    _, _, users = next(rows())
    assert "john@example.com" not in {email for _, email, _ in users}
    assert "newemail@example.com" not in {email for _, email, _ in users}
    assert 30 in {age for _, _, age in users}


def test_the_type_samples_leave_no_column_out() -> None:
    """Every column that is not generated has a value in some row."""
    filled = {column for columns, _ in TYPE_SAMPLES for column in columns}
    declared = {
        part.split()[0]
        for line in TABLES["type_samples"].splitlines()[1:-1]
        for part in line.strip().split(", ")
        if part.split()[0].startswith(("a_", "an_", "some_", "many_", "label")) and " AS (" not in part
    }
    assert len(declared) > 40
    assert declared <= filled | {"a_virtual"}
