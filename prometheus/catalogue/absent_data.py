"""Nobody can see how a service is."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Signal, Unit


def absent_data(limit: Decimal = Decimal("0.33")) -> AnomalyType:
    """The type; the limit is the one that is shipped, unless there is another."""
    lost = "service:data_lost:ratio"
    return AnomalyType(
        name="absent_data",
        alert="AbsentData",
        limit=limit,
        unit=Unit.RATIO,
        guard="a target scraped for at least a minute, or data 5 minutes ago",
        hold=30,
        keep_firing_for=60,
        summary="nobody can see how {{ $labels.service }} is",
        description=(
            "{{ACTUAL}} of what {{ $labels.service }} should tell of itself is missing; {{THRESHOLD}} is the limit. "
            "As long as all of it is, no other alert of this service says anything."
        ),
        recommendation=(
            "Check whether the service runs and its metrics endpoint answers; then the scrape job and the network "
            "between. Until data is back, release nothing, and judge the service from outside."
        ),
        at_limit=absent_data,
        of_service=Signal(
            metric=lost, actual=lost, threshold=f"0 * {lost} + {limit}", score=f"{lost} / {limit}", alive=lost
        ),
    )
