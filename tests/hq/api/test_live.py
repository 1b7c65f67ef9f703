"""The API over a real Prometheus: its verdicts are the command's, and its stream follows a real alert."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gates.check import main
from stack.waiting import wait_for
from tests.gates.history import prometheus
from tests.hq.api.listening import listening
from tests.hq.serving import serving
from tests.serving import serving as serving_with

pytestmark = pytest.mark.e2e

CONFIG = """\
global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["{target}"]}}]
"""
RULES = """\
groups:
  - name: watching
    rules:
      - {alert: Watchdog, expr: vector(1)}
      - alert: ErrorSpike
        expr: shop_is_broken == 1
        for: 1s
        labels: {anomaly_type: error_spike, severity: high, service: shop, metric: shop_is_broken}
        annotations: {threshold: "0", actual: "{{ $value }}", summary: the shop is broken, recommendation: Mend it.}
"""
STACK = "prometheus: {{url: {url}, scrape_interval: 500ms}}\ngates: {{window: 10s}}"


@contextmanager
def shop(broken: threading.Event) -> Iterator[str]:
    """A service with 1000 good requests a second, which says when it is broken: where it is scraped."""
    born = time.monotonic()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            requests = int((time.monotonic() - born) * 1000)
            lines = f'http_requests_total{{code="200"}} {requests}\nshop_is_broken {int(broken.is_set())}\n'
            self.wfile.write(lines.encode())

    with serving_with(Handler) as target:
        yield target


def test_a_verdict_is_that_of_the_command_at_the_same_moment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    with (
        shop(threading.Event()) as target,
        prometheus(tmp_path, CONFIG.format(target=target)) as url,
        serving(tmp_path / "api", more=STACK.format(url=url)) as served,
    ):

        def over_http(**body: Any) -> Any:
            answer = served.ask(
                "quality", "POST", "/api/quality/check", {"gates": ["success_rate"], "window_seconds": 4, **body}
            )
            assert answer.status == 200
            return answer.json

        wait_for(lambda: over_http()["verdict"] == "pass", 40, "no pass", every=0.3)
        for strict in (False, True):
            judged = over_http(run_id="same", strict=strict)
            options = [
                "--gate",
                "success_rate",
                "--window",
                "4s",
                "--run-id",
                "same",
                "--format",
                "json",
                "--at",
                str(judged["at"]),
            ]
            main(["--stack", str(served.stack.file), *options, *["--strict"] * strict])
            printed = json.loads(capsys.readouterr().out)
            for gate in printed["gates"]:
                gate["place"] = Path(gate["place"]).name
            assert judged == printed


def test_a_real_alert_starts_and_ends_in_the_stream(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    broken = threading.Event()
    with (
        shop(broken) as target,
        prometheus(tmp_path, CONFIG.format(target=target)) as url,
        serving(tmp_path / "api", more=STACK.format(url=url)) as served,
    ):

        def now() -> Any:
            return served.ask("read", "GET", "/api/anomalies").json

        wait_for(lambda: now()["state"] == "calm", 20, "Prometheus evaluates no rules", every=0.2)
        with listening(served.address, "/api/anomalies/stream", served.bearer("read")) as listener:
            assert [one.name for one in listener.take(1)] == ["snapshot"]
            broken.set()
            (started,) = listener.take(1)
            anomaly = started.data["anomaly"]
            assert (started.name, anomaly["type"], anomaly["severity"]) == ("started", "error_spike", "high")
            assert (anomaly["actual"], anomaly["recommendation"]) == ("1", "Mend it.")
            assert [one["type"] for one in now()["anomalies"]] == ["error_spike"]
            broken.clear()
            (ended,) = listener.take(1)
            assert (ended.name, ended.data["state"]) == ("ended", "calm")
        with listening(served.address, "/api/anomalies/stream", served.bearer("read"), started.id) as listener:
            assert listener.take(1) == [ended]
