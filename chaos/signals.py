"""What an anomaly's rule counts, as raw counters: from them follows the first moment at which it could have fired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chaos.impact import due_at
from chaos.measurement import Meter, NothingMeasuredError, Objective
from prometheus.catalogue import CATALOGUE
from prometheus.client import PrometheusClient
from prometheus.selector import matching, selector
from prometheus.slo import Sli, sli_of
from stack.model import Pool, Stack


@dataclass(frozen=True)
class CountedSignal:
    """A share of requests in the last minute, and the least number of them, from which a type of anomaly is scored."""

    sli: Sli
    objective: Objective
    least: float

    def due(self, client: PrometheusClient, since: float, injected: float, until: float) -> float | None:
        """When (epoch seconds) it reached its threshold after the injection, or None; raises PrometheusError."""
        try:
            windows = Meter(client, self.sli).windows(self.objective, since, until)
        except NothingMeasuredError:
            return None
        return due_at(windows, self.objective.budget, injected, until, self.least)


def signal_of(anomaly_type: str, stack: Stack, target: str) -> CountedSignal | None:
    """The signal of a type for faults on `target`, or None where it is not a share of requests."""
    counted: dict[str, Callable[[], CountedSignal | None]] = {
        "error_spike": lambda: _errors(sli_of(stack.service_of(target))),
        "latency_shift": lambda: _latency(sli_of(stack.service_of(target))),
        "upstream_failure": lambda: _pool_errors(stack.pools.get(target)),
        "rate_limit_storm": lambda: _throttled(stack, target),
    }
    return counted[anomaly_type]() if anomaly_type in counted else None


def impact_signals(sli: Sli) -> tuple[CountedSignal, ...]:
    """The signals by which the users of a service would have to be heard: errors and latency, wherever counted."""
    latency = _latency(sli)
    return (_errors(sli), latency) if latency else (_errors(sli),)


def _errors(sli: Sli) -> CountedSignal:
    return CountedSignal(sli, Objective("success_rate", float(CATALOGUE["error_spike"].limit)), least=5)


def _latency(sli: Sli) -> CountedSignal | None:
    """The 95th percentile is above a limit when more than 5 % of the requests are."""
    if sli.buckets is None:
        return None
    return CountedSignal(sli, Objective("latency", 0.05, float(CATALOGUE["latency_shift"].limit)), least=1)


def _pool_errors(pool: Pool | None) -> CountedSignal | None:
    """Answers with 5xx and requests that were given up, at the pool's front."""
    if pool is None:
        return None
    answers = selector("", {"envoy_http_conn_manager_prefix": f"pool_{pool.name}"})
    ended = matching(answers, "__name__", "=~", "envoy_http_downstream_rq_xx|envoy_http_downstream_rq_rx_reset")
    bad = matching(ended, "envoy_response_code_class", "=~", "5|")
    return CountedSignal(_counters(pool, ended, bad), _limit("upstream_failure"), least=5)


def _throttled(stack: Stack, target: str) -> CountedSignal | None:
    """Answers with 429: those of the pool's members, or those of the service itself."""
    if pool := stack.pools.get(target):
        answers = selector("envoy_http_downstream_rq_xx", {"envoy_http_conn_manager_prefix": f"pool_{pool.name}"})
        limited = selector("envoy_cluster_upstream_rq", {"envoy_cluster_name": f"pool_{pool.name}"})
        sli = _counters(pool, answers, matching(limited, "envoy_response_code", "=", "429"))
    else:
        own = sli_of(stack.services[target])
        if own.throttled is None:
            return None
        sli = replace(own, bad=own.throttled, good=None)
    return CountedSignal(sli, _limit("rate_limit_storm"), least=10)


def _limit(anomaly_type: str) -> Objective:
    return Objective(anomaly_type, float(CATALOGUE[anomaly_type].limit))


def _counters(pool: Pool, total: str, bad: str) -> Sli:
    return Sli(pool.used_by, total, bad, good=None, buckets=None, bucket_unit=1.0, throttled=None)
