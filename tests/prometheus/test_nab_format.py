"""`dev-hq generate --format nab`: the shipped band over another source, for whoever measures it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from hq.cli import main
from prometheus.detection.adaptive import band_rules
from prometheus.detection.bands import bands
from tests.prometheus.stacks import demo_stack


def generated(directory: Path, *options: str) -> int:
    return main(["generate", "--format", "nab", "--output", str(directory), *options])


def test_the_file_needs_no_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert generated(tmp_path) == 0
    text = (tmp_path / "nab.yml").read_text()
    assert re.findall(r"^# threshold: (.*)$", text, re.MULTILINE) == ["0.5"]
    (group,) = yaml.safe_load(text)["groups"]
    assert (group["interval"], group["rules"][-1]["record"]) == ("5m", "anomaly:score")
    assert generated(tmp_path, "--check") == 0


def test_its_rules_are_the_shipped_ones_over_another_source(tmp_path: Path) -> None:
    generated(tmp_path)
    (group,) = yaml.safe_load((tmp_path / "nab.yml").read_text())["groups"]
    rules = [(rule["record"], rule["expr"]) for rule in group["rules"]]
    assert rules[:-2] == [(rule.record, rule.expr) for rule in band_rules("nab_value")]
    shipped = {rule.record: rule.expr for rule in bands(demo_stack())}
    differing = {record for record, expr in rules[:-2] if shipped[record] != expr}
    assert differing == {"anomaly:learned", "anomaly:band_width", "anomaly:drift_width"}  # source, and the least width


def test_a_file_that_differs_or_is_somebody_elses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "nab.yml").write_text("groups: []\n")
    assert generated(tmp_path, "--check") == 1
    assert capsys.readouterr().err == (
        f"{tmp_path / 'nab.yml'} is not what the adaptive band asks for; "
        f"run: dev-hq generate --format nab --output {tmp_path}\n"
    )
    assert generated(tmp_path) == 2
    assert "was not written by `dev-hq generate` in this format" in capsys.readouterr().err
