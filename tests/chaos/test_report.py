"""The report, in both forms."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from chaos.dose import Dose
from chaos.faults.fault import Fault
from chaos.report import Report, write_report
from chaos.scenario_file import load_scenario
from chaos.score import Outcome, ResilienceScore
from tests.chaos.found import detection, findings

FAULTS = (
    Fault("failure", "proxies", 0, Decimal("0.6"), 0.0, 0.0, 25.0),
    Fault("failure", "proxies", 1, Decimal("0.6"), 0.0, 5.0, 25.0),
)
DOSES = (Dose(FAULTS[0], requests=200, hit=120, unsettled=1),)


def report(score: ResilienceScore) -> Report:
    return Report(
        score, load_scenario("proxy-failure-wave"), "shop", FAULTS, DOSES, findings() if score.parts else None
    )


def scored() -> ResilienceScore:
    found = findings(detections=(detection(),))
    return ResilienceScore(
        run="20260102T030405Z-proxy-failure-wave-ab12",
        scenario="proxy-failure-wave",
        target="proxies",
        outcome=Outcome.RESILIENT,
        reason="no weakness was found",
        score=100.0,
        recovery_time=1.0,
        detection_time=10.0,
        recommendations=("Change nothing.",),
        parts=found.parts(),
    )


def test_people_read_markdown(tmp_path: Path) -> None:
    path = write_report(tmp_path / "reports", report(scored()))
    assert path == tmp_path / "reports" / "20260102T030405Z-proxy-failure-wave-ab12.md"
    assert path.read_text() == (Path(__file__).parent / "golden" / "report.md").read_text()


def test_programs_read_json(tmp_path: Path) -> None:
    path = write_report(tmp_path, report(scored())).with_suffix(".json")
    written = json.loads(path.read_text())
    assert (written["schema"], written["scenario"], written["score"]) == (1, "proxy-failure-wave", 100.0)
    assert written["outcome"] == "resilient"
    assert written["faults"][0]["dose"] == {"requests": 200, "hit": 120, "share": 0.6, "problem": None}
    assert written["faults"][1]["dose"] is None
    assert [part["points"] for part in written["parts"]] == [50.0, 25.0, 25.0]
    assert written["impacts"][0]["during"]["bad"] == 4.0
    assert written["detections"][0]["late"] == 0.0


def test_a_run_without_a_score_says_why(tmp_path: Path) -> None:
    could_not = replace(scored(), outcome=Outcome.COULD_NOT_RUN, reason="Envoy is gone", score=None, parts=())
    path = write_report(tmp_path, report(replace(could_not, recommendations=())))
    text = path.read_text()
    assert text.startswith("# The proxies fail one after another and come back: no score\n")
    assert "**Could not run**: Envoy is gone.\n" in text
    assert "points" not in text
    assert json.loads(path.with_suffix(".json").read_text())["score"] is None
