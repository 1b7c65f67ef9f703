"""Data as it should not be, and what the gates make of each kind.

| data                                    | test                                                                      |
| --------------------------------------- | ------------------------------------------------------------------------- |
| empty, no total                         | test_verdicts: unheard-of; test_answers: an answer that is not there      |
| NaN, infinite                           | test_verdicts: not-a-number; test_answers; test_promql                    |
| -0, negative                            | here; test_answers; test_promql: minus-zero                               |
| ratio > 1                               | test_verdicts: too-good; test_answers                                     |
| several series                          | test_answers; test_promql                                                 |
| stale series                            | test_verdicts: stale, vanished, unseen; max_age: here                     |
| dead target                             | test_verdicts: dead, dead-failing, replicas; test_burn_rate, test_promql  |
| only some instances scraped             | test_verdicts: replicas; here                                             |
| counter reset                           | test_verdicts: restarted                                                  |
| series born above 0                     | test_verdicts: born-failing                                               |
| no bad series                           | test_verdicts: no-bad-series                                              |
| n = 0                                   | test_verdicts: idle; test_burn_rate                                       |
| n tiny, huge, in parts                  | here                                                                      |
| histogram without +Inf, not monotonic   | test_verdicts: endless, falling                                           |
| histogram whose bounds change           | here; of two sides: test_comparison: other-bounds                         |
| le "1" and "1.0"                        | here; test_verdicts: mixed                                                |
| native histograms, mixed or alone       | here                                                                      |
| recording rule that lags, or is absent  | here                                                                      |
| history shorter than the period         | test_verdicts: young, half-month; test_error_budget; test_burn_rate       |
| deploy inside the window                | here; test_comparison: previous release                                   |
| the same series from a pair of servers  | here                                                                      |
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gates.conditions.latency import Latency
from gates.conditions.success_rate import SuccessRate
from gates.gate import GateResult, QualityGate, Verdict
from prometheus.slo import Sli
from tests.gates.answered import check, reason_of_error
from tests.gates.fake_prometheus import HEALTHY, vector
from tests.gates.indicators import indicator
from tests.gates.past import Past

TARGET = Decimal("0.995")


def success_rate(past: Past, sli: Sli, **how: Any) -> GateResult:
    window = how.pop("window", 600.0)
    return past.check(QualityGate("success rate", sli.service, SuccessRate(sli, TARGET), window), **how)


def latency(past: Past, job: str, under: float, target: str) -> GateResult:
    condition = Latency(indicator(job), under, Decimal(target))
    return past.check(QualityGate("latency", job, condition, 600.0))


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("job", "verdict", "reason"),
    [
        (
            "tiny",
            "undecided",
            "100% of 6 requests succeeded in 10m; at least 99.5% is due, and so few requests prove neither that it is "
            "reached nor that it is missed",
        ),
        ("huge", "pass", "100% of 1,200,000,000,000 requests succeeded in 10m; at least 99.5% is due"),
        ("in-parts", "pass", "100% of 6,150 requests succeeded in 10m; at least 99.5% is due"),
    ],
)
def test_counts_of_any_size(past: Past, job: str, verdict: str, reason: str) -> None:
    result = success_rate(past, indicator(job))
    assert (result.verdict, result.reason) == (verdict, reason)


@pytest.mark.e2e
def test_what_a_pair_of_servers_wrote_twice_is_no_more_requests(past: Past) -> None:
    result = success_rate(past, indicator("pair"))
    assert (result.verdict, result.reason) == (
        Verdict.ERROR,
        'http_requests_total{job="pair"} has the same series more than once (1 too many), as a pair of Prometheus '
        "servers writes them, and so counts requests more than once; select the series of one of the pair, by a label "
        "such as prometheus_replica or replica",
    )
    one = 'http_requests_total{job="pair",prometheus_replica="a"}'
    sli = replace(indicator("pair"), total=one, bad=one[:-1] + ',code="500"}')
    assert success_rate(past, sli).reason == "100% of 6,000 requests succeeded in 10m; at least 99.5% is due"


@pytest.mark.e2e
def test_a_target_that_never_counted_is_noted(past: Past) -> None:
    result = success_rate(past, indicator("half-scraped"))
    assert (result.verdict, result.notes) == (
        Verdict.PASS,
        (
            "half-scraped at half-scraped:81 of the same job does not answer Prometheus (up is 0) and counted "
            "nothing here",
        ),
    )


@pytest.mark.e2e
def test_an_instance_that_was_taken_out_of_service_is_missed_by_nobody(past: Past) -> None:
    result = success_rate(past, indicator("scaled-down"))
    assert (result.verdict, result.notes) == (Verdict.PASS, ())


@pytest.mark.e2e
def test_max_age_says_what_is_stale(past: Past) -> None:
    sli = indicator("stale")
    fresh = success_rate(past, sli, max_age=180.0)
    assert fresh.verdict is Verdict.PASS
    stale = success_rate(past, indicator("healthy"), max_age=5.0)
    assert (stale.verdict, stale.reason) == (
        Verdict.UNDECIDED,
        "the data is stale: its newest sample is 7s old, and one is due every 15s "
        "(99.9% of 6,000 requests succeeded in 10m)",
    )


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("total", "reason"),
    [
        (
            'job:requests:total{job="lagging"}',
            "the data is stale: its newest sample is 3m 7s old, and one is due every 15s; no request was counted "
            "in the last 2m 30s, where about 1,051 were due; the history covers about 8m (80%) of the 10m window "
            "(100% of 4,205 requests succeeded in 10m)",
        ),
        ("job:requests:misspelt", "there is no data: no series matches job:requests:misspelt"),
    ],
)
def test_a_recording_rule_that_lags_or_is_absent_passes_nothing(past: Past, total: str, reason: str) -> None:
    sli = replace(indicator("lagging"), total=total, bad='job:requests:bad{job="lagging"}', job=None)
    result = success_rate(past, sli)
    assert (result.verdict, result.reason) == (Verdict.UNDECIDED, reason)


@pytest.mark.e2e
def test_a_deploy_inside_the_window_is_judged_from_the_release_on(past: Past) -> None:
    mixed = success_rate(past, indicator("improved"))
    assert mixed.reason == "98.98% of 62,249 requests succeeded in 10m; at least 99.5% is due"
    since = success_rate(past, indicator("improved"), since=300.0)
    assert (since.verdict, since.reason) == (
        Verdict.PASS,
        "99.9% of 30,000 requests succeeded in 5m; at least 99.5% is due",
    )


@pytest.mark.e2e
def test_only_bounds_that_a_histogram_had_all_the_time_are_counted_at(past: Past) -> None:
    result = latency(past, "changed-bounds", 0.3, "0.99")
    assert (result.verdict, result.reason) == (
        Verdict.UNDECIDED,
        "between 50% and 99.8% of 62,250 requests took at most 300ms in 10m; at least 99% is due, and the series "
        "of the histogram share no bucket at 300ms, only at 100ms and 1s",
    )
    assert latency(past, "changed-bounds", 0.1, "0.4").verdict is Verdict.PASS
    assert latency(past, "changed-bounds", 0.05, "0.4").reason.endswith("share no bucket at 50ms, only at 100ms")


@pytest.mark.e2e
def test_a_bound_is_the_same_however_it_is_written(past: Past) -> None:
    result = latency(past, "spellings", 1.0, "0.99")
    assert (result.verdict, result.reason) == (
        Verdict.PASS,
        "99.8% of 120,000 requests took at most 1s in 10m; at least 99% is due",
    )


@pytest.mark.parametrize("value", ["-0", "-0.0", "0"])
def test_minus_zero_failures_are_none(tmp_path: Path, value: str) -> None:
    assert check(tmp_path, lambda _: vector({**HEALTHY, "counted requests": value})).verdict is Verdict.PASS


def test_series_that_are_there_twice_are_an_error(tmp_path: Path) -> None:
    reason = reason_of_error(check(tmp_path, lambda _: vector({**HEALTHY, "copies": "3"})))
    assert "has the same series more than once (3 too many)" in reason


def test_native_histograms_are_an_error_alone_and_among_counters(tmp_path: Path) -> None:
    native = {"metric": {"dev_hq_question": "requests"}, "histogram": [1, {"count": "6000", "sum": "9"}]}
    for rows in ([native], [native, *json.loads(vector(HEALTHY))["data"]["result"]]):
        answer = json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}}).encode()
        assert reason_of_error(check(tmp_path, lambda _, answer=answer: answer)).endswith(
            "answered with native histograms, which cannot be read as numbers; ask for a quantile or a count of them"
        )


@pytest.mark.e2e
@pytest.mark.parametrize("part", ["bad", "good"])
def test_a_label_that_no_request_has_tells_nobody_which_failed(past: Past, part: str) -> None:
    total = 'http_requests_total{job="failing"}'
    other = "good" if part == "bad" else "bad"

    def judged(matchers: str) -> GateResult:
        return success_rate(past, replace(indicator("failing"), **{part: f"{total[:-1]},{matchers}}}", other: None}))

    assert judged('code=~"5.."').verdict is Verdict.FAIL
    result = judged('status=~"5.."')
    assert (result.verdict, result.reason) == (
        Verdict.ERROR,
        f"requests of {total} have no label status, so nobody can tell which of them failed; name counters that tell "
        f'it, as total and {part}, or, where no others have the label, add status!="" to {part}',
    )
    assert judged('status=~"5..",status!=""').verdict is (Verdict.PASS if part == "bad" else Verdict.FAIL)


@pytest.mark.e2e
@pytest.mark.parametrize(("part", "verdict"), [("bad", Verdict.PASS), ("good", Verdict.FAIL)])
def test_a_counter_that_nobody_has_seen_is_named(past: Past, part: str, verdict: Verdict) -> None:
    name, other = 'http_typos_total{job="healthy"}', "good" if part == "bad" else "bad"
    note = f"no series matches {name}, which is taken for 0: check its name"
    result = success_rate(past, replace(indicator("healthy"), **{part: name, other: None}))
    assert (result.verdict, note in result.notes) == (verdict, True)
    seen = success_rate(past, replace(indicator("healthy"), bad='up{job="healthy"}'))
    assert (seen.verdict, [words for words in seen.notes if "no series" in words]) == (Verdict.PASS, [])
