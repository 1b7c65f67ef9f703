"""What would settle it: requests, and the time until they have come."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gates.conditions.judgement import Demand, judge_share
from gates.conditions.settling import settling
from gates.counting.share import BadShare, Counted
from gates.gate import GateResult, Verdict
from gates.proof import ManyLooks, OneLook, Proof
from tests.gates.cases import GATE, SOUND

WHILE_WAITING = ManyLooks()


def judged(
    share: BadShare, proof: Proof = WHILE_WAITING, *, target: str = "0.995", warn: Decimal | None = None
) -> GateResult:
    return judge_share(GATE, Demand(Decimal(target), "succeeded", warn), Counted(share, SOUND), proof)


def test_who_waits_hears_how_long_it_still_takes() -> None:
    result = judged(BadShare.of(412, 0, 0), target="0.999")
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.UNDECIDED,
        "100% of 412 requests succeeded in 10m; at least 99.9% is due, and so few requests prove neither that it is "
        "reached nor that it is missed",
        "About 4,742 requests like these settle it; at 0.69 a second that is 106m more.",
    )
    assert (result.needed, result.needed_seconds) == (4742, pytest.approx((4742 - 412) / 412 * 600))


def test_who_looks_once_hears_of_both_ways() -> None:
    result = judged(BadShare.of(412, 0, 0), OneLook(), target="0.999")
    assert result.advice == (
        "About 2,995 requests like these settle it: judge a window of 73m, or look on with --wait, which takes about "
        "4,742 and, at 0.69 a second, 106m more."
    )
    assert (result.needed, result.needed_seconds) == (2995, pytest.approx((2995 - 412) / 412 * 600))


def test_waiting_for_days_is_no_advice() -> None:
    result = judged(BadShare.of(412, 0, 0), OneLook(), target="0.99999")
    assert result.advice == "About 299,572 requests like these settle it: judge a window of 6d."


def test_when_no_window_is_long_enough_more_requests_are_due() -> None:
    result = judged(BadShare.of(2, 0, 0), OneLook(), target="0.99999")
    assert result.advice == "About 299,572 requests like these settle it: send more."


def test_busy_services_are_told_whole_numbers_a_second() -> None:
    result = judged(BadShare.of(60_000, 270, 270))
    assert result.advice == "About 255,690 requests like these settle it; at 100 a second that is 33m more."


def test_failures_in_bursts_take_so_many_more_requests() -> None:
    alone, together = judged(BadShare.of(412, 0, 0)), judged(BadShare.of(412, 0, 0, 10.0))
    assert (alone.needed, together.needed) == (947, 9470)


def test_a_settled_question_needs_nothing() -> None:
    for bad in (0, 600):
        result = judged(BadShare.of(6000, bad, bad))
        assert (result.needed, result.needed_seconds) == (None, None)


def test_less_than_is_worth_a_warning_warns_when_that_is_proven() -> None:
    result = judged(BadShare.of(60_000, 120, 120), OneLook(), warn=Decimal("0.999"))
    assert (result.verdict, result.reason, result.advice) == (
        Verdict.WARN,
        "99.8% of 60,000 requests succeeded in 10m; at least 99.5% is due, and less than 99.9% is worth a warning",
        "Find out what fails before more does.",
    )
    assert judged(BadShare.of(60_000, 62, 62), OneLook(), warn=Decimal("0.999")).verdict is Verdict.PASS
    assert judged(BadShare.of(60_000, 600, 600), OneLook(), warn=Decimal("0.999")).verdict is Verdict.FAIL


def test_a_result_says_how_much_the_failures_vary_and_when_nobody_knows() -> None:
    result = judged(BadShare.of(6000, 30, 30, 9.84))
    assert (result.dispersion, result.notes) == (9.84, ())
    assert judged(BadShare.of(6000, 30, 30, None)).notes == (
        "the window is too short, or its history too patchy, to see bursts: each failure counts as one",
    )


@given(
    st.integers(1, 10_000),
    st.floats(0, 0.2),
    st.floats(1, 30),
    st.sampled_from([0.01, 0.005, 0.001]),
    st.sampled_from([OneLook(), ManyLooks()]),
)
def test_what_settles_it_does(requests: int, rate: float, together: float, limit: float, proof: Proof) -> None:
    found = settling(BadShare.of(requests, rate * requests, rate * requests, together), 600.0, limit, proof)
    assume(found is not None)
    assert found.requests > requests / together
    bad = rate * found.requests
    then = BadShare.of(found.requests + together, bad, bad, together)
    slack = 1 + 2 * together / max(bad, 1e-9)
    assert slack > 1.01 or proof.at_most(*then.most, limit * slack) or proof.more_than(*then.fewest, limit / slack)
