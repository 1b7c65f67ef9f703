"""What is recorded of every service and pool, as PromQL: the ground that scores, gates and dashboards stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from prometheus.indicators import Family, families
from prometheus.recording.faults import faults
from prometheus.recording.saturation import pool_saturation, service_saturation
from prometheus.recording.targets import targets
from prometheus.rule import Recording
from prometheus.selector import matching, selector
from prometheus.slo import Sli, errors, latency_quantile, requests, throttled
from stack.model import Pool, Stack
from stack.prefix import pool_prefix

MINUTE = 60.0
QUANTILE = "0.95"


def recordings(stack: Stack) -> Iterator[Recording]:
    """Everything that is recorded of the stack, each after what it reads."""
    found = tuple(families(stack.services.values()))
    yield from _of_services(found)
    yield from service_saturation(stack.services.values())
    yield faults(stack)
    for pool in stack.pools.values():
        yield from _of_pool(pool)
        yield pool_saturation(pool)


def of_each(
    record: str,
    found: Iterable[Family],
    write: Callable[[Sli], str | None],
    labels: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Recording]:
    """What `write` makes of each indicator: one rule for all families together, and one for each service by itself."""
    shared = []
    for family in found:
        expr = write(family.sli)
        if expr is None:
            continue
        if family.sli.key is None:
            yield Recording(record, expr, {"service": family.sli.service, **labels})
        else:
            shared.append(expr)
    if shared:
        yield Recording(record, "\nor ".join(shared), dict(labels))


def _of_services(found: tuple[Family, ...]) -> Iterator[Recording]:
    """No ratio without requests: 0/0 would be NaN, and NaN is neither above nor below a limit."""
    rate = "service:requests:rate1m"
    yield from of_each(rate, found, lambda sli: requests(sli, "rate", MINUTE))
    yield from of_each("service:errors:rate1m", found, lambda sli: errors(sli, "rate", MINUTE))
    yield Recording("service:errors:ratio_rate1m", f"service:errors:rate1m / ({rate} > 0)")
    yield from of_each("service:latency:p95_1m", found, lambda sli: latency_quantile(sli, QUANTILE, MINUTE))
    limited = list(of_each("service:throttled:rate1m", found, lambda sli: throttled(sli, "rate", MINUTE)))
    if limited:
        yield from limited
        yield Recording("service:throttled:ratio_rate1m", f"service:throttled:rate1m / ({rate} > 0)")
    yield from targets(found)
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
