"""How bench/detection.py reads a run; what it measures is for `make bench`."""

from __future__ import annotations

import json
from decimal import Decimal
from subprocess import CompletedProcess

from bench.detection import detect
from chaos.report import Report, document
from chaos.scenario_file import load_scenario
from chaos.score import Outcome, ResilienceScore


class Live:
    """A stack on which every run finds the alert after 7.25 s."""

    def wait_until_steady(self):
        return

    def hq(self, *words, timeout):
        assert words[:4] == ("chaos", "run", "rate-limit-storm", "--duration")
        assert "intensity=25%" in words
        score = ResilienceScore("r", words[2], "proxies", Outcome.RESILIENT, "well", score=100.0, detection_time=7.25)
        report = Report(score, load_scenario(words[2]), "shop", (), (), None)
        return CompletedProcess(words, 0, json.dumps(document(report)))


def test_the_time_to_detect_comes_from_the_runs_report():
    assert detect((Decimal("0.25"), Live())) == 7.25
