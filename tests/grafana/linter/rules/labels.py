"""The labels that legends, columns and links name are labels of what the queries give."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus.lint.labels import labels_of
from tests.grafana.linter.dashboard import Dashboard, Panel, Target, texts
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.rules.expressions import tree_of
from tests.grafana.linter.surroundings import Surroundings

IN_BRACES = re.compile(r"\{\{\s*(\w+)\s*\}\}")
OF_FIELD = re.compile(r"\$\{__field\.labels\.(\w+)")
OF_ROW = re.compile(r"\$\{__data\.fields(?:\.(\w+)|\[[\"']?([^\]\"']+)[\"']?\])")
OF_GRAFANA = frozenset({"Time", "Value"})


def legends(dashboard: Dashboard, around: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        for target in panel.targets:
            for label in IN_BRACES.findall(target.data.get("legendFormat", "")):
                if not _has(dashboard, target, label, around):
                    yield problem(
                        "legend-label-rule", dashboard, f"{{{{{label}}}}} is no label of {target.expr}", panel, target
                    )


def columns(dashboard: Dashboard, around: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        for options in panel.transformations("filterFieldsByName"):
            for name in options["include"]["names"]:
                if (
                    name not in OF_GRAFANA
                    and not name.startswith("Value #")
                    and not _any(dashboard, panel, name, around)
                ):
                    yield problem("table-label-rule", dashboard, f'no query has the label "{name}" of a column', panel)


def in_links(dashboard: Dashboard, around: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        names = _column_names(panel)
        for text in texts(list(panel.set_to("links"))):
            for label in OF_FIELD.findall(text):
                if not _any(dashboard, panel, label, around):
                    yield problem("link-label-rule", dashboard, f'no query has the label "{label}" of a link', panel)
            for pair in OF_ROW.findall(text):
                name = pair[0] or pair[1]
                if name not in names:
                    yield problem("link-label-rule", dashboard, f'a link names the column "{name}", of none', panel)


def _column_names(panel: Panel) -> set[str]:
    """By which links can call columns: by the names they had, and by the names they were given."""
    renamed = [one for options in panel.transformations("organize") for one in options["renameByName"].items()]
    return {name for pair in renamed for name in pair}


def _any(dashboard: Dashboard, panel: Panel, label: str, around: Surroundings) -> bool:
    return any(_has(dashboard, target, label, around) for target in panel.targets)


def _has(dashboard: Dashboard, target: Target, label: str, around: Surroundings) -> bool:
    tree = tree_of(dashboard, target)
    found = labels_of(tree, around.known.labels) if tree else None
    return found is None or found.may_have(label)


RULES = {"legend-label-rule": legends, "table-label-rule": columns, "link-label-rule": in_links}
