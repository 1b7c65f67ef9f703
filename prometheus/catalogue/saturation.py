"""Something is nearly full."""

from __future__ import annotations

from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Need, Signal, Unit

HIGHEST_SCORE = 10

# Each half of the past ten minutes, by its own trend, ends in 100 % five minutes from now: a leak does that, a single
# step does not, wherever it lies. (Of a range with an offset predict_linear reckons from now in Prometheus, and from
# the range's end in VictoriaMetrics; deriv is the same in both.)
_FILLING = (
    "predict_linear({full}[5m], 300) >= 1 and {full} offset 5m + 600 * deriv({full}[5m] offset 5m) >= 1 "
    "and {full} offset 10m"
)


def saturation(limit: Decimal = Decimal("0.8")) -> AnomalyType:
    """The type; the limit is the one that is shipped, unless there is another.

    A ratio cannot be three times 80 %. So the score is how much nearer than the limit it is to full: 1 at 80 %, 1.5 at
    86.7 %, 2 at 90 %, 3 at 93.3 %, and at most 10.
    """
    return AnomalyType(
        name="saturation",
        alert="Saturation",
        limit=limit,
        unit=Unit.RATIO,
        guard="anything in use; a prediction, from 10 minutes on",
        hold=30,
        keep_firing_for=120,
        summary="{{ if $labels.pool }}{{ $labels.pool }}{{ else }}{{ $labels.service }}{{ end }} is nearly full",
        description=(
            "{{ACTUAL}} of what {{ if $labels.pool }}the pool {{ $labels.pool }}{{ else }}{{ $labels.service }}"
            "{{ end }} can take at once is in use; {{THRESHOLD}} is the limit. What fires below the limit will be full "
            "within 5 minutes if it goes on like this."
        ),
        recommendation=(
            "Find out what fills up, and whether it is given back: a leak needs a restart and then a fix, a lack needs "
            "more capacity or a higher limit. Until then shed what can wait, before requests queue and fail."
        ),
        explains=("latency_shift",),
        muted_by_restart=True,
        needs=Need.CAPACITY,
        at_limit=saturation,
        of_pool=_nearness_to_full("pool:saturation:ratio", limit),
        of_service=_nearness_to_full("service:saturation:ratio", limit),
    )


def _nearness_to_full(full: str, limit: Decimal) -> Signal:
    left = 1 - limit
    near = f"{left} / clamp_min(1 - {full}, {left / HIGHEST_SCORE})"
    filling = _FILLING.format(full=full)
    return Signal(
        metric=full,
        actual=full,
        threshold=f"0 * {full} + {limit}",
        score=f"({near}) >= 1 or 0 * ({filling}) + 1 or ({near})",
        alive=full,
    )
