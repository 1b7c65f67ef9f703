"""A run on a live stack, recorded and replayed: promtool says what Prometheus said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import yaml

from bench.live import copy_stack, live_stack

pytestmark = pytest.mark.e2e


def test_a_recorded_run_replayed_gives_the_same_alerts(tmp_path: Path) -> None:
    recording, rules = tmp_path / "run.json.gz", tmp_path / "rules"
    with live_stack(copy_stack(tmp_path)) as live:
        live.wait_until_steady()
        ran = live.hq("chaos", "run", "rate-limit-storm", "--duration", "20s", "--json", timeout=240)
        run = json.loads(ran.stdout)["run"]
        live.wait_until_steady()
        recorded = live.hq("rules", "record", "--run", run, "--lead", "1m", "-o", str(recording))
        assert recorded.returncode == 0, recorded.stderr
        assert recorded.stdout.startswith("recorded ")
        replayed = live.hq("rules", "replay", str(recording), "--json")
        assert live.hq("generate", "--output", str(rules)).returncode == 0
        address = live.stack.prometheus.url.removeprefix("http://")
    answer = json.loads(replayed.stdout)
    assert replayed.returncode == 0, replayed.stdout
    types = {one.get("anomaly_type") for one in answer["episodes"]}
    assert "rate_limit_storm" in types
    content = gzip.decompress(recording.read_bytes()).decode()
    assert f"http://{address}" not in content
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
