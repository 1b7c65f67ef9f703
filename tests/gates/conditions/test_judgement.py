"""From counts to a verdict, without Prometheus."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.counting.evidence import Doubt
from gates.counting.share import BadShare
from gates.gate import Verdict
from tests.gates.cases import evidence, judged

DOUBTS = {
    "no data": ({"requests": None, "newest": None}, "there is no data: no series matches requests_total"),
    "one sample": ({"requests": None}, "requests_total has fewer than two samples in the 10m window"),
    "no data of a dead target": (
        {"requests": None, "newest": None, "dead_of_job": ("shop at shop:80",)},
        "shop at shop:80 does not answer Prometheus (up is 0): what users get there now is in no count",
    ),
    "dead target": (
        {"dead": ("shop at shop:80",)},
        "shop at shop:80 does not answer Prometheus (up is 0): what users get there now is in no count",
    ),
    "many dead targets": (
        {"dead": ("shop at a", "shop at b", "shop at c", "shop at d", "shop at e")},
        "shop at a, shop at b, shop at c and 2 more do not answer Prometheus (up is 0): "
        "what users get there now is in no count",
    ),
    "no live series": (
        {"newest": None},
        "no series of requests_total is alive: what the window holds is from before",
    ),
    "stale": ({"newest": 939.0}, "the data is stale: its newest sample is 1m 1s old, and one is due every 15s"),
    "silent": ({"recent": 0.0}, "no request was counted in the last 2m 30s, where about 1,500 were due"),
    "short": ({"coverage": 0.2}, "the history covers about 2m (20%) of the 10m window"),
    "hardly any history": ({"coverage": 0.0}, "the history covers less than 15s of the 10m window"),
    "all but complete": ({"coverage": 0.9499999}, "the history covers about 9m 30s (94.99999%) of the 10m window"),
    "idle": ({"requests": 0.0, "recent": 0.0}, "there were no requests in the 10m window"),
}


def share(requests: float, low: float, high: float | None = None) -> BadShare:
    return BadShare.of(requests, low, low if high is None else high)


def test_a_proven_success_passes() -> None:
    result = judged(share(6000, 6))
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.PASS,
        "99.9% of 6,000 requests succeeded in 10m; at least 99.5% is due",
        "",
    )
    assert (result.actual, result.threshold, result.requests, result.bad) == (0.999, 0.995, 6000.0, (6, 6))
    assert result.interval == (pytest.approx(0.99803, abs=1e-5), pytest.approx(0.99956, abs=1e-5))


def test_a_proven_failure_fails() -> None:
    result = judged(share(6000, 300))
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.FAIL,
        "95% of 6,000 requests succeeded in 10m; at least 99.5% is due",
        "Do not release; find out what is wrong.",
    )


def test_too_few_requests_are_undecided_and_it_says_how_many_would_do() -> None:
    result = judged(share(412, 0))
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.UNDECIDED,
        "100% of 412 requests succeeded in 10m; at least 99.5% is due, and so few requests prove neither that it is "
        "reached nor that it is missed",
        "About 598 requests like these settle it: judge a window of 15m, or look on with --wait, which takes about 947 "
        "and, at 0.69 a second, 13m more.",
    )
    assert (result.needed, result.needed_seconds) == (598, pytest.approx(186 / 412 * 600))


def test_a_share_at_the_limit_is_undecided() -> None:
    result = judged(share(10_000, 50))
    assert (result.verdict, result.reason) == (
        Verdict.UNDECIDED,
        "99.5% of 10,000 requests succeeded in 10m; at least 99.5% is due, and the share lies too near the limit to "
        "tell on which side",
    )


def test_less_than_one_request_is_undecided() -> None:
    result = judged(share(0.4, 0), evidence(requests=0.4))
    assert (result.verdict, result.advice) == (Verdict.UNDECIDED, "Send more requests, or judge a longer window.")


def test_failures_before_the_first_scrape_keep_from_passing() -> None:
    result = judged(share(6000, 0, 60))
    assert (result.verdict, result.reason) == (
        Verdict.UNDECIDED,
        "between 99% and 100% of 6,000 requests succeeded in 10m; at least 99.5% is due, and it depends on failures "
        "that new series counted before their first scrape",
    )


def test_a_blur_is_named_when_it_decides() -> None:
    blur = Doubt("there is no bucket", "Add one.")
    result = judged(share(6000, 0, 60), evidence(), "were fast", blur)
    assert result.reason.endswith("at least 99.5% is due, and there is no bucket")
    assert result.advice == "Add one."
    assert judged(share(6000, 0, 6), evidence(), "were fast", blur).verdict is Verdict.PASS
    assert judged(share(6000, 100, 6000), evidence(), "were fast", blur).verdict is Verdict.FAIL


@pytest.mark.parametrize(("changes", "reason"), DOUBTS.values(), ids=DOUBTS)
def test_every_doubt_keeps_perfect_counts_from_passing(changes: dict[str, object], reason: str) -> None:
    found = evidence(**changes)
    counted = share(found.requests or 0.0, 0)
    result = judged(counted, found)
    measured = " (100% of 6,000 requests succeeded in 10m)" if found.requests else ""
    assert (result.verdict, result.reason) == (Verdict.UNDECIDED, reason + measured)
    assert result.advice
    assert result.interval is None


@pytest.mark.parametrize(
    ("changes", "reason"), [case for case in DOUBTS.values() if evidence(**case[0]).requests], ids=str
)
def test_no_doubt_keeps_a_proven_failure_from_failing(changes: dict[str, object], reason: str) -> None:
    result = judged(share(6000, 300), evidence(**changes))
    assert (result.verdict, result.notes) == (Verdict.FAIL, (reason,))


def test_counter_resets_are_said() -> None:
    assert judged(share(6000, 6), evidence(resets=1.0)).notes == (
        "1 counter reset in the window (restarts), accounted for",
    )
    assert judged(share(6000, 6), evidence(resets=3.0)).notes == (
        "3 counter resets in the window (restarts), accounted for",
    )


def test_parts_of_requests_count_against_a_pass_and_against_a_failure() -> None:
    assert share(597.9, 0).most == (0, 597)
    assert share(5000.2, 1.2).most == (2, 5000)
    assert share(5000.2, 1.2).fewest == (1, 5001)
    assert share(10.0, 3.0000000000000004).most == (3, 10)


@given(st.floats(0, 1e7), st.floats(-10, 1e7), st.floats(-10, 1e7))
def test_a_share_is_always_possible(requests: float, low: float, high: float) -> None:
    counted = share(requests, min(low, high), max(low, high))
    assert 0 <= counted.low <= counted.high <= requests
    bad, n = counted.most
    assert 0 <= bad <= n <= requests + 1
    bad, n = counted.fewest
    assert 0 <= bad <= n


@given(st.floats(1, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_more_doubtful_failures_never_turn_a_verdict_into_a_pass(requests: float, bad: float, more: float) -> None:
    sure = judged(share(requests, requests * bad)).verdict
    high = requests * min(1.0, bad + more)
    unsure = judged(share(requests, requests * bad, high)).verdict
    assert unsure is sure or (sure, unsure) == (Verdict.PASS, Verdict.UNDECIDED)
