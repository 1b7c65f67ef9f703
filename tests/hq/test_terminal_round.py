"""What one round sees: few questions, nothing taken for calm that is not, and which fault explains what."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hq.terminal.asking import look
from hq.terminal.explanation import explaining
from hq.terminal.json_lines import json_line
from hq.terminal.observation import Blind, BlindError, Budget, Fault, Gate, Observation, Service, Trouble, exit_code
from hq.terminal.round import Rounds
from hq.terminal.trends import ERRORS, POINTS, RATE, SCORE, STEP
from prometheus.client import PrometheusClient
from prometheus.errors import PrometheusError
from stack.address import free_address
from stack.waiting import wait_for
from tests.hq.fake_prometheus import WATCHDOG, alert, fake_prometheus, sample
from tests.hq.terminal_world import ERRORS_SPIKE, FAULT, NOON, POOL_FAILS, anomalous, calm
from tests.prometheus.live import running_prometheus

COLLECTED = sample("exporter_collector_success", 1, collector="journal")
FAULT_LABELS = {"fault": "failure", "chaos_target": "vendor-proxies", "scenario": "proxy-failure-wave"}
POOL = {"service": "storefront", "pool": "vendor-proxies"}


def rounds(url: str) -> Rounds:
    return Rounds(PrometheusClient(url))


def test_a_round_reads_everything() -> None:
    ones = [0.0] * (POINTS - 4) + [1.0] * 4
    with fake_prometheus(
        alerts=[
            WATCHDOG,
            alert("upstream_failure", "low", pool="vendor-proxies"),
            alert("upstream_failure", "critical", pool="vendor-proxies"),
            alert("ErrorBudgetBurn", "high", anomaly_type="", slo="success_rate"),
            alert("ErrorBudgetBurn", "low", anomaly_type="", slo="success_rate"),
            alert("EnvoyDown", "critical", anomaly_type="", service=""),
        ],
        samples=[
            COLLECTED,
            sample("chaos_fault_active", 1, instance="a", **FAULT_LABELS),
            sample("chaos_fault_active", 0, fault="latency", chaos_target="storefront", scenario="network-latency"),
            sample("service:requests:rate1m", 50.5, service="storefront"),
            sample("service:latency:p95_1m", 0.25, service="storefront"),
            sample("service:errors:ratio_rate1m", float("nan"), service="storefront"),
            sample("slo:error_budget_remaining:ratio", 0.75, service="storefront", slo="success_rate"),
            sample("pool:members:healthy", 4, **POOL),
            sample("quality_gate_verdict", 0.5, gate="latency", service="storefront"),
            sample("quality_gate_verdict", -7, gate="odd", service="storefront"),
            sample("quality_gate_last_check_timestamp_seconds", 123, gate="latency", service="storefront"),
        ],
        series=[
            ({"__name__": SCORE, "anomaly_type": "upstream_failure", **POOL}, [float(n) for n in range(POINTS)]),
            ({"__name__": "chaos_fault_active", **FAULT_LABELS}, ones),
            ({"something": "else"}, ones),
        ],
    ) as fake:
        seen = rounds(fake.url).observe()
        assert fake.asked == ["alerts", "query", "query_range"]
    (anomaly,) = seen.anomalies
    assert (anomaly.type, anomaly.severity, anomaly.pool) == ("upstream_failure", "critical", "vendor-proxies")
    assert seen.troubles == (Trouble("EnvoyDown", "critical", "it fails"),)
    assert seen.faults == (Fault("failure", "vendor-proxies", "proxy-failure-wave", began=seen.trends.end - 3 * STEP),)
    assert seen.services == (Service("storefront", 50.5, None, 0.25),)
    assert seen.budgets == (Budget("storefront", "success_rate", 0.75, "high"),)
    assert seen.gates == (
        Gate("latency", "storefront", "WARN", 123.0),
        Gate("odd", "storefront", "ERROR", None),
    )
    assert seen.trends.of(SCORE, "upstream_failure", "storefront", "vendor-proxies")[-1] == POINTS - 1
    assert explaining(anomaly, seen) is None, "the anomaly was there before the fault"


def test_trends_are_asked_for_once_a_step_or_when_something_else_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hq.terminal.round.last_point", lambda _at: 0.0)
    monkeypatch.setattr("hq.terminal.trends.last_point", lambda _at: 0.0)
    with fake_prometheus() as fake:
        asking = rounds(fake.url)
        asking.observe()
        asking.observe()
        assert fake.asked.count("query_range") <= 1
        before = fake.asked.count("query_range")
        fake.alerts = [WATCHDOG, alert("error_spike", "low")]
        asking.observe()
        asking.observe()
        assert fake.asked.count("query_range") == before + 1


def test_without_trends_the_rest_is_seen() -> None:
    with fake_prometheus(refuses_ranges=True, alerts=[WATCHDOG, alert("error_spike", "low")]) as fake:
        seen = rounds(fake.url).observe()
    assert [one.type for one in seen.anomalies] == ["error_spike"]
    (trouble,) = seen.troubles
    assert trouble.alert == "no trends"
    assert "too many samples" in trouble.summary


def test_an_exporter_that_does_not_answer_leaves_faults_and_gates_open() -> None:
    with fake_prometheus(samples=[sample("exporter_collector_success", 0, collector="journal")]) as fake:
        seen = rounds(fake.url).observe()
    assert (seen.faults, seen.gates) == (None, None)


BLIND: dict[str, tuple[dict[str, Any], str]] = {
    "no rules": (
        {"alerts": []},
        "Prometheus evaluates no anomaly rules (the Watchdog alert is silent); load prometheus/rules/*.yml",
    ),
    "a pending watchdog": (
        {"alerts": [{**WATCHDOG, "state": "pending"}]},
        "Prometheus evaluates no anomaly rules (the Watchdog alert is silent); load prometheus/rules/*.yml",
    ),
    "rules that fail": (
        {"alerts": [WATCHDOG, alert("RuleEvaluationFailing", "high", anomaly_type="", service="")]},
        "Prometheus fails to evaluate rules (RuleEvaluationFailing fires); see its page Rules, or log",
    ),
    "rules that are stuck": (
        {"silence": 240.0},
        "Prometheus has not evaluated the rules for 240 s; is it overloaded?",
    ),
    "nothing stored": (
        {"silence": None},
        "Prometheus stores nothing of the Watchdog alert, so nobody can say when the rules were evaluated",
    ),
}


@pytest.mark.parametrize("name", BLIND)
def test_blind_is_not_calm(name: str) -> None:
    settings, reason = BLIND[name]
    with fake_prometheus(**settings) as fake, pytest.raises(BlindError) as caught:
        rounds(fake.url).observe()
    assert str(caught.value) == reason


def test_what_fires_fires_although_rules_fail() -> None:
    failing = alert("RuleEvaluationFailing", "high", anomaly_type="", service="")
    with fake_prometheus(alerts=[WATCHDOG, failing, alert("error_spike", "low")]) as fake:
        seen = rounds(fake.url).observe()
    assert len(seen.anomalies) == 1
    assert [trouble.alert for trouble in seen.troubles] == ["RuleEvaluationFailing"]


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_refusal_is_blind(status: int) -> None:
    with fake_prometheus(refuses=status) as fake, pytest.raises(PrometheusError):
        rounds(fake.url).observe()


def test_a_round_has_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hq.terminal.round.ROUND_SECONDS", 0.2)
    with fake_prometheus() as fake:
        fake.answering.clear()
        seen = look(rounds(fake.url).observe)
    assert isinstance(seen, Blind)
    assert seen.reason.endswith("gave no complete answer within 0.2 s")
    assert exit_code(seen) == 2


def test_nobody_there_is_blind() -> None:
    url = f"http://{free_address('127.0.0.1')}"
    seen = look(rounds(url).observe)
    assert isinstance(seen, Blind)
    assert seen.reason == f"Prometheus at {url} refused the connection; is it running?"


def test_exit_codes() -> None:
    assert [exit_code(one) for one in (calm(), anomalous(), Blind(NOON, "gone"), None)] == [0, 1, 2, 2]


def changed(**fields: Any) -> Callable[[Observation], Observation]:
    return lambda seen: replace(seen, faults=(replace(FAULT, **fields),))


EXPLAINED: dict[str, tuple[Callable[[Observation], Observation], bool, bool]] = {
    "injected before": (changed(), True, True),
    "longer ago than the trends reach": (changed(began=None), True, True),
    "injected afterwards": (changed(began=NOON - 20), False, False),
    "withdrawn a moment ago": (changed(ended=NOON - 20), True, True),
    "withdrawn long before": (changed(began=NOON - 600, ended=NOON - 300), False, False),
    "on the service": (changed(target="storefront"), False, True),
    "elsewhere": (changed(target="another"), False, False),
    "nobody can say": (lambda seen: replace(seen, faults=None), False, False),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_which_anomaly_a_fault_explains(name: str) -> None:
    change, pool_explained, service_explained = EXPLAINED[name]
    seen = change(anomalous())
    assert (explaining(POOL_FAILS, seen) is not None) == pool_explained
    assert (explaining(ERRORS_SPIKE, seen) is not None) == service_explained


def test_a_json_line_of_an_anomaly() -> None:
    document = json.loads(json_line(anomalous()))
    assert document["state"] == "anomalous"
    assert document["at"] == "2027-01-15T12:00:00Z"
    assert document["anomalies"][0]["explained_by"] == {
        "kind": "failure",
        "target": "vendor-proxies",
        "scenario": "proxy-failure-wave",
        "injected": True,
    }
    assert document["faults"] == [{"kind": "failure", "target": "vendor-proxies", "scenario": "proxy-failure-wave"}]
    assert [budget["burning"] for budget in document["budgets"]] == [None, "critical"]


def test_a_json_line_that_is_blind_has_no_empty_lists() -> None:
    document = json.loads(json_line(Blind(NOON, "gone")))
    assert (document["state"], document["reason"], document["anomalies"]) == ("blind", "gone", None)
    assert [] not in document.values()


RULES = """
groups:
- name: all
  interval: 1s
  rules:
  - {alert: Watchdog, expr: vector(1)}
  - record: anomaly:score
    expr: vector(2.5)
    labels: {anomaly_type: error_spike, service: storefront, pool: ""}
  - record: anomaly:score
    expr: vector(0.1)
    labels: {anomaly_type: saturation, service: storefront}
  - {record: "service:requests:rate1m", expr: vector(50), labels: {service: storefront}}
  - {record: "service:errors:ratio_rate1m", expr: vector(0.07), labels: {service: storefront}}
  - {record: exporter_collector_success, expr: vector(1), labels: {collector: journal}}
  - record: chaos_fault_active
    expr: vector(1)
    labels: {scenario: wave, fault: failure, chaos_target: storefront}
  - alert: ErrorSpike
    expr: anomaly:score{anomaly_type="error_spike"} > 2
    labels: {severity: high}
    annotations: {threshold: 1%, actual: 7%, recommendation: Roll back.}
"""


@pytest.mark.e2e
def test_the_questions_are_understood_by_prometheus(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    config = f"global: {{evaluation_interval: 1s}}\nrule_files: [{rules}]\n"
    with running_prometheus(config, tmp_path) as client:
        asking = Rounds(client)

        def explained() -> Observation | None:
            seen = look(asking.observe)
            if not isinstance(seen, Observation) or not seen.trends.of(SCORE, "error_spike", "storefront", ""):
                return None
            return seen

        seen = wait_for(explained, 60, "no trend of the anomaly")
    (anomaly,) = seen.anomalies
    assert (anomaly.type, anomaly.actual) == ("error_spike", "7%")
    assert seen.trends.of(SCORE, "error_spike", "storefront", "")[-1] == 2.5
    assert seen.trends.of(SCORE, "saturation", "storefront", "") == (), "only what fires is asked for"
    assert seen.trends.of(RATE, "storefront")[-1] == 50
    assert seen.trends.of(ERRORS, "storefront")[-1] == 0.07
    assert seen.services == (Service("storefront", 50.0, 0.07, None),)
    fault = explaining(anomaly, seen)
    assert fault is not None
    assert (fault.kind, fault.ended) == ("failure", None)
