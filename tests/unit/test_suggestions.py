"""The name that was probably meant: found whatever its case, not where nothing is alike, and cheaply in every case."""

from __future__ import annotations

import time

import pytest

from graphql_app.runtime.suggestions import LONGEST, hint, nearest

COLUMNS = ("id", "name", "email", "placed_at", "total")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("nmae", "name"),
        ("Name", "name"),
        ("e-mail", "email"),
        ("placedAt", "placed_at"),
        ("totals", "total"),
        ("colour", None),
        ("", None),
        ("é", None),
        ("name" * 1000, None),
    ],
)
def test_the_nearest_name(given: str, meant: str | None) -> None:
    assert nearest(given, COLUMNS) == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("t0502c_1", "t0502_c1"),
        ("t0502_c1x", "t0502_c1"),
        ("t05o2_c1", "t0502_c1"),
        ("T0502c1", "t0502_c1"),
        ("x0502_c1", "t0502_c1"),
        ("t0502_C1", "t0502_c1"),
    ],
)
def test_a_single_slip_is_found_among_many_names(given: str, meant: str) -> None:
    """However many names are as long."""
    known = [f"t{number:04}_c{column}" for number in range(2000) for column in range(0, 9, 7)] + ["t0502_c1"]
    assert nearest(given, known) == meant


def test_a_hint_follows_a_message() -> None:
    assert hint("nmae", COLUMNS) == "; did you mean 'name'?"
    assert hint("colour", COLUMNS) == ""


@pytest.mark.parametrize(
    "known",
    [
        [f"column_{number:05}" for number in range(20_000)],
        ["a" * 32 + f"{number:032}" for number in range(20_000)],
        ["ab" * 32] * 20_000,
        [f"{number:064b}" for number in range(20_000)],
    ],
)
def test_its_cost_is_bounded(known: list[str]) -> None:
    """However many names there are, however alike: 20,000 of them are not all compared."""
    started = time.process_time()
    for given in ("column_0x17", "a" * LONGEST, "ba" * 32, "01" * 32):
        nearest(given, known)
    assert time.process_time() - started < 1.0
