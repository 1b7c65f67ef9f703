"""A Prometheus that says what a test wants, and changes its mind when told to."""

from __future__ import annotations

import http.server
import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import serving

WATCHDOG = {"labels": {"alertname": "Watchdog"}, "annotations": {}, "state": "firing", "value": "1"}


@dataclass
class FakePrometheus:
    """Answers alerts, one instant query and one range query; `refuses` with a status, or hangs while `slow`."""

    host: str = ""
    alerts: list[dict[str, Any]] = field(default_factory=lambda: [WATCHDOG])
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)
    series: list[tuple[dict[str, str], list[float]]] = field(default_factory=list)
    silence: float | None = 0.5
    refuses: int = 0
    refuses_ranges: bool = False
    asked: list[str] = field(default_factory=list)
    answering: threading.Event = field(default_factory=threading.Event)

    def answer(self, url: str, form: dict[str, list[str]]) -> tuple[int, Any]:
        endpoint = urlsplit(url).path.rpartition("/")[2]
        self.asked.append(endpoint)
        self.answering.wait(30)
        if self.refuses or (self.refuses_ranges and endpoint == "query_range"):
            return self.refuses or 422, {"status": "error", "errorType": "execution", "error": "too many samples"}
        if endpoint == "alerts":
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 172))
            return 200, _success({"alerts": [{"activeAt": now, **alert} for alert in self.alerts]})
        if endpoint == "query":
            return 200, _success({"resultType": "vector", "result": list(self._vector())})
        start, step = float(form["start"][0]), float(form["step"][0])
        result = [
            {"metric": labels, "values": [[start + step * index, str(value)] for index, value in enumerate(values)]}
            for labels, values in self.series
        ]
        return 200, _success({"resultType": "matrix", "result": result})

    def _vector(self) -> Iterator[dict[str, Any]]:
        now = time.time()
        for labels, value in self.samples:
            yield {"metric": labels, "value": [now, "NaN" if math.isnan(value) else str(value)]}
        if self.silence is not None:
            watchdog = {"alertname": "Watchdog", "alertstate": "firing"}
            yield {"metric": watchdog, "value": [now, str(now - self.silence)]}

    @property
    def url(self) -> str:
        return f"http://{self.host}"


def alert(kind: str, severity: str, **labels: str) -> dict[str, Any]:
    """A firing alert about an anomaly, or, with another `alertname`, about something else."""
    about = {"alertname": kind, "anomaly_type": kind, "severity": severity, "service": "storefront", **labels}
    annotations = {
        "threshold": "5%",
        "actual": "34.2%",
        "recommendation": "Take the failing members out.",
        "summary": "it fails",
        "runbook_url": "https://dev-hq.example/runbooks/it.md",
    }
    filled = {name: value for name, value in about.items() if value}
    return {"labels": filled, "annotations": annotations, "state": "firing", "value": "6.8"}


def sample(metric: str, value: float, **labels: str) -> tuple[dict[str, str], float]:
    return {"__name__": metric, **labels}, value


@contextmanager
def fake_prometheus(**settings: Any) -> Iterator[FakePrometheus]:
    fake = FakePrometheus(**settings)
    fake.answering.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(parse_qs(urlsplit(self.path).query))

        def do_POST(self) -> None:
            self._reply(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def _reply(self, form: dict[str, list[str]]) -> None:
            status, document = fake.answer(self.path, form)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as host:
        fake.host = host
        try:
            yield fake
        finally:
            fake.answering.set()


def _success(data: Any) -> dict[str, Any]:
    return {"status": "success", "data": data}
