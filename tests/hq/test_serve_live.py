"""`dev-hq serve` with its real neighbours: Prometheus scrapes it, Alertmanager delivers to it, Envoy is probed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import yaml

from chaos.envoy import envoy_config
from exporters.pool import PoolCollector
from prometheus.alertmanager import alertmanager_config
from prometheus.server import LIMITS
from stack.address import Address, free_address
from stack.journal import Journal
from stack.process import Child, find_program
from stack.waiting import wait_for
from tests.exporters.exposed import collect
from tests.exporters.records import finished, verdict
from tests.hq.serving import Served, make_stack, serving

pytestmark = pytest.mark.e2e


@contextmanager
def child(name: str, argv: list[object], log: Path, ready: str) -> Iterator[None]:
    process = Child(name, [str(word) for word in argv], log)
    try:
        wait_for(lambda: process.exit_code is not None or _ok(ready), 30, f"{name} did not answer at {ready}")
        assert process.exit_code is None, process.last_words()
        yield
    finally:
        process.stop()


def _ok(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("live")) as served:
        Journal(served.stack.journal).append("run_finished", finished(outcome="weakness"))
        Journal(served.stack.journal).append("gate_verdict", verdict("fail"))
        yield served


def test_prometheus_scrapes_it_once_a_second(served: Served, tmp_path: Path) -> None:
    address = free_address("127.0.0.1", frozenset({served.address}))
    job = {"job_name": "dev-hq", **LIMITS, "static_configs": [{"targets": [str(served.address)]}]}
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    argv = [
        find_program("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address={address}",
    ]  # fmt: skip

    def value(query: str) -> str | None:
        answer = requests.get(f"http://{address}/api/v1/query", {"query": query}, timeout=5).json()
        return next((series["value"][1] for series in answer["data"]["result"]), None)

    with child("prometheus", argv, tmp_path / "log", f"http://{address}/-/ready"):
        wait_for(lambda: value("count_over_time(up[1m]) > 3"), 20, "Prometheus did not scrape four times", every=0.2)
        assert value("min_over_time(up[1m])") == "1"
        assert value('chaos_run_failures_total{scenario="wave"}') == "1"
        assert value('quality_gate_verdict{gate="latency"}') == "0"
        assert value('pool_member_up{pool="proxies",member="1"}') == "0"
        assert value('min(exporter_collector_success{collector!="ejections"})') == "1"
        assert value('exporter_collector_success{collector="ejections"}') == "0", "Envoy does not run"
        assert value("max_over_time(scrape_duration_seconds[1m]) < 0.5") is not None
        targets = requests.get(f"http://{address}/api/v1/targets", timeout=5).json()["data"]["activeTargets"]
        assert [(target["health"], target["lastError"]) for target in targets] == [("up", "")]
        metadata = requests.get(f"http://{address}/api/v1/metadata", timeout=5).json()["data"]
        assert metadata["chaos_run_failures"][0]["type"] == "counter", "OpenMetrics names the family without _total"
        assert metadata["notification_delay_seconds"][0]["type"] == "histogram"


def test_alertmanager_delivers_to_it(served: Served, tmp_path: Path) -> None:
    address = free_address("127.0.0.1", frozenset({served.address}))
    config = alertmanager_config(served.stack, served.credentials)
    config["route"] |= {"group_wait": "100ms", "group_interval": "1s"}
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    argv = [
        find_program("alertmanager"), f"--config.file={tmp_path / 'alertmanager.yml'}",
        f"--storage.path={tmp_path / 'data'}", f"--web.listen-address={address}", "--cluster.listen-address=",
    ]  # fmt: skip
    labels = {"alertname": "ErrorSpike", "anomaly_type": "error_spike", "severity": "high", "service": "shop"}
    alert: dict[str, object] = {
        "labels": labels,
        "annotations": {"summary": "too many errors: 20 % \u20ac"},
        "startsAt": datetime.now(UTC).isoformat(),
    }

    def send() -> None:
        assert requests.post(f"http://{address}/api/v2/alerts", json=[alert], timeout=5).status_code == 200

    def delivered(status: str) -> list[dict[str, object]]:
        return [
            dict(record.data)
            for record in served.notifications
            if record.kind == "notification" and record.data["status"] == status
        ]

    with child("alertmanager", argv, tmp_path / "log", f"http://{address}/-/ready"):
        send()
        firing = wait_for(lambda: delivered("firing"), 20, "the alert was not delivered")[0]
        assert firing["labels"] == labels
        assert firing["annotations"] == alert["annotations"]
        assert (firing["receiver"], firing["ends_at"], firing["truncated"]) == ("dev-hq", None, 0)
        alert["endsAt"] = datetime.now(UTC).isoformat()
        send()
        resolved = wait_for(lambda: delivered("resolved"), 20, "that it is over was not delivered")[0]
        assert resolved["fingerprint"] == firing["fingerprint"]
    text = served.get("/metrics").body.decode()
    assert 'notifications_received_total{status="firing"} 1.0' in text
    assert 'notification_delay_seconds_count{status="resolved"} 1.0' in text


class Vendor(BaseHTTPRequestHandler):
    """Answers every GET on a connection of its own (HTTP/1.0), and remembers who probed."""

    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("x-dev-hq-probe")))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def vendor(address: Address) -> Iterator[list[tuple[str, str | None]]]:
    seen: list[tuple[str, str | None]] = []
    handler: Callable[..., BaseHTTPRequestHandler] = type("Handler", (Vendor,), {"seen": seen})
    with ThreadingHTTPServer((address.host, address.port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield seen
        server.shutdown()


def test_members_are_probed_through_envoy(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    (tmp_path / "envoy.json").write_text(json.dumps(envoy_config(stack)))
    argv = [
        find_program("envoy"), "-c", tmp_path / "envoy.json", "--concurrency", "1", "--disable-hot-restart",
        "-l", "warning", "--use-dynamic-base-id",
    ]  # fmt: skip
    collector = PoolCollector(stack.pools)
    member = 'pool_member_up{member="1",pool="proxies"}'
    with child("envoy", argv, tmp_path / "log", f"http://{stack.envoy.admin}/ready"):
        with vendor(Address.of_url(stack.pools["proxies"].upstream)) as seen:
            assert collect(collector)[member] == 1
            assert seen == [("/", "1"), ("/", "1")]
        samples = collect(collector)
        assert samples[member] == 0
        assert samples['pool_member_probe_outcome{member="1",outcome="http_error",pool="proxies"}'] == 1
    samples = collect(collector)
    assert samples['pool_member_probe_outcome{member="1",outcome="refused",pool="proxies"}'] == 1
