"""What the gates say of a past that a real Prometheus has lived through."""

import pytest

from gates.gate import Verdict
from tests.gates.past import Past

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("job", "verdict", "reason"),
    [
        ("healthy", "pass", "99.9% of 6,000 requests succeeded in 10m; at least 99.5% is due"),
        ("no-bad-series", "pass", "100% of 6,000 requests succeeded in 10m; at least 99.5% is due"),
        ("restarted", "pass", "100% of 5,856 requests succeeded in 10m; at least 99.5% is due"),
        ("failing", "fail", "95.01% of 6,000 requests succeeded in 10m; at least 99.5% is due"),
        ("young-failing", "fail", "80% of 1,945 requests succeeded in 10m; at least 99.5% is due"),
        ("dead-failing", "fail", "80% of 5,555 requests succeeded in 10m; at least 99.5% is due"),
        (
            "sparse",
            "undecided",
            "100% of 421 requests succeeded in 10m; at least 99.5% is due, and so few requests prove neither that it "
            "is reached nor that it is missed",
        ),
        ("idle", "undecided", "there were no requests in the 10m window"),
        (
            "dead",
            "undecided",
            "dead at dead:80 does not answer Prometheus (up is 0): what users get there now is in no count "
            "(100% of 5,555 requests succeeded in 10m)",
        ),
        (
            "replicas",
            "undecided",
            "replicas at replicas:81 does not answer Prometheus (up is 0): what users get there now is in no count "
            "(100% of 6,000 requests succeeded in 10m)",
        ),
        (
            "stale",
            "undecided",
            "the data is stale: its newest sample is 2m 7s old, and one is due every 15s; "
            "the history covers about 9m (90%) of the 10m window (100% of 4,805 requests succeeded in 10m)",
        ),
        (
            "vanished",
            "undecided",
            'no series of http_requests_total{job="vanished"} is alive: what the window holds is from before; '
            "the history covers about 4m 15s (42.5%) of the 10m window (100% of 1,955 requests succeeded in 10m)",
        ),
        (
            "young",
            "undecided",
            "the history covers about 3m 15s (32.5%) of the 10m window (100% of 1,945 requests succeeded in 10m)",
        ),
        (
            "unseen",
            "undecided",
            "the history covers about 6m (60%) of the 10m window (100% of 3,195 requests succeeded in 10m)",
        ),
        (
            "hanging",
            "undecided",
            "no request was counted in the last 2m 30s, where about 987 were due "
            "(100% of 3,949 requests succeeded in 10m)",
        ),
        (
            "born-failing",
            "undecided",
            "between 99% and 100% of 6,000 requests succeeded in 10m; at least 99.5% is due, and it depends on "
            "failures that new series counted before their first scrape",
        ),
        ("unheard-of", "undecided", 'there is no data: no series matches http_requests_total{job="unheard-of"}'),
        (
            "fastapi",
            "error",
            'requests of http_requests_total{job="fastapi"} have no label code, so nobody can tell which of them '
            'failed; name counters that tell it, as total and bad, or, where no others have the label, add code!="" '
            "to bad",
        ),
        (
            "not-a-number",
            "error",
            "the number of requests is nan; a counter that is not a number spoils every sum",
        ),
    ],
)
def test_success_rate(past: Past, job: str, verdict: str, reason: str) -> None:
    result = past.success_rate(job)
    assert (result.verdict, result.reason) == (verdict, reason)


def test_a_counter_reset_is_said(past: Past) -> None:
    assert past.success_rate("restarted").notes == ("1 counter reset in the window (restarts), accounted for",)


def test_what_is_in_doubt_about_a_failure_is_said(past: Past) -> None:
    assert past.success_rate("dead-failing").notes == (
        "dead-failing at dead-failing:80 does not answer Prometheus (up is 0): what users get there now is in no count",
    )


def test_more_good_requests_than_requests_are_an_error(past: Past) -> None:
    sli = "{total: 'http_requests_total{job=\"too-good\"}', good: 'good_total{job=\"too-good\"}'}"
    result = past.success_rate("too-good", sli=sli)
    assert (result.verdict, result.reason) == (
        Verdict.ERROR,
        "there are more good requests (12,000) than requests (6,000)",
    )


def test_good_requests_are_counted_as_well_as_bad_ones(past: Past) -> None:
    sli = "{total: 'http_requests_total{job=\"two-families\"}', good: 'good_total{job=\"two-families\"}'}"
    result = past.success_rate("two-families", sli=sli)
    assert (result.verdict, result.reason) == (
        Verdict.FAIL,
        "90% of 6,000 requests succeeded in 10m; at least 99.5% is due",
    )


@pytest.mark.parametrize(
    ("job", "under", "verdict", "reason"),
    [
        ("buckets", "300ms", "pass", "99.9% of 6,000 requests took at most 300ms in 10m; at least 99% is due"),
        ("buckets", "250ms", "fail", "98.5% of 6,000 requests took at most 250ms in 10m; at least 99% is due"),
        (
            "buckets",
            "280ms",
            "undecided",
            "between 98.5% and 99.9% of 6,000 requests took at most 280ms in 10m; at least 99% is due, and the "
            "series of the histogram share no bucket at 280ms, only at 250ms and 300ms",
        ),
        (
            "buckets",
            "400ms",
            "pass",
            "between 99.9% and 99.98% of 6,000 requests took at most 400ms in 10m; at least 99% is due",
        ),
        (
            "buckets",
            "50ms",
            "fail",
            "between 0% and 50% of 6,000 requests took at most 50ms in 10m; at least 99% is due",
        ),
        (
            "mixed",
            "300ms",
            "undecided",
            "between 50% and 99.98% of 12,000 requests took at most 300ms in 10m; at least 99% is due, and the "
            "series of the histogram share no bucket at 300ms, only at 100ms and 1s",
        ),
        (
            "buckets",
            "1s",
            "error",
            'the highest bucket of http_request_duration_seconds_bucket{job="buckets"} is 1s; '
            "to judge a limit of 1s, give the histogram a bucket above 1s",
        ),
        (
            "buckets",
            "2s",
            "error",
            'the highest bucket of http_request_duration_seconds_bucket{job="buckets"} is 1s; '
            "to judge a limit of 2s, give the histogram a bucket above 2s",
        ),
        (
            "one-bucket",
            "1s",
            "error",
            'http_request_duration_seconds_bucket{job="one-bucket"} has no bucket but +Inf; '
            "give it one at 1s, and one above",
        ),
        (
            "endless",
            "300ms",
            "error",
            'the histogram has no bucket le="+Inf", so nobody can tell how many requests it counts',
        ),
        (
            "falling",
            "300ms",
            "error",
            "the histogram counts more requests of at most 0.1 s than of at most 0.25 s",
        ),
        ("words", "300ms", "error", 'the histogram has a bucket le="fast", which is no number'),
        (
            "failing",
            "300ms",
            "undecided",
            'there is no data: no series matches http_request_duration_seconds_bucket{job="failing",le="+Inf"}',
        ),
    ],
)
def test_latency(past: Past, job: str, under: str, verdict: str, reason: str) -> None:
    result = past.latency(job, under)
    assert (result.verdict, result.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("job", "verdict", "reason"),
    [
        (
            "month",
            "pass",
            "80% of the error budget of 30d is left: 1,296 of 1,296,000 requests failed, where 6,480 may",
        ),
        (
            "bad-month",
            "fail",
            "the error budget of 30d is overspent: 7,776 of 1,296,000 requests failed, where 6,480 may",
        ),
        (
            "half-month",
            "undecided",
            "the history covers about 15d (50%) of the 30d window "
            "(so far 648 of 648,034 requests failed, where 3,240 may)",
        ),
    ],
)
def test_error_budget(past: Past, job: str, verdict: str, reason: str) -> None:
    result = past.error_budget(job)
    assert (result.verdict, result.reason) == (verdict, reason)
