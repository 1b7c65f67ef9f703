"""The gate on the success rate: enough of the requests in its window succeeded."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from gates.conditions.judgement import Demand, judge_share
from gates.counting.failures import failed_in_bursts
from gates.gate import GateResult, Kind, QualityGate
from stack.dataclass import dataclass

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli


@dataclass(frozen=True)
class SuccessRate:
    """At least `target` (a ratio) of the requests succeed; less than `warn` of them is worth a warning."""

    sli: Sli
    target: Decimal
    warn: Decimal | None = None

    kind = Kind.SUCCESS_RATE
    is_of_the_window = True

    @property
    def threshold(self) -> float:
        return float(self.target)

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""
        counted = failed_in_bursts(self.sli, gate.window, instant)
        demand = Demand(self.target, "succeeded", self.warn)
        return judge_share(gate, demand, counted, instant.proof(gate.confidence))
