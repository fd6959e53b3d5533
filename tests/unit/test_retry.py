"""The retry policy as a table."""

from __future__ import annotations

import pytest

from graphql_app.engine.execute.retry import GiveUp, Kind, Schedule, Wait, decide
from graphql_app.engine.mysql.failure_class import FailureClass

A, B, B_PRIME, C, D = FailureClass
FINAL = {(Kind.READ, D), (Kind.CONTROL, D), (Kind.WRITE, C), (Kind.WRITE, D)}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("failure", list(FailureClass))
def test_what_follows_each_failure(kind: Kind, failure: FailureClass) -> None:
    decisions = [decide(Schedule(), failure, attempt, kind) for attempt in range(4)]
    if (kind, failure) in FINAL:
        assert decisions == [GiveUp()] * 4
    else:
        assert decisions == [Wait(0.4), Wait(0.8), Wait(1.6), GiveUp()]


def test_the_schedule_of_the_contract() -> None:
    schedule = Schedule()
    assert schedule.timeouts == (0.2, 0.4, 0.8, 1.6)
    assert sum(schedule.timeouts) + sum(schedule.delays) == pytest.approx(5.8)


def test_pauses_are_a_little_shorter_by_chance_and_never_longer() -> None:
    pauses = [[Schedule().pause(attempt, chance) for attempt in range(3)] for chance in (0.0, 0.5, 1.0)]
    assert pauses[0] == [0.4, 0.8, 1.6]
    assert pauses[1] == pytest.approx([0.39, 0.78, 1.56])
    assert pauses[2] == pytest.approx([0.38, 0.76, 1.52])
    assert decide(Schedule(), FailureClass.NOT_SENT, 1, Kind.READ, chance=1.0) == Wait(pauses[2][1])


def test_a_single_attempt() -> None:
    assert decide(Schedule((1.0,), ()), FailureClass.NOT_SENT, 0, Kind.READ) == GiveUp()


@pytest.mark.parametrize(
    ("timeouts", "delays"), [((), ()), ((0.1,), (0.1,)), ((0.1, 0.2), ()), ((0.0,), ()), ((1.0, 1.0), (-0.1,))]
)
def test_schedules_that_make_no_sense(timeouts: tuple[float, ...], delays: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="timeout"):
        Schedule(timeouts, delays)
