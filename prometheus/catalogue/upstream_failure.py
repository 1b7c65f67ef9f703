"""Requests through a pool fail."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import SEVERITIES, AnomalyType, Band, Signal, Unit, share_above


def upstream_failure(limit: Decimal = Decimal("0.05")) -> AnomalyType:
    """The type; the limit is the one that is shipped, unless there is another."""
    least = 5
    failing = share_above("pool:errors:ratio_rate1m", "pool:requests:rate1m", limit, least)
    worst = SEVERITIES["critical"]
    return AnomalyType(
        name="upstream_failure",
        alert="UpstreamFailure",
        limit=limit,
        unit=Unit.RATIO,
        guard=f"at least {least} failed requests in the last minute, or no healthy member",
        least_bad=least,
        hold=20,
        keep_firing_for=120,
        summary="{{ $labels.service }} cannot rely on the pool {{ $labels.pool }}",
        description=(
            "{{ACTUAL}} of the requests through {{ $labels.pool }} fail with a 5xx, time out or are given up by "
            "{{ $labels.service }}; {{THRESHOLD}} is the limit. {{HEALTHY}} of its members are in rotation."
        ),
        recommendation=(
            "Take the failing members out of the pool or replace them; check that the service retries on another "
            "member within a budget. If all members fail, suspect what lies behind them, and serve a fallback."
        ),
        band=Band("up", floor=Decimal("0.01")),
        explains=("error_spike", "latency_shift", "saturation"),
        at_limit=upstream_failure,
        of_pool=Signal(
            metric=failing.metric,
            actual=f"{failing.metric} or 0 * (pool:members:healthy == 0) + 1",
            threshold=f"0 * (pool:requests:rate1m or pool:members:healthy) + {limit}",
            # Without a healthy member it is critical, however few requests there are to prove it.
            score=f"({failing.score}) >= {worst} or 0 * (pool:members:healthy == 0) + {worst} or ({failing.score})",
            alive="(pool:requests:rate1m or pool:members:healthy)",
        ),
    )
