"""What is marked on the panels."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.colours import FAULT
from prometheus.lint.expression import Binary, Node, Number
from tests.grafana.expansion import used_in
from tests.grafana.linter.dashboard import Dashboard
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.rules.expressions import tree_of_text
from tests.grafana.linter.surroundings import Surroundings


def filtered(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Else the faults of one service stand on the panels of another."""
    names = {one["name"] for one in dashboard.variables if one["type"] != "datasource"}
    for annotation in dashboard.annotations:
        if not names & set(used_in(annotation["target"]["expr"])):
            yield problem(
                "annotation-filter-rule", dashboard, f'the annotation "{annotation["name"]}" follows no variable'
            )


def default(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Two layers of regions hide the data below."""
    for annotation in dashboard.annotations:
        of_faults = "chaos_fault_active" in annotation["target"]["expr"]
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


def drawn(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Grafana marks where an annotation's value is above 0: of `x == 0` that is nowhere."""
    for annotation in dashboard.annotations:
        tree = tree_of_text(dashboard, annotation["target"]["expr"])
        if _keeps_zero(tree):
            yield problem(
                "annotation-value-rule",
                dashboard,
                f'the annotation "{annotation["name"]}" has the value 0, and only above 0 is drawn',
            )


def asked(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Of data sources for Prometheus some read `target`, and some `expr` and `step`; their own step is 60s."""
    rule = "annotation-target-rule"
    for annotation in dashboard.annotations:
        for old, key in (("expr", "expr"), ("step", "interval")):
            if not annotation.get(old) or annotation[old] != annotation["target"].get(key):
                yield problem(
                    rule, dashboard, f'the {old} of the annotation "{annotation["name"]}" is not its target\'s {key}'
                )


def _keeps_zero(tree: Node | None) -> bool:
    """Whether it is a filter that keeps what is 0."""
    if not isinstance(tree, Binary) or not tree.is_filter or tree.operator != "==":
        return False
    return isinstance(tree.right, Number) and tree.right.value == 0


RULES = {
    "annotation-filter-rule": filtered,
    "annotation-default-rule": default,
    "annotation-value-rule": drawn,
    "annotation-target-rule": asked,
}
