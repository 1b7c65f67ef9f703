"""The gate on the error budget: the objective's window has not spent all the failures that it allows.

The budget is accounted, not estimated: it counts the requests of the whole window, each the same. Where the history is
shorter than the window, nothing passes; the budget is overspent only when it would be even if the rest of the window
had been flawless at the same rate of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING

from gates.evidence import Doubt
from gates.gate import GateResult, Kind, QualityGate, Verdict
from gates.judgement import Finding, concluded, doubtful, undecided
from gates.share import BadShare, Counted, failed_requests
from gates.wording import count, percent
from stack.quantity import format_duration

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli


@dataclass(frozen=True)
class ErrorBudget:
    """The failures that `target` (a ratio) allows in the gate's window are not all spent: at least `left` are left."""

    sli: Sli
    target: Decimal
    left: Decimal = Decimal(0)
    min_coverage: Decimal = Decimal("0.95")
    warn: Decimal | None = None

    kind = Kind.ERROR_BUDGET
    is_of_the_window = False

    @property
    def threshold(self) -> float:
        return float(self.left)

    @property
    def allowed(self) -> float:
        """The share of requests that may be bad."""
        return float(1 - self.target)

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""
        return judge_budget(gate, self, failed_requests(self.sli, gate.window, instant))


def judge_budget(gate: QualityGate, demand: ErrorBudget, counted: Counted) -> GateResult:
    """The verdict on what is left of the budget, as a share of the whole."""
    share = counted.share
    budget = demand.allowed * share.requests
    if budget == 0:
        return undecided(gate, counted.evidence, counted.evidence.doubts())
    left = (1 - share.high / budget, 1 - share.low / budget)
    finding = _judged(gate, demand, counted, budget)
    interval = None if finding.verdict is Verdict.UNDECIDED else left
    return concluded(gate, counted, finding, actual=left[0], interval=interval)


def _judged(gate: QualityGate, demand: ErrorBudget, counted: Counted, budget: float) -> Finding:
    share, evidence = counted.share, counted.evidence
    window, spent = format_duration(gate.window), _spent(share, budget)
    doubts = evidence.doubts() + ([_no_whole_request(demand, share)] if budget < 1 else [])
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


def _no_whole_request(demand: ErrorBudget, share: BadShare) -> Doubt:
    return Doubt(
        f"{count(share.requests)} requests are so few that the budget is less than one of them",
        f"It takes {count(1 / demand.allowed)} requests to have a budget; wait for more traffic.",
    )
