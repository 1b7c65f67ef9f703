"""The alerts: one for each type of anomaly and severity, and the few that watch the watchers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from prometheus.catalogue import CATALOGUE, SEVERITIES, AnomalyType, Signal
from prometheus.detection.scores import runbook_url, signals
from prometheus.rule import AlertRule
from stack.model import Links, Stack

DASHBOARD = "dev-hq-anomaly-overview"


def anomaly_alerts(stack: Stack) -> Iterator[AlertRule]:
    """An alert for every type, wherever it shows, at each severity; the value of an alert is the actual value."""
    for kind in (shipped.adjusted(stack.anomalies) for shipped in CATALOGUE.values()):
        for signal, _ in signals(kind, stack):
            for severity in SEVERITIES:
                yield _anomaly_alert(kind, signal, severity, stack.links)


def _anomaly_alert(kind: AnomalyType, signal: Signal, severity: str, links: Links) -> AlertRule:
    pool = (
        "" if kind.of_service is None or kind.of_pool is None else f',pool{"!=" if signal is kind.of_pool else "="}""'
    )
    which = f'{{anomaly_type="{kind.name}"{pool}}}'
    return AlertRule(
        alert=kind.alert,
        expr=f"anomaly:actual{which}\nand on (service, pool) anomaly:score{which} >= {SEVERITIES[severity]}",
        hold=kind.hold,
        keep_firing_for=kind.keep_firing_for,
        labels={"severity": severity, "anomaly_type": kind.name, "metric": signal.metric},
        annotations={
            "summary": kind.summary,
            "description": _filled(kind.description, kind),
            "recommendation": kind.recommendation,
            "actual": _filled("{{ACTUAL}}", kind),
            "threshold": _filled("{{THRESHOLD}}", kind),
            "runbook_url": runbook_url(links, kind.name),
            "dashboard_url": f"{_dashboard(links)}?var-service={{{{ $labels.service }}}}&var-anomaly_type={kind.name}",
        },
    )


def _filled(text: str, kind: AnomalyType) -> str:
    """The text with the template code for ACTUAL, THRESHOLD and HEALTHY in place."""
    threshold = _looked_up(f"anomaly:threshold{{anomaly_type='{kind.name}',service='%s',pool='%s'}}", kind.unit.value)
    healthy = _looked_up("pool:members:healthy{service='%s',pool='%s'}", "humanize")
    return (
        text.replace("{{ACTUAL}}", f"{{{{ $value | {kind.unit.value} }}}}")
        .replace("{{THRESHOLD}}", threshold)
        .replace("{{HEALTHY}}", healthy)
    )


def _looked_up(query: str, function: str) -> str:
    asked = f'printf "{query}" $labels.service $labels.pool | query'
    return f"{{{{ with {asked} }}}}{{{{ . | first | value | {function} }}}}{{{{ else }}}}unknown{{{{ end }}}}"


def _dashboard(links: Links) -> str:
    return f"{links.grafana}/d/{DASHBOARD}"


def watching_alerts(stack: Stack) -> Iterator[AlertRule]:
    """The alerts about the parts that everything else relies on. They have no anomaly_type, and so are no anomalies."""
    pages = {"runbook_url": runbook_url(stack.links, "watching"), "dashboard_url": _dashboard(stack.links)}
    uses_envoy = bool(stack.pools) or any(service.listen for service in stack.services.values())
    for alert in _WATCHING:
        if uses_envoy or alert.alert not in ("EnvoyDown", "ExporterMissing"):  # the exporter tells of faults and pools
            yield replace(alert, annotations={**alert.annotations, **pages})


def _watching(alert: str, expr: str, *, hold: float, severity: str | None, summary: str, description: str) -> AlertRule:
    labels = {"severity": severity} if severity else {}
    return AlertRule(alert, expr, hold, labels, {"summary": summary, "description": description})


_WATCHING = (
    _watching(
        "Watchdog",
        "vector(1)",
        hold=0,
        severity=None,
        summary="alerting works",
        description=(
            "This alert always fires. When its notifications stop, Prometheus, Alertmanager or the way here is broken."
        ),
    ),
    _watching(
        "EnvoyDown",
        'up{job="envoy"} == 0',
        hold=30,
        severity="critical",
        summary="Envoy does not answer",
        description="Prometheus cannot scrape {{ $labels.instance }}; what goes through it, pools and all, may fail.",
    ),
    _watching(
        "ExporterDown",
        'up{job="dev-hq"} == 0',
        hold=60,
        severity="high",
        summary="the exporter of dev-hq does not answer",
        description="Prometheus cannot scrape {{ $labels.instance }}: runs, faults and verdicts are not seen.",
    ),
    _watching(
        "ExporterMissing",
        'absent(up{job="dev-hq"})',
        hold=120,
        severity="high",
        summary="the exporter of dev-hq is not scraped",
        description="Prometheus has no target in the job dev-hq: runs, faults and verdicts are not seen.",
    ),
    _watching(
        "ExporterCollectorFailing",
        "max_over_time(exporter_collector_success[1m]) == 0",
        hold=60,
        severity="medium",
        summary="a part of the exporter fails",
        description="The collector {{ $labels.collector }} of {{ $labels.instance }} brings no series.",
    ),
    _watching(
        "RuleEvaluationFailing",
        "increase(prometheus_rule_evaluation_failures_total[5m]) > 0",
        hold=0,
        severity="high",
        summary="Prometheus fails to evaluate rules",
        description=(
            "Rules of {{ $labels.rule_group }} fail ({{ $value | humanize }} times in 5 minutes): no alerts from them."
        ),
    ),
    _watching(
        "NotificationsFailing",
        "increase(alertmanager_notifications_failed_total[5m]) > 0\n"
        "or increase(prometheus_notifications_errors_total[5m]) > 0",
        hold=60,
        severity="high",
        summary="notifications do not arrive",
        description="{{ $labels.instance }} failed to hand on {{ $value | humanize }} notifications in 5 minutes.",
    ),
    _watching(
        "ChaosFaultStuck",
        "max by (scenario, fault, chaos_target) (chaos_fault_active) == 1",
        hold=1800,
        severity="high",
        summary="a fault is injected for too long",
        description=(
            "The fault {{ $labels.fault }} of {{ $labels.scenario }} has been active on {{ $labels.chaos_target }} for "
            "more than half an hour; stop the run with: dev-hq chaos stop"
        ),
    ),
)
