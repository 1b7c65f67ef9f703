"""A dashboard that keeps every rule, and for each rule what breaks it and what is said of that."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from stack.dataclass import dataclass

Json = dict[str, Any]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREY = {"color": "#8e8e8e", "value": None}


def _panel(number: int, kind: str, title: str, expr: str, **more: Any) -> Json:
    return {
        "id": number,
        "type": kind,
        "title": title,
        "description": "What it shows.",
        "datasource": SOURCE,
        "gridPos": {"x": 3 * number, "y": 0, "w": 3, "h": 4},
        "targets": [{"refId": "A", "expr": expr, "datasource": SOURCE, "legendFormat": "{{service}}"}],
        "fieldConfig": {
            "defaults": {
                "unit": "short",
                "noValue": "no data",
                "mappings": [
                    {"type": "value", "options": {"-1": {"text": "BLIND", "color": "#8e8e8e"}}},
                    {"type": "special", "options": {"match": "null", "result": {"text": "none", "color": "#8e8e8e"}}},
                ],
                "thresholds": {"steps": [GREY, {"color": "green", "value": 0}, {"color": "red", "value": 2}]},
                "links": [{"title": "Service", "url": "/d/dev-hq-service?var-service=${__field.labels.service}"}],
            },
            "overrides": [],
        },
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "textMode": "value"},
    } | more


def _dashboard(uid: str, title: str, panels: list[Json]) -> Json:
    label_values = "label_values(anomaly:score, service)"
    return {
        "uid": uid,
        "title": title,
        "description": "What it is for.",
        "schemaVersion": 42,
        "editable": False,
        "tags": ["dev-hq"],
        "links": [{"type": "dashboards", "tags": ["dev-hq"], "keepTime": True, "includeVars": True}],
        "panels": panels,
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
                {
                    "name": "service",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": {"query": label_values, "refId": "A"},
                    "definition": label_values,
                    "refresh": 2,
                    "multi": True,
                    "includeAll": True,
                    "allValue": ".+",
                },
            ]
        },
        "annotations": {
            "list": [
                {
                    "name": "Faults",
                    "datasource": SOURCE,
                    "enable": True,
                    "iconColor": "purple",
                    "target": {
                        "refId": "Anno",
                        "expr": 'chaos_fault_active{chaos_target=~"$service"} == 1',
                        "interval": "5s",
                    },
                    "expr": 'chaos_fault_active{chaos_target=~"$service"} == 1',
                    "step": "5s",
                }
            ]
        },
    }


_SCORE = 'max by (service) (anomaly:score{service=~"$service"}) or on () vector(-1)'
_TABLE = [
    {"id": "filterFieldsByName", "options": {"include": {"names": ["service", "Value #A"]}}},
    {
        "id": "organize",
        "options": {
            "excludeByName": {},
            "indexByName": {"service": 0, "Value #A": 1},
            "renameByName": {"service": "Service", "Value #A": "Score"},
        },
    },
]


def good() -> list[Json]:
    """Two dashboards that keep every rule; the second is where the links of the first lead."""
    panels = [_panel(0, "stat", "Worst", _SCORE), _panel(1, "table", "Now", _SCORE, transformations=_TABLE)]
    panels[1]["options"] = {"sortBy": [{"displayName": "Score", "desc": True}]}
    panels[1]["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": "Score"}, "properties": [{"id": "unit", "value": "s"}]},
        {"matcher": {"id": "byName", "options": "Service"}, "properties": [{"id": "unit", "value": "string"}]},
    ]
    panels[1]["fieldConfig"]["defaults"]["links"] = [
        {"title": "Service", "url": "/d/dev-hq-service?var-service=${__data.fields.Service}"}
    ]
    made = [
        _dashboard("dev-hq-anomaly-overview", "Overview", panels),
        _dashboard("dev-hq-service", "Service", [_panel(0, "timeseries", "Score", _SCORE)]),
    ]
    return copy.deepcopy(made)


@dataclass(frozen=True)
class Case:
    """What is done to the first dashboard, and the problem that must be found."""

    rule: str
    message: str
    change: Callable[[Json], object]


def _stat(board: Json) -> Json:
    return board["panels"][0]


def _table(board: Json) -> Json:
    return board["panels"][1]


def _defaults(board: Json) -> Json:
    return _stat(board)["fieldConfig"]["defaults"]


def _asking(expr: str) -> Callable[[Json], object]:
    return lambda board: _stat(board)["targets"][0].update(expr=expr, legendFormat="")


def _set(path: str, value: Any) -> Callable[[Json], object]:
    """Sets what stands at a path such as `panels.0.title`; None takes it out."""
    *way, last = path.split(".")

    def change(board: Json) -> None:
        inner: Any = board
        for key in way:
            inner = inner[int(key) if isinstance(inner, list) else key]
        if value is None:
            del inner[last]
        else:
            inner[int(last) if isinstance(inner, list) else last] = value

    return change


_OVERVIEW, _WORST, _NOW = "Overview", 'Overview, panel "Worst"', 'Overview, panel "Now"'
_A = f"{_WORST}, query A"

CASES = (
    # variables
    Case("template-datasource-rule", f"{_OVERVIEW}: has no variable of the type datasource",
         lambda board: board["templating"]["list"].pop(0)),
    Case("template-datasource-rule",
         f'{_OVERVIEW}: the variable "datasource" must be "datasource", with the label "Data source"',
         _set("templating.list.0.label", "Source")),
    Case("template-job-rule", f'{_OVERVIEW}: the variable "job" must have the multi True',
         lambda board: board["templating"]["list"].append(
             {"name": "job", "label": "Job", "type": "query", "allValue": ".+", "query": {"query": "label_values(job)"}}
         )),
    Case("template-label-promql-rule",
         f'{_OVERVIEW}: the variable "service" asks label_value(a, b), which Grafana has not',
         _set("templating.list.1.query.query", "label_value(a, b)")),
    Case("template-label-promql-rule",
         f'{_OVERVIEW}: the variable "service" asks label_values(a{{, b): unexpected end of input inside braces',
         _set("templating.list.1.query.query", "label_values(a{, b)")),
    Case("template-definition-rule", f'{_OVERVIEW}: the variable "service" shows another query than its',
         _set("templating.list.1.definition", "label_values(b)")),
    Case("template-on-time-change-reload-rule",
         f'{_OVERVIEW}: the variable "service" must be asked again when the time range changes (refresh 2)',
         _set("templating.list.1.refresh", 1)),
    Case("template-all-value-rule", f'{_OVERVIEW}: All of the variable "service" needs an allValue',
         _set("templating.list.1.allValue", None)),
    Case("variable-defined-rule", f'{_OVERVIEW}: nothing defines the variable "pool" that it uses',
         _asking('pool:members:healthy{pool="${pool:regex}"}')),
    Case("variable-used-rule", f'{_OVERVIEW}: nothing uses the variable "pool"',
         lambda board: board["templating"]["list"].append({"name": "pool", "type": "custom", "query": "a"})),
    Case("variable-operator-rule",
         f'{_OVERVIEW}: service is compared with several "service" without =~: anomaly:score{{service="$service"}}',
         _asking('anomaly:score{service="$service"}')),
    # every panel
    Case("panel-datasource-rule", f"{_WORST}: asks {{'uid': 'prometheus'}}, not the variable datasource",
         _set("panels.0.datasource", {"uid": "prometheus"})),
    Case("panel-datasource-rule", f"{_A}: asks Prometheus, not the variable datasource",
         _set("panels.0.targets.0.datasource", "Prometheus")),
    Case("panel-datasource-rule", f'{_OVERVIEW}: "Faults" asks None, not the variable datasource',
         _set("annotations.list.0.datasource", None)),
    Case("panel-title-description-rule", f"{_OVERVIEW}: panel 0 has no title", _set("panels.0.title", None)),
    Case("panel-title-description-rule", f"{_WORST}: panel 0 has no description", _set("panels.0.description", "")),
    Case("description-sentence-rule", f"{_WORST}: the description must end with a full stop",
         _set("panels.0.description", "The worst")),
    Case("description-sentence-rule", f"{_OVERVIEW}: the description of the dashboard must end with a full stop",
         _set("description", None)),
    Case("panel-no-targets-rule", f"{_WORST}: asks nothing", _set("panels.0.targets", [])),
    Case("panel-type-rule", f"{_WORST}: graph is no type of panel that we draw", _set("panels.0.type", "graph")),
    Case("panel-type-rule", f"{_WORST}: flant-statusmap-panel is no type of panel that we draw",
         _set("panels.0.type", "flant-statusmap-panel")),
    Case("stat-title-length-rule",
         'Overview, panel "Worst score": the title has 11 letters, and 10 fit into 3 columns',
         _set("panels.0.title", "Worst score")),
    Case("panel-no-value-rule", f"{_WORST}: must say in noValue what it shows without data",
         _set("panels.0.fieldConfig.defaults.noValue", None)),
    Case("stat-latest-rule", f"{_WORST}: must show the latest value (lastNotNull)",
         _set("panels.0.options.reduceOptions.calcs", ["mean"])),
    Case("stat-latest-rule", f"{_WORST}: shows an empty box without data: textMode name",
         _set("panels.0.options.textMode", "name")),
    Case("panel-resolution-rule", f"{_WORST}: must leave the number of points to Grafana",
         _set("panels.0.maxDataPoints", 100)),
    Case("timeseries-points-rule", f"{_WORST}: hides samples that stand alone",
         lambda board: _stat(board).update(
             type="timeseries", fieldConfig={"defaults": {"custom": {"showPoints": "never"}}}
         )),
    Case("heatmap-theme-rule", f"{_WORST}: says dark or bright, which is the theme's to choose",
         lambda board: _stat(board).update(type="heatmap", description="The darker, the more.")),
    # fields
    Case("panel-units-rule", f"{_WORST}: has no unit", _set("panels.0.fieldConfig.defaults.unit", None)),
    Case("panel-units-rule", f'{_NOW}: "suffix: x" is no unit of Grafana',
         _set("panels.1.fieldConfig.overrides.0.properties.0.value", "suffix: x")),
    Case("table-value-rule", f'{_NOW}: "Value #B" names a query that it does not have',
         lambda board: _table(board)["transformations"][1]["options"]["indexByName"].update({"Value #B": 3})),
    Case("override-query-rule", f"{_WORST}: an override names query B, which it does not have",
         lambda board: _stat(board)["fieldConfig"]["overrides"].append(
             {"matcher": {"id": "byFrameRefID", "options": "B"}, "properties": []}
         )),
    Case("table-column-rule", f'{_NOW}: an override names the column "score", of none',
         _set("panels.1.fieldConfig.overrides.0.matcher.options", "score")),
    Case("table-column-rule", f'{_NOW}: two columns are called "Score"',
         _set("panels.1.transformations.1.options.renameByName.service", "Score")),
    Case("table-label-unit-rule", f'{_NOW}: the label in "Service" is not a string',
         _set("panels.1.fieldConfig.overrides.1.properties", [])),
    Case("table-sort-rule", f'{_NOW}: is sorted by "Since", which is no column',
         _set("panels.1.options.sortBy.0.displayName", "Since")),
    Case("target-ref-rule", f"{_WORST}: two queries have the same letter: A A",
         lambda board: _stat(board)["targets"].append(dict(_stat(board)["targets"][0]))),
    # colours
    Case("base-colour-rule", f"{_WORST}: the lowest step must be grey, without a value: it is green",
         _set("panels.0.fieldConfig.defaults.thresholds.steps.0.color", "green")),
    Case("base-colour-rule", f"{_WORST}: the steps must rise: [3, 2]",
         _set("panels.0.fieldConfig.defaults.thresholds.steps.1.value", 3)),
    Case("base-colour-rule", f"{_WORST}: a step above the lowest has no value",
         lambda board: _defaults(board)["thresholds"]["steps"].append(GREY)),
    Case("no-data-colour-rule", f'{_WORST}: writes "null" in green',
         _set("panels.0.fieldConfig.defaults.mappings.1.options.result.color", "green")),
    Case("fallback-colour-rule", f"{_A}: says 0 in green when nothing is known",
         _asking('max(anomaly:score{service=~"$service"}) or vector(0)')),
    Case("fallback-colour-rule", f"{_A}: says calm in green when nothing is known",
         _set("panels.0.fieldConfig.defaults.mappings.0.options", {"-1": {"text": "calm", "color": "green"}})),
    Case("fault-colour-rule", f"{_WORST}: purple is for faults, of which it asks nothing",
         _set("panels.0.fieldConfig.defaults.thresholds.steps.2.color", "purple")),
    # expressions
    Case("target-promql-rule", f"{_A}: unclosed left parenthesis: max(up", _asking("max(up")),
    Case("target-rate-interval-rule",
         f"{_A}: takes a rate over [5m], not over [$__rate_interval]: rate(chaos_runs_total[5m])",
         _asking("rate(chaos_runs_total[5m])")),
    Case("target-job-rule", f'{_A}: up lacks job=~"$job"', _asking('up{job="$job"}')),
    Case("target-instance-rule", f'{_A}: up lacks instance=~"$instance"', _asking("up")),
    Case("target-counter-agg-rule",
         f"{_A}: chaos_runs_total is a counter, and asked without rate(), irate() or increase(): "
         "sum(chaos_runs_total)",
         _asking("sum(chaos_runs_total)")),
    Case("target-series-rule", f"{_A}: nobody exposes or records anomaly:scores: anomaly:scores",
         _asking("anomaly:scores")),
    Case("target-series-rule",
         f'{_A}: no series of anomaly:score has the label scenario: anomaly:score{{scenario="a"}}',
         _asking('anomaly:score{scenario="a"}')),
    Case("target-series-rule", f"{_A}: chaos_run_score has no label service: chaos_run_score{{service=~\".+\"}}",
         _asking('chaos_run_score{service=~".+"}')),
    Case("target-series-rule", f"{_A}: rate() of a gauge: chaos_run_score: rate(chaos_run_score[5m])",
         _asking("rate(chaos_run_score[5m])")),
    Case("target-series-rule", f'{_OVERVIEW}: annotation "Faults": nobody exposes or records chaos_fault_actives',
         _set("annotations.list.0.target.expr", 'chaos_fault_actives{chaos_target=~"$service"}')),
    Case("target-series-rule", f'{_OVERVIEW}: variable "service": nobody exposes or records anomaly:scores',
         _set("templating.list.1.query.query", "label_values(anomaly:scores, service)")),
    # labels
    Case("legend-label-rule", f"{_A}: {{{{pool}}}} is no label of sum by (service) (anomaly:score)",
         lambda board: _stat(board)["targets"][0].update(
             expr="sum by (service) (anomaly:score)", legendFormat="{{pool}}"
         )),
    Case("table-label-rule", f'{_NOW}: no query has the label "pool" of a column',
         lambda board: _table(board)["transformations"][0]["options"]["include"]["names"].append("pool")),
    Case("link-label-rule", f'{_WORST}: no query has the label "pool" of a link',
         _set("panels.0.fieldConfig.defaults.links.0.url", "/d/dev-hq-service?var-service=${__field.labels.pool}")),
    Case("link-label-rule", f'{_NOW}: a link names the column "Pool", of none',
         _set("panels.1.fieldConfig.defaults.links.0.url", '/d/dev-hq-service?var-service=${__data.fields["Pool"]}')),
    # links
    Case("link-dashboard-rule",
         f'{_OVERVIEW}: a link leads to the dashboard "dev-hq-pools", and there is none: /d/dev-hq-pools',
         _set("panels.0.fieldConfig.defaults.links.0.url", "/d/dev-hq-pools")),
    Case("link-dashboard-rule", f'{_OVERVIEW}: "dev-hq-service" has no variable "pool": /d/dev-hq-service?var-pool=a',
         _set("panels.0.fieldConfig.defaults.links.0.url", "/d/dev-hq-service?var-pool=a")),
    Case("link-dashboard-rule",
         f"{_OVERVIEW}: a link to a dashboard must begin with /d/: http://localhost:3000/d/dev-hq-service",
         _set("panels.0.fieldConfig.defaults.links.0.url", "http://localhost:3000/d/dev-hq-service")),
    Case("link-others-rule", f"{_OVERVIEW}: has no link to the other dashboards", _set("links", [])),
    Case("link-others-rule", f"{_OVERVIEW}: the link to the others must keep the time",
         _set("links.0.keepTime", False)),
    Case("link-others-rule", f"{_OVERVIEW}: the link to the others must keep the variables",
         _set("links.0.includeVars", False)),
    Case("link-others-rule", 'Service: the link takes several "service" to "Overview", which shows one',
         lambda board: board["templating"]["list"][1].update(multi=False, includeAll=False)),
    # annotations
    Case("annotation-filter-rule", f'{_OVERVIEW}: the annotation "Faults" follows no variable',
         _set("annotations.list.0.target.expr", "chaos_fault_active == 1")),
    Case("annotation-default-rule",
         f'{_OVERVIEW}: the annotation "Faults" is on at first, and only faults are to be on',
         _set("annotations.list.0.target.expr", 'ALERTS{service=~"$service"}')),
    Case("annotation-default-rule", f'{_OVERVIEW}: the annotation "Faults" is red: purple is for faults',
         _set("annotations.list.0.iconColor", "red")),
    Case("annotation-value-rule",
         f'{_OVERVIEW}: the annotation "Faults" has the value 0, and only above 0 is drawn',
         _set("annotations.list.0.target.expr", 'quality_gate_verdict{service=~"$service"} == 0')),
    Case("annotation-target-rule", f'{_OVERVIEW}: the expr of the annotation "Faults" is not its target\'s expr',
         _set("annotations.list.0.expr", "up")),
    Case("annotation-target-rule", f'{_OVERVIEW}: the step of the annotation "Faults" is not its target\'s interval',
         _set("annotations.list.0.step", None)),
    # identity
    Case("dashboard-schema-rule", f"{_OVERVIEW}: must be of schema 42, not 12", _set("schemaVersion", 12)),
    Case("dashboard-schema-rule", f"{_OVERVIEW}: has keys of older schemas: rows, style",
         lambda board: board.update(rows=[], style="dark")),
    Case("dashboard-null-rule", f"{_OVERVIEW}: panels.0.repeat is null",
         lambda board: _stat(board).update(repeat=None)),
    Case("uneditable-dashboard", f"{_OVERVIEW}: must not be editable: it is generated", _set("editable", True)),
    Case("dashboard-uid-rule",
         f'{_OVERVIEW}: anomaly-overview.json has the uid "overview", not the one that URLs name',
         _set("uid", "overview")),
    Case("dashboard-uid-rule", f'{_OVERVIEW}: the uid "dev-hq-service" is used twice', _set("uid", "dev-hq-service")),
    Case("panel-id-rule", f"{_OVERVIEW}: several panels have the id 0: Worst, Now", _set("panels.1.id", 0)),
    # places
    Case("panel-place-rule",
         f"{_WORST}: does not stand in the 24 columns: {{'x': 22, 'y': 0, 'w': 3, 'h': 4}}",
         _set("panels.0.gridPos.x", 22)),
    Case("panel-overlap-rule", f'{_WORST}: stands on "Now"', _set("panels.1.gridPos.x", 2)),
)  # fmt: skip
