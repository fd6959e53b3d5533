"""Every regular expression of the program takes time in proportion to its text, whatever the text; none is left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest

from graphql_app.csv_io.cells import BadCell, split
from graphql_app.csv_io.detect import _records
from graphql_app.csv_io.dialect import CsvDialect, record_pattern
from graphql_app.csv_io.fast_path import FastPathRows
from graphql_app.csv_io.record_end import RecordEnd
from graphql_app.engine.mysql.row_text import form_called
from schema_gen.catalog.model import Column, ColumnType
from schema_gen.types.temporal import _TIME_OF_DAY, _time_of_day
from tests.harness.patterns import Pattern, Place, places, searched, seconds, slow_text, sources, tried

COUNT = 5
"""Kinds of growing texts for each pattern."""

NO_CLIENT = (
    "graphql_app.cli.",
    "graphql_app.server.",
    "graphql_app.embedded.",
    "graphql_app.engine.compile.json_cell._IN_QUOTES",  # SQL of our own
    "graphql_app.engine.sql.dialects.",  # the server's version
    "graphql_app.observability.log_kinds._kind()",
    "graphql_app.config.",
    "graphql_app.middleware.tracing._EVENT_NAMES",
    "schema_gen.catalog.build.",
    "schema_gen.catalog.introspect.",
    "schema_gen.strawberry_core.converter.",
    "schema_gen.catalog.column_type.",
    "schema_gen.catalog.relations.",
    "schema_gen.names.identifiers.",
)
"""Of the structure of the database, of settings, of logs: texts that no client of the API sends."""

MESSAGES = "graphql_app.engine.mysql.server_codes."
"""Of the database's messages, which have 512 bytes at most (MYSQL_ERRMSG_SIZE), a client's value among them."""
MESSAGE_BYTES = 512


def column(base: str, **parts: object) -> Column:
    """A column."""
    return Column("c", ColumnType(base, **parts), True, 1)  # type: ignore[arg-type]


COLUMNS: list[Column | None] = [
    column("varchar", length=9),
    column("text"),
    None,
    column("int"),
    column("decimal", precision=9, scale=2),
    column("double"),
    column("datetime", precision=3),
    column("time", precision=0),
    column("enum", members=("a", "ab")),
    column("set", members=("a", "ab", "b")),
    column("date"),
]
QUICK = FastPathRows(COLUMNS, lambda _record, _line: None, b"\n", CsvDialect(), common=True)
Use = Callable[[str], object]


def quick_rows(text: str) -> None:
    """All patterns of a file's rows, as they are used: on whole lines."""
    QUICK.rows(text.encode() + b"\n", 2)


def split_record(text: str) -> None:
    """A record taken apart, or refused."""
    with suppress(BadCell):
        split(text.encode())


RECORD = re.compile(record_pattern(","))
MADE: dict[str, list[tuple[Pattern, Use]]] = {
    "graphql_app.csv_io.cells._patterns()": [(RECORD, split_record)],
    "graphql_app.csv_io.detect._names()": [(RECORD, tried(RECORD, anywhere=False))],
    "graphql_app.csv_io.detect._records()": [(RECORD, lambda text: list(_records(text.encode(), ",")))],
    "graphql_app.csv_io.fast_path.__init__()": [(QUICK._common, quick_rows), (QUICK._any, quick_rows)],
    "graphql_app.csv_io.record_end.__init__()": [(RECORD, lambda text: RecordEnd(",").find(text.encode()))],
    "schema_gen.types.temporal._time_of_day()": [(_TIME_OF_DAY, _time_of_day)],
    "graphql_app.engine.mysql.row_text.form_called()": [
        (form.pattern, tried(form.pattern, anywhere=True))
        for name in ("row", "grouped", "row2", "grouped1")
        if (form := form_called(name)) is not None
    ],
}
"""Made within functions, and how they are used."""

_SEARCHED = searched()
PLACES = [place for place in places() if not str(place).startswith(NO_CLIENT)]


def uses(place: Place) -> list[tuple[Pattern, Use]]:
    """The patterns made there, and how they are used."""
    if place.name.endswith("()"):
        return MADE[str(place)]
    return [(each, tried(each, anywhere=place.name in _SEARCHED)) for each in place.patterns()]


def test_every_pattern_is_known() -> None:
    """One made at a module's top is found by itself; one made within a function stands in a table above."""
    assert {str(place) for place in PLACES if place.name.endswith("()")} == MADE.keys()
    assert len(PLACES) > 40
    assert not [path for path in sources() if "from re import" in path.read_text()]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_pattern_is_linear(place: Place) -> None:
    longest = MESSAGE_BYTES if str(place).startswith(MESSAGES) else 8000
    for pattern, use in uses(place):
        found = slow_text(pattern, use, COUNT, longest)
        assert found is None, f"{place} takes too long for {found}"


STEP = 1e-9
"""Seconds that a step of a search takes, where steps are counted rather than timed."""


def exponential_steps(text: str) -> float:
    """Those of `(?:a+)+b` for the text: each way to part the letters is tried."""
    behind = text.lstrip("a")
    return 1 if behind.startswith("b") else 2.0 ** min(len(text) - len(behind), 100)


def quadratic_steps(text: str) -> float:
    """Those of `a+b` looked for anywhere: from each letter of a run without an end the rest of it is read."""
    return sum(len(run) ** 2 / 2 for run in re.findall("a+(?!a|b)", text)) + len(text)


@pytest.mark.parametrize(
    ("pattern", "steps", "slow"),
    [
        ("(?:a+)+b", exponential_steps, True),
        ("a+b", quadratic_steps, True),
        ("a+b", len, False),
    ],
)
def test_what_grows_too_fast_is_found(pattern: str, steps: Callable[[str], float], slow: bool) -> None:
    """Shown by counting, so that it is the same on any machine."""
    found = slow_text(re.compile(pattern), steps, COUNT, cost=lambda _, text: steps(text) * STEP)
    assert (found is not None) is slow


def test_an_exponential_pattern_is_found_by_the_clock() -> None:
    """A busy machine makes it no faster. One that doubles with each letter would take minutes at a text's next size."""
    pattern = re.compile("(?:a{2,})+b")
    assert slow_text(pattern, tried(pattern, anywhere=False), COUNT) is not None


def test_repetition_within_repetition_is_seen() -> None:
    use = tried(re.compile("(?:a+)+b"), anywhere=False)
    assert seconds(use, "a" * 21) > 8 * seconds(use, "a" * 15)


def test_groups_that_older_pythons_get_wrong_are_proven() -> None:
    """Python before 3.11.5 loses its place in possessive and atomic groups; these are tried in test_possessive."""
    possessive = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,%bd]*\})\+|\(\?>")
    found = {path.stem for path in sources() if "re." in (text := path.read_text()) and possessive.search(text)}
    # That of `negotiation` is of the same make: each way through it fails at its first character.
    assert found == {"dialect", "cell_patterns", "limits", "negotiation"}
