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
from gates.judgement import Finding, concluded, doubtful, undecided
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
    if budget == 0:
        return undecided(gate, evidence, evidence.doubts())
    left = (1 - share.high / budget, 1 - share.low / budget)
    finding = _judged(gate, share, evidence, budget)
    interval = None if finding.verdict is Verdict.UNDECIDED else left
    return concluded(gate, share, evidence, finding, actual=left[0], interval=interval)


def _judged(gate: QualityGate, share: BadShare, evidence: Evidence, budget: float) -> Finding:
    window, spent = format_duration(gate.window), _spent(share, budget)
    doubts = evidence.doubts() + ([_no_whole_request(gate, share)] if budget < 1 else [])
    full_budget = budget / evidence.coverage if evidence.coverage else inf
    if share.fewest[0] > full_budget >= 1:
        reason = f"the error budget of {window} is overspent: {_spent(share, full_budget)}"
        if not evidence.is_complete:
            reason += f", even if the {percent(1 - evidence.coverage)} of it without history had been flawless"
        return Finding(
            Verdict.FAIL,
            reason,
            "Release nothing but what makes the service more reliable, until old failures leave the window.",
        )
    if doubts:
        return doubtful(doubts, f"so far {spent}")
    if share.most[0] <= budget:
        left = percent(1 - share.high / budget, 0)
        return Finding(Verdict.PASS, f"{left} of the error budget of {window} is left: {spent}")
    return Finding(
        Verdict.UNDECIDED,
        f"the error budget of {window} is all but spent: {spent}",
        "Check again when old failures have left the window, or when new series are older than it.",
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
