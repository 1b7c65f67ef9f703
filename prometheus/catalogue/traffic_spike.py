"""Far more requests come than before."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Band, Signal, Unit


def traffic_spike(limit: Decimal = Decimal(3)) -> AnomalyType:
    """The type; the limit, in times the past hour's mean, is the one that is shipped, unless there is another."""
    rate, past = "service:requests:rate1m", "service:requests:past_rate1m"
    return AnomalyType(
        name="traffic_spike",
        alert="TrafficSpike",
        limit=limit,
        unit=Unit.REQUESTS_PER_SECOND,
        guard="at least 0.5 requests a second in the past hour, known for 5 minutes of it",
        hold=60,
        keep_firing_for=120,
        summary="{{ $labels.service }} gets far more requests than before",
        description=(
            "{{ $labels.service }} gets {{ACTUAL}}; the limit is {{THRESHOLD}}: "
            f"{limit} times the past hour's mean, or the edge of what is usual if that is nearer."
        ),
        recommendation=(
            "Find out who asks: users, one client, a crawler, or callers that try again. Users are welcome: add "
            "capacity before saturation fires. What is not wanted, limit or block at the edge, and give retries a "
            "budget."
        ),
        band=Band("up", floor=Decimal("0.5"), share=Decimal(1)),
        explains=("saturation", "rate_limit_storm"),
        muted_by_restart=True,
        at_limit=traffic_spike,
        of_service=Signal(
            metric=rate,
            actual=rate,
            threshold=f"{limit} * {past}",
            score=f"{rate} / ({limit} * {past}) and {past} >= 0.5",
            alive=rate,
        ),
    )
