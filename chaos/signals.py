"""What an anomaly's rule counts, as raw counters: from them follows the first moment at which it could have fired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from chaos.impact import due_at
from chaos.measurement import Meter, NothingMeasuredError, Objective
from prometheus.catalogue import CATALOGUE, AnomalyType
from prometheus.client import PrometheusClient
from prometheus.indicators import sli_of
from prometheus.recording.recordings import QUANTILE
from prometheus.selector import matching, selector
from prometheus.slo import Sli
from stack.model import AnomalySettings, Pool, Stack
from stack.prefix import pool_prefix


@dataclass(frozen=True)
class CountedSignal:
    """A share of requests in the last minute from which a type of anomaly is scored, once there are enough of them."""

    kind: AnomalyType
    sli: Sli
    objective: Objective

    def due(self, client: PrometheusClient, since: float, injected: float, until: float) -> float | None:
        """When (epoch seconds) it reached its threshold after the injection, or None; raises PrometheusError."""
        try:
            windows = Meter(client, self.sli).windows(self.objective, since, until)
        except NothingMeasuredError:
            return None
        return due_at(
            windows,
            self.objective.budget,
            injected,
            until,
            least_requests=self.kind.least_requests,
            least_bad=self.kind.least_bad,
        )


def signal_of(anomaly_type: str, stack: Stack, target: str) -> CountedSignal | None:
    """The signal of a type for faults on `target`, or None where it is not a share of requests."""
    counted: dict[str, Callable[[], CountedSignal | None]] = {
        "error_spike": lambda: _errors(sli_of(stack.service_of(target)), stack.anomalies),
        "latency_shift": lambda: _latency(sli_of(stack.service_of(target)), stack.anomalies),
        "upstream_failure": lambda: _pool_errors(stack.pools.get(target), stack.anomalies),
        "rate_limit_storm": lambda: _throttled(stack, target),
    }
    return counted[anomaly_type]() if anomaly_type in counted else None


def impact_signals(sli: Sli, settings: AnomalySettings) -> tuple[CountedSignal, ...]:
    """The signals by which the users of a service would have to be heard: errors and latency, wherever counted."""
    errors, latency = _errors(sli, settings), _latency(sli, settings)
    return (errors, latency) if latency else (errors,)


def _errors(sli: Sli, settings: AnomalySettings) -> CountedSignal:
    return _share("error_spike", sli, settings)


def _latency(sli: Sli, settings: AnomalySettings) -> CountedSignal | None:
    """The 95th percentile is above a limit when more than 5 % of the requests are."""
    if sli.buckets is None:
        return None
    kind = CATALOGUE["latency_shift"].adjusted(settings)
    return CountedSignal(kind, sli, Objective(kind.name, float(1 - Decimal(QUANTILE)), float(kind.limit)))


def _pool_errors(pool: Pool | None, settings: AnomalySettings) -> CountedSignal | None:
    """Answers with 5xx and requests that were given up, at the pool's front."""
    if pool is None:
        return None
    answers = selector("", {"envoy_http_conn_manager_prefix": pool_prefix(pool.name)})
    ended = matching(answers, "__name__", "=~", "envoy_http_downstream_rq_xx|envoy_http_downstream_rq_rx_reset")
    bad = matching(ended, "envoy_response_code_class", "=~", "5|")
    return _share("upstream_failure", _counters(pool, ended, bad), settings)


def _throttled(stack: Stack, target: str) -> CountedSignal | None:
    """Answers with 429: those of the pool's members, or those of the service itself."""
    if pool := stack.pools.get(target):
        answers = selector("envoy_http_downstream_rq_xx", {"envoy_http_conn_manager_prefix": pool_prefix(pool.name)})
        limited = selector("envoy_cluster_upstream_rq", {"envoy_cluster_name": pool_prefix(pool.name)})
        sli = _counters(pool, answers, matching(limited, "envoy_response_code", "=", "429"))
    else:
        own = sli_of(stack.services[target])
        if own.throttled is None:
            return None
        sli = replace(own, bad=own.throttled, good=None)
    return _share("rate_limit_storm", sli, stack.anomalies)


def _share(anomaly_type: str, sli: Sli, settings: AnomalySettings) -> CountedSignal:
    """The share of an indicator's bad requests, which is what the type's limit is of."""
    kind = CATALOGUE[anomaly_type].adjusted(settings)
    return CountedSignal(kind, sli, Objective(kind.name, float(kind.limit)))


def _counters(pool: Pool, total: str, bad: str) -> Sli:
    return Sli(pool.used_by, total, bad, good=None, buckets=None, bucket_unit=1.0, throttled=None)
