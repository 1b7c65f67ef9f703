"""What is marked on the panels."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.colours import FAULT
from tests.grafana.expansion import used_in
from tests.grafana.linter.dashboard import Dashboard
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.surroundings import Surroundings


def filtered(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Else the faults of one service stand on the panels of another."""
    names = {one["name"] for one in dashboard.variables if one["type"] != "datasource"}
    for annotation in dashboard.annotations:
        if not names & set(used_in(annotation["expr"])):
            yield problem(
                "annotation-filter-rule", dashboard, f'the annotation "{annotation["name"]}" follows no variable'
            )


def default(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Two layers of regions hide the data below."""
    for annotation in dashboard.annotations:
        of_faults = "chaos_fault_active" in annotation["expr"]
        if annotation["enable"] != of_faults:
            state = "on" if annotation["enable"] else "off"
            yield problem(
                "annotation-default-rule",
                dashboard,
                f'the annotation "{annotation["name"]}" is {state} at first, and only faults are to be on',
            )
        if of_faults != (annotation["iconColor"] == FAULT):
            yield problem(
                "annotation-default-rule",
                dashboard,
                f'the annotation "{annotation["name"]}" is {annotation["iconColor"]}: purple is for faults',
            )


RULES = {"annotation-filter-rule": filtered, "annotation-default-rule": default}
