"""The report of anomalies: what it says, and that being blind is never taken for calm."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from hq.terminal import AnomalyDashboard, BlindError, report
from prometheus.anomalies import Anomaly
from prometheus.client import PrometheusClient
from stack.address import free_address
from stack.waiting import wait_for
from tests.prometheus.live import running_prometheus

NOON = 1_800_000_000.0

FAILURE = Anomaly(
    type="upstream_failure",
    severity="critical",
    service="storefront",
    pool="vendor-proxies",
    metric="pool:errors:ratio_rate1m",
    threshold="5%",
    actual="34.2%",
    recommendation="Take the failing members out.",
    summary="storefront cannot rely on the pool vendor-proxies",
    since=NOON - 12,
    runbook_url="",
    dashboard_url="",
)
RULES = """
groups:
- name: anomalies
  interval: 1s
  rules:
  - {alert: Watchdog, expr: vector(1)}
  - alert: ErrorSpike
    expr: vector(0.07) and on () vector(time()) > 0
    labels: {anomaly_type: error_spike, severity: high, service: storefront, metric: service:errors:ratio_rate1m}
    annotations: {threshold: 1%, actual: "{{ $value | humanizePercentage }}", recommendation: Roll back.}
"""


def test_calm() -> None:
    (line,) = report([], NOON)
    assert line.endswith("  nothing is anomalous")


def test_an_anomaly_says_where_since_when_how_bad_and_what_to_do() -> None:
    assert report([FAILURE], NOON)[1:] == [
        "  critical upstream_failure in storefront through vendor-proxies, for 12 s",
        "           pool:errors:ratio_rate1m is 34.2%, the threshold 5%",
        "           Take the failing members out.",
    ]


def test_colours_are_for_terminals() -> None:
    assert "\x1b" not in "".join(report([FAILURE], NOON))
    assert "\x1b[1;31mcritical\x1b[0m" in "".join(report([FAILURE], NOON, colour=True))


def prometheus_yml(rules: Path | None = None) -> str:
    files = f"rule_files: [{rules}]\n" if rules else ""
    return f"global: {{evaluation_interval: 1s}}\n{files}"


@pytest.mark.e2e
def test_what_fires_is_reported(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    with running_prometheus(prometheus_yml(rules), tmp_path) as client:
        wait_for(lambda: len(client.alerts()) == 2, 10, "the alerts did not fire")
        output = io.StringIO()
        (anomaly,) = AnomalyDashboard(client, output).display_anomalies()
        assert (anomaly.type, anomaly.severity, anomaly.actual) == ("error_spike", "high", "7%")
        assert "high     error_spike in storefront" in output.getvalue()


@pytest.mark.e2e
def test_a_prometheus_without_our_rules_is_blind_not_calm(tmp_path: Path) -> None:
    with running_prometheus(prometheus_yml(), tmp_path) as client, pytest.raises(BlindError) as caught:
        AnomalyDashboard(client, io.StringIO()).display_anomalies()
    assert str(caught.value) == (
        "Prometheus evaluates no anomaly rules (the Watchdog alert is silent); load prometheus/rules/*.yml"
    )


def test_the_live_report_goes_on_when_prometheus_is_gone() -> None:
    stopping = threading.Event()
    output = io.StringIO()
    dashboard = AnomalyDashboard(PrometheusClient(f"http://{free_address('127.0.0.1')}", retries=0), output)
    watching = threading.Thread(target=dashboard.display_real_time_anomalies, args=(0.05, stopping))
    watching.start()
    wait_for(lambda: output.getvalue().count("blind: Prometheus at") >= 2, 10, "the report did not go on")
    stopping.set()
    watching.join(5)
    assert not watching.is_alive()
