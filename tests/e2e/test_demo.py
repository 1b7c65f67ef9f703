"""`dev-hq demo` shows the closed loop, each of its eight steps, and leaves nothing running."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from bench.live import HQ, copy_stack, processes_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_the_loop_closes(tmp_path: Path) -> None:
    path = copy_stack(tmp_path)
    began = time.monotonic()
    done = subprocess.run([*HQ, "--stack", str(path), "demo"], capture_output=True, text=True, timeout=330, check=False)
    took = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes_of(path) == []
    assert took < 240, f"the loop is promised in 4 minutes and took {took:.0f} s"

    steps = re.split(r"^(?=[1-8]\. )", done.stdout, flags=re.MULTILINE)
    assert [step[:2] for step in steps[1:]] == ["1.", "2.", "3.", "4.", "5.", "6.", "7.", "8."]
    up, baseline, wave, anomaly, notification, block, recovery, score = steps[1:]
    for name in ("envoy", "storefront", "vendor", "load", "prometheus", "alertmanager", "exporter"):
        assert re.search(rf"{name}\s+http://127\.0\.0\.1:\d+", up)
    assert "exit code 0" in baseline
    assert "observes" in baseline
    assert "dose" in wave + anomaly + notification + block + recovery
    for field in (
        "type           upstream_failure",
        "severity ",
        "metric ",
        "threshold ",
        "actual ",
        "recommendation ",
    ):
        assert field in anomaly
    assert re.search(r"appears, \d+\.\d s after the first fault", anomaly)
    assert re.search(r"arrives at \d\d:\d\d:\d\d, \d+\.\d s after", notification)
    assert "exit code 1" in block
    assert "exit code 0" in recovery
    assert "The alert has resolved" in recovery

    report = Path(re.search(r"The report: .* and (\S+\.json)", score)[1])
    assert report.is_relative_to(tmp_path / "var")
    assert json.loads(report.read_text())["scenario"] == "proxy-failure-wave"
    assert report.with_suffix(".md").read_text().startswith("# ")
