"""A candidate against its baseline: side by side, earlier, or the release before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gates.conditions.baseline import Baseline
from gates.conditions.comparison import Comparison
from gates.gate import GateResult, Kind, QualityGate, Verdict
from tests.gates.indicators import indicator
from tests.gates.past import Past
from tests.gates.past_of_releases import BUCKETS

BESIDE = Baseline(labels=(("version", "stable"),))
STABLE = '(version="stable")'
ONE_PERCENT = {"margin": Decimal("0.01")}


def compare(
    past: Past, job: str, *, of: Kind = Kind.SUCCESS_RATE, since: float | None = None, **how: Any
) -> GateResult:
    window = how.pop("window", 600.0)
    condition = Comparison(indicator(job), of, how.pop("baseline", BESIDE), **how)
    return past.check(QualityGate("not worse", job, condition, window), since=since)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("job", "allowed", "verdict", "reason"),
    [
        (
            "canary",
            {"factor": Decimal("1.5")},
            "pass",
            f"0.1% of 60,000 requests failed in 10m, and 0.1% of 60,000 of the baseline {STABLE}; "
            "at most 1.5 times the baseline's share is due",
        ),
        (
            "canary",
            {"margin": Decimal("0.001")},
            "pass",
            f"0.1% of 60,000 requests failed in 10m, and 0.1% of 60,000 of the baseline {STABLE}; "
            "at most 0.1% of all requests more is due",
        ),
        (
            "canary",
            {"factor": Decimal(1)},
            "undecided",
            f"0.1% of 60,000 requests failed in 10m, and 0.1% of 60,000 of the baseline {STABLE}; "
            "no larger share is due, and the shares lie too near what is allowed to tell on which side",
        ),
        (
            "bad-canary",
            {"margin": Decimal("0.001"), "factor": Decimal("1.2")},
            "fail",
            f"2% of 6,000 requests failed in 10m, and 0.1% of 6,000 of the baseline {STABLE}; "
            "at most 1.2 times the baseline's share and 0.1% of all requests more is due",
        ),
        (
            "bad-canary",
            {"margin": Decimal("0.05"), "warn": Decimal("0.001")},
            "warn",
            f"2% of 6,000 requests failed in 10m, and 0.1% of 6,000 of the baseline {STABLE}; "
            "at most 5% of all requests more is due, and a margin of 0.1% is exceeded, which is worth a warning",
        ),
        (
            "small-canary",
            ONE_PERCENT,
            "undecided",
            f"0% of 61 requests failed in 10m, and 0.1% of 6,000 of the baseline {STABLE}; "
            "at most 1% of all requests more is due, and so few requests prove neither that this is so nor that it "
            "is not",
        ),
        (
            "flawless",
            {"factor": Decimal(2)},
            "undecided",
            f"0% of 6,000 requests failed in 10m, and 0% of 6,000 of the baseline {STABLE}; "
            "at most 2 times the baseline's share is due, and no failure on either side proves nothing of a factor",
        ),
        (
            "dead-stable",
            ONE_PERCENT,
            "undecided",
            "baseline: dead-stable at dead-stable-stable:80 does not answer Prometheus (up is 0): what users get there "
            f"now is in no count (2% of 6,000 requests failed in 10m, and 0.11% of 5,555 of the baseline {STABLE}; "
            "at most 1% of all requests more is due)",
        ),
        (
            "dead-canary",
            ONE_PERCENT,
            "undecided",
            "candidate: dead-canary at dead-canary-canary:80 does not answer Prometheus (up is 0): what users get "
            "there now is in no count (0.11% of 5,555 requests failed in 10m, and 0.1% of 6,000 of the baseline "
            f"{STABLE}; at most 1% of all requests more is due)",
        ),
        (
            "healthy",
            ONE_PERCENT,
            "undecided",
            'baseline: there is no data: no series matches http_requests_total{job="healthy",version="stable"}',
        ),
    ],
)
def test_versions_side_by_side(past: Past, job: str, allowed: dict[str, Decimal], verdict: str, reason: str) -> None:
    result = compare(past, job, **allowed)
    assert (result.verdict, result.reason) == (verdict, reason)


@pytest.mark.e2e
def test_a_candidate_without_data_is_undecided(past: Past) -> None:
    versions = Baseline(labels=(("version", "stable"),), candidate=(("version", "3"),))
    result = compare(past, "canary", baseline=versions, **ONE_PERCENT)
    assert (result.verdict, result.reason) == (
        Verdict.UNDECIDED,
        'candidate: there is no data: no series matches http_requests_total{job="canary",version="3"}',
    )


@pytest.mark.e2e
def test_no_failure_on_either_side_asks_for_a_margin(past: Past) -> None:
    assert compare(past, "flawless", factor=Decimal(2)).advice == (
        "Give the comparison a margin: a factor of nothing is nothing."
    )
    assert compare(past, "flawless", margin=Decimal("0.001")).verdict is Verdict.PASS


@pytest.mark.e2e
def test_what_would_settle_it_is_said(past: Past) -> None:
    result = compare(past, "small-canary", **ONE_PERCENT)
    assert result.advice == "About 358 requests like these, and 35,444 of the baseline, settle it."
    assert result.needed == 358


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("job", "of", "series"), [("canary", Kind.SUCCESS_RATE, 2), ("slower", Kind.LATENCY, len(BUCKETS))]
)
def test_nothing_is_compared_with_itself(past: Past, job: str, of: Kind, series: int) -> None:
    def compared(**labels: str) -> GateResult:
        candidate = Baseline(labels=(("version", "stable"),), candidate=tuple(labels.items()))
        return compare(past, job, of=of, baseline=candidate, margin=Decimal("0.2"))

    assert compared(version="canary", job=job).verdict is Verdict.PASS
    itself = compared(job=job)
    assert (itself.verdict, itself.reason) == (
        Verdict.ERROR,
        f"{series} series are the candidate's and the baseline's at once; give both of them a value of the same label",
    )
    assert compared(job=job, instance=f"{job}-canary:80").verdict is Verdict.PASS


@pytest.mark.e2e
def test_the_result_is_the_candidates_share_and_what_the_baseline_allows(past: Past) -> None:
    result = compare(past, "bad-canary", margin=Decimal("0.001"), factor=Decimal(2))
    assert (result.actual, result.threshold) == (pytest.approx(0.02), pytest.approx(2 * 0.001 + 0.001, rel=0.05))
    assert result.interval == (pytest.approx(0.0171, abs=1e-4), pytest.approx(0.0232, abs=1e-4))
    assert (result.requests, result.coverage) == (pytest.approx(6000), 1.0)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("baseline", "window", "since", "name"),
    [
        (Baseline(offset=1200.0), 300.0, None, "20m earlier"),
        (Baseline(offset=60.0), 300.0, None, "5m earlier"),  # the two windows never overlap
        (Baseline(previous_release=True), 300.0, 300.0, "the previous release"),
        (Baseline(previous_release=True), 3000.0, 300.0, "the previous release"),
    ],
)
def test_a_release_that_made_it_worse_fails(
    past: Past, baseline: Baseline, window: float, since: float | None, name: str
) -> None:
    result = compare(past, "worsened", baseline=baseline, window=window, since=since, margin=Decimal("0.001"))
    assert (result.verdict, result.reason) == (
        Verdict.FAIL,
        f"5.02% of 3,000 requests failed in 5m, and 0.11% of 3,000 of the baseline ({name}); "
        "at most 0.1% of all requests more is due",
    )


@pytest.mark.e2e
def test_a_release_that_made_it_better_passes(past: Past) -> None:
    result = compare(past, "improved", baseline=Baseline(previous_release=True), since=300.0, factor=Decimal(1))
    assert (result.verdict, result.reason) == (
        Verdict.PASS,
        "0.1% of 30,000 requests failed in 5m, and 2% of 30,000 of the baseline (the previous release); "
        "no larger share is due",
    )


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("job", "allowed", "verdict", "reason"),
    [
        (
            "as-fast",
            ONE_PERCENT,
            "pass",
            f"0.2% of 60,000 requests took longer than 1s in 10m, and 0.2% of 60,000 of the baseline {STABLE}; "
            "at most 1% of all requests more is due",
        ),
        (
            "slower",
            ONE_PERCENT,
            "fail",
            f"10% of 60,000 requests took longer than 300ms in 10m, and 2% of 60,000 of the baseline {STABLE}; "
            "at most 1% of all requests more is due",
        ),
        (
            "slower",
            {"factor": Decimal("1.5")},
            "fail",
            f"10% of 60,000 requests took longer than 300ms in 10m, and 2% of 60,000 of the baseline {STABLE}; "
            "at most 1.5 times the baseline's share is due",
        ),
        (
            "no-common-bound",
            ONE_PERCENT,
            "error",
            "the histograms of the candidate and of the baseline have no finite bound in common",
        ),
        (
            "buckets",
            ONE_PERCENT,
            "undecided",
            "baseline: there is no data: no series matches "
            'http_request_duration_seconds_bucket{job="buckets",version="stable",le="+Inf"}',
        ),
    ],
)
def test_whole_histograms(past: Past, job: str, allowed: dict[str, Decimal], verdict: str, reason: str) -> None:
    result = compare(past, job, of=Kind.LATENCY, **allowed)
    assert (result.verdict, result.reason) == (verdict, reason)


@pytest.mark.e2e
def test_bounds_that_only_one_side_has_are_said_not_to_be_compared(past: Past) -> None:
    result = compare(past, "other-bounds", of=Kind.LATENCY, **ONE_PERCENT)
    assert (result.verdict, result.notes) == (
        Verdict.PASS,
        ("bounds that only one of the histograms has are not compared: 300ms, 500ms, 1s",),
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "a baseline is one of three: labels, an offset, or the previous release"),
        (
            {"offset": 60.0, "previous_release": True},
            "a baseline is one of three: labels, an offset, or the previous release",
        ),
        ({"offset": 0.0}, "the offset of a baseline must be longer than 0s"),
        ({"offset": 60.0, "candidate": (("a", "b"),)}, "a candidate has labels of its own only where the baseline has"),
        ({"labels": (("a", "b"), ("c", "d"))}, "a baseline of several labels needs a candidate with labels too"),
    ],
)
def test_a_baseline_is_one_thing(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"baseline|candidate") as caught:
        Baseline(**parts)
    assert str(caught.value) == message
