"""What the counts of two sides prove, and that it is wrong no more often than it says."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gate_errors import Service, share_at
from gates.conditions.two_shares import TwoShares
from gates.counting.share import BadShare
from gates.proof import OneLook
from tests.gates.drawn import failures

PROOF = OneLook(0.95)
RUNS = 2000
SIDES = st.builds(
    lambda requests, bad: BadShare.of(requests, round(bad * requests), round(bad * requests)),
    st.integers(1, 100_000),
    st.floats(0, 1),
)


def share(bad: float, requests: float, dispersion: float = 1.0) -> BadShare:
    return BadShare.of(requests, bad, bad, dispersion)


def failing_more(side: BadShare, more: float) -> BadShare:
    return share(side.high + round(more * (side.requests - side.high)), side.requests)


def scaled(side: BadShare, times: float) -> BadShare:
    return share(side.high * times, side.requests * times)


def two(bad: float, requests: float, bad_before: float, requests_before: float, **allowed: float) -> TwoShares:
    return TwoShares(
        share(bad, requests), share(bad_before, requests_before), allowed.get("factor", 1.0), allowed.get("margin", 0.0)
    )


def test_without_a_margin_the_bad_requests_of_both_sides_are_tossed_like_a_coin() -> None:
    # of 5 bad requests on two equal sides none is the candidate's by chance once in 32, of 4 once in 16
    assert two(0, 1000, 5, 1000).is_no_worse(PROOF)
    assert not two(0, 1000, 4, 1000).is_no_worse(PROOF)
    assert two(5, 1000, 0, 1000).is_worse(PROOF)
    assert not two(4, 1000, 0, 1000).is_worse(PROOF)


def test_the_size_of_the_sides_counts() -> None:
    assert two(5, 1000, 45, 10_000).is_no_worse(PROOF) is False
    assert two(0, 1000, 45, 10_000).is_no_worse(PROOF)
    assert two(12, 1000, 45, 10_000).is_worse(PROOF)


def test_a_factor_allows_so_many_times_the_baselines_share() -> None:
    assert two(30, 1000, 10, 1000).is_worse(PROOF)
    assert not two(30, 1000, 10, 1000, factor=2).is_worse(PROOF)
    assert two(30, 1000, 30, 1000, factor=2).is_no_worse(PROOF)


def test_no_failure_at_all_proves_nothing_of_a_factor_and_something_of_a_margin() -> None:
    assert not two(0, 10**9, 0, 10**9, factor=5).is_no_worse(PROOF)
    assert two(0, 3700, 0, 10, margin=0.001).is_no_worse(PROOF)
    assert not two(0, 3600, 0, 10, margin=0.001).is_no_worse(PROOF)


def test_failures_that_vary_more_are_worth_less() -> None:
    assert two(30, 1000, 10, 1000).is_worse(PROOF)
    bursts = TwoShares(share(30, 1000, 10.0), share(10, 1000, 10.0), 1.0, 0.0)
    assert not bursts.is_worse(PROOF)


def test_doubtful_failures_count_against_both_a_pass_and_a_failure() -> None:
    doubtful = BadShare.of(10_000, 0, 200)
    clean, failing = share(0, 10_000), share(200, 10_000)
    for pair in (TwoShares(doubtful, clean, 1.0, 0.01), TwoShares(clean, doubtful, 0.5, 0.001)):
        assert not pair.is_worse(PROOF)
    assert not TwoShares(doubtful, clean, 1.0, 0.01).is_no_worse(PROOF)
    assert not TwoShares(failing, doubtful, 1.0, 0.005).is_worse(PROOF)
    assert TwoShares(failing, clean, 1.0, 0.005).is_worse(PROOF)


@st.composite
def pairs(draw: st.DrawFn) -> TwoShares:
    return TwoShares(draw(SIDES), draw(SIDES), draw(st.floats(0.5, 5)), draw(st.sampled_from([0.0, 0.001, 0.01, 0.1])))


@given(pairs(), st.floats(0, 1))
def test_more_failures_of_the_candidate_never_help_it(fewer: TwoShares, more: float) -> None:
    worse = replace(fewer, candidate=failing_more(fewer.candidate, more))
    assert not (worse.is_no_worse(PROOF) and not fewer.is_no_worse(PROOF))
    assert not (fewer.is_worse(PROOF) and not worse.is_worse(PROOF))


@given(pairs(), st.floats(0, 1))
def test_more_failures_of_the_baseline_never_hurt_the_candidate(fewer: TwoShares, more: float) -> None:
    worse = replace(fewer, baseline=failing_more(fewer.baseline, more))
    assert not (fewer.is_no_worse(PROOF) and not worse.is_no_worse(PROOF))
    assert not (worse.is_worse(PROOF) and not fewer.is_worse(PROOF))


@given(pairs())
def test_nothing_is_proven_to_be_both(pair: TwoShares) -> None:
    assert not (pair.is_no_worse(PROOF) and pair.is_worse(PROOF))


@settings(deadline=None)
@given(pairs())
def test_what_is_said_to_settle_it_does(pair: TwoShares) -> None:
    if times := pair.traffic_to_settle(PROOF):
        more = replace(pair, candidate=scaled(pair.candidate, times), baseline=scaled(pair.baseline, times))
        assert 1 < times <= 10_000
        assert more.is_no_worse(PROOF) or more.is_worse(PROOF)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("n", "n_before", "p_before", "factor", "margin"),
    [
        (1000, 1000, 0.01, 1.0, 0.0),
        (500, 5000, 0.01, 1.0, 0.0),
        (2000, 500, 0.02, 2.0, 0.0),
        (300, 300, 0.2, 2.0, 0.0),
        (300, 300, 0.4, 2.0, 0.0),
        (1000, 1000, 0.01, 1.0, 0.01),
        (1000, 4000, 0.005, 1.2, 0.002),
    ],
)
def test_at_the_boundary_at_most_5_percent_of_the_verdicts_are_wrong_on_either_side(
    n: int, n_before: int, p_before: float, factor: float, margin: float
) -> None:
    chance = random.Random(20261122)
    p = factor * p_before + margin
    drawn = Counter((failures(chance, n, p), failures(chance, n_before, p_before)) for _ in range(RUNS))
    pairs = {
        two(bad, n, before, n_before, factor=factor, margin=margin): often for (bad, before), often in drawn.items()
    }
    assert sum(often for pair, often in pairs.items() if pair.is_no_worse(PROOF)) / RUNS <= 0.05
    assert sum(often for pair, often in pairs.items() if pair.is_worse(PROOF)) / RUNS <= 0.05


def test_bursts_that_are_known_to_be_bursts_make_no_more_wrong_verdicts() -> None:
    chance, together, n = random.Random(20261122), 5, 2000
    drawn = Counter(tuple(together * failures(chance, n // together, 0.02) for _ in range(2)) for _ in range(RUNS))

    def wrong(dispersion: float) -> tuple[float, float]:
        pairs = {
            TwoShares(*(share(bad, n, dispersion) for bad in both), 1.0, 0.0): often for both, often in drawn.items()
        }
        passes = sum(often for pair, often in pairs.items() if pair.is_no_worse(PROOF))
        return passes / RUNS, sum(often for pair, often in pairs.items() if pair.is_worse(PROOF)) / RUNS

    assert max(wrong(together)) <= 0.05
    assert min(wrong(1.0)) > 0.15


@pytest.mark.parametrize("margin", [0.0, 0.001])
def test_an_outage_of_the_baseline_excuses_no_candidate(margin: float) -> None:
    steady = BadShare.of(60_000, 300, 300, dispersion=1.0, swing=1.0)
    outage = BadShare.of(60_000, 600, 600, dispersion=300.0, swing=20.0)  # two minutes of ten, and nothing else
    assert not TwoShares(steady, outage, 1.0, margin).is_no_worse(PROOF)
    assert TwoShares(steady, replace(outage, dispersion=20.0), 1.0, margin).is_no_worse(PROOF)


def test_bursts_that_last_pass_hardly_more_often_than_they_may() -> None:
    """Both sides just as is allowed, in bursts of ten that last for two slices."""
    baseline = Service(bad=0.002, together=10, lasting=4.0, per_scrape=2500.0)
    candidate = replace(baseline, bad=1.2 * baseline.bad)
    drawing, passes = random.Random(5), 0
    for _ in range(600):
        counted = (share_at(side.failures(40, drawing), 40, side.per_scrape) for side in (candidate, baseline))
        passes += TwoShares(*counted, factor=1.2, margin=0.0).is_no_worse(PROOF)
    assert passes <= 0.08 * 600
