"""docs/pipelines.md names what there is, and its YAML is YAML."""

from __future__ import annotations

import json
import re

import yaml

from gates.formats import FORMATS, render
from tests.deploy.pipeline import ROOT
from tests.gates.formats.reports import REPORT

PAGE = (ROOT / "docs" / "pipelines.md").read_text()
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
JOB = yaml.safe_load((ROOT / "deploy" / "gitlab" / "gates.gitlab-ci.yml").read_text())[".dev-hq-gates"]


def rows(heading: str) -> list[str]:
    """The first cells of the table under this heading row."""
    (table,) = re.findall(rf"^\| {heading} \|.*\n\|[- |]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [line.split("|")[1].strip().strip("`") for line in table.splitlines()]


def test_every_input_output_and_format_has_its_row() -> None:
    assert rows("input") == list(ACTION["inputs"])
    assert rows("output") == list(ACTION["outputs"])
    assert rows("format") == list(FORMATS)
    assert rows("exit code") == ["0", "1", "2", "3", "4", "5"]


def test_every_field_of_the_json_report_has_its_row() -> None:
    report = json.loads(render(REPORT, "json"))
    assert [name for row in rows("field") for name in re.findall(r"\w+", row)] == list(report)
    fields = {name for row in rows("field of a gate") for name in re.findall(r"\w+", row)}
    assert fields == set(report["gates"][0])


def test_the_examples_use_what_there_is() -> None:
    github, gitlab = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    gates = github["jobs"]["release"]["steps"][1]
    assert set(gates["with"]) <= set(ACTION["inputs"])
    assert gitlab["gates"]["extends"] == ".dev-hq-gates"
    assert set(gitlab["gates"]["variables"]) <= set(JOB["variables"])
    assert (ROOT / gitlab["include"][0]["file"]).exists()
