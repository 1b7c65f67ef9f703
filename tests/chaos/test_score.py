"""The score: its landmarks, and that nothing better ever costs points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chaos.score import (
    DETECTION,
    EXIT_CODES,
    IMPACT,
    RECOVERY,
    Outcome,
    Part,
    detection_points,
    impact_points,
    recovery_points,
    total,
)

budgets = some.floats(1e-6, 0.5)
shares = some.floats(0.0, 1.0)
seconds = some.floats(0.0, 1e6)
lateness = some.none() | seconds


def points_of(share: float, budget: float) -> float:
    return impact_points(share / budget, budget)


@given(budgets, shares, shares)
def test_less_impact_never_costs_points(budget: float, one: float, other: float) -> None:
    assert points_of(min(one, other), budget) >= points_of(max(one, other), budget)


@given(some.lists(lateness, max_size=5), some.integers(0, 4), seconds, some.booleans())
def test_a_faster_alert_never_costs_points(late: list[float | None], which: int, gain: float, alarm: bool) -> None:
    faster = list(late)
    if which < len(late):
        before = late[which]
        faster[which] = gain if before is None else max(0.0, before - gain)
    assert detection_points(faster, false_alarm=alarm) >= detection_points(late, false_alarm=alarm)


@given(some.lists(lateness, max_size=5))
def test_a_false_alarm_never_brings_points(late: list[float | None]) -> None:
    assert detection_points(late, false_alarm=True) <= detection_points(late, false_alarm=False)


@given(seconds, seconds, some.floats(0.1, 60))
def test_a_faster_recovery_never_costs_points(one: float, other: float, resolution: float) -> None:
    assert recovery_points(min(one, other), resolution) >= recovery_points(max(one, other), resolution)
    assert recovery_points(max(one, other), resolution) >= recovery_points(None, resolution)


@given(budgets, shares, some.lists(lateness, max_size=3), some.booleans(), lateness)
def test_the_score_lies_between_0_and_100(
    budget: float, share: float, late: list[float | None], alarm: bool, recovery: float | None
) -> None:
    points = (points_of(share, budget), detection_points(late, false_alarm=alarm), recovery_points(recovery, 1.0))
    parts = [
        Part(name, found, of, ()) for name, found, of in zip("idr", points, (IMPACT, DETECTION, RECOVERY), strict=True)
    ]
    assert all(0 <= part.points <= part.of for part in parts)
    assert 0 <= total(parts) <= 100


@pytest.mark.parametrize(("share", "points"), [(0.0, 50.0), (0.01, 50.0), (0.1, 25.0), (1.0, 0.0)])
def test_the_impact_costs_nothing_within_the_budget_and_everything_in_an_outage(share: float, points: float) -> None:
    assert points_of(share, 0.01) == pytest.approx(points)


@pytest.mark.parametrize(
    ("late", "alarm", "points"),
    [
        ([], False, 25.0),
        ([0.0], False, 25.0),
        ([30.0], False, 12.5),
        ([60.0], False, 6.25),
        ([None], False, 0.0),
        ([0.0, None], False, 12.5),
        ([], True, 12.5),
        ([30.0], True, 6.25),
    ],
)
def test_an_alert_is_worth_half_for_every_half_minute_it_is_late(
    late: list[float | None], alarm: bool, points: float
) -> None:
    assert detection_points(late, false_alarm=alarm) == pytest.approx(points)


@pytest.mark.parametrize(("took", "points"), [(0.0, 25.0), (1.0, 25.0), (31.0, 12.5), (61.0, 6.25), (None, 0.0)])
def test_a_recovery_is_worth_half_for_every_half_minute_beyond_one_scrape(took: float | None, points: float) -> None:
    assert recovery_points(took, 1.0) == pytest.approx(points)


def test_every_outcome_has_an_exit_code() -> None:
    assert EXIT_CODES.keys() == set(Outcome)
    assert [EXIT_CODES[outcome] for outcome in ("resilient", "weakness", "could_not_run", "stopped")] == [0, 1, 2, 3]
