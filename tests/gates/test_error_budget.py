"""The budget is accounted over the whole window of the objective."""

import pytest

from gates.error_budget import judge_budget
from gates.gate import Verdict
from gates.share import BadShare, Counted
from tests.gates.cases import BUDGET, SPENDING, evidence

WHOLE = {"window": 2592000.0, "step": 7200.0, "recent_window": 648000.0}


def judge(requests: float, low: float, high: float | None = None, **changes: object):
    share = BadShare.of(requests, low, low if high is None else high)
    return judge_budget(BUDGET, SPENDING, Counted(share, evidence(**{**WHOLE, "requests": requests, **changes})))


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
