"""Each thing that grafanalib writes wrong, seen in what it writes, and gone from what we write."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from grafanalib import core
from grafanalib._gen import DashboardEncoder

from grafana.annotations import annotation
from grafana.normalise import normalised
from grafana.variables import data_source, label_values
from tests.grafana.test_panels import EACH

Json = dict[str, Any]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def written() -> Json:
    """What grafanalib writes: each kind of panel, a row, variables, an annotation and a link."""
    panels = [make() for make in EACH.values()]
    row = core.RowPanel(title="Row", panels=[EACH["stat"]()], collapsed=True, gridPos=core.GridPos(1, 24, 0, 9))
    dashboard = core.Dashboard(
        title="Title",
        uid="uid",
        panels=[*panels, row],
        templating=core.Templating(
            list=[data_source(), label_values("service", "Service", "anomaly:score", "service")]
        ),
        annotations=core.Annotations(list=[annotation("Marks", "up == 1", colour="red", title="T", text="t")]),
        links=[core.DashboardLink(title="others", type="dashboards", tags=["t"])],
        time=core.Time("now-1h", "now"),
        timePicker=core.TimePicker(["5s"], ["1h"]),
    ).auto_panel_ids()
    found: Json = json.loads(json.dumps(dashboard, cls=DashboardEncoder))
    return found


@pytest.fixture(scope="module")
def raw() -> Json:
    return written()


@pytest.fixture(scope="module")
def clean(raw: Json) -> Json:
    return normalised(copy.deepcopy(raw))


def panels(dashboard: Json) -> list[Json]:
    return [inner for one in dashboard["panels"] for inner in (one, *one.get("panels", []))]


def values(data: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value in JSON data, with the names that lead to it."""
    if isinstance(data, dict):
        for name, inner in data.items():
            yield (*path, name), inner
            yield from values(inner, (*path, name))
    elif isinstance(data, list):
        for inner in data:
            yield path, inner
            yield from values(inner, path)


def test_the_schema_is_that_of_today(raw: Json, clean: Json) -> None:
    assert (raw["schemaVersion"], clean["schemaVersion"]) == (12, 42)


def test_data_sources_have_a_type_and_a_uid(raw: Json, clean: Json) -> None:
    assert any(path[-1] == "datasource" and value == "${datasource}" for path, value in values(raw))
    sources = [value for path, value in values(clean) if path[-1] == "datasource"]
    assert len(sources) > 10
    assert all(source == SOURCE for source in sources)


def test_nothing_is_null_but_the_lowest_step(raw: Json, clean: Json) -> None:
    assert any(value is None for _, value in values(raw))
    nulls = [path for path, value in values(clean) if value is None]
    assert nulls
    assert {path[-2:] for path in nulls} == {("steps", "value")}


def test_thresholds_are_numbers_and_have_no_more_than_a_colour(raw: Json, clean: Json) -> None:
    """grafanalib's own Threshold writes "null" in quotes; ours are plain."""
    assert core.Threshold("green", 0, 0.0).to_json_data()["value"] == "null"
    scales = [value for path, value in values(clean) if path[-1] == "steps" and isinstance(value, list)]
    assert scales
    for step in (step for scale in scales for step in scale):
        assert set(step) == {"color", "value"}
        assert step["value"] is None or isinstance(step["value"], int | float)


@pytest.mark.parametrize(
    "key", ["__inputs", "rows", "style", "hideControls", "sharedCrosshair", "gnetId", "id", "version"]
)
def test_a_dashboard_has_no_key_of_old(key: str, raw: Json, clean: Json) -> None:
    assert key in raw
    assert key not in clean


def test_the_time_picker_offers_only_how_often(raw: Json, clean: Json) -> None:
    assert "time_options" in raw["timepicker"]
    assert clean["timepicker"] == {"refresh_intervals": ["5s"]}


@pytest.mark.parametrize("key", ["editable", "error", "hideTimeOverride", "height", "span", "minSpan", "maxDataPoints"])
def test_a_panel_has_no_key_of_old(key: str, raw: Json, clean: Json) -> None:
    assert any(key in panel for panel in panels(raw))
    assert not any(key in panel for panel in panels(clean))


@pytest.mark.parametrize("key", ["fontSize", "columns", "color", "mappings"])
def test_a_table_has_no_key_of_old(key: str, raw: Json, clean: Json) -> None:
    assert any(key in panel for panel in panels(raw) if panel["type"] == "table")
    assert not any(key in panel for panel in panels(clean))


@pytest.mark.parametrize("key", ["metric", "query", "step", "target", "intervalFactor"])
def test_a_query_has_no_key_of_old(key: str, raw: Json, clean: Json) -> None:
    assert any(key in target for panel in panels(raw) for target in panel.get("targets", []))
    assert not any(key in target for panel in panels(clean) for target in panel.get("targets", []))


def test_a_query_is_for_a_moment_or_a_range_and_written_as_code(clean: Json) -> None:
    targets = [target for panel in panels(clean) for target in panel.get("targets", [])]
    assert {(target["instant"], target["range"]) for target in targets} == {(True, False), (False, True)}
    assert {target["editorMode"] for target in targets} == {"code"}


def test_a_row_is_a_heading_and_nothing_else(raw: Json, clean: Json) -> None:
    (old,), (row,) = ([one for one in data["panels"] if one["type"] == "row"] for data in (raw, clean))
    assert {"targets", "fieldConfig"} <= old.keys()
    assert set(row) == {"id", "title", "collapsed", "gridPos", "panels", "type"}
    assert [panel["type"] for panel in row["panels"]] == ["stat"]


def test_variables_have_the_shape_of_today(raw: Json, clean: Json) -> None:
    assert {"auto", "useTags"} & raw["templating"]["list"][1].keys()
    source, service = clean["templating"]["list"]
    assert source == {
        "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1,
        "current": {"text": "Prometheus", "value": "prometheus"}, "options": [], "regex": "", "hide": 0,
        "includeAll": False, "multi": False,
    } | ({"skipUrlSync": False} if "skipUrlSync" in source else {})  # fmt: skip
    query = "label_values(anomaly:score, service)"
    assert service["query"] == {"query": query, "refId": "StandardVariableQuery", "qryType": 5}
    assert service["definition"] == query
    assert service["current"] == {"text": ["All"], "value": ["$__all"]}
    assert (service["allValue"], service["refresh"], service["multi"]) == (".+", 2, True)
    assert not {key for key in service if key.startswith(("auto", "useTags", "tag"))}


def test_legends_say_whether_they_show(clean: Json) -> None:
    legends = [panel["options"]["legend"] for panel in panels(clean) if "legend" in panel.get("options", {})]
    assert legends
    assert all("showLegend" in legend or legend == {"show": True} for legend in legends)


def test_words_have_only_words(clean: Json) -> None:
    (text,) = (panel for panel in panels(clean) if panel["type"] == "text")
    assert not {"datasource", "targets", "fieldConfig", "transformations"} & text.keys()


def test_it_changes_nothing_the_second_time_that_it_would_not_the_first(raw: Json, clean: Json) -> None:
    assert normalised(copy.deepcopy(raw)) == clean
    assert raw == written()
