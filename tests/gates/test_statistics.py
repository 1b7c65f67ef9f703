"""The bounds are exact, move the right way, and agree with the one-call decisions."""

from math import comb

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gates.proof import OneLook
from gates.statistics import clopper_pearson, proves_at_most, proves_more_than

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
limits = st.floats(0.0005, 0.5)


def at_most(bad: int, n: int, share: float) -> float:
    """The binomial distribution, summed up."""
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(bad + 1))


@pytest.mark.parametrize(
    ("limit", "requests"), [(0.01, 299), (0.005, 598), (0.001, 2995), (0.0005, 5990), (0.0001, 29956)]
)
def test_requests_without_a_failure_that_prove_a_target(limit: float, requests: int) -> None:
    assert proves_at_most(0, requests, limit)
    assert not proves_at_most(0, requests - 1, limit)
    assert OneLook().requests_to_settle(0, 1, limit) == requests


@pytest.mark.parametrize(
    ("n", "most_to_pass", "fewest_to_fail"),
    [(100, None, 2), (1000, None, 4), (5000, 1, 10), (10_000, 4, 16), (100_000, 83, 118)],
)
def test_what_a_target_of_99_9_percent_takes(n: int, most_to_pass: int | None, fewest_to_fail: int) -> None:
    passing = [bad for bad in range(200) if bad <= n and proves_at_most(bad, n, 0.001)]
    failing = [bad for bad in range(200) if bad <= n and proves_more_than(bad, n, 0.001)]
    assert (max(passing, default=None), min(failing)) == (most_to_pass, fewest_to_fail)


@pytest.mark.parametrize(
    ("bad", "n", "lower", "upper"),
    [  # where the binomial distribution, summed up, is 0.05 and 0.95
        (0, 10, 0.0, 0.2588655508930875),
        (10, 10, 0.7411344491069125, 1.0),
        (1, 100, 0.0005128014067302, 0.0465598114535389),
        (37, 1_000_000, 2.759473151e-05, 4.867520103e-05),
    ],
)
def test_known_bounds(bad: int, n: int, lower: float, upper: float) -> None:
    assert clopper_pearson(bad, n) == (pytest.approx(lower, rel=1e-7), pytest.approx(upper, rel=1e-7))


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_bounds_are_where_the_binomial_tail_is_what_is_left_of_the_confidence(
    case: tuple[int, int], confidence: float
) -> None:
    bad, n = case
    lower, upper = clopper_pearson(bad, n, confidence)
    assert 0 <= lower <= bad / n <= upper <= 1
    if bad < n:
        assert at_most(bad, n, upper) == pytest.approx(1 - confidence, rel=1e-6)
    if bad > 0:
        assert 1 - at_most(bad - 1, n, lower) == pytest.approx(1 - confidence, rel=1e-6)


@given(counts, limits)
def test_decisions_agree_with_the_bounds(case: tuple[int, int], limit: float) -> None:
    lower, upper = clopper_pearson(*case)
    assume(abs(upper - limit) > 1e-9 and abs(lower - limit) > 1e-9)
    assert proves_at_most(*case, limit) == (upper <= limit)
    assert proves_more_than(*case, limit) == (lower > limit)


@given(counts, limits)
def test_nothing_is_proven_both_ways(case: tuple[int, int], limit: float) -> None:
    assert not (proves_at_most(*case, limit) and proves_more_than(*case, limit))


@given(counts, limits, st.integers(0, 500))
def test_one_more_failure_never_helps_and_more_good_requests_never_hurt(
    case: tuple[int, int], limit: float, more: int
) -> None:
    bad, n = case
    if bad < n and proves_at_most(bad + 1, n, limit):
        assert proves_at_most(bad, n, limit)
    if bad < n and proves_more_than(bad, n, limit):
        assert proves_more_than(bad + 1, n, limit)
    if proves_at_most(bad, n, limit):
        assert proves_at_most(bad, n + more, limit)
    if proves_more_than(bad, n + more, limit):
        assert proves_more_than(bad, n, limit)


@pytest.mark.parametrize(("bad", "n"), [(5 * 10**5, 10**8), (10**9, 10**12), (3, 10**12)])
def test_very_many_requests_are_decided_as_they_must_be(bad: int, n: int) -> None:
    lower, upper = clopper_pearson(bad, n)
    assert lower < bad / n < upper
    assert upper - lower < 10 * (bad + 1) ** 0.5 / n
    assert proves_at_most(bad, n, upper * 1.001)
    assert proves_more_than(bad, n, lower * 0.999)


def test_the_normal_curve_for_large_counts_joins_the_exact_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = clopper_pearson(99_000, 20_000_000)
    monkeypatch.setattr("gates.statistics._NORMAL_FROM", 1.0)
    assert clopper_pearson(99_000, 20_000_000) == pytest.approx(exact, rel=1e-7)


@given(st.floats(0, 50), st.floats(50, 5000), limits)
def test_what_settles_it_settles_it(bad: float, n: float, limit: float) -> None:
    needed = OneLook().requests_to_settle(bad, n, limit)
    if needed is None:
        assert bad / n == pytest.approx(limit, rel=0.01)
    elif bad / n < limit:
        assert proves_at_most(-int(-(bad / n) * needed // 1), needed, limit) or bad > 0
        assert proves_at_most(int(bad / n * needed), needed, limit)
    else:
        assert proves_more_than(int(bad / n * needed) + 1, needed, limit)


def test_a_rate_at_the_limit_is_never_settled() -> None:
    assert OneLook().requests_to_settle(50, 10_000, 0.005) is None


@pytest.mark.parametrize(("bad", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_what_is_no_share_is_refused(bad: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"^{bad} of {n} requests is not a share$"):
        clopper_pearson(bad, n)


@pytest.mark.parametrize("confidence", [-1.0, 0.0, 1.0, 2.0])
def test_what_is_no_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="is no confidence"):
        clopper_pearson(1, 10, confidence)
