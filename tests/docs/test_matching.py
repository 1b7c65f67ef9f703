"""What counts as the output that a page shows."""

import pytest

from tests.docs.matching import matches

RUN = "20260131T120000Z-rate-limit-storm-b13c"


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("PASS  shop", "PASS shop"),
        ("3 of 40 requests in 12.3 s", "1,204 of 9 requests in 7 s"),
        (f"run {RUN} on stock", "run 20261122T212904Z-network-latency-a840 on stock"),
        ("at 2026-11-22 21:30:19 UTC", "at 2027-01-02 03:04:05 UTC"),
        ("so far ... failed", "so far 3 of 4 failed"),
        ("in 1m", "in 2m 3s"),
    ],
)
def test_numbers_times_and_ids_may_differ(shown: str, printed: str) -> None:
    assert matches([shown], [printed])


@pytest.mark.parametrize(
    ("shown", "printed"), [("PASS shop", "FAIL shop"), ("3 failed", "none failed"), ("pass", "pass."), (RUN, "run 3")]
)
def test_words_may_not(shown: str, printed: str) -> None:
    assert not matches([shown], [printed])


def test_dots_alone_stand_for_any_lines() -> None:
    assert matches(["a", "...", "d"], ["a", "b", "c", "d"])
    assert matches(["a", "..."], ["a"])
    assert not matches(["a", "...", "d"], ["a", "b"])
    assert not matches(["a"], ["a", "b"])
    assert not matches([], ["said something"])


def test_exit_codes_are_held_exactly() -> None:
    assert not matches(["3"], ["0"], exactly=True)
