"""The types of anomaly: the only source of their thresholds, guards, holds, severities and words.

Rules, alerts, dashboards, reports and docs are generated from it or read it. The PromQL here stands on the recorded
series of prometheus/recordings.py, each with the labels `service` and, for a pool's, `pool`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

from stack.dataclass import dataclass
from stack.model import AnomalySettings

SEVERITIES: Mapping[str, Decimal] = MappingProxyType(
    {"low": Decimal(1), "medium": Decimal("1.5"), "high": Decimal(2), "critical": Decimal(3)}
)
"""The score from which each severity fires; the higher fires in addition to the lower."""


class Unit(Enum):
    """What a threshold counts, and the template function that writes it for people."""

    SECONDS = "humanizeDuration"
    RATIO = "humanizePercentage"
    REQUESTS_PER_SECOND = 'printf "%.3g/s"'


@dataclass(frozen=True)
class Signal:
    """How one type is seen in one kind of thing (a service or a pool), as PromQL.

    `alive` has a value wherever the thing is observed at all: only there is a score, 0 if nothing else is known.
    `score` has a value only where enough was observed to judge. No expression may ever give NaN or an infinity.
    """

    metric: str
    actual: str
    threshold: str
    score: str
    alive: str


@dataclass(frozen=True)
class AnomalyType:
    """One type of anomaly; `hold` and `keep_firing_for` in seconds.

    Where it is a share of requests, it is judged from `least_requests` and `least_bad` of them in the last minute on.
    """

    name: str
    alert: str
    limit: Decimal
    unit: Unit
    guard: str
    hold: float
    keep_firing_for: float
    summary: str
    description: str
    recommendation: str
    of_service: Signal | None = None
    of_pool: Signal | None = None
    least_requests: int = 0
    least_bad: int = 0

    def adjusted(self, settings: AnomalySettings) -> AnomalyType:
        """The type with the stack's own holds, where it has some."""
        return replace(
            self,
            hold=self.hold if settings.hold is None else settings.hold,
            keep_firing_for=self.keep_firing_for if settings.keep_firing_for is None else settings.keep_firing_for,
        )


def _share_above(metric: str, requests: str, limit: Decimal, at_least: int) -> Signal:
    """A share of the requests of the last minute that reaches `limit`, once it is `at_least` so many requests."""
    return Signal(
        metric=metric,
        actual=metric,
        threshold=f"0 * {requests} + {limit}",
        score=f"{metric} / {limit} and {metric} * {requests} * 60 >= {at_least}",
        alive=requests,
    )


def _latency_shift() -> AnomalyType:
    limit, least = Decimal("0.5"), 20
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
        of_service=Signal(
            metric="service:latency:p95_1m",
            actual="service:latency:p95_1m",
            threshold=f"0 * service:requests:rate1m + {limit}",
            score=f"service:latency:p95_1m / {limit} and service:requests:rate1m * 60 >= {least}",
            alive="service:requests:rate1m",
        ),
    )


def _error_spike() -> AnomalyType:
    limit, least = Decimal("0.01"), 5
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
        description="{{ACTUAL}} of the requests to {{ $labels.service }} fail with a 5xx; {{THRESHOLD}} is the limit.",
        recommendation=(
            "Look whether upstream_failure or rate_limit_storm fires too: then the cause lies there. Otherwise roll "
            "back the last change of the service, and stop further releases until the error rate is back."
        ),
        of_service=_share_above("service:errors:ratio_rate1m", "service:requests:rate1m", limit, least),
    )


def _upstream_failure() -> AnomalyType:
    limit, least = Decimal("0.05"), 5
    failing = _share_above("pool:errors:ratio_rate1m", "pool:requests:rate1m", limit, least)
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
        of_pool=Signal(
            metric=failing.metric,
            actual=f"{failing.metric} or 0 * (pool:members:healthy == 0) + 1",
            threshold=f"0 * (pool:requests:rate1m or pool:members:healthy) + {limit}",
            # Without a healthy member it is critical, however few requests there are to prove it.
            score=f"({failing.score}) >= {worst} or 0 * (pool:members:healthy == 0) + {worst} or ({failing.score})",
            alive="(pool:requests:rate1m or pool:members:healthy)",
        ),
    )


def _rate_limit_storm() -> AnomalyType:
    limit, least = Decimal("0.05"), 10
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
        of_pool=_share_above("pool:throttled:ratio_rate1m", "pool:requests:rate1m", limit, least),
        of_service=_share_above("service:throttled:ratio_rate1m", "service:requests:rate1m", limit, least),
    )


def _traffic_drop() -> AnomalyType:
    limit = Decimal("0.1")
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
        description="{{ $labels.service }} gets {{ACTUAL}}; {{THRESHOLD}}, 10% of the past hour's mean, is the limit.",
        recommendation=(
            "Find where the requests stop: DNS, load balancer, certificate, client release or a broken caller. If the "
            "drop was wanted, such as a switch to another region, silence it until the past hour has forgotten."
        ),
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


def _absent_data() -> AnomalyType:
    limit = Decimal("0.33")
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
        of_service=Signal(
            metric=lost, actual=lost, threshold=f"0 * {lost} + {limit}", score=f"{lost} / {limit}", alive=lost
        ),
    )


CATALOGUE: Mapping[str, AnomalyType] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            _latency_shift(),
            _error_spike(),
            _upstream_failure(),
            _rate_limit_storm(),
            _traffic_drop(),
            _absent_data(),
        )
    }
)
"""Every type by its name."""
