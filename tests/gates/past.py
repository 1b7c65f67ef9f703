"""The past that the gates are asked about: a service for each thing that can be true of one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from gates.automated import AutomatedQualityGate
from gates.checklist import Checklist
from gates.gate import GateResult, QualityGate
from gates.objectives import checklist_of
from stack.loader import load_stack
from stack.model import PrometheusSettings
from tests.gates.history import History
from tests.gates.past_of_releases import odd_servers, releases

STACK = """
services:
  {job}:
    sli: {sli}
    objectives: {objectives}
prometheus: {{url: "{url}", scrape_interval: {interval}}}
"""
DAY = 86400.0
BUCKETS = {"0.1": 0.5, "0.25": 0.985, "0.3": 0.999, "1": 0.9999, "+Inf": 1.0}


@dataclass
class Past:
    """A Prometheus with a past, and the gates asked of it as of then."""

    url: str
    at: float
    directory: Path

    def results(
        self, job: str, objectives: str, *, sli: str = "", interval: str = "15s", window: float | None = None
    ) -> dict[str, GateResult]:
        path = self.directory / f"{job}.yaml"
        sli = sli or f"{{preset: prometheus-http, selector: {{job: {job}}}}}"
        path.write_text(STACK.format(job=job, sli=sli, objectives=objectives, url=self.url, interval=interval))
        checklist = checklist_of(load_stack(path))
        checklist = checklist.with_window(window) if window else checklist
        report = AutomatedQualityGate(checklist).check_all_gates(at=self.at, record=False)
        return {result.gate: result for result in report.results}

    def stack(self, directory: Path, job: str, objectives: str, more: str = "", interval: str = "15s") -> Path:
        """The stack.yaml of one service of this past."""
        path = directory / "stack.yaml"
        sli = f"{{preset: prometheus-http, selector: {{job: {job}}}}}"
        path.write_text(STACK.format(job=job, sli=sli, objectives=objectives, url=self.url, interval=interval) + more)
        return path

    def check(self, gate: QualityGate, *, since: float | None = None, max_age: float | None = None) -> GateResult:
        """What one gate says; `since` is how many seconds before the moment the release went out."""
        settings = PrometheusSettings(url=self.url)
        checklist = Checklist(self.directory / "gates.yaml", (gate,), settings, self.directory / "journal", max_age)
        released = None if since is None else self.at - since
        report = AutomatedQualityGate(checklist).check_all_gates(at=self.at, since=released, record=False)
        (result,) = report.results
        return result

    def success_rate(self, job: str, **options: object) -> GateResult:
        return self.results(job, "{success_rate: {target: 99.5%}}", **options)["success_rate"]

    def latency(self, job: str, under: str) -> GateResult:
        return self.results(job, f"{{latency: {{under: {under}, target: 99%}}}}")["latency"]

    def error_budget(self, job: str) -> GateResult:
        return self.results(job, "{success_rate: {target: 99.5%}}", interval="4m", window=DAY)["error_budget"]


def lived(at: float) -> History:
    history = History(at)
    history.traffic("healthy", rate=10, bad=0.001)
    history.latency("healthy", rate=10, shares=BUCKETS)
    history.traffic("no-bad-series", rate=10)
    history.traffic("failing", rate=10, bad=0.05)
    history.traffic("sparse", rate=0.7)
    history.traffic("idle", rate=0)
    history.traffic("dead", rate=10, until=45, up=0)
    history.traffic("stale", rate=10, until=120, up=None)
    history.traffic("vanished", rate=10, until=400, up=None)
    history.traffic("young", rate=10, since=180)
    history.traffic("young-failing", rate=10, bad=0.2, since=180)
    history.traffic("dead-failing", rate=10, bad=0.2, until=45, up=0)
    history.traffic("month", rate=0.5, bad=0.001, since=31 * DAY, interval=240)
    history.traffic("bad-month", rate=0.5, bad=0.006, since=31 * DAY, interval=240)
    history.traffic("half-month", rate=0.5, bad=0.001, since=15 * DAY, interval=240)
    _one_replica_down(history)
    _oddities(history)
    _histograms(history)
    releases(history)
    odd_servers(history)
    return history


def _one_replica_down(history: History) -> None:
    history.traffic("replicas", rate=10)
    gone = {"job": "replicas", "instance": "replicas:81"}
    history.series("http_requests_total", {**gone, "code": "200"}, lambda before: 9000 - before, since=3600, until=1200)
    history.series("up", gone, lambda before: 1.0 if before >= 1200 else 0.0, since=3600)


def _oddities(history: History) -> None:
    def service(job: str, code: str, value, **ends: float) -> None:
        labels = {"job": job, "instance": f"{job}:80", "code": code}
        history.series("http_requests_total", labels, value, **{"since": 3600.0, **ends})

    def steady(before: float) -> float:
        return (3660 - before) * 10

    service("born-failing", "200", steady)
    service("born-failing", "500", lambda _: 60.0, since=300)
    service("not-a-number", "200", lambda before: math.nan if before < 60 else steady(before))
    service("hanging", "200", lambda before: steady(max(before, 200.0)))
    service("restarted", "200", lambda before: steady(before) if before > 300 else (301 - before) * 10)
    history.series(
        "http_requests_total", {"job": "fastapi", "instance": "fastapi:80", "status": "5xx"}, steady, since=3600
    )
    service("unseen", "200", steady, until=605)  # then Prometheus was down for five minutes
    service("unseen", "200", steady, since=305)
    service("too-good", "200", steady)
    service("two-families", "200", steady)
    good = {"job": "too-good", "instance": "too-good:80"}
    history.series("good_total", good, lambda before: 2 * steady(before), since=3600)
    history.series("good_total", {**good, "job": "two-families"}, lambda before: 0.9 * steady(before), since=3600)


def _histograms(history: History) -> None:
    history.latency("buckets", rate=10, shares=BUCKETS)
    history.latency("endless", rate=10, shares={le: share for le, share in BUCKETS.items() if le != "+Inf"})
    history.latency("one-bucket", rate=10, shares={"+Inf": 1.0})
    history.latency("falling", rate=10, shares={**BUCKETS, "0.25": 0.4})
    history.latency("words", rate=10, shares={**BUCKETS, "fast": 0.4})
    history.latency("mixed", rate=10, shares=BUCKETS)
    for le, share in {"0.1": 0.5, "0.5": 0.999, "1.0": 0.9999, "+Inf": 1.0}.items():
        labels = {"job": "mixed", "instance": "mixed:81", "le": le}
        history.series(
            "http_request_duration_seconds_bucket",
            labels,
            lambda before, share=share: round((3660 - before) * 10 * share),
            since=3600,
        )
