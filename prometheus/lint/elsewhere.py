"""What programs expose that our rules look at and that are not ours, and what Prometheus itself makes."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.lint.metric import Metric, series_of

_FAMILIES = {
    # https://prometheus.io/docs/concepts/jobs_instances/
    "gauge": (
        "up scrape_duration_seconds scrape_samples_scraped scrape_samples_post_metric_relabeling scrape_series_added "
        "scrape_timeout_seconds scrape_sample_limit scrape_body_size_bytes ALERTS ALERTS_FOR_STATE "
        # the client libraries' own, and those of Go and Python
        "process_start_time_seconds process_resident_memory_bytes process_virtual_memory_bytes process_open_fds "
        "process_max_fds go_goroutines go_threads go_memstats_alloc_bytes "
        # Envoy: configuration/upstream/cluster_manager/cluster_stats and configuration/http/http_conn_man/stats
        "envoy_http_downstream_rq_active envoy_cluster_upstream_rq_active envoy_cluster_upstream_cx_active "
        "envoy_cluster_upstream_rq_pending_active envoy_cluster_membership_total envoy_cluster_membership_healthy "
        "envoy_cluster_outlier_detection_ejections_active envoy_runtime_num_keys envoy_server_live envoy_server_uptime "
        "envoy_cluster_circuit_breakers_default_rq_open envoy_cluster_circuit_breakers_default_remaining_rq "
        # Prometheus and Alertmanager
        "prometheus_config_last_reload_successful prometheus_notifications_queue_length "
        "prometheus_notifications_queue_capacity prometheus_notifications_alertmanagers_discovered "
        "prometheus_rule_group_last_duration_seconds prometheus_rule_group_interval_seconds "
        "prometheus_rule_group_last_evaluation_timestamp_seconds prometheus_tsdb_head_series "
        "alertmanager_config_last_reload_successful alertmanager_alerts alertmanager_silences"
    ),
    "counter": (
        "process_cpu_seconds_total "
        "envoy_http_downstream_rq_xx envoy_http_downstream_rq_total envoy_http_downstream_rq_rx_reset "
        "envoy_http_local_rate_limit_rate_limited envoy_cluster_upstream_rq envoy_cluster_upstream_rq_xx "
        "envoy_cluster_upstream_rq_total envoy_cluster_upstream_rq_timeout envoy_cluster_upstream_rq_tx_reset "
        "envoy_cluster_upstream_rq_rx_reset envoy_cluster_upstream_rq_retry envoy_cluster_upstream_rq_retry_success "
        "envoy_cluster_upstream_rq_pending_overflow envoy_cluster_upstream_cx_connect_fail "
        "envoy_cluster_upstream_cx_total envoy_cluster_outlier_detection_ejections_enforced_total "
        "envoy_tcp_downstream_cx_total "
        "prometheus_rule_evaluation_failures_total prometheus_rule_evaluations_total "
        "prometheus_rule_group_iterations_total prometheus_rule_group_iterations_missed_total "
        "prometheus_notifications_errors_total prometheus_notifications_dropped_total "
        "prometheus_notifications_sent_total prometheus_target_scrapes_exceeded_sample_limit_total "
        "prometheus_target_scrapes_sample_duplicate_timestamp_total "
        "prometheus_tsdb_compactions_failed_total prometheus_tsdb_reloads_failures_total "
        "alertmanager_notifications_failed_total alertmanager_notifications_total alertmanager_alerts_received_total"
    ),
    "histogram": (
        "envoy_http_downstream_rq_time envoy_cluster_upstream_rq_time prometheus_http_request_duration_seconds "
        "alertmanager_notification_latency_seconds"
    ),
    "summary": "prometheus_rule_evaluation_duration_seconds prometheus_target_interval_length_seconds",
}


def elsewhere() -> Iterator[Metric]:
    """The metrics of Prometheus, Alertmanager, Envoy and the client libraries that rules like ours need."""
    for kind, families in _FAMILIES.items():
        for family in families.split():
            yield from series_of(family, kind)
