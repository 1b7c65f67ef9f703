"""Bounds for many looks: they exclude the limit exactly when the verdict does, move the right way, and stay exact."""

from __future__ import annotations

import sys
from math import exp, lgamma, log, log1p

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gates.instant import Instant
from gates.proof import ManyLooks, OneLook, confidence_at_look
from tests.gates.sources import Nothing

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
limits = st.floats(0.0005, 0.9)
MANY = ManyLooks()


def evidence_against(bad: int, n: int, share: float, limit: float) -> float:
    """The logarithm of the beta-binomial mixture by the likelihood of `share`, by the textbook."""
    a, b = 1.0, 1 / limit - 1
    mixture = lgamma(a + bad) + lgamma(b + n - bad) - lgamma(a + b + n) - lgamma(a) - lgamma(b) + lgamma(a + b)
    return mixture - bad * log(share) - (n - bad) * log1p(-share)


@pytest.mark.parametrize(
    ("limit", "requests"), [(0.01, 473), (0.005, 947), (0.001, 4742), (0.0001, 47_437), (0.5, 8), (0.9, 3)]
)
def test_requests_without_a_failure_that_prove_a_target_to_who_waits(limit: float, requests: int) -> None:
    assert MANY.at_most(0, requests, limit)
    assert not MANY.at_most(0, requests - 1, limit)
    assert MANY.requests_to_settle(0, 1, limit) == requests


@given(counts, limits)
def test_a_verdict_is_the_textbooks_evidence_of_one_to_twenty(case: tuple[int, int], limit: float) -> None:
    evidence = evidence_against(*case, limit, limit)
    assume(abs(evidence - log(20)) > 1e-6)
    assert (MANY.at_most(*case, limit) or MANY.more_than(*case, limit)) == (evidence > log(20))


_ROUNDING = 4 * sys.float_info.epsilon  # next to 1, shares that are neighbours differ in evidence by percents


@given(counts, limits, st.floats(0.5, 0.999))
def test_the_bounds_are_where_the_evidence_is_just_enough(
    case: tuple[int, int], limit: float, confidence: float
) -> None:
    bad, n = case
    lower, upper = ManyLooks(confidence).bounds(bad, n, limit)
    assert 0 <= lower <= bad / n <= upper <= 1
    for bound in (lower, upper):
        if 0 < bound < 1:
            about = [share for share in (bound * (1 - _ROUNDING), bound, bound * (1 + _ROUNDING)) if share < 1]
            evidence = [exp(evidence_against(bad, n, share, limit)) for share in about]
            assert min(evidence) * 0.999 <= 1 / (1 - confidence) <= max(evidence) * 1.001


@given(counts, limits)
def test_the_bounds_exclude_the_limit_exactly_when_the_verdict_does(case: tuple[int, int], limit: float) -> None:
    lower, upper = MANY.bounds(*case, limit)
    assume(abs(upper - limit) > 1e-9 and abs(lower - limit) > 1e-9)
    assert MANY.at_most(*case, limit) == (upper <= limit)
    assert MANY.more_than(*case, limit) == (lower > limit)


@given(counts, limits)
def test_who_waits_proves_nothing_that_one_look_does_not(case: tuple[int, int], limit: float) -> None:
    assert not MANY.at_most(*case, limit) or OneLook().at_most(*case, limit)
    assert not MANY.more_than(*case, limit) or OneLook().more_than(*case, limit)


@given(counts, limits)
def test_one_more_failure_never_helps(case: tuple[int, int], limit: float) -> None:
    bad, n = case
    assume(bad < n)
    if MANY.at_most(bad + 1, n, limit):
        assert MANY.at_most(bad, n, limit)
    if MANY.more_than(bad, n, limit):
        assert MANY.more_than(bad + 1, n, limit)


@pytest.mark.parametrize(("bad", "n"), [(5 * 10**5, 10**8), (10**9, 10**12), (3, 10**12), (10**12, 10**12)])
def test_very_many_requests_are_decided_as_they_must_be(bad: int, n: int) -> None:
    limit = 0.001
    lower, upper = MANY.bounds(bad, n, limit)
    assert lower <= bad / n <= upper
    assert upper - lower < 20 * (bad + 10) ** 0.5 / n + 40 / n
    assert MANY.at_most(bad, n, 0.9) == (bad < n)
    assert MANY.more_than(bad, n, 1e-9) == (bad > 3)


@pytest.mark.parametrize("n", [1, 10**6, 10**12])
@pytest.mark.parametrize("limit", [0.000001, 0.5, 0.999999])
def test_extreme_limits_and_shares_can_be_decided(n: int, limit: float) -> None:
    for bad in {0, 1, n // 2, n - 1, n}:
        lower, upper = MANY.bounds(bad, n, limit)
        assert 0 <= lower <= bad / n <= upper <= 1
        assert MANY.at_most(bad, n, limit) == (upper <= limit)
        assert MANY.more_than(bad, n, limit) == (lower > limit)


@pytest.mark.parametrize("limit", [0.0, 1.0, 1.5, -0.5])
@pytest.mark.parametrize("proof", [OneLook(), ManyLooks()])
def test_a_limit_that_no_share_can_pass_needs_no_statistics(proof: OneLook | ManyLooks, limit: float) -> None:
    assert proof.at_most(3, 10, limit) == (limit >= 1)
    assert proof.more_than(3, 10, limit) == (limit <= 0)


@pytest.mark.parametrize(("bad", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_what_is_no_share_is_refused(bad: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"^{bad} of {n} requests is not a share$"):
        MANY.bounds(bad, n, 0.005)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_what_may_go_wrong_is_spent_over_the_looks(confidence: float) -> None:
    assert confidence_at_look(confidence, 0) == confidence
    spent = sum(1 - confidence_at_look(confidence, look) for look in range(1, 2000))
    assert spent == pytest.approx(1 - confidence, rel=1e-3)
    assert spent < 1 - confidence


def test_an_instant_knows_what_proves_something_at_its_look() -> None:
    once = Instant(Nothing(), 1000.0, 15.0)
    third = Instant(Nothing(), 1000.0, 15.0, look=3, first=970.0)
    assert (once.proof(0.9), once.proof_of_moving_window(0.9)) == (OneLook(0.9), OneLook(0.9))
    assert third.proof(0.9) == ManyLooks(0.9)
    assert third.proof_of_moving_window(0.9).confidence == pytest.approx(1 - 0.1 / 12)
