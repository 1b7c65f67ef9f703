"""The gate on the error budget: the objective's window has not spent all the failures that it allows.

The budget is accounted, not estimated: it counts the requests of the whole window, each the same. Where the history is
shorter than the window, nothing passes; the budget is overspent only when it would be even if the rest of the window
had been flawless at the same rate of requests.
"""

from __future__ import annotations

from math import inf

from gates.evidence import Doubt, Evidence
from gates.gate import GateResult, QualityGate, Verdict
from gates.instant import Instant
from gates.judgement import undecided
from gates.share import BadShare, failed_requests
from gates.wording import count, percent
from stack.quantity import format_duration


def check(gate: QualityGate, instant: Instant) -> GateResult:
    """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""
    share, evidence = failed_requests(gate.sli, gate.window, instant)
    return judge_budget(gate, share, evidence)


def judge_budget(gate: QualityGate, share: BadShare, evidence: Evidence) -> GateResult:
    """The verdict on what is left of the budget: passes at 0 or more of it, as a share of the whole."""
    budget = gate.allowed * share.requests
    doubts = evidence.doubts()
    if budget == 0:
        return undecided(gate, evidence, doubts)
    if budget < 1:
        doubts.append(_no_whole_request(gate, share))
    most_bad, fewest_bad = share.most[0], share.fewest[0]
    full_budget = budget / evidence.coverage if evidence.coverage else inf
    window, notes = format_duration(gate.window), evidence.notes()
    if fewest_bad > full_budget >= 1:
        verdict = Verdict.FAIL
        reason = f"the error budget of {window} is overspent: {_spent(share, full_budget)}"
        if not evidence.is_complete:
            reason += f" even if the {percent(1 - evidence.coverage)} of it without history had been flawless"
        notes += tuple(doubt.reason for doubt in doubts)
        advice = "Release nothing but what makes the service more reliable, until old failures leave the window."
    elif doubts:
        verdict = Verdict.UNDECIDED
        reason = f"{'; '.join(doubt.reason for doubt in doubts)} (so far {_spent(share, budget)})"
        advice = doubts[0].advice
    elif most_bad <= budget:
        verdict, advice = Verdict.PASS, ""
        reason = (
            f"{percent(1 - share.high / budget, 0)} of the error budget of {window} is left: {_spent(share, budget)}"
        )
    else:
        verdict = Verdict.UNDECIDED
        reason = f"the error budget of {window} is all but spent: {_spent(share, budget)}"
        advice = (
            "Check again when the series that are new are older than the window, or when old failures have left it."
        )
    return GateResult(
        gate=gate.name,
        service=gate.service,
        verdict=verdict,
        required=gate.required,
        window=gate.window,
        threshold=gate.threshold,
        reason=reason,
        advice=advice,
        actual=1 - share.high / budget,
        interval=(1 - share.high / budget, 1 - share.low / budget),
        requests=share.requests,
        bad=(share.low, share.high),
        coverage=evidence.coverage,
        notes=notes,
    )


def _spent(share: BadShare, budget: float) -> str:
    low, high = count(round(share.low)), count(round(share.high))
    bad = high if low == high else f"{low} to {high}"
    return f"{bad} of {count(share.requests)} requests failed, where {count(budget)} may"


def _no_whole_request(gate: QualityGate, share: BadShare) -> Doubt:
    return Doubt(
        f"{count(share.requests)} requests are so few that the budget is less than one of them",
        f"It takes {count(1 / gate.allowed)} requests to have a budget; wait for more traffic.",
    )
