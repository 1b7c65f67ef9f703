"""Nothing is green that is not known, and purple is for what we broke ourselves."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.colours import CALM, FAULT, UNKNOWN
from tests.grafana.linter.dashboard import Dashboard, texts
from tests.grafana.linter.meaning import colour, fallback, word
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
    """What is shown when nothing is known, the last alternative of a query, is grey and said in words."""
    rule = "fallback-colour-rule"
    for panel in (one for one in dashboard.panels if one.kind in ("stat", "state-timeline")):
        for target in panel.targets:
            value = fallback(tree_of(dashboard, target))
            if value is None:
                continue
            said, shown = word(panel, value), colour(panel, value)
            if shown != UNKNOWN or not said:
                text = said["text"] if said else f"{value:g}"
                yield problem(rule, dashboard, f"says {text} in {shown} when nothing is known", panel, target)


def purple(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        if FAULT in texts(panel.data) and not any("chaos_" in target.expr for target in panel.targets):
            yield problem("fault-colour-rule", dashboard, "purple is for faults, of which it asks nothing", panel)


RULES = {
    "base-colour-rule": base_step,
    "no-data-colour-rule": nothing_is_green,
    "fallback-colour-rule": silence_is_not_calm,
    "fault-colour-rule": purple,
}
