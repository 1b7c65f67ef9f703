"""The gate on the latency: enough of the requests in its window took at most so long.

It counts at a bound of the histogram's buckets, where a count is exact, and interpolates nothing: a quantile is wrong
by up to the width of a bucket. Between two bounds the share is a range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from math import inf, isclose
from typing import TYPE_CHECKING

from gates.bursts import in_bursts
from gates.evidence import Doubt, Evidence
from gates.gate import GateResult, Kind, QualityGate
from gates.instant import Instant, Reading, UnusableAnswerError
from gates.judgement import Demand, judge_share
from gates.share import BadShare, Counted
from gates.window import Window
from prometheus.selector import matching
from prometheus.slo import bucket
from stack.quantity import format_duration

if TYPE_CHECKING:
    from prometheus.slo import Sli

_BY_LE = " by (le) "


@dataclass(frozen=True)
class Bucket:
    """The requests of at most `bound` seconds: how many, and how many more before their series was first scraped."""

    bound: float
    requests: float
    unseen: float


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
    buckets = sli.buckets
    assert buckets is not None  # noqa: S101 - who loads a gate on the latency refuses a service without a histogram
    window = Window(matching(buckets, "le", "=", "+Inf"), seconds, instant, sli.job)
    reading = instant.ask(
        {
            "requests in buckets": window.increase(buckets, _BY_LE),
            "requests in buckets before the first scrape": window.unseen(buckets, _BY_LE),
            "series of buckets": f"count{_BY_LE}(last_over_time({buckets}[{format_duration(seconds)}]))",
            **window.questions(),
        }
    )
    found = _buckets(reading, sli.bucket_unit)
    requests = found[-1].requests if found else None
    evidence = window.evidence(reading, requests)
    if not found:
        return Counted(BadShare(0.0, 0.0, 0.0), evidence)
    below, above = _around(found, under, buckets)
    counted = Counted(_slow(found[-1], below, above, evidence), evidence, _between(under, below, above))
    return in_bursts(counted, seconds, instant, total=window.series, good=bucket(sli, below.bound))


def _buckets(reading: Reading, unit: float) -> list[Bucket]:
    """The buckets that every series has, by bound; the last one is +Inf. None of them without data."""
    requests = _by_bound(reading.counts_by("requests in buckets", "le"), unit)
    if not requests:
        return []
    if inf not in requests:
        raise UnusableAnswerError(
            'the histogram has no bucket le="+Inf", so nobody can tell how many requests it counts'
        )
    unseen = _by_bound(reading.counts_by("requests in buckets before the first scrape", "le"), unit)
    series = _by_bound(reading.counts_by("series of buckets", "le"), unit)
    common = sorted(bound for bound in requests if series.get(bound) == series.get(inf))
    buckets = [Bucket(bound, requests[bound], unseen.get(bound, 0.0)) for bound in common]
    for lower, higher in pairwise(buckets):
        if lower.requests > 1.001 * higher.requests + 1:
            raise UnusableAnswerError(
                f"the histogram counts more requests of at most {lower.bound:g} s than of at most {higher.bound:g} s"
            )
    return buckets


def _by_bound(counts: Mapping[str, float], unit: float) -> dict[float, float]:
    """Counts by bound in seconds: "1" and "1.0" are one bound, and clients write both."""
    by_bound: dict[float, float] = {}
    for le, counted in counts.items():
        try:
            bound = float(Decimal(le) * Decimal(str(unit)))
        except InvalidOperation:
            raise UnusableAnswerError(f'the histogram has a bucket le="{le}", which is no number') from None
        by_bound[bound] = by_bound.get(bound, 0.0) + counted
    return by_bound


def _around(buckets: list[Bucket], under: float, name: str) -> tuple[Bucket, Bucket]:
    """The buckets next below and above `under`, the same one twice when it is a bound."""
    finite = [bucket for bucket in buckets if bucket.bound < inf]
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
    below = [bucket for bucket in finite if bucket.bound <= under or isclose(bucket.bound, under)]
    above = [bucket for bucket in finite if bucket.bound >= under or isclose(bucket.bound, under)]
    return (below[-1] if below else Bucket(0.0, 0.0, 0.0)), above[0]


def _slow(everything: Bucket, below: Bucket, above: Bucket, evidence: Evidence) -> BadShare:
    unseen = everything.unseen - below.unseen if evidence.is_complete else 0.0
    return BadShare.of(
        everything.requests,
        everything.requests - above.requests,
        everything.requests - below.requests + max(0.0, unseen),
    )


def _between(under: float, below: Bucket, above: Bucket) -> Doubt | None:
    if below.bound == above.bound:
        return None
    bounds = f"{format_duration(below.bound)} and {format_duration(above.bound)}"
    return Doubt(
        f"the histogram has no bucket at {format_duration(under)}, only at {bounds}",
        f"Give the histogram a bucket at {format_duration(under)}.",
    )
