"""What a promtool unit test is made of.

Samples come every 5 s (15 s in the long ones) and every look is between two of them, so that it does not matter
whether a range includes its left end (before Prometheus 3) or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus.catalogue import CATALOGUE, SEVERITIES

SERVICE = 'http_requests_total{job="storefront",code="%s"}'
BUCKET = 'http_request_duration_seconds_bucket{job="storefront",le="%s"}'
FRONT = (
    'envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="pool_vendor-proxies",envoy_response_code_class="%s"}'
)
GIVEN_UP = 'envoy_http_downstream_rq_rx_reset{envoy_http_conn_manager_prefix="pool_vendor-proxies"}'
LIMITED = 'envoy_cluster_upstream_rq{envoy_cluster_name="pool_vendor-proxies",envoy_response_code="429"}'
POOL_BUCKET = 'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="pool_vendor-proxies",le="%s"}'
HEALTHY = 'envoy_cluster_membership_healthy{envoy_cluster_name="pool_vendor-proxies"}'
UP = 'up{job="storefront",instance="%d"}'

FIRING = 'count by (alertname, severity) (ALERTS{alertstate="firing"})'
ALL_FINITE = 'abs(sum({__name__=~"(service|pool|anomaly|slo):.+"})) < bool 1e12'
LADDER = tuple(SEVERITIES)

Case = dict[str, Any]


def counter(*phases: tuple[float, int], step: float = 5, start: float = 0) -> str:
    """A counter that grows at each rate (per second) for so many samples."""
    parts, value = [], start
    for number, (rate, samples) in enumerate(phases):
        count = samples - (number == 0)
        parts.append(f"{value:g}+{rate * step:g}x{count}")
        value += rate * step * (count + 1)
    return " ".join(parts)


def histogram(pattern: str, rate: float, bounds: Iterable[str], within: str, samples: int = 40) -> dict[str, str]:
    """Buckets of a histogram all of whose values lie in the bucket `within`."""
    series, reached = {}, False
    for bound in bounds:
        reached = reached or bound == within
        series[pattern % bound] = counter((rate if reached else 0, samples))
    return series


def case(
    name: str, series: dict[str, str], *looks: dict[str, Any], step: str = "5s", alerts: Iterable[Case] = ()
) -> Case:
    made: Case = {
        "name": name,
        "interval": step,
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
    }
    if looks:
        made["promql_expr_test"] = list(looks)
    if alerts:
        made["alert_rule_test"] = list(alerts)
    return made


def look(expr: str, at: str, samples: dict[str, float]) -> dict[str, Any]:
    return {
        "expr": expr,
        "eval_time": at,
        "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
    }


def firing(at: str, alert: str = "", up_to: str = "") -> dict[str, Any]:
    """Exactly the severities of `alert` up to `up_to` fire; nothing when it is empty."""
    levels = LADDER[: LADDER.index(up_to) + 1] if up_to else ()
    return look(FIRING, at, {f'{{alertname="{alert}", severity="{severity}"}}': 1 for severity in levels})


def score(kind: str, at: str, value: float | None) -> dict[str, Any]:
    pool = 'pool="vendor-proxies", ' if CATALOGUE[kind].of_pool else ""
    samples = {} if value is None else {f'{{anomaly_type="{kind}", {pool}service="storefront"}}': value}
    return look(f'round(anomaly:score{{anomaly_type="{kind}"}}, 0.01)', at, samples)


def finite(at: str, value: int | None = 1) -> dict[str, Any]:
    return look(ALL_FINITE, at, {} if value is None else {"{}": value})
