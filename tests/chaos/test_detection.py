"""Detection: what was due, what fired when, what was told to whom; from a past that a real Prometheus has lived."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chaos.alerts import AlertWatch
from chaos.detection import Detection, Firing, allowance, fired_among, notified_at
from chaos.measurement import measured_sli
from chaos.scenario_file import load_scenario
from chaos.stopping import Stopping
from prometheus.client import PrometheusClient
from stack.journal import Journal, Record
from stack.model import Stack
from tests.chaos.stacks import stack_of
from tests.gates.history import History, prometheus_with


def test_an_alert_is_late_only_beyond_what_its_rule_needs() -> None:
    seen = Detection(("error_spike",), due=5.0, allowance=6.0, fired=10.0)
    assert seen.late == 0.0
    assert Detection(("error_spike",), due=5.0, allowance=6.0, fired=21.0).late == 10.0
    assert Detection(("error_spike",), due=5.0, allowance=6.0).late is None
    assert Detection(("error_spike", "latency_shift"), due=None, allowance=6.0).name == "error_spike or latency_shift"


def test_the_allowance_is_a_scrape_two_evaluations_and_the_hold(tmp_path: Path) -> None:
    assert allowance(stack_of(tmp_path), "error_spike") == 1 + 2 * 1 + 3


def test_what_fired_before_the_faults_is_not_theirs() -> None:
    fired = {"error_spike": Firing("error_spike", (90.0, 95.0)), "traffic_drop": Firing("traffic_drop", (99.0, 101.0))}
    assert fired_among(fired, ["error_spike", "traffic_drop", "absent_data"], since=100.0) == ("traffic_drop",)


def test_the_notification_is_the_first_that_tells_of_the_type_and_the_service() -> None:
    def told(at: float, status: str = "firing", **labels: str) -> Record:
        return Record("notification", at, {"status": status, "labels": labels})

    records = [
        told(99.0, anomaly_type="error_spike", service="shop"),
        told(101.0, "resolved", anomaly_type="error_spike", service="shop"),
        told(102.0, anomaly_type="error_spike", service="other"),
        told(103.0, anomaly_type="traffic_drop", service="shop"),
        Record("notification", 104.0, {"status": "firing", "labels": None}),
        Record("gate_verdict", 104.0, {}),
        told(105.0, anomaly_type="error_spike", service="shop"),
        told(106.0, anomaly_type="error_spike", service="shop"),
    ]
    assert notified_at(records, ("error_spike",), "shop", since=100.0) == 105.0
    assert notified_at(records, ("absent_data",), "shop", since=100.0) is None


@dataclass(frozen=True)
class Past:
    """What is known of a past in which faults were injected 120 s and withdrawn 80 s ago."""

    url: str
    stack: Stack
    injected: float

    def watch(self, scenario: str = "proxy-failure-wave") -> AlertWatch:
        client = PrometheusClient(self.url)
        sli, _ = measured_sli(self.stack, "proxies")
        chosen = load_scenario(scenario)
        return AlertWatch(self.stack, chosen, "proxies", client, sli, self.injected, self.injected + 40)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The pool failed by half for 40 s, the service by a fifth; upstream_failure fired from 14 s to 90 s after."""
    directory = tmp_path_factory.mktemp("detection")
    stack = stack_of(directory)
    now = float(int(time.time()))
    history = History(now, interval=1.0)
    shop, front = {"job": "shop", "instance": "shop:80"}, {"job": "envoy", "instance": "envoy:9901"}
    pool = {**front, "envoy_http_conn_manager_prefix": "pool_proxies"}

    def during(each: float):
        return lambda before: each * min(40.0, max(0.0, 120.0 - before))

    def rest(rate: float, each: float):
        return lambda before: rate * (240 - before) - during(each)(before)

    history.series("http_requests_total", {**shop, "code": "200"}, rest(50, 10), since=240)
    history.series("http_requests_total", {**shop, "code": "502"}, during(10), since=240)
    for le, slow in (("0.3", 0), ("0.5", 0), ("+Inf", 0)):
        history.series("http_request_duration_seconds_bucket", {**shop, "le": le}, rest(50, slow), since=240)
    answers = "envoy_http_downstream_rq_xx"
    history.series(answers, {**pool, "envoy_response_code_class": "2"}, rest(50, 25), since=240)
    history.series(answers, {**pool, "envoy_response_code_class": "5"}, during(25), since=240)
    history.series("envoy_http_downstream_rq_rx_reset", pool, lambda before: 0.0, since=240)
    for anomaly, since, until in (("upstream_failure", 106.0, 30.0), ("error_spike", 110.0, 30.0)):
        labels = {"alertname": anomaly, "alertstate": "firing", "service": "shop", "anomaly_type": anomaly}
        history.series("ALERTS", labels, lambda before: 1.0, since=since, until=until)
    elsewhere = {"alertname": "x", "alertstate": "firing", "service": "other", "anomaly_type": "traffic_drop"}
    history.series("ALERTS", elsewhere, lambda before: 1.0, since=100.0, until=30.0)
    told = {"status": "firing", "labels": {"anomaly_type": "upstream_failure", "service": "shop"}}
    Journal(stack.journal).append("notification", told, at=now - 104.0)
    with prometheus_with(history, directory / "prometheus") as url:
        yield Past(url, stack, now - 120.0)


@pytest.mark.e2e
def test_detection_is_timed_by_the_evaluations_not_by_when_we_look(past: Past) -> None:
    (seen,) = past.watch().detections(Stopping())
    assert seen.types == ("upstream_failure",)
    assert seen.due == pytest.approx(6.0)  # half of the requests for 6 s are 5 % of a minute
    assert seen.fired == pytest.approx(14.0)
    assert seen.notified == pytest.approx(16.0)
    assert seen.resolved == pytest.approx(91.0)
    assert seen.late == pytest.approx(14.0 - 6.0 - 6.0)


@pytest.mark.e2e
def test_only_what_fired_for_the_service_counts(past: Past) -> None:
    watch = past.watch()
    assert watch.fired_among(watch.scenario.may) == ("error_spike",)
    assert watch.fired_among(watch.scenario.silent) == ()


@pytest.mark.e2e
def test_when_no_expected_rule_could_see_it_another_alert_is_due(past: Past) -> None:
    unseen, any_of_them = past.watch("rate-limit-storm").detections(Stopping())
    assert (unseen.types, unseen.due, unseen.fired) == (("rate_limit_storm",), None, None)
    assert any_of_them.types == ("rate_limit_storm", *past.watch("rate-limit-storm").scenario.may)
    assert "error_spike" in any_of_them.types
    assert any_of_them.due == pytest.approx(3.0)  # a fifth of the requests for 3 s are 1 % of a minute
    assert any_of_them.fired == pytest.approx(10.0)
