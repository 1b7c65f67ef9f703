"""`--explain`: what the gates demand and ask, in words, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.check import main

GATES = """version: 1
prometheus:
  url: https://prometheus.example
  failover: ['https://second.example']
  headers: {X-Scope-OrgID: hunter2}
  auth: {bearer_file: token}
  tls: {ca: ca.pem}
defaults: {max_age: 2m}
slos:
  - {name: availability, service: shop, objective: 99.9, total: hits, bad: 'hits{code="500"}'}
gates:
  - {name: success, slo: availability, window: 5m, warn: 99.95%}
  - {name: fast, service: shop, histogram: seconds, under: 300ms, share: 99, confidence: 99%}
  - {name: budget, slo: availability, budget_left: ">= 10%", min_coverage: 50%, warn: ">= 25%"}
  - {name: burn, slo: availability, max_burn: 6, windows: [5m, 1h], warn: 3}
  - {name: same, slo: availability, baseline: {version: old}, margin: 0.1%, factor: 1.2, warn: 0.05%, required: false}
  - {name: shape, histogram: seconds, baseline: {release: previous}, margin: 1%}
  - {name: queue, promql: 'max(depth)', pass: "< 100", warn: "< 80"}
on_fail: {run: [./stop, --token, hunter2], when: [fail, error]}
"""
EXPLAINED = """gates.yaml: 7 gates, 6 required
Asked: https://prometheus.example, or https://second.example where that does not answer, with the bearer token in \
token, trusting the authority in ca.pem, with the header X-Scope-OrgID
Scraped: every 15s, data older than 2m is stale
After fail or error: ./stop is started, for at most 1m

shop success (success_rate, gates.yaml:12; required)
  At least 99.9% of the requests in 5m must succeed; below 99.95% it warns.
  With 95% confidence it takes 2,995 requests without a failure to pass; of as many, 7 independent failures fail it.
  Requests are hits, of which hits{code="500"} are bad.

shop fast (latency, gates.yaml:13; required)
  At least 99% of the requests in 10m must take at most 300ms.
  With 99% confidence it takes 459 requests without a failure to pass; of as many, 11 independent failures fail it.
  The latency is in the buckets of seconds_bucket.

shop budget (error_budget, gates.yaml:14; required)
  Of 30d, 0.1% of the requests may fail, which is the error budget.
  At least 10% of it must be left; with less than 25% it warns.
  It counts, and estimates nothing; it takes 1,000 requests to have a budget, and data for 50% of the time.
  Requests are hits, of which hits{code="500"} are bad.

shop burn (burn_rate, gates.yaml:15; required)
  Where 0.1% of the requests may fail, at most 6 times that may in one of the windows 5m, 1h; above 3 it warns.
  With 97.5% confidence it takes 613 requests without a failure to pass; of as many, 9 independent failures fail it.
  Requests are hits, of which hits{code="500"} are bad.

shop same (comparison, gates.yaml:16; only observes: it says its verdict and stops nothing)
  Of the requests in 10m, the share that fail may be at most 1.2 times the baseline's and 0.1% more; with more than \
0.05% more it warns.
  The baseline is version="old"; how many requests it takes depends on what there is of it.

shape (comparison, gates.yaml:17; required)
  Of the requests in 10m, the share above each bound of the histogram may be at most the baseline's and 1% more.
  The baseline is the previous release; how many requests it takes depends on what there is of it.

queue (promql, gates.yaml:18; required)
  What max(depth) gives must be < 100; it warns unless it is < 80 too.
  Nothing says which series it rests on (alive), so a dead target can go unseen.
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gates.yaml").write_text(GATES)
    Path("token").write_text("hunter2")
    Path("ca.pem").write_text("")


def explained(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["-c", "gates.yaml", "--explain", *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "hunter2" not in out
    return out


def test_every_gate_is_explained_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys).splitlines(keepends=True)
    assert "".join(line for line in lines if not line.startswith(("    ", "  It asks"))) == EXPLAINED


@pytest.mark.parametrize(
    ("gate", "queries"),
    [
        ("success", ["sum(increase(hits[5m]))", 'sum(increase(hits{code="500"}[5m]))', "timestamp(hits) and hits"]),
        ("fast", ["sum by (le) (increase(seconds_bucket[10m]))"]),
        ("budget", ["sum(increase(hits[30d]))"]),
        ("burn", ["sum(increase(hits[5m]))", "sum(increase(hits[1h]))"]),
        ("same", ['sum(increase(hits{version="old"}[10m]))', 'sum(increase(hits{version!="old"}[10m]))']),
        ("shape", ["sum by (le) (increase(seconds_bucket[10m]))"]),
        ("queue", ["max(depth)"]),
    ],
)
def test_what_a_gate_asks_is_there_in_promql(capsys: pytest.CaptureFixture[str], gate: str, queries: list[str]) -> None:
    out = explained(capsys, "--gate", gate)
    assert "\n  It asks Prometheus for\n    " in out
    for query in queries:
        assert query in out
    assert out.count("gates.yaml:") == 2


def test_the_window_of_the_command_line_is_explained_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert "of the requests in 20m must succeed" in explained(capsys, "--gate", "success", "--window", "20m")


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ("{basic: {user: ci, password_file: token}}", "as ci with the password in token"),
        ("{exec: [print-token, hunter2]}", "with the bearer token that print-token prints"),
    ],
)
def test_who_asks_is_told_by_kind(capsys: pytest.CaptureFixture[str], auth: str, words: str) -> None:
    Path("gates.yaml").write_text(GATES.replace("{bearer_file: token}", auth))
    assert words in explained(capsys)


def test_a_stack_is_explained_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("stack.yaml").write_text(
        "services:\n  shop:\n    sli: {preset: prometheus-http, selector: {job: shop}}\n"
        "    objectives: {success_rate: {target: 99.5%}}\n"
    )
    assert main(["--explain"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("stack.yaml: 2 gates, 2 required\nAsked: http://127.0.0.1:9090\n")
    assert "shop success_rate (success_rate, stack.yaml:4; required)\n" in out
