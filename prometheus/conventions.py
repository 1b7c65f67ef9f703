"""The conventions that presets name, as data: what each of these programs exposes, and where it says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from prometheus.convention import Convention

OF_TARGETS = ("job", "service", "app", "application", "exported_job", "exported_service", "service_name")
"""The labels by which people tell the targets of their own programs; those of the scrape come first."""

_OF_ONE_CODE = "[1-5][0-9][0-9]"

CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        # Prometheus' own client libraries' examples: https://prometheus.io/docs/practices/naming/
        "prometheus-http": Convention(
            total="http_requests_total",
            bad=("code", "=~", "5.."),
            buckets="http_request_duration_seconds_bucket",
            limited=("code", "=", "429"),
            keys=OF_TARGETS,
            told_by=(("code", "!=", ""),),
        ),
        # http.server.request.duration: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
        # A request has a status code if and only if an answer was sent: one without was never answered.
        "opentelemetry": Convention(
            total="http_server_request_duration_seconds_count",
            bad=("http_response_status_code", "=~", "5..|"),
            buckets="http_server_request_duration_seconds_bucket",
            limited=("http_response_status_code", "=", "429"),
            keys=("service_name", *OF_TARGETS[:-1]),
        ),
        # http.server.duration, before the conventions were stable (1.23): in milliseconds, and http.status_code
        "opentelemetry-milliseconds": Convention(
            total="http_server_duration_milliseconds_count",
            bad=("http_status_code", "=~", "5..|"),
            buckets="http_server_duration_milliseconds_bucket",
            bucket_unit=0.001,
            limited=("http_status_code", "=", "429"),
            keys=("service_name", *OF_TARGETS[:-1]),
        ),
        # https://istio.io/latest/docs/reference/config/metrics/: both proxies of a request count it, so that of the
        # service is asked
        "istio": Convention(
            total="istio_requests_total",
            bad=("response_code", "=~", "5.."),
            buckets="istio_request_duration_milliseconds_bucket",
            bucket_unit=0.001,
            limited=("response_code", "=", "429"),
            always=(("reporter", "=", "destination"),),
            keys=("destination_service_name", "destination_canonical_service", "destination_workload"),
            told_by=(("destination_service_name", "!~", "unknown|PassthroughCluster|BlackHoleCluster"),),
        ),
        # https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats
        "envoy-cluster": Convention(
            total="envoy_cluster_upstream_rq_xx",
            bad=("envoy_response_code_class", "=", "5"),
            buckets="envoy_cluster_upstream_rq_time_bucket",
            bucket_unit=0.001,
            limited=("envoy_response_code", "=", "429"),
            limited_in="envoy_cluster_upstream_rq",
            keys=("envoy_cluster_name",),
            told_by=(("envoy_cluster_name", "!~", "(service|pool|member)_.*|control_plane|xds.*|sds-grpc|agent"),),
        ),
        # https://kubernetes.github.io/ingress-nginx/user-guide/monitoring/; with --report-status-classes, status is 5xx
        "ingress-nginx": Convention(
            total="nginx_ingress_controller_requests",
            bad=("status", "=~", "5.."),
            buckets="nginx_ingress_controller_request_duration_seconds_bucket",
            limited=("status", "=", "429"),
            single_codes=("status", "=~", _OF_ONE_CODE),
            keys=("exported_service", "service", "ingress"),
        ),
        # https://doc.traefik.io/traefik/observability/metrics/overview/ (since 2.0; the value is name@provider)
        "traefik": Convention(
            total="traefik_service_requests_total",
            bad=("code", "=~", "5.."),
            buckets="traefik_service_request_duration_seconds_bucket",
            limited=("code", "=", "429"),
            keys=("exported_service", "service"),
            told_by=(("exported_service", "!~", ".+@internal"), ("service", "!~", ".+@internal")),
        ),
        # https://github.com/haproxy/haproxy/blob/master/addons/promex/README (since 2.0): classes, and no histogram;
        # the older haproxy_exporter says backend, where HAProxy itself says proxy
        "haproxy": Convention(
            total="haproxy_backend_http_responses_total",
            bad=("code", "=", "5xx"),
            keys=("proxy", "backend"),
        ),
        # https://docs.spring.io/spring-boot/reference/actuator/metrics.html#actuator.metrics.supported.spring-mvc;
        # buckets need management.metrics.distribution.percentiles-histogram.http.server.requests or slo
        "spring": Convention(
            total="http_server_requests_seconds_count",
            bad=("status", "=~", "5.."),
            buckets="http_server_requests_seconds_bucket",
            limited=("status", "=", "429"),
            keys=("application", *(label for label in OF_TARGETS if label != "application")),
        ),
        # https://github.com/trallnag/prometheus-fastapi-instrumentator: status is 5xx unless should_group_status_codes
        # is off; the histogram without labels is the one with enough buckets
        "fastapi": Convention(
            total="http_requests_total",
            bad=("status", "=~", "5.."),
            buckets="http_request_duration_highr_seconds_bucket",
            limited=("status", "=", "429"),
            single_codes=("status", "=~", _OF_ONE_CODE),
            keys=OF_TARGETS,
            told_by=(("status", "!=", ""),),
        ),
        # https://github.com/prometheus/blackbox_exporter: a gauge for each target; probe_duration_seconds is one too
        "blackbox": Convention(total="probe_success", keys=("instance", "target", "job", "service", "app")),
    }
)
"""Every convention by the name of its preset."""


def metrics() -> Iterator[tuple[str, str]]:
    """What the conventions read: the name of each family of series, and whether it is a counter, gauge or histogram."""
    found: dict[str, str] = {}
    for convention in CONVENTIONS.values():
        if convention.buckets:
            found[convention.buckets.removesuffix("_bucket")] = "histogram"
        if convention.total.removesuffix("_count") not in found:
            found[convention.total] = "counter" if convention.bad else "gauge"
        if convention.limited_in:
            found[convention.limited_in] = "counter"
    yield from found.items()
