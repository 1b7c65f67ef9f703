"""docs/dashboards.md names every dashboard as it is, and its example does what it says."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.generate import dashboard_texts
from hq.cli import main
from tests.grafana.linter.dashboard import Dashboard
from tests.grafana.linter.exceptions import not_excused, read_exceptions
from tests.grafana.linter.lint import RULES, problems
from tests.grafana.linter.surroundings import known_of
from tests.grafana.test_round_trip import lost, read_and_written
from tests.prometheus.stacks import ROOT, demo_stack

PAGE = (ROOT / "docs" / "dashboards.md").read_text()
BOARDS: dict[str, dict[str, Any]] = {file: json.loads(text) for file, text in dashboard_texts(demo_stack()).items()}
EXCEPTIONS = ROOT / "grafana" / "dashboards" / ".lint"
THEIR_METRIC = "target-series-rule"  # the metrics of a user's own programs are not in docs/metrics.md
EXAMPLE = PAGE.partition("```python\n")[2].partition("```")[0]


def chapter(title: str) -> str:
    """What stands under that heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("file", BOARDS)
def test_each_dashboard_is_named_with_its_uid_and_file(file: str) -> None:
    assert f"\n| {BOARDS[file]['title']} | `{BOARDS[file]['uid']}`, `{file}` |" in PAGE


@pytest.mark.parametrize("file", BOARDS)
def test_each_section_is_described_and_each_panel_above_the_first(file: str) -> None:
    panels = BOARDS[file]["panels"]
    rows = [panel["title"] for panel in panels if panel["type"] == "row"]
    above = panels[: next((place for place, panel in enumerate(panels) if panel["type"] == "row"), len(panels))]
    described = chapter(BOARDS[file]["title"])
    assert [title for title in rows if f"- **{title}**" not in described] == []
    assert re.findall(r"^- \*\*(.+?)\*\*", described, re.MULTILINE) == rows
    assert [panel["title"] for panel in above if panel["title"] not in described] == []


def test_each_variable_is_in_the_table() -> None:
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", chapter("Variables and links"), re.MULTILINE))
    for board in BOARDS.values():
        names = {variable["name"] for variable in board["templating"]["list"]} - {"datasource"}
        assert set(re.findall(r"`(\w+)`", rows[board["title"]])) == names
    assert "`datasource`" in rows["all"]


def test_each_exception_from_the_rules_is_named_with_its_reason() -> None:
    for rule, exclusion in yaml.safe_load(EXCEPTIONS.read_text())["exclusions"].items():
        assert re.search(rf"`{rule}`.*{re.escape(exclusion['reason'])}", PAGE), rule


def test_the_dashboards_fit_into_a_config_map() -> None:
    size = sum(len(text.encode()) for text in dashboard_texts(demo_stack()).values())
    [said] = re.findall(r"the demo's dashboards are (\d+) KiB together", PAGE)
    assert size < 0.75 * 1024**2
    assert abs(size / 1024 - int(said)) < 0.2 * int(said)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target


def test_the_example_adds_a_panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "stack.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "--only", "grafana"]) == 0
    Path("own_dashboards.py").write_text(EXAMPLE)
    runpy.run_path("own_dashboards.py")
    text = Path("grafana/dashboards/shop-overview.json").read_text()
    drawn = json.loads(text)
    titles = [panel["title"] for panel in drawn["panels"]]
    assert titles[titles.index("Vendor") + 1] == "Retries"
    assert (drawn["uid"], drawn["title"]) == ("shop-overview", "Shop")
    assert lost(drawn, read_and_written(drawn)) == []
    boards = [Dashboard.of(file, text) for file, text in dashboard_texts(demo_stack()).items()]
    found = problems([*boards, Dashboard.of("shop-overview.json", text)], known_of(demo_stack()))
    of_ours = [one for one in found if one.panel == "Retries" and one.rule != THEIR_METRIC]
    assert [str(one) for one in not_excused(of_ours, read_exceptions(EXCEPTIONS, RULES))] == []
    assert main(["generate", "--only", "grafana", "--check"]) == 0
    assert main(["generate", "--only", "grafana"]) == 0
    assert Path("grafana/dashboards/shop-overview.json").read_text() == text
