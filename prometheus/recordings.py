"""What is recorded of every service and pool, as PromQL: the ground that scores, gates and dashboards stand on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from prometheus.selector import matching, selector
from prometheus.slo import errors, latency_quantile, requests, sli_of, throttled
from stack.dataclass import dataclass
from stack.model import Pool, Service, Stack
from stack.prefix import pool_prefix

MINUTE = 60.0
QUANTILE = "0.95"


@dataclass(frozen=True)
class Recording:
    """One recording rule."""

    record: str
    expr: str
    labels: dict[str, str] = field(default_factory=dict)


def recordings(stack: Stack) -> Iterator[Recording]:
    """Everything that is recorded of the stack, each after what it reads; raises HqError for a bad selector."""
    for service in stack.services.values():
        yield from _of_service(service)
    yield from _of_all_services()
    for pool in stack.pools.values():
        yield from _of_pool(pool)


def _of_service(service: Service) -> Iterator[Recording]:
    """No ratio without requests: 0/0 would be NaN, and NaN is neither above nor below a limit."""
    sli, labels = sli_of(service), {"service": service.name}
    rate = f'service:requests:rate1m{{service="{service.name}"}}'
    yield Recording("service:requests:rate1m", requests(sli, "rate", MINUTE), labels)
    yield Recording("service:errors:ratio_rate1m", f"{errors(sli, 'rate', MINUTE)} / on () ({rate} > 0)", labels)
    if latency := latency_quantile(sli, QUANTILE, MINUTE):
        yield Recording("service:latency:p95_1m", latency, labels)
    if limited := throttled(sli, "rate", MINUTE):
        yield Recording("service:throttled:ratio_rate1m", f"{limited} / on () ({rate} > 0)", labels)
    if sli.job:
        # A target that has been scraped for less than a minute is starting, not lost.
        up = selector("up", {"job": sli.job})
        lost = f"1 - avg(avg_over_time({up}[1m]) and {up} offset 1m)"
        yield Recording("service:targets_lost:ratio_1m", lost, labels)


def _of_all_services() -> Iterator[Recording]:
    rate = "service:requests:rate1m"
    past = f"{rate}[50m] offset 10m"
    yield Recording("service:requests:past_rate1m", f"avg_over_time({past}) and {rate} and {rate} offset 15m")
    gone = f"present_over_time({rate}[1h] offset 5m) unless {rate}"
    yield Recording("service:data_lost:ratio", f"({gone}) or service:targets_lost:ratio_1m or 0 * {rate}")


def _of_pool(pool: Pool) -> Iterator[Recording]:
    """From the pool's front in Envoy, whose counters exist from the start.

    A request that the caller gave up on has no answer and no code; only downstream_rq_rx_reset counts it. One that
    the front saved by trying another member is a success.
    """
    name, labels = pool_prefix(pool.name), {"service": pool.used_by, "pool": pool.name}
    front, cluster = {"envoy_http_conn_manager_prefix": name}, {"envoy_cluster_name": name}
    answers = selector("envoy_http_downstream_rq_xx", front)
    failed = matching(answers, "envoy_response_code_class", "=", "5")
    limited = selector("envoy_cluster_upstream_rq", {**cluster, "envoy_response_code": "429"})
    buckets = selector("envoy_cluster_upstream_rq_time_bucket", cluster)
    given_up = f"({_rate(selector('envoy_http_downstream_rq_rx_reset', front))} or 0 * {_rate(answers)})"
    rate = f'pool:requests:rate1m{{pool="{pool.name}"}}'
    yield Recording("pool:requests:rate1m", f"{_rate(answers)} + {given_up}", labels)
    yield Recording(
        "pool:errors:ratio_rate1m",
        f"(({_rate(failed)} or 0 * {_rate(answers)}) + {given_up}) / on () ({rate} > 0)",
        labels,
    )
    yield Recording(
        "pool:throttled:ratio_rate1m", f"({_rate(limited)} or 0 * {_rate(answers)}) / on () ({rate} > 0)", labels
    )
    yield Recording(
        "pool:latency:p95_1m",
        f"(histogram_quantile({QUANTILE}, sum by (le) (rate({buckets}[1m]))) >= 0) * 0.001",
        labels,
    )
    yield Recording("pool:members:healthy", f"max({selector('envoy_cluster_membership_healthy', cluster)})", labels)


def _rate(series: str) -> str:
    return f"sum(rate({series}[1m]))"
