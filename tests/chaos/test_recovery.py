"""Recovery: the end of the last window that was proven bad, once good ones confirm it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chaos.recovery import GOOD_WINDOWS, Recovery, recovery_deadline, recovery_of
from chaos.windows import Window

BUDGET = 0.005
WITHDRAWN = 1000.4


def seconds_after(*bad: float, requests: float = 50.0, first: float = 1000.0) -> list[Window]:
    """Windows of a second each, with so many bad requests; the withdrawal lies within the first."""
    return [Window(first + n, first + n + 1.0, requests, count) for n, count in enumerate(bad)]


def test_a_service_that_is_good_at_once_recovers_in_no_time() -> None:
    recovery = recovery_of(seconds_after(30, 0, 0, 0, 0, 0), BUDGET, WITHDRAWN, 1.0)
    assert recovery == Recovery(seconds=0.0, confirmed_at=1006.0)


def test_the_last_bad_window_ends_the_damage() -> None:
    recovery = recovery_of(seconds_after(30, 30, 0, 0, 9, 0, 0, 0, 0, 0, 0), BUDGET, WITHDRAWN, 1.0)
    assert recovery
    assert recovery.seconds == pytest.approx(1005.0 - WITHDRAWN)
    assert recovery.confirmed_at == 1010.0


def test_one_bad_request_proves_nothing_but_one_in_every_window_does() -> None:
    assert recovery_of(seconds_after(30, 1, 0, 0, 0, 0), BUDGET, WITHDRAWN, 1.0) == Recovery(0.0, 1006.0)
    assert recovery_of(seconds_after(30, *[1] * 20), BUDGET, WITHDRAWN, 1.0) is None


def test_too_few_good_windows_confirm_nothing() -> None:
    assert recovery_of(seconds_after(30, *[0] * (GOOD_WINDOWS - 1)), BUDGET, WITHDRAWN, 1.0) is None


def test_what_nobody_saw_was_no_recovery_yet() -> None:
    unseen = seconds_after(0, 0, 0, 0, 0, first=1011.0)
    assert recovery_of(unseen, BUDGET, WITHDRAWN, 1.0) == Recovery(pytest.approx(1011.0 - WITHDRAWN), 1016.0)
    hole = [Window(995.0, 1011.0, 800.0, 80.0), *unseen]  # which counts for the faults
    assert recovery_of(hole, BUDGET, WITHDRAWN, 1.0) == Recovery(pytest.approx(1011.0 - WITHDRAWN), 1016.0)
    assert recovery_of(hole, BUDGET, WITHDRAWN, 15.0) == Recovery(0.0, 1016.0)


def test_silence_is_no_recovery() -> None:
    assert recovery_of(seconds_after(*[0] * 30, requests=0.0), BUDGET, WITHDRAWN, 1.0) is None
    windows = seconds_after(30, 0, 0, 0, 0) + seconds_after(0, requests=0.0, first=1005.0)
    assert recovery_of(windows, BUDGET, WITHDRAWN, 1.0) is None
    again = [*windows, *seconds_after(0, 0, 0, 0, 0, first=1006.0)]
    assert recovery_of(again, BUDGET, WITHDRAWN, 1.0) == Recovery(0.0, 1011.0)


@given(some.lists(some.integers(0, 50), min_size=5, max_size=40), some.integers(0, 39))
def test_a_window_that_is_better_never_makes_the_recovery_later(bad: list[int], which: int) -> None:
    better = list(bad)
    better[which % len(bad)] = 0
    worse_recovery = recovery_of(seconds_after(30, *bad), BUDGET, WITHDRAWN, 1.0)
    recovery = recovery_of(seconds_after(30, *better), BUDGET, WITHDRAWN, 1.0)
    assert recovery is not None or worse_recovery is None
    if recovery and worse_recovery:
        assert recovery.seconds <= worse_recovery.seconds


def test_where_scrapes_are_rare_there_is_more_time() -> None:
    assert (recovery_deadline(1.0), recovery_deadline(15.0)) == (120.0, 300.0)
