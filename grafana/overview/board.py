"""The home: what is anomalous, since when, how bad, what to do, which fault explains it, and may I release."""

from __future__ import annotations

from grafana.annotations import alerts, failed_gates, faults_where
from grafana.anomalies import anomalies_now
from grafana.chaos_targets import of_services
from grafana.chosen import ANOMALIES, deciding_gates
from grafana.dashboard import Board
from grafana.layout import Section
from grafana.overview.health import health
from grafana.overview.objectives import objectives_and_gates
from grafana.overview.runs import runs
from grafana.overview.signals import signal_panels
from grafana.overview.status import status
from grafana.overview.timelines import anomalies_over_time, faults_over_time
from grafana.variables import data_source, label_values
from stack.model import Stack

UID = "dev-hq-anomaly-overview"


def overview(stack: Stack) -> Board:
    """The anomaly overview."""
    return Board(
        UID,
        "Anomaly overview",
        "What is anomalous now, since when, how bad, what to do, and which fault of ours explains it. "
        "Grey with BLIND or no data means that nobody knows; only what is known to be well is green.",
        [
            Section("", [*status(stack), anomalies_now(stack), anomalies_over_time(), faults_over_time(stack)]),
            Section("Signals", signal_panels(stack)),
            Section("Objectives and gates", objectives_and_gates(stack)),
            Section("Chaos runs", runs(stack), collapsed=True),
            Section("Detector health: is calm calm, or are we blind?", health(stack)),
        ],
        [
            data_source(),
            label_values("service", "Service", "anomaly:score", "service"),
            label_values("anomaly_type", "Anomaly", "anomaly:playbook_info", "anomaly_type"),
        ],
        [
            faults_where(of_services(stack, "chaos_fault_active == 1")),
            alerts(ANOMALIES),
            failed_gates(deciding_gates(stack)),
        ],
        alone=True,
    )
