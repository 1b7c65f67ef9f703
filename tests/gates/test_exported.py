"""The verdicts of a gates file, where users see them next: at the exporter, by way of the journal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.check import main
from gates.formats import render
from gates.formats.plain import plain
from stack.address import free_address
from stack.journal import Journal
from tests.exporters.exposed import Samples, samples_of
from tests.exporters.records import verdict
from tests.gates.formats.reports import EVERY_VERDICT, REPORT
from tests.gates.past import Past
from tests.hq.serving import Served, serving

pytestmark = pytest.mark.e2e

GATES = """\
version: 1
stack: stack.yaml
prometheus: {{url: "{url}", scrape_interval: 15s, retries: 0}}
slos:
  - name: availability
    service: check-out
    objective: 99.5
    period: 30d
    total: http_requests_total{{job="{job}"}}
    bad: http_requests_total{{job="{job}",code=~"5.."}}
gates:
  - {{name: 'success rate, of "all" & ünicode', slo: availability}}
  - {{name: 'queue 100% #1', promql: "vector(-250.5)", pass: "< 100"}}
"""
RATE = '{gate="success rate, of "all" & ünicode",service="check-out"}'
QUEUE = '{gate="queue 100% #1",service=""}'


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


def metrics(served: Served) -> Samples:
    return samples_of(served.get("/metrics").body.decode())


def gates_file(directory: Path, url: str, job: str) -> str:
    path = directory / "gates.yaml"
    path.write_text(GATES.format(url=url, job=job))
    return str(path)


def test_verdicts_of_a_gates_file_are_exported_whatever_their_names(served: Served, tmp_path: Path) -> None:
    assert main(["-c", gates_file(tmp_path, f"http://{free_address('127.0.0.1')}", "shop")]) == 4
    found = metrics(served)
    assert found[f"quality_gate_verdict{RATE}"] == found[f"quality_gate_verdict{QUEUE}"] == -2
    assert found[f"quality_gate_threshold{RATE}"] == 0.995
    assert found[f"quality_gate_threshold{QUEUE}"] == 100
    assert f"quality_gate_actual{RATE}" not in found
    assert found[f"quality_gate_checks_total{QUEUE}"] == found[f"quality_gate_check_errors_total{QUEUE}"] == 1
    assert found["exporter_records_unreadable_total"] == 0
    assert found['exporter_series_dropped_total{family="quality_gate_verdict"}'] == 0


def test_the_format_openmetrics_tells_the_same_as_the_exporter(served: Served) -> None:
    journal = Journal(served.stack.journal)
    for found in EVERY_VERDICT:
        about = {"gate": found.gate, "service": plain(found.service)}
        journal.append("gate_verdict", verdict(found.verdict, actual=found.actual, threshold=found.threshold, **about))
    exported = served.get("/metrics", accept="application/openmetrics-text").body.decode().splitlines()
    written = render(REPORT, "openmetrics").splitlines()
    assert len(written) == 27
    assert set(written) <= set(exported)


def test_what_was_measured_is_exported(served: Served, past: Past, tmp_path: Path) -> None:
    path = gates_file(tmp_path, past.url, "failing")
    assert main(["-c", path, "--at", str(past.at)]) == 1
    found = metrics(served)
    assert (found[f"quality_gate_verdict{RATE}"], found[f"quality_gate_verdict{QUEUE}"]) == (0, 1)
    assert found[f"quality_gate_actual{RATE}"] == pytest.approx(0.95, abs=1e-3)
    assert found[f"quality_gate_actual{QUEUE}"] == -250.5


@pytest.mark.parametrize(
    "bad",
    [
        {"gate": ""},
        {"gate": None},
        {"service": None},
        {"service": 7},
        {"verdict": "splendid"},
        {"verdict": None},
    ],
)
def test_a_bad_record_harms_no_other(served: Served, bad: dict[str, object]) -> None:
    journal = Journal(served.stack.journal)
    journal.append("gate_verdict", verdict())
    journal.append("gate_verdict", verdict(**bad))
    journal.append("gate_verdict", verdict("fail", gate="other", service=""))
    found = metrics(served)
    assert found['quality_gate_verdict{gate="latency",service="shop"}'] == 1
    assert found['quality_gate_verdict{gate="other",service=""}'] == 0
    assert found["exporter_records_unreadable_total"] == 1
    assert len([key for key in found if key.startswith("quality_gate_verdict")]) == 2


@pytest.mark.parametrize("actual", [None, "much", True, [1], {"a": 1}, 10**400])
def test_an_odd_measurement_costs_only_itself(served: Served, actual: object) -> None:
    Journal(served.stack.journal).append("gate_verdict", verdict(actual=actual))
    found = metrics(served)
    assert found['quality_gate_verdict{gate="latency",service="shop"}'] == 1
    assert 'quality_gate_actual{gate="latency",service="shop"}' not in found


def test_a_measurement_may_be_any_number(served: Served) -> None:
    journal = Journal(served.stack.journal)
    numbers = (-1e300, -0.0, 5e-324, 1e308)
    for place, number in enumerate(numbers):
        journal.append("gate_verdict", verdict(gate=f"gate {place}", actual=number))
    found = metrics(served)
    exported = [found[f'quality_gate_actual{{gate="gate {place}",service="shop"}}'] for place in range(len(numbers))]
    assert exported == list(numbers)
    assert all(math.isfinite(number) for number in exported)
