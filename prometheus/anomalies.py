"""What is anomalous now: firing alerts, one anomaly for each type, service and pool."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus.answer import Alert
from prometheus.catalogue import SEVERITIES
from prometheus.client import PrometheusClient
from stack.dataclass import dataclass

_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}


@dataclass(frozen=True)
class Anomaly:
    """One thing that is not as it should be, and what to do about it.

    `pool` is empty for an anomaly of the service itself; `threshold` and `actual` are written for people, with their
    units; `since` is when the metric passed the threshold (epoch seconds).
    """

    type: str
    severity: str
    service: str
    pool: str
    metric: str
    threshold: str
    actual: str
    recommendation: str
    summary: str
    since: float
    runbook_url: str
    dashboard_url: str


def current_anomalies(client: PrometheusClient) -> list[Anomaly]:
    """What fires now, each at its highest severity, the worst first; raises PrometheusError."""
    return anomalies_of(client.alerts())


def anomalies_of(alerts: Iterable[Alert]) -> list[Anomaly]:
    """The anomalies among alerts; those that are pending, or of another origin, are none."""
    firing: dict[tuple[str, str, str], list[Alert]] = {}
    for alert in alerts:
        labels = alert.labels
        if alert.state == "firing" and labels.get("anomaly_type") and labels.get("severity") in SEVERITIES:
            key = (labels["anomaly_type"], labels.get("service", ""), labels.get("pool", ""))
            firing.setdefault(key, []).append(alert)
    anomalies = [_anomaly(together) for together in firing.values()]
    return sorted(anomalies, key=lambda one: (-_RANKS[one.severity], one.since, one.type, one.service, one.pool))


def _anomaly(alerts: list[Alert]) -> Anomaly:
    worst = max(alerts, key=lambda alert: _RANKS[alert.labels["severity"]])
    labels, words = worst.labels, worst.annotations
    return Anomaly(
        type=labels["anomaly_type"],
        severity=labels["severity"],
        service=labels.get("service", ""),
        pool=labels.get("pool", ""),
        metric=labels.get("metric", ""),
        threshold=words.get("threshold", ""),
        actual=words.get("actual", ""),
        recommendation=words.get("recommendation", ""),
        summary=words.get("summary", ""),
        since=min(alert.active_at for alert in alerts),
        runbook_url=words.get("runbook_url", ""),
        dashboard_url=words.get("dashboard_url", ""),
    )
