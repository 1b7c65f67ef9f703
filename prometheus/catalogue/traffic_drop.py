"""Hardly any requests come."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Band, Signal, Unit
from stack.quantity import format_percent


def traffic_drop(limit: Decimal = Decimal("0.1")) -> AnomalyType:
    """The type; the limit is the one that is shipped, unless there is another."""
    rate, past = "service:requests:rate1m", "service:requests:past_rate1m"
    threshold = f"{limit} * {past}"
    return AnomalyType(
        name="traffic_drop",
        alert="TrafficDrop",
        limit=limit,
        unit=Unit.REQUESTS_PER_SECOND,
        guard="at least 0.5 requests a second in the past hour, known for 5 minutes of it",
        hold=60,
        keep_firing_for=120,
        summary="{{ $labels.service }} gets hardly any requests",
        description=(
            "{{ $labels.service }} gets {{ACTUAL}}; the limit is {{THRESHOLD}}: "
            f"{format_percent(limit)} of the past hour's mean, or the edge of what is usual if that is nearer."
        ),
        recommendation=(
            "Find where the requests stop: DNS, load balancer, certificate, client release or a broken caller. If the "
            "drop was wanted, such as a switch to another region, silence it until the past hour has forgotten."
        ),
        band=Band("down", floor=Decimal("0.5")),
        muted_by_restart=True,
        at_limit=traffic_drop,
        of_service=Signal(
            metric=rate,
            actual=rate,
            threshold=threshold,
            # How many times fewer than the threshold, up to 10, which stands for none at all. A series that is not a
            # minute old is no drop but a beginning: its rate climbs from nothing.
            score=(
                f"{threshold} / ({rate} > 0.1 * {threshold} or 0.1 * {threshold}) "
                f"and {past} >= 0.5 and {rate} and {rate} offset 1m"
            ),
            alive=rate,
        ),
    )
