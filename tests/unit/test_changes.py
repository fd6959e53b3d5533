"""What changed between two structures, and which of it breaks clients."""

from __future__ import annotations

import pytest

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.diff import changes
from schema_gen.catalog.introspect import ForeignKeyRow
from schema_gen.catalog.model import Catalog
from tests.unit.schema_rows import column_row, index_rows, rows

ID = column_row("int", name="id", nullable=False)


def of(*columns: object, **parts: object) -> Catalog:
    return build_catalog(rows(*columns, **parts))  # type: ignore[arg-type]


def told(old: Catalog, new: Catalog) -> list[str]:
    return [str(change) for change in changes(old, new)]


def test_no_difference() -> None:
    assert told(of(ID), of(ID)) == []


def test_tables() -> None:
    other = column_row("int", table="u")
    assert told(of(ID), of(ID, other)) == ["table added u"]
    assert told(of(ID, other), of(ID)) == ["table removed u (breaking)"]


NAME = {"name": "name", "ordinal": 2}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, column_row("int", **NAME), "column added t.name"),
        (None, column_row("int", nullable=False, **NAME), "required column added t.name (breaking)"),
        (column_row("int", **NAME), None, "column removed t.name (breaking)"),
        (column_row("int", **NAME), column_row("varchar(9)", **NAME), "column type changed t.name (breaking)"),
        (column_row("varchar(5)", **NAME), column_row("varchar(9)", **NAME), "column changed t.name"),
        (
            column_row("int", nullable=False, **NAME),
            column_row("int", **NAME),
            "column made nullable t.name (breaking)",
        ),
        (
            column_row("int", **NAME),
            column_row("int", nullable=False, **NAME),
            "column made required t.name (breaking)",
        ),
        (
            column_row("enum('a','b')", **NAME),
            column_row("enum('a')", **NAME),
            "column values removed t.name (breaking)",
        ),
        (column_row("enum('a')", **NAME), column_row("enum('a','b')", **NAME), "column changed t.name"),
        (
            column_row("int", **NAME),
            column_row("int", extra="VIRTUAL GENERATED", **NAME),
            "column made read only t.name (breaking)",
        ),
    ],
)
def test_columns(old: object, new: object, expected: str) -> None:
    before, after = ([ID, each] if each else [ID] for each in (old, new))
    assert told(of(*before), of(*after)) == [expected]


def test_a_column_that_only_moved_is_no_change() -> None:
    first, second = column_row("int", name="a", ordinal=1), column_row("int", name="b", ordinal=2)
    moved = column_row("int", name="a", ordinal=3)
    assert told(of(first, second), of(second, moved)) == []


def test_keys() -> None:
    primary, unique = index_rows("PRIMARY", "id"), index_rows("u", "id")
    assert told(of(ID), of(ID, indexes=primary)) == ["primary key changed t"]
    assert told(of(ID, indexes=primary), of(ID)) == ["primary key changed t (breaking)"]
    assert told(of(ID), of(ID, indexes=unique)) == ["unique key added t.u"]
    assert told(of(ID, indexes=unique), of(ID)) == ["unique key removed t.u (breaking)"]


def test_relations_and_what_breaks_first() -> None:
    far = column_row("int", table="u", name="t_id")
    key = ForeignKeyRow("u", "fk", "t_id", 1, "db", "t", "id")
    both = of(ID, far, foreign_keys=(key,))
    assert told(of(ID, far), both) == ["relation added t.u", "relation added u.t"]
    extra = column_row("int", name="extra", ordinal=2)
    assert told(both, of(ID, extra, far)) == [
        "relation removed t.u (breaking)",
        "relation removed u.t (breaking)",
        "column added t.extra",
    ]
