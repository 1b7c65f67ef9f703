"""What every panel has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.grafana.linter.dashboard import WITH_VALUES, Dashboard
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.surroundings import Surroundings

KINDS = WITH_VALUES | {"text", "row"}
"""Those of Grafana 12 and 13 that this project draws: none is Angular's, and none needs a plugin."""

OUR_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
NARROW, LONGEST_IN_NARROW = 3, 10


def data_source(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    rule = "panel-datasource-rule"
    for panel in dashboard.panels:
        if panel.kind in WITH_VALUES and panel.data.get("datasource") != OUR_SOURCE:
            yield problem(rule, dashboard, f"asks {panel.data.get('datasource')}, not the variable datasource", panel)
        for target in panel.targets:
            if target.data.get("datasource") != OUR_SOURCE:
                yield problem(
                    rule, dashboard, f"asks {target.data.get('datasource')}, not the variable datasource", panel, target
                )
    for one in (*dashboard.annotations, *(each for each in dashboard.variables if each["type"] == "query")):
        if one.get("datasource") != OUR_SOURCE:
            yield problem(rule, dashboard, f'"{one["name"]}" asks {one.get("datasource")}, not the variable datasource')


def title_and_description(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    rule = "panel-title-description-rule"
    for panel in dashboard.panels:
        for key in ("title", "description"):
            if not panel.data.get(key):
                yield problem(rule, dashboard, f"panel {panel.data.get('id')} has no {key}", panel)


def sentence(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    rule = "description-sentence-rule"
    if not str(dashboard.data.get("description", "")).endswith("."):
        yield problem(rule, dashboard, "the description of the dashboard must end with a full stop")
    for panel in dashboard.panels:
        if not str(panel.data.get("description", ".")).endswith("."):
            yield problem(rule, dashboard, "the description must end with a full stop", panel)


def targets(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        if panel.kind in WITH_VALUES and not panel.targets:
            yield problem("panel-no-targets-rule", dashboard, "asks nothing", panel)


def kind(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.all_panels:
        if panel.kind not in KINDS:
            yield problem("panel-type-rule", dashboard, f"{panel.kind} is no type of panel that we draw", panel)


def title_length(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        if panel.kind == "stat" and panel.data["gridPos"]["w"] <= NARROW and len(panel.title) > LONGEST_IN_NARROW:
            yield problem(
                "stat-title-length-rule",
                dashboard,
                f"the title has {len(panel.title)} letters, and {LONGEST_IN_NARROW} fit into {NARROW} columns",
                panel,
            )


def no_value(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        if panel.kind in WITH_VALUES and not panel.defaults.get("noValue"):
            yield problem("panel-no-value-rule", dashboard, "must say in noValue what it shows without data", panel)


def stat_reads_the_latest(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """grafanalib's default is the mean over the time range; and the name alone is empty without a series."""
    for panel in dashboard.panels:
        options = panel.data.get("options", {})
        if panel.kind == "stat" and options.get("reduceOptions", {}).get("calcs") != ["lastNotNull"]:
            yield problem("stat-latest-rule", dashboard, "must show the latest value (lastNotNull)", panel)
        if panel.kind == "stat" and options.get("textMode") in ("name", "none"):
            yield problem("stat-latest-rule", dashboard, "shows an empty box without data: textMode name", panel)


def full_resolution(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """grafanalib asks for 100 points, in which a short anomaly vanishes."""
    for panel in dashboard.panels:
        if "maxDataPoints" in panel.data:
            yield problem("panel-resolution-rule", dashboard, "must leave the number of points to Grafana", panel)


def lone_samples(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """A line needs two samples side by side: of a service that is called now and then there would be nothing."""
    for panel in dashboard.panels:
        if panel.kind == "timeseries" and panel.defaults.get("custom", {}).get("showPoints") == "never":
            yield problem("timeseries-points-rule", dashboard, "hides samples that stand alone", panel)


def of_either_theme(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Grafana turns the colours of heatmaps round with the theme: what is dark in one is bright in the other."""
    for panel in dashboard.panels:
        if panel.kind == "heatmap" and re.search(r"\b(dark|bright|light)", str(panel.data.get("description"))):
            yield problem("heatmap-theme-rule", dashboard, "says dark or bright, which is the theme's to choose", panel)


RULES = {
    "panel-datasource-rule": data_source,
    "panel-title-description-rule": title_and_description,
    "description-sentence-rule": sentence,
    "panel-no-targets-rule": targets,
    "panel-type-rule": kind,
    "stat-title-length-rule": title_length,
    "panel-no-value-rule": no_value,
    "stat-latest-rule": stat_reads_the_latest,
    "panel-resolution-rule": full_resolution,
    "timeseries-points-rule": lone_samples,
    "heatmap-theme-rule": of_either_theme,
}
