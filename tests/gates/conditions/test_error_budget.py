"""The budget is accounted over the whole window of the objective."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.conditions.error_budget import ErrorBudget, judge_budget
from gates.counting.share import BadShare, Counted
from gates.gate import GateResult, QualityGate, Verdict
from tests.gates.cases import BUDGET, SLI, SPENDING, evidence
from tests.gates.indicators import indicator
from tests.gates.past import Past

TENTH = replace(SPENDING, left=Decimal("0.1"))
WHOLE = {"window": 2592000.0, "step": 7200.0, "recent_window": 648000.0}


def judge(
    requests: float, low: float, high: float | None = None, demand: ErrorBudget = SPENDING, **changes: object
) -> GateResult:
    share = BadShare.of(requests, low, low if high is None else high)
    found = evidence(**{**WHOLE, "requests": requests, **changes})
    return judge_budget(replace(BUDGET, condition=demand), demand, Counted(share, found))


def test_a_budget_that_is_not_spent_passes() -> None:
    result = judge(60_000, 81)
    assert (result.verdict, result.reason) == (
        Verdict.PASS,
        "73% of the error budget of 30d is left: 81 of 60,000 requests failed, where 300 may",
    )
    assert (result.actual, result.threshold) == (pytest.approx(0.73), 0.0)


def test_the_last_failure_of_a_budget_passes_and_one_more_fails() -> None:
    assert judge(60_000, 300).verdict is Verdict.PASS
    result = judge(60_000, 301)
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.FAIL,
        "the error budget of 30d is overspent: 301 of 60,000 requests failed, where 300 may",
        "Release nothing but what makes the service more reliable, until old failures leave the window.",
    )


def test_part_of_a_failure_more_is_undecided() -> None:
    result = judge(60_000, 300.5)
    assert (result.verdict, result.reason) == (
        Verdict.UNDECIDED,
        "the error budget of 30d is all but spent: 300 of 60,000 requests failed, where 300 may",
    )


def test_a_history_shorter_than_the_window_does_not_pass() -> None:
    result = judge(60_000, 81, coverage=0.5)
    assert (result.verdict, result.reason, result.coverage) == (
        Verdict.UNDECIDED,
        "the history covers about 15d (50%) of the 30d window (so far 81 of 60,000 requests failed, where 300 may)",
        0.5,
    )


def test_a_short_history_is_overspent_only_when_the_rest_could_not_make_up_for_it() -> None:
    assert judge(60_000, 599, coverage=0.5).verdict is Verdict.UNDECIDED
    result = judge(60_000, 601, coverage=0.5)
    assert (result.verdict, result.reason) == (
        Verdict.FAIL,
        "the error budget of 30d is overspent: 601 of 60,000 requests failed, where 600 may, even if the 50% of it "
        "without history had been flawless",
    )
    assert judge(60_000, 60_000, coverage=0.0).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("bad", [0, 1])
def test_a_budget_of_less_than_one_request_is_undecided(bad: int) -> None:
    result = judge(50, bad)
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.UNDECIDED,
        f"50 requests are so few that the budget is less than one of them (so far {bad} of 50 requests failed, "
        "where 0.2 may)",
        "It takes 200 requests to have a budget; wait for more traffic.",
    )


def test_no_requests_have_no_budget() -> None:
    result = judge(0, 0)
    assert (result.verdict, result.reason, result.actual) == (
        Verdict.UNDECIDED,
        "there were no requests in the 30d window",
        None,
    )


def test_a_tenth_of_the_budget_may_be_asked_to_be_left() -> None:
    assert judge(60_000, 270, demand=TENTH).verdict is Verdict.PASS
    result = judge(60_000, 271, demand=TENTH)
    assert (result.verdict, result.reason) == (
        Verdict.FAIL,
        "9.67% of the error budget of 30d is left: 271 of 60,000 requests failed, where 300 may; at least 10% of it is "
        "due",
    )
    assert (result.actual, result.threshold) == (pytest.approx(0.0967, abs=1e-4), 0.1)
    assert judge(60_000, 301, demand=TENTH).reason == (
        "the error budget of 30d is overspent: 301 of 60,000 requests failed, where 300 may; at least 10% of it is due"
    )


def test_when_it_is_not_certain_how_much_is_left_it_is_undecided() -> None:
    result = judge(60_000, 200, 290, demand=TENTH)
    assert (result.verdict, result.reason) == (
        Verdict.UNDECIDED,
        "the error budget of 30d is all but spent: 200 to 290 of 60,000 requests failed, where 300 may; at least 10% "
        "of it is due",
    )


def test_less_than_a_second_limit_is_worth_a_warning() -> None:
    demand = replace(TENTH, warn=Decimal("0.25"))
    assert judge(60_000, 225, demand=demand).verdict is Verdict.PASS
    result = judge(60_000, 226, demand=demand)
    assert (result.verdict, result.reason) == (
        Verdict.WARN,
        "24.67% of the error budget of 30d is left: 226 of 60,000 requests failed, where 300 may; at least 10% of it "
        "is due, and less than 25% is worth a warning",
    )


def test_a_shorter_history_passes_where_it_is_said_to_do() -> None:
    demand = replace(SPENDING, min_coverage=Decimal("0.5"))
    result = judge(30_000, 81, demand=demand, coverage=0.5)
    assert (result.verdict, result.reason, result.notes) == (
        Verdict.PASS,
        "46% of the error budget of 30d is left: 81 of 30,000 requests failed, where 150 may",
        ("judged by the 50% of the 30d that has history",),
    )
    short = judge(30_000, 81, demand=demand, coverage=0.49)
    assert (short.verdict, short.notes) == (Verdict.UNDECIDED, ())
    assert short.reason.startswith("the history covers about 14d 16h (49%) of the 30d window")


def test_a_shorter_history_that_will_do_fails_no_sooner() -> None:
    demand = replace(SPENDING, min_coverage=Decimal("0.5"))
    assert judge(30_000, 299, demand=demand, coverage=0.5).verdict is Verdict.UNDECIDED
    assert judge(30_000, 301, demand=demand, coverage=0.5).verdict is Verdict.FAIL


@given(st.integers(1, 10**6), st.floats(0, 0.02), st.floats(0, 1), st.sampled_from(["0", "0.1", "0.5"]))
def test_more_failures_never_help(requests: int, bad: float, more: float, left: str) -> None:
    demand = ErrorBudget(SLI, Decimal("0.995"), Decimal(left))
    few = round(bad * requests)
    many = few + round(more * (requests - few))
    gravity = [Verdict.PASS, Verdict.UNDECIDED, Verdict.FAIL]
    before, after = (gravity.index(judge(requests, bad, demand=demand).verdict) for bad in (few, many))
    assert before <= after


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("job", "window", "target", "note"),
    [
        (
            "bad-canary",
            3000.0,
            "0.98",
            "569 more failures would spend the budget; at the rate of the last hour they last 45m 13s",
        ),
        (
            "canary",
            3000.0,
            "0.98",
            "11,398 more failures would spend the budget; at the rate of the last hour they last longer than the "
            "window",
        ),
    ],
)
def test_it_is_said_how_long_the_rest_of_the_budget_lasts(
    past: Past, job: str, window: float, target: str, note: str
) -> None:
    condition = ErrorBudget(indicator(job), Decimal(target))
    result = past.check(QualityGate("budget", job, condition, window))
    assert (result.verdict, result.notes) == (Verdict.PASS, (note,))


@pytest.mark.e2e
def test_a_budget_of_which_nothing_is_spent_has_no_outlook(past: Past) -> None:
    result = past.check(QualityGate("budget", "flawless", ErrorBudget(indicator("flawless"), Decimal("0.99")), 3000.0))
    assert (result.verdict, result.notes) == (Verdict.PASS, ())
