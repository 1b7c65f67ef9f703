"""promtool, on the heatmap's own query: the buckets of the chosen service alone, in seconds whatever they count in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from stack.process import find_program
from tests.grafana.test_service import MIXED, board, exprs, panel
from tests.prometheus.rule_case import case, counter, look
from tests.prometheus.stacks import stack_of

IN_SECONDS = {
    "0.5": "0.0005", "1": "0.001", "5.0": "0.0050", "25": "0.025", "50.0": "0.0500", "100": "0.100", "250.5": "0.2505",
    "1000": "1.000", "2500.0": "2.5000", "300000": "300.000", "3600000": "3600.000", "1.8e+06": "1.8e+03",
    "1e+07": "1e+04", "+Inf": "+Inf",
}  # fmt: skip
"""Milliseconds as client libraries, Envoy and Prometheus 3 write them; all of them are read as numbers."""

A = 'http_request_duration_seconds_bucket{job="a",le="%s"}'
B = 'http_request_duration_seconds_bucket{job="b",le="%s"}'
C = 'istio_request_duration_milliseconds_bucket{reporter="destination",destination_service_name="c",le="%s"}'
D = 'rpc_seconds_bucket{le="%s"}'
NOT_OURS = [A.replace('"a"', f'"{job}"') % "0.1" for job in ("c", "d", "e", "z")]
"""Counted as a family counts, but of none of its services."""


def series() -> dict[str, str]:
    """Each grows by its own rate."""
    rates = {A % "0.1": 1, A % "+Inf": 2, B % "0.1": 4, D % "0.5": 8, D % "+Inf": 16, **dict.fromkeys(NOT_OURS, 1000)}
    rates |= {C % le: 100 + place for place, le in enumerate(IN_SECONDS)}
    return {one: counter((rate, 60)) for one, rate in rates.items()}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("a", {"0.1": 1, "+Inf": 2}),
        ("b", {"0.1": 4}),
        ("c", {seconds: 100 + place for place, seconds in enumerate(IN_SECONDS.values())}),
        ("d", {"0.5": 8, "+Inf": 16}),
        ("e", {}),
        ("z", {}),
        ("", {}),
    ],
)
def test_the_buckets_of_the_chosen_service_and_of_no_other(
    service: str, expected: dict[str, float], tmp_path: Path
) -> None:
    (expr,) = exprs(panel(board(stack_of(MIXED, tmp_path)), "Latency"), service=service)
    samples = {f'{{le="{le}"}}': value for le, value in expected.items()}
    tests = tmp_path / "heatmap.yml"
    tests.write_text(yaml.safe_dump({"tests": [case("heatmap", series(), look(f"round({expr})", "4m2s", samples))]}))
    done = subprocess.run(
        [find_program("promtool"), "test", "rules", tests], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "SUCCESS" in done.stdout) == (0, True), done.stdout + done.stderr


HARMFUL = r"""
services:
  a:
    sli: {preset: prometheus-http, selector: {job: "a$service-[[service]]-${datasource}", path: '^/x$|/(.*)$1'}}
    objectives: {success_rate: {target: 99%}}
  b:
    sli:
      total: http_total{job=`b$service`}
      bad: http_errors_total{job=`b$service`}
      latency: |-
        http_bucket{job=`b$service`,path='[[service]]\\',kind=`"\d
        [[:alpha:]]`}
    objectives: {success_rate: {target: 99%}}
"""


@pytest.mark.parametrize(
    ("service", "series", "job"),
    [
        (
            "a",
            r'http_request_duration_seconds_bucket{job="a$service-[[service]]-${datasource}",path="^/x$|/(.*)$1",le="1"}',
            "a$service-[[service]]-${datasource}",
        ),
        ("b", r'http_bucket{job="b$service",path="[[service]]\\",kind="\"\\d\n[[:alpha:]]",le="1"}', "b$service"),
    ],
)
def test_grafana_finds_no_variable_in_what_stack_yaml_selects(
    service: str, series: str, job: str, tmp_path: Path
) -> None:
    dashboard = board(stack_of(HARMFUL, tmp_path))
    (latency,) = exprs(panel(dashboard, "Latency"), service=service, datasource="x")
    (targets,) = exprs(panel(dashboard, "Targets"), service=service, datasource="x")
    given = {series: counter((3, 60)), f'up{{job="{job}"}}': "1x60"}
    looks = (look(latency, "4m", {'{le="1"}': 3}), look(targets, "4m", {f'{{job="{job}"}}': 1}))
    tests = tmp_path / "verbatim.yml"
    tests.write_text(yaml.safe_dump({"tests": [case("verbatim", given, *looks)]}))
    done = subprocess.run(
        [find_program("promtool"), "test", "rules", tests], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "SUCCESS" in done.stdout) == (0, True), done.stdout + done.stderr


def test_seconds_are_the_thousandth_of_milliseconds() -> None:
    assert all(float(seconds) == pytest.approx(float(le) / 1000) for le, seconds in IN_SECONDS.items())
