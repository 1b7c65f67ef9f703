"""A latency histogram in a window, as Prometheus' clients count it: how many requests took longer than each bound.

At a bound a count is exact; nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from gates.counting.evidence import Evidence
from gates.counting.share import BadShare
from gates.counting.window import Window
from gates.instant import Instant, Reading, UnusableAnswerError
from prometheus.selector import matching
from stack.dataclass import dataclass
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
class Histogram:
    """What the histogram `name` counted in a window: the buckets that every series has, by bound, the last one +Inf.

    None of them without data.
    """

    name: str
    buckets: tuple[Bucket, ...]
    evidence: Evidence

    @property
    def finite(self) -> tuple[Bucket, ...]:
        """The buckets with a finite bound."""
        return tuple(bucket for bucket in self.buckets if bucket.bound < inf)

    def slower(self, below: Bucket, above: Bucket) -> BadShare:
        """The requests that took longer than a time between two bounds, or than one bound when both are the same."""
        everything = self.buckets[-1]
        unseen = everything.unseen - below.unseen if self.evidence.is_complete else 0.0
        return BadShare.of(
            everything.requests,
            everything.requests - above.requests,
            everything.requests - below.requests + max(0.0, unseen),
        )


def histogram(sli: Sli, seconds: float, instant: Instant) -> Histogram:
    """What was counted in the `seconds` before an instant; raises PrometheusError, UnusableAnswerError."""
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
    return Histogram(buckets, tuple(found), window.evidence(reading, found[-1].requests if found else None))


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
