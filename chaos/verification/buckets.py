"""The delay that brings an estimated percentile to a wanted value: it can only come to lie within a bucket."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from math import log

from prometheus.recording.recordings import QUANTILE

INTO_BUCKET = 0.4  # of its width: the answer's own time comes on top of the delay, and must not leave the bucket


@dataclass(frozen=True)
class Delay:
    """Seconds by which every answer is delayed, and where the 95th percentile will then be estimated."""

    seconds: float
    estimate: float


def delay_for(wanted: float, threshold: float, bounds: Collection[float]) -> Delay | None:
    """The delay whose estimated percentile is nearest to `wanted`, on the same side of `threshold`; None without one.

    When all answers lie in one bucket, `histogram_quantile` puts the percentile at 95 % of the bucket's width.
    """
    found = []
    for low, high in pairwise(sorted({0.0, *bounds})):
        delay = Delay(low + INTO_BUCKET * (high - low), low + float(QUANTILE) * (high - low))
        if (delay.estimate >= threshold) == (wanted >= threshold):
            found.append(delay)
    return min(found, key=lambda delay: abs(log(delay.estimate / wanted)), default=None)
