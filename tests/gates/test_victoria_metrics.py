"""The same gates on the same past, asked of Prometheus and of VictoriaMetrics: the same verdicts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gates.check import main
from gates.gate import GateResult, Verdict
from tests.gates.history import History, Value, prometheus_with
from tests.gates.past import Past, lived
from tests.gates.victoria import victoria_metrics_with

pytestmark = pytest.mark.e2e

TRAFFIC = [
    "healthy", "no-bad-series", "failing", "sparse", "idle", "dead", "stale", "vanished",
    "dead-failing", "replicas", "born-failing", "hanging", "restarted", "fastapi", "unheard-of",
]  # fmt: skip
BUCKETS = [
    ("buckets", "300ms"), ("buckets", "250ms"), ("buckets", "280ms"), ("buckets", "50ms"), ("buckets", "1s"),
    ("mixed", "300ms"), ("one-bucket", "1s"), ("endless", "300ms"), ("falling", "300ms"), ("words", "300ms"),
    ("failing", "300ms"),
]  # fmt: skip


@pytest.fixture(scope="module")
def elsewhere(past: Past, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The same past in VictoriaMetrics."""
    directory = tmp_path_factory.mktemp("elsewhere")
    with victoria_metrics_with(lived(past.at - 7), directory / "victoria") as url:
        yield replace(past, url=url, directory=directory)


def alike(one: GateResult, other: GateResult) -> None:
    """The same verdict for the same reason, in numbers that are within 2 % of each other."""
    assert one.verdict is other.verdict
    assert _words(one.reason) == _words(other.reason)
    assert [_words(note) for note in one.notes] == [_words(note) for note in other.notes]
    assert (one.requests is None) == (other.requests is None)
    if one.requests is not None:
        assert one.requests == pytest.approx(other.requests, rel=0.02)


def _words(reason: str) -> str:
    """What is said first, without its numbers."""
    return re.sub(r"[\d.,]+", "#", reason.partition("; the history")[0].partition(" (")[0])


@pytest.mark.parametrize("job", TRAFFIC)
def test_success_rates(past: Past, elsewhere: Past, job: str) -> None:
    alike(past.success_rate(job), elsewhere.success_rate(job))


@pytest.mark.parametrize(("job", "under"), BUCKETS)
def test_latencies(past: Past, elsewhere: Past, job: str, under: str) -> None:
    alike(past.latency(job, under), elsewhere.latency(job, under))


@pytest.mark.parametrize("job", ["month", "bad-month", "half-month"])
def test_error_budgets(past: Past, elsewhere: Past, job: str) -> None:
    alike(past.error_budget(job), elsewhere.error_budget(job))


@pytest.mark.parametrize(
    ("job", "verdict", "counts"),
    [
        ("young", "undecided", (1945, 2400)),
        ("young-failing", "fail", (1945, 2400)),
        ("unseen", "undecided", (3195, 6100)),
    ],
)
def test_increase_is_counted_otherwise_where_series_begin_or_have_a_hole(
    past: Past, elsewhere: Past, job: str, verdict: str, counts: tuple[float, float]
) -> None:
    """VictoriaMetrics takes a new series to have begun at 0, and counts what came over a hole."""
    here, there = past.success_rate(job), elsewhere.success_rate(job)
    assert (here.verdict, there.verdict) == (verdict, verdict)
    assert (here.requests, there.requests) == pytest.approx(counts, abs=1)
    for result in (here, there):
        assert "the history covers about" in " ".join([result.reason, *result.notes])


def test_what_is_no_number_is_not_even_stored_there(elsewhere: Past) -> None:
    result = elsewhere.success_rate("not-a-number")
    assert result.verdict is Verdict.UNDECIDED
    assert result.reason.startswith("the data is stale: its newest sample is 1m 7s old")


GATES = """
version: 1
prometheus: {url: "${PROM}"}
vars: {job: shop}
slos:
  - name: shop
    objective: 99.5
    period: 1d
    total: 'http_requests_total{job="${job}"}'
    bad: 'http_requests_total{job="${job}",code=~"5.."}'
gates:
  - {name: success rate, slo: shop}
  - {name: fast, histogram: 'latency_bucket{job="${job}"}', under: 300ms, share: 99}
  - {name: budget, slo: shop, budget_left: ">= 10%"}
  - {name: burn, slo: shop, max_burn: 6, windows: [5m, 1h]}
  - {name: not worse, slo: shop, baseline: {version: stable}, factor: 8}
  - {name: not worse than before, slo: shop, baseline: {offset: 30m}, margin: 1%}
  - {name: not slower, histogram: 'latency_bucket{job="${job}"}', baseline: {version: stable}, margin: 3%}
  - {name: queue, promql: 'max(queue_depth{job="${job}"})', pass: "< 100", alive: 'queue_depth{job="${job}"}'}
"""


@pytest.mark.parametrize(
    ("share", "verdicts"),
    [(0.001, "pass pass pass pass pass pass pass pass"), (0.05, "fail fail fail pass fail pass fail fail")],
)
def test_one_gates_file_with_every_kind_of_gate_says_the_same_of_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], share: float, verdicts: str
) -> None:
    history = _two_versions(time.time() + 60, share)
    path = tmp_path / "gates.yaml"
    path.write_text(GATES)
    reasons = []
    for server in (prometheus_with, victoria_metrics_with):
        with server(history, tmp_path / server.__name__) as url:
            at = str(history.at - 120)
            main(["-c", str(path), "--var", f"PROM={url}", "--at", at, "--no-record", "--format", "json"])
            gates = json.loads(capsys.readouterr().out)["gates"]
        assert " ".join(gate["verdict"] for gate in gates) == verdicts
        reasons.append([_words(gate["reason"]) for gate in gates])
    assert reasons[0] == reasons[1]


def _two_versions(at: float, share: float) -> History:
    """A day of a service in two versions, of which the newer one fails or is slow in such a share of the requests."""
    history = History(at, interval=15)
    since = 100_000.0
    for version, bad in (("stable", 0.001), ("canary", share)):
        where = {"job": "shop", "instance": f"{version}:80", "version": version}

        def counter(part: float) -> Value:
            return lambda before: round((since + 60 - before) * 10 * part)

        history.series("up", where, lambda _: 1.0, since=since)
        for code, part in (("200", 1 - bad), ("500", bad)):
            history.series("http_requests_total", {**where, "code": code}, counter(part), since=since)
        for le, part in (("0.1", 0.5), ("0.3", 1 - bad), ("1", 1 - bad / 10), ("+Inf", 1.0)):
            history.series("latency_bucket", {**where, "le": le}, counter(part), since=since)
        history.series("queue_depth", where, lambda _, bad=bad: 40000 * bad, since=since)
    return history


def test_what_is_alive_there_is_judged_just_before_now_and_since_a_release_of_this_moment(tmp_path: Path) -> None:
    """VictoriaMetrics answers as of half a minute ago, so a release of this moment lies in its future."""
    history = History(time.time() + 60, interval=5)
    history.traffic("healthy", rate=100)
    with victoria_metrics_with(history, tmp_path / "victoria") as url:
        path = Past(url, 0.0, tmp_path).stack(tmp_path, "healthy", "{success_rate: {target: 99.5%}}")
        options = ["--stack", str(path), "--gate", "success_rate", "--no-record"]
        assert main(options) == 0
        assert main([*options, "--since", str(time.time())]) == 3
