"""The benchmark from end to end, on three small files made here."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bench.nab.__main__ import main

START = datetime(2014, 4, 1)  # noqa: DTZ001 - the times in NAB have no zone
LENGTH, BEGINS, ENDS = 2000, 1600, 1699  # probation ends after 300 rows, when a day is known


def corpus(directory: Path) -> Path:
    chance = random.Random(7)
    daily = [10 * math.sin(row / 288 * 2 * math.pi) + chance.random() for row in range(LENGTH)]
    jump = [value + (80 if 1640 <= row < 1660 else 0) for row, value in enumerate(daily)]
    files = {"calm/daily.csv": daily, "sudden/jump.csv": jump, "sudden/unseen.csv": daily[::-1]}
    window = [str(START + timedelta(minutes=5 * row)) for row in (BEGINS, ENDS)]
    for name, values in files.items():
        path = directory / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = (f"{START + timedelta(minutes=5 * row)},{value}" for row, value in enumerate(values))
        path.write_text("\n".join(["timestamp,value", *rows, ""]))
    (directory / "labels").mkdir()
    windows = {name: [window] if name.startswith("sudden") else [] for name in files}
    (directory / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    return directory


@pytest.mark.e2e
@pytest.mark.parametrize("options", [[], ["--by-time"]])
def test_what_stands_out_is_detected_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert main([str(corpus(tmp_path)), "--json", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["threshold"] == 0.5
    assert found["categories"]["calm"] == {"score": None, "detected": 0, "missed": 0, "false_positives": 0}
    assert (found["detected"], found["missed"], found["false_positives"]) == (1, 1, 0)
    assert 45 < found["score"] < 50
    assert found["best"]["score"] >= found["score"]


@pytest.mark.e2e
def test_the_report_for_people_and_rules_of_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "# threshold: 60\ngroups: [{name: a, interval: 5m, rules: [{record: 'anomaly:score', expr: nab_value}]}]\n"
    )
    assert main([str(corpus(tmp_path)), "--rules", str(rules)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines][:4] == [
        ["score", "detected", "missed", "false", "positives"],
        ["calm", "-", "0", "0", "0"],
        ["sudden", "47.9", "1", "1", "0"],
        ["all,", "threshold", "60", "47.9", "1", "1", "0"],
    ]
    rules.write_text("# threshold: 1\ngroups: [{name: a, rules: [{record: 'anomaly:score', expr: 'nab_value +'}]}]\n")
    assert main([str(tmp_path), "--rules", str(rules)]) == 2
    assert "promtool refuses the rules: " in capsys.readouterr().err


@pytest.mark.e2e
def test_rules_that_record_what_is_no_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "# threshold: 1\ngroups: [{name: a, interval: 5m, rules: [{record: 'anomaly:score', expr: 'nab_value / 0'}]}]\n"
    )
    assert main([str(corpus(tmp_path)), "--rules", str(rules)]) == 2
    assert "every score must be a finite number" in capsys.readouterr().err
