"""Failure: a share of the requests is aborted with 503 before it reaches the upstream; a tunnel refuses connections."""

from __future__ import annotations

from chaos.faults.fault import TYPE, Config, Counters, Fault, FaultKind, Leased, fraction, requests
from chaos.faults.rate_limit import hit as rate_limited


def http_filter(prefix: str) -> Config:
    """The filter that aborts, at 0 %."""
    return {
        "name": "failure",
        "typed_config": {
            "@type": f"{TYPE}.http.fault.v3.HTTPFault",
            "abort": {"http_status": 503, "percentage": {"numerator": 0}},
            "abort_percent_runtime": f"{prefix}.failure.share",
            "disable_downstream_cluster_stats": True,
        },
    }


def network_filter(prefix: str) -> Config:
    """The filter that closes new connections, off; those that are open live on."""
    return {
        "name": "failure",
        "typed_config": {
            "@type": f"{TYPE}.network.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": prefix,
            "token_bucket": {"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": "3600s"},
            "runtime_enabled": {"default_value": False, "runtime_key": f"{prefix}.failure.connections"},
        },
    }


def leased(fault: Fault) -> Leased:
    """The runtime values of a failure: the first is read by an HTTP listener, the second by a tunnel."""
    prefix = fault.stat_prefix
    return {f"{prefix}.failure.share": fraction(fault.share), f"{prefix}.failure.connections": fault.share == 1}


def hit(counters: Counters, prefix: str) -> int:
    """Requests that were aborted, or connections that were closed."""
    return counters.get(f"http.{prefix}.fault.aborts_injected", 0) + counters.get(_closed(prefix), 0)


def reached(counters: Counters, prefix: str) -> int:
    """Requests that no rate limit, which comes before this filter, had answered; or connections."""
    return (
        requests(counters, prefix)
        - rate_limited(counters, prefix)
        + counters.get(f"tcp.{prefix}.downstream_cx_total", 0)
    )


def _closed(prefix: str) -> str:
    return f"local_rate_limit.{prefix}.rate_limited"


FAILURE = FaultKind("failure", http_filter, leased, hit, reached, network_filter=network_filter)
