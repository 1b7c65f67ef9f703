"""Latency: a share of the requests waits before it goes on."""

from __future__ import annotations

from chaos.faults.fault import TYPE, Config, Counters, Fault, FaultKind, Leased, fraction, requests


def http_filter(prefix: str) -> Config:
    """The filter that delays, at 0 %."""
    return {
        "name": "latency",
        "typed_config": {
            "@type": f"{TYPE}.http.fault.v3.HTTPFault",
            "delay": {"fixed_delay": "0.001s", "percentage": {"numerator": 0}},  # Envoy refuses a delay of 0 here
            "delay_percent_runtime": f"{prefix}.latency.share",
            "delay_duration_runtime": f"{prefix}.latency.milliseconds",
            "disable_downstream_cluster_stats": True,
        },
    }


def leased(fault: Fault) -> Leased:
    """The runtime values of a latency fault."""
    prefix = fault.stat_prefix
    return {
        f"{prefix}.latency.share": fraction(fault.share),
        f"{prefix}.latency.milliseconds": max(1, round(fault.delay * 1000)),
    }


def hit(counters: Counters, prefix: str) -> int:
    """Requests that were delayed; each counts when its delay begins."""
    return counters.get(f"http.{prefix}.fault.delays_injected", 0)


def under_way(_counters: Counters, _prefix: str) -> int:
    """None: this is the first filter, and those that it delays are counted as delayed."""
    return 0


LATENCY = FaultKind("latency", http_filter, leased, hit, reached=requests, under_way=under_way)
