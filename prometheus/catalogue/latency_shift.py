"""The slowest requests take too long."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Band, Need, Signal, Unit


def latency_shift(limit: Decimal = Decimal("0.5")) -> AnomalyType:
    """The type; the limit is the one that is shipped, unless there is another."""
    least = 20
    return AnomalyType(
        name="latency_shift",
        alert="LatencyShift",
        limit=limit,
        unit=Unit.SECONDS,
        guard=f"at least {least} requests in the last minute",
        least_requests=least,
        hold=30,
        keep_firing_for=120,
        summary="{{ $labels.service }} answers too slowly",
        description=(
            "The slowest 5% of requests to {{ $labels.service }} take {{ACTUAL}} or more; the limit is {{THRESHOLD}}."
        ),
        recommendation=(
            "Find out what became slow first: the pools it calls, then saturation, then the last change. If a pool is "
            "slow, lower its timeout or take the slow members out; if the service is, roll back or add capacity."
        ),
        band=Band("up", floor=Decimal("0.05")),
        muted_by_restart=True,
        needs=Need.HISTOGRAM,
        at_limit=latency_shift,
        of_service=Signal(
            metric="service:latency:p95_1m",
            actual="service:latency:p95_1m",
            threshold=f"0 * service:requests:rate1m + {limit}",
            score=f"service:latency:p95_1m / {limit} and service:requests:rate1m * 60 >= {least}",
            alive="service:requests:rate1m",
        ),
    )
