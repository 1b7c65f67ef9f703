"""Where links lead."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.grafana.linter.dashboard import Dashboard, texts
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.surroundings import Surroundings

TO_DASHBOARD = re.compile(r"/d/([\w-]+)[^?\s)]*(\?[^\s)]*)?")


def to_dashboards(dashboard: Dashboard, around: Surroundings) -> Iterator[Problem]:
    rule = "link-dashboard-rule"
    for text in sorted(set(texts(dashboard.data))):
        for uid, query in TO_DASHBOARD.findall(text):
            there = around.dashboards.get(uid)
            if there is None:
                yield problem(rule, dashboard, f'a link leads to the dashboard "{uid}", and there is none: {text}')
                continue
            for name in re.findall(r"[?&]var-([\w-]+)=", query):
                if there.variable(name) is None:
                    yield problem(rule, dashboard, f'"{uid}" has no variable "{name}": {text}')
            if not text.startswith("/d/") and "](" not in text:
                yield problem(rule, dashboard, f"a link to a dashboard must begin with /d/: {text}")


def between_dashboards(dashboard: Dashboard, around: Surroundings) -> Iterator[Problem]:
    """The drop-down at the top finds the others by their tag, and takes the time along, and variables that they take.

    Grafana gives a variable of one value all those in the URL, or $__all, and keeps that although it is no value.
    """
    rule = "link-others-rule"
    links = [one for one in dashboard.data.get("links", []) if one["type"] == "dashboards"]
    if not links:
        yield problem(rule, dashboard, "has no link to the other dashboards")
    for link in links:
        if not all(set(link["tags"]) <= set(one.data.get("tags", [])) for one in around.dashboards.values()):
            yield problem(rule, dashboard, f"not all dashboards have the tags {link['tags']}")
        if not link.get("keepTime"):
            yield problem(rule, dashboard, "the link to the others must keep the time")
        narrower = sorted(set(_of_one_value(dashboard, around)))
        if link.get("includeVars"):
            for name, title in narrower:
                yield problem(rule, dashboard, f'the link takes several "{name}" to "{title}", which shows one')
        elif not narrower:
            yield problem(rule, dashboard, "the link to the others must keep the variables")


def _of_one_value(dashboard: Dashboard, around: Surroundings) -> Iterator[tuple[str, str]]:
    """The variables that have several values here and one there, and there."""
    for one in dashboard.variables:
        for other in around.dashboards.values():
            there = other.variable(one["name"])
            if one.get("multi") and there and not there.get("multi"):
                yield one["name"], other.title


RULES = {"link-dashboard-rule": to_dashboards, "link-others-rule": between_dashboards}
