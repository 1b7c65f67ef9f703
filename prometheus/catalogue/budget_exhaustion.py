"""The error budget will be gone long before its window is over."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Signal, Unit


def budget_exhaustion() -> AnomalyType:
    """The type, as it is shipped; its limit is that of a window of 30 days, in others a tenth of the window."""
    seconds = "service:error_budget_exhaustion:seconds"
    return AnomalyType(
        name="budget_exhaustion",
        alert="BudgetExhaustion",
        limit=Decimal(3 * 86400),
        unit=Unit.SECONDS,
        guard="at least 5 bad requests in the past 6 hours, an hour of them known, and the past half hour burns too",
        hold=300,
        keep_firing_for=900,
        summary="{{ $labels.service }} will have spent its error budget soon",
        description=(
            "At the pace of the past 6 hours, an error budget of {{ $labels.service }} is gone in {{ACTUAL}}; "
            "{{THRESHOLD}}, a tenth of its window, is the limit."
        ),
        recommendation=(
            "Find the errors that come steadily, too few for the other alerts, and repair them before anything else is "
            "released. If they are nobody's loss, the objective or what it counts as bad is wrong: change that."
        ),
        of_service=Signal(
            metric=seconds,
            actual=seconds,
            threshold="min by (service) (slo:window:seconds) / 10",
            score="service:error_budget_exhaustion:score",
            alive="service:error_budget_remaining:ratio",
        ),
    )
