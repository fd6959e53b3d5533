"""Patterns of SIMILAR TO become expressions that can be compiled, in linear time, or are refused in words."""

from __future__ import annotations

import re
from random import Random

import pytest

from graphql_app.engine.sql.similar import MOST_CHARACTERS, regular_expression
from tests.hostile.watchdog import watchdog


def translation(pattern: str) -> str:
    """The expression, or why there is none."""
    try:
        return regular_expression(pattern)
    except ValueError as error:
        return str(error)


def test_any_text_is_translated_or_refused() -> None:
    draw = Random(7)
    translated = 0
    for _ in range(20_000):
        pattern = "".join(draw.choice("ab%_|*+?{}()[]^-\\:,.1 2é\n$&#") for _ in range(draw.randrange(12)))
        with watchdog():
            made = translation(pattern)
        if made.startswith("expected"):
            assert made.startswith("expected a pattern of SIMILAR TO with ")
            continue
        translated += 1
        if "[:" not in made:
            re.compile(made.replace("\\z", "\\Z"))
    assert translated > 2_000


@pytest.mark.parametrize("part", ["a", "%", "(", "()", "(a|", "[a]", "[", "a{2}", "\\", "[[:alpha:]]", "é"])
def test_long_patterns(part: str) -> None:
    for times in (1_000, 1_000_000):
        with watchdog():
            assert translation(part * times)


def test_the_longest() -> None:
    assert regular_expression("a" * MOST_CHARACTERS)
    with pytest.raises(ValueError, match="at most 2000 characters"):
        regular_expression("a" * (MOST_CHARACTERS + 1))
