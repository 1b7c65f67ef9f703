"""The gate on the latency: enough of the requests in its window took at most so long."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from gates.conditions.judgement import Demand, judge_share
from gates.counting.slowness import slow_requests
from gates.gate import GateResult, Kind, QualityGate
from stack.dataclass import dataclass
from stack.quantity import format_duration

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli


@dataclass(frozen=True)
class Latency:
    """At least `target` (a ratio) of the requests take at most `under` seconds; less than `warn` is worth a warning."""

    sli: Sli
    under: float
    target: Decimal
    warn: Decimal | None = None

    kind = Kind.LATENCY
    is_of_the_window = True

    @property
    def threshold(self) -> float:
        return float(self.target)

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""
        counted = slow_requests(self.sli, self.under, gate.window, instant)
        demand = Demand(self.target, f"took at most {format_duration(self.under)}", self.warn)
        return judge_share(gate, demand, counted, instant.proof(gate.confidence))
