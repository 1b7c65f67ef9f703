"""NAB's score: what the paper says of it, and that it never rewards being late or loud."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.nab.corpus import Series
from bench.nab.scoring import best_threshold, outcome, probation, rows, sigmoid

START = datetime(2014, 4, 1)  # noqa: DTZ001 - the times in NAB have no zone


def series(windows: tuple[tuple[int, int], ...], length: int = 100) -> Series:
    times = tuple(START + timedelta(minutes=5 * row) for row in range(length))
    return Series("some/file.csv", times, (0.0,) * length, windows)


def points(one: Series, detected: set[int]) -> float:
    scores = [1.0 if row in detected else 0.0 for row in range(len(one.values))]
    return outcome(rows(one, scores), 0.5).points


@st.composite
def files(draw: st.DrawFn) -> Series:
    edges = sorted(draw(st.sets(st.integers(15, 99), max_size=8)))
    return series(tuple(zip(edges[::2], edges[1::2], strict=False)))


DETECTIONS = st.sets(st.integers(0, 99))


def test_the_weights_of_the_paper() -> None:
    assert sigmoid(-1) == pytest.approx(2 / (1 + exp(-5)) - 1)
    assert sigmoid(0) == 0
    assert sigmoid(3.01) == -1
    assert (probation(4032), probation(10000)) == (604, 750)


def test_one_window_by_hand() -> None:
    one = series(((50, 59),))
    assert points(one, {50}) == pytest.approx(1)
    assert points(one, {55, 58}) == pytest.approx(sigmoid(-0.5) / sigmoid(-1))
    assert points(one, set()) == -1
    assert points(one, {3}) == -1, "probation"
    assert points(one, {20}) == pytest.approx(-1.11)
    assert points(one, {68}) == pytest.approx(-1 + 0.11 * sigmoid(1))
    found = outcome(rows(one, [float(row in {55, 58, 68}) for row in range(100)]), 0.5)
    assert (found.detected, found.missed, found.false_positives) == (1, 0, 1)


def test_without_windows_there_is_no_score_to_normalise() -> None:
    assert outcome(rows(series(()), [1.0] * 100), 0.5).score == 0


@given(files())
def test_perfect_scores_100_and_null_0(one: Series) -> None:
    perfect = outcome(rows(one, [float(any(row == left for left, _ in one.windows)) for row in range(100)]), 0.5)
    null = outcome(rows(one, [0.0] * 100), 0.5)
    if one.windows:
        assert perfect.score == pytest.approx(100)
        assert null.score == pytest.approx(0)
    assert perfect.missed == perfect.false_positives == 0
    assert null.missed == len(one.windows)


@given(files(), DETECTIONS, DETECTIONS)
def test_more_false_positives_never_raise_the_score(one: Series, detected: set[int], more: set[int]) -> None:
    outside = {row for row in more if not any(left <= row <= right for left, right in one.windows)}
    assert points(one, detected | outside) <= points(one, detected) + 1e-9


@given(files(), DETECTIONS, st.data())
def test_an_earlier_detection_never_lowers_the_score(one: Series, detected: set[int], data: st.DataObject) -> None:
    for left, right in one.windows:
        earlier = detected | {data.draw(st.integers(left, right))}
        assert points(one, earlier) >= points(one, detected) - 1e-9
        first = min(row for row in earlier if left <= row <= right)
        if first > left:
            assert points(one, (earlier - {first}) | {first - 1}) >= points(one, earlier) - 1e-9


@given(files(), st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=100, max_size=100))
def test_no_threshold_is_better_than_the_best(one: Series, scores: list[float]) -> None:
    counted = rows(one, scores)
    best = outcome(counted, best_threshold(counted)).points
    assert best >= max(outcome(counted, threshold).points for threshold in (0, 0.25, 0.5, 0.75, 1, inf)) - 1e-9
