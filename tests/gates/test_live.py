"""A service that dies, and its Prometheus after it: old good samples never pass."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from gates.automated import AutomatedQualityGate
from gates.gate import GateResult, Verdict
from gates.objectives import checklist_of
from stack.loader import load_stack
from stack.waiting import wait_for
from tests.gates.history import prometheus
from tests.gates.victoria import victoria_metrics
from tests.serving import serving

pytestmark = pytest.mark.e2e

STACK = """
services:
  shop:
    sli: {{preset: prometheus-http, selector: {{job: shop}}}}
    objectives: {{success_rate: {{target: 99.5%}}}}
prometheus: {{url: "{url}", scrape_interval: 500ms}}
gates: {{window: 10s}}
"""
CONFIG = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["{target}"]}}]
"""


Server = Callable[[Path, str], AbstractContextManager[str]]


@contextmanager
def shop(counts: threading.Event | None = None) -> Iterator[tuple[str, Callable[[], None]]]:
    """A service with 1000 good requests a second: where it is scraped, and what kills it.

    It shows what it counts for as long as `counts` is set.
    """
    born = time.monotonic()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            requests = int((time.monotonic() - born) * 1000)
            if not counts or counts.is_set():
                self.wfile.write(f'http_requests_total{{code="200"}} {requests}\n'.encode())

    with ExitStack() as open_:
        yield open_.enter_context(serving(Handler)), open_.close


def success_rate(directory: Path) -> GateResult:
    checklist = checklist_of(load_stack(directory / "stack.yaml")).only(names=["success_rate"])
    return AutomatedQualityGate(checklist).check_all_gates(record=False).results[0]


def passed(directory: Path) -> GateResult:
    """The first pass."""

    def check() -> GateResult | None:
        return found if (found := success_rate(directory)).verdict is Verdict.PASS else None

    return wait_for(check, 40, "no pass")


def victoria(directory: Path, config: str) -> AbstractContextManager[str]:
    """A VictoriaMetrics whose answers are of now: it would keep the last half minute back."""
    return victoria_metrics(directory, config, "-search.latencyOffset=1s")


@pytest.mark.parametrize("server", [prometheus, victoria])
def test_a_service_that_dies_does_not_pass_and_neither_does_a_prometheus_that_dies(
    tmp_path: Path, server: Server
) -> None:
    def check() -> GateResult:
        return success_rate(tmp_path)

    with shop() as (target, kill):
        with server(tmp_path, CONFIG.format(target=target)) as url:
            (tmp_path / "stack.yaml").write_text(STACK.format(url=url))
            alive = passed(tmp_path)
            assert alive.coverage >= 0.95
            assert alive.actual == 1.0
            kill()
            dead = wait_for(
                lambda: found if (found := check()).verdict is not Verdict.PASS else None, 4, "still a pass"
            )
            assert dead.verdict is Verdict.UNDECIDED
            assert dead.reason.startswith(
                f"shop at {target} does not answer Prometheus (up is 0): what users get there now is in no count"
            )
            assert dead.requests is not None  # the window holds old good samples still
            assert dead.requests > 1000
            gone = wait_for(lambda: found if (found := check()).requests is None else None, 30, "samples never end")
            assert gone.reason == dead.reason.partition(" (100%")[0].partition(";")[0]
        lost = check()
    assert (lost.verdict, lost.reason) == (
        Verdict.ERROR,
        f"Prometheus at {url} refused the connection; is it running?",
    )


@pytest.mark.parametrize("server", [prometheus, victoria])
def test_a_target_that_answers_but_has_lost_its_series_does_not_pass(tmp_path: Path, server: Server) -> None:
    counts = threading.Event()
    counts.set()
    with shop(counts) as (target, _), server(tmp_path, CONFIG.format(target=target)) as url:
        (tmp_path / "stack.yaml").write_text(STACK.format(url=url))
        passed(tmp_path)
        counts.clear()
        lost = wait_for(
            lambda: found if (found := success_rate(tmp_path)).verdict is not Verdict.PASS else None, 4, "still a pass"
        )
    assert lost.verdict is Verdict.UNDECIDED
    assert lost.reason.startswith('no series of http_requests_total{job="shop"} is alive: what the window holds is')
