"""Nothing is green that is not known, and purple is for what we broke ourselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grafana.colours import CALM, FAULT, UNKNOWN
from prometheus.lint.expression import Binary, Call, Negation, Node, Number
from tests.grafana.linter.dashboard import Dashboard, Panel, texts
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.rules.expressions import tree_of
from tests.grafana.linter.surroundings import Surroundings

GREENS = frozenset({CALM, "dark-green", "semi-dark-green", "light-green", "super-light-green"})


def base_step(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    rule = "base-colour-rule"
    for panel in dashboard.panels:
        for scale in panel.set_to("thresholds"):
            first = scale["steps"][0]
            if first != {"color": UNKNOWN, "value": None}:
                yield problem(
                    rule, dashboard, f"the lowest step must be grey, without a value: it is {first['color']}", panel
                )
            if any(step["value"] is None for step in scale["steps"][1:]):
                yield problem(rule, dashboard, "a step above the lowest has no value", panel)
            values = [step["value"] for step in scale["steps"][1:] if step["value"] is not None]
            if values != sorted(set(values)):
                yield problem(rule, dashboard, f"the steps must rise: {values}", panel)


def nothing_is_green(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        for mapping in (one for some in panel.set_to("mappings") for one in some):
            if mapping["type"] == "special" and mapping["options"]["result"].get("color") in GREENS:
                match = mapping["options"]["match"]
                yield problem("no-data-colour-rule", dashboard, f'writes "{match}" in green', panel)


def silence_is_not_calm(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """What a stat falls back to when nothing is known, the last alternative of its query, is grey and said in words."""
    rule = "fallback-colour-rule"
    for panel in (one for one in dashboard.panels if one.kind == "stat"):
        for target in panel.targets:
            tree = tree_of(dashboard, target)
            value = _fallback(tree) if tree else None
            if value is None:
                continue
            word = _mapped(panel, value)
            colour = word.get("color") if word else _on_scale(panel, value)
            if colour != UNKNOWN or not word:
                yield problem(
                    rule,
                    dashboard,
                    f"says {word.get('text') if word else f'{value:g}'} in {colour} when nothing is known",
                    panel,
                    target,
                )


def purple(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        if FAULT in texts(panel.data) and not any("chaos_" in target.expr for target in panel.targets):
            yield problem("fault-colour-rule", dashboard, "purple is for faults, of which it asks nothing", panel)


def _fallback(tree: Node) -> float | None:
    """The number of an outermost `or vector(number)`."""
    if not isinstance(tree, Binary) or tree.operator != "or" or not isinstance(tree.right, Call):
        return None
    argument = tree.right.arguments[0] if tree.right.name == "vector" else None
    if isinstance(argument, Negation) and isinstance(argument.inner, Number):
        return -argument.inner.value
    return argument.value if isinstance(argument, Number) else None


def _mapped(panel: Panel, value: float) -> dict[str, Any] | None:
    for mapping in panel.defaults.get("mappings", []):
        if mapping["type"] == "value" and f"{value:g}" in mapping["options"]:
            return dict(mapping["options"][f"{value:g}"])
        if mapping["type"] == "range" and mapping["options"]["from"] <= value <= mapping["options"]["to"]:
            return dict(mapping["options"]["result"])
    return None


def _on_scale(panel: Panel, value: float) -> str:
    steps = panel.defaults.get("thresholds", {}).get("steps", [])
    return next((step["color"] for step in reversed(steps) if step["value"] is None or step["value"] <= value), "none")


RULES = {
    "base-colour-rule": base_step,
    "no-data-colour-rule": nothing_is_green,
    "fallback-colour-rule": silence_is_not_calm,
    "fault-colour-rule": purple,
}
