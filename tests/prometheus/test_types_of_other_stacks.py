"""Anomalies of stacks that differ from the demo's: families, what can run full, limits of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prometheus.detection.alerts import watching_alerts
from prometheus.formats.text import dump
from prometheus.rules import write_rules
from tests.prometheus.rule_case import BUCKET, case, counter, finite, histogram, look
from tests.prometheus.stacks import OTHERS, demo_stack, stack_of
from tests.prometheus.test_rules import promtool

pytestmark = pytest.mark.e2e

FAMILY = OTHERS["a family, and what can run full"]


def run(directory: Path, text: str, *cases: dict[str, Any]) -> None:
    """promtool's opinion of some cases under the rules of a stack."""
    write_rules(stack_of(text, directory), directory)
    test = {"rule_files": ["anomalies.yml"], "evaluation_interval": "2s", "tests": list(cases)}
    (directory / "test.yml").write_text(dump(test))
    promtool("test", "rules", directory / "test.yml")


def requests(job: str, code: int = 200, **labels: str) -> str:
    more = "".join(f',{name}="{value}"' for name, value in labels.items())
    return f'http_requests_total{{job="{job}",code="{code}"{more}}}'


def of(job: str, metric: str, instance: str = "0") -> str:
    return f'{metric}{{job="{job}",instance="{instance}"}}'


def scores(kind: str, at: str, **by_service: float) -> dict[str, Any]:
    samples = {f'{{anomaly_type="{kind}", service="{name}"}}': value for name, value in by_service.items()}
    return look(f'round(anomaly:score{{anomaly_type="{kind}",pool=""}}, 0.01)', at, samples)


def test_targets_of_a_family_count_for_each_service_by_itself(tmp_path: Path) -> None:
    flaps = "1x19 " + "0 1x4 " * 4 + "1x20"
    run(tmp_path, FAMILY, case(
        "a family by job, and one that shares a job",
        {
            requests("cart"): counter((10, 60)), requests("desk"): counter((10, 60)),
            requests("monolith", app="a"): counter((10, 60)), requests("monolith", app="b"): counter((10, 60)),
            of("cart", "up"): "1x60", of("desk", "up"): flaps, of("monolith", "up"): "1x60",
            of("cart", "process_start_time_seconds"): "-900x20 200x40",
            of("cart", "process_start_time_seconds", "1"): "-900x60",
            of("desk", "process_start_time_seconds"): "-900x60",
            of("monolith", "process_start_time_seconds"): "-900x20 200x40",
            of("cart", "process_open_fds"): "80x60", of("cart", "process_max_fds"): "100x60",
            of("monolith", "process_open_fds"): "40x60", of("monolith", "process_max_fds"): "100x60",
        },
        scores("flapping", "4m2s", cart=0.17, desk=1.33, a=0.17, b=0.17),
        look("service:restarted:bool", "4m2s", {
            f'service:restarted:bool{{service="{name}"}}': value
            for name, value in {"cart": 1, "desk": 0, "a": 1, "b": 1}.items()
        }),
        look("service:saturation:ratio", "4m2s", {
            f'service:saturation:ratio{{service="{name}"}}': value
            for name, value in {"cart": 0.8, "a": 0.4, "b": 0.4}.items()
        }),
        scores("absent_data", "4m2s", cart=0, desk=0, a=0, b=0), finite("4m2s"),
    ))  # fmt: skip


def test_what_a_service_names_as_full_counts_by_its_worst_instance(tmp_path: Path) -> None:
    used = 'db_connections{job="till",instance="%d",state="%s"}'
    most = 'db_connections_max{job="till",instance="%d"}'
    queue = 'queue_length{job="any",instance="%d",app="b"}'
    run(tmp_path, FAMILY, case(
        "connections by state, and a queue with a number",
        {
            used % (0, "active"): "5x40", used % (0, "waiting"): "4x40", used % (0, "idle"): "90x40", most % 0: "10x40",
            used % (1, "active"): "2x40", most % 1: "10x40", queue % 0: "40x40", queue % 1: "10x40",
            of("till", "process_open_fds"): "95x40", of("till", "process_max_fds"): "100x40",
        },
        look("service:saturation:ratio", "3m2s", {
            'service:saturation:ratio{service="till"}': 0.95, 'service:saturation:ratio{service="b"}': 0.8,
        }),
        scores("saturation", "3m2s", till=6, b=1.5), finite("3m2s"),
    ), case(
        "a gauge of one state is NaN, of another endless, and so is the queue",
        {
            used % (0, "active"): "9x40", used % (0, "waiting"): "NaN " * 40, most % 0: "10x40",
            used % (1, "active"): "Inf " * 40, most % 1: "10x40", used % (2, "active"): "5x40", most % 2: "NaN " * 40,
            queue % 0: "NaN " * 40,
        },
        look("service:saturation:ratio", "3m2s", {'service:saturation:ratio{service="till"}': 0.9}),
        scores("saturation", "3m2s", till=3), finite("3m2s"),
    ), case(
        "a limit of nothing, and a queue that nobody counts",
        {used % (0, "active"): "5x40", most % 0: "0x40"},
        look("service:saturation:ratio", "3m2s", {}), scores("saturation", "3m2s"), finite("3m2s", None),
    ))  # fmt: skip


def test_a_pool_is_full_at_what_it_takes_at_once(tmp_path: Path) -> None:
    cluster = 'envoy_cluster_%s{envoy_cluster_name="pool_out"}'
    series = {
        cluster % "upstream_rq_active": "9x40", cluster % "membership_healthy": "1x40",
        cluster % "membership_total": "2x40",
    }  # fmt: skip
    full = 'pool:saturation:ratio{pool="out", service="cart"}'
    run(tmp_path, FAMILY, case("9 of 20 with one member of two", series,
        look("pool:saturation:ratio", "3m2s", {full: 0.9}), finite("3m2s")))  # fmt: skip


def test_limits_of_the_stack_are_those_of_the_rules(tmp_path: Path) -> None:
    slow = {series.replace("storefront", "cart"): values
            for series, values in histogram(BUCKET, 10, ("0.5", "1.0", "2.0", "+Inf"), "2.0").items()}  # fmt: skip
    run(tmp_path, FAMILY, case(
        "1.95 s of 800 ms, 3% of 2%",
        {**slow, requests("cart"): counter((9.7, 40)), requests("cart", 500): counter((0.3, 40))},
        scores("latency_shift", "3m2s", cart=2.44), scores("error_spike", "3m2s", cart=1.5),
        look('anomaly:threshold{anomaly_type=~"latency_shift|error_spike"}', "3m2s", {
            'anomaly:threshold{anomaly_type="latency_shift", service="cart"}': 0.8,
            'anomaly:threshold{anomaly_type="error_spike", service="cart"}': 0.02,
        }),
    ))  # fmt: skip


def test_nobody_waits_for_envoy_or_the_exporter_where_nothing_can_be_broken(tmp_path: Path) -> None:
    alone = stack_of(OTHERS["own promql, good requests, no histogram"], tmp_path)
    left_out = {alert.alert for alert in watching_alerts(demo_stack())} - {
        alert.alert for alert in watching_alerts(alone)
    }
    assert left_out == {"EnvoyDown", "ExporterMissing"}
