"""From what grafanalib writes, which is of Grafana's schema 12, to schema 42: what Grafana 12 and 13 read.

Grafana migrates the old shapes when it reads them, each by a guess. Here they do not come to that.
"""

from __future__ import annotations

from typing import Any

from grafana.data_sources import PROMETHEUS_UID

SCHEMA = 42

Json = dict[str, Any]

_OF_DASHBOARDS = ("__inputs", "rows", "style", "hideControls", "sharedCrosshair", "gnetId", "id", "version")
_OF_PANELS = (
    "cacheTimeout", "editable", "error", "height", "hideTimeOverride", "minSpan", "span", "fontSize", "columns",
    "color", "mappings", "repeatDirection", "maxPerRow",
)  # fmt: skip
_OF_TARGETS = ("metric", "query", "step", "target", "intervalFactor")
_OF_VARIABLES = ("auto", "auto_min", "auto_count", "useTags", "tagsQuery", "tagValuesQuery")
_OF_ROWS = ("id", "title", "collapsed", "gridPos", "panels", "type")
_ALL = {"text": ["All"], "value": ["$__all"]}
_OURS = {"text": "Prometheus", "value": PROMETHEUS_UID}
"""Of several data sources the one that we provision; where it is not among them, Grafana takes the first."""


def normalised(dashboard: Json) -> Json:
    """The same dashboard in schema 42, without nulls where Grafana has none."""
    data = _without(dashboard, _OF_DASHBOARDS)
    data["schemaVersion"] = SCHEMA
    data["panels"] = [_panel(panel) for panel in data["panels"]]
    data["templating"] = {"list": [_variable(variable) for variable in data["templating"]["list"]]}
    data["annotations"] = {"list": [_annotation(one) for one in data["annotations"]["list"]]}
    data["timepicker"] = {"refresh_intervals": data["timepicker"]["refresh_intervals"]}
    data["links"] = [_dashboard_link(link) for link in data["links"]]
    return _pruned(data)


def _panel(panel: Json) -> Json:
    if panel["type"] == "row":
        row = {key: panel[key] for key in _OF_ROWS}
        return row | {"panels": [_panel(inner) for inner in row["panels"]]}
    data = _without(panel, _OF_PANELS)
    if panel["type"] == "text":
        return _without(data, ("datasource", "targets", "fieldConfig", "transformations", "maxDataPoints"))
    data["datasource"] = _data_source(data["datasource"])
    data["targets"] = [_target(target) for target in data["targets"]]
    if panel["type"] == "heatmap":
        data["fieldConfig"]["defaults"].pop("thresholds")
    if panel["type"] == "table":
        data["fieldConfig"]["defaults"]["custom"] = {
            "align": "auto", "cellOptions": {"type": "auto"}, "filterable": False, "inspect": False,
        }  # fmt: skip
    return data


def _target(target: Json) -> Json:
    data = _without(target, _OF_TARGETS)
    data["datasource"] = _data_source(data["datasource"])
    data["range"] = not data["instant"]
    data["editorMode"] = "code"
    if data["format"] == "table":
        data.pop("legendFormat")
    return data


def _variable(variable: Json) -> Json:
    data = _without(variable, _OF_VARIABLES)
    if data["type"] == "datasource":
        return _without(data, ("datasource", "allValue", "sort")) | {
            "current": dict(_OURS), "options": [], "regex": data["regex"] or "", "includeAll": False, "multi": False,
        }  # fmt: skip
    if data["type"] == "query":
        data["definition"] = data["query"]
        data["query"] = {"query": data["query"], "refId": "StandardVariableQuery", "qryType": 5}
        data["datasource"] = _data_source(data["datasource"])
        data["current"] = dict(_ALL) if data["includeAll"] else {}
        data["regex"] = data["regex"] or ""
    return data


def _annotation(annotation: Json) -> Json:
    return annotation | {"datasource": _data_source(annotation["datasource"])}


def _dashboard_link(link: Json) -> Json:
    return _without(link, ("uri",))


def _data_source(uid: str) -> Json:
    """grafanalib writes a data source by its name, which Grafana 11 took out."""
    return {"type": "prometheus", "uid": uid}


def _without(data: Json, names: tuple[str, ...]) -> Json:
    return {key: value for key, value in data.items() if key not in names}


def _pruned(data: Json) -> Json:
    """Without nulls; only the first step of a scale has one that means something."""
    return {
        name: inner if name == "steps" else _pruned_value(inner) for name, inner in data.items() if inner is not None
    }


def _pruned_value(value: object) -> object:
    if isinstance(value, dict):
        return _pruned(value)
    return [_pruned_value(inner) for inner in value] if isinstance(value, list) else value
