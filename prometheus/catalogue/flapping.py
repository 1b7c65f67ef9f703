"""It comes and goes."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Need, Signal, Unit


def flapping(limit: Decimal = Decimal(4)) -> AnomalyType:
    """The type; the limit is the one that is shipped, unless there is another."""
    changes = "service:flaps:changes10m"
    return AnomalyType(
        name="flapping",
        alert="Flapping",
        limit=limit,
        unit=Unit.CHANGES,
        guard="a target in the service's scrape job",
        hold=0,
        keep_firing_for=600,
        summary="{{ $labels.service }} comes and goes",
        description=(
            "{{ACTUAL}} in 10 minutes: a target of {{ $labels.service }} goes and comes back, or starts again. "
            "{{THRESHOLD}} is the limit."
        ),
        recommendation=(
            "Read why the last process ended: exit code, out of memory, a failing health check. Roll back the last "
            "change; if only one instance does it, take it out of rotation. Do not let restarts hide it: each loses "
            "requests."
        ),
        explains=("error_spike", "latency_shift", "traffic_drop"),
        needs=Need.TARGETS,
        at_limit=flapping,
        of_service=Signal(
            metric=changes,
            actual=changes,
            threshold=f"0 * {changes} + {limit}",
            score=f"{changes} / {limit}",
            alive=changes,
        ),
    )
