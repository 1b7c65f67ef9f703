import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.calls import Try, backoff, naive, resilient


@given(retry=st.integers(min_value=0, max_value=10))
def test_backoff_grows_to_a_quarter_of_a_second_and_is_spread_from_nothing(retry: int) -> None:
    waits = [backoff(retry) for _ in range(50)]
    assert all(0 <= wait <= min(0.25, 0.05 * 2**retry) for wait in waits)
    assert len(set(waits)) > 1


@pytest.mark.parametrize("code", ["429", "500", "502", "503", "504", "timeout", "connection"])
def test_what_may_be_different_next_time_is_worth_repeating(code: str) -> None:
    assert Try(code).is_worth_repeating


@pytest.mark.parametrize("code", ["200", "302", "400", "404", "malformed"])
def test_what_would_be_the_same_again_is_not(code: str) -> None:
    assert not Try(code).is_worth_repeating


def test_the_defaults_are_what_the_help_says() -> None:
    assert (resilient().timeout, resilient().retries) == (1.0, 2)
    assert (resilient().budget.share, resilient().budget.reserve) == (0.5, 100.0)
    assert (naive().timeout, naive().retries) == (5.0, 0)
