"""One service: its requests, its promises, its latency, its pools and its targets."""

from __future__ import annotations

from grafana.annotations import alerts, faults_where
from grafana.anomalies import anomalies_now
from grafana.chaos_targets import of_services
from grafana.dashboard import Board
from grafana.layout import Section
from grafana.service.latency import latency
from grafana.service.objectives import service_objectives
from grafana.service.pools import pools
from grafana.service.promql import SERVICE
from grafana.service.requests import requests
from grafana.service.status import status
from grafana.service.targets import service_targets
from grafana.variables import data_source, label_values
from stack.model import Stack

UID = "dev-hq-service"


def service(stack: Stack) -> Board:
    """The service dashboard."""
    return Board(
        UID,
        "Service",
        "One service: how its requests fare, what is left of its error budgets, and which of its pools or targets is "
        "to blame. Grey with BLIND or no data means that nobody knows; only what is known to be well is green.",
        [
            Section("", [*status(stack), anomalies_now(stack)]),
            Section("Requests", requests()),
            Section("Latency", [latency(stack)]),
            Section("Objectives", service_objectives(stack)),
            Section("Pools", [pools(stack)]),
            Section("Targets", service_targets(stack)),
        ],
        [
            data_source(),
            label_values("service", "Service", "anomaly:score", "service", several=False),
            label_values("anomaly_type", "Anomaly", "anomaly:playbook_info", "anomaly_type"),
        ],
        [faults_where(of_services(stack, "chaos_fault_active == 1")), alerts(SERVICE)],
    )
