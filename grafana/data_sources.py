"""Grafana's data sources: the Prometheus and the Alertmanager of the stack.

The keys are those of Grafana's "Provision Grafana" and "Configure the Prometheus data source".
"""

from __future__ import annotations

from typing import Any

from grafana.access import literal, permission
from stack.model import Stack
from stack.quantity import format_duration

Json = dict[str, Any]

PROMETHEUS_UID = "prometheus"
ALERTMANAGER_UID = "alertmanager"
OLDEST_PROMETHEUS = "2.42.0"


def prometheus_source(stack: Stack) -> Json:
    """The Prometheus; raises HqError for files of secrets that Grafana could not tell apart or read."""
    allowed = permission(stack)
    source = {
        **_source("Prometheus", "prometheus", PROMETHEUS_UID, stack.prometheus.url),
        **allowed.keys,
        "jsonData": {
            "httpMethod": "POST",
            "prometheusType": "Prometheus",
            "prometheusVersion": OLDEST_PROMETHEUS,  # at least; without one Grafana asks for whole series, not labels
            "timeInterval": format_duration(stack.prometheus.scrape_interval),
            "manageAlerts": True,  # of a Prometheus: to be seen, not to be changed
            "alertmanagerUid": ALERTMANAGER_UID,
            "allowAsRecordingRulesTarget": False,
            **allowed.open,
        },
    }
    return {**source, "secureJsonData": dict(allowed.secret)} if allowed.secret else source


def alertmanager_source(stack: Stack) -> Json:
    """The Alertmanager; alerts of Grafana's own are not sent there."""
    return {
        **_source("Alertmanager", "alertmanager", ALERTMANAGER_UID, stack.alertmanager.url),
        "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
    }


def _source(name: str, kind: str, uid: str, url: str) -> Json:
    return {
        "name": name,
        "type": kind,
        "uid": uid,
        "orgId": 1,
        "access": "proxy",
        "url": literal(url),
        "isDefault": False,  # where there is another default, Grafana would refuse to start
        "editable": False,
    }
