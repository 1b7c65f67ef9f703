"""How long a verdict takes, cold: python -m bench.gates [--rounds 15] [--json].

Three gates by `python -m gates.check`, a new process each time as in a pipeline, against the same three numbers from
three calls of `promtool query instant`, which judges nothing, and against one number from `slo-generator compute`. All
ask the same live Prometheus. Medians of interleaved rounds; exit code 1 when a bound is missed.

slo-generator comes from the package registry into var/bench, once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from stack.process import find_program
from tests.gates.history import History, prometheus_with

ROOT = Path(__file__).parent.parent
SLO_GENERATOR = ("slo-generator[prometheus]==2.6.0", "setuptools==80.9.0")  # which it needs, and does not say so
PROMTOOL_BOUND, SLO_GENERATOR_BOUND = 2.0, 0.8

_STACK = """
services:
  shop:
    sli: {{preset: prometheus-http, selector: {{job: shop}}}}
    objectives: {{success_rate: {{target: 99.5%, window: 30m}}, latency: {{under: 300ms, target: 99%}}}}
prometheus: {{url: "{url}"}}
"""
_QUERIES = (
    'sum(increase(http_requests_total{job="shop"}[10m]))',
    'sum(increase(http_requests_total{job="shop",code=~"5.."}[10m]))',
    'sum by (le) (increase(http_request_duration_seconds_bucket{job="shop"}[10m]))',
)
_SLO = {
    "apiVersion": "sre.google.com/v2",
    "kind": "ServiceLevelObjective",
    "metadata": {
        "name": "shop-success",
        "labels": {"service_name": "shop", "feature_name": "web", "slo_name": "success"},
    },
    "spec": {
        "description": "the share of requests that succeed",
        "backend": "prometheus",
        "method": "good_bad_ratio",
        "exporters": [],
        "goal": 0.995,
        "service_level_indicator": {
            "filter_good": 'http_requests_total{job="shop",code!~"5.."}[window]',
            "filter_valid": 'http_requests_total{job="shop"}[window]',
        },
    },
}
_STEP = {
    "name": "10 minutes",
    "burn_rate_threshold": 1,
    "alert": True,
    "message_alert": "burning",
    "message_ok": "fine",
    "window": 600,
}


@dataclass(frozen=True)
class Comparison:
    """The gates' time against another's: the ratio of the medians, and what it may be."""

    name: str
    ratio: float
    bound: float

    @property
    def holds(self) -> bool:
        return self.ratio <= self.bound


def main() -> int:
    """Measures, prints, and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    slo_generator = _slo_generator(ROOT / "var" / "bench" / "slo-generator")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with prometheus_with(_history(), directory / "prometheus") as url:
            seconds = _measured(_contestants(url, directory, slo_generator), arguments.rounds)
    medians = {name: statistics.median(rounds) for name, rounds in seconds.items()}
    gates, promtool, other = medians.values()
    comparisons = (
        Comparison("three gates / three promtool calls", gates / promtool, PROMTOOL_BOUND),
        Comparison("three gates / slo-generator", gates / other, SLO_GENERATOR_BOUND),
    )
    _print_json(medians, comparisons) if arguments.json else _print_table(seconds, comparisons)
    return 0 if all(comparison.holds for comparison in comparisons) else 1


def _history() -> History:
    """An hour of a healthy service, and some minutes to come, in which all of this happens."""
    history = History(time.time() + 900)
    history.traffic("shop", rate=10, bad=0.0005, since=4500)
    history.latency("shop", rate=10, shares={"0.1": 0.5, "0.3": 0.9995, "1": 0.9999, "+Inf": 1.0}, since=4500)
    return history


def _slo_generator(directory: Path) -> Path:
    """The program, installed on first use."""
    program = directory / "bin" / "slo-generator"
    if not program.exists():
        print("installing slo-generator into", directory, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", directory], check=True)
        pip = str(directory / "bin" / "pip")
        subprocess.run([pip, "install", "--quiet", "--disable-pip-version-check", *SLO_GENERATOR], check=True)
    return program


def _contestants(url: str, directory: Path, slo_generator: Path) -> dict[str, Callable[[], None]]:
    """What is measured, by name; each checks that it was answered."""
    stack, slo, config = (directory / name for name in ("stack.yaml", "slo.yaml", "config.yaml"))
    stack.write_text(_STACK.format(url=url))
    slo.write_text(json.dumps(_SLO))
    policy = {"default": {"steps": [_STEP]}}
    config.write_text(json.dumps({"backends": {"prometheus": {"url": url}}, "error_budget_policies": policy}))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(directory / "bytecode")  # compiled once, as an installed package is

    def run(words: list[str | Path], due: str) -> None:
        done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=60, check=False)
        if done.returncode or due not in done.stdout + done.stderr:
            raise RuntimeError(f"{words[0]} did not say {due!r} ({done.returncode}): {done.stdout}{done.stderr}")

    def promtool() -> None:
        for query in _QUERIES:
            run([find_program("promtool"), "query", "instant", url, query], " => ")

    return {
        "three gates": lambda: run(
            [sys.executable, "-m", "gates.check", "--stack", stack], "PASS: every required gate passes"
        ),
        "three promtool calls": promtool,
        "slo-generator": lambda: run([slo_generator, "compute", "-f", slo, "-c", config], "SLI: 99.9"),
    }


def _measured(contestants: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of wall clock, a list of rounds for each; every round runs each once, in an order of its own."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        run()
    for _ in range(rounds):
        for name in random.sample(list(contestants), len(contestants)):
            began = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def _print_table(seconds: Mapping[str, list[float]], comparisons: tuple[Comparison, ...]) -> None:
    print("wall clock, cold                           median  fastest")
    for name, rounds in seconds.items():
        print(f"  {name:40} {statistics.median(rounds) * 1e3:5.0f} ms {min(rounds) * 1e3:5.0f} ms")
    print("\nratio of the medians                              at most")
    for one in comparisons:
        print(f"  {one.name:40} {one.ratio:6.2f} {one.bound:9.2f}   {'ok' if one.holds else 'MISSED'}")


def _print_json(medians: Mapping[str, float], comparisons: tuple[Comparison, ...]) -> None:
    ratios = [{**asdict(one), "holds": one.holds} for one in comparisons]
    print(json.dumps({"seconds": medians, "ratios": ratios}, indent=2))


if __name__ == "__main__":
    sys.exit(main())
