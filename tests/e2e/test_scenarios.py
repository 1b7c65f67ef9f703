"""The shipped scenarios against real parts: what is expected fires, is notified and resolves; the rest stays silent.

Each scenario has a stack of its own, and they run side by side.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.live import LiveStack, copy_stack, live_stack
from chaos.scenario_file import load_scenario
from stack.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

WAVE = ("proxy-failure-wave", "--duration", "30s", "--set", "step=3s")
RUNS = {
    "network-latency": ("network-latency", "--duration", "30s"),
    "proxy-failure-wave": WAVE,
    "rate-limit-storm": ("rate-limit-storm", "--duration", "30s"),
    "naive": WAVE,
    "one member": (*WAVE, "--set", "share=25%"),
}
SCENARIOS = tuple(RUNS)[:3]
NAIVE = (("--calls, resilient", "--calls, naive"),)


@dataclass
class Played:
    """One scenario that was run to its end, and what there is to see afterwards."""

    live: LiveStack
    exit_code: int
    result: dict[str, Any]

    def fired(self) -> set[str]:
        """The anomaly types that fired at any time in the life of this stack."""
        answer = self.live.prometheus.instant(
            'group by (anomaly_type) (max_over_time(ALERTS{alertstate="firing"}[15m]))'
        )
        return {sample.labels["anomaly_type"] for sample in answer.samples if "anomaly_type" in sample.labels}

    def notified(self, status: str) -> set[str]:
        """The anomaly types of which the webhook was told."""
        return {
            record.data["labels"].get("anomaly_type", "")
            for record in self.live.records("notification")
            if record.data["status"] == status
        } - {""}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Played]]:
    with ExitStack() as stacks:
        live = {}
        for name in RUNS:
            path = copy_stack(tmp_path_factory.mktemp("played"), *(NAIVE if name == "naive" else ()))
            live[name] = stacks.enter_context(live_stack(path))
        with ThreadPoolExecutor(len(live)) as pool:
            yield dict(zip(live, pool.map(play, live, live.values()), strict=True))


def play(name: str, live: LiveStack) -> Played:
    live.wait_until_steady()
    done = live.hq("chaos", "run", *RUNS[name], "--json", timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    result = json.loads(done.stdout)
    return Played(live, done.returncode, result)


@pytest.fixture(params=SCENARIOS)
def one(request: pytest.FixtureRequest, played: dict[str, Played]) -> Played:
    return played[request.param]


def test_what_is_expected_fires_and_the_rest_stays_silent(one: Played) -> None:
    scenario = load_scenario(one.result["scenario"])
    fired = one.fired()
    assert set(scenario.expect) <= fired
    assert fired <= {*scenario.expect, *scenario.may}


def test_what_fires_is_notified_and_resolves(one: Played) -> None:
    expected = set(load_scenario(one.result["scenario"]).expect)
    assert expected <= one.notified("firing")
    wait_for(lambda: expected <= one.notified("resolved"), 90, "no resolved notification arrived", every=0.5)
    assert not expected & one.live.firing()


def test_the_run_is_scored_with_evidence(one: Played) -> None:
    assert one.result["score"] is not None
    assert one.result["outcome"] in ("resilient", "weakness")
    assert one.exit_code == (0 if one.result["outcome"] == "resilient" else 1)
    assert 0 < one.result["score"] <= 100


def test_the_score_tells_naive_from_resilient_and_a_pool_from_one_member(played: dict[str, Played]) -> None:
    """One run each; `python -m bench.score` takes medians of three."""
    score = {name: one.result["score"] for name, one in played.items()}
    assert score["naive"] <= score["proxy-failure-wave"] - 5
    assert score["proxy-failure-wave"] <= score["one member"]


def test_the_exporter_tells_of_the_run(one: Played) -> None:
    labels = f'{{scenario="{one.result["scenario"]}"}}'
    client = one.live.prometheus

    def value(query: str) -> float | None:
        samples = client.instant(query).samples
        return samples[0].value if samples else None

    wait_for(lambda: value(f"chaos_runs_total{labels}") == 1, 10, "the exporter did not count the run")
    assert value(f"chaos_run_score{labels}") == pytest.approx(one.result["score"])
    assert value(f"chaos_run_errors_total{labels}") == 0
    assert value(f"sum(chaos_fault_active{labels})") == 0
    assert value(f"max_over_time(sum(chaos_fault_active{labels})[10m:1s])") >= 1


def test_a_recorded_run_replayed_gives_the_same_alerts(played: dict[str, Played], tmp_path: Path) -> None:
    """promtool says what Prometheus said, and what stricter rules would have said."""
    recording, rules = tmp_path / "run.json.gz", tmp_path / "rules"
    live, result = played["rate-limit-storm"].live, played["rate-limit-storm"].result
    live.wait_until_steady()
    recorded = live.hq("rules", "record", "--run", result["run"], "--lead", "1m", "-o", str(recording))
    assert recorded.returncode == 0, recorded.stderr
    assert recorded.stdout.startswith("recorded ")
    replayed = live.hq("rules", "replay", str(recording), "--json")
    assert live.hq("generate", "--output", str(rules)).returncode == 0
    answer = json.loads(replayed.stdout)
    assert replayed.returncode == 0, replayed.stdout
    types = {one.get("anomaly_type") for one in answer["episodes"]}
    assert "rate_limit_storm" in types
    content = gzip.decompress(recording.read_bytes()).decode()
    assert live.stack.prometheus.url not in content
    assert "token" not in content

    stricter = yaml.safe_load((rules / "anomalies.yml").read_text())
    for rule in stricter["groups"][0]["rules"]:
        if rule.get("labels", {}).get("anomaly_type") == "rate_limit_storm" and "alert" in rule:
            rule["for"] = "1h"
    (rules / "anomalies.yml").write_text(yaml.safe_dump(stricter))
    changed = live.hq("rules", "replay", str(recording), "--rules", str(rules))
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert [
        line for line in changed.stdout.splitlines() if "rate_limit_storm" in line and not line.endswith("gone")
    ] == []
    assert "gone" in changed.stdout
