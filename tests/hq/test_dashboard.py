"""`dev-hq dashboard`: where the anomaly dashboard is, once there is something on it."""

from __future__ import annotations

import http.server
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hq.cli import main
from prometheus.server import OWN_JOBS
from tests.chaos.stacks import stack_of
from tests.serving import serving


class FakePrometheus(http.server.BaseHTTPRequestHandler):
    """Answers with the jobs that are up, and the Watchdog if the rules are evaluated."""

    jobs: tuple[str, ...] = OWN_JOBS
    watched = True

    def do_GET(self) -> None:
        alert = {
            "labels": {"alertname": "Watchdog", "severity": "none"},
            "annotations": {}, "state": "firing", "activeAt": "2026-11-22T10:00:00Z", "value": "1",
        }  # fmt: skip
        results = [{"metric": {"job": job}, "value": [time.time(), "1"]} for job in self.jobs]
        data = {"alerts": [alert] if self.watched else []} if "alerts" in self.path else {
            "resultType": "vector", "result": results,
        }  # fmt: skip
        body = json.dumps({"status": "success", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[type[FakePrometheus]]:
    class Answering(FakePrometheus):
        pass

    with serving(Answering) as address:
        file = stack_of(tmp_path).file
        file.write_text(file.read_text().replace("prometheus: {", f"prometheus: {{url: 'http://{address}', "))
        yield Answering


def dashboard(directory: Path, *words: str) -> int:
    return main(["--stack", str(directory / "stack.yaml"), "dashboard", *words])


def test_the_address_is_printed(
    prometheus: type[FakePrometheus], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dashboard(tmp_path) == 0
    assert capsys.readouterr().out == "The anomaly dashboard: http://127.0.0.1:3000/d/dev-hq-anomaly-overview\n"


def test_it_is_not_told_while_targets_are_missing(
    prometheus: type[FakePrometheus], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prometheus.jobs = ("prometheus", "dev-hq")
    assert dashboard(tmp_path) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "dev-hq: there is nothing to see on the dashboard: Prometheus does not scrape alertmanager, envoy\n"
    )


def test_nor_while_no_rules_are_evaluated(
    prometheus: type[FakePrometheus], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prometheus.watched = False
    assert dashboard(tmp_path, "--wait", "1s") == 2
    assert capsys.readouterr().err == (
        "dev-hq: there is nothing to see on the dashboard: "
        "Prometheus evaluates no anomaly rules (the Watchdog alert is silent)\n"
    )


def test_a_prometheus_that_does_not_answer_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = stack_of(tmp_path).file
    file.write_text(file.read_text().replace("prometheus: {", "prometheus: {url: 'http://127.0.0.1:1', "))
    assert dashboard(tmp_path) == 2
    assert capsys.readouterr().err.startswith(
        "dev-hq: there is nothing to see on the dashboard: Prometheus at http://127.0.0.1:1 "
    )
