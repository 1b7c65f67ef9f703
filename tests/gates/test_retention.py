"""A window that is longer than what Prometheus keeps never fills, however long the service has lived."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gates.gate import Verdict
from tests.gates.history import History, prometheus_with
from tests.gates.past import DAY, Past

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("retention", "verdict"), [("90d", Verdict.PASS), ("1d", Verdict.UNDECIDED)])
def test_what_is_forgotten_proves_nothing(tmp_path: Path, retention: str, verdict: Verdict) -> None:
    history = History(float(int(time.time()) // 7200 * 7200 - 5400))
    history.traffic("month", rate=0.5, bad=0.001, since=31 * DAY, interval=240)
    with prometheus_with(history, tmp_path / "prometheus", retention=retention) as url:
        result = Past(url, history.at + 7, tmp_path).error_budget("month")
    assert result.verdict is verdict
    assert ("of the 30d window" in result.reason) == (verdict is Verdict.UNDECIDED)
    assert result.requests is not None  # a part of the month is there still, and would pass by itself
