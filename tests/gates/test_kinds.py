"""Every kind of gate from a gates file, through the command line, and again from its evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gates.check import main
from tests.gates.past import Past

pytestmark = pytest.mark.e2e

GATES = """\
version: 1
prometheus: {{url: "{url}"}}
slos:
  - name: availability
    service: shop
    objective: 99
    period: 50m
    total: http_requests_total{{job="canary"}}
    bad: http_requests_total{{job="canary",code="500"}}
gates:
  - {{name: success rate, slo: availability, window: 10m, warn: "99.95%"}}
  - {{name: fast, histogram: 'http_request_duration_seconds_bucket{{job="as-fast"}}', under: 300ms, share: 97}}
  - {{name: budget, slo: availability, budget_left: ">= 10%", warn: ">= 95%"}}
  - {{name: burn, slo: availability, max_burn: 6, windows: [5m, 40m]}}
  - {{name: not worse, slo: availability, baseline: {{version: stable}}, margin: "0.1%"}}
  - name: not slower
    histogram: 'http_request_duration_seconds_bucket{{job="slower"}}'
    baseline: {{version: stable}}
    margin: 1%
    required: false
  - {{name: queue, promql: 'max(queue_depth{{job="queue"}})', pass: "< 100", alive: 'queue_depth{{job="queue"}}'}}
"""


def test_every_kind_is_judged_and_judged_the_same_from_its_evidence(
    past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, evidence = tmp_path / "gates.yaml", tmp_path / "evidence.json"
    path.write_text(GATES.format(url=past.url))
    found = ["--format", "json", "--no-record"]
    assert main(["-c", str(path), "--at", str(past.at), "--evidence", str(evidence), *found]) == 0
    told = capsys.readouterr().out
    assert [(gate["gate"], gate["kind"], gate["verdict"]) for gate in json.loads(told)["gates"]] == [
        ("success rate", "success_rate", "warn"),
        ("fast", "latency", "pass"),
        ("budget", "error_budget", "warn"),
        ("burn", "burn_rate", "pass"),
        ("not worse", "comparison", "pass"),
        ("not slower", "comparison", "fail"),
        ("queue", "promql", "pass"),
    ]
    assert main(["--replay", str(evidence), "--format", "json"]) == 0
    assert capsys.readouterr().out == told


def test_who_compares_with_the_previous_release_says_since_when_this_one_runs(
    past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text(
        GATES.format(url=past.url).replace("baseline: {version: stable}\n", "baseline: {release: previous}\n")
    )
    line = path.read_text().splitlines().index("  - name: not slower") + 1
    check = ["-c", str(path), "--at", str(past.at), "--no-record", "--gate", "not slower"]
    assert main(check) == 2
    assert capsys.readouterr().err == (
        f"gates.check: {path}:{line}: the baseline is the previous release, "
        "so say since when this one runs, with --since\n"
    )
    assert main([*check, "--since", str(past.at - 300)]) == 3  # it only observes, and nothing else was judged
