"""Requests fail."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Band, Unit, share_above


def error_spike(limit: Decimal = Decimal("0.01")) -> AnomalyType:
    """The type; the limit is the one that is shipped, unless there is another."""
    least = 5
    return AnomalyType(
        name="error_spike",
        alert="ErrorSpike",
        limit=limit,
        unit=Unit.RATIO,
        guard=f"at least {least} errors in the last minute",
        least_bad=least,
        hold=20,
        keep_firing_for=120,
        summary="{{ $labels.service }} fails requests",
        description="{{ACTUAL}} of the requests to {{ $labels.service }} fail; {{THRESHOLD}} is the limit.",
        recommendation=(
            "Look whether upstream_failure or rate_limit_storm fires too: then the cause lies there. Otherwise roll "
            "back the last change of the service, and stop further releases until the error rate is back."
        ),
        band=Band("up", floor=Decimal("0.005")),
        explains=("budget_exhaustion",),
        at_limit=error_spike,
        of_service=share_above("service:errors:ratio_rate1m", "service:requests:rate1m", limit, least),
    )
