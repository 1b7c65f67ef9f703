"""The gate on the latency: enough of the requests in its window took at most so long.

It counts at a bound of the histogram's buckets, where a count is exact, and interpolates nothing: a quantile is wrong
by up to the width of a bucket. Between two bounds the share is a range.
"""

from __future__ import annotations

from decimal import Decimal
from math import isclose
from typing import TYPE_CHECKING

from gates.conditions.judgement import Demand, judge_share
from gates.counting.bursts import in_bursts
from gates.counting.evidence import Doubt
from gates.counting.histogram import Bucket, Histogram, histogram
from gates.counting.share import BadShare, Counted
from gates.gate import GateResult, Kind, QualityGate
from gates.instant import Instant, UnusableAnswerError
from prometheus.selector import matching
from prometheus.slo import bucket
from stack.dataclass import dataclass
from stack.quantity import format_duration

if TYPE_CHECKING:
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


def slow_requests(sli: Sli, under: float, seconds: float, instant: Instant) -> Counted:
    """The requests of more than `under` seconds in the `seconds` before an instant.

    Raises PrometheusError, UnusableAnswerError.
    """
    found = histogram(sli, seconds, instant)
    if not found.buckets:
        return Counted(BadShare(0.0, 0.0, 0.0), found.evidence)
    below, above = _around(found, under)
    counted = Counted(found.slower(below, above), found.evidence, _between(under, below, above))
    everything = matching(found.name, "le", "=", "+Inf")
    return in_bursts(counted, seconds, instant, total=everything, good=bucket(sli, below.bound or above.bound))


def _around(histogram: Histogram, under: float) -> tuple[Bucket, Bucket]:
    """The buckets next below and above `under`, the same one twice when it is a bound."""
    name = histogram.name
    finite = histogram.finite
    if not finite:
        raise UnusableAnswerError(
            f"{name} has no bucket but +Inf; give it one at {format_duration(under)}, and one above"
        )
    if under >= finite[-1].bound or isclose(under, finite[-1].bound):
        limit = format_duration(under)
        raise UnusableAnswerError(
            f"the highest bucket of {name} is {format_duration(finite[-1].bound)}; "
            f"to judge a limit of {limit}, give the histogram a bucket above {limit}"
        )
    below = [found for found in finite if found.bound <= under or isclose(found.bound, under)]
    above = [found for found in finite if found.bound >= under or isclose(found.bound, under)]
    return (below[-1] if below else Bucket(0.0, 0.0, 0.0)), above[0]


def _between(under: float, below: Bucket, above: Bucket) -> Doubt | None:
    if below.bound == above.bound:
        return None
    bounds = f"{format_duration(below.bound)} and {format_duration(above.bound)}"
    return Doubt(
        f"the histogram has no bucket at {format_duration(under)}, only at {bounds}",
        f"Give the histogram a bucket at {format_duration(under)}.",
    )
