"""What a stat says to its reader: in which words and colour, and when nothing is known."""

from __future__ import annotations

from prometheus.lint.expression import Binary, Call, Negation, Node, Number
from tests.grafana.linter.dashboard import Json, Panel


def word(panel: Panel, value: float) -> Json | None:
    """The text and colour that stand for a value."""
    for mapping in panel.defaults.get("mappings", []):
        if mapping["type"] == "value" and f"{value:g}" in mapping["options"]:
            return dict(mapping["options"][f"{value:g}"])
        if mapping["type"] == "range" and mapping["options"]["from"] <= value <= mapping["options"]["to"]:
            return dict(mapping["options"]["result"])
    return None


def colour(panel: Panel, value: float) -> str:
    """The colour in which a value is shown: that of its word, or of its step."""
    if found := word(panel, value):
        return str(found.get("color"))
    steps = panel.defaults.get("thresholds", {}).get("steps", [])
    return next((step["color"] for step in reversed(steps) if step["value"] is None or step["value"] <= value), "none")


def fallback(tree: Node | None) -> float | None:
    """The number of an outermost `or vector(number)`: what is said when nothing is known."""
    if not isinstance(tree, Binary) or tree.operator != "or" or not isinstance(tree.right, Call):
        return None
    argument = tree.right.arguments[0] if tree.right.name == "vector" else None
    if isinstance(argument, Negation) and isinstance(argument.inner, Number):
        return -argument.inner.value
    return argument.value if isinstance(argument, Number) else None
