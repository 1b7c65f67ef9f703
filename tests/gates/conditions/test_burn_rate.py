"""The burn rate over several windows."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.conditions.burn_rate import BurnRate, Spending, highest_burn_rate, judge_burn
from gates.counting.share import BadShare, Counted
from gates.gate import GateResult, QualityGate, Verdict
from gates.proof import OneLook
from tests.gates.cases import SLI, evidence
from tests.gates.drawn import failures
from tests.gates.indicators import indicator
from tests.gates.past import Past

SIX = BurnRate(SLI, Decimal("0.999"), Decimal(6), (300.0, 3600.0))


def spending(seconds: float, requests: float, bad: float, **changes: Any) -> Spending:
    found = evidence(
        window=seconds,
        requests=requests,
        recent_window=seconds / 4,
        recent=requests / 4,
        step=15.0,
        **changes,
    )
    return Spending(seconds, Counted(BadShare.of(requests, bad, bad), found))


def judge(*windows: Spending, demand: BurnRate = SIX) -> GateResult:
    return judge_burn(QualityGate("burn", "shop", demand, 3600.0), demand, windows, OneLook(0.95))


def test_too_fast_in_every_window_fails() -> None:
    result = judge(spending(300, 3000, 60), spending(3600, 36_000, 400))
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.FAIL,
        "the burn rate is 20 over 5m and 11.1 over 1h; at most 6 in one of them is due",
        "Do not release; find out what spends the error budget.",
    )
    assert (result.actual, result.threshold, result.window) == (pytest.approx(11.11, abs=0.01), 6.0, 3600)
    assert result.interval == (pytest.approx(10.2, abs=0.1), pytest.approx(12.3, abs=0.1))


def test_slow_in_one_window_passes() -> None:
    result = judge(spending(300, 3000, 60), spending(3600, 36_000, 60))
    assert (result.verdict, result.reason, result.window) == (
        Verdict.PASS,
        "the burn rate is 20 over 5m and 1.67 over 1h; at most 6 in one of them is due",
        3600,
    )


def test_a_window_of_several_must_prove_a_pass_at_a_smaller_risk() -> None:
    # 3 of 1,300 requests prove at most 0.6% at 95% confidence, and not at 97.5%
    alone = replace(SIX, windows=(3600.0,))
    assert judge(spending(3600, 1300, 3), demand=alone).verdict is Verdict.PASS
    assert judge(spending(300, 100, 50), spending(3600, 1300, 3)).verdict is Verdict.UNDECIDED


def test_too_few_requests_are_undecided_and_it_says_how_many_would_do() -> None:
    result = judge(spending(300, 20, 0), spending(3600, 240, 1))
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.UNDECIDED,
        "the burn rate is 0 over 5m and 4.17 over 1h; at most 6 in one of them is due, and so few requests prove "
        "neither that it is lower nor that it is higher",
        "About 613 requests like these in 5m settle it.",
    )


def test_a_warning_is_due_when_it_is_faster_than_that_in_every_window() -> None:
    demand = replace(SIX, warn=Decimal(3))
    result = judge(spending(300, 30_000, 140), spending(3600, 360_000, 1500), demand=demand)
    assert (result.verdict, result.reason) == (
        Verdict.WARN,
        "the burn rate is 4.67 over 5m and 4.17 over 1h; at most 6 in one of them is due, and more than 3 is worth a "
        "warning",
    )
    assert judge(spending(300, 30_000, 140), spending(3600, 360_000, 500), demand=demand).verdict is Verdict.PASS


def test_a_short_history_does_not_pass_and_fails_only_if_the_rest_could_not_make_up_for_it() -> None:
    short = {"coverage": 0.1}
    result = judge(spending(300, 3000, 100), spending(3600, 3600, 10, **short))
    assert (result.verdict, result.reason) == (
        Verdict.UNDECIDED,
        "the history covers about 6m (10%) of the 1h window (the burn rate is 33.3 over 5m and 2.78 over 1h; "
        "at most 6 in one of them is due)",
    )
    assert judge(spending(300, 3000, 100), spending(3600, 3600, 200, **short)).verdict is Verdict.UNDECIDED
    assert judge(spending(300, 3000, 100), spending(3600, 3600, 300, **short)).verdict is Verdict.FAIL
    assert judge(spending(300, 3000, 100), spending(3600, 3600, 3600, coverage=0.0)).verdict is Verdict.UNDECIDED


def test_a_short_history_of_the_long_window_does_not_matter_to_the_short_one() -> None:
    assert judge(spending(300, 3000, 3), spending(3600, 3600, 3, coverage=0.1)).verdict is Verdict.PASS


def test_a_service_that_hangs_does_not_pass_by_what_the_long_window_remembers() -> None:
    hanging = replace(evidence(window=300.0, requests=0.0, recent=0.0, recent_window=75.0), step=15.0)
    result = judge(Spending(300, Counted(BadShare(0.0, 0.0, 0.0), hanging)), spending(3600, 36_000, 3))
    assert (result.verdict, result.interval) == (Verdict.UNDECIDED, None)
    assert result.reason == (
        "no request was counted in the last 1m 15s, where about 750 were due (the burn rate is unknown over 5m and "
        "0.0833 over 1h; at most 6 in one of them is due)"
    )


def test_the_doubts_of_all_windows_are_said_once() -> None:
    dead = {"dead": ("shop at shop:80",)}
    result = judge(spending(300, 3000, 3, **dead), spending(3600, 36_000, 36, **dead))
    assert result.verdict is Verdict.UNDECIDED
    assert result.reason.count("shop at shop:80 does not answer Prometheus") == 1


def test_no_requests_at_all_are_undecided() -> None:
    result = judge(spending(300, 0, 0), spending(3600, 0, 0))
    assert (result.verdict, result.reason) == (
        Verdict.UNDECIDED,
        "there were no requests in the 5m window; there were no requests in the 1h window",
    )


@pytest.mark.parametrize(
    ("at_most", "windows", "message"),
    [
        (
            "10",
            (300.0,),
            "a burn rate of 10 is no limit: it must be above 0, and below 10, which is that of nothing but failures",
        ),
        (
            "0",
            (300.0,),
            "a burn rate of 0 is no limit: it must be above 0, and below 10, which is that of nothing but failures",
        ),
        ("6", (), "a burn rate needs at least one window"),
    ],
)
def test_what_can_never_be_judged_is_refused(at_most: str, windows: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match="a burn rate") as caught:
        BurnRate(SLI, Decimal("0.9"), Decimal(at_most), windows)
    assert str(caught.value) == message


def test_the_highest_burn_rate_is_that_of_nothing_but_failures() -> None:
    assert highest_burn_rate(Decimal("0.9")) == 10
    assert highest_burn_rate(Decimal("0.999")) == 1000


COUNTS = st.tuples(st.integers(1, 100_000), st.floats(0, 1))


@given(COUNTS, COUNTS, st.floats(0, 1))
def test_more_failures_never_help(short: tuple[int, float], long: tuple[int, float], more: float) -> None:
    fewer = [(n, round(n * p)) for n, p in (short, long)]
    worse = [(n, bad + round(more * (n - bad))) for n, bad in fewer]
    verdicts = [
        judge(*(spending(seconds, *counts) for seconds, counts in zip((300, 3600), side, strict=True))).verdict
        for side in (fewer, worse)
    ]
    gravity = [Verdict.PASS, Verdict.UNDECIDED, Verdict.FAIL]
    assert gravity.index(verdicts[0]) <= gravity.index(verdicts[1])


@pytest.mark.e2e
def test_at_the_boundary_at_most_5_percent_of_the_verdicts_are_wrong_on_either_side() -> None:
    chance, runs, limit = random.Random(20261122), 2000, 0.006
    found: Counter[Verdict] = Counter()
    for _ in range(runs):
        now, before = (failures(chance, n, limit) for n in (1000, 11_000))
        found[verdict(now, now + before)] += 1
    assert 0 < found[Verdict.PASS] / runs <= 0.05
    assert 0 < found[Verdict.FAIL] / runs <= 0.05


@cache
def verdict(short: int, long: int) -> Verdict:
    return judge(spending(300, 1000, short), spending(3600, 12_000, long)).verdict


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("job", "verdict", "reason"),
    [
        ("healthy", "pass", "the burn rate is 1.05 over 5m and 1 over 1h; at most 6 in one of them is due"),
        ("failing", "fail", "the burn rate is 49.8 over 5m and 50 over 1h; at most 6 in one of them is due"),
        ("young-failing", "fail", "the burn rate is 200 over 5m and 200 over 1h; at most 6 in one of them is due"),
        (
            "young",
            "undecided",
            "the history covers about 3m 15s (65%) of the 5m window; the history covers about 3m 15s (5.42%) of the "
            "1h window (the burn rate is 0 over 5m and 0 over 1h; at most 6 in one of them is due)",
        ),
        (
            "dead",
            "undecided",
            "dead at dead:80 does not answer Prometheus (up is 0): what users get there now is in no count "
            "(the burn rate is 0 over 5m and 0 over 1h; at most 6 in one of them is due)",
        ),
        (
            "hanging",
            "undecided",
            "no request was counted in the last 1m 15s, where about 708 were due (the burn rate is 0 over 5m and 0 "
            "over 1h; at most 6 in one of them is due)",
        ),
        ("unheard-of", "undecided", 'there is no data: no series matches http_requests_total{job="unheard-of"}'),
    ],
)
def test_the_real_past(past: Past, job: str, verdict: str, reason: str) -> None:
    condition = BurnRate(indicator(job), Decimal("0.999"), Decimal(6), (300.0, 3600.0))
    result = past.check(QualityGate("burn", job, condition, 3600.0))
    assert (result.verdict, result.reason) == (verdict, reason)
