"""Envoy's configuration, generated from the stack: every fault filter is there from the start, and idle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from chaos.clusters import (
    Upstream,
    bindable,
    control_plane_cluster,
    pool_cluster,
    proxy_cluster,
    reachable,
    socket_address,
    tunnel_cluster,
    upstream_cluster,
)
from chaos.faults.fault import Config
from chaos.listeners import member_listener, pool_listener, service_listener
from prometheus.catalogue import CATALOGUE, SEVERITIES
from stack.model import Member, Pool, Stack
from stack.prefix import member_prefix, pool_prefix, service_prefix

LAYER = "chaos"

# Milliseconds; the bounds that the anomaly rules and the dashboards ask for. Those of the objectives come on top, and
# those at which an anomaly by the stack's own limit gets worse.
BUCKETS = (5, 10, 25, 50, 100, 200, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10000)

# The counters that rules, dashboards and the dose read. Envoy has 800 for each listener and its cluster; those that are
# not named here are never created.
_SERIES = (
    r"http\.(service|pool|member)_[^.]+\."
    r"(downstream_rq_(total|active|rx_reset|[1-5]xx|time)"
    r"|fault\.((abort|delay)s_injected|active_faults|faults_overflow))",
    r"cluster\.(service|pool|member)_[^.]+\."
    r"(upstream_rq_(total|active|[1-5]xx|[1-5]\d\d|time|timeout|tx_reset|rx_reset|retry|retry_success"
    r"|retry_overflow|pending_overflow|pending_failure_eject)|upstream_cx_connect_fail"
    r"|membership_(total|healthy)|outlier_detection\.(ejections_active|ejections_enforced_total))",
    r"(service|member)_[^.]+\.http_local_rate_limit\.(enabled|enforced|ok|rate_limited)",
    r"tcp\.(pool|member)_[^.]+\.downstream_cx_total|local_rate_limit\.member_[^.]+\.rate_limited",
    r"runtime\.num_keys|server\.(live|uptime)",
)


def envoy_config(stack: Stack) -> Config:
    """The bootstrap of the stack's Envoy, ready to be written as JSON; raises HqError.

    For each service with a listener and each pool; named as in stack/prefix.py. There is no admin layer in the runtime,
    so that nothing but a lease can set a fault.
    """
    return {
        "node": {"id": "dev-hq", "cluster": "dev-hq"},
        "admin": {"address": socket_address(bindable(stack.envoy.admin))},
        "layered_runtime": {"layers": [{"name": LAYER, "rtds_layer": _leased_layer()}]},
        "static_resources": {"listeners": list(_listeners(stack)), "clusters": list(_clusters(stack))},
        "stats_flush_interval": "1s",  # histograms become visible only then
        "stats_config": _stats(stack),
    }


def write_envoy_config(stack: Stack, path: Path) -> None:
    """Writes the bootstrap where `envoy_command` can read it; raises HqError for a stack that Envoy cannot play."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(envoy_config(stack), indent=2) + "\n")


def envoy_command(program: Path, config: Path) -> list[str | Path]:
    """How Envoy is started: one worker, which is good for 30,000 requests a second, and no shared memory."""
    return [program, "-c", config, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]


def _leased_layer() -> Config:
    """One layer on a state-of-the-world stream of its own.

    The transport matters: only gRPC honours a TTL, and two layers on one such stream crash Envoy 1.40 when they
    expire. tests/chaos/test_conformance.py asks every new version again.
    """
    retry = {"retry_back_off": {"base_interval": "0.1s", "max_interval": "1s"}}  # by default it grows to 30 s
    service = {"envoy_grpc": {"cluster_name": "control_plane", "retry_policy": retry}}
    source = {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [service]}
    return {
        "name": LAYER,
        "rtds_config": {
            "resource_api_version": "V3",
            "initial_fetch_timeout": "1s",  # then Envoy starts without a control plane, and without faults
            "api_config_source": source,
        },
    }


def _listeners(stack: Stack) -> Iterator[Config]:
    for service in stack.services.values():
        if service.listen and service.upstream:
            yield service_listener(service, service.listen, Upstream.of(service.upstream))
    for pool in stack.pools.values():
        yield pool_listener(pool)
        yield from (member_listener(pool, member) for member in pool.members)


def _clusters(stack: Stack) -> Iterator[Config]:
    yield control_plane_cluster("control_plane", reachable(stack.envoy.control_plane))
    for service in stack.services.values():
        if service.listen and service.upstream:
            yield upstream_cluster(service_prefix(service.name), Upstream.of(service.upstream))
    for pool in stack.pools.values():
        yield pool_cluster(pool_prefix(pool.name), pool)
        yield from (_member_cluster(pool, member) for member in pool.members)


def _member_cluster(pool: Pool, member: Member) -> Config:
    name = member_prefix(pool.name, member.number)
    if member.address is None:
        return upstream_cluster(name, Upstream.of(pool.upstream))
    return tunnel_cluster(name, member.address) if pool.tunnels else proxy_cluster(name, member.address)


def _stats(stack: Stack) -> Config:
    bounds = {round(service.latency.under * 1000, 3) for service in stack.services.values() if service.latency}
    slow = CATALOGUE["latency_shift"].adjusted(stack.anomalies).limit
    bounds |= {round(float(slow * score) * 1000, 3) for score in SEVERITIES.values()}
    return {
        "stats_matcher": {"inclusion_list": {"patterns": [{"safe_regex": {"regex": one}} for one in _SERIES]}},
        "histogram_bucket_settings": [{"match": {"suffix": "rq_time"}, "buckets": sorted({*BUCKETS, *bounds})}],
    }
