"""Random counts, and the shape of latencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from random import Random

BOUNDS = (0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, math.inf)
"""The upper bounds (seconds) of the latency buckets, as prometheus_client has them from 50 ms on."""
ERLANG = 3
MANY = 60.0


def poisson(random: Random, mean: float) -> int:
    """A Poisson count; from MANY on by the normal distribution that it approaches."""
    if mean >= MANY:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count


def bucket_shares(scale: float) -> tuple[float, ...]:
    """The share of latencies that fall into each bucket: a gamma distribution of shape ERLANG and this scale."""
    reached = [0.0, *(_at_most(bound, scale) for bound in BOUNDS)]
    return tuple(later - earlier for earlier, later in pairwise(reached))


@lru_cache(maxsize=4096)
def scale_of(percentile: float) -> float:
    """The scale whose 95th percentile is `percentile` seconds, as histogram_quantile interpolates it in the buckets."""
    low, high = 1e-4, 10.0
    for _ in range(50):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if interpolated(bucket_shares(middle)) < percentile else (low, middle)
    return high


def interpolated(shares: Sequence[float], quantile: float = 0.95) -> float:
    """The quantile of shares in the buckets, as Prometheus reckons it: linear within a bucket."""
    wanted, reached, start = quantile * sum(shares), 0.0, 0.0
    for bound, share in zip(BOUNDS, shares, strict=True):
        if reached + share >= wanted:
            return start if math.isinf(bound) else start + (bound - start) * (wanted - reached) / share
        reached, start = reached + share, bound
    return start


def _at_most(bound: float, scale: float) -> float:
    """The distribution function of an Erlang distribution, which is a gamma distribution of whole shape."""
    if math.isinf(bound):
        return 1.0
    x = bound / scale
    return 1.0 - math.exp(-x) * sum(x**k / math.factorial(k) for k in range(ERLANG))
