"""The client against a real Prometheus."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prometheus.client import PrometheusClient
from prometheus.errors import RefusedError
from prometheus.selector import quoted, selector
from stack.waiting import wait_for
from tests.prometheus.live import running_prometheus

pytestmark = pytest.mark.e2e

RULES = """
groups:
- name: g
  interval: 1s
  rules:
  - {record: "a:b", expr: "vector(1)"}
  - {alert: Fires, expr: "vector(2)", labels: {severity: low}, annotations: {summary: "is {{ $value }}"}}
  - {alert: Waits, expr: "vector(3)", for: 1h}
  - {alert: Breaks, expr: "up + on () group_left () (up or vector(1) or label_replace(vector(1), 'a', 'b', '', ''))"}
"""
CONFIG = """
global: {scrape_interval: 1s}
rule_files: [rules.yml]
scrape_configs: [{job_name: prometheus, static_configs: [{targets: [SELF]}]}]
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusClient]:
    directory: Path = tmp_path_factory.mktemp("prometheus")
    (directory / "rules.yml").write_text(RULES)
    with running_prometheus(CONFIG, directory) as found:
        wait_for(lambda: found.instant("count_over_time(up[1m]) > 1").samples, 20, "it should scrape itself")
        yield found
        found.close()


def test_an_instant_vector(client: PrometheusClient) -> None:
    answer = client.instant("up")
    (sample,) = answer.samples
    assert sample.labels["job"] == "prometheus"
    assert sample.value == 1
    assert abs(sample.at - time.time()) < 10
    assert answer.result_type == "vector"


def test_a_moment_can_be_asked_for(client: PrometheusClient) -> None:
    at = time.time() - 1
    (sample,) = client.instant("vector(1)", at).samples
    assert sample.at == pytest.approx(at, abs=0.001)
    assert client.instant("up", at - 3600).samples == ()


def test_scalars_strings_and_ranges(client: PrometheusClient) -> None:
    assert math.isnan(client.instant("0/0").samples[0].value)
    assert math.isinf(client.instant("1/0").samples[0].value)
    assert (client.instant('"text"').samples, client.instant('"text"').result_type) == ((), "string")
    raw = client.instant("up[1m]")
    assert raw.result_type == "matrix"
    assert len({sample.at for sample in raw.samples}) == len(raw.samples) > 1


def test_a_range_query(client: PrometheusClient) -> None:
    now = time.time()
    (series,) = client.range("vector(7)", now - 2, now, 0.5).series
    assert [value for _, value in series.points] == [7.0] * 5


def test_refusals_are_in_its_own_words(client: PrometheusClient) -> None:
    with pytest.raises(RefusedError, match=r"refused the query: bad_data: .*parse error: unclosed left parenthesis"):
        client.instant("sum(")
    with pytest.raises(
        RefusedError, match=r"refused the query: bad_data: exceeded maximum resolution of 11,000 points"
    ):
        client.range("up", 0, 100_000, 1)
    with pytest.raises(RefusedError, match=r"refused the query: execution: "):
        client.instant("prometheus_http_requests_total + on () prometheus_http_requests_total")


def test_a_wrong_path(client: PrometheusClient) -> None:
    with pytest.raises(RefusedError, match=r"has no API there \(404\)"):
        PrometheusClient(client.url + "/prom").instant("up")
    assert not PrometheusClient(client.url + "/prom").ready()


def test_a_query_longer_than_a_url(client: PrometheusClient) -> None:
    assert client.instant("1" + " + 1" * 3000).samples[0].value == 3001


def test_alerts(client: PrometheusClient) -> None:
    def both() -> bool:
        return len(client.alerts()) == 2

    wait_for(both, 20, "two alerts should be active")
    fires, waits = sorted(client.alerts(), key=lambda alert: alert.value)
    assert fires.labels == {"alertname": "Fires", "severity": "low"}
    assert fires.annotations == {"summary": "is 2"}
    assert (fires.state, waits.state) == ("firing", "pending")
    assert abs(fires.active_at - time.time()) < 300


def test_rules_and_their_health(client: PrometheusClient) -> None:
    wait_for(lambda: all(rule.health != "unknown" for rule in client.rules()), 20, "every rule should be evaluated")
    rules = {rule.name: rule for rule in client.rules()}
    assert (rules["a:b"].kind, rules["a:b"].health, rules["a:b"].group) == ("recording", "ok", "g")
    assert rules["Fires"].labels == {"severity": "low"}
    assert rules["Breaks"].health == "err"
    assert "found duplicate series" in rules["Breaks"].error


@settings(max_examples=200, deadline=None)
@given(value=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@example(value="\ufffd")
def test_prometheus_reads_a_quoted_value_as_it_was(client: PrometheusClient, value: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{client.url}/api/v1/query", data={"query": quoted(value)}, timeout=10).json()
    assert answer["data"]["resultType"] == "string"
    assert answer["data"]["result"][1] == value
    assert client.instant(selector("up", {"job": value})).samples == ()
