"""The gate on the error budget: the objective's window has not spent more of the failures it allows than it may.

The budget is accounted, not estimated: it counts the requests of the whole window, each the same. Where the history is
shorter than the window (and than `min_coverage` of it, when less will do), nothing passes; too much is spent only when
it would be even if the rest of the window had been flawless at the same rate of requests.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import floor, inf
from typing import TYPE_CHECKING

from gates.conditions.judgement import Finding, concluded, doubtful, undecided
from gates.counting.evidence import Doubt
from gates.counting.failures import failed_requests
from gates.counting.share import BadShare, Counted
from gates.gate import GateResult, Kind, QualityGate, Verdict
from gates.wording import count, percent, span
from prometheus.slo import errors, requests
from stack.dataclass import dataclass
from stack.quantity import format_duration, format_percent

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli

_RECENT = 3600.0  # seconds that say how fast the budget is spent now


@dataclass(frozen=True)
class ErrorBudget:
    """Of the failures that `target` (a ratio) allows in the gate's window, at least `left` (a ratio) are left.

    Less than `warn` is worth a warning. Passes on a history of `min_coverage` of the window.
    """

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
        counted = failed_requests(self.sli, gate.window, instant)
        result = judge_budget(gate, self, counted)
        if result.verdict not in (Verdict.PASS, Verdict.WARN) or not counted.share.high:
            return result
        return replace(result, notes=(*result.notes, self._outlook(gate, counted.share, instant)))

    def _outlook(self, gate: QualityGate, share: BadShare, instant: Instant) -> str:
        """How many failures are left to spend, and how long they last at the rate of the last hour."""
        reading = instant.ask(
            {
                "requests of the last hour": requests(self.sli, "increase", _RECENT),
                "failures of the last hour": errors(self.sli, "increase", _RECENT),
            }
        )
        failures = reading.count("failures of the last hour") or 0.0
        left = max(0.0, self.allowed * share.requests - share.high)
        outlook = f"{count(floor(left))} more failures would spend the budget"
        if not failures:
            return f"{outlook}, and none came in the last hour"
        lasts = left / failures * _RECENT
        if lasts > gate.window:
            return f"{outlook}; at the rate of the last hour they last longer than the window"
        return f"{outlook}; at the rate of the last hour they last {span(lasts)}"


def judge_budget(gate: QualityGate, demand: ErrorBudget, counted: Counted) -> GateResult:
    """The verdict on what is left of the budget, as a share of the whole."""
    share, evidence = counted.share, counted.evidence
    budget = demand.allowed * share.requests
    if budget == 0:
        return undecided(gate, evidence, evidence.doubts())
    left = (1 - share.high / budget, 1 - share.low / budget)
    finding = _judged(gate, demand, counted, budget)
    interval = None if finding.verdict is Verdict.UNDECIDED else left
    result = concluded(gate, counted, finding, actual=left[0], interval=interval)
    if finding.verdict in (Verdict.PASS, Verdict.WARN) and not evidence.is_complete:
        note = f"judged by the {percent(evidence.coverage)} of the {format_duration(gate.window)} that has history"
        return replace(result, notes=(*result.notes, note))
    return result


def _judged(gate: QualityGate, demand: ErrorBudget, counted: Counted, budget: float) -> Finding:
    share, evidence = counted.share, counted.evidence
    doubts = evidence.doubts(float(demand.min_coverage)) + ([_no_whole_request(demand, share)] if budget < 1 else [])
    full_budget = budget / evidence.coverage if evidence.coverage else inf
    if full_budget >= 1 and share.fewest[0] > _to_spend(full_budget, demand.left):
        reason = _state(gate, demand, share, full_budget)
        if not evidence.is_complete:
            reason += f", even if the {percent(1 - evidence.coverage)} of it without history had been flawless"
        return Finding(
            Verdict.FAIL,
            reason,
            "Release nothing but what makes the service more reliable, until old failures leave the window.",
        )
    if doubts:
        return doubtful(doubts, f"so far {_spent(share, budget)}")
    if share.most[0] > _to_spend(budget, demand.left):
        window, spent = format_duration(gate.window), _spent(share, budget)
        return Finding(
            Verdict.UNDECIDED,
            f"the error budget of {window} is all but spent: {spent}{_due(demand)}",
            "Check again when old failures have left the window, or when new series are older than it.",
        )
    reason = _state(gate, demand, share, budget)
    if demand.warn is None or share.most[0] <= _to_spend(budget, demand.warn):
        return Finding(Verdict.PASS, reason)
    return Finding(
        Verdict.WARN,
        f"{reason}, and less than {format_percent(demand.warn)} is worth a warning",
        "Release with care: little may fail until old failures have left the window.",
    )


def _to_spend(budget: float, left: Decimal) -> float:
    """How many failures may happen when `left` of the budget is to remain."""
    return budget * float(1 - left)


def _state(gate: QualityGate, demand: ErrorBudget, share: BadShare, budget: float) -> str:
    """What is left of the budget, and what is due."""
    window, spent = format_duration(gate.window), _spent(share, budget)
    if share.fewest[0] > budget:
        return f"the error budget of {window} is overspent: {spent}{_due(demand)}"
    left = percent(max(0.0, 1 - share.high / budget), demand.threshold)
    return f"{left} of the error budget of {window} is left: {spent}{_due(demand)}"


def _due(demand: ErrorBudget) -> str:
    return f"; at least {format_percent(demand.left)} of it is due" if demand.left else ""


def _spent(share: BadShare, budget: float) -> str:
    low, high = count(round(share.low)), count(round(share.high))
    bad = high if low == high else f"{low} to {high}"
    return f"{bad} of {count(share.requests)} requests failed, where {count(budget)} may"


def _no_whole_request(demand: ErrorBudget, share: BadShare) -> Doubt:
    return Doubt(
        f"{count(share.requests)} requests are so few that the budget is less than one of them",
        f"It takes {count(1 / demand.allowed)} requests to have a budget; wait for more traffic.",
    )
