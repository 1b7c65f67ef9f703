"""A Prometheus that has seen one service, or several, of each convention for some hours, as they expose it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.gates.history import History

SINCE = 3 * 3600.0
SHARES = {"0.05": 0.6, "0.1": 0.9, "0.25": 0.995, "0.5": 0.9995, "1": 1.0, "+Inf": 1.0}
HOSTILE = 'a "quote"\nline \\ {x} # yes: ünïcode é'


class Exposition:
    """Writes series of a history as programs expose them."""

    def __init__(self, history: History) -> None:
        self.history = history

    def counter(self, name: str, labels: Mapping[str, str], rate: float) -> None:
        escaped = {label: _escaped(value) for label, value in labels.items()}
        self.history.series(name, escaped, lambda before: round((SINCE + 60 - before) * rate), since=SINCE)

    def requests(self, name: str, where: Mapping[str, str], rate: float, codes: Mapping[str, dict[str, str]]) -> None:
        """`codes` says for each share of the requests what labels it has."""
        for share, labels in codes.items():
            self.counter(name, {**where, **labels}, rate * float(share))

    def histogram(self, name: str, where: Mapping[str, str], rate: float, unit: float = 1.0) -> None:
        for le, share in SHARES.items():
            bound = le if le == "+Inf" else f"{float(le) / unit:g}"
            self.counter(f"{name}_bucket", {**where, "le": bound}, rate * share)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _codes(label: str, good: str = "200", bad: str = "503", **more: str) -> dict[str, dict[str, str]]:
    return {"0.9985": {label: good, **more}, "0.0015": {label: bad, **more}}


def expose_all(history: History) -> None:
    """One service or more of each convention, at 20 requests a second each, 0.15 % of them bad."""
    shown = Exposition(history)
    for job in ("shop", "till", "1e3", "yes"):
        where = {"job": job, "instance": f"{job}:80"}
        shown.requests("http_requests_total", where, 20, _codes("code"))
        shown.histogram("http_request_duration_seconds", where, 20)
        history.series("up", where, lambda before: 1.0, since=SINCE)
    where = {"job": "otel-collector", "service_name": "cart", "instance": "collector:8889"}
    for route in ("/", "/cart"):
        labels = {**where, "http_route": route}
        shown.requests(
            "http_server_request_duration_seconds_count", labels, 10,
            {**_codes("http_response_status_code"), "0.0001": {"error_type": "timeout"}},
        )  # fmt: skip
        shown.histogram("http_server_request_duration_seconds", {**labels, "http_response_status_code": "200"}, 10)
    shown.requests("http_server_duration_milliseconds_count", {"job": "legacy"}, 20, _codes("http_status_code"))
    shown.histogram("http_server_duration_milliseconds", {"job": "legacy"}, 20, 0.001)
    for reporter in ("source", "destination"):
        where = {"job": "istio", "reporter": reporter, "destination_service_name": "reviews"}
        for namespace in ("a", "b"):
            labels = {**where, "destination_service_namespace": namespace}
            shown.requests("istio_requests_total", labels, 10, _codes("response_code"))
            shown.histogram("istio_request_duration_milliseconds", labels, 10, 0.001)
    for cluster in ("backend", "pool_ours"):
        where = {"job": "edge", "envoy_cluster_name": cluster}
        shown.requests("envoy_cluster_upstream_rq_xx", where, 20, _codes("envoy_response_code_class", "2", "5"))
        shown.histogram("envoy_cluster_upstream_rq_time", where, 20, 0.001)
        shown.counter("envoy_cluster_upstream_rq", {**where, "envoy_response_code": "429"}, 2)
    where = {"job": "ingress", "service": "controller-metrics", "exported_service": "web", "ingress": "web"}
    shown.requests("nginx_ingress_controller_requests", where, 20, _codes("status"))
    shown.histogram("nginx_ingress_controller_request_duration_seconds", where, 20)
    shown.counter("nginx_ingress_controller_requests", {"job": "ingress", "service": "controller-metrics"}, 1)
    for service in ("api@docker", "files@docker", "till@docker", "dashboard@internal"):
        shown.requests("traefik_service_requests_total", {"job": "traefik", "service": service}, 20, _codes("code"))
        shown.histogram("traefik_service_request_duration_seconds", {"job": "traefik", "service": service}, 20)
    shown.requests(
        "haproxy_backend_http_responses_total", {"job": "lb", "proxy": "be_app"}, 20, _codes("code", "2xx", "5xx")
    )
    where = {"job": "jvm", "application": "orders"}
    shown.requests("http_server_requests_seconds_count", where, 20, _codes("status", uri="/orders"))
    where = {"job": "fast", "instance": "fast:80"}
    shown.requests("http_requests_total", where, 20, _codes("status", "2xx", "5xx", handler="/"))
    shown.histogram("http_request_duration_highr_seconds", where, 20)
    where = {"job": "envoy", "envoy_http_conn_manager_prefix": "service_front"}
    shown.requests("envoy_http_downstream_rq_xx", where, 20, _codes("envoy_response_code_class", "2", "5"))
    shown.histogram("envoy_http_downstream_rq_time", where, 20, 0.001)
    shown.counter("http_requests_total", {"job": "odd", "status_code": "200"}, 1)
    target = {"job": "blackbox", "instance": "https://shop.example/health?x=1"}
    history.series("probe_success", target, lambda before: float(round(before) % 200 != 0), since=SINCE)
    hostile = {"job": HOSTILE}
    shown.requests("http_requests_total", hostile, 20, _codes("code"))
    shown.histogram("http_request_duration_seconds", hostile, 20)
    shown.counter("http_requests_total", {"code": "200"}, 1)
