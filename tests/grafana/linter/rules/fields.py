"""Units of fields, and the names by which overrides and transformations call them."""

from __future__ import annotations

from collections.abc import Iterator

from grafanalib import formatunits

from tests.grafana.linter.dashboard import WITH_VALUES, Dashboard, Panel
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.surroundings import Surroundings

UNITS = {value for name, value in vars(formatunits).items() if name.isupper()} | {"string"}


def unit(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Stricter than upstream, which lets panels without a unit pass as soon as they have mappings."""
    rule = "panel-units-rule"
    for panel in dashboard.panels:
        if panel.kind == "heatmap":
            units = [str(panel.data["options"].get("yAxis", {}).get("unit", ""))]
        else:
            units = [str(one) for one in panel.set_to("unit")]
        if panel.kind in WITH_VALUES and not any(units):
            yield problem(rule, dashboard, "has no unit", panel)
        for strange in {one for one in units if one} - UNITS:
            yield problem(rule, dashboard, f'"{strange}" is no unit of Grafana', panel)


def value_of_target(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        refs = {target.ref for target in panel.targets}
        names = (name for name in _names(panel) if name.startswith("Value #"))
        for name in sorted({one for one in names if one.removeprefix("Value #") not in refs}):
            yield problem("table-value-rule", dashboard, f'"{name}" names a query that it does not have', panel)


def query_of_override(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        refs = {target.ref for target in panel.targets}
        for override in panel.overrides:
            matcher = override["matcher"]
            if matcher["id"] == "byFrameRefID" and matcher["options"] not in refs:
                yield problem(
                    "override-query-rule",
                    dashboard,
                    f"an override names query {matcher['options']}, which it does not have",
                    panel,
                )


def column_of_override(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Where columns are renamed, an override calls them by their new names, and no two have the same."""
    for panel in dashboard.panels:
        renamed = [name for options in panel.transformations("organize") for name in options["renameByName"].values()]
        for name in sorted({one for one in renamed if renamed.count(one) > 1}):
            yield problem("table-column-rule", dashboard, f'two columns are called "{name}"', panel)
        for override in panel.overrides:
            name = override["matcher"]["options"]
            if renamed and override["matcher"]["id"] == "byName" and name not in renamed:
                yield problem("table-column-rule", dashboard, f'an override names the column "{name}", of none', panel)


def unit_of_label(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """A label that has the unit of a number is written as one where it looks like one: 007 as 7, in links too."""
    for panel in dashboard.panels:
        units = {
            override["matcher"]["options"]: one["value"]
            for override in panel.overrides
            for one in override["properties"]
            if one["id"] == "unit"
        }
        for options in panel.transformations("organize"):
            for name, title in options["renameByName"].items():
                if not name.startswith("Value") and units.get(title) != "string":
                    yield problem("table-label-unit-rule", dashboard, f'the label in "{title}" is not a string', panel)


def sorted_by_column(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        renamed = {name for options in panel.transformations("organize") for name in options["renameByName"].values()}
        for by in panel.data.get("options", {}).get("sortBy", []):
            if by["displayName"] not in renamed:
                yield problem(
                    "table-sort-rule", dashboard, f'is sorted by "{by["displayName"]}", which is no column', panel
                )


def ref_ids(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        refs = [target.ref for target in panel.targets]
        if len(set(refs)) < len(refs):
            yield problem("target-ref-rule", dashboard, f"two queries have the same letter: {' '.join(refs)}", panel)


def _names(panel: Panel) -> Iterator[str]:
    """What transformations and overrides call fields."""
    for options in panel.transformations("organize"):
        for part in ("indexByName", "renameByName", "excludeByName"):
            yield from options.get(part, {})
    for options in panel.transformations("filterFieldsByName"):
        yield from options.get("include", {}).get("names", [])
    yield from (str(one["matcher"].get("options")) for one in panel.overrides)


RULES = {
    "panel-units-rule": unit,
    "table-value-rule": value_of_target,
    "override-query-rule": query_of_override,
    "table-column-rule": column_of_override,
    "table-label-unit-rule": unit_of_label,
    "table-sort-rule": sorted_by_column,
    "target-ref-rule": ref_ids,
}
