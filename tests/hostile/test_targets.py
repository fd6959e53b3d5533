"""The targets of `make fuzz` on bytes near to right ones; atheris looks for others, for as long as one lets it."""

from __future__ import annotations

from random import Random

import pytest

from tests.hostile import mutations
from tests.hostile.targets import TARGETS, examples

RUNS = 400


@pytest.mark.parametrize("name", TARGETS)
def test_it_holds(name: str) -> None:
    """For right bytes, and for such with a few mistakes."""
    given = examples(name)
    for each in given:
        TARGETS[name](each)
    for number in range(RUNS):
        draw = Random(number)
        TARGETS[name](mutations.raw(draw.choice(given), draw))


def test_it_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that lets through what is nested too deeply is found."""
    monkeypatch.setattr("graphql_app.http.request_body.check_depth", lambda *_: None)
    with pytest.raises(AssertionError):
        TARGETS["json_gate"](b"[" * 30 + b"]" * 30)
