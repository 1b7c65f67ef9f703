"""Requests are answered with 429."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from prometheus.catalogue.kind import AnomalyType, Band, Need, Signal, Unit, share_above


def rate_limit_storm(limit: Decimal = Decimal("0.05")) -> AnomalyType:
    """The type; the limit is the one that is shipped, unless there is another."""
    least = 10
    return AnomalyType(
        name="rate_limit_storm",
        alert="RateLimitStorm",
        limit=limit,
        unit=Unit.RATIO,
        guard=f"at least {least} requests answered 429 in the last minute",
        least_bad=least,
        hold=20,
        keep_firing_for=120,
        summary="{{ $labels.service }} is being rate-limited",
        description=(
            "{{ACTUAL}} of the requests {{ if $labels.pool }}through {{ $labels.pool }}{{ else }}to "
            "{{ $labels.service }}{{ end }} are answered 429; {{THRESHOLD}} is the limit."
        ),
        recommendation=(
            "Slow down: honour Retry-After, back off with jitter, never retry a 429 at once, and shed or cache what "
            "can wait. Then ask for a higher limit, or spread the requests over more members."
        ),
        band=Band("up", floor=Decimal("0.02")),
        explains=("error_spike",),
        needs=Need.THROTTLED,
        at_limit=rate_limit_storm,
        of_pool=share_above("pool:throttled:ratio_rate1m", "pool:requests:rate1m", limit, least),
        of_service=_of_service(limit, least),
    )


def _of_service(limit: Decimal, least: int) -> Signal:
    """Nothing at all where 429 is not counted by itself: unknown is not none."""
    limited = "service:throttled:rate1m"
    share = share_above("service:throttled:ratio_rate1m", "service:requests:rate1m", limit, least)
    return replace(share, threshold=f"0 * {limited} + {limit}", alive=limited)
