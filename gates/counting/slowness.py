"""The slow requests of a window, by the buckets of a histogram.

They are counted at a bound of the buckets, where a count is exact, and nothing is interpolated: a quantile is wrong by
up to the width of a bucket. Between two bounds the share is a range.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose
from typing import TYPE_CHECKING

from gates.counting.bursts import Slices, in_bursts, sized
from gates.counting.evidence import Doubt
from gates.counting.histogram import Bucket, Histogram, histogram
from gates.counting.share import BadShare, Counted
from gates.instant import Instant, UnusableAnswerError
from prometheus.selector import matching
from prometheus.slo import bucket as bucket_at
from stack.quantity import format_duration

if TYPE_CHECKING:
    from prometheus.slo import Sli


def slow_requests(sli: Sli, under: float, seconds: float, instant: Instant) -> Counted:
    """The requests of more than `under` seconds in the `seconds` before an instant, with the size of their bursts.

    Raises PrometheusError, UnusableAnswerError.
    """
    found = histogram(sli, seconds, instant)
    if not found.buckets:
        return Counted(BadShare(0.0, 0.0, 0.0), found.evidence)
    below, above = _around(found, under)
    counted = Counted(found.slower(below, above), found.evidence, _between(under, below, above))
    everything = matching(found.name, "le", "=", "+Inf")
    return in_bursts(counted, seconds, instant, total=everything, good=bucket_at(sli, below.bound or above.bound))


def slower_in_bursts(found: Histogram, sli: Sli, seconds: float, instant: Instant) -> dict[float, BadShare]:
    """The requests that took longer than each finite bound, with the size of their bursts.

    Raises PrometheusError, UnusableAnswerError.
    """
    shares = {bucket.bound: found.slower(bucket, bucket) for bucket in found.finite}
    slices = Slices.of(seconds, instant.scrape_interval)
    if not slices or not any(share.high for share in shares.values()):
        return shares
    everything = "requests in a slice"
    questions = {f"at most {bound:g} s": slices.grown(bucket_at(sli, bound)) for bound in shares}
    total = slices.grown(matching(found.name, "le", "=", "+Inf"))
    counts = instant.ask_over_time({everything: total, **questions}, slices.number, slices.seconds)
    return {
        bound: sized(share, _slices(counts[everything], counts[f"at most {bound:g} s"]))
        for bound, share in shares.items()
    }


def _around(found: Histogram, under: float) -> tuple[Bucket, Bucket]:
    """The buckets next below and above `under`, the same one twice when it is a bound."""
    name, finite = found.name, found.finite
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


def _between(under: float, below: Bucket, above: Bucket) -> Doubt | None:
    if below.bound == above.bound:
        return None
    bounds = " and ".join(format_duration(bucket.bound) for bucket in (below, above) if bucket.bound)
    return Doubt(
        f"the series of the histogram share no bucket at {format_duration(under)}, only at {bounds}",
        f"Give the histogram a bucket at {format_duration(under)}.",
    )


def _slices(everything: Mapping[float, float], fast: Mapping[float, float]) -> list[tuple[float, float]]:
    return [(max(0.0, requests - fast[at]), requests) for at, requests in sorted(everything.items()) if at in fast]
